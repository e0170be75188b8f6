package dev.latencylens.provider;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latencylens.exchange.ChunkKind;
import dev.latencylens.exchange.Tokenizer;
import dev.latencylens.exchange.Transcript;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TokenizerFileTest {
    /// Byte pairs with four merges; in the files, bytes that are no printable ASCII have stand-ins. It cuts off
    /// after three tokens and puts an end behind them, neither of which may be counted.
    private static final String HELLO = """
            {"version":"1.0","truncation":{"direction":"Right","max_length":3,"strategy":"LongestFirst","stride":0},
            "padding":{"strategy":{"Fixed":9},"direction":"Right","pad_to_multiple_of":null,"pad_id":0,
            "pad_type_id":0,"pad_token":"<|end|>"},"added_tokens":[{"id":0,"content":"<|end|>",
            "single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}],"normalizer":null,
            "pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":false,"use_regex":true},
            "post_processor":{"type":"TemplateProcessing","single":[{"Sequence":{"id":"A","type_id":0}},
            {"SpecialToken":{"id":"<|end|>","type_id":0}}],"pair":[{"Sequence":{"id":"A","type_id":0}}],
            "special_tokens":{"<|end|>":{"id":"<|end|>","ids":[0],"tokens":["<|end|>"]}}},
            "decoder":{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true},
            "model":{"type":"BPE","dropout":null,"unk_token":null,"continuing_subword_prefix":null,
            "end_of_word_suffix":null,"fuse_unk":false,"byte_fallback":false,"ignore_merges":false,
            "vocab":{"<|end|>":0,"h":1,"e":2,"l":3,"o":4,"he":5,"ll":6,"hell":7,"hello":8,"\u0120":9,
            "\u00f0":10,"\u0141":11,"\u013a":12,"\u0122":13},"merges":["h e","l l","he ll","hell o"]}}
            """;

    @TempDir
    Path folder;

    private Path file;

    @BeforeEach
    void writeTokenizer() throws IOException {
        file = Files.writeString(folder.resolve("tokenizer.json"), HELLO);
    }

    @Test
    void tokensEndWhereTheModelsOwnFileSays() {
        Tokenizer tokenizer = TokenizerFile.read(file);

        assertThat(tokenizer.name()).isEqualTo(file.toString());
        assertThat(tokenizer.ends("hello hell")).containsExactly(5, 6, 10);
        assertThat(tokenizer.ends("")).isEmpty();
    }

    @Test
    void nothingIsCutOffAddedOrFilledUp() {
        assertThat(TokenizerFile.read(file).ends("ohohohoho")).hasSize(9);
    }

    @Test
    void placesCountCharactersAsJavaDoesAndThoseOfOneCharacterAllEndWithIt() {
        assertThat(TokenizerFile.read(file).ends("h\ud83d\ude00hello")).containsExactly(1, 3, 3, 3, 3, 8);
    }

    @Test
    void whereverATextIsSplitTheChunksTokensAreThoseOfTheWhole() {
        Tokenizer tokenizer = TokenizerFile.read(file);
        String text = "hello \ud83d\ude00 hell  heo\ud83d\ude00h";
        int whole = tokenizer.ends(text).length;

        for (int split = 1; split < text.length(); split++) {
            var transcript = new Transcript(tokenizer);
            transcript.add(ChunkKind.TEXT, 0, text.substring(0, split));
            transcript.add(ChunkKind.TEXT, 0, text.substring(split));
            assertThat(IntStream.of(transcript.tokens()).sum())
                    .as("split at " + split)
                    .isEqualTo(whole);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            {           | EOF while parsing an object
            {}          | Model missing
            hello       | expected value
            ``          | EOF while parsing a value
            """)
    void aFileThatIsNoTokenizerIsRefusedInOneLine(String content, String says) throws IOException {
        Files.writeString(file, content);

        assertThatThrownBy(() -> TokenizerFile.read(file))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("the tokenizer '" + file + "' does not work: ")
                .hasMessageContaining(says)
                .hasMessageEndingWith("; give a model's tokenizer.json")
                .message()
                .doesNotContain("\n");
    }

    @Test
    void aTokenizerWithoutTokensForOrdinaryTextIsRefused() throws IOException {
        Files.writeString(file, """
                {"version":"1.0","truncation":null,"padding":null,"added_tokens":[],"normalizer":null,
                "pre_tokenizer":{"type":"Whitespace"},"post_processor":null,"decoder":null,
                "model":{"type":"WordLevel","vocab":{"a":0},"unk_token":"?"}}
                """);

        assertThatThrownBy(() -> TokenizerFile.read(file)).hasMessageContaining("does not work: ");
    }

    @Test
    void aFolderAndAMissingFileAreTold() {
        assertThatThrownBy(() -> TokenizerFile.read(folder))
                .hasMessage("the tokenizer '" + folder + "' is a folder; give the tokenizer.json that is in it");
        assertThatThrownBy(() -> TokenizerFile.read(folder.resolve("no.json")))
                .hasMessage(
                        "cannot read the tokenizer '" + folder.resolve("no.json") + "'; give a model's tokenizer.json");
    }
}
