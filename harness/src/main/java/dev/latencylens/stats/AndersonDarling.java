package dev.latencylens.stats;

import java.util.Arrays;

/// How well a sample fits a distribution that is fully known beforehand (T. W. Anderson and D. A. Darling, A Test
/// of Goodness of Fit, JASA 49, 1954). It weighs both tails, where bursts and pauses show.
///
/// @param count the size of the sample
/// @param statistic A squared
/// @param pValue how often a sample that does come from the distribution has a statistic as large
public record AndersonDarling(int count, double statistic, double pValue) {
    /// Keeps a value that cannot be, such as a gap of 0, from making the statistic infinite.
    private static final double LEAST_SHARE = 1e-16;

    /// @param shares of each sample, the share of the distribution that lies below it: alike everywhere between 0
    /// and 1 if it fits
    public static AndersonDarling of(double[] shares) {
        double[] sorted = shares.clone();
        Arrays.sort(sorted);
        int n = sorted.length;
        if (n == 0) {
            throw new IllegalArgumentException("a test needs a sample");
        }
        double sum = 0;
        for (int i = 0; i < n; i++) {
            double below = Math.clamp(sorted[i], LEAST_SHARE, 1 - LEAST_SHARE);
            double above = Math.clamp(1 - sorted[n - 1 - i], LEAST_SHARE, 1);
            sum += (2 * i + 1) * (Math.log(below) + Math.log(above));
        }
        double statistic = -n - sum / n;
        return new AndersonDarling(n, statistic, 1 - distribution(n, statistic));
    }

    /// The statistic's distribution function: G. and J. Marsaglia, Evaluating the Anderson-Darling Distribution,
    /// Journal of Statistical Software 9 (2004). Good for levels from 0.001 on; below, only the limit for large
    /// samples is.
    static double distribution(int n, double z) {
        double x = limit(z);
        return Math.clamp(x + correction(n, x), 0, 1);
    }

    private static double limit(double z) {
        if (z <= 0) {
            return 0;
        }
        if (z < 2) {
            return Math.exp(-1.2337141 / z)
                    / Math.sqrt(z)
                    * polynomial(z, 2.00012, .247105, -.0649821, .0347962, -.011672, .00168691);
        }
        return Math.exp(-Math.exp(polynomial(z, 1.0776, -2.30695, .43424, -.082433, .008056, -.0003146)));
    }

    private static double correction(int n, double x) {
        if (x > 0.8) {
            return polynomial(x, -130.2137, 745.2337, -1705.091, 1950.646, -1116.360, 255.7844) / n;
        }
        double c = 0.01265 + 0.1757 / n;
        if (x < c) {
            double v = x / c;
            double shape = Math.sqrt(v) * (1 - v) * (49 * v - 102);
            return shape * (0.0037 / ((double) n * n) + 0.00078 / n + 0.00006) / n;
        }
        double v = (x - c) / (0.8 - c);
        double shape = polynomial(v, -0.00022633, 6.54034, -14.6538, 14.458, -8.259, 1.91864);
        return shape * (0.04213 + 0.01365 / n) / n;
    }

    /// The constant first.
    private static double polynomial(double x, double... coefficients) {
        double value = 0;
        for (int i = coefficients.length - 1; i >= 0; i--) {
            value = value * x + coefficients[i];
        }
        return value;
    }
}
