package dev.latencylens.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TranscriptTest {
    private final WordTokenizer words = new WordTokenizer();
    private final Transcript transcript = new Transcript(words);

    @Test
    void aTokenBelongsToTheChunkThatBroughtItsLastCharacter() {
        add("one", " tw", "o three", " ");

        assertThat(transcript.tokens()).containsExactly(1, 0, 2, 1);
    }

    @Test
    void theTextOfEachChoiceAndKindIsTokenisedApart() {
        transcript.add(ChunkKind.REASONING, 0, "wo");
        transcript.add(ChunkKind.TEXT, 0, "wo");
        transcript.add(ChunkKind.TEXT, 1, "a b");
        transcript.add(ChunkKind.REASONING, 0, "rd");
        transcript.add(ChunkKind.TEXT, 0, "rd");

        assertThat(transcript.tokens()).containsExactly(0, 0, 2, 1, 1);
        assertThat(words.seen).containsExactly("word", "word", "a b");
    }

    @Test
    void aCharacterSplitInTwoChunksBelongsToTheSecond() {
        add("a \ud83d", "\ude00");

        assertThat(transcript.tokens()).containsExactly(1, 1);
        assertThat(words.seen).containsExactly("a \ud83d\ude00");
    }

    @Test
    void halfACharacterThatStaysAloneIsReplaced() {
        add("a\ude00 ", "b\ud83d");

        assertThat(transcript.tokens()).containsExactly(1, 1);
        assertThat(words.seen).containsExactly("a\ufffd b\ufffd");
    }

    @Test
    void textThatIsTooLongIsNotCounted() {
        add("a b", "c".repeat(Transcript.MOST_CHARACTERS), "d");

        assertThat(transcript.tokens()).containsOnly(ChunkSink.UNKNOWN_TOKENS).hasSize(3);
        assertThat(words.seen).isEmpty();
    }

    @Test
    void textOfTheGreatestLengthIsCounted() {
        add("a ", "c".repeat(Transcript.MOST_CHARACTERS - 2));

        assertThat(transcript.tokens()).containsExactly(1, 1);
    }

    @Test
    void whatTheTokenizerDoesNotKnowIsUnknown() {
        add("a b", "?");

        assertThat(transcript.tokens()).containsExactly(ChunkSink.UNKNOWN_TOKENS, ChunkSink.UNKNOWN_TOKENS);
    }

    @Test
    void manyChunksAreKeptInOrder() {
        for (int i = 0; i < 100; i++) {
            add(" x");
        }

        assertThat(IntStream.of(transcript.tokens()).sum()).isEqualTo(100);
    }

    @Test
    void nothingHasNoTokens() {
        assertThat(transcript.tokens()).isEmpty();
    }

    private void add(String... pieces) {
        for (String piece : pieces) {
            transcript.add(ChunkKind.TEXT, 0, piece);
        }
    }

    /// Each word is a token, with the blank before it; a text ends its last one.
    static final class WordTokenizer implements Tokenizer {
        final List<String> seen = new ArrayList<>();

        @Override
        public String name() {
            return "words";
        }

        @Override
        public int[] ends(String text) {
            if (text.contains("?")) {
                throw new IllegalArgumentException("no token for '?'");
            }
            seen.add(text);
            return IntStream.rangeClosed(1, text.length())
                    .filter(end -> end == text.length() || text.charAt(end) == ' ')
                    .toArray();
        }
    }
}
