package dev.latencylens.cli;

import dev.latencylens.exchange.Prompt;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.LongFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// What each request asks, by its number, and how long its answer may be.
///
/// A salt makes every prompt of every run begin like no other, behind what they are to share, so that no
/// provider's prefix cache makes an answer look fast.
///
/// @param answers the most tokens of an answer, 0 for the provider's default
/// @param seed what lengths of answers are drawn by
/// @param runSalt what tells this run's prompts from those of others, null for none
record Prompts(
        Texts texts, Lengths answers, long seed, @Nullable Long runSalt) implements LongFunction<Prompt> {
    private static final int SALT_WORDS = 8;
    private static final long GOLDEN = 0x9E3779B97F4A7C15L;
    /// What a salt before a given text adds to its length, brackets and line break included.
    private static final int SALT_TOKENS = SALT_WORDS + 4;

    /// Where texts come from.
    sealed interface Texts {
        /// @param salt bits that no other prompt has, null for none
        String text(long number, @Nullable Long salt);

        /// The most tokens that the text's own source allows its answer, 0 where it says nothing.
        default int answerLength(long number) {
            return 0;
        }

        /// The largest of these for any number.
        default int mostAnswerLength() {
            return 0;
        }

        /// Where the prompts come from, for the report; never their text.
        String source();

        /// About how many tokens the longest prompt has, rather too many than too few.
        long inputTokens();
    }

    @Override
    public Prompt apply(long number) {
        Long salt = runSalt == null ? null : mixed(mixed(runSalt) + number);
        int said = texts.answerLength(number);
        int most = said > 0 ? said : answers.draw(new SplittableRandom(mixed(~seed * GOLDEN + number)));
        return new Prompt(texts.text(number, salt), most);
    }

    /// Where the prompts come from, for the report; never their text.
    String source() {
        return texts.source() + (runSalt == null ? "" : ", salted");
    }

    /// The most tokens to answer with, of any request, 0 for the provider's default.
    int outputLength() {
        return Math.max(answers.most(), texts.mostAnswerLength());
    }

    /// About how many tokens a prompt has at most, rather too many than too few.
    long inputTokens() {
        return texts.inputTokens();
    }

    /// How long answers may get, as the report says it.
    String answerLengths() {
        if (texts.mostAnswerLength() > 0) {
            return "answers as long as the file says";
        }
        return answers.most() == 0
                ? "answers as long as the server likes"
                : "answers up to " + answers.label() + " tokens";
    }

    /// The same text each time. The provider may answer it from a cache.
    record Repeated(String text, String source) implements Texts {
        @Override
        public String text(long number, @Nullable Long salt) {
            return salted(text, salt);
        }

        @Override
        public long inputTokens() {
            return tokensOf(text);
        }
    }

    /// The rows of a file in their order, and again from its top when they are used up.
    record Dataset(List<Row> rows, String source) implements Texts {
        public Dataset {
            rows = List.copyOf(rows);
        }

        /// @param answerLength the most tokens of its answer, 0 where the file does not say
        record Row(String text, int answerLength) {}

        @Override
        public String text(long number, @Nullable Long salt) {
            return salted(row(number).text(), salt);
        }

        @Override
        public int answerLength(long number) {
            return row(number).answerLength();
        }

        @Override
        public int mostAnswerLength() {
            return rows.stream().mapToInt(Row::answerLength).max().orElse(0);
        }

        @Override
        public long inputTokens() {
            return rows.stream().mapToLong(row -> tokensOf(row.text())).max().orElse(0);
        }

        private Row row(long number) {
            return rows.get((int) (number % rows.size()));
        }
    }

    /// Words at random, the same again for the same seed, but for the salt.
    ///
    /// Length counts words: each is a short English word, which common tokenizers make one token of, so the real
    /// number of tokens is a little higher by what the chat template adds; the report shows the provider's own
    /// count. What all prompts share stands first, then eight words that spell the request's number, mixed with
    /// seed and salt.
    ///
    /// @param lengths words in a prompt
    /// @param shared part of a prompt that all begin with, from 0 to 1
    record Generated(long seed, Lengths lengths, double shared) implements Texts {
        /// With the chat template, and words that some tokenizers cut in two.
        private static final double TOKENS_PER_WORD = 1.5;

        @Override
        public String source() {
            return "generated, " + lengths.label() + " words each"
                    + (shared > 0 ? ", the first " + Math.round(100 * shared) + " % of them shared" : "") + ", seed "
                    + seed;
        }

        @Override
        public long inputTokens() {
            return (long) Math.ceil(lengths.most() * TOKENS_PER_WORD);
        }

        @Override
        public String text(long number, @Nullable Long salt) {
            long own = mixed(seed * GOLDEN + number);
            int length = lengths.draw(new SplittableRandom(own));
            int sharedWords = (int) Math.round(shared * length);
            var text = new StringBuilder(length * 6);
            words(text, mixed(seed), null, sharedWords);
            words(text, own, salt, length - sharedWords);
            return text.toString();
        }
    }

    /// Words at random in the lengths of a trace, the same again for the same seed, but for the salt.
    ///
    /// Where the trace tells the blocks of its prompts, equal blocks are equal words, so that the provider's
    /// prefix cache finds what it found when the trace was taken; the salt stands behind them.
    record Traced(Trace trace, long seed) implements Texts {
        /// Tokens of a block in Mooncake's traces.
        private static final int BLOCK = 512;

        @Override
        public String source() {
            long without = trace.withoutLength();
            return "of the lengths in " + trace.file() + " (" + trace.form() + ", "
                    + Figures.count(trace.requests().size()) + " requests), seed " + seed
                    + (without == 0 ? "" : "; " + Figures.count(without) + " have none and ask for 1 token");
        }

        @Override
        public int answerLength(long number) {
            return Math.max(1, request(number).outputLength());
        }

        @Override
        public int mostAnswerLength() {
            return trace.requests().stream()
                    .mapToInt(request -> Math.max(1, request.outputLength()))
                    .max()
                    .orElse(1);
        }

        @Override
        public long inputTokens() {
            int longest = trace.requests().stream()
                    .mapToInt(Trace.Request::inputLength)
                    .max()
                    .orElse(1);
            return (long) Math.ceil(longest * Generated.TOKENS_PER_WORD);
        }

        @Override
        public String text(long number, @Nullable Long salt) {
            Trace.Request request = request(number);
            int left = Math.max(1, request.inputLength());
            var text = new StringBuilder(left * 6);
            for (long block : request.blocks()) {
                int words = Math.min(left, BLOCK);
                words(text, mixed(seed * GOLDEN + block), null, words);
                left -= words;
            }
            words(text, mixed(~seed * GOLDEN + number), salt, left);
            return text.toString();
        }

        /// Priming asks for more than a short trace has.
        private Trace.Request request(long number) {
            return trace.requests().get((int) (number % trace.requests().size()));
        }
    }

    /// Adds words, of which the first eight spell the salt, or where there is none what they are drawn by.
    private static void words(StringBuilder text, long own, @Nullable Long salt, int count) {
        long first = salt == null ? own : salt;
        var random = new SplittableRandom(own);
        for (int i = 0; i < count; i++) {
            int word = i < SALT_WORDS ? (int) (first >>> (8 * i)) & 0xFF : random.nextInt(Vocabulary.SIZE);
            text.append(text.isEmpty() ? "" : " ").append(Vocabulary.word(word));
        }
    }

    private static String salted(String text, @Nullable Long salt) {
        if (salt == null) {
            return text;
        }
        return IntStream.range(0, SALT_WORDS)
                .mapToObj(i -> Vocabulary.word((int) (salt >>> (8 * i)) & 0xFF))
                .collect(Collectors.joining(" ", "[", "]\n" + text));
    }

    /// Common tokenizers make a token of three characters or more, in all but the rarest scripts.
    private static long tokensOf(String text) {
        return Math.ceilDiv(text.length(), 3L) + SALT_TOKENS;
    }

    /// A bijection of the 64-bit numbers (the finaliser of SplitMix64), so that different numbers stay different.
    private static long mixed(long value) {
        long z = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
