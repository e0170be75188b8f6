package dev.latencylens.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DatasetFileTest {
    @TempDir
    Path folder;

    @Test
    void aLineIsARowWhateverItsTextIsCalled() throws IOException {
        assertThat(read("a.jsonl", """
                {"prompt": "one", "output_tokens": 5}
                {"text": "two"}

                {"question": "three", "max_tokens": "7"}
                {"messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "four"}]}
                "five"
                """).rows())
                .containsExactly(row("one", 5), row("two", 0), row("three", 7), row("four", 0), row("five", 0));
    }

    @Test
    void shareGptsFileIsAnArrayOfConversations() throws IOException {
        var dataset = read("ShareGPT_V3.json", """
                [{"id": "a", "conversations": [{"from": "human", "value": "one"}, {"from": "gpt", "value": "x"}]},
                 {"id": "b", "conversations": [{"from": "gpt", "value": "y"}]},
                 {"id": "c", "conversations": []},
                 {"id": "d", "conversations": [{"from": "human", "value": "two\\nlines"}]}]
                """);

        assertThat(dataset.rows()).containsExactly(row("one", 0), row("two\nlines", 0));
        assertThat(dataset.source())
                .isEqualTo("of ShareGPT_V3.json, 2 in their order (2 conversations without a human's word left out)");
    }

    @Test
    void csvHasAHeadingLineAndMayQuoteLines() throws IOException {
        assertThat(read("a.csv", """
                id,prompt,output_tokens
                1,"one, and
                a half",5
                2,"say \"\"two\"\"",
                """).rows()).containsExactly(row("one, and\na half", 5), row("say \"two\"", 0));
    }

    @Test
    void aByteOrderMarkIsNoPartOfTheFirstName() throws IOException {
        assertThat(read("a.csv", "\uFEFFprompt\none\n").rows()).containsExactly(row("one", 0));
        assertThat(read("a.jsonl", "\uFEFF{\"prompt\": \"one\"}").rows()).containsExactly(row("one", 0));
    }

    @Test
    void aRowOfCsvIsNamedByItsNumberForItMayHaveSeveralLines() {
        assertThatThrownBy(() -> read("a.csv", "prompt,output_tokens\n\"a\nb\",3\nc,none\n"))
                .hasMessageContaining("row 2 has the answer length 'none'");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            {"prompt": "one"} {"promt": "two"}          | row 2 (line 1) has no prompt; give it as 'prompt', 'text'
            {"prompt": "one"} {"prompt": " "}           | row 2 (line 1) has an empty prompt
            {"prompt": "one", "output_tokens": "many"}  | has the answer length 'many'
            {"prompt": "one", "output_tokens": 0}       | has the answer length '0'
            {"prompt": "one"                            | is not what it should be
            17                                          | has no prompt
            []                                          | has no prompt in it
            """)
    void whatIsWrongIsNamedWithItsRow(String text, String expected) {
        assertThatThrownBy(() -> read("a.jsonl", text))
                .isInstanceOf(CommandFailure.class)
                .hasMessageContaining("--dataset '")
                .hasMessageContaining(expected);
    }

    @Test
    void aFileThatIsNotThereIsNamed() {
        assertThatThrownBy(() -> DatasetFile.read(folder.resolve("none.csv")))
                .hasMessageContaining("none.csv'; give a CSV, JSON or JSONL file");
    }

    private Prompts.Dataset read(String name, String text) throws IOException {
        return DatasetFile.read(Files.writeString(folder.resolve(name), text));
    }

    private static Prompts.Dataset.Row row(String text, int answerLength) {
        return new Prompts.Dataset.Row(text, answerLength);
    }
}
