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
            long salt = mixed(seed * 0x9E3779B97F4A7C15L + number);
            var random = new SplittableRandom(salt);
            for (int i = 0; i < inputLength; i++) {
                int word = i < NUMBER_WORDS ? (int) (salt >>> (8 * i)) & 0xFF : random.nextInt(Vocabulary.SIZE);
                text.append(i == 0 ? "" : " ").append(Vocabulary.word(word));
            }
            return new Prompt(text.toString(), outputLength);
        }

        /// A bijection of the 64-bit numbers (the finaliser of SplitMix64), so that different numbers stay
        /// different.
        private static long mixed(long value) {
            long z = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
            z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
            return z ^ (z >>> 31);
        }
    }
}
