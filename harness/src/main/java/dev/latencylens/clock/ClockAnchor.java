package dev.latencylens.clock;

import java.time.Instant;

/// Ties the monotonic clock to the wall clock once, and says how well.
///
/// @param monotonicStartNs the monotonic reading that the wall time belongs to; instants in files count from here
/// @param wallStart what the wall clock said at that instant
/// @param offsetUncertaintyNs half the width of the narrowest pair of monotonic readings found around a wall
/// reading
public record ClockAnchor(long monotonicStartNs, Instant wallStart, long offsetUncertaintyNs) {
    /// Bracketed readings taken; the narrowest counts. More narrow it no further on a quiet machine.
    static final int READINGS = 64;

    /// Reads the wall clock between two monotonic readings, several times, and keeps the narrowest.
    public static ClockAnchor take(Clock clock) {
        long bestWidthNs = Long.MAX_VALUE;
        long bestAtNs = 0;
        Instant bestWall = Instant.EPOCH;
        for (int i = 0; i < READINGS; i++) {
            long beforeNs = clock.nowNs();
            Instant wall = Instant.now();
            long widthNs = clock.nowNs() - beforeNs;
            if (widthNs < bestWidthNs) {
                bestWidthNs = widthNs;
                bestAtNs = beforeNs + widthNs / 2;
                bestWall = wall;
            }
        }
        return new ClockAnchor(bestAtNs, bestWall, (bestWidthNs + 1) / 2);
    }
}
