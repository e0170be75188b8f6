package dev.latencylens.stats;

import dev.latencylens.exchange.FlightLog;
import java.util.Arrays;
import java.util.OptionalDouble;

/// When the requests of a load were to be sent and when they were, in little memory.
///
/// Of gaps between sends it keeps 2,048 to 4,096, spread evenly over the load. Which ones is decided by the
/// requests' numbers alone, so that they are a fair sample whatever the gaps were. More would not serve: no client
/// can send two requests within less than the microseconds that one takes, and enough gaps prove that of every
/// client.
public final class SendTimes {
    private static final int MOST_GAPS = 4_096;

    private final long[] fromAtNs = new long[MOST_GAPS];
    private final long[] toAtNs = new long[MOST_GAPS];
    private int stride = 1;
    private long count;
    private long firstIntendedAtNs;
    private long lastIntendedAtNs;
    private long firstSentAtNs;
    private long lastSentAtNs;

    SendTimes() {
        Arrays.fill(fromAtNs, FlightLog.NO_STAMP);
        Arrays.fill(toAtNs, FlightLog.NO_STAMP);
    }

    /// A reader of gaps.
    @FunctionalInterface
    public interface GapReader {
        /// Two sends of which one was due right after the other.
        void gap(long fromAtNs, long toAtNs);
    }

    void add(long number, long intendedAtNs, long sentAtNs) {
        if (count == 0 || intendedAtNs - firstIntendedAtNs < 0) {
            firstIntendedAtNs = intendedAtNs;
        }
        if (count == 0 || intendedAtNs - lastIntendedAtNs > 0) {
            lastIntendedAtNs = intendedAtNs;
        }
        if (count == 0 || sentAtNs - firstSentAtNs < 0) {
            firstSentAtNs = sentAtNs;
        }
        if (count == 0 || sentAtNs - lastSentAtNs > 0) {
            lastSentAtNs = sentAtNs;
        }
        count++;
        while (number / stride >= MOST_GAPS) {
            keepEverySecond();
        }
        if (number % stride == 0) {
            fromAtNs[(int) (number / stride)] = sentAtNs;
        }
        if (number > 0 && (number - 1) % stride == 0) {
            toAtNs[(int) ((number - 1) / stride)] = sentAtNs;
        }
    }

    /// How many requests, or conversations, a second the schedule had, by its own first and last instant; absent
    /// where they are one.
    public OptionalDouble plannedPerSecond() {
        long spanNs = lastIntendedAtNs - firstIntendedAtNs;
        return spanNs > 0 ? OptionalDouble.of((count - 1) * 1e9 / spanNs) : OptionalDouble.empty();
    }

    public long count() {
        return count;
    }

    /// How many a second were sent; absent where they were sent at once.
    public OptionalDouble sentPerSecond() {
        long spanNs = lastSentAtNs - firstSentAtNs;
        return spanNs > 0 ? OptionalDouble.of((count - 1) * 1e9 / spanNs) : OptionalDouble.empty();
    }

    /// Reads the gaps that were kept, in the order of the schedule.
    public void gaps(GapReader reader) {
        for (int i = 0; i < MOST_GAPS; i++) {
            if (fromAtNs[i] != FlightLog.NO_STAMP && toAtNs[i] != FlightLog.NO_STAMP) {
                reader.gap(fromAtNs[i], toAtNs[i]);
            }
        }
    }

    private void keepEverySecond() {
        for (int i = 0; i < MOST_GAPS; i++) {
            boolean kept = 2 * i < MOST_GAPS;
            fromAtNs[i] = kept ? fromAtNs[2 * i] : FlightLog.NO_STAMP;
            toAtNs[i] = kept ? toAtNs[2 * i] : FlightLog.NO_STAMP;
        }
        stride *= 2;
    }
}
