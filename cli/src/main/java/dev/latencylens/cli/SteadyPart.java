package dev.latencylens.cli;

import dev.latencylens.audit.Caveat;
import dev.latencylens.exchange.Moment;
import dev.latencylens.stats.Metric;
import dev.latencylens.stats.Percentile;
import dev.latencylens.stats.Sample;
import dev.latencylens.stats.SteadyState;
import dev.latencylens.stats.Summary;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.JsonNode;

/// Where a run's steady state begins, by the time to first token, and what its figures are before and from there
/// on.
///
/// A latency belongs to the side on which its request started. A token belongs to the steady state where its chunk
/// arrived between the first and the last start in it, whoever asked for it and when, warm-up included: requests
/// that are under way at either edge count for as much as was sent of them there, and neither beginning nor ebb of
/// the load thins the rate out.
///
/// A run may be told to measure that part alone (`lens run --steady`): what started before is then in no figure,
/// as if it were warm-up, and `summary.steady.cut` of `run.json` says so to whoever reads `exchanges.jsonl`.
///
/// @param fromAtNs start of the first request of the steady state
/// @param before the figures of what would be cut, where there was a shift
/// @param outputTokensPerSecond of the steady state; absent where there was no shift
record SteadyPart(
        SteadyState steady,
        long fromAtNs,
        @Nullable Side before,
        @Nullable Side after,
        double outputTokensPerSecond,
        boolean cut) {
    /// Before every instant of a run.
    static final long NOTHING = Long.MIN_VALUE;

    private static final double PER_SECOND = 1e9;

    /// The figures of the requests that started on one side of the shift.
    record Side(long requests, Sample ttft, Sample e2e) {
        OptionalLong p50(Metric metric) {
            return (metric == Metric.TTFT ? ttft : e2e).percentile(Percentile.P50);
        }
    }

    /// Which of a run's exchanges started before its steady state, with all their attempts. Asked in the order of
    /// the file.
    static final class Cut {
        private final long fromAtNs;
        /// Of first attempts, which alone tell when a request started.
        private final Set<String> cutIds = new HashSet<>();

        /// @param fromAtNs counted as in the file; [#NOTHING] to cut nothing
        Cut(long fromAtNs) {
            this.fromAtNs = fromAtNs;
        }

        boolean covers(JsonNode exchange) {
            if (fromAtNs == NOTHING) {
                return false;
            }
            JsonNode first = exchange.get("retryOf");
            if (first != null) {
                return cutIds.contains(first.asString());
            }
            JsonNode startedAtNs = exchange.path(Moment.STARTED.label() + "AtNs");
            long atNs = startedAtNs.isNumber()
                    ? startedAtNs.asLong()
                    : exchange.path(Moment.INTENDED.label() + "AtNs").asLong();
            if (atNs >= fromAtNs) {
                return false;
            }
            cutIds.add(exchange.path("id").asString(""));
            return true;
        }
    }

    private record Request(long startedAtNs, long ttftNs, long[] e2eNs) {}

    /// What a finished run has cut; [#NOTHING] where it has not.
    static long cutAtNs(JsonNode run) {
        JsonNode steady = run.at("/summary/steady");
        return steady.path("cut").asBoolean(false) ? steady.path("fromAtNs").asLong() : NOTHING;
    }

    /// Of what the run has not cut; null where too few requests were answered to tell.
    static @Nullable SteadyPart of(Path folder) {
        return of(folder, cutAtNs(RunSamples.runFile(folder)));
    }

    /// @param cutAtNs what started before counts as warm-up, whatever the run has cut; [#NOTHING] for none
    static @Nullable SteadyPart of(Path folder, long cutAtNs) {
        var requests = new ArrayList<Request>();
        RunSamples.exchanges(folder, cutAtNs, exchange -> {
            if (!exchange.isWarmup() && exchange.isAnswered()) {
                for (long ttftNs : exchange.values(Metric.TTFT)) {
                    requests.add(new Request(exchange.atNs(Moment.STARTED), ttftNs, exchange.values(Metric.E2E)));
                }
            }
        });
        if (requests.size() < SteadyState.LEAST_REQUESTS) {
            return null;
        }
        requests.sort(Comparator.comparingLong(Request::startedAtNs));
        var steady = SteadyState.of(requests.stream().mapToLong(Request::ttftNs).toArray());
        long fromAtNs = requests.get(steady.from()).startedAtNs();
        if (steady.from() == 0) {
            return new SteadyPart(steady, fromAtNs, null, null, 0, false);
        }
        long toAtNs = requests.getLast().startedAtNs();
        return new SteadyPart(
                steady,
                fromAtNs,
                side(requests.subList(0, steady.from())),
                side(requests.subList(steady.from(), requests.size())),
                toAtNs == fromAtNs ? 0 : tokens(folder, fromAtNs, toAtNs) * PER_SECOND / (toAtNs - fromAtNs),
                false);
    }

    /// The same, where there is something to cut and a level to keep.
    SteadyPart cutOff() {
        boolean cuts = steady.isReached() && steady.from() > 0;
        return new SteadyPart(steady, fromAtNs, before, after, outputTokensPerSecond, cuts);
    }

    /// Of a run that was to measure its steady state alone: whether too few requests tell where that begins.
    static Optional<Caveat> doubt(Summary summary) {
        long answers = summary.of(Metric.TTFT).count();
        return answers > 0 && answers < SteadyState.LEAST_REQUESTS
                ? Optional.of(new Caveat.SteadyNotJudged(answers))
                : Optional.empty();
    }

    private static Side side(List<Request> requests) {
        return new Side(
                requests.size(),
                Sample.of(requests.stream().mapToLong(Request::ttftNs).toArray()),
                new Sample(requests.stream().map(Request::e2eNs).toList()));
    }

    /// What arrived from the one instant on and before the other; an answer's tokens are taken for evenly spread
    /// over its chunks.
    private static double tokens(Path folder, long fromAtNs, long toAtNs) {
        double[] tokens = new double[1];
        RunSamples.exchanges(folder, exchange -> {
            int within = 0;
            for (int i = 0; i < exchange.chunks(); i++) {
                long atNs = exchange.chunkAtNs(i);
                within += atNs - fromAtNs >= 0 && atNs - toAtNs < 0 ? 1 : 0;
            }
            tokens[0] += within == 0 ? 0 : (double) exchange.outputTokens() * within / exchange.chunks();
        });
        return tokens[0];
    }

    String text() {
        String looked = Figures.count(steady.requests()) + " requests' ttft in the order of their starts";
        String p = steady.pValue() < 1e-9 ? "p < 1e-9" : String.format(Locale.ROOT, "p = %.2g", steady.pValue());
        if (before == null || after == null) {
            return "from the first measured request on: no shift of 2 % or more in " + looked + " (" + p + ")";
        }
        return (steady.isReached()
                        ? "from request " + Figures.count(steady.from() + 1L) + " on: "
                        : "not reached, each level lasted for less than half of the run; the last from request "
                                + Figures.count(steady.from() + 1L) + " on: ")
                + "a shift in " + looked + " (" + p + "). p50 of the " + Figures.count(before.requests())
                + " before: " + both(before) + "; of the " + Figures.count(after.requests()) + " from there on: "
                + both(after) + ", output_tps " + Figures.rate(outputTokensPerSecond) + " until the last answered start"
                + (cut
                        ? ". What was before is cut: it is in no other figure"
                        : ". Nothing was cut: the table holds both"
                                + (steady.isReached() ? "; --steady leaves out what was before" : ""));
    }

    private static String both(Side side) {
        return "ttft " + median(side, Metric.TTFT) + ", e2e " + median(side, Metric.E2E);
    }

    private static String median(Side side, Metric metric) {
        OptionalLong ns = side.p50(metric);
        return ns.isPresent() ? Figures.millis(ns.getAsLong()) + " ms" : "n/a " + Percentile.P50.floor();
    }

    /// The member `steady` of the summary.
    void write(JsonGenerator json) {
        json.writeObjectPropertyStart("steady");
        json.writeNumberProperty("requests", steady.requests());
        json.writeNumberProperty("from", steady.from());
        json.writeNumberProperty("fromAtNs", fromAtNs);
        json.writeBooleanProperty("reached", steady.isReached());
        json.writeBooleanProperty("cut", cut);
        json.writeNumberProperty("pValue", steady.pValue());
        if (before != null && after != null) {
            write(json, "before", before);
            write(json, "after", after);
            json.writeNumberProperty("output_tps", outputTokensPerSecond);
        }
        json.writeEndObject();
    }

    private static void write(JsonGenerator json, String name, Side side) {
        json.writeObjectPropertyStart(name);
        json.writeNumberProperty("requests", side.requests());
        for (Metric metric : List.of(Metric.TTFT, Metric.E2E)) {
            Sample sample = metric == Metric.TTFT ? side.ttft() : side.e2e();
            json.writeObjectPropertyStart(metric.label());
            for (Percentile percentile : RunStatistics.PERCENTILES) {
                sample.percentile(percentile).ifPresent(ns -> json.writeNumberProperty(percentile.label(), ns));
            }
            json.writeEndObject();
        }
        json.writeEndObject();
    }
}
