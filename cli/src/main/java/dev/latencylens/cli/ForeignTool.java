package dev.latencylens.cli;

import dev.latencylens.exchange.Moment;
import dev.latencylens.stats.Metric;
import java.util.List;
import java.util.Locale;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/// Another tool's definitions of the figures that everybody calls by the same names, over the same chunks.
///
/// Their sources, and what a tool sees and `exchanges.jsonl` does not tell, are in docs/other-tools.md.
enum ForeignTool {
    /// A first event counts as the first token though it holds none, and each event has a gap, if it came with
    /// others also one of nothing.
    VLLM("vLLM (vllm bench serve)", Ranking.LINEAR),
    AIPERF("AIPerf", Ranking.LINEAR),
    /// Its averages of a request weigh as much as it has tokens.
    GUIDELLM("GuideLLM", Ranking.COVERING),
    /// A token is at the instant of its chunk, so tokens of one chunk have gaps of nothing; what calls tools is no
    /// output.
    INFERENCE_PERF("inference-perf", Ranking.LINEAR),
    /// The Server scenario counts from when a query was due.
    MLPERF("MLPerf Inference (LoadGen)", Ranking.NEXT);

    private final String title;
    private final Ranking ranking;

    ForeignTool(String title, Ranking ranking) {
        this.title = title;
        this.ranking = ranking;
    }

    /// Which value a percentile is, of n values in rising order.
    enum Ranking {
        /// Between those at floor and ceiling of p (n - 1), counted from 0: numpy's default.
        LINEAR("percentiles interpolated"),
        /// The smallest one at which the weights so far reach p of all.
        COVERING("percentiles that were seen, by weight"),
        /// The one at floor(p n), counted from 0: the next above a share of p.
        NEXT("percentiles that were seen, the next above");

        private final String text;

        Ranking(String text) {
            this.text = text;
        }

        String text() {
            return text;
        }
    }

    /// One of its figures.
    ///
    /// @param ours what is nearest to it here
    record Figure(String name, String formula, Metric ours, Values values) {}

    /// One of its rates.
    record Rate(String name, String unit, String formula, double perSecond) {}

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

    Ranking ranking() {
        return ranking;
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

    /// Each over its own window.
    List<Rate> rates(RunWindows run) {
        return switch (this) {
            case VLLM ->
                List.of(
                        requests(
                                "request_throughput",
                                "answered / (last end - first start)",
                                run.answered(),
                                run.wholeNs()),
                        tokens("output_throughput", "output tokens / the same", run.outputTokens(), run.wholeNs()));
            case AIPERF ->
                List.of(
                        requests(
                                "request_throughput",
                                "answered / (last token - first start of these)",
                                run.answered(),
                                run.answeredNs()),
                        tokens(
                                "output_token_throughput",
                                "output tokens / the same",
                                run.outputTokens(),
                                run.answeredNs()));
            case GUIDELLM ->
                List.of(
                        requests(
                                "requests_per_second",
                                "answered / (last end - first start)",
                                run.answered(),
                                run.wholeNs()),
                        tokens(
                                "output_tokens_per_second",
                                "output tokens / (last token - first token of any)",
                                run.outputTokens(),
                                run.tokensNs()));
            case INFERENCE_PERF ->
                List.of(
                        requests(
                                "requests_per_sec",
                                "answered / (last end - first start)",
                                run.answered(),
                                run.wholeNs()),
                        tokens("output_tokens_per_sec", "output tokens / the same", run.outputTokens(), run.wholeNs()));
            case MLPERF ->
                List.of(
                        requests(
                                "completed samples per second",
                                "(answered - 1) / (end of the last one due - first due)",
                                run.answered() - 1,
                                run.dueNs()),
                        tokens(
                                "completed tokens per second",
                                "output tokens / the same",
                                run.outputTokens(),
                                run.dueNs()));
        };
    }

    private static Rate requests(String name, String formula, long count, long windowNs) {
        return new Rate(name, "requests/s", formula, count * 1e9 / windowNs);
    }

    private static Rate tokens(String name, String formula, long count, long windowNs) {
        return new Rate(name, "tokens/s", formula, count * 1e9 / windowNs);
    }

    private static List<Figure> ofVllm() {
        return List.of(
                new Figure("ttft", "first event - start", Metric.TTFT, each(ForeignTool::untilFirstChunk)),
                new Figure(
                        "tpot",
                        "(last token - first event) / (output tokens - 1)",
                        Metric.TPOT,
                        each(exchange -> perLaterToken(exchange, Moment.FIRST_CHUNK, Moment.LAST_TOKEN))),
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
                        "time_to_first_output_token",
                        "first token that is not reasoning - start",
                        Metric.TTFO,
                        each(exchange -> between(exchange, Moment.STARTED, Moment.FIRST_VISIBLE))),
                new Figure(
                        "time_to_second_token",
                        "second chunk - first chunk with output",
                        Metric.ICL,
                        each(exchange -> exchange.chunks() < 2
                                ? null
                                : (double) (exchange.chunkAtNs(1) - exchange.chunkAtNs(0)))),
                new Figure(
                        "inter_token_latency",
                        "(last - first token) / (output tokens - 1); 0 where one chunk held all",
                        Metric.TPOT,
                        each(ForeignTool::perLaterToken)),
                new Figure(
                        "inter_chunk_latency",
                        "gaps between chunks, pooled; 0 where chunks came together",
                        Metric.ICL,
                        ForeignTool::gaps),
                new Figure("request_latency", "last token - start", Metric.E2E, each(ForeignTool::untilLast)));
    }

