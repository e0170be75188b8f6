package dev.latencylens.stats;

/// How many of so many, and what that tells of the proportion that they were drawn from.
///
/// The bounds are those of Clopper and Pearson (1934), one-sided: the smallest, and the largest, true proportion
/// under which so many, or so few, are not rarer than one in 1 / (1 - confidence). They hold for every number of
/// draws.
public record Proportion(long good, long of) {
    /// Halvings of the unit interval: a double has no more.
    private static final int STEPS = 60;

    public Proportion {
        if (good < 0 || good > of) {
            throw new IllegalArgumentException("expected 0 to " + of + ", was " + good);
        }
    }

    public Proportion and(Proportion other) {
        return new Proportion(good + other.good, of + other.of);
    }

    /// Not a number where there is nothing.
    public double share() {
        return (double) good / of;
    }

    /// The true proportion is at least this, with that confidence.
    public double atLeast(double confidence) {
        return atLeast((double) good, (double) of, confidence);
    }

    /// The true proportion is at most this, with that confidence.
    public double atMost(double confidence) {
        return atMost((double) good, (double) of, confidence);
    }

    /// The same for draws that depend on each other and tell as much as `of` independent ones (Korn and Graubard
    /// 1998, Survey Methodology 24).
    public static double atLeast(double good, double of, double confidence) {
        return good <= 0 ? 0 : solve(1 - confidence, good, of - good + 1);
    }

    public static double atMost(double good, double of, double confidence) {
        return good >= of ? 1 : solve(confidence, good + 1, of - good);
    }

    /// The quantile of a beta distribution.
    private static double solve(double probability, double a, double b) {
        double low = 0;
        double high = 1;
        for (int i = 0; i < STEPS; i++) {
            double middle = (low + high) / 2;
            if (Probability.beta(middle, a, b) < probability) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return (low + high) / 2;
    }
}
