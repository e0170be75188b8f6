package dev.latencylens.cli;

import static dev.latencylens.cli.LensRun.lens;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// One run, in milliseconds, of three answers and a failure. The first: due and sent at 0, a role-only event at
/// 10, tokens at 20 (reasoning), 30 and 30 (together) and 50 (two tokens), the end at 60. The second: due at -5,
/// sent at 0, its only token at 40, with the end. The third: due and sent at 90, all of its four tokens in one
/// chunk at 100, the end at 120.
class RestatementTest {
    @TempDir
    Path run;

    @BeforeEach
    void write() throws IOException {
        Files.writeString(run.resolve("run.json"), """
                {"state":"finished","plan":{"model":"m","url":"u","dialect":"openai-chat",
                "load":{"arrivals":"poisson","requestsPerSecond":20,"concurrency":0}},
                "clock":{"wallStart":"2026-11-29T09:00:00Z"},
                "summary":{"windowNs":200000000,"windowStartAtNs":1000000000,
                "tokens":{"input_total":10,"tokenizer":"o200k_base"}},
                "verdict":{"state":"VALID"}}
                """);
        Files.writeString(run.resolve("exchanges.jsonl"), """
                {"outcome":"completed","intendedAtNs":0,"startedAtNs":0,"firstChunkAtNs":10000000,\
                "firstTokenAtNs":20000000,"firstVisibleAtNs":30000000,"lastTokenAtNs":50000000,\
                "responseEndAtNs":60000000,"usage":{"output_total":5},\
                "chunks":{"atNs":[20000000,30000000,30000000,50000000],"kind":["reasoning","text","text","text"],\
                "tokens":[1,1,1,2],"coalesced":[false,false,true,false]}}
                {"outcome":"completed","intendedAtNs":-5000000,"startedAtNs":0,"firstChunkAtNs":40000000,\
                "firstTokenAtNs":40000000,"firstVisibleAtNs":40000000,"lastTokenAtNs":40000000,\
                "responseEndAtNs":40000000,"usage":{"output_total":1},\
                "chunks":{"atNs":[40000000],"kind":["text"],"tokens":[1],"coalesced":[false]}}
                {"outcome":"completed","intendedAtNs":90000000,"startedAtNs":90000000,"firstChunkAtNs":100000000,\
                "firstTokenAtNs":100000000,"firstVisibleAtNs":100000000,"lastTokenAtNs":100000000,\
                "responseEndAtNs":120000000,"usage":{"output_total":4},\
                "chunks":{"atNs":[100000000],"kind":["text"],"tokens":[4],"coalesced":[false]}}
                {"outcome":"reset","intendedAtNs":190000000,"startedAtNs":190000000,\
                "chunks":{"atNs":[],"tokens":[],"coalesced":[]}}
                """);
    }

