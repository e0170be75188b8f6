package dev.latencylens.audit;

import dev.latencylens.stats.Metric;
import dev.latencylens.stats.Percentile;
import dev.latencylens.stats.SteadyState;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What a verdict needs to know beside a run's own figures.
///
/// @param sharedProcess whether the provider ran in this same process, so that a pause of the one is a pause of
/// the other
/// @param clockSource what CLOCK_MONOTONIC reads, empty where the system does not tell
/// @param metrics what the report shows
/// @param asked percentiles that were explicitly asked for
/// @param tallies further counts to compare
/// @param hotPathChanges when the code that stamps arrivals was compiled or given up while it measured, as far as
/// a recording tells
/// @param lostBytes what the Flight Recorder says that it lost, 0 without a recording
/// @param steady from which request on `ttft` kept its level; null where that is not known
public record Circumstances(
        boolean sharedProcess,
        String clockSource,
        List<Metric> metrics,
        List<Percentile> asked,
        List<Tally> tallies,
        List<Evidence.Stall> hotPathChanges,
        long lostBytes,
        @Nullable SteadyState steady) {
    public Circumstances {
        metrics = List.copyOf(metrics);
        asked = List.copyOf(asked);
        tallies = List.copyOf(tallies);
        hotPathChanges = List.copyOf(hotPathChanges);
    }
}
