package dev.latencylens.clock;

import java.util.Arrays;

/// What a clock can tell apart, and what asking it costs.
///
/// @param readingNs what one reading takes: that of the median of several rows of them, so that neither the first
/// rows,
/// run by the interpreter, nor an interrupted one counts
/// @param stepNs the smallest step between two readings that differ; 0 where all were equal
public record ClockGrain(double readingNs, long stepNs) {
    private static final int ROWS = 31;
    /// A row takes about a quarter of a millisecond, in which a thread is seldom interrupted.
    private static final int READINGS_A_ROW = 10_000;

    public static ClockGrain measure(Clock clock) {
        var rowsNs = new long[ROWS];
        long stepNs = Long.MAX_VALUE;
        for (int row = 0; row < ROWS; row++) {
            long startNs = clock.nowNs();
            long earlierNs = startNs;
            for (int i = 0; i < READINGS_A_ROW; i++) {
                long nowNs = clock.nowNs();
                long differenceNs = nowNs - earlierNs;
                if (differenceNs > 0 && differenceNs < stepNs) {
                    stepNs = differenceNs;
                }
                earlierNs = nowNs;
            }
            rowsNs[row] = earlierNs - startNs;
        }
        Arrays.sort(rowsNs);
        return new ClockGrain((double) rowsNs[ROWS / 2] / READINGS_A_ROW, stepNs == Long.MAX_VALUE ? 0 : stepNs);
    }
}
