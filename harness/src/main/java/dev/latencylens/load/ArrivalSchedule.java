package dev.latencylens.load;

import java.time.Duration;
import java.util.List;

/// When exchanges are due, in an open loop: a fixed plan that no answer can delay.
///
/// Every instant counts from the start of the load, so that no lateness adds up, and what a seed drew is never
/// rescaled to come out even: a minute of a Poisson process at 10 requests/s need not hold 600.
public sealed interface ArrivalSchedule {
    /// Nothing more is due.
    long NONE = Long.MAX_VALUE;

    /// The due instants from the first on, the same ones each time. Read by one thread.
    Due due();

    /// Due instants in their order.
    @FunctionalInterface
    interface Due {
        /// How long after the start of the load the next exchange is due, or [#NONE].
        long nextAfterNs();
    }

    /// Equal gaps.
    static Paced constant(double requestsPerSecond) {
        return new Paced(RateCourse.constant(requestsPerSecond), new Gaps.Equal());
    }

    /// Gaps of one pattern, as long as the rate of the moment makes them: the schedule of the pattern at one
    /// request per unit, on a clock that runs as fast as the rate (time rescaling).
    record Paced(RateCourse course, Gaps gaps) implements ArrivalSchedule {
        @Override
        public Due due() {
            Gaps.Passed passed = gaps.passed();
            return () -> {
                double afterNs = course.afterNs(passed.next());
                return afterNs < NONE ? Math.round(afterNs) : NONE;
            };
        }
    }

    /// So many exchanges at once, again and again.
    record Bursts(int size, Duration every) implements ArrivalSchedule {
        public Bursts {
            if (size < 1) {
                throw new IllegalArgumentException("a burst has at least 1 request, was " + size);
            }
            if (!every.isPositive()) {
                throw new IllegalArgumentException("bursts need a positive time between them, was " + every);
            }
        }

        @Override
        public Due due() {
            long everyNs = every.toNanos();
            return new Due() {
                private long number;

                @Override
                public long nextAfterNs() {
                    return Math.multiplyExact(number++ / size, everyNs);
                }
            };
        }
    }

    /// The instants of a recorded trace.
    ///
    /// @param afterNs of each request since the first, in order
    record Replayed(List<Long> afterNs) implements ArrivalSchedule {
        public Replayed {
            afterNs = List.copyOf(afterNs);
            for (int i = 1; i < afterNs.size(); i++) {
                if (afterNs.get(i) < afterNs.get(i - 1)) {
                    throw new IllegalArgumentException("a trace goes on in time; request " + i + " is earlier");
                }
            }
        }

        @Override
        public Due due() {
            return new Due() {
                private int number;

                @Override
                public long nextAfterNs() {
                    return number == afterNs.size() ? NONE : afterNs.get(number++);
                }
            };
        }
    }
}
