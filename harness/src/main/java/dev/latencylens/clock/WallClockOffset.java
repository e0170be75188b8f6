package dev.latencylens.clock;

import java.util.function.LongSupplier;

/// How far the wall clock is ahead of the monotonic one, so that stamps of the one can be told on the other.
///
/// Linux steers both at the same rate (clock_gettime(2): adjtime and NTP slew them alike), so the distance stands
/// until somebody sets the wall clock. Such a step is noticed by [#check] and counted. Used by one thread.
public final class WallClockOffset {
    /// Bracketed readings taken; the narrowest counts. More narrow it no further on a quiet machine.
    static final int READINGS = 64;
    /// A single pair of readings this far from the known distance is looked at again: the thread was interrupted
    /// between the two, or the clock was set.
    static final long SUSPICIOUS_NS = 2_000;

    private final Clock clock;
    private final LongSupplier wallNs;
    private Reading reading;
    private int steps;
    private long largestStepNs;

    /// @param wallNs reads nanoseconds since the epoch
    public WallClockOffset(Clock clock, LongSupplier wallNs) {
        this.clock = clock;
        this.wallNs = wallNs;
        reading = Reading.take(clock, wallNs);
    }

    /// The two clocks at one instant.
    ///
    /// @param atNs the monotonic clock, in the middle of the narrowest pair of its readings around one of the wall
    /// clock
    /// @param wallNs nanoseconds since the epoch
    /// @param uncertaintyNs half the width of that pair
    record Reading(long atNs, long wallNs, long uncertaintyNs) {
        static Reading take(Clock clock, LongSupplier wallClockNs) {
            long bestWidthNs = Long.MAX_VALUE;
            long bestAtNs = 0;
            long bestWallNs = 0;
            for (int i = 0; i < READINGS; i++) {
                long beforeNs = clock.nowNs();
                long readWallNs = wallClockNs.getAsLong();
                long widthNs = clock.nowNs() - beforeNs;
                if (widthNs < bestWidthNs) {
                    bestWidthNs = widthNs;
                    bestAtNs = beforeNs + widthNs / 2;
                    bestWallNs = readWallNs;
                }
            }
            return new Reading(bestAtNs, bestWallNs, (bestWidthNs + 1) / 2);
        }

        long offsetNs() {
            return wallNs - atNs;
        }
    }

    /// The instant on the monotonic clock at which the wall clock showed this.
    public long monotonicAtNs(long stampWallNs) {
        return stampWallNs - reading.offsetNs();
    }

    /// How far an instant so told may be off, either way.
    public long uncertaintyNs() {
        return reading.uncertaintyNs();
    }

    /// Looks whether the wall clock has been set since; costs two readings if not, and allocates nothing.
    public void check() {
        long strayNs = wallNs.getAsLong() - clock.nowNs() - reading.offsetNs();
        if (Math.abs(strayNs) > SUSPICIOUS_NS) {
            lookAgain();
        }
    }

    private void lookAgain() {
        Reading now = Reading.take(clock, wallNs);
        long stepNs = now.offsetNs() - reading.offsetNs();
        if (Math.abs(stepNs) > now.uncertaintyNs() + reading.uncertaintyNs()) {
            steps++;
            largestStepNs = Math.abs(stepNs) > Math.abs(largestStepNs) ? stepNs : largestStepNs;
            reading = now;
        } else if (now.uncertaintyNs() < reading.uncertaintyNs()) {
            reading = now;
        }
    }

    /// How often the wall clock was seen to have been set.
    public int steps() {
        return steps;
    }

    /// The largest step by size, with its sign: positive where the wall clock went forward; 0 without steps.
    public long largestStepNs() {
        return largestStepNs;
    }
}
