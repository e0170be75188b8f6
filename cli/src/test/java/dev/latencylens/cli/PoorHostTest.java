package dev.latencylens.cli;

import static dev.latencylens.cli.LensRun.judged;
import static dev.latencylens.cli.LensRun.runFile;
import static org.assertj.core.api.Assertions.assertThat;

import dev.latencylens.transport.Cpus;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Machines that lack something: a caveat, and the run goes on.
@Timeout(120)
class PoorHostTest {
    /// All that the client needs; `jdk.jfr` is not among it.
    private static final String WITHOUT_JFR = "java.se,jdk.management,jdk.unsupported,jdk.crypto.ec";

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"-XX:-FlightRecorder", "--limit-modules=" + WITHOUT_JFR})
    void aRunThatCannotBeRecordedSaysSoAtOnceAndInItsReport(String withoutJfr) throws Exception {
        try (var run = LensProcess.start(folder, List.of(withoutJfr), arguments("--jfr", "on"))) {
            assertThat(run.await()).as(run.err()).isZero();
            assertThat(run.err()).contains("lens: there will be no recording.jfr: ");
            assertThat(run.out()).contains("There is no recording.jfr (");
        }
        assertThat(runFile(folder.resolve("run")).path("caveats").toString()).contains("not_recorded");
        assertThat(folder.resolve("run").resolve("recording.jfr")).doesNotExist();
    }

    @Test
    void aRecordingIsNotReadByAJavaThatCannotAndTheAuditGoesOn() throws Exception {
        assertThat(judged(arguments("--jfr", "on")).exitCode()).isZero();

        try (var audit = LensProcess.start(
                folder,
                List.of("--limit-modules=" + WITHOUT_JFR),
                "audit",
                folder.resolve("run").toString())) {
            assertThat(audit.await()).as(audit.err()).isZero();
            assertThat(audit.out())
                    .contains("cannot be read: this Java has no Flight Recorder, so ", "Noise budget")
                    .doesNotContain("damaged");
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void onOneCpuTheRunGoesOnAndSaysThatAllShareIt(boolean pinned) throws Exception {
        Cpus only = Cpus.parse(Cpus.allowed().numbers().first().toString());
        String[] arguments = pinned ? arguments("--io-cpus", "" + only.numbers().first()) : arguments();
        try (var run = onCpu(only, () -> LensProcess.start(folder, arguments))) {
            assertThat(run.await()).as(run.err()).isZero();
            assertThat(run.out().replaceAll("\\s+", " ")).contains("the collector share the 1 CPU that this process");
        }
        assertThat(runFile(folder.resolve("run")).path("caveats").toString()).contains("cpus_shared");
    }

    private String[] arguments(String... more) {
        var arguments = new ArrayList<>(List.of(
                "run",
                "--lenient",
                "-n",
                "20",
                "--output-dir",
                folder.resolve("run").toString()));
        arguments.addAll(List.of(more));
        return arguments.toArray(String[]::new);
    }

    /// A process may use the CPUs of the thread that started it.
    private static LensProcess onCpu(Cpus cpu, Callable<LensProcess> start) throws Exception {
        try (var thread = Executors.newSingleThreadExecutor()) {
            return thread.submit(() -> {
                        cpu.pinCurrentThread(0);
                        return start.call();
                    })
                    .get();
        }
    }
}
