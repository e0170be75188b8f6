package dev.latencylens.stats;

import java.util.Arrays;

/// One figure of several runs, each of which counts as one value however many requests it had.
///
/// @param sd standard deviation between runs, not a number for a single one
/// @param half half of the interval of the mean, by Student's t; infinite for a single run
public record RunSpread(int runs, double mean, double sd, double half) {
    public static RunSpread of(double[] values, double confidence) {
        if (values.length == 0) {
            throw new IllegalArgumentException("expected the figure of at least one run, was none");
        }
        double mean = Arrays.stream(values).sum() / values.length;
        if (values.length == 1) {
            return new RunSpread(1, mean, Double.NaN, Double.POSITIVE_INFINITY);
        }
        double squares = Arrays.stream(values)
                .map(value -> (value - mean) * (value - mean))
                .sum();
        double sd = Math.sqrt(squares / (values.length - 1));
        double t = Probability.studentQuantile(1 - confidence, values.length - 1.0);
        return new RunSpread(values.length, mean, sd, t * sd / Math.sqrt(values.length));
    }

    public Interval interval() {
        return new Interval(mean - half, mean + half);
    }
}
