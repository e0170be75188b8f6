package dev.latencylens.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
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
    @CsvSource({"INT, 130", "TERM, 143"})
    void aSignalEndsTheRunWithTheReportOfWhatWasMeasured(String signal, int exitCode) throws Exception {
        Process process = start(
                "run", "--duration", "1h", "--output-dir", folder.resolve("r").toString());
        awaitSomeExchanges();
        send(signal, process);
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();

        assertThat(process.exitValue()).isEqualTo(exitCode);
        assertThat(Files.readString(folder.resolve("out")))
                .contains("The run was ended early (interrupted)", "Formulas");
        assertThat(LensRun.runFile(folder.resolve("r")).path("state").asString())
                .isEqualTo("ended_early");
        assertThat(LensRun.runFile(folder.resolve("r")).at("/summary/measured").asInt())
                .isEqualTo(LensRun.exchanges(folder.resolve("r")).size());
    }

    @Test
    void aKilledRunLeavesWholeLinesAndTheStateRunning() throws Exception {
        Process process = start(
                "run", "--duration", "1h", "--output-dir", folder.resolve("r").toString());
        awaitSomeExchanges();
        process.destroyForcibly().waitFor();

        assertThat(LensRun.runFile(folder.resolve("r")).path("state").asString())
                .isEqualTo("running");
        assertThat(LensRun.exchanges(folder.resolve("r"))).isNotEmpty();
    }

    private Process start(String... args) throws IOException {
        var command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                System.getProperty("java.class.path"),
                Lens.class.getName()));
        command.addAll(List.of(args));
        return new ProcessBuilder(command)
                .redirectOutput(file("out"))
                .redirectError(file("err"))
                .start();
    }

    private File file(String name) {
        return folder.resolve(name).toFile();
    }

    private void awaitSomeExchanges() throws Exception {
        Path exchanges = folder.resolve("r").resolve(RunDirectory.EXCHANGES);
        long start = System.currentTimeMillis();
        while (!Files.exists(exchanges) || Files.size(exchanges) == 0) {
            assertThat(System.currentTimeMillis() - start).isLessThan(60_000);
            Thread.sleep(Duration.ofMillis(20));
        }
    }

    private static void send(String signal, Process process) throws Exception {
        new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid()))
                .start()
                .waitFor();
    }
}
