package dev.latencylens.stats;

import java.util.Arrays;

/// From which request on a run's values stayed at their level.
///
/// The greatest distance of the cumulated sum of the values from what it would be without a shift tells whether
/// there is one (Ploberger and Krämer 1992, Econometrica 60; the sum's variance is that of the values less the
/// mean of their own side, widened by their [DesignEffect], for what only wanders is no shift). The distance then
/// has Kolmogorov's distribution. The shift is where the values of both sides differ least from their side's mean
/// (Hawkins 1977, Journal of the American Statistical Association 72): the place of that distance would lie too
/// near the middle. It counts where the means differ by [#LEAST_CHANGE], too. What lies before a shift is left,
/// and the rest is looked at again
/// (binary segmentation, Vostrikova 1981, to the right only), until none is found.
///
/// @param requests all that were looked at
/// @param from the first request of the steady state, in the order of time; 0 where no shift was found
/// @param pValue of there being no shift in the whole run
public record SteadyState(int requests, int from, double pValue) {
    /// Fewer requests tell nothing of it.
    public static final int LEAST_REQUESTS = 40;
    /// A run is told to have shifted from this on: looked at in every run, so rarely wrong.
    public static final double ALPHA = 0.01;
    /// A verdict is made of it from so many requests on, and below this p: so that of runs whose requests depend
    /// on each other, too, fewer than 1 in 100 are blamed (docs/adr/0014). What does nothing but drift comes to
    /// 1e-5.
    public static final int LEAST_JUDGED = 100;
    public static final double JUDGED_ALPHA = 1e-4;
    /// Of the mean of both sides: less is no other level, though values that hardly vary can show it.
    public static final double LEAST_CHANGE = 0.02;
    /// A few requests are no level.
    private static final int LEAST_SIDE = 5;

    /// @param values one of each request, in the order in which these started; [#LEAST_REQUESTS] of them or more
    public static SteadyState of(long... values) {
        return of(ALPHA, values);
    }

    /// @param alpha below which p there is a shift
    static SteadyState of(double alpha, long... values) {
        double[] series = Arrays.stream(values).mapToDouble(value -> value).toArray();
        double pValue = 1;
        int from = 0;
        while (series.length - from >= LEAST_REQUESTS && from <= series.length / 2) {
            double[] rest = bounded(Arrays.copyOfRange(series, from, series.length));
            int split = split(rest);
            double ofRest = pValue(rest, split);
            pValue = from == 0 ? ofRest : pValue;
            if (ofRest >= alpha || change(series, from, from + split) < LEAST_CHANGE) {
                break;
            }
            from += split;
        }
        return new SteadyState(series.length, from, pValue);
    }

    /// Whether at least half of the requests were in it: what is less is as well one level among others.
    public boolean isReached() {
        return from <= requests / 2;
    }

    /// Whether it is as good as sure that the run kept no level, so that a verdict may be made of it.
    public boolean hasNoLevel() {
        return !isReached() && requests >= LEAST_JUDGED && pValue < JUDGED_ALPHA;
    }

    private static double change(double[] series, int from, int to) {
        double before = Arrays.stream(series, from, to).average().orElse(0);
        double after = Arrays.stream(series, to, series.length).average().orElse(0);
        return before == after ? 0 : Math.abs(before - after) / Math.max(before, after);
    }

    /// The values with those beyond the 5th and the 95th percentile taken for these, so that no outlier is a
    /// shift. Not their ranks: where values hardly vary, these make as much of a thousandth as of a doubling.
    private static double[] bounded(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        double low = sorted[values.length / 20];
        double high = sorted[values.length - 1 - values.length / 20];
        return Arrays.stream(values).map(value -> Math.clamp(value, low, high)).toArray();
    }

    /// How many values lie before the likeliest shift.
    private static int split(double[] values) {
        double[] sums = sums(values);
        double most = -1;
        int split = LEAST_SIDE;
        for (int i = LEAST_SIDE; i <= values.length - LEAST_SIDE; i++) {
            double between = sums[i] * sums[i] / (i * (double) (values.length - i));
            if (between > most) {
                most = between;
                split = i;
            }
        }
        return split;
    }

    /// Of the first values less the mean of all, for each number of first ones.
    private static double[] sums(double[] values) {
        double mean = Arrays.stream(values).average().orElse(0);
        double[] sums = new double[values.length + 1];
        for (int i = 0; i < values.length; i++) {
            sums[i + 1] = sums[i] + values[i] - mean;
        }
        return sums;
    }

    private static double pValue(double[] values, int split) {
        int size = values.length;
        double distance =
                Arrays.stream(sums(values), 0, size).map(Math::abs).max().orElse(0);
        if (distance == 0) {
            return 1;
        }
        double before = Arrays.stream(values, 0, split).average().orElse(0);
        double after = Arrays.stream(values, split, size).average().orElse(0);
        double[] rest = new double[size];
        double squares = 0;
        for (int i = 0; i < size; i++) {
            rest[i] = values[i] - (i < split ? before : after);
            squares += rest[i] * rest[i];
        }
        if (squares == 0) {
            return 0;
        }
        double variance = squares / size;
        double effect = DesignEffect.of(rest, size, variance).factor();
        return Math.clamp(Probability.kolmogorovTail(distance / Math.sqrt(size * variance * effect)), 0, 1);
    }
}
