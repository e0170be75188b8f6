package dev.latencylens.exchange;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// The output of one exchange, kept until it has ended: only then is it settled where its tokens end.
///
/// A token belongs to the chunk that brought its last character, so a chunk that only begins a word may hold none.
/// Each choice's text of each kind is tokenised as a whole and once: pieces tokenised apart do not add up to the
/// whole, and a prefix may have more tokens than what it becomes. Used by one thread at a time.
public final class Transcript {
    /// Longer answers are not counted: about 128 Ki tokens, more than models answer with, and a second's work.
    static final int MOST_CHARACTERS = 1 << 19;

    private final Tokenizer tokenizer;
    private final List<Strand> strands = new ArrayList<>(2);
    private int[] strandOf = new int[16];
    private int[] endOf = new int[16];
    private int chunks;
    private int characters;

    public Transcript(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    /// The next chunk.
    public void add(ChunkKind kind, int choice, CharSequence text) {
        if (chunks == endOf.length) {
            strandOf = Arrays.copyOf(strandOf, chunks * 2);
            endOf = Arrays.copyOf(endOf, chunks * 2);
        }
        int strand = strand(kind, choice);
        characters += Math.min(text.length(), MOST_CHARACTERS + 1 - characters);
        if (characters <= MOST_CHARACTERS) {
            strands.get(strand).text.append(text);
        }
        strandOf[chunks] = strand;
        endOf[chunks] = strands.get(strand).text.length();
        chunks++;
    }

    /// The tokens of each chunk, in order; [ChunkSink#UNKNOWN_TOKENS] for all of them where the text is too long,
    /// or nothing that the tokenizer knows.
    public int[] tokens() {
        int[] tokens = new int[chunks];
        if (characters > MOST_CHARACTERS) {
            Arrays.fill(tokens, ChunkSink.UNKNOWN_TOKENS);
            return tokens;
        }
        try {
            for (Strand strand : strands) {
                strand.ends = tokenizer.ends(wellFormed(strand.text));
            }
        } catch (IllegalArgumentException foreign) {
            Arrays.fill(tokens, ChunkSink.UNKNOWN_TOKENS);
            return tokens;
        }
        for (int i = 0; i < chunks; i++) {
            tokens[i] = strands.get(strandOf[i]).tokensUpTo(endOf[i]);
        }
        return tokens;
    }

    private int strand(ChunkKind kind, int choice) {
        for (int i = 0; i < strands.size(); i++) {
            if (strands.get(i).kind == kind && strands.get(i).choice == choice) {
                return i;
            }
        }
        strands.add(new Strand(kind, choice));
        return strands.size() - 1;
    }

    /// The text with U+FFFD for each surrogate that has lost its other half, and as long as before.
    private static String wellFormed(StringBuilder text) {
        for (int i = 0; i < text.length(); i++) {
            if (Character.isSurrogate(text.charAt(i))) {
                if (Character.isSupplementaryCodePoint(text.codePointAt(i))) {
                    i++;
                } else {
                    text.setCharAt(i, '\uFFFD');
                }
            }
        }
        return text.toString();
    }

    /// What one choice said of one kind.
    private static final class Strand {
        private final ChunkKind kind;
        private final int choice;
        private final StringBuilder text = new StringBuilder();
        private int[] ends = {};
        private int told;

        Strand(ChunkKind kind, int choice) {
            this.kind = kind;
            this.choice = choice;
        }

        /// The tokens that end up to this place and were not told before.
        int tokensUpTo(int place) {
            int before = told;
            while (told < ends.length && ends[told] <= place) {
                told++;
            }
            return told - before;
        }
    }
}
