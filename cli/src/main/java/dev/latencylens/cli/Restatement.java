package dev.latencylens.cli;

import dev.latencylens.stats.Metric;
import dev.latencylens.stats.Percentile;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.stream.IntStream;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/// A run's figures as another tool would have told them, beside its own, so that people see why two tools
/// disagree.
final class Restatement {
    private static final double NS_PER_MS = 1e6;
    /// Those that AIPerf writes.
    private static final List<Integer> AIPERF_PERCENTILES = List.of(1, 5, 10, 25, 50, 75, 90, 95, 99);

    private final ForeignTool tool;
    private final RunSamples run;
    private final List<Told> told;

    private Restatement(ForeignTool tool, RunSamples run, List<Told> told) {
        this.tool = tool;
        this.run = run;
        this.told = told;
    }

    static Restatement of(ForeignTool tool, Path folder) {
        RunSamples run = RunSamples.read(
                folder,
                tool.figures().stream().map(ForeignTool.Figure::ours).distinct().toList());
        List<Told> told = tool.figures().stream()
                .map(figure -> new Told(figure, new Weighted()))
                .toList();
        RunSamples.exchanges(folder, exchange -> {
            if (!exchange.isWarmup() && exchange.isAnswered()) {
                told.forEach(each -> each.figure.values().of(exchange, each.values));
            }
        });
        told.forEach(each -> each.values.sort());
        return new Restatement(tool, run, told);
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

        double percentile(double percent, boolean interpolated) {
            if (size == 0) {
                return Double.NaN;
            }
            if (interpolated) {
                double at = percent / 100 * (size - 1);
                int below = (int) at;
                int above = Math.min(below + 1, size - 1);
                return values[below] + (at - below) * (values[above] - values[below]);
            }
            double enough = percent / 100 * weight;
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
        text.append("Run       ").append(CompareTable.described(run)).append('\n');
        text.append("As        ")
                .append(tool.title())
                .append(tool.isInterpolated() ? ", percentiles interpolated" : ", percentiles that were seen")
                .append(", none withheld for too few values\n\n");
        text.append(String.format(
                Locale.ROOT,
                "%-34s%9s%9s%9s%9s   %-20s%9s%9s%9s%n",
                "ms",
                "mean",
                "p50",
                "p90",
                "p99",
                "lens",
                "p50",
                "p90",
                "p99"));
        for (Told each : told) {
            Metric ours = each.figure.ours();
            text.append(String.format(
                    Locale.ROOT,
                    "%-34s%9s%9s%9s%9s   %-20s%9s%9s%9s%n",
                    each.figure.name(),
                    millis(each.values.mean()),
                    millis(each.values.percentile(50, tool.isInterpolated())),
                    millis(each.values.percentile(90, tool.isInterpolated())),
                    millis(each.values.percentile(99, tool.isInterpolated())),
                    ours.label(),
                    own(ours, Percentile.P50),
                    own(ours, Percentile.P90),
                    own(ours, Percentile.P99)));
        }
        text.append('\n');
        for (Told each : told) {
            text.append(String.format(Locale.ROOT, "%-34s%s%n", each.figure.name(), each.figure.formula()));
        }
        return text.toString().replaceAll(" +\n", "\n");
    }

    private String own(Metric metric, Percentile percentile) {
        OptionalLong value = run.sample(metric).percentile(percentile);
        return value.isPresent() ? Figures.millis(value.getAsLong()) : "n/a " + percentile.floor();
    }

    private static String millis(double ns) {
        return Double.isNaN(ns) ? "-" : Figures.millis(ns);
    }

    /// The members that `vllm bench serve --save-result` writes.
    String vllmJson() {
        double seconds = seconds();
        return json(json -> {
            json.writeStringProperty("model_id", run.text("/plan/model"));
            json.writeNumberProperty("num_prompts", run.measured());
            json.writeNumberProperty("duration", seconds);
            json.writeNumberProperty("completed", run.answered());
            json.writeNumberProperty("failed", run.measured() - run.answered());
            json.writeNumberProperty("total_input_tokens", inputTokens());
            json.writeNumberProperty("total_output_tokens", run.outputTokens());
            rate(json, "request_throughput", run.answered());
            rate(json, "output_throughput", run.outputTokens());
            rate(json, "total_token_throughput", run.outputTokens() + inputTokens());
            for (Told each : told) {
                String name = each.figure.name() + "_ms";
                number(json, "mean_" + name, each.values.mean() / NS_PER_MS);
                number(json, "median_" + name, each.values.percentile(50, true) / NS_PER_MS);
                number(json, "std_" + name, each.values.sd() / NS_PER_MS);
                for (int percent : List.of(90, 95, 99)) {
                    number(json, "p" + percent + "_" + name, each.values.percentile(percent, true) / NS_PER_MS);
                }
            }
        });
    }

    /// The members of AIPerf's `profile_export_aiperf.json`.
    String aiperfJson() {
        return json(json -> {
            single(json, "request_count", "requests", (double) run.answered());
            single(json, "error_request_count", "requests", (double) run.measured() - run.answered());
            single(json, "benchmark_duration", "sec", seconds());
            single(json, "request_throughput", "requests/sec", run.answered() / seconds());
            single(json, "output_token_throughput", "tokens/sec", run.outputTokens() / seconds());
            for (Told each : told) {
                json.writeObjectPropertyStart(each.figure.name());
                json.writeStringProperty("unit", "ms");
                number(json, "avg", each.values.mean() / NS_PER_MS);
                for (int percent : AIPERF_PERCENTILES) {
                    number(json, "p" + percent, each.values.percentile(percent, true) / NS_PER_MS);
                }
                number(json, "min", each.values.percentile(0, true) / NS_PER_MS);
                number(json, "max", each.values.percentile(100, true) / NS_PER_MS);
                number(json, "std", each.values.sd() / NS_PER_MS);
                json.writeEndObject();
            }
        });
    }

    private long inputTokens() {
        return run.run().at("/summary/tokens/input_total").asLong(0);
    }

    private double seconds() {
        return run.run().at("/summary/windowNs").asLong(0) / 1e9;
    }

    private void rate(JsonGenerator json, String name, long count) {
        number(json, name, (double) count / seconds());
    }

    private static void single(JsonGenerator json, String name, String unit, double value) {
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
