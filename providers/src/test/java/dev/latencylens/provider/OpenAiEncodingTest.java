package dev.latencylens.provider;

import static org.assertj.core.api.Assertions.assertThat;

import com.knuddels.jtokkit.Encodings;
import com.knuddels.jtokkit.api.EncodingType;
import dev.latencylens.exchange.ChunkKind;
import dev.latencylens.exchange.Tokenizer;
import dev.latencylens.exchange.Transcript;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class OpenAiEncodingTest {
    private static final Tokenizer O200K = OpenAiEncoding.named("o200k_base").orElseThrow();
    private static final Tokenizer CL100K = OpenAiEncoding.named("cl100k_base").orElseThrow();

    static Stream<String> texts() {
        return Stream.of(
                "Time to first token counts from the start; it's 12,345.6 microseconds late, isn't it?",
                "so \ud83d\ude00\ud83d\udc69\u200d\ud83d\udcbb\ud83c\udff4\u200d\u2620\ufe0f it goes \ud83e\udd14",
                "\u65e9\u4e0a\u597d\u3001\u4eca\u65e5\u306f\u6674\u308c\u3067\u3059\u3002\ud55c\uad6d\uc5b4 \u6f22\u5b57",
                "a" + " ".repeat(90) + "b" + "\n".repeat(20) + "   c\t\t\t  \r\n  ",
                "def f(x):\n        return [y**2 for y in x]  # <|endoftext|>\n",
                "AAAAAAAAAAAAAAAAAAAAaaaaaaaaaaaaaaaaaaaaaaaa11111111111111111!!!!!!!!!!!!!!!!!!!");
    }

    @ParameterizedTest
    @MethodSource("texts")
    void whereverATextIsSplitTheChunksTokensAreThoseOfTheWhole(String text) {
        var lengths = new Random(7);
        for (Tokenizer tokenizer : List.of(O200K, CL100K)) {
            int whole = Encodings.newLazyEncodingRegistry()
                    .getEncoding(EncodingType.fromName(tokenizer.name()).orElseThrow())
                    .countTokensOrdinary(text);
            for (int split = 1; split < text.length(); split++) {
                assertThat(sum(tokenizer, text.substring(0, split), text.substring(split)))
                        .as("split at " + split)
                        .isEqualTo(whole);
            }
            for (int round = 0; round < 20; round++) {
                var pieces = new ArrayList<String>();
                for (int at = 0; at < text.length(); ) {
                    int to = Math.min(text.length(), at + 1 + lengths.nextInt(round + 1));
                    pieces.add(text.substring(at, to));
                    at = to;
                }
                assertThat(sum(tokenizer, pieces.toArray(String[]::new))).isEqualTo(whole);
            }
        }
    }

    @Test
    void aTokenThatWasSplitBelongsToItsLastPiece() {
        assertThat(tokens(O200K, "The qu", "ick br", "own", " fox")).containsExactly(1, 1, 1, 1);
        assertThat(tokens(O200K, "micro", "second", "s")).containsExactly(1, 0, 1);
    }

    @Test
    void theTokensOfOneCharacterAllEndWithIt() {
        assertThat(CL100K.ends("h\ud83d\ude00e")).containsExactly(1, 3, 3, 4);
        assertThat(O200K.ends("h\ud83d\ude00e")).containsExactly(1, 3, 4);
        assertThat(CL100K.ends("")).isEmpty();
    }

    @Test
    void whatLooksLikeASpecialTokenIsTextInAnAnswer() {
        assertThat(CL100K.ends("<|endoftext|>")).hasSize(7).endsWith(13);
    }

    @Test
    void halfACharacterIsCountedAsTheOneThatStandsForIt() {
        assertThat(sum(CL100K, "x\ude00", "\ud83d y")).isEqualTo(sum(CL100K, "x\ufffd\ufffd y"));
    }

    @Test
    void aStreamWhosePiecesSplitTokensIsCountedAsItsText() {
        var reading = Reading.of("""
                data: {"choices":[{"index":0,"delta":{"content":"un"}}]}

                data: {"choices":[{"index":0,"delta":{"content":"believ"}},{"index":1,"delta":{"content":"The"}}]}

                data: {"choices":[{"index":0,"delta":{"content":"able \\ud83d"}}]}

                data: {"choices":[{"index":0,"delta":{"content":"\\ude00"}},{"index":1,"delta":{"content":" fox"}}]}

                data: [DONE]

                """);
        var transcript = new Transcript(O200K);
        reading.chunks.forEach(chunk -> transcript.add(chunk.kind(), chunk.choice(), chunk.text()));

        int[] tokens = transcript.tokens();

        assertThat(tokens).hasSize(6);
        assertThat(tokens[0] + tokens[1] + tokens[3] + tokens[4])
                .isEqualTo(O200K.ends("unbelievable \ud83d\ude00").length);
        assertThat(List.of(tokens[2], tokens[5])).containsExactly(1, 1);
        assertThat(tokens[4]).isPositive();
    }

    @ParameterizedTest
    @CsvSource({
        "gpt-4o, o200k_base",
        "GPT-4o-mini-2024-07-18, o200k_base",
        "chatgpt-4o-latest, o200k_base",
        "gpt-4.1-nano, o200k_base",
        "gpt-5, o200k_base",
        "gpt-5.6, o200k_base",
        "o1, o200k_base",
        "o4-mini, o200k_base",
        "gpt-oss-120b, o200k_base",
        "gpt-oss:20b, o200k_base",
        "openai/gpt-oss-20b, o200k_base",
        "ft:gpt-4o-mini:acme::1, o200k_base",
        "gpt-4, cl100k_base",
        "gpt-4-turbo, cl100k_base",
        "gpt-4-32k, cl100k_base",
        "gpt-3.5-turbo, cl100k_base",
        "gpt-35-turbo, cl100k_base",
        "ft:gpt-3.5-turbo:acme::1, cl100k_base"
    })
    void openAisModelsHaveTheEncodingThatTheyWereMadeWith(String model, String encoding) {
        assertThat(OpenAiEncoding.ofModel(model)).map(Tokenizer::name).contains(encoding);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "simulated",
                "llama-3.1-8b",
                "gpt-j-6b",
                "gpt-neox-20b",
                "olmo-2",
                "gpt-4all",
                "o",
                "my-gpt-4o",
                ""
            })
    void otherModelsHaveNone(String model) {
        assertThat(OpenAiEncoding.ofModel(model)).isEmpty();
    }

    @Test
    void everyEncodingIsFoundByItsName() {
        assertThat(OpenAiEncoding.names())
                .contains("o200k_base", "cl100k_base", "r50k_base")
                .allSatisfy(name -> assertThat(OpenAiEncoding.named(name))
                        .map(Tokenizer::name)
                        .contains(name));
        assertThat(OpenAiEncoding.named("o300k_base")).isEmpty();
    }

    private static int sum(Tokenizer tokenizer, String... pieces) {
        return IntStream.of(tokens(tokenizer, pieces)).sum();
    }

    private static int[] tokens(Tokenizer tokenizer, String... pieces) {
        var transcript = new Transcript(tokenizer);
        for (String piece : pieces) {
            transcript.add(ChunkKind.TEXT, 0, piece);
        }
        return transcript.tokens();
    }
}
