package dev.latencylens.cli;

import dev.latencylens.stats.Distribution;
import dev.latencylens.stats.Percentile;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/// A distribution as a calibration keeps it, in nanoseconds.
///
/// @param percentiles by label; those below their floor are absent
/// @param p99LimitNs what the p99 is no more than, with 95 % confidence; the largest where there are too few for
/// it
/// @param min 0 where nothing was seen, as `max`
record Spread(long count, Map<String, Long> percentiles, long p99LimitNs, long min, long max) {
    static final List<Percentile> PERCENTILES =
            List.of(Percentile.P50, Percentile.P90, Percentile.P99, Percentile.P99_9);

    Spread {
        percentiles = Collections.unmodifiableMap(new LinkedHashMap<>(percentiles));
    }

    static Spread of(Distribution distribution) {
        var percentiles = new LinkedHashMap<String, Long>();
        for (Percentile percentile : PERCENTILES) {
            distribution.percentile(percentile).ifPresent(value -> percentiles.put(percentile.label(), value));
        }
        return new Spread(
                distribution.count(),
                percentiles,
                distribution.upperLimit(Percentile.P99).orElse(0),
                distribution.min().orElse(0),
                distribution.max().orElse(0));
    }

    /// Whether it can be what was seen: an error may be negative, a count may not, and nothing lies beyond the
    /// ends.
    boolean isPossible() {
        return count >= 0
                && isWithin(p99LimitNs)
                && percentiles.values().stream().allMatch(this::isWithin);
    }

    private boolean isWithin(long value) {
        return min <= value && value <= max;
    }

    OptionalLong percentile(Percentile percentile) {
        Long value = percentiles.get(percentile.label());
        return value == null ? OptionalLong.empty() : OptionalLong.of(value);
    }

    boolean tellsP99() {
        return percentiles.containsKey(Percentile.P99.label());
    }

    /// How far off one value is: the upper limit of the p99, either way, or the largest that was seen where there
    /// are too few for a p99.
    long boundNs() {
        return Math.max(p99LimitNs, -min);
    }
}
