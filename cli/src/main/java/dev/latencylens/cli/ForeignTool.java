package dev.latencylens.cli;

import dev.latencylens.exchange.Moment;
import dev.latencylens.stats.Metric;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Another tool's definitions of the figures that everybody calls by the same names, over the same chunks.
///
/// The sources are in docs/other-tools.md. What a tool sees and `exchanges.jsonl` does not tell, such as the time
/// of an event without output after the last token, is left out.
enum ForeignTool {
    /// A first event counts as the first token though it holds none, and each event has a gap, if it came with
    /// others also one of nothing.
    VLLM("vLLM (vllm bench serve)", true),
    AIPERF("AIPerf", true),
    GUIDELLM("GuideLLM", false),
    INFERENCE_PERF("inference-perf", true),
    /// The Server scenario counts from when a query was due.
    MLPERF("MLPerf Inference (LoadGen)", false);

    private final String title;
    private final boolean interpolated;

    ForeignTool(String title, boolean interpolated) {
        this.title = title;
        this.interpolated = interpolated;
    }

    /// One of its figures.
    ///
    /// @param ours what is nearest to it here
    record Figure(String name, String formula, Metric ours, Values values) {}

    /// What one answered request adds to a figure.
    interface Values {
        void of(ExchangeLine exchange, Receiver receiver);
    }

    /// Takes values in nanoseconds.
    interface Receiver {
        void value(double ns, double weight);
    }

    /// What one request comes to, null where it has none.
    private interface One {
        @Nullable
        Double of(ExchangeLine exchange);
    }

    String title() {
        return title;
    }

    String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /// Whether its percentiles lie between two values (numpy's default), or are the smallest value that enough of
    /// the weight does not exceed.
    boolean isInterpolated() {
        return interpolated;
    }

    List<Figure> figures() {
        return switch (this) {
            case VLLM -> ofVllm();
            case AIPERF -> ofAiperf();
            case GUIDELLM -> ofGuidellm();
            case INFERENCE_PERF -> ofInferencePerf();
            case MLPERF -> ofMlperf();
        };
    }

    private static List<Figure> ofVllm() {
        return List.of(
                new Figure("ttft", "first event - start", Metric.TTFT, each(ForeignTool::untilFirstChunk)),
                new Figure(
                        "tpot",
                        "(last token - first event) / (output tokens - 1)",
                        Metric.TPOT,
                        each(exchange ->
                                perLaterToken(exchange, exchange.atNs(Moment.FIRST_CHUNK), lastAtNs(exchange)))),
                new Figure(
                        "itl",
                        "gaps between events, pooled; 0 where events came together",
                        Metric.ICL,
                        ForeignTool::gapsFromFirstChunk),
                new Figure("e2el", "last token - start", Metric.E2E, each(ForeignTool::untilLast)));
    }

    private static List<Figure> ofAiperf() {
        return List.of(
                new Figure("time_to_first_token", "first token - start", Metric.TTFT, each(ForeignTool::untilFirst)),
                new Figure(
                        "inter_token_latency",
                        "(request latency - ttft) / (output tokens - 1)",
                        Metric.TPOT,
                        each(exchange -> exchange.chunks() < 2
                                ? null
                                : perLaterToken(exchange, exchange.atNs(Moment.FIRST_TOKEN), lastAtNs(exchange)))),
                new Figure(
                        "inter_chunk_latency",
                        "gaps between chunks, pooled; 0 where chunks came together",
                        Metric.ICL,
                        ForeignTool::gaps),
                new Figure("request_latency", "last token - start", Metric.E2E, each(ForeignTool::untilLast)));
    }

    private static List<Figure> ofGuidellm() {
        return List.of(
                new Figure("time_to_first_token_ms", "first token - start", Metric.TTFT, each(ForeignTool::untilFirst)),
                new Figure(
                        "time_per_output_token_ms",
                        "(last token - start) / output tokens, weighted by them; the first one is in it",
                        Metric.TPOT,
                        (exchange, receiver) -> {
                            double tokens = exchange.outputTokens();
                            Double untilLastNs = untilLast(exchange);
                            if (untilLastNs != null && tokens > 0) {
                                receiver.value(untilLastNs / tokens, tokens);
                            }
                        }),
                new Figure(
                        "inter_token_latency_ms",
                        "(last token - first token) / (output tokens - 1), weighted by output tokens - 1",
                        Metric.ICL,
                        (exchange, receiver) -> {
                            Double perTokenNs =
                                    perLaterToken(exchange, exchange.atNs(Moment.FIRST_TOKEN), lastAtNs(exchange));
                            if (perTokenNs != null) {
                                receiver.value(perTokenNs, exchange.outputTokens() - 1.0);
                            }
                        }),
                new Figure("request_latency", "end of response - start", Metric.E2E, each(ForeignTool::untilEnd)));
    }

