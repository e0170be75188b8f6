package dev.latencylens.stats;

import java.util.Arrays;

/// How far a quantity of B is from that of A, how sure that is, and what could have been seen at all.
///
/// @param a in nanoseconds; of several runs the mean
/// @param difference where B - A lies
/// @param ratio B / A; of several runs that of the geometric means; not a number where a value is not positive
/// @param ratioInterval where it lies
/// @param pValue of there being no difference
/// @param detectable the smallest change, as a share of A, that would be found four times in five: the minimum
/// detectable effect; infinite where none is
/// @param units requests or runs on each side, the fewer
/// @param ofRuns whether the units are runs
public record Comparison(
        double a,
        double b,
        Interval difference,
        double ratio,
        Interval ratioInterval,
        double pValue,
        double detectable,
        int units,
        boolean ofRuns) {
    /// Of finding a difference that is as large as is promised.
    public static final double POWER = 0.8;

    /// Beyond this nobody asks for the exact probability.
    private static final double MOST_Z = 9;

    private static final int HALVINGS = 16;

    /// Compares one run with one other.
    ///
    /// The intervals are those of both percentiles joined by MOVER (Zou and Donner 2008, Statistics in Medicine
    /// 27):
    /// `b - a - sqrt((b - low_b)^2 + (high_a - a)^2)` and so on; for ratios on the logarithms. The p-value is one
    /// less the largest confidence at which the interval leaves out what no difference is, so that the two never
    /// disagree.
    ///
    /// @param alpha at which the comparison is made, after any correction, for what is detectable
    public static Comparison of(PercentileEstimate a, PercentileEstimate b, double confidence, double alpha) {
        Known ofA = Known.of(a, confidence);
        Known ofB = Known.of(b, confidence);
        boolean logs = ofA.isPositive() && ofB.isPositive();
        return new Comparison(
                ofA.value,
                ofB.value,
                ofB.less(ofA),
                logs ? ofB.value / ofA.value : Double.NaN,
                logs ? exp(ofB.log().less(ofA.log())) : Interval.UNBOUNDED,
                pValue(a, b),
                detectable(a, b, alpha),
                Math.min(a.requests(), b.requests()),
                false);
    }

    /// Compares sides of several runs by what varies between runs, which no single run can know: Student's t, of
    /// the logarithms for ratio, p-value and what is detectable.
    ///
    /// @param paired whether the runs of both sides took turns, so that what drifts meanwhile is in both alike
    public static Comparison ofRuns(double[] a, double[] b, boolean paired, double confidence, double alpha) {
        double meanA = Arrays.stream(a).average().orElseThrow();
        double meanB = Arrays.stream(b).average().orElseThrow();
        boolean logs = Arrays.stream(a).allMatch(value -> value > 0)
                && Arrays.stream(b).allMatch(value -> value > 0);
        Runs plain = Runs.of(a, b, paired);
        Runs tested = logs ? Runs.of(logs(a), logs(b), paired) : plain;
        return new Comparison(
                meanA,
                meanB,
                plain.interval(confidence),
                logs ? Math.exp(tested.difference) : Double.NaN,
                logs ? exp(tested.interval(confidence)) : Interval.UNBOUNDED,
                tested.pValue(),
                logs ? Math.expm1(tested.detectable(alpha)) : Double.POSITIVE_INFINITY,
                Math.min(a.length, b.length),
                true);
    }

    /// Where the mean of what runs come to lies, by Student's t.
    public static Interval ofMean(double[] runs, double confidence) {
        double mean = Arrays.stream(runs).average().orElseThrow();
        if (runs.length < 2) {
            return Interval.UNBOUNDED;
        }
        double half = Math.sqrt(Runs.variance(runs) / runs.length)
                * Probability.studentQuantile(1 - confidence, runs.length - 1.0);
        return new Interval(mean - half, mean + half);
    }

    /// How many more requests or runs on each side would show a change of this share; 0 where there are enough,
    /// and [Long#MAX_VALUE] where that cannot be told from so few.
    public long more(double share) {
        if (detectable <= share) {
            return 0;
        }
        if (!Double.isFinite(detectable)) {
            return Long.MAX_VALUE;
        }
        double times = Math.log1p(detectable) / Math.log1p(share);
        return (long) Math.ceil(units * (times * times - 1));
    }

    private static double pValue(PercentileEstimate a, PercentileEstimate b) {
        PercentileEstimate less = a.value() < b.value() ? a : b;
        PercentileEstimate greater = a.value() < b.value() ? b : a;
        double low = 0;
        double high = MOST_Z;
        double smaller = less.value();
        double larger = greater.value();
        for (int i = 0; i < HALVINGS; i++) {
            double z = (low + high) / 2;
            double confidence = 1 - Probability.normalTails(z);
            if (isApart(smaller, less.high(confidence), greater.low(confidence), larger)) {
                low = z;
            } else {
                high = z;
            }
        }
        return low == 0 ? 1 : Probability.normalTails(low);
    }

    /// Whether the interval of the difference leaves out that there is none; of the logarithms where there are.
    private static boolean isApart(double less, double highOfLess, double lowOfGreater, double greater) {
        if (less > 0 && lowOfGreater > 0) {
            double uncertain = Math.hypot(Math.log(greater / lowOfGreater), Math.log(highOfLess / less));
            return Math.log(greater / less) > uncertain;
        }
        return greater - less > Math.hypot(greater - lowOfGreater, highOfLess - less);
    }

    /// Half of the interval at the level of the test, and of a standard error as much as the power asks for.
    private static double detectable(PercentileEstimate a, PercentileEstimate b, double alpha) {
        Known ofA = Known.of(a, 1 - alpha);
        Known ofB = Known.of(b, 1 - alpha);
        if (!(ofA.isPositive() && ofB.isPositive())) {
            return Double.POSITIVE_INFINITY;
        }
        Interval difference = ofB.log().less(ofA.log());
        double half = (difference.high() - difference.low()) / 2;
        double error = half / Probability.normalQuantile(1 - alpha / 2);
        return Math.expm1(half + Probability.normalQuantile(POWER) * error);
    }

    /// A value and where it truly lies.
    private record Known(double value, Interval interval) {
        static Known of(PercentileEstimate estimate, double confidence) {
            return new Known(estimate.value(), estimate.interval(confidence));
        }

        boolean isPositive() {
            return interval.low() > 0;
        }

        Known log() {
            return new Known(Math.log(value), new Interval(Math.log(interval.low()), Math.log(interval.high())));
        }

        /// Where this less the other lies, by MOVER.
        Interval less(Known other) {
            double difference = value - other.value;
            double below = Math.hypot(value - interval.low(), other.interval.high() - other.value);
            double above = Math.hypot(interval.high() - value, other.value - other.interval.low());
            return new Interval(difference - below, difference + above);
        }
    }

    private static Interval exp(Interval interval) {
        return new Interval(Math.exp(interval.low()), Math.exp(interval.high()));
    }

    private static double[] logs(double[] values) {
        return Arrays.stream(values).map(Math::log).toArray();
    }

    /// A difference of means between runs.
    ///
    /// @param error its standard error
    private record Runs(double difference, double error, double degrees) {
        /// Unpaired with the variance of each side its own (Welch 1947, Biometrika 34).
        static Runs of(double[] a, double[] b, boolean paired) {
            if (paired) {
                double[] differences = new double[a.length];
                Arrays.setAll(differences, i -> b[i] - a[i]);
                double error = Math.sqrt(variance(differences) / a.length);
                return new Runs(Arrays.stream(differences).average().orElse(0), error, a.length - 1.0);
            }
            double ofA = variance(a) / a.length;
            double ofB = variance(b) / b.length;
            double degrees = ofA + ofB == 0
                    ? a.length + b.length - 2.0
                    : (ofA + ofB) * (ofA + ofB) / (ofA * ofA / (a.length - 1) + ofB * ofB / (b.length - 1));
            double difference = Arrays.stream(b).average().orElse(0)
                    - Arrays.stream(a).average().orElse(0);
            return new Runs(difference, Math.sqrt(ofA + ofB), degrees);
        }

        Interval interval(double confidence) {
            double half = error * Probability.studentQuantile(1 - confidence, degrees);
            return new Interval(difference - half, difference + half);
        }

        double pValue() {
            return error == 0 ? (difference == 0 ? 1 : 0) : Probability.studentTails(difference / error, degrees);
        }

        double detectable(double alpha) {
            return error
                    * (Probability.studentQuantile(alpha, degrees)
                            + Probability.studentQuantile(2 * (1 - POWER), degrees));
        }

        private static double variance(double[] values) {
            double mean = Arrays.stream(values).average().orElse(0);
            return Arrays.stream(values)
                            .map(value -> (value - mean) * (value - mean))
                            .sum()
                    / (values.length - 1);
        }
    }
}
