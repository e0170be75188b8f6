package dev.latencylens.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Signals, in a process of its own.
@Timeout(120)
class InterruptTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({"INT, 130", "TERM, 143", "HUP, 129"})
    void aSignalEndsTheRunWithTheReportOfWhatWasMeasured(String signal, int exitCode) throws Exception {
        var process = LensProcess.start(
                folder,
                "run",
                "--duration",
                "1h",
                "--output-dir",
                folder.resolve("r").toString());
        awaitSomeExchanges();
        process.send(signal);

        assertThat(process.await()).isEqualTo(exitCode);
        assertThat(process.out()).contains("The run was ended early (interrupted)", "Formulas");
        assertThat(LensRun.runFile(folder.resolve("r")).path("state").asString())
                .isEqualTo("ended_early");
        assertThat(LensRun.runFile(folder.resolve("r")).at("/summary/measured").asInt())
                .isEqualTo(LensRun.exchanges(folder.resolve("r")).size());
    }

    @Test
    void aKilledRunLeavesWholeLinesAndTheStateRunning() throws Exception {
        var process = LensProcess.start(
                folder,
                "run",
                "--duration",
                "1h",
                "--output-dir",
                folder.resolve("r").toString());
        awaitSomeExchanges();
        process.close();
        process.await();

        assertThat(LensRun.runFile(folder.resolve("r")).path("state").asString())
                .isEqualTo("running");
        assertThat(LensRun.exchanges(folder.resolve("r"))).isNotEmpty();
    }

    private void awaitSomeExchanges() throws Exception {
        Path exchanges = folder.resolve("r").resolve(RunDirectory.EXCHANGES);
        long start = System.currentTimeMillis();
        while (!Files.exists(exchanges) || Files.size(exchanges) == 0) {
            assertThat(System.currentTimeMillis() - start).isLessThan(60_000);
            Thread.sleep(Duration.ofMillis(20));
        }
    }
}