    private static List<Figure> ofInferencePerf() {
        return List.of(
                new Figure("time_to_first_token", "first token - start", Metric.TTFT, each(ForeignTool::untilFirst)),
                new Figure(
                        "time_per_output_token",
                        "(end of response - first token) / (output tokens - 1)",
                        Metric.TPOT,
                        each(exchange -> perLaterToken(
                                exchange, exchange.atNs(Moment.FIRST_TOKEN), exchange.atNs(Moment.RESPONSE_END)))),
                new Figure(
                        "normalized_time_per_output_token",
                        "(end of response - start) / output tokens",
                        Metric.TPOT,
                        each(exchange -> {
                            Double wholeNs = untilEnd(exchange);
                            return wholeNs == null || exchange.outputTokens() == 0
                                    ? null
                                    : wholeNs / exchange.outputTokens();
                        })),
                new Figure("inter_token_latency", "gaps between chunks, pooled", Metric.ICL, ForeignTool::gaps),
                new Figure("request_latency", "end of response - start", Metric.E2E, each(ForeignTool::untilEnd)));
    }

    private static List<Figure> ofMlperf() {
        return List.of(
                new Figure(
                        "ttft",
                        "first token - intended",
                        Metric.TTFT_FROM_INTENDED,
                        each(exchange -> between(exchange, Moment.INTENDED, Moment.FIRST_TOKEN))),
                new Figure(
                        "tpot",
                        "(end of response - first token) / (output tokens - 1)",
                        Metric.TPOT,
                        each(exchange -> perLaterToken(
                                exchange, exchange.atNs(Moment.FIRST_TOKEN), exchange.atNs(Moment.RESPONSE_END)))),
                new Figure(
                        "latency",
                        "end of response - intended",
                        Metric.E2E_FROM_INTENDED,
                        each(exchange -> between(exchange, Moment.INTENDED, Moment.RESPONSE_END))));
    }

    private static Values each(One one) {
        return (exchange, receiver) -> {
            Double ns = one.of(exchange);
            if (ns != null) {
                receiver.value(ns, 1);
            }
        };
    }

    private static @Nullable Double between(ExchangeLine exchange, Moment from, Moment to) {
        return exchange.has(from) && exchange.has(to) ? (double) (exchange.atNs(to) - exchange.atNs(from)) : null;
    }

    private static @Nullable Double untilFirstChunk(ExchangeLine exchange) {
        return between(exchange, Moment.STARTED, Moment.FIRST_CHUNK);
    }

    private static @Nullable Double untilFirst(ExchangeLine exchange) {
        return between(exchange, Moment.STARTED, Moment.FIRST_TOKEN);
    }

    private static @Nullable Double untilLast(ExchangeLine exchange) {
        return between(exchange, Moment.STARTED, Moment.LAST_TOKEN);
    }

    private static @Nullable Double untilEnd(ExchangeLine exchange) {
        return between(exchange, Moment.STARTED, Moment.RESPONSE_END);
    }

    private static long lastAtNs(ExchangeLine exchange) {
        return exchange.atNs(Moment.LAST_TOKEN);
    }

    private static @Nullable Double perLaterToken(ExchangeLine exchange, long fromNs, long toNs) {
        long tokens = exchange.outputTokens();
        return tokens > 1 && exchange.has(Moment.FIRST_TOKEN) ? (toNs - fromNs) / (tokens - 1.0) : null;
    }

    private static void gapsFromFirstChunk(ExchangeLine exchange, Receiver receiver) {
        if (exchange.chunks() > 0 && exchange.atNs(Moment.FIRST_CHUNK) < exchange.chunkAtNs(0)) {
            receiver.value((double) exchange.chunkAtNs(0) - exchange.atNs(Moment.FIRST_CHUNK), 1);
        }
        gaps(exchange, receiver);
    }

    private static void gaps(ExchangeLine exchange, Receiver receiver) {
        for (int i = 1; i < exchange.chunks(); i++) {
            receiver.value((double) exchange.chunkAtNs(i) - exchange.chunkAtNs(i - 1), 1);
        }
    }
}
