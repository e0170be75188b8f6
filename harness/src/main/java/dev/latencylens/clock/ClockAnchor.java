package dev.latencylens.clock;

import java.time.Instant;

/// Ties the monotonic clock to the wall clock once, and says how well.
///
/// @param monotonicStartNs the monotonic reading that the wall time belongs to; instants in files count from here
/// @param wallStart what the wall clock said at that instant
/// @param offsetUncertaintyNs half the width of the narrowest pair of monotonic readings found around a wall
/// reading
public record ClockAnchor(long monotonicStartNs, Instant wallStart, long offsetUncertaintyNs) {
    private static final long NANOS_PER_SECOND = 1_000_000_000;

    public static ClockAnchor take(Clock clock) {
        var reading = WallClockOffset.Reading.take(clock, ClockAnchor::wallNs);
        return new ClockAnchor(reading.atNs(), Instant.ofEpochSecond(0, reading.wallNs()), reading.uncertaintyNs());
    }

    private static long wallNs() {
        Instant now = Instant.now();
        return now.getEpochSecond() * NANOS_PER_SECOND + now.getNano();
    }
}
