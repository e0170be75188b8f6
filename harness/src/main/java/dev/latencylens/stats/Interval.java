package dev.latencylens.stats;

/// Where a true value lies, with the confidence that was asked for.
///
/// @param low minus infinity where there were too few samples to bound it
/// @param high infinity likewise
public record Interval(double low, double high) {
    static final Interval UNBOUNDED = new Interval(Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY);

    public boolean isBounded() {
        return Double.isFinite(low) && Double.isFinite(high);
    }

    public boolean contains(double value) {
        return low <= value && value <= high;
    }
}
