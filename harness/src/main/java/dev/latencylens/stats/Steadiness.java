package dev.latencylens.stats;

import java.util.Arrays;
import java.util.stream.IntStream;

/// Whether a run's values stayed as they were, and whether each request's came about without regard to those
/// before.
///
/// Both look at each request's mean (of conversations, each one's), in the order of time, by its rank, so that no
/// shape of distribution is assumed.
///
/// @param tau Kendall's: 1 where values only rise, -1 where they only fall, 0 where they do neither
/// @param trendPValue of there being no trend (Mann 1945, Econometrica 13), its variance widened by the
/// [DesignEffect] of the ranks without their straight line, for what only wanders is no trend (after Hamed and Rao
/// 1998, Journal of Hydrology 204)
/// @param independencePValue of there being no autocorrelation (Ljung and Box 1978, Biometrika 65)
/// @param lags that this looked at
public record Steadiness(double tau, double trendPValue, double independencePValue, int lags) {
    /// Fewer requests, or conversations, tell nothing of either.
    public static final int LEAST_UNITS = 20;

    private static final int MOST_LAGS = 10;

    public static Steadiness of(Sample sample) {
        double[] series = sample.unitMeans();
        int lags = Math.min(MOST_LAGS, series.length / 5);
        double[] ranks = ranks(series);
        double[] variance = new double[1];
        double score = kendall(series, variance);
        double pairs = series.length * (series.length - 1.0) / 2;
        double effect = effect(ranks);
        double z = Math.abs(score) / Math.sqrt(Math.max(variance[0], Double.MIN_NORMAL) * effect);
        return new Steadiness(
                score / pairs,
                score == 0 ? 1 : Probability.normalTails(z),
                Probability.chiSquaredTail(ljungBox(ranks, lags), lags),
                lags);
    }

    static double ljungBox(double[] series, int lags) {
        int size = series.length;
        double[] centred = centred(series);
        double alone = product(centred, 0);
        if (alone == 0) {
            return 0;
        }
        double sum = 0;
        for (int lag = 1; lag <= lags; lag++) {
            double correlation = product(centred, lag) / alone;
            sum += correlation * correlation / (size - lag);
        }
        return size * (size + 2.0) * sum;
    }

    /// Pairs that rise less pairs that fall, by a merge sort that counts.
    ///
    /// @param variance receives that of the score where there is no trend, with ties
    static double kendall(double[] series, double[] variance) {
        double size = series.length;
        double[] sorted = series.clone();
        double falling = inversions(sorted, new double[series.length], 0, series.length);
        double tiedPairs = 0;
        double ties = 0;
        for (int i = 0; i < sorted.length; ) {
            int end = i;
            while (end < sorted.length && sorted[end] == sorted[i]) {
                end++;
            }
            double equal = end - i;
            tiedPairs += equal * (equal - 1) / 2;
            ties += equal * (equal - 1) * (2 * equal + 5);
            i = end;
        }
        variance[0] = (size * (size - 1) * (2 * size + 5) - ties) / 18;
        return size * (size - 1) / 2 - tiedPairs - 2 * falling;
    }

    private static double inversions(double[] series, double[] room, int from, int to) {
        if (to - from < 2) {
            return 0;
        }
        int middle = (from + to) >>> 1;
        double count = inversions(series, room, from, middle) + inversions(series, room, middle, to);
        int left = from;
        int right = middle;
        for (int i = from; i < to; i++) {
            if (right == to || (left < middle && series[left] <= series[right])) {
                room[i] = series[left++];
            } else {
                room[i] = series[right++];
                count += middle - left;
            }
        }
        System.arraycopy(room, from, series, from, to - from);
        return count;
    }

    static double[] ranks(double[] series) {
        int[] rising = IntStream.range(0, series.length)
                .boxed()
                .sorted((one, other) -> Double.compare(series[one], series[other]))
                .mapToInt(Integer::intValue)
                .toArray();
        double[] ranks = new double[series.length];
        for (int i = 0; i < rising.length; ) {
            int end = i;
            while (end < rising.length && series[rising[end]] == series[rising[i]]) {
                end++;
            }
            for (int tied = i; tied < end; tied++) {
                ranks[rising[tied]] = (i + end + 1) / 2.0;
            }
            i = end;
        }
        return ranks;
    }

    private static double effect(double[] ranks) {
        double[] centred = centred(ranks);
        double middle = (ranks.length - 1) / 2.0;
        double moment = 0;
        double squares = 0;
        for (int i = 0; i < centred.length; i++) {
            moment += (i - middle) * centred[i];
            squares += (i - middle) * (i - middle);
        }
        for (int i = 0; i < centred.length; i++) {
            centred[i] -= moment / squares * (i - middle);
        }
        return DesignEffect.of(centred, centred.length, product(centred, 0) / centred.length)
                .factor();
    }

    private static double[] centred(double[] series) {
        double mean = Arrays.stream(series).average().orElse(0);
        return Arrays.stream(series).map(value -> value - mean).toArray();
    }

    private static double product(double[] centred, int lag) {
        double sum = 0;
        for (int i = lag; i < centred.length; i++) {
            sum += centred[i - lag] * centred[i];
        }
        return sum;
    }
}
