package dev.latencylens.cli;

import static dev.latencylens.cli.LensRun.lens;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// One run of two answers, in milliseconds: a role-only event at 10, tokens at 20, 30, 30 (together) and 50, the
/// end at 60; and a token at 40 alone, which was due 5 earlier than it was sent.
class RestatementTest {
    @TempDir
    Path run;

    @BeforeEach
    void write() throws IOException {
        Files.writeString(run.resolve("run.json"), """
                {"plan":{"model":"m","url":"u"},"summary":{"windowNs":100000000,"tokens":{"input_total":8}},
                "verdict":{"state":"VALID"}}
                """);
        Files.writeString(run.resolve("exchanges.jsonl"), """
                {"outcome":"completed","intendedAtNs":0,"startedAtNs":0,"firstChunkAtNs":10000000,\
                "firstTokenAtNs":20000000,"lastTokenAtNs":50000000,"responseEndAtNs":60000000,\
                "usage":{"output_total":5},"chunks":{"atNs":[20000000,30000000,30000000,50000000],\
                "tokens":[1,1,1,2],"coalesced":[false,false,true,false]}}
                {"outcome":"completed","intendedAtNs":-5000000,"startedAtNs":0,"firstChunkAtNs":40000000,\
                "firstTokenAtNs":40000000,"lastTokenAtNs":40000000,"responseEndAtNs":40000000,\
                "usage":{"output_total":1},"chunks":{"atNs":[40000000],"tokens":[1],"coalesced":[false]}}
                {"outcome":"reset","startedAtNs":0,"chunks":{"atNs":[],"tokens":[],"coalesced":[]}}
                """);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            vllm           | ttft +25.00 +25.00 .* ttft +n/a 11
            vllm           | tpot +10.00 +10.00
            vllm           | itl +10.00 +10.00
            aiperf         | time_to_first_token +30.00 +30.00
            aiperf         | inter_token_latency +7.500 +7.500
            aiperf         | inter_chunk_latency +10.00 +10.00
            guidellm       | time_per_output_token_ms +15.00 +10.00 +40.00
            guidellm       | inter_token_latency_ms +7.500 +7.500
            inference-perf | time_per_output_token +10.00 +10.00
            inference-perf | normalized_time_per_output_token +26.00 +26.00
            mlperf         | ttft +32.50 +20.00 +45.00
            """)
    void everyToolsDefinitionIsItsOwn(String tool, String row) {
        var told = lens("compare", run.toString(), "--as", tool);

        assertThat(told.exitCode()).as(told.err()).isZero();
        assertThat(told.out()).containsPattern("\n" + row);
        assertThat(told.out().lines().skip(1))
                .allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(CompareTable.COLUMNS));
    }

    @Test
    void dashboardsFindTheNamesThatTheyRead() {
        JsonNode vllm = JsonMapper.shared()
                .readTree(
                        lens("compare", run.toString(), "--format", "vllm-json").out());
        assertThat(vllm.path("completed").asInt()).isEqualTo(2);
        assertThat(vllm.path("failed").asInt()).isEqualTo(1);
        assertThat(vllm.path("median_ttft_ms").asDouble()).isEqualTo(25);
        assertThat(vllm.path("std_ttft_ms").asDouble()).isEqualTo(15);
        assertThat(vllm.path("p99_ttft_ms").asDouble()).isCloseTo(39.7, within(1e-9));
        assertThat(vllm.path("request_throughput").asDouble()).isCloseTo(20, within(1e-9));
        assertThat(vllm.path("total_token_throughput").asDouble()).isCloseTo(140, within(1e-9));

        JsonNode aiperf = JsonMapper.shared()
                .readTree(lens("compare", run.toString(), "--format", "aiperf-json")
                        .out());
        assertThat(aiperf.at("/time_to_first_token/avg").asDouble()).isEqualTo(30);
        assertThat(aiperf.at("/inter_token_latency/unit").asString()).isEqualTo("ms");
        assertThat(aiperf.at("/request_count/avg").asInt()).isEqualTo(2);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            compare --as vllm                     | --as tells the figures of runs, there was none; give their folders
            compare a b --format vllm-json        | --format vllm-json writes the figures of one run, there were 2
            compare a --as vllm --gate ttft.p9<1s | leave out --gate, --steady and --format
            compare a --as wrk                    | 'wrk' is none of vllm, aiperf, guidellm, inference-perf and mlperf
            """)
    void whatCannotBeRestatedIsToldInOneLine(String line, String says) {
        var told = lens(line.split(" "));

        assertThat(told.exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(told.err()).contains(says).hasLineCount(1);
    }
}
