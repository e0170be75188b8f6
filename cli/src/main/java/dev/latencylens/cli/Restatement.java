package dev.latencylens.cli;

import dev.latencylens.stats.Metric;
import dev.latencylens.stats.Percentile;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.JsonNode;

/// A run's figures as another tool would have told them, beside its own, so that people see why two tools
/// disagree.
final class Restatement {
    private static final double NS_PER_MS = 1e6;
    private static final DateTimeFormatter VLLM_DATE =
            DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss", Locale.ROOT).withZone(ZoneOffset.UTC);
    /// Where lines of the table break; a formula stands behind a name of 34 columns.
    private static final int FORMULA_AT = 34;
    /// Those that AIPerf writes.
    private static final List<Integer> AIPERF_PERCENTILES = List.of(1, 5, 10, 25, 50, 75, 90, 95, 99);

    private final ForeignTool tool;
    private final RunSamples run;
    private final List<Told> told;
    private final RunWindows windows;
    /// Answers that met the run's objectives, by the tool's own figures where it has them.
    private final long good;

    private Restatement(ForeignTool tool, RunSamples run, List<Told> told, RunWindows windows, long good) {
        this.tool = tool;
        this.run = run;
        this.told = told;
        this.windows = windows;
        this.good = good;
    }

    static Restatement of(ForeignTool tool, Path folder) {
        RunSamples run = RunSamples.read(
                folder,
                tool.figures().stream().map(ForeignTool.Figure::ours).distinct().toList());
        List<Told> told = tool.figures().stream()
                .map(figure -> new Told(figure, new Weighted()))
                .toList();
        var edges = new RunWindows.Edges();
        Objectives objectives = Objectives.of(run.run().at("/summary/goodput"));
        var good = new AtomicLong();
        RunSamples.exchanges(folder, exchange -> {
            if (!exchange.isWarmup() && exchange.isAnswered()) {
                told.forEach(each -> each.figure.values().of(exchange, each.values));
                edges.answered(exchange);
                if (objectives.limits().stream().allMatch(limit -> isMet(tool, limit, exchange))) {
                    good.incrementAndGet();
                }
            }
        });
        told.forEach(each -> each.values.sort());
        return new Restatement(tool, run, told, edges.windows(run), good.get());
    }

    /// An answer of which the tool has no value is good, as is one that vLLM gives a tpot of 0.
    private static boolean isMet(ForeignTool tool, Objectives.Limit limit, ExchangeLine exchange) {
        Optional<ForeignTool.Figure> theirs = tool.figures().stream()
                .filter(figure -> figure.ours() == limit.metric())
                .findFirst();
        if (theirs.isEmpty()) {
            return limit.isMetBy(exchange);
        }
        var met = new AtomicBoolean(true);
        theirs.get().values().of(exchange, (ns, _) -> met.compareAndSet(true, ns <= limit.mostNs()));
        return met.get();
    }

    private record Told(ForeignTool.Figure figure, Weighted values) {}

    /// Values with weights, in rising order once sorted.
    private static final class Weighted implements ForeignTool.Receiver {
        private double[] values = new double[64];
        private double[] weights = new double[64];
        private int size;
        private double weight;
        private double sum;

        @Override
        public void value(double ns, double times) {
            if (size == values.length) {
                values = Arrays.copyOf(values, 2 * size);
                weights = Arrays.copyOf(weights, 2 * size);
            }
            values[size] = ns;
            weights[size++] = times;
            weight += times;
            sum += ns * times;
        }

        void sort() {
            double[] unsorted = values;
            double[] theirs = weights;
            int[] rising = IntStream.range(0, size)
                    .boxed()
                    .sorted((one, other) -> Double.compare(unsorted[one], unsorted[other]))
                    .mapToInt(Integer::intValue)
                    .toArray();
            values = Arrays.stream(rising).mapToDouble(i -> unsorted[i]).toArray();
            weights = Arrays.stream(rising).mapToDouble(i -> theirs[i]).toArray();
        }

        double mean() {
            return size == 0 ? Double.NaN : sum / weight;
        }

        /// Of the values themselves, n in the denominator, as numpy has it.
        double sd() {
            double mean = mean();
            double squares = 0;
            for (int i = 0; i < size; i++) {
                squares += weights[i] * (values[i] - mean) * (values[i] - mean);
            }
            return Math.sqrt(squares / weight);
        }

