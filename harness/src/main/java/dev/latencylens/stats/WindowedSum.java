package dev.latencylens.stats;

import java.util.Arrays;

/// Adds up what happened in a window of which the end only moves on, and the beginning only back, as more becomes
/// known.
///
/// What lies safely inside is one sum; the rest is kept by its instant: about as many events as there are in one
/// answer's time. Used by one thread at a time.
final class WindowedSum {
    private static final int LEAST_ROOM = 1_024;

    private long[] atNs = new long[LEAST_ROOM];
    private double[] amounts = new double[LEAST_ROOM];
    private int kept;
    private int settleAt = LEAST_ROOM;
    private double inside;

    void add(long eventAtNs, double amount) {
        if (kept == atNs.length) {
            atNs = Arrays.copyOf(atNs, kept * 2);
            amounts = Arrays.copyOf(amounts, kept * 2);
        }
        atNs[kept] = eventAtNs;
        amounts[kept++] = amount;
    }

    /// Whether it is time to [#settle]: when as many have come as were left, so that each is looked at few times.
    boolean isToSettle() {
        return kept >= settleAt;
    }

    /// @param neverBeforeNs the window will not begin before; what lies there is forgotten
    /// @param fromAtNs it begins here or before
    /// @param toAtNs it ends here or later
    void settle(long neverBeforeNs, long fromAtNs, long toAtNs) {
        int left = 0;
        for (int i = 0; i < kept; i++) {
            if (atNs[i] - neverBeforeNs < 0) {
                continue;
            }
            if (atNs[i] - fromAtNs >= 0 && atNs[i] - toAtNs < 0) {
                inside += amounts[i];
            } else {
                atNs[left] = atNs[i];
                amounts[left++] = amounts[i];
            }
        }
        kept = left;
        settleAt = Math.max(LEAST_ROOM, 2 * left);
    }

    /// From the one instant on and before the other, within which is all that was settled.
    double between(long fromAtNs, long toAtNs) {
        double sum = inside;
        for (int i = 0; i < kept; i++) {
            sum += atNs[i] - fromAtNs >= 0 && atNs[i] - toAtNs < 0 ? amounts[i] : 0;
        }
        return sum;
    }
}
