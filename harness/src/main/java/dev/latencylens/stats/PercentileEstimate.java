package dev.latencylens.stats;

/// A percentile of a [Sample], and how sure it is.
///
/// Its interval is that of fractional order statistics (Hutson 1999, Journal of Applied Statistics 26): its ends
/// are the values at the ranks (n' + 1) u, between two of them by a straight line, for the u with `I_p((n' + 1) u,
/// (n' + 1)
/// (1 - u)) = 1 - tail` and `= tail`. There n' is not the number of values but that of independent ones that would
/// tell as much: n over the [DesignEffect] of lying at or below the percentile, as Korn and Graubard (1998, Survey
/// Methodology 24) have it for proportions of clustered values; and, as they do, times (z/t)^2 where that effect
/// is itself uncertain, because clusters are few or uneven or few values lie beyond.
public final class PercentileEstimate {
    /// Of where an end may lie, a few standard errors wide: less than a millionth of them is left.
    private static final int HALVINGS = 24;

    private final Sample sample;
    private final double p;
    private final long value;
    private final DesignEffect effect;

    PercentileEstimate(Sample sample, Percentile percentile, DesignEffect effect) {
        this.sample = sample;
        this.p = percentile.percent() / 100;
        this.value = sample.valueAt(percentile);
        this.effect = effect;
    }

    /// By nearest rank.
    public long value() {
        return value;
    }

    public int requests() {
        return sample.requests();
    }

    /// By how much dependence between the values widens the interval's variance; 1 where there is none.
    public double designEffect() {
        return effect.factor();
    }

    /// Where the true percentile lies with this confidence; without an end where there are too few values beyond.
    public Interval interval(double confidence) {
        return new Interval(low(confidence), high(confidence));
    }

    double low(double confidence) {
        return end((1 + confidence) / 2, confidence, Double.NEGATIVE_INFINITY);
    }

    double high(double confidence) {
        return end((1 - confidence) / 2, confidence, Double.POSITIVE_INFINITY);
    }

    private double end(double level, double confidence, double unbounded) {
        double independent = sample.count() / effect.factor() * certainty(confidence);
        return at(fraction(independent, level), independent, unbounded);
    }

    /// What is left of the number of values when the uncertainty of their effect is taken off.
    private double certainty(double confidence) {
        double degrees = effect.degrees();
        if (degrees == 0 || Double.isInfinite(degrees)) {
            return degrees == 0 ? 0 : 1;
        }
        double ratio =
                Probability.normalQuantile((1 + confidence) / 2) / Probability.studentQuantile(1 - confidence, degrees);
        return ratio * ratio;
    }

    /// @param independent as many values this tells as much as; one of them must lie at either end
    private double at(double fraction, double independent, double unbounded) {
        double ofIndependent = (independent + 1) * fraction;
        if (!(ofIndependent >= 1 && ofIndependent <= independent)) {
            return unbounded;
        }
        long[] sorted = sample.sorted();
        double rank = Math.clamp((sorted.length + 1) * fraction, 1, sorted.length);
        int whole = (int) rank;
        long below = sorted[whole - 1];
        return whole == sorted.length ? below : below + (rank - whole) * (sorted[whole] - below);
    }

    /// The u for which I_p has this level. It falls in u, so halving finds it, near where a normal variable has
    /// it.
    private double fraction(double independent, double level) {
        double size = independent + 1;
        double z = Probability.normalQuantile(level);
        double sd = Math.sqrt(p * (1 - p) / size);
        double slack = sd / 2 + (1 + z * z) / size;
        double low = Math.max(0, p - z * sd - slack);
        double high = Math.min(1, p - z * sd + slack);
        if (Probability.beta(p, size * low, size * (1 - low)) < level) {
            low = 0;
        }
        if (Probability.beta(p, size * high, size * (1 - high)) > level) {
            high = 1;
        }
        for (int i = 0; i < HALVINGS; i++) {
            double middle = (low + high) / 2;
            if (Probability.beta(p, size * middle, size * (1 - middle)) > level) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return (low + high) / 2;
    }
}
