package dev.latencylens.cli;

import static dev.latencylens.cli.LensRun.lens;
import static dev.latencylens.cli.LensRun.runFile;
import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.InputFormat;
import dev.latencylens.stats.Metric;
import dev.latencylens.stats.Percentile;
import dev.latencylens.stats.Summary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// What a run tells beside its figures.
class RunStatisticsTest {
    @TempDir
    Path folder;

    @Test
    void aRunTellsItsIntervalsAndHowManyRequestsWereGood() throws IOException {
        var run = lens(
                "run",
                "-n",
                "80",
                "--concurrency",
                "8",
                "--goodput",
                "ttft:60000",
                "tpot:0.001",
                "--confidence-level",
                "90",
                "--output-dir",
                folder.toString());

        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.out())
                .containsPattern("90 % intervals, ms +p50 +p90 +p99\\n")
                .containsPattern("\\nttft +\\[[0-9.]+, [0-9.]+] +\\[[0-9.]+, [0-9.-]+] +n/a 662\\n")
                .contains("Goodput   0 of 80 requests were good: good_fraction 0.00, goodput 0.00 requests/s");
        assertThat(run.out().contains("-: too few independent values"))
                .as("the dash is explained where there is one")
                .isEqualTo(run.out()
                        .lines()
                        .anyMatch(line -> line.matches("[a-z0-9_]+ .*(, -\\]|\\[-| {5}- .*n/a 662).*")));
        assertThat(run.out().lines().filter(line -> !line.startsWith("Files")))
                .allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(Report.COLUMNS));
        JsonNode summary = runFile(folder).path("summary");
        JsonNode p50 = summary.at("/intervals/metrics/ttft/p50");
        assertThat(summary.at("/metrics/ttft/percentiles/p50").asLong())
                .isBetween(p50.path("low").asLong(), p50.path("high").asLong());
        assertThat(summary.at("/goodput/objectivesNs/tpot").asLong()).isEqualTo(1_000);
        assertThat(MeasuringTest.schema("run").validate(Files.readString(folder.resolve("run.json")), InputFormat.JSON))
                .isEmpty();
    }

    @Test
    void aFailedRequestIsNotGoodAndIsInfinitelySlow() throws IOException {
        var lines = new StringBuilder();
        for (int i = 0; i < 20; i++) {
            lines.append("""
                    {"outcome":"%s","startedAtNs":0,"firstTokenAtNs":%d,"lastTokenAtNs":%d,"chunks":{"atNs":[1],
                    "tokens":[1],"coalesced":[false]}}
                    """.formatted(
                                    i < 12 ? "completed" : i < 18 ? "reset" : "cancelled",
                                    1_000_000 * (i + 1),
                                    1_000_000 * (i + 1))
                            .replace("\n", "")
                    + "\n");
        }
        Files.writeString(folder.resolve("exchanges.jsonl"), lines);
        Files.writeString(folder.resolve("run.json"), "{\"state\":\"finished\"}");

        var statistics = RunStatistics.of(
                folder,
                List.of(Metric.TTFT),
                0.95,
                Objectives.parse(List.of("ttft:3", "tpot:1")),
                Optional.of(new Summary.Rates(5, 2_000_000_005L, true, 20, 12)),
                5,
                null);

        RunStatistics.Goodput goodput = Objects.requireNonNull(statistics.goodput());
        assertThat(goodput.good()).isEqualTo(3);
        assertThat(goodput.fraction()).isEqualTo(0.15);
        assertThat(goodput.perSecond()).hasValue(1.5);
        assertThat(statistics.withFailures())
                .as("of 18, for what this client cancelled has not failed")
                .containsEntry(Metric.TTFT, Map.of(Percentile.P50, 9e6));
        assertThat(statistics.estimates().get(Metric.TTFT)).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            icl_per_request:1 | [5]          |           | true
            tpot:1            | [5]          |           | true
            icl_per_request:1 | []           |           | false
            tpot:1            | []           |           | false
            icl_per_request:1 | [5, 9000000] |           | false
            queue:1           | [5]          | "attempt":2, | true
            send_lag:1        | [5]          | "attempt":2, | true
            queue:1           | [5]          |           | false
            tcp:1             | [5]          |           | true
            tcp:1             | [5]          | "connectStartAtNs":0,"connectEndAtNs":9000000, | false
            ttfo:1            | [5]          |           | false
            """)
    void anObjectiveIsNotBrokenByAFigureThatAnAnswerDoesNotHave(
            String objective, String chunksAtNs, @Nullable String more, boolean good) {
        String line = """
                {"outcome":"completed",%s"intendedAtNs":0,"startedAtNs":9000000,"firstTokenAtNs":9000005,
                "lastTokenAtNs":9000005,"chunks":{"atNs":%s,"tokens":[1,1],"coalesced":[false,false]}}
                """.formatted(more == null ? "" : more, chunksAtNs);
        var exchange = new ExchangeLine(JsonMapper.shared().readTree(line), false);

        assertThat(Objectives.parse(List.of(objective)).areMetBy(exchange)).isEqualTo(good);
    }

    @Test
    void withoutItsFileARunHasNoIntervalsAndSaysWhy() {
        assertThat(RunStatistics.of(folder, List.of(Metric.TTFT), 0.95, Objectives.NONE, Optional.empty(), 0, null)
                        .remark())
                .startsWith("exchanges.jsonl cannot be read: ")
                .endsWith("exchanges.jsonl: no such file");
    }
}
