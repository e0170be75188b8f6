package dev.latencylens.stats;

import java.util.Arrays;

/// From which request on a run's values stayed at their level.
///
/// The greatest distance of the cumulated sum of ranks from what it would be without a shift tells whether there
/// is one (Pettitt 1979, Applied Statistics 28; the sum's variance is widened by the [DesignEffect] of the ranks
/// less the mean of their own side, for what only wanders is no shift, and the distance then has Kolmogorov's
/// distribution). The shift is where the ranks of both sides differ least from their side's mean (Hawkins 1977,
/// Journal of the American Statistical Association 72): the place of that distance would lie too near the middle.
/// What lies before a shift is left, and the rest is looked at again (binary segmentation, Vostrikova 1981, to the
/// right only), until none is found. Ranks make no assumption of a distribution, and no single outlier is a shift.
///
/// @param requests all that were looked at
/// @param from the first request of the steady state, in the order of time; 0 where no shift was found
/// @param pValue of there being no shift in the whole run
public record SteadyState(int requests, int from, double pValue) {
    /// Fewer requests tell nothing of it.
    public static final int LEAST_REQUESTS = 40;
    /// A run is told to have shifted from this on: looked at in every run, so rarely wrong.
    public static final double ALPHA = 0.01;
    /// A few requests are no level.
    private static final int LEAST_SIDE = 5;

    /// @param values one of each request, in the order in which these started; [#LEAST_REQUESTS] of them or more
    public static SteadyState of(long... values) {
        double[] series = Arrays.stream(values).mapToDouble(value -> value).toArray();
        double pValue = 1;
        int from = 0;
        while (series.length - from >= LEAST_REQUESTS && from <= series.length / 2) {
            double[] ranks = Steadiness.ranks(Arrays.copyOfRange(series, from, series.length));
            int split = split(ranks);
            double ofRest = pValue(ranks, split);
            pValue = from == 0 ? ofRest : pValue;
            if (ofRest >= ALPHA) {
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

    /// How many ranks lie before the likeliest shift.
    private static int split(double[] ranks) {
        double[] sums = sums(ranks);
        double most = -1;
        int split = LEAST_SIDE;
        for (int i = LEAST_SIDE; i <= ranks.length - LEAST_SIDE; i++) {
            double between = sums[i] * sums[i] / (i * (double) (ranks.length - i));
            if (between > most) {
                most = between;
                split = i;
            }
        }
        return split;
    }

    /// Of the first ranks less the mean of all, for each number of first ones.
    private static double[] sums(double[] ranks) {
        double mean = (ranks.length + 1) / 2.0;
        double[] sums = new double[ranks.length + 1];
        for (int i = 0; i < ranks.length; i++) {
            sums[i + 1] = sums[i] + ranks[i] - mean;
        }
        return sums;
    }

    private static double pValue(double[] ranks, int split) {
        int size = ranks.length;
        double distance =
                Arrays.stream(sums(ranks), 0, size).map(Math::abs).max().orElse(0);
        if (distance == 0) {
            return 1;
        }
        double before = Arrays.stream(ranks, 0, split).average().orElse(0);
        double after = Arrays.stream(ranks, split, size).average().orElse(0);
        double[] rest = new double[size];
        double squares = 0;
        for (int i = 0; i < size; i++) {
            rest[i] = ranks[i] - (i < split ? before : after);
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
