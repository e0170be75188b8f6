package dev.latencylens.cli;

import dev.latencylens.exchange.Moment;
import dev.latencylens.stats.Interval;
import dev.latencylens.stats.Metric;
import dev.latencylens.stats.Percentile;
import dev.latencylens.stats.PercentileEstimate;
import dev.latencylens.stats.Sample;
import dev.latencylens.stats.Summary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;

/// How sure a run's percentiles are, and how many of its requests were good: from `exchanges.jsonl`, when the load
/// has ended, because what belongs to one request is together only there.
///
/// @param remark why there is nothing else; empty where there is
/// @param estimates of the metrics that say something of the provider, those below their floor left out
/// @param withFailures percentiles that take a request that failed for infinitely slow; empty where none did
/// @param steady where the run became steady; null where too few requests tell of it
record RunStatistics(
        String remark,
        double confidence,
        Map<Metric, Map<Percentile, PercentileEstimate>> estimates,
        Map<Metric, Map<Percentile, Double>> withFailures,
        @Nullable Goodput goodput,
        @Nullable SteadyPart steady) {
    static final List<Percentile> PERCENTILES = List.of(Percentile.P50, Percentile.P90, Percentile.P99);

    private static final List<Metric> METRICS = List.of(
            Metric.TTFT,
            Metric.TPOT,
            Metric.ICL,
            Metric.ITL,
            Metric.E2E,
            Metric.TTFT_FROM_INTENDED,
            Metric.E2E_FROM_INTENDED);

    /// A larger file takes seconds to read again, and more memory than a run is to need: about 1.5 million chunks.
    private static final long MOST_BYTES = 64L << 20;

    /// @param dependence by how much less the requests tell of being good than as many independent ones
    /// @param goodEnded requests, warm-up included, that met all objectives and ended in the time that rates refer
    /// to
    /// @param windowNs that time
    record Goodput(Objectives objectives, long good, long measured, double dependence, long goodEnded, long windowNs) {
        double fraction() {
            return measured == 0 ? 0 : (double) good / measured;
        }

        OptionalDouble perSecond() {
            return windowNs <= 0 ? OptionalDouble.empty() : OptionalDouble.of(goodEnded / (windowNs / 1e9));
        }
    }

    static RunStatistics none(String remark) {
        return new RunStatistics(remark, 0, Map.of(), Map.of(), null, null);
    }

    /// @param shown the metrics of the report, of which intervals are told
    /// @param rates the time that rates refer to
    /// @param startNs what the file's instants count from
    /// @param steady what [#steady] says, null for nothing
    static RunStatistics of(
            Path folder,
            List<Metric> shown,
            double confidence,
            Objectives objectives,
            Optional<Summary.Rates> rates,
            long startNs,
            @Nullable SteadyPart steady) {
        String tooMuch = objectives.areAsked() || (steady != null && steady.cut()) ? "" : tooMuch(folder);
        if (!tooMuch.isEmpty()) {
            return none(tooMuch);
        }
        List<Metric> metrics = METRICS.stream().filter(shown::contains).toList();
        long cutAtNs = steady != null && steady.cut() ? steady.fromAtNs() : SteadyPart.NOTHING;
        RunSamples run = RunSamples.read(folder, metrics, cutAtNs);
        var estimates = new LinkedHashMap<Metric, Map<Percentile, PercentileEstimate>>();
        var withFailures = new LinkedHashMap<Metric, Map<Percentile, Double>>();
        for (Metric metric : metrics) {
            Sample sample = run.sample(metric);
            var ofMetric = new LinkedHashMap<Percentile, PercentileEstimate>();
            PERCENTILES.forEach(percentile ->
                    sample.estimate(percentile).ifPresent(estimate -> ofMetric.put(percentile, estimate)));
            if (!ofMetric.isEmpty()) {
                estimates.put(metric, ofMetric);
            }
            if (run.failed() > 0 && sample.count() == run.answered()) {
                withFailures.put(metric, withFailures(sample, run.answered() + run.failed()));
            }
        }
        return new RunStatistics(
                "", confidence, estimates, withFailures, goodput(folder, objectives, rates, startNs, cutAtNs), steady);
    }

    /// Where a run became steady, of a run that is asked to measure that part alone with the decision to cut; null
    /// where too few requests tell of it, or too many. What a recovery has cut before is looked at anew.
    static @Nullable SteadyPart steady(Path folder, boolean steadyOnly) {
        if (!steadyOnly && !tooMuch(folder).isEmpty()) {
            return null;
        }
        SteadyPart part = SteadyPart.of(folder, SteadyPart.NOTHING);
        return part != null && steadyOnly ? part.cutOff() : part;
    }

    /// Why the exchanges are not read again; empty where they are.
    private static String tooMuch(Path folder) {
        try {
            long bytes = Files.size(folder.resolve(RunDirectory.EXCHANGES));
            return bytes <= MOST_BYTES
                    ? ""
                    : "exchanges.jsonl has " + Figures.count(bytes >> 20) + " MiB, more than is read again at a run's"
                            + " end; lens compare tells them";
        } catch (IOException e) {
            return "exchanges.jsonl cannot be read: " + CommandFailure.reason(e);
        }
    }

    private static Map<Percentile, Double> withFailures(Sample sample, long ended) {
        var percentiles = new LinkedHashMap<Percentile, Double>();
        for (Percentile percentile : PERCENTILES) {
            if (ended >= percentile.floor()) {
                percentiles.put(percentile, sample.atRank(percentile.rank(ended)));
            }
        }
        return percentiles;
    }

    private static @Nullable Goodput goodput(
            Path folder, Objectives objectives, Optional<Summary.Rates> rates, long startNs, long cutAtNs) {
        if (!objectives.areAsked()) {
            return null;
        }
        long[] counts = new long[3];
        var started = new ArrayList<Judged>();
        RunSamples.exchanges(folder, cutAtNs, exchange -> {
            boolean good = objectives.areMetBy(exchange);
            if (!exchange.isWarmup()) {
                counts[0] += good ? 1 : 0;
                counts[1] += exchange.isRetry() ? 0 : 1;
                started.add(new Judged(
                        exchange.atNs(Moment.STARTED),
                        exchange.conversation(),
                        good,
                        objectives.limits().stream()
                                .map(limit -> exchange.values(limit.metric()))
                                .toArray(long[][]::new)));
            }
            long endedAtNs = startNs + exchange.atNs(Moment.RESPONSE_END);
            boolean inTime = rates.filter(time -> time.holds(endedAtNs)).isPresent();
            counts[2] += good && inTime ? 1 : 0;
        });
        started.sort(Comparator.comparingLong(Judged::startedAtNs));
        return new Goodput(
                objectives,
                counts[0],
                counts[1],
                dependence(objectives, started),
                counts[2],
                rates.map(Summary.Rates::durationNs).orElse(0L));
    }

    /// What is judged of one request.
    ///
    /// @param values of each objective's metric, none where it has none
    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Judged(long startedAtNs, long conversation, boolean good, long[][] values) {}

    /// That of being good, or of one of the metrics that decide on it, whichever is most.
    private static double dependence(Objectives objectives, List<Judged> inOrder) {
        long[] conversations = inOrder.stream().mapToLong(Judged::conversation).toArray();
        double most = Sample.ofTurns(
                        inOrder.stream()
                                .map(judged -> new long[] {judged.good ? 1 : 0})
                                .toList(),
                        conversations)
                .dependence();
        for (int i = 0; i < objectives.limits().size(); i++) {
            int limit = i;
            List<long[]> values =
                    inOrder.stream().map(judged -> judged.values[limit]).toList();
            most = Math.max(most, Sample.ofTurns(values, conversations).dependence());
        }
        return most;
    }

    /// The members `intervals`, `withFailures`, `goodput` and `steady` of the summary.
    void write(JsonGenerator json) {
        json.writeObjectPropertyStart("intervals");
        if (!remark.isEmpty()) {
            json.writeStringProperty("absentBecause", remark);
        } else {
            json.writeNumberProperty("confidence", confidence);
        }
        json.writeObjectPropertyStart("metrics");
        estimates.forEach((metric, percentiles) -> {
            json.writeObjectPropertyStart(metric.label());
            percentiles.forEach((percentile, estimate) -> {
                Interval interval = estimate.interval(confidence);
                json.writeObjectPropertyStart(percentile.label());
                end(json, "low", interval.low());
                end(json, "high", interval.high());
                json.writeNumberProperty("designEffect", Math.round(estimate.designEffect() * 1_000) / 1_000.0);
                json.writeEndObject();
            });
            json.writeEndObject();
        });
        json.writeEndObject();
        json.writeEndObject();
        if (!withFailures.isEmpty()) {
            json.writeObjectPropertyStart("withFailures");
            withFailures.forEach((metric, percentiles) -> {
                json.writeObjectPropertyStart(metric.label());
                percentiles.forEach((percentile, value) -> end(json, percentile.label(), value));
                json.writeEndObject();
            });
            json.writeEndObject();
        }
        if (goodput != null) {
            goodput(json, goodput);
        }
        if (steady != null) {
            steady.write(json);
        }
    }

    private static void goodput(JsonGenerator json, Goodput goodput) {
        json.writeObjectPropertyStart("goodput");
        goodput.objectives.write(json);
        json.writeNumberProperty("good", goodput.good);
        json.writeNumberProperty("measured", goodput.measured);
        json.writeNumberProperty("good_fraction", goodput.fraction());
        goodput.perSecond().ifPresent(rate -> json.writeNumberProperty("goodput", rate));
        json.writeNumberProperty("dependence", Math.round(goodput.dependence * 1_000) / 1_000.0);
        json.writeEndObject();
    }

    private static void end(JsonGenerator json, String name, double value) {
        if (Double.isFinite(value)) {
            json.writeNumberProperty(name, Math.round(value));
        } else {
            json.writeNullProperty(name);
        }
    }
}