        double percentile(double percent, ForeignTool.Ranking ranking) {
            if (size == 0) {
                return Double.NaN;
            }
            return switch (ranking) {
                case LINEAR -> {
                    double at = percent / 100 * (size - 1);
                    int below = (int) at;
                    int above = Math.min(below + 1, size - 1);
                    yield values[below] + (at - below) * (values[above] - values[below]);
                }
                case COVERING -> covering(percent / 100 * weight);
                case NEXT -> values[Math.min((int) (percent / 100 * size), size - 1)];
            };
        }

        private double covering(double enough) {
            double passed = 0;
            for (int i = 0; i < size; i++) {
                passed += weights[i];
                if (passed >= enough) {
                    return values[i];
                }
            }
            return values[size - 1];
        }
    }

    String table() {
        var text = new StringBuilder();
        text.append(Paragraph.of("Run       ", CompareTable.described(run), CompareTable.COLUMNS));
        text.append(Paragraph.of(
                "As        ",
                tool.title() + ", " + tool.ranking().text() + ", none withheld for too few values",
                CompareTable.COLUMNS));
        text.append('\n');
        String row = "%-" + widest(told.stream().map(each -> each.figure.name())) + "s%8s%8s%8s%8s  %-"
                + widest(told.stream().map(each -> each.figure.ours().label())) + "s%8s%8s%8s%n";
        text.append(String.format(Locale.ROOT, row, "ms", "mean", "p50", "p90", "p99", "lens", "p50", "p90", "p99"));
        for (Told each : told) {
            Metric ours = each.figure.ours();
            text.append(String.format(
                    Locale.ROOT,
                    row,
                    each.figure.name(),
                    millis(each.values.mean()),
                    millis(each.values.percentile(50, tool.ranking())),
                    millis(each.values.percentile(90, tool.ranking())),
                    millis(each.values.percentile(99, tool.ranking())),
                    ours.label(),
                    own(ours, Percentile.P50),
                    own(ours, Percentile.P90),
                    own(ours, Percentile.P99)));
        }
        text.append('\n');
        for (ForeignTool.Rate rate : tool.rates(windows)) {
            String value = Double.isFinite(rate.perSecond()) ? Figures.rate(rate.perSecond()) : "-";
            text.append(formula(rate.name(), value + " " + rate.unit() + ", " + rate.formula()));
        }
        text.append('\n');
        told.forEach(each -> text.append(formula(each.figure.name(), each.figure.formula())));
        return text.toString().replaceAll(" +\n", "\n");
    }

    private static int widest(Stream<String> names) {
        return names.mapToInt(String::length).max().orElse(1);
    }

    private static String formula(String name, String formula) {
        return Paragraph.of(String.format(Locale.ROOT, "%-" + FORMULA_AT + "s", name), formula, CompareTable.COLUMNS);
    }

    private String own(Metric metric, Percentile percentile) {
        OptionalLong value = run.sample(metric).percentile(percentile);
        return value.isPresent() ? Figures.millis(value.getAsLong()) : "n/a " + percentile.floor();
    }

    private static String millis(double ns) {
        return Double.isNaN(ns) ? "-" : Figures.millis(ns);
    }

    /// The members that `vllm bench serve --save-result` writes, with `--percentile-metrics ttft,tpot,itl,e2el`
    /// and
    /// `--metric-percentiles 90,95,99`. Like it, where there is no value it says 0.
    String vllmJson() {
        JsonNode load = run.run().at("/plan/load");
        double seconds = windows.wholeNs() / 1e9;
        VllmPeaks peaks = VllmPeaks.of(run.folder(), windows.firstStartAtNs());
        return json(json -> {
            json.writeStringProperty("date", VLLM_DATE.format(run.startedAt()));
            json.writeStringProperty("endpoint_type", run.text("/plan/dialect"));
            json.writeStringProperty("backend", run.text("/plan/dialect"));
            json.writeNullProperty("label");
            json.writeStringProperty("model_id", run.text("/plan/model"));
            text(json, "tokenizer_id", run.text("/summary/tokens/tokenizer"));
            json.writeNumberProperty("num_prompts", run.measured());
            if (load.has("requestsPerSecond")) {
                json.writeNumberProperty(
                        "request_rate", load.path("requestsPerSecond").asDouble());
            } else {
                json.writeStringProperty("request_rate", "inf");
            }
            json.writeNumberProperty("burstiness", load.path("burstiness").asDouble(1));
            long concurrency = load.path("concurrency").asLong(0);
            if (concurrency > 0) {
                json.writeNumberProperty("max_concurrency", concurrency);
            } else {
                json.writeNullProperty("max_concurrency");
            }
            number(json, "duration", seconds);
            json.writeNumberProperty("completed", run.answered());
            json.writeNumberProperty("failed", run.failed());
            json.writeNumberProperty("total_input_tokens", inputTokens());
            json.writeNumberProperty("total_output_tokens", run.outputTokens());
            number(json, "request_throughput", run.answered() / seconds);
            if (Objectives.of(run.run().at("/summary/goodput")).areAsked()) {
                number(json, "request_goodput", good / seconds);
            } else {
                json.writeNullProperty("request_goodput");
            }
            number(json, "output_throughput", run.outputTokens() / seconds);
            number(json, "total_token_throughput", (run.outputTokens() + inputTokens()) / seconds);
            json.writeNumberProperty("max_output_tokens_per_s", (double) peaks.eventsInASecond());
            json.writeNumberProperty("max_concurrent_requests", peaks.requestsAtOnce());
            for (Told each : told) {
                String name = each.figure.name() + "_ms";
                vllmNumber(json, "mean_" + name, each.values.mean());
                vllmNumber(json, "median_" + name, each.values.percentile(50, tool.ranking()));
                vllmNumber(json, "std_" + name, each.values.sd());
                for (int percent : List.of(90, 95, 99)) {
                    vllmNumber(json, "p" + percent + "_" + name, each.values.percentile(percent, tool.ranking()));
                }
            }
        });
    }

