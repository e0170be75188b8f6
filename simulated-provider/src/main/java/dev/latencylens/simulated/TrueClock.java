package dev.latencylens.simulated;

/// The one clock of the simulated provider: CLOCK_MONOTONIC in absolute nanoseconds.
///
/// HotSpot's `System.nanoTime` is that clock on Linux, without an offset of its own, so instants
/// can be compared with those of another process on the same host.
final class TrueClock {
    private TrueClock() {}

    static long nowNs() {
        return System.nanoTime();
    }
}
