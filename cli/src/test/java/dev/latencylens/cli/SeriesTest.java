package dev.latencylens.cli;

import static dev.latencylens.cli.LensRun.lens;
import static org.assertj.core.api.Assertions.assertThat;

import dev.latencylens.simulated.Behaviour;
import dev.latencylens.simulated.ServerOptions;
import dev.latencylens.simulated.SimulatedProvider;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Commands that make many runs, each of which is a Java of its own.
class SeriesTest {
    private static final Behaviour QUICK =
            Behaviour.defaults().with("ttft", "20ms").with("gap", "1ms");

    @TempDir
    Path folder;

    @Test
    void everyLoadOfAGridHasItsTurnInEachRound() throws IOException {
        LensRun grid = against(
                QUICK,
                "run",
                "--concurrency=1,2",
                "--runs=2",
                "--num-prompts=3",
                "--no-salt",
                "--seed=40",
                "--output-dir=" + folder);

        assertThat(grid.exitCode()).as(grid.err()).isZero();
        assertThat(grid.err()).contains("run 1 of 4, concurrency ", "run 4 of 4, concurrency ");
        assertThat(grid.out()).containsPattern("\nconcurrency 1   \\d/2 .* \\+-[0-9.]+%");
        fitsATerminal(grid);
        JsonNode told = json("grid.json");
        List<String> order =
                told.path("order").valueStream().map(JsonNode::asString).toList();
        assertThat(order.subList(0, 2)).containsExactlyInAnyOrder("concurrency-1-1", "concurrency-2-1");
        assertThat(order.subList(2, 4)).containsExactlyInAnyOrder("concurrency-1-2", "concurrency-2-2");
        JsonNode tokens = told.at("/loads/0/figures").path("tokens/s");
        assertThat(tokens.path("sd").asDouble(-1)).isNotNegative();
        for (String name : order) {
            JsonNode run = json(name + "/run.json");
            assertThat(run.at("/plan/load/concurrency").asString()).isEqualTo(name.substring(12, 13));
            assertThat(run.at("/plan/prompts").asString())
                    .endsWith("seed " + (name.endsWith("1") ? 40 : 41))
                    .doesNotContain("salted");
            assertThat(folder.resolve(name).resolve(Series.REPORT)).content().contains("Outcomes  3 measured");
        }
    }

    @Test
    void whatIsGivenTwiceIsGivenToEachRunOfAGridOnce() throws IOException {
        LensRun grid = against(
                QUICK,
                "run",
                "--runs=2",
                "--num-prompts=3",
                "-H=X-One: 1",
                "-H=X-Two: 2",
                "--metric-percentiles=50,50",
                "--metric-percentiles=90",
                "--percentile-metrics=ttft,e2e,ttft",
                "--output-dir=" + folder);

        assertThat(grid.exitCode()).as(grid.err()).isZero();
        for (String name : List.of("run-1", "run-2")) {
            assertThat(folder.resolve(name).resolve("run.json"))
                    .content()
                    .containsOnlyOnce("\"x-one\"")
                    .containsOnlyOnce("\"x-two\"");
            JsonNode plan = json(name + "/run.json").path("plan");
            assertThat(plan.path("percentiles").toString()).isEqualTo("[\"p50\",\"p90\"]");
            assertThat(plan.path("metrics").toString()).isEqualTo("[\"ttft\",\"e2e\"]");
        }
    }

    @Test
    void runsEndEarlyWhenTheyAgree() throws IOException {
        LensRun runs = against(QUICK, "run", "--runs=6", "--converge=99", "--num-prompts=12", "--output-dir=" + folder);

        assertThat(runs.exitCode()).as(runs.err()).isZero();
        assertThat(json("grid.json").path("order").size()).isBetween(3, 6);
        assertThat(runs.out()).contains("to 99 % of the mean of ttft's p50");
    }

    @Test
    void aSweepDoublesTheUsersAndFindsWhereThePowerIsGreatest() throws IOException {
        LensRun sweep = against(
                QUICK, "sweep", "--to=2", "--step-duration=700ms", "--goodput=ttft:10000", "--output-dir=" + folder);

        assertThat(sweep.exitCode()).as(sweep.err()).isZero();
        JsonNode told = json("sweep.json");
        assertThat(told.path("runs").valueStream().map(run -> run.path("users").asInt()))
                .containsExactly(1, 2);
        assertThat(told.at("/runs/0/good").asLong())
                .isPositive()
                .isEqualTo(told.at("/runs/0/measured").asLong());
        assertThat(sweep.out())
                .contains("End       not saturated with the 2 users that --to allows", "Knee      ", " good %");
        fitsATerminal(sweep);
    }

