package dev.latencylens.cli;

import static dev.latencylens.cli.LensRun.exchanges;
import static dev.latencylens.cli.LensRun.lens;
import static dev.latencylens.cli.LensRun.runFile;
import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.InputFormat;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.latencylens.provider.CostSummary;
import dev.latencylens.simulated.Behaviour;
import dev.latencylens.simulated.ServerOptions;
import dev.latencylens.simulated.SimulatedProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/// Limits per minute over real sockets; `ThrottleTest` sees whole minutes of them on a clock of its own.
class RateLimitTest {
    private static final String PER_MINUTE = "2000";
    /// Between two starts, or on each of two threads twice as much.
    private static final long GAP_NS = 30_000_000;
    /// By which the first start may be late; each pace counts from when it was allowed.
    private static final long SLACK_NS = 100_000_000;

    @TempDir
    Path folder;

    @ParameterizedTest(name = "{0} {1}, {2} I/O threads")
    @CsvSource({"--concurrency, 8, 1", "--concurrency, 8, 2", "--request-rate, 200, 1"})
    void aLimitIsAPaceByTheRecordedStartsAndWhatItHoldsBackIsToldApart(String load, String value, String threads)
            throws IOException {
        LensRun run = measured(
                "ttft=2ms; gap=1ms; tokens=4",
                24,
                load,
                value,
                "--io-threads",
                threads,
                "--max-requests-per-minute",
                PER_MINUTE);

        List<JsonNode> starts = exchanges(out()).stream()
                .sorted(Comparator.comparingLong(each -> each.get("startedAtNs").asLong()))
                .toList();
        assertThat(starts).hasSize(24);
        assertThat(spanNs(starts))
                .isGreaterThan((24L / Integer.parseInt(threads) - 1) * GAP_NS * Integer.parseInt(threads) - SLACK_NS);
        long heldBack = 0;
        long heldBackNs = 0;
        for (JsonNode each : starts) {
            long throttleNs = each.get("throttleNs").asLong();
            heldBack += throttleNs > 0 ? 1 : 0;
            heldBackNs += throttleNs;
            assertThat(throttleNs)
                    .isBetween(
                            0L,
                            each.get("startedAtNs").asLong()
                                    - each.get("intendedAtNs").asLong());
        }
        assertThat(heldBack).isGreaterThan(10);
        JsonNode file = runFile(out());
        assertThat(file.at("/plan/limits/requestsPerMinute").asString()).isEqualTo(PER_MINUTE);
        assertThat(file.at("/summary/throttled/attempts").asLong()).isEqualTo(24);
        assertThat(file.at("/summary/throttled/heldBack").asLong()).isEqualTo(heldBack);
        assertThat(file.at("/summary/throttled/heldBackNs").asLong()).isEqualTo(heldBackNs);
        assertThat(file.at("/summary/metrics/throttle/count").asLong()).isEqualTo(24);
        assertThat(file.get("caveats").toString()).contains("held_back_by_limits");
        assertThat(run.out())
                .contains(
                        "at most 2,000 requests a minute",
                        "Throttle  limits held back " + heldBack + " of 24 requests");
        assertFitsItsSchema("run", RunDirectory.RUN);
        assertFitsItsSchema("exchange", RunDirectory.EXCHANGES);
    }

    @Test
    void tokensAreReservedAndSettledByUsage() throws IOException {
        measured(
                "ttft=1ms; gap=1ms; tokens=4",
                40,
                "--concurrency",
                "2",
                "--isl",
                "20",
                "--osl",
                "500",
                "--max-tokens-per-minute",
                "60000");

        List<JsonNode> all = exchanges(out());
        assertThat(all).hasSize(40);
        long used = all.stream()
                .mapToLong(each -> each.at("/usage/input_total").asLong()
                        + each.at("/usage/output_total").asLong())
                .sum();
        double allowed = spanNs(all) / 1e9 * 1_000;
        assertThat(used).isLessThan((long) allowed + 1_000);
        // More than would have been without giving back what was reserved for nothing.
        assertThat(40L * 500).isGreaterThan((long) allowed + 1_000);
        assertThat(runFile(out()).at("/summary/throttled/heldBack").asLong()).isPositive();
    }

