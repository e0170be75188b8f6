package dev.latencylens.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latencylens.cli.Prompts.Dataset.Later;
import dev.latencylens.cli.Prompts.Dataset.Row;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

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
    void conversationsAreTakenWholeWhereTheyAreAskedFor() throws IOException {
        var dataset = talks("""
                {"messages": [{"role": "system", "content": "be brief"},
                  {"role": "user", "content": "one"}, {"role": "assistant", "content": "1"},
                  {"role": "user", "content": "two"}, {"role": "assistant", "content": "2"},
                  {"role": "user", "content": [{"type": "text", "text": "thr"}, {"type": "text", "text": "ee"}]}],
                 "output_tokens": 7}
                {"conversations": [{"from": "gpt", "value": "hello"}, {"from": "human", "value": "four"},
                  {"from": "human", "value": "and more"}, {"from": "gpt", "value": "4"}, {"from": "gpt", "value": "."},
                  {"from": "human", "value": "five"}, {"from": "gpt", "value": "5"}]}
                {"messages": [{"role": "user", "content": "six"}, {"role": "assistant", "content": "6"},
                  {"role": "tool", "content": "x"}, {"role": "user", "content": "seven"}]}
                {"messages": [{"role": "assistant", "content": "nobody asked"}]}
                {"prompt": "eight"}
                """);

        assertThat(dataset.rows())
                .containsExactly(
                        new Row("be brief", "one", 7, List.of(new Later("1", "two"), new Later("2", "three"))),
                        new Row(null, "four\n\nand more", 0, List.of(new Later("4\n\n.", "five"))),
                        row("six", 0),
                        row("eight", 0));
        assertThat(dataset.source())
                .isEqualTo("of talks.jsonl, 4 in their order (1 conversations without a human's word left out)"
                        + " (1 conversations end before what is no text)");
        assertThat(dataset.turns(0)).isEqualTo(3);
        assertThat(dataset.turns(6)).isEqualTo(1);
    }

    private Prompts.Dataset talks(String text) throws IOException {
        return DatasetFile.read(Files.writeString(folder.resolve("talks.jsonl"), text), true);
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

    @ParameterizedTest
    @ValueSource(strings = {"a.csv", "a.jsonl"})
    void whatIsNoTextIsToldAsSuch(String name) throws IOException {
        Path file = Files.write(folder.resolve(name), new byte[] {'p', '\n', (byte) 0xff, (byte) 0xfe, '\n'});

        assertThatThrownBy(() -> DatasetFile.read(file, false))
                .hasMessage("--dataset '" + file + "' is no text in UTF-8");
    }

    @Test
    void aFileThatIsNotThereIsNamed() {
        assertThatThrownBy(() -> DatasetFile.read(folder.resolve("none.csv"), false))
                .hasMessageContaining("none.csv'; give a CSV, JSON or JSONL file");
    }

    private Prompts.Dataset read(String name, String text) throws IOException {
        return DatasetFile.read(Files.writeString(folder.resolve(name), text), false);
    }

    private static Row row(String text, int answerLength) {
        return new Row(text, answerLength);
    }
}
