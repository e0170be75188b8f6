package dev.latencylens.load;

import dev.latencylens.exchange.Turn;
import java.util.SplittableRandom;
import java.util.function.LongSupplier;

/// How long a user waits after an answer before it asks again.
///
/// Drawn ahead, and the same for the same seed: the n-th time belongs to the n-th request, or in conversations
/// each to its turn.
///
/// @param asked as it was written, for example `lognormal:200ms:0.3`
public record ThinkTime(String asked, Spread spread, long seed) {
    private static final long GOLDEN = 0x9E3779B97F4A7C15L;

    /// Where a time comes from.
    public sealed interface Spread {
        long drawNs(SplittableRandom random);
    }

    public record Constant(long ns) implements Spread {
        @Override
        public long drawNs(SplittableRandom random) {
            return ns;
        }
    }

    public record Uniform(long leastNs, long mostNs) implements Spread {
        public Uniform {
            if (mostNs < leastNs) {
                throw new IllegalArgumentException("the upper bound is below the lower one");
            }
        }

        @Override
        public long drawNs(SplittableRandom random) {
            return leastNs + Math.round(random.nextDouble() * (mostNs - leastNs));
        }
    }

    /// What would be below 0 is drawn again.
    public record Normal(long meanNs, long deviationNs) implements Spread {
        @Override
        public long drawNs(SplittableRandom random) {
            long drawnNs;
            do {
                drawnNs = meanNs + Math.round(deviationNs * Gaps.normal(random));
            } while (drawnNs < 0);
            return drawnNs;
        }
    }

    public record Exponential(long meanNs) implements Spread {
        @Override
        public long drawNs(SplittableRandom random) {
            return Math.round(-meanNs * StrictMath.log1p(-random.nextDouble()));
        }
    }

    /// @param sigma of the logarithm
    public record Lognormal(long medianNs, double sigma) implements Spread {
        private static final double MOST_SIGMA = 10;

        public Lognormal {
            if (!(sigma >= 0 && sigma <= MOST_SIGMA)) {
                throw new IllegalArgumentException("sigma must be between 0 and 10, was " + sigma);
            }
        }

        @Override
        public long drawNs(SplittableRandom random) {
            return Math.round(medianNs * StrictMath.exp(sigma * Gaps.normal(random)));
        }
    }

    /// What follows this turn, whatever was drawn before.
    long afterNs(Turn turn) {
        long ofConversation = new SplittableRandom(seed ^ (turn.conversation() * GOLDEN)).nextLong();
        return spread.drawNs(new SplittableRandom(ofConversation ^ turn.number()));
    }

    /// A new sequence of them.
    LongSupplier drawn() {
        var random = new SplittableRandom(seed);
        return () -> spread.drawNs(random);
    }
}
