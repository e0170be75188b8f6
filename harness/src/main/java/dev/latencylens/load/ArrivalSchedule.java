package dev.latencylens.load;

/// When exchanges are due, in an open loop: a fixed plan that no answer can delay.
public sealed interface ArrivalSchedule {
    /// How long after the start of the load the exchange of this index (from 0) is due.
    long dueAfterNs(long index);

    /// Equal gaps. Each instant is computed from its index, so that no rounding adds up.
    record Constant(double requestsPerSecond) implements ArrivalSchedule {
        public Constant {
            if (!(requestsPerSecond > 0) || requestsPerSecond > 1e9) {
                throw new IllegalArgumentException(
                        "request rate must be positive and at most 1e9 per second, was " + requestsPerSecond);
            }
        }

        @Override
        public long dueAfterNs(long index) {
            return Math.round(index * (1e9 / requestsPerSecond));
        }
    }
}