    @Test
    void aLastStepThatBringsLongerWaitsAndNoMoreTokensIsSaturated() {
        assertThat(SweepCommand.atTheEnd(8, 16, 1.96, true))
                .isEqualTo("saturated: at --to 16, 2.00 times the users brought less than 5 % more tokens/s and took"
                        + " 1.96 times as long");
        assertThat(SweepCommand.atTheEnd(8, 16, 1.1, false)).startsWith("not saturated with the 16 users");
        assertThat(SweepCommand.atTheEnd(8, 16, 1.1, true))
                .startsWith("cannot be told: ")
                .endsWith("; give --to 32 or a longer --step-duration");
        assertThat(SweepCommand.atTheEnd(16, 17, 1.1, true)).startsWith("cannot be told: ");
        assertThat(SweepCommand.atTheEnd(8, 16, Double.NaN, true)).startsWith("cannot be told: ");
        assertThat(SweepCommand.atTheEnd(0, 4, 1, false)).contains("as far as one step can tell; give a higher --to");
    }

    @Test
    void aSweepEndsWhereRequestsFail() throws IOException {
        LensRun sweep = against(
                QUICK.with("fault", "http-500").with("fault-rate", "0.5"),
                "sweep",
                "--from=4",
                "--to=64",
                "--step-duration=700ms",
                "--output-dir=" + folder);

        assertThat(json("sweep.json").path("end").asString()).as(sweep.err()).startsWith("overloaded: ");
        assertThat(json("sweep.json")
                        .path("runs")
                        .valueStream()
                        .map(run -> run.path("users").asInt()))
                .contains(4)
                .allMatch(users -> users <= 6);
    }

    @Test
    void aSearchStopsAtTheHighestRateWhereAllRatesHold() throws IOException {
        LensRun search = against(
                QUICK,
                "search",
                "--goodput",
                "ttft:5000",
                "tpot:5000",
                "--good-fraction=0.5",
                "--probe-requests=40",
                "--from=50",
                "--to=80",
                "--output-dir=" + folder);

        assertThat(search.exitCode()).as(search.err()).isZero();
        JsonNode told = json("search.json");
        assertThat(told.path("highestThatHeld").asDouble()).isEqualTo(80);
        assertThat(told.has("lowestThatDidNot")).isFalse();
        assertThat(json("look-r50/run.json").at("/plan/load/arrivals").asString())
                .isEqualTo("poisson");
        assertThat(told.at("/rates/0/finding").asString()).isEqualTo("holds");
        assertThat(search.out())
                .contains(
                        "Highest   80 requests/s held: 100 % of ", "Lowest    no rate surely did not hold, up to 80 ");
        fitsATerminal(search);
    }

    @Test
    void aSearchForWhatCannotBeMetMissesAndSaysSo() throws IOException {
        LensRun search = against(
                QUICK,
                "search",
                "--goodput",
                "ttft:0.001",
                "--good-fraction=0.5",
                "--probe-requests=20",
                "--from=50",
                "--output-dir=" + folder);

        assertThat(search.exitCode()).as(search.err()).isEqualTo(ExitCode.MISSED);
        assertThat(search.out()).contains("Highest   none of the rates held", "did not hold: 0 % of ");
        assertThat(json("search.json")
                        .path("rates")
                        .valueStream()
                        .map(rate -> rate.path("finding").asString()))
                .isNotEmpty()
                .containsOnly("does_not_hold");
    }