    @Test
    void aRunThatIsReadAgainTellsTheSame() throws IOException {
        measured("ttft=1ms; gap=0ms; tokens=4", 12, "--concurrency", "4", "--max-requests-per-minute", PER_MINUTE);
        JsonNode run = runFile(out());

        Recovery again = Recovery.of(
                out().resolve(RunDirectory.EXCHANGES),
                run.at("/clock/monotonicStartNs").asLong(),
                false,
                new CostSummary(null),
                SteadyPart.NOTHING);

        assertThat(again.summary().throttled().heldBackNs())
                .isEqualTo(run.at("/summary/throttled/heldBackNs").asLong());
        assertThat(WrittenRun.of(run).plan().limits().requestsPerMinute()).isEqualTo(2_000);
    }

    @Test
    void retriesCountAgainstTheLimit() throws IOException {
        measured(
                "fault=http-500; fault-rate=0.5; seed=3; ttft=1ms; tokens=4",
                12,
                "--concurrency",
                "12",
                "--retries",
                "9",
                "--retry-backoff",
                "1ms",
                "--max-requests-per-minute",
                PER_MINUTE);

        List<JsonNode> starts = exchanges(out());
        assertThat(starts).hasSizeGreaterThan(12);
        assertThat(spanNs(starts)).isGreaterThan((starts.size() - 1) * GAP_NS - SLACK_NS);
    }

    @ParameterizedTest(name = "{0} {1}: {2}")
    @CsvSource(
            delimiter = '|',
            value = {
                "--max-requests-per-minute | 0 | --max-requests-per-minute must be at least 1, was 0",
                "--max-requests-per-minute | 2 --io-threads 3 --concurrency 3 | cannot share 2 requests per minute",
                "--max-tokens-per-minute | 1000 --osl 0 | needs to know how long an answer can get; give --osl TOKENS",
                "--max-tokens-per-minute | 100 --osl 200 | does not allow one request, which may take",
                "--max-tokens-per-minute | 9000 --osl 9 --extra-body {\"n\":3} | cannot reckon with 'n' in --extra-body",
            })
    void aLimitThatCannotBeKeptIsNamed(String flag, String values, String said) {
        var arguments = new ArrayList<>(List.of("run", "--url", "http://127.0.0.1:9/v1", "-m", "m", flag));
        arguments.addAll(List.of(values.split(" ", -1)));

        LensRun run = lens(arguments.toArray(String[]::new));
        assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(run.err()).contains(said).hasLineCount(1);
    }

    /// From the first recorded start to the last.
    private static long spanNs(List<JsonNode> exchanges) {
        var startedAtNs = exchanges.stream()
                .mapToLong(each -> each.get("startedAtNs").asLong())
                .summaryStatistics();
        return startedAtNs.getMax() - startedAtNs.getMin();
    }

    private LensRun measured(String behaviour, int requests, String... flags) throws IOException {
        try (var provider = SimulatedProvider.start(
                ServerOptions.defaults(), Behaviour.defaults().with(behaviour))) {
            var all = new ArrayList<>(List.of(
                    "run",
                    "--url",
                    provider.baseUrl().toString(),
                    "--model",
                    "m",
                    "-n",
                    Integer.toString(requests),
                    "--output-dir",
                    out().toString()));
            all.addAll(List.of(flags));
            LensRun run = lens(all.toArray(String[]::new));
            assertThat(run.exitCode()).as(run.err()).isZero();
            return run;
        }
    }

    private void assertFitsItsSchema(String schema, String file) throws IOException {
        Path path = Path.of(System.getProperty("lens.root"), "docs", "schema", schema + ".schema.json");
        var validator = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
                .getSchema(Files.readString(path), InputFormat.JSON);
        String text = Files.readString(out().resolve(file));
        for (String document :
                file.equals(RunDirectory.RUN) ? List.of(text) : text.lines().toList()) {
            assertThat(validator.validate(document, InputFormat.JSON)).isEmpty();
        }
    }

    private Path out() {
        return folder.resolve("run");
    }
}
