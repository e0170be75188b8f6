package dev.latencylens.cli;

import dev.latencylens.stats.Comparison;
import dev.latencylens.stats.Interval;
import dev.latencylens.stats.Metric;
import dev.latencylens.stats.Percentile;
import dev.latencylens.stats.Sample;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// One side of a comparison: a run, or several of the same design.
///
/// @param name a letter, or the value of a label
record ComparedSide(String name, List<RunSamples> runs) {
    ComparedSide {
        runs = List.copyOf(runs);
    }

    /// A percentile and where it truly lies.
    record Figure(double value, Interval interval) {}

    boolean isRepeated() {
        return runs.size() > 1;
    }

    /// Absent where a run has fewer values than the percentile's floor.
    Optional<Figure> figure(Metric metric, Percentile percentile, double confidence) {
        if (!isRepeated()) {
            return runs.getFirst()
                    .sample(metric)
                    .estimate(percentile)
                    .map(estimate -> new Figure(estimate.value(), estimate.interval(confidence)));
        }
        return values(metric, percentile)
                .map(values ->
                        new Figure(Arrays.stream(values).average().orElse(0), Comparison.ofMean(values, confidence)));
    }

    /// Each run's, in the order of the runs.
    Optional<double[]> values(Metric metric, Percentile percentile) {
        boolean all = samples(metric).stream()
                .allMatch(sample -> sample.percentile(percentile).isPresent());
        return all
                ? Optional.of(samples(metric).stream()
                        .mapToDouble(sample -> sample.percentile(percentile).getAsLong())
                        .toArray())
                : Optional.empty();
    }

    List<Sample> samples(Metric metric) {
        return runs.stream().map(run -> run.sample(metric)).toList();
    }

    long fewest(Metric metric) {
        return samples(metric).stream().mapToLong(Sample::count).min().orElse(0);
    }
}
