package dev.latencylens.cli;

import static dev.latencylens.cli.LensRun.lens;
import static dev.latencylens.cli.LensRun.runFile;
import static org.assertj.core.api.Assertions.assertThat;

import dev.latencylens.clock.Clock;
import dev.latencylens.simulated.Behaviour;
import dev.latencylens.simulated.ServerOptions;
import dev.latencylens.simulated.SimulatedProvider;
import dev.latencylens.simulated.TruthRecord;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Runs in processes of their own that are ended from outside at random moments: no run unreadable, no exchange
/// counted twice, nothing missing that had ended a second before. `bench/kill` does it two hundred times.
@Timeout(180)
class KillTest {
    /// One for all tests, or each would wait as long as the others.
    private static final Random MOMENTS = new Random(20261126);

    /// Longest that an exchange that has ended may not be in the file.
    private static final long FLUSHED_AFTER_NS = 1_000_000_000;

    @TempDir
    Path folder;

    private final Queue<TruthRecord> truths = new ConcurrentLinkedQueue<>();
    private SimulatedProvider provider;

    @BeforeEach
    void start() throws IOException {
        provider = SimulatedProvider.start(
                ServerOptions.defaults(),
                Behaviour.defaults().with("ttft", "exponential:5ms").with("gap", "exponential:1ms"),
                truths::add);
    }

    @AfterEach
    void end() throws IOException {
        provider.close();
    }

    @ParameterizedTest
    @CsvSource({"KILL, 137", "KILL, 137", "TERM, 143", "HUP, 129"})
    void whatHadEndedASecondBeforeIsInTheReport(String signal, int exitCode) throws Exception {
        long endedAtNs;
        try (var process = LensProcess.start(folder, words("--duration", "1h"))) {
            awaitSomeExchanges();
            Thread.sleep(MOMENTS.nextInt(2_500));
            endedAtNs = Clock.monotonic().nowNs();
            process.send(signal);
            assertThat(process.await()).isEqualTo(exitCode);
        }

        if (signal.equals("KILL")) {
            assertThat(runFile(run()).path("state").asString()).isEqualTo("running");
            var recover = lens("recover", run().toString());
            assertThat(recover.exitCode()).as(recover.err()).isIn(ExitCode.INVALID, ExitCode.INCONCLUSIVE);
            assertThat(recover.out()).contains("Verdict   IN", "the process ended before the run did");
        }
        nothingIsMissing(endedAtNs);
    }

    @Test
    void aFileThatCanGrowNoFurtherEndsTheRunWithTheReportOfWhatWasMeasured() throws Exception {
        // Blocks of 512 bytes; no root is needed for that, as it is for a small disk.
        var command = new ArrayList<>(List.of("sh", "-c", "ulimit -f 128; exec \"$@\"", "sh"));
        command.addAll(LensProcess.command(List.of(), words("--duration", "1h")));
        var process = new LensProcess(
                new ProcessBuilder(command)
                        .redirectOutput(folder.resolve("out").toFile())
                        .redirectError(folder.resolve("err").toFile())
                        .start(),
                folder);

        assertThat(process.await()).isEqualTo(ExitCode.NOTHING_MEASURED);
        assertThat(process.err())
                .contains("are not whole: cannot write '", "exchanges.jsonl': File too large", "free space there")
                .hasLineCount(1);
        assertThat(process.out()).contains("Verdict   INCONCLUSIVE; client's pauses", "ttft", "Formulas");
        assertThat(runFile(run()).path("state").asString()).isEqualTo("failed");
        assertThat(Files.readString(run().resolve(RunDirectory.EXCHANGES))).endsWith("\n");
        assertThat(LensRun.exchanges(run())).isNotEmpty();
        assertThat(lens("recover", run().toString()).err()).contains("is complete (failed)");
    }

    @Test
    void aReportThatNobodyCouldReadIsToldAndTheRunIsWhole() throws Exception {
        Process process = new ProcessBuilder(LensProcess.command(List.of(), words("-n", "30", "--lenient")))
                .redirectOutput(new File("/dev/full"))
                .redirectError(folder.resolve("err").toFile())
                .start();

        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isEqualTo(ExitCode.OUTPUT_LOST);
        assertThat(folder.resolve("err"))
                .content()
                .contains("standard output was closed", "the figures of a run are in its folder all the same")
                .hasLineCount(1);
        assertThat(runFile(run()).path("state").asString()).isEqualTo("finished");
    }

    @Test
    void whereThereWasNoRunNoneIsSpokenOf() throws Exception {
        for (List<String> words :
                List.of(List.of("calibrate", "--help"), List.of("run", "--help"), List.of("--help"))) {
            Process process = new ProcessBuilder(LensProcess.command(List.of(), words.toArray(String[]::new)))
                    .redirectOutput(new File("/dev/full"))
                    .redirectError(folder.resolve("err").toFile())
                    .start();

            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).isEqualTo(ExitCode.OUTPUT_LOST);
            assertThat(folder.resolve("err"))
                    .content()
                    .isEqualTo("lens: standard output was closed, or its disk is full, before everything was said\n");
        }
    }

    @Test
    void aNetworkThatVanishesIsAnOutcomeOfEachRequest() throws Exception {
        try (var process = LensProcess.start(folder, words("-n", "100000", "--request-rate", "200", "--lenient"))) {
            awaitSomeExchanges();
            provider.close();
            Thread.sleep(500);
            process.send("TERM");
            assertThat(process.await()).isEqualTo(143);
            assertThat(process.out()).contains("requests failed and are in no latency figure");
        }
        assertThat(runFile(run()).at("/summary/outcomes/connect_failed").asInt())
                .isPositive();
        assertThat(runFile(run()).at("/summary/outcomes/completed").asInt()).isPositive();
    }

    private void nothingIsMissing(long endedAtNs) {
        List<String> ids = LensRun.exchanges(run()).stream()
                .map(exchange -> exchange.path("id").asString())
                .toList();
        assertThat(ids).doesNotHaveDuplicates();
        assertThat(runFile(run()).at("/summary/measured").asInt()).isEqualTo(ids.size());
        List<String> endedBefore = truths.stream()
                .filter(truth -> truth.end().equals("complete"))
                .filter(truth ->
                        endedAtNs - truth.writes().atNs()[truth.writes().atNs().length - 1] > FLUSHED_AFTER_NS)
                .map(TruthRecord::id)
                .toList();
        assertThat(ids).containsAll(endedBefore);
    }

    private String[] words(String... more) {
        var words = new ArrayList<>(List.of(
                "run",
                "--url",
                provider.baseUrl().toString(),
                "-m",
                "m",
                "--concurrency",
                "8",
                "--osl",
                "5",
                "--no-calibration",
                "--output-dir",
                run().toString()));
        words.addAll(List.of(more));
        return words.toArray(String[]::new);
    }

    private Path run() {
        return folder.resolve("r");
    }

    private void awaitSomeExchanges() throws Exception {
        Path exchanges = run().resolve(RunDirectory.EXCHANGES);
        long start = System.currentTimeMillis();
        while (!Files.exists(exchanges) || Files.size(exchanges) == 0) {
            assertThat(System.currentTimeMillis() - start).isLessThan(60_000);
            Thread.sleep(20);
        }
    }
}