    private static List<Figure> ofGuidellm() {
        return List.of(
                new Figure(
                        "time_to_first_token_ms",
                        "first token - start; 0 where none came",
                        Metric.TTFT,
                        each(exchange -> {
                            Double untilFirstNs = untilFirst(exchange);
                            return untilFirstNs == null ? Double.valueOf(0) : untilFirstNs;
                        })),
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
                        "(last - first token) / (output tokens - 1), weighted by output tokens - 1",
                        Metric.TPOT,
                        (exchange, receiver) -> {
                            Double perTokenNs = perLaterToken(exchange);
                            if (perTokenNs != null) {
                                receiver.value(perTokenNs, exchange.outputTokens() - 1.0);
                            }
                        }),
                new Figure("request_latency", "end of response - start", Metric.E2E, each(ForeignTool::untilEnd)));
    }

    private static List<Figure> ofInferencePerf() {
        return List.of(
                new Figure(
                        "time_to_first_token",
                        "first token - start, of answers of two tokens or more",
                        Metric.TTFT,
                        each(exchange -> {
                            long[] atNs = tokensAtNs(exchange);
                            return atNs.length < 2 ? null : (double) (atNs[0] - exchange.atNs(Moment.STARTED));
                        })),
                new Figure(
                        "time_per_output_token",
                        "(last token - first token) / (output tokens - 1)",
                        Metric.TPOT,
                        each(exchange -> {
                            long[] atNs = tokensAtNs(exchange);
                            long tokens = exchange.outputTokens();
                            return atNs.length < 2 || tokens < 2
                                    ? null
                                    : (atNs[atNs.length - 1] - atNs[0]) / (tokens - 1.0);
                        })),
                new Figure(
                        "normalized_time_per_output_token",
                        "(end of response - start) / output tokens; 0 where there is none",
                        Metric.TPOT,
                        each(exchange -> {
                            Double wholeNs = untilEnd(exchange);
                            long tokens = exchange.outputTokens();
                            return wholeNs == null ? null : tokens == 0 ? Double.valueOf(0) : wholeNs / tokens;
                        })),
                new Figure(
                        "inter_token_latency",
                        "gaps between tokens, pooled; 0 within a chunk",
                        Metric.ITL,
                        (exchange, receiver) -> {
                            long[] atNs = tokensAtNs(exchange);
                            for (int i = 1; i < atNs.length; i++) {
                                receiver.value((double) atNs[i] - atNs[i - 1], 1);
                            }
                        }),
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
                        each(exchange -> perLaterToken(exchange, Moment.FIRST_TOKEN, Moment.RESPONSE_END))),
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

    private static @Nullable Double perLaterToken(ExchangeLine exchange) {
        return perLaterToken(exchange, Moment.FIRST_TOKEN, Moment.LAST_TOKEN);
    }

    private static @Nullable Double perLaterToken(ExchangeLine exchange, Moment from, Moment to) {
        long tokens = exchange.outputTokens();
        Double ns = tokens > 1 && exchange.has(Moment.FIRST_TOKEN) ? between(exchange, from, to) : null;
        return ns == null ? null : Double.valueOf(ns / (tokens - 1.0));
    }

    /// One instant for each token of a chunk, one where nobody knows how many it holds.
    private static long[] tokensAtNs(ExchangeLine exchange) {
        var atNs = LongStream.builder();
        for (int i = 0; i < exchange.chunks(); i++) {
            if (!exchange.isToolCall(i)) {
                for (long token = exchange.tokensOf(i); token > 0; token--) {
                    atNs.add(exchange.chunkAtNs(i));
                }
            }
        }
        return atNs.build().toArray();
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
