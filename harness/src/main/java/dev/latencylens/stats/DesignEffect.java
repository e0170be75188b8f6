package dev.latencylens.stats;

/// By how much dependence widens what is told of a mean.
///
/// Values of one cluster (the gaps of one answer) enter as their sum, and clusters follow each other in time, so
/// that both ways in which values depend on each other are in it. The variance of a mean of a series is estimated
/// by Geyer's initial monotone sequence (1992, Statistical Science 7, section 3.3): autocovariances are added in
/// pairs as long as the pairs fall and exceed half a standard error of what is independent. What that adds on
/// average where nothing depends is taken off, but not where clusters have several values: there it makes up for
/// what few clusters hide.
///
/// @param factor the variance of a mean of these values over that of as many independent ones (Kish 1965); never
/// below 1: that values make each other more certain is not believed
/// @param degrees of freedom of that estimate: of a normal variance with clusters as heavy in the tails as these
/// (2 C / (kurtosis - 1), at most C - 1). Where every value is a cluster of its own, of as many as are left when
/// the effect is taken off; there they are infinite unless the effect exceeds 1 by more than its standard error,
/// because what is independent has a variance that is known
record DesignEffect(double factor, double degrees) {
    private static final DesignEffect NONE = new DesignEffect(1, Double.POSITIVE_INFINITY);

    /// @param sums of each cluster's values less their mean, in the order of time
    /// @param count values in all clusters together
    /// @param variance of one value
    static DesignEffect of(double[] sums, long count, double variance) {
        if (sums.length < 2) {
            return count < 2 ? NONE : new DesignEffect(1, 0);
        }
        boolean alone = sums.length == count;
        if (!(variance > 0)) {
            // Nothing tells how much the values of a cluster depend on each other: they may all be one.
            return alone ? NONE : new DesignEffect((double) count / sums.length, sums.length - 1);
        }
        double factor = Math.max(1, sums.length * longRunVariance(sums, alone) / (count * variance));
        double degrees = degrees(sums);
        if (!alone) {
            return new DesignEffect(factor, degrees);
        }
        boolean dependent = factor - 1 > Math.sqrt(2 / degrees);
        return new DesignEffect(factor, dependent ? Math.max(1, degrees / factor) : Double.POSITIVE_INFINITY);
    }

    private static double degrees(double[] sums) {
        double squares = 0;
        double fourths = 0;
        for (double sum : sums) {
            squares += sum * sum;
            fourths += sum * sum * sum * sum;
        }
        double size = sums.length;
        double kurtosis = size * fourths / (squares * squares);
        return Math.clamp(2 * size / Math.max(kurtosis - 1, 1e-9), 1, size - 1);
    }

    private static double longRunVariance(double[] series, boolean withoutExcess) {
        int size = series.length;
        double mean = 0;
        for (double value : series) {
            mean += value / size;
        }
        double[] centred = new double[size];
        for (int i = 0; i < size; i++) {
            centred[i] = series[i] - mean;
        }
        double alone = covariance(centred, 0);
        double sum = 0;
        double before = Double.POSITIVE_INFINITY;
        for (int lag = 0; lag + 1 < size / 2; lag += 2) {
            double pair = covariance(centred, lag) + covariance(centred, lag + 1);
            if (pair <= (lag == 0 ? 0 : alone * Math.sqrt(0.5 / size))) {
                break;
            }
            before = Math.min(pair, before);
            sum += 2 * before;
        }
        // A mean was taken from them, so they vary by less than what they come from.
        double excess = withoutExcess ? alone * excess(size) : 0;
        return Math.max(sum - alone - excess, 0) * size / (size - 1.0);
    }

    /// By how much the initial sequence exceeds the variance of independent values on average, as a part of it: of
    /// the pairs it adds those that chance made great and leaves out the others. Found by drawing, for 50 to 4,000
    /// normal values and indicators of 50 and 90 % (docs/statistics.md).
    private static double excess(int size) {
        return Math.max(0, 1.3 / Math.sqrt(size) - 5.0 / size);
    }

    private static double covariance(double[] centred, int lag) {
        double sum = 0;
        for (int i = lag; i < centred.length; i++) {
            sum += centred[i - lag] * centred[i];
        }
        return sum / centred.length;
    }
}
