package dev.latencylens.cli;

import static dev.latencylens.cli.LensRun.exchanges;
import static dev.latencylens.cli.LensRun.lens;
import static dev.latencylens.cli.LensRun.runFile;
import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.InputFormat;
import dev.latencylens.simulated.Behaviour;
import dev.latencylens.simulated.ServerOptions;
import dev.latencylens.simulated.SimulatedProvider;
import dev.latencylens.stats.Metric;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What of a run is in its figures: what comes after the warm-up, and on request only what is steady.
class WarmupTest {
    private static final Predicate<JsonNode> WARMUP =
            exchange -> exchange.path("warmup").asBoolean();

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--concurrency 8 --io-threads 2 --duration 400ms",
                "--request-rate 100 --arrival-pattern poisson --duration 400ms",
                "--request-rate 100 --io-threads 2 -n 40"
            })
    void whatIsDueInATimeOfWarmupIsInNoFigureAndNothingWaitsAtItsEnd(String load) throws IOException {
        measured("ttft=50ms; gap=5ms; tokens=10", load + " --warmup 300ms");

        long lastOfWarmup = last("intendedAtNs", WARMUP);
        long firstMeasured = first("intendedAtNs", WARMUP.negate());
        assertThat(firstMeasured).isGreaterThan(lastOfWarmup);
        assertThat(last("responseEndAtNs", WARMUP))
                .as("warm-up under way when measuring begins")
                .isGreaterThan(firstMeasured);
        JsonNode summary = runFile(out()).path("summary");
        assertThat(summary.path("warmup").asLong()).isEqualTo(count(WARMUP));
        assertThat(summary.path("measured").asLong()).isEqualTo(count(WARMUP.negate()));
        assertThat(summary.at("/client/warmupNs").asLong()).isEqualTo(300_000_000);
        assertThat(runFile(out()).at("/plan/load/warmupNs").asLong()).isEqualTo(300_000_000);
        assertFitsItsSchema();
    }

    /// The rule of docs/metrics.md, "Rates", reckoned here from the lines.
    @Test
    void ratesCountWhatArrivedInTheTimeWhoeverAskedForIt() throws IOException {
        measured("ttft=50ms; gap=5ms; tokens=10", "--concurrency 8 --warmup 300ms -n 80");

        long from = first("startedAtNs", WARMUP.negate());
        long to = last("startedAtNs", WARMUP.negate());
        long tokens = 0;
        long ofWarmup = 0;
        long ended = 0;
        for (JsonNode exchange : exchanges(out())) {
            for (JsonNode atNs : exchange.at("/chunks/atNs")) {
                boolean inside = atNs.asLong() >= from && atNs.asLong() < to;
                tokens += inside ? 1 : 0;
                ofWarmup += inside && WARMUP.test(exchange) ? 1 : 0;
            }
            long end = exchange.path("responseEndAtNs").asLong();
            ended += end >= from && end < to ? 1 : 0;
        }
        assertThat(ofWarmup).isPositive();
        JsonNode rates = runFile(out()).at("/summary/rates");
        assertThat(rates.path("fromAtNs").asLong()).isEqualTo(from);
        assertThat(rates.path("durationNs").asLong()).isEqualTo(to - from);
        assertThat(rates.path("toLastStart").asBoolean()).isTrue();
        assertThat(rates.path("output_tokens").asDouble()).isEqualTo((double) tokens);
        assertThat(rates.path("answers").asLong()).isEqualTo(ended);
        assertThat(rates.path("output_tps").asDouble()).isEqualTo(tokens * 1e9 / (to - from));
    }

    @Test
    void anAutomaticWarmupLastsUntilTheTargetHasComeDownToItsLevel() throws IOException {
        LensRun run = measured("ttft=drift:60ms:6ms:60; tokens=2", "--concurrency 2 --warmup auto:30s -n 40");

        assertThat(count(WARMUP)).isGreaterThanOrEqualTo(60);
        assertThat(count(WARMUP.negate())).isEqualTo(40);
        assertThat(runFile(out()).at("/plan/load/warmupMostNs").asLong()).isEqualTo(30_000_000_000L);
        assertThat(run.out()).contains("Warm-up   ");
        assertFitsItsSchema();
    }

    @Test
    void aTargetThatNeverSettlesIsMeasuredFromTheLongestTimeOn() throws IOException {
        LensRun run = measured("ttft=drift:5ms:500ms:1000; tokens=2", "--concurrency 2 --warmup auto:1s -n 3");

        assertThat(count(WARMUP.negate())).isEqualTo(3);
        assertThat(runFile(out()).at("/summary/client/warmupNs").asLong()).isEqualTo(1_000_000_000);
        assertThat(run.out().replaceAll("\\s+", " "))
                .contains(
                        "the longest that it may take, without a level that ttft kept",
                        "In the 1 s that warm-up may take at most");
    }

    @Test
    void aRunWhoseTargetOnlyDriftsHasNoLevelAndIsInconclusive() throws IOException {
        measured("ttft=drift:2ms:80ms:120; tokens=2", "--concurrency 2 -n 120");

        assertThat(runFile(out()).at("/verdict/reasons"))
                .anySatisfy(reason -> assertThat(reason.path("code").asString()).isEqualTo("never_steady"));
        assertThat(runFile(out()).at("/summary/steady/reached").asBoolean()).isFalse();
    }

    @Test
    void aRunTooShortToTellItsSteadyStateSaysSoAndHowManyAnswersThatNeeds() throws IOException {
        LensRun run = measured("ttft=2ms; tokens=2", "--concurrency 4 -n 39 --steady");

        assertThat(run.out().replaceAll("\\s+", " "))
                .contains("(--steady) could not be judged by 39 answers; it needs 40. Nothing was cut")
                .doesNotContain("--no-stream");
    }

    @Test
    void anAnswerThatWasAskedForAsAWholeHasNoTimeToFirstTokenOfItsOwn() throws IOException {
        LensRun run = measured("ttft=2ms; tokens=2", "--concurrency 4 -n 12 --no-stream --prime 200ms");

        assertThat(runFile(out()).path("caveats"))
                .anySatisfy(caveat -> assertThat(caveat.path("code").asString()).isEqualTo("not_streamed"));
        assertThat(run.out().replaceAll("\\s+", " "))
                .contains("ttft and ttfo are e2e")
                .containsPattern("Warm-up this client's own code for 0\\.[0-9]+ s \\(as asked\\)");
    }

    @Test
    void whatTheClientsOwnCodeWasRunInForIsToldWithItsEnd() {
        var took = new Priming.Done(Duration.ofMillis(3_250), true);
        assertThat(LoadText.primed(Priming.UNTIL_SETTLED, took))
                .isEqualTo("this client's own code for 3.25 s (until compilation settled)");
        assertThat(LoadText.primed(Priming.UNTIL_SETTLED, new Priming.Done(Duration.ofSeconds(20), false)))
                .isEqualTo("this client's own code for 20.00 s (compilation did not settle)");
        assertThat(LoadText.primed(Priming.USUAL, took)).isEmpty();
        assertThat(LoadText.primed(Priming.UNTIL_SETTLED, null))
                .as("a run that broke off")
                .isEmpty();
    }

    @Test
    void aRunOfItsSteadyStateAloneHasNothingFromBeforeInAnyFigure() throws IOException {
        LensRun run = measured(
                "ttft=drift:500ms:100ms:40; tokens=4", "--concurrency 4 -n 200 --steady --goodput ttft:150 --warmup 2");

        JsonNode file = runFile(out());
        JsonNode summary = file.path("summary");
        JsonNode steady = summary.path("steady");
        assertThat(steady.path("cut").asBoolean()).isTrue();
        long from = steady.path("fromAtNs").asLong();
        Predicate<JsonNode> kept = exchange -> exchange.path("startedAtNs").asLong() >= from;
        long measured = count(kept);
        assertThat(measured).isBetween(140L, 180L);
        assertThat(summary.path("measured").asLong()).isEqualTo(measured);
        assertThat(summary.path("warmup").asLong()).isEqualTo(202 - measured);
        assertThat(summary.at("/outcomes/completed").asLong()).isEqualTo(measured);
        assertThat(summary.at("/metrics/ttft/count").asLong()).isEqualTo(measured);
        assertThat(summary.at("/goodput/measured").asLong()).isEqualTo(measured);
        assertThat(summary.path("windowStartAtNs").asLong()).isEqualTo(from);
        assertThat(summary.at("/rates/fromAtNs").asLong()).isEqualTo(from);
        assertThat(steady.at("/before/requests").asLong() + measured).isEqualTo(200);
        assertThat(run.out().replaceAll("\\s+", " "))
                .contains("What was before is cut: it is in no other figure", measured + " measured: completed");
        RunSamples read = RunSamples.read(out(), List.of(Metric.TTFT));
        assertThat(read.measured()).isEqualTo(measured);
        assertThat(read.sample(Metric.TTFT).count()).isEqualTo(measured);
        assertFitsItsSchema();

        JsonNode recovered = killedAndRecovered(file);
        assertThat(recovered.path("measured")).isEqualTo(summary.path("measured"));
        assertThat(recovered.path("steady")).isEqualTo(steady);
        assertThat(recovered.path("metrics")).isEqualTo(summary.path("metrics"));
        assertThat(recovered.path("rates")).isEqualTo(summary.path("rates"));

        JsonNode once = runFile(out());
        Files.writeString(out().resolve(RunDirectory.EXCHANGES), "torn", StandardOpenOption.APPEND);
        lens("recover", out().toString());
        assertThat(runFile(out()).path("summary")).as("recovered again").isEqualTo(once.path("summary"));
        assertThat(runFile(out()).at("/recovery/tornBytes").asInt()).isEqualTo(4);
    }

    private JsonNode killedAndRecovered(JsonNode live) throws IOException {
        var begun = (ObjectNode) live.deepCopy();
        begun.put("state", "running");
        begun.putNull("summary");
        begun.putNull("calibration");
        begun.putArray("caveats");
        begun.putNull("verdict");
        Files.writeString(out().resolve(RunDirectory.RUN), begun.toPrettyString());
        assertThat(lens("recover", "--lenient", out().toString()).exitCode()).isZero();
        return runFile(out()).path("summary");
    }

    private LensRun measured(String behaviour, String flags) throws IOException {
        try (var provider = SimulatedProvider.start(
                ServerOptions.defaults(), Behaviour.defaults().with(behaviour))) {
            var all = new ArrayList<>(List.of("run", "--url", provider.baseUrl().toString(), "--model", "m"));
            all.addAll(List.of("--output-dir", out().toString()));
            all.addAll(List.of(flags.split(" ", -1)));
            LensRun run = lens(all.toArray(String[]::new));
            assertThat(run.exitCode()).as(run.err()).isZero();
            return run;
        }
    }

    private long count(Predicate<JsonNode> which) {
        return exchanges(out()).stream().filter(which).count();
    }

    private long first(String instant, Predicate<JsonNode> which) {
        return exchanges(out()).stream()
                .filter(which)
                .mapToLong(exchange -> exchange.path(instant).asLong())
                .min()
                .orElseThrow();
    }

    private long last(String instant, Predicate<JsonNode> which) {
        return exchanges(out()).stream()
                .filter(which)
                .mapToLong(exchange -> exchange.path(instant).asLong())
                .max()
                .orElseThrow();
    }

    private void assertFitsItsSchema() throws IOException {
        assertThat(MeasuringTest.schema("run")
                        .validate(Files.readString(out().resolve(RunDirectory.RUN)), InputFormat.JSON))
                .isEmpty();
    }

    private Path out() {
        return folder.resolve("run");
    }
}
