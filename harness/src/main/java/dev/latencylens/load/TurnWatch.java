package dev.latencylens.load;

import java.util.ArrayList;
import java.util.List;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.HistogramIterationValue;

/// Counts the turns of one I/O thread's loop by their lag.
///
/// Written by that thread alone, without allocating; read when it has ended.
final class TurnWatch {
    /// Longer lags are counted as this one: an hour.
    private static final long HIGHEST_NS = 3_600_000_000_000L;

    private static final int SIGNIFICANT_DIGITS = 2;
    /// Pauses kept with their instants, the first of them; later ones are counted.
    private static final int MOST_PAUSES = 4_096;

    private final Histogram lags = new Histogram(HIGHEST_NS, SIGNIFICANT_DIGITS);
    private final long[] pauseEndAtNs = new long[MOST_PAUSES];
    private final long[] pauseLagNs = new long[MOST_PAUSES];
    private long watchedNs;
    private long longestNs;
    private long pauses;
    private long pausedNs;

    /// A turn has ended.
    ///
    /// @param turnNs how long it took
    /// @param waitedNs how much of that was meant waiting for I/O
    void turn(long endAtNs, long turnNs, long waitedNs) {
        long lagNs = Math.clamp(turnNs - waitedNs, 0, HIGHEST_NS);
        watchedNs += turnNs;
        lags.recordValue(lagNs);
        longestNs = Math.max(longestNs, lagNs);
        if (lagNs > LoopLag.PAUSE_NS) {
            if (pauses < MOST_PAUSES) {
                pauseEndAtNs[(int) pauses] = endAtNs;
                pauseLagNs[(int) pauses] = lagNs;
            }
            pauses++;
            pausedNs += lagNs;
        }
    }

    LoopLag lag(int thread) {
        List<LoopLag.Pause> shown = new ArrayList<>();
        for (int i = 0; i < Math.min(pauses, MOST_PAUSES); i++) {
            shown.add(new LoopLag.Pause(thread, pauseEndAtNs[i], pauseLagNs[i]));
        }
        return new LoopLag(watchedNs, overTime(0.01), overTime(0.001), longestNs, pauses, pausedNs, shown);
    }

    /// The lag that is exceeded in no more than this share of the time.
    private long overTime(double share) {
        double mayExceedNs = share * watchedNs;
        double beyondNs = 0;
        for (HistogramIterationValue step : lags.recordedValues()) {
            long lagNs = lags.medianEquivalentValue(step.getValueIteratedTo());
            beyondNs += (double) lagNs * step.getCountAddedInThisIterationStep();
        }
        if (beyondNs <= mayExceedNs) {
            return 0;
        }
        for (HistogramIterationValue step : lags.recordedValues()) {
            long lagNs = lags.medianEquivalentValue(step.getValueIteratedTo());
            beyondNs -= (double) lagNs * step.getCountAddedInThisIterationStep();
            if (beyondNs <= mayExceedNs) {
                return Math.min(lagNs, longestNs);
            }
        }
        return longestNs;
    }
}
