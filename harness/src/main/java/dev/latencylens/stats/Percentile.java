package dev.latencylens.stats;

import java.util.List;
import java.util.Locale;

/// A percentile by the nearest-rank definition: a value that was really seen, never one between two.
///
/// @param percent above 0 and below 100, with at most four decimals
public record Percentile(double percent) {
    public static final Percentile P50 = new Percentile(50);
    public static final Percentile P90 = new Percentile(90);
    public static final Percentile P95 = new Percentile(95);
    public static final Percentile P99 = new Percentile(99);
    public static final Percentile P99_9 = new Percentile(99.9);

    /// What a report shows unless asked otherwise.
    public static final List<Percentile> USUAL = List.of(P50, P90, P95, P99, P99_9);

    /// A percentile is in doubt as long as chance alone would put all but one of the samples below it this often.
    private static final double DOUBT = 0.01;
    /// Parts that ranks are counted in, so that 99.9 % of 1,000 is exactly 999.
    private static final int WHOLE = 1_000_000;

    public Percentile {
        if (!(percent > 0 && percent < 100) || Math.abs(percent * 10_000 - Math.rint(percent * 10_000)) > 1e-6) {
            throw new IllegalArgumentException(
                    "a percentile must be above 0 and below 100 with at most four decimals, was " + percent);
        }
    }

    /// Reads `99.9` or `p99.9`.
    public static Percentile parse(String text) {
        String number = text.strip().toLowerCase(Locale.ROOT).replaceFirst("^p", "");
        if (!number.matches("\\d{1,2}(\\.\\d{1,4})?")) {
            throw new IllegalArgumentException("bad percentile '" + text + "'; give for example 99 or 99.9");
        }
        return new Percentile(Double.parseDouble(number));
    }

    /// For example `p99.9`.
    public String label() {
        return percent == Math.rint(percent) ? "p" + Math.round(percent) : "p" + percent;
    }

    /// Which of so many sorted samples it is, counted from 1.
    public long rank(long count) {
        return Math.max(1, Math.ceilDiv(count * parts(), WHOLE));
    }

    /// The fewest samples that it may be told from: p50 11, p90 64, p95 130, p99 662, p99.9 6,636, p99.99 66,381.
    ///
    /// That is the smallest n for which at most one of n samples beyond the true percentile has a probability of
    /// no more than 1 %: f^n + n (1 - f) f^(n-1) <= 0.01. It is the early stopping rule of MLPerf Inference with
    /// one
    /// sample discarded. For a percentile below the median the lower tail is meant.
    public long floor() {
        double inside = Math.max(parts(), WHOLE - parts()) / (double) WHOLE;
        long enough = 2;
        while (allButOneInside(inside, enough) > DOUBT) {
            enough *= 2;
        }
        long tooFew = enough / 2;
        while (enough - tooFew > 1) {
            long middle = (enough + tooFew) / 2;
            if (allButOneInside(inside, middle) > DOUBT) {
                tooFew = middle;
            } else {
                enough = middle;
            }
        }
        return enough;
    }

    private long parts() {
        return Math.round(percent * (WHOLE / 100));
    }

    private static double allButOneInside(double inside, long count) {
        return Math.pow(inside, count - 1.0) * (inside + count * (1 - inside));
    }
}