    /// Mean, p50, p90 and p99 of the same chunks, by hand: the formulas stand in docs/other-tools.md.
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            vllm           | ttft +20.00 +10.00 +34.00 +39.40 .* ttft +n/a 11
            vllm           | tpot +5.000 +5.000 +9.000 +9.900
            vllm           | itl +10.00 +10.00 +17.00 +19.70
            vllm           | e2el +33.33 +40.00 +48.00 +49.80
            aiperf         | time_to_first_token +23.33 +20.00 +36.00 +39.60
            aiperf         | time_to_first_output_token +26.67 +30.00 +38.00 +39.80
            aiperf         | time_to_second_token +10.00 +10.00
            aiperf         | inter_token_latency +3.750 +3.750 +6.750 +7.425
            aiperf         | inter_chunk_latency +10.00 +10.00 +18.00 +19.80
            aiperf         | request_latency +33.33 +40.00 +48.00 +49.80
            guidellm       | time_to_first_token_ms +23.33 +20.00 +40.00 +40.00
            guidellm       | time_per_output_token_ms +10.00 +10.00 +10.00 +40.00
            guidellm       | inter_token_latency_ms +4.286 +7.500 +7.500 +7.500
            guidellm       | request_latency +43.33 +40.00 +60.00 +60.00
            inference-perf | time_to_first_token +15.00 +15.00 +19.00 +19.90
            inference-perf | time_per_output_token +3.750 +3.750 +6.750 +7.425
            inference-perf | normalized_time_per_output_token +19.83 +12.00 +34.40 +39.44
            inference-perf | inter_token_latency +4.286 +0.000 +14.00 +19.40
            inference-perf | request_latency +43.33 +40.00 +56.00 +59.60
            mlperf         | ttft +25.00 +20.00 +45.00 +45.00
            mlperf         | tpot +8.333 +10.00 +10.00 +10.00
            mlperf         | latency +45.00 +45.00 +60.00 +60.00
            """)
    void everyToolsDefinitionIsItsOwn(String tool, String row) {
        var told = lens("compare", run.toString(), "--as", tool);

        assertThat(told.exitCode()).as(told.err()).isZero();
        assertThat(told.out()).containsPattern("\n" + row);
        assertThat(told.out().lines().skip(1))
                .allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(CompareTable.COLUMNS));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            vllm           | request_throughput +15.00 requests/s
            vllm           | output_throughput +50.00 tokens/s
            aiperf         | request_throughput +30.00 requests/s
            aiperf         | output_token_throughput +100.0 tokens/s
            guidellm       | requests_per_second +15.00 requests/s
            guidellm       | output_tokens_per_second +125.0 tokens/s
            inference-perf | requests_per_sec +15.00 requests/s
            inference-perf | output_tokens_per_sec +50.00 tokens/s
            mlperf         | completed samples per second +16.00 requests/s
            mlperf         | completed tokens per second +80.00 tokens/s
            """)
    void everyToolsRatesHaveTheirOwnWindow(String tool, String row) {
        assertThat(lens("compare", run.toString(), "--as", tool).out()).containsPattern("\n" + row);
    }

    /// LoadGen takes the value at floor(p n) counted from 0, so of two values the greater one is the median.
    @Test
    void aPercentileOfLoadGenIsTheNextAboveTheShare() throws IOException {
        Path file = run.resolve("exchanges.jsonl");
        Files.write(file, Files.readAllLines(file).subList(0, 2));

        assertThat(lens("compare", run.toString(), "--as", "mlperf").out())
                .containsPattern("\nttft +32.50 +45.00 +45.00");
        assertThat(lens("compare", run.toString(), "--as", "guidellm").out())
                .containsPattern("\ntime_to_first_token_ms +30.00 +20.00 +40.00");
        assertThat(lens("compare", run.toString(), "--as", "aiperf").out())
                .containsPattern("\ntime_to_first_token +30.00 +30.00 +38.00");
    }

    @Test
    void inferencePerfTakesToolCallsForNoOutput() throws IOException {
        Path file = run.resolve("exchanges.jsonl");
        Files.writeString(file, Files.readString(file).replace("\"reasoning\"", "\"tool\""));

        assertThat(lens("compare", run.toString(), "--as", "inference-perf").out())
                .containsPattern("\ntime_to_first_token +20.00 +20.00");
        assertThat(lens("compare", run.toString(), "--as", "aiperf").out())
                .containsPattern("\ntime_to_first_token +23.33");
    }

    /// The names are those that vllm/benchmarks/serve.py writes without --save-detailed.
    @Test
    void vllmsNamesAreThere() {
        JsonNode vllm = JsonMapper.shared()
                .readTree(
                        lens("compare", run.toString(), "--format", "vllm-json").out());

        assertThat(vllm.propertyNames())
                .contains(
                        "date",
                        "endpoint_type",
                        "backend",
                        "label",
                        "model_id",
                        "tokenizer_id",
                        "num_prompts",
                        "request_rate",
                        "burstiness",
                        "max_concurrency",
                        "duration",
                        "completed",
                        "failed",
                        "total_input_tokens",
                        "total_output_tokens",
                        "request_throughput",
                        "request_goodput",
                        "output_throughput",
                        "total_token_throughput",
                        "max_output_tokens_per_s",
                        "max_concurrent_requests")
                .contains(Stream.of("ttft", "tpot", "itl", "e2el")
                        .flatMap(metric -> Stream.of("mean", "median", "std", "p90", "p95", "p99")
                                .map(figure -> figure + "_" + metric + "_ms"))
                        .toArray(String[]::new));
        assertThat(vllm.path("date").asString()).isEqualTo("20261129-090001");
        assertThat(vllm.path("request_rate").asDouble()).isEqualTo(20);
        assertThat(vllm.path("max_concurrency").isNull()).isTrue();
        assertThat(vllm.path("request_goodput").isNull()).isTrue();
        assertThat(vllm.path("completed").asInt()).isEqualTo(3);
        assertThat(vllm.path("failed").asInt()).isEqualTo(1);
        assertThat(vllm.path("median_ttft_ms").asDouble()).isEqualTo(10);
        assertThat(vllm.path("std_ttft_ms").asDouble()).isCloseTo(Math.sqrt(200), within(1e-9));
        assertThat(vllm.path("p99_ttft_ms").asDouble()).isCloseTo(39.4, within(1e-9));
        assertThat(vllm.path("total_token_throughput").asDouble()).isCloseTo(100, within(1e-9));
        assertThat(vllm.path("max_output_tokens_per_s").asDouble()).isEqualTo(7);
        assertThat(vllm.path("max_concurrent_requests").asInt()).isEqualTo(2);
    }

    /// vLLM's ttft is 10, 40 and 10 ms, its tpot of one token 0, its e2el 50, 40 and 10 ms; lens's ttft is 20.
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            "ttft":15000000                 | 10
            "ttft":40000000,"tpot":3000000  | 10
            "ttft":10000000,"e2e":20000000  | 5
            "ttfo":25000000                 | 5
            """)
    void vllmsGoodputCountsAnswersThatMeetAllObjectivesByItsOwnFigures(String objectives, double perSecond)
            throws IOException {
        Path file = run.resolve("run.json");
        Files.writeString(
                file,
                Files.readString(file)
                        .replace("\"summary\":{", "\"summary\":{\"goodput\":{\"objectivesNs\":{" + objectives + "}},"));

        JsonNode vllm = JsonMapper.shared()
                .readTree(
                        lens("compare", run.toString(), "--format", "vllm-json").out());

        assertThat(vllm.path("request_goodput").asDouble()).isCloseTo(perSecond, within(1e-9));
    }

    @Test
    void whereThereIsNoValueVllmSaysNothingAndAiperfLeavesItOut() throws IOException {
        Path file = run.resolve("exchanges.jsonl");
        Files.write(file, Files.readAllLines(file).subList(1, 2));

        assertThat(JsonMapper.shared()
                        .readTree(lens("compare", run.toString(), "--format", "vllm-json")
                                .out())
                        .path("mean_tpot_ms")
                        .asDouble(-1))
                .isZero();
        assertThat(JsonMapper.shared()
                        .readTree(lens("compare", run.toString(), "--format", "aiperf-json")
                                .out())
                        .propertyNames())
                .contains("time_to_first_token")
                .doesNotContain("inter_token_latency", "inter_chunk_latency");
    }

    /// The names are those of JsonMetricResult and of the metrics' tags, schema 1.1.
    @Test
    void aiperfsNamesAndUnitsAreThere() {
        JsonNode aiperf = JsonMapper.shared()
                .readTree(lens("compare", run.toString(), "--format", "aiperf-json")
                        .out());

        assertThat(aiperf.path("schema_version").asString()).isEqualTo("1.1");
        for (String metric : List.of(
                "time_to_first_token",
                "time_to_first_output_token",
                "time_to_second_token",
                "inter_token_latency",
                "inter_chunk_latency",
                "request_latency")) {
            assertThat(aiperf.path(metric).propertyNames())
                    .as(metric)
                    .containsExactlyInAnyOrder(
                            "unit", "avg", "p1", "p5", "p10", "p25", "p50", "p75", "p90", "p95", "p99", "min", "max",
                            "std", "count", "sum");
            assertThat(aiperf.path(metric).path("unit").asString()).isEqualTo("ms");
        }
        assertThat(aiperf.at("/time_to_first_token/sum").asDouble()).isEqualTo(70);
        assertThat(aiperf.at("/time_to_first_token/count").asInt()).isEqualTo(3);
        assertThat(aiperf.path("request_throughput").propertyNames()).containsExactlyInAnyOrder("unit", "avg");
        assertThat(aiperf.at("/request_throughput/unit").asString()).isEqualTo("requests/sec");
        assertThat(aiperf.at("/output_token_throughput/avg").asDouble()).isCloseTo(100, within(1e-9));
        assertThat(aiperf.at("/total_token_throughput/avg").asDouble()).isCloseTo(200, within(1e-9));
        assertThat(aiperf.at("/request_count/avg").asInt()).isEqualTo(3);
        assertThat(aiperf.at("/error_request_count/avg").asInt()).isEqualTo(1);
        assertThat(aiperf.at("/benchmark_duration/unit").asString()).isEqualTo("sec");
        assertThat(aiperf.at("/benchmark_duration/avg").asDouble()).isCloseTo(0.1, within(1e-9));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            compare --as vllm                     | --as tells the figures of runs, there was none; give their folders
            compare . .. --format vllm-json       | --format vllm-json writes the figures of one run, there were 2
            compare . --as vllm --gate ttft.p9<1s | leave out --gate, --steady and --format
            compare a --as wrk                    | 'wrk' is none of vllm, aiperf, guidellm, inference-perf and mlperf
            """)
    void whatCannotBeRestatedIsToldInOneLine(String line, String says) {
        var told = lens(line.split(" "));

        assertThat(told.exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(told.err()).contains(says).hasLineCount(1);
    }
}