    @Test
    void whatLensRunSaysAgainstItsFlagsIsSaidBeforeTheFirstRun() throws IOException {
        LensRun sweep = against(QUICK, "sweep", "--isl=none", "--output-dir=" + folder.resolve("s"));

        assertThat(sweep.exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(sweep.err()).contains("--isl 'none' is no length");
        try (Stream<Path> made = Files.list(folder.resolve("s"))) {
            assertThat(made).isEmpty();
        }
    }

    @Test
    void aTerminalsSignalAndTheParentsAreOneWishAndTheRunKeepsItsReport() throws Exception {
        try (var provider = SimulatedProvider.start(ServerOptions.defaults(), QUICK)) {
            String url = provider.baseUrl().toString();
            try (var grid = LensProcess.start(
                    folder,
                    "run",
                    "--runs=3",
                    "--duration=60s",
                    "--url",
                    url,
                    "--model=m",
                    "--osl=4",
                    "--prime=1ms",
                    "--lenient",
                    "--no-calibration",
                    "--output-dir=" + folder.resolve("g"))) {
                Path exchanges = folder.resolve("g/run-1").resolve(RunDirectory.EXCHANGES);
                while (!Files.exists(exchanges) || Files.size(exchanges) == 0) {
                    Thread.sleep(20);
                }
                // As Ctrl-C does: to the child too, and at the same time.
                grid.process().children().forEach(child -> signal("INT", child.pid()));
                grid.send("INT");

                assertThat(grid.await()).as(grid.err()).isEqualTo(ExitCode.SIGNALLED + 2);
            }
        }
        assertThat(json("g/run-1/run.json").path("state").asString()).isEqualTo("ended_early");
        assertThat(folder.resolve("g/run-1").resolve(Series.REPORT)).content().contains("Outcomes ");
    }

    private static void fitsATerminal(LensRun told) {
        assertThat(told.out().lines()).allMatch(line -> line.length() <= Report.COLUMNS || line.startsWith("Runs "));
    }

    private static void signal(String name, long pid) {
        try {
            new ProcessBuilder("kill", "-" + name, Long.toString(pid)).start().waitFor();
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void objectivesMayBeFollowedByAnyFlagOfARun() {
        assertThat(SeriesOptions.apart(new String[] {"search", "--goodput", "ttft:5", "tpot:6", "--url", "u", "x"}))
                .containsExactly("search", "--goodput=ttft:5", "--goodput=tpot:6", "--url", "u", "x");
        assertThat(SeriesOptions.apart(new String[] {"sweep", "--goodput", "--url", "u"}))
                .containsExactly("sweep", "--goodput", "--url", "u");
        assertThat(SeriesOptions.apart(new String[] {"run", "--goodput", "ttft:5"}))
                .containsExactly("run", "--goodput", "ttft:5");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            c0002    | 1 .*VALID       | sweep --from=1 --to=64 --step-duration=700ms
            look-r40 | look 20 .*VALID | search --from=20 --to=400 --probe-requests=30 --good-fraction=0.5 --goodput=ttft:900
            """)
    void whatWasMeasuredBeforeTheServerDiedIsToldAndThenThatItDied(String run, String row, String command)
            throws Exception {
        var words = new ArrayList<>(List.of(command.split(" ")));
        var provider = SimulatedProvider.start(ServerOptions.defaults(), QUICK);
        Path next = folder.resolve(run);
        Thread death = Thread.ofVirtual().start(() -> closeWhenThereIs(next, provider));
        words.addAll(List.of("--url", provider.baseUrl().toString(), "--model=m", "--osl=4", "--prime=1ms"));
        words.addAll(List.of("--lenient", "--no-calibration", "--output-dir=" + folder));

        LensRun told = lens(words.toArray(String[]::new));
        death.interrupt();
        death.join();

        assertThat(told.exitCode()).as(told.err()).isEqualTo(ExitCode.NOTHING_MEASURED);
        assertThat(told.out()).containsPattern(row).contains("Runs  ");
        assertThat(told.err().lines().toList().getLast())
                .startsWith("lens: ended early, what was measured before is in ")
                .contains("; at run 2, ", "connection refused by ");
    }

    private static void closeWhenThereIs(Path file, SimulatedProvider provider) {
        while (!Files.exists(file) && !Thread.currentThread().isInterrupted()) {
            LockSupport.parkNanos(1_000_000);
        }
        try {
            provider.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static LensRun against(Behaviour behaviour, String command, String... flags) throws IOException {
        try (var provider = SimulatedProvider.start(ServerOptions.defaults(), behaviour)) {
            var words = new ArrayList<>(List.of(command));
            words.addAll(List.of(flags));
            words.addAll(List.of("--url", provider.baseUrl().toString(), "--model", "m", "--osl=4", "--prime=1ms"));
            if (!command.equals("run")) {
                words.addAll(List.of("--lenient", "--no-calibration"));
            }
            return lens(words.toArray(String[]::new));
        }
    }

    private JsonNode json(String file) throws IOException {
        return JsonMapper.shared().readTree(Files.readString(folder.resolve(file)));
    }
}
