package dev.latencylens.load;

import java.time.Duration;

/// What of a load comes first and is left out of the figures. The load goes on over its end as if there were none:
/// nothing waits, and what is under way stays under way.
///
/// A request belongs to it, or is measured, as a whole: by its number, or by the instant at which it was due.
public sealed interface Warmup {
    /// The first requests.
    record Requests(long count) implements Warmup {
        public Requests {
            if (count < 0) {
                throw new IllegalArgumentException("requests for warm-up must not be negative, were " + count);
            }
        }

        /// As the flag has it. Each start asks for it, and a record's own would be made then, of twenty classes.
        @Override
        public String toString() {
            return Long.toString(count);
        }
    }

    /// What is due before the load has lasted for so long.
    record Time(Duration length) implements Warmup {
        public Time {
            positive(length);
        }

        @Override
        public Duration mostTime() {
            return length;
        }
    }

    /// What is due before somebody who watches the answers says that it is enough, by [LoadRun#endWarmup].
    ///
    /// @param most time after which it ends if nobody does
    record UntilSteady(Duration most) implements Warmup {
        public UntilSteady {
            positive(most);
        }

        @Override
        public Duration mostTime() {
            return most;
        }
    }

    /// Its length as far as it is known before; 0 where it is one of requests.
    default Duration mostTime() {
        return Duration.ZERO;
    }

    /// How many requests it has where it is one of requests, else 0.
    default long requests() {
        return this instanceof Requests(long count) ? count : 0;
    }

    /// Whether everything is measured.
    default boolean isNone() {
        return this instanceof Requests(long count) && count == 0;
    }

    private static void positive(Duration time) {
        if (!time.isPositive()) {
            throw new IllegalArgumentException("a time for warm-up must be positive, was " + time);
        }
    }
}