    private static void vllmNumber(JsonGenerator json, String name, double ns) {
        json.writeNumberProperty(name, Double.isFinite(ns) ? ns / NS_PER_MS : 0.0);
    }

    /// The members of AIPerf's `profile_export_aiperf.json`, schema 1.1. Like it, what has no value is not there.
    String aiperfJson() {
        double seconds = windows.answeredNs() / 1e9;
        return json(json -> {
            json.writeStringProperty("schema_version", "1.1");
            json.writeStringProperty("start_time", run.startedAt().toString());
            single(json, "request_throughput", "requests/sec", run.answered() / seconds);
            for (Told each : told) {
                if (each.values.size > 0) {
                    distribution(json, each);
                }
            }
            single(json, "request_count", "requests", (double) run.answered());
            single(json, "error_request_count", "requests", (double) run.failed());
            single(json, "output_token_throughput", "tokens/sec", run.outputTokens() / seconds);
            single(json, "total_token_throughput", "tokens/sec", (run.outputTokens() + inputTokens()) / seconds);
            single(json, "total_osl", "tokens", (double) run.outputTokens());
            single(json, "total_isl", "tokens", (double) inputTokens());
            single(json, "benchmark_duration", "sec", seconds);
        });
    }

    private void distribution(JsonGenerator json, Told each) {
        json.writeObjectPropertyStart(each.figure.name());
        json.writeStringProperty("unit", "ms");
        number(json, "avg", each.values.mean() / NS_PER_MS);
        for (int percent : AIPERF_PERCENTILES) {
            number(json, "p" + percent, each.values.percentile(percent, tool.ranking()) / NS_PER_MS);
        }
        number(json, "min", each.values.percentile(0, tool.ranking()) / NS_PER_MS);
        number(json, "max", each.values.percentile(100, tool.ranking()) / NS_PER_MS);
        number(json, "std", each.values.sd() / NS_PER_MS);
        json.writeNumberProperty("count", each.values.size);
        number(json, "sum", each.values.sum / NS_PER_MS);
        json.writeEndObject();
    }

    private long inputTokens() {
        return run.run().at("/summary/tokens/input_total").asLong(0);
    }

    private static void text(JsonGenerator json, String name, String text) {
        if (text.isEmpty()) {
            json.writeNullProperty(name);
        } else {
            json.writeStringProperty(name, text);
        }
    }

    private static void single(JsonGenerator json, String name, String unit, double value) {
        if (!Double.isFinite(value)) {
            return;
        }
        json.writeObjectPropertyStart(name);
        json.writeStringProperty("unit", unit);
        number(json, "avg", value);
        json.writeEndObject();
    }

    private static void number(JsonGenerator json, String name, double value) {
        if (Double.isFinite(value)) {
            json.writeNumberProperty(name, value);
        } else {
            json.writeNullProperty(name);
        }
    }

    /// Writes the members of one object.
    private interface Members {
        void write(JsonGenerator json);
    }

    private static String json(Members members) {
        var text = new StringWriter();
        try (JsonGenerator json = new JsonFactory().createGenerator(ObjectWriteContext.empty(), text)) {
            json.writeStartObject();
            members.write(json);
            json.writeEndObject();
        }
        return text.append('\n').toString();
    }
}
