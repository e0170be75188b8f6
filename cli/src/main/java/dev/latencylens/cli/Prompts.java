package dev.latencylens.cli;

import dev.latencylens.exchange.Prompt;
import java.util.SplittableRandom;
import java.util.function.LongFunction;

/// What each request asks, by its number.
sealed interface Prompts extends LongFunction<Prompt> {
    /// Where the prompts come from, for the report; never their text.
    String source();

    /// The most tokens to answer with, 0 for the provider's default.
    int outputLength();

    /// About how many tokens a prompt has, rather too many than too few.
    long inputTokens();

    /// The same text each time. The provider may answer it from a cache.
    record Repeated(String text, String source, int outputLength) implements Prompts {
        /// Common tokenizers need fewer tokens for all but the rarest scripts.
        private static final int CHARACTERS_PER_TOKEN = 3;

        @Override
        public long inputTokens() {
            return Math.ceilDiv(text.length(), CHARACTERS_PER_TOKEN);
        }

        @Override
        public Prompt apply(long number) {
            return new Prompt(text, outputLength);
        }
    }

    /// Words at random, no two prompts of a run alike, the same again for the same seed.
    ///
    /// Length counts words: each is a short English word, which common tokenizers make one token of, so the real
    /// number of tokens is a little higher by what the chat template adds; the report shows the provider's own
    /// count.
    /// The
    /// first eight words spell the request's number, mixed with the seed, so that no two prompts of eight words or
    /// more
    /// begin alike and no provider's prefix cache makes an answer look fast.
    ///
    /// @param inputLength words in a prompt
    record Generated(long seed, int inputLength, int outputLength) implements Prompts {
        private static final int NUMBER_WORDS = 8;
        /// With the chat template, and words that some tokenizers cut in two.
        private static final double TOKENS_PER_WORD = 1.5;

        @Override
        public String source() {
            return "generated, " + inputLength + " words each, seed " + seed;
        }

        @Override
        public long inputTokens() {
            return (long) Math.ceil(inputLength * TOKENS_PER_WORD);
        }

        @Override
        public Prompt apply(long number) {
            var text = new StringBuilder(inputLength * 6);
            words(text, salt(seed, number), inputLength);
            return new Prompt(text.toString(), outputLength);
        }
    }

    /// Words at random in the lengths of a trace, the same again for the same seed.
    ///
    /// Where the trace tells the blocks of its prompts, equal blocks are equal words, so that the provider's
    /// prefix cache finds what it found when the trace was taken; other prompts are like those of [Generated].
    record Traced(Trace trace, long seed) implements Prompts {
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
        public int outputLength() {
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
        public Prompt apply(long number) {
            // Priming asks for more than a short trace has.
            Trace.Request request =
                    trace.requests().get((int) (number % trace.requests().size()));
            int left = Math.max(1, request.inputLength());
            var text = new StringBuilder(left * 6);
            for (long block : request.blocks()) {
                int words = Math.min(left, BLOCK);
                words(text, salt(seed, block), words);
                left -= words;
            }
            words(text, salt(~seed, number), left);
            return new Prompt(text.toString(), Math.max(1, request.outputLength()));
        }
    }

    /// Different for every number, however alike they are.
    private static long salt(long seed, long number) {
        return mixed(seed * 0x9E3779B97F4A7C15L + number);
    }

    /// Adds words, of which the first eight spell the salt.
    private static void words(StringBuilder text, long salt, int count) {
        var random = new SplittableRandom(salt);
        for (int i = 0; i < count; i++) {
            int word = i < Generated.NUMBER_WORDS ? (int) (salt >>> (8 * i)) & 0xFF : random.nextInt(Vocabulary.SIZE);
            text.append(text.isEmpty() ? "" : " ").append(Vocabulary.word(word));
        }
    }

    /// A bijection of the 64-bit numbers (the finaliser of SplitMix64), so that different numbers stay different.
    private static long mixed(long value) {
        long z = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
