package dev.latencylens.stats;

import java.util.Comparator;
import java.util.stream.IntStream;

/// Corrects p-values for how many are looked at (Holm 1979, Scandinavian Journal of Statistics 6): the probability
/// of one false alarm among all stays below alpha, however the figures depend on each other, and metrics of one
/// run depend strongly.
public final class Holm {
    private Holm() {}

    /// In the order in which they came.
    public static double[] adjusted(double... pValues) {
        int[] rising = IntStream.range(0, pValues.length)
                .boxed()
                .sorted(Comparator.comparingDouble(i -> pValues[i]))
                .mapToInt(Integer::intValue)
                .toArray();
        double[] adjusted = new double[pValues.length];
        double largest = 0;
        for (int i = 0; i < rising.length; i++) {
            largest = Math.max(largest, Math.min(1, (rising.length - i) * pValues[rising[i]]));
            adjusted[rising[i]] = largest;
        }
        return adjusted;
    }
}
