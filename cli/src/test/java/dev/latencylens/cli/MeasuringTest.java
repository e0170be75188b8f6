package dev.latencylens.cli;

import static dev.latencylens.cli.LensRun.exchanges;
import static dev.latencylens.cli.LensRun.judged;
import static dev.latencylens.cli.LensRun.lens;
import static dev.latencylens.cli.LensRun.runFile;
import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.latencylens.simulated.Behaviour;
import dev.latencylens.simulated.ServerOptions;
import dev.latencylens.simulated.SimulatedProvider;
import dev.latencylens.simulated.TlsIdentity;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/// Whole runs against the simulated provider, over real sockets.
class MeasuringTest {
    @TempDir
    Path folder;

    @Test
    void aRunWithoutArgumentsMeasuresTheEmbeddedProviderAndPrintsAReport() {
        var run = lens("run", "--output-dir", folder.toString());

        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.err()).isEmpty();
        assertThat(run.out().lines()).allMatch(line -> line.length() <= Report.COLUMNS);
        assertThat(run.out())
                .contains("Measured  simulated at http://127.0.0.1:")
                .contains("closed loop, concurrency 16, 130 requests")
                .contains("130 measured: completed 130")
                .contains("n/a 662")
                .contains("new connections", "reused connections")
                .contains("2,600 out, 16,640 in, counted by usage")
                .contains("ttft               firstToken - started")
                .contains("Files     " + folder);
        assertThat(lens("truth", folder.toString()).exitCode()).isZero();
    }

    @Test
    void theTableIsAlignedAndRisesFromLeftToRight() {
        var run = lens(
                "run",
                "--num-prompts",
                "20",
                "--output-dir",
                folder.toString(),
                "--percentile-metrics",
                "ttft,e2el",
                "--metric-percentiles",
                "50,99.99");

        List<String> table = run.out()
                .lines()
                .dropWhile(line -> !line.isEmpty())
                .skip(1)
                .limit(3)
                .toList();
        assertThat(table.get(0)).isEqualTo("ms                    count    mean     min     p50    p99.99     max");
        assertThat(table.get(1)).matches("ttft +20( +[\\d.]+){3} n/a 66381 +[\\d.]+");
        assertThat(table.get(2)).startsWith("e2e ").hasSameSizeAs(table.get(0));
    }

    @Test
    void theVerdictStandsInReportAndFileAndIsTheExitCode() {
        var run = judged(
                "run", "--num-prompts", "20", "--metric-percentiles", "50,99", "--output-dir", folder.toString());

        JsonNode verdict = runFile(folder).path("verdict");
        // The test's JVM may well have stood still; what was asked for cannot be told in any case.
        boolean paused = verdict.path("state").asString().equals("INVALID");
        assertThat(verdict.path("state").asString()).isEqualTo(paused ? "INVALID" : "INCONCLUSIVE");
        assertThat(run.exitCode()).isEqualTo(paused ? ExitCode.INVALID : ExitCode.INCONCLUSIVE);
        assertThat(verdict.path("reasons")
                        .valueStream()
                        .map(reason -> reason.path("code").asString()))
                .contains("too_few_samples");
        assertThat(run.out())
                .contains("Verdict   " + verdict.path("state").asString() + "; client's longest pause")
                .contains("- p99 was asked for, and ttfb has 20 samples; it needs 662.");
    }

    @Test
    void aVerdictLeavesTheExitCodeAloneWhereThatIsAskedFor() {
        var run = lens("run", "--num-prompts", "20", "--metric-percentiles", "99", "--output-dir", folder.toString());

        assertThat(run.exitCode()).isZero();
        assertThat(run.out()).contains("Verdict   IN");
    }

    @Test
    void percentilesThatNobodyAskedForMakeNoRunInconclusive() {
        lens("run", "--num-prompts", "12", "--output-dir", folder.toString());

        assertThat(runFile(folder)
                        .at("/verdict/reasons")
                        .valueStream()
                        .map(reason -> reason.path("code").asString()))
                .doesNotContain("too_few_samples");
    }

    @Test
    void chunksAndTokensEqualTheSimulatorsRecord() throws IOException {
        Path record = folder.resolve("simulator.jsonl");
        try (var provider = SimulatedProvider.start(
                ServerOptions.defaults().withRecord(record),
                Behaviour.defaults().with("ttft", "5ms").with("gap", "1ms").with("reasoning-tokens", "3"))) {
            var run = lens(
                    "run",
                    "--url",
                    provider.baseUrl().toString(),
                    "--model",
                    "m",
                    "--concurrency",
                    "8",
                    "--num-prompts",
                    "64",
                    "--warmup",
                    "8",
                    "--osl",
                    "10",
                    "--output-dir",
                    folder.resolve("r").toString());
            assertThat(run.exitCode()).as(run.err()).isZero();
        }

        assertThat(runFile(folder.resolve("r"))
                        .at("/summary/outcomes/completed")
                        .asInt())
                .isEqualTo(64);
        var truth = lens("truth", folder.resolve("r").toString(), record.toString());
        assertThat(truth.exitCode()).as(truth.out()).isZero();
        assertThat(truth.out())
                .contains(
                        "72 requests matched (errors without the 8 for warm-up), 0 in the run alone, 0 in the record alone");

        var json = lens("truth", "--json", folder.resolve("r").toString(), record.toString());
        assertThat(json.exitCode()).as(json.err()).isZero();
        assertThat(json.out())
                .startsWith("{\"matched\":72,\"warmups\":8,")
                .contains("\"arrivalErrorNs\":{\"count\":", "\"p50\":");
    }

    @Test
    void aRecordThatDoesNotAgreeIsAMismatch() throws IOException {
        lens("run", "--num-prompts", "3", "--concurrency", "1", "--output-dir", folder.toString());
        Path record = folder.resolve(RunDirectory.SIMULATOR);
        List<String> lines = Files.readAllLines(record);
        lines.set(0, lines.get(0).replaceFirst("\"text\"", "\"empty\""));
        lines.set(1, lines.get(1).replaceFirst("\"completionTokens\":20", "\"completionTokens\":21"));
        Files.write(record, lines);

        var truth = lens("truth", folder.toString());

        assertThat(truth.exitCode()).isEqualTo(ExitCode.MISSED);
        assertThat(truth.out()).contains("20 chunks measured, 19 written", "20 tokens measured, 21 written");
    }

    @ParameterizedTest
    @ValueSource(strings = {"1.1", "2"})
    void theReportTellsHttpVersionAndTls(String http) throws IOException {
        TlsIdentity identity = TlsIdentity.generate(TlsIdentity.Flaw.VALID);
        Path ca = folder.resolve("ca.pem");
        Files.writeString(ca, identity.trustPem());
        try (var provider = SimulatedProvider.start(ServerOptions.defaults().withTls(identity), Behaviour.defaults())) {
            String url = provider.baseUrl().toString();
            var run = lens(
                    "run",
                    "--url",
                    url,
                    "-m",
                    "m",
                    "-n",
                    "12",
                    "--http",
                    http,
                    "--ca-file",
                    ca.toString(),
                    "--output-dir",
                    folder.resolve("r").toString());
            assertThat(run.exitCode()).as(run.err()).isZero();
            assertThat(run.out()).contains("HTTP/" + http + " over TLSv1.3 (").doesNotContain("NOT checked");
            assertThat(exchanges(folder.resolve("r"))
                            .getFirst()
                            .at("/tls/verified")
                            .asBoolean())
                    .isTrue();

            var distrusting = lens(
                    "run",
                    "--url",
                    url,
                    "-m",
                    "m",
                    "-n",
                    "1",
                    "--output-dir",
                    folder.resolve("d").toString());
            assertThat(distrusting.exitCode()).isEqualTo(ExitCode.NOTHING_MEASURED);
            assertThat(distrusting.err()).contains("tls_failed", "--ca-file").hasLineCount(1);

            var insecure = lens(
                    "run",
                    "--url",
                    url,
                    "-m",
                    "m",
                    "-n",
                    "2",
                    "--insecure",
                    "--output-dir",
                    folder.resolve("i").toString());
            assertThat(insecure.out()).contains("certificate NOT checked", "Certificates were not checked");
        }
    }

    @Test
    void aConstantRateKeepsItsIntendedTimes() {
        var run = lens("run", "--request-rate", "100", "--num-prompts", "50", "--output-dir", folder.toString());

        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.out()).contains("constant 100 requests/s, 50 requests");
        long first = exchanges(folder).stream()
                .mapToLong(exchange -> exchange.path("intendedAtNs").asLong())
                .min()
                .orElseThrow();
        assertThat(exchanges(folder))
                .hasSize(50)
                .allSatisfy(exchange -> assertThat(exchange.path("intendedAtNs").asLong() - first)
                        .isEqualTo(exchange.path("number").asLong() * 10_000_000));
    }

    @Test
    void aDurationEndsTheRun() {
        var run = lens(
                "run",
                "--duration",
                "300ms",
                "--concurrency",
                "4",
                "--output-len",
                "2",
                "--output-dir",
                folder.toString());

        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.out()).contains("for 0.3 s");
        assertThat(runFile(folder).at("/summary/measured").asInt()).isBetween(4, 1_000);
    }

    @Test
    void bothFilesAreValidByTheirSchemas() throws IOException {
        lens(
                "run",
                "--num-prompts",
                "12",
                "--warmup",
                "2",
                "--label",
                "a=b",
                "-H",
                "X-Team: lens",
                "--tokenizer",
                "cl100k_base",
                "--output-dir",
                folder.resolve("good").toString());
        lens(
                "run",
                "--url",
                "http://127.0.0.1:9/v1",
                "-m",
                "m",
                "--request-rate",
                "50",
                "--duration",
                "1s",
                "--output-dir",
                folder.resolve("bad").toString());

        for (String run : List.of("good", "bad")) {
            var wrong = new ArrayList<String>();
            Path directory = folder.resolve(run);
            schema("run")
                    .validate(Files.readString(directory.resolve("run.json")), InputFormat.JSON)
                    .forEach(error -> wrong.add(error.toString()));
            try (var lines = Files.lines(directory.resolve("exchanges.jsonl"))) {
                lines.forEach(line -> schema("exchange")
                        .validate(line, InputFormat.JSON)
                        .forEach(error -> wrong.add(error.toString())));
            }
            assertThat(wrong).isEmpty();
            assertThat(exchanges(directory)).isNotEmpty();
        }
        assertThat(folder.resolve("good/histograms.hlog")).content().contains("Tag=ttft,");
    }

    @Test
    void aRunThatHasJustBegunIsValidToo() throws IOException {
        var seen = new ArrayList<String>();
        try (var provider = SimulatedProvider.start(
                ServerOptions.defaults(), Behaviour.defaults(), record -> seen.add(readRunFile()))) {
            lens(
                    "run",
                    "--url",
                    provider.baseUrl().toString(),
                    "-m",
                    "m",
                    "-n",
                    "20",
                    "--output-dir",
                    folder.resolve("r").toString());
        }

        assertThat(seen.getFirst()).contains("\"state\" : \"running\"");
        assertThat(schema("run").validate(seen.getFirst(), InputFormat.JSON)).isEmpty();
        assertThat(runFile(folder.resolve("r")).path("state").asString()).isEqualTo("finished");
    }

    @Test
    void aPromptMayComeFromStandardInput() throws IOException {
        var run = LensRun.lens(
                "What is love?",
                Map.of(),
                "run",
                "--prompt-file",
                "-",
                "--num-prompts",
                "2",
                "--output-dir",
                folder.toString());

        assertThat(run.out()).contains("prompts the text of --prompt-file -, each time");
        assertThat(Files.readString(folder.resolve("run.json"))).doesNotContain("What is love?");
    }

    @Test
    void failuresAreCountedBesideTheAnswers() throws IOException {
        try (var provider = SimulatedProvider.start(
                ServerOptions.defaults(),
                Behaviour.defaults().with("fault", "http-503").with("fault-rate", "0.5"))) {
            var run = lens(
                    "run",
                    "--url",
                    provider.baseUrl().toString(),
                    "-m",
                    "m",
                    "-n",
                    "40",
                    "--output-dir",
                    folder.resolve("r").toString());

            assertThat(run.exitCode()).isZero();
            assertThat(run.out()).contains("http_error", "requests failed and are in no latency figure");
        }
        JsonNode outcomes = runFile(folder.resolve("r")).at("/summary/outcomes");
        assertThat(outcomes.path("completed").asInt()
                        + outcomes.path("http_error").asInt())
                .isEqualTo(40);
    }

    @ParameterizedTest
    @ValueSource(strings = {"http-401:check the key", "http-404:check -m 'm'"})
    void aRefusalThatLastsEndsTheRunWithItsCure(String refusal) throws IOException {
        String[] parts = refusal.split(":", 2);
        try (var provider = SimulatedProvider.start(
                ServerOptions.defaults(), Behaviour.defaults().with("fault", parts[0]))) {
            var run = lens(
                    Map.of("OPENAI_API_KEY", "sk-canary-0123456789"),
                    "run",
                    "--url",
                    provider.baseUrl().toString(),
                    "-m",
                    "m",
                    "--duration",
                    "1h",
                    "--output-dir",
                    folder.resolve("r").toString());

            assertThat(run.exitCode()).isEqualTo(ExitCode.NOTHING_MEASURED);
            assertThat(run.err()).contains(parts[1]).hasLineCount(1);
        }
    }

    private String readRunFile() {
        try {
            return Files.readString(folder.resolve("r").resolve("run.json"));
        } catch (IOException e) {
            return e.toString();
        }
    }

    static Schema schema(String name) {
        Path file = Path.of(System.getProperty("lens.root"), "docs", "schema", name + ".schema.json");
        try {
            return SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
                    .getSchema(Files.readString(file), InputFormat.JSON);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
