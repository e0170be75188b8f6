package dev.latencylens.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.networknt.schema.InputFormat;
import dev.latencylens.transport.HttpVersion;
import dev.latencylens.transport.SocketKind;
import dev.latencylens.transport.Stamps;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Calibrations with a real provider in a process of its own, as short as they can be.
@Timeout(120)
class CalibrationTest {
    private static final CalibrationRun.Effort LEAST =
            new CalibrationRun.Effort(Duration.ofMillis(50), Duration.ofMillis(150), 2);

    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({"HTTP_1_1, false, AUTO", "HTTP_2, true, AUTO", "HTTP_2, false, USER"})
    void everyChunkThatWasWrittenIsComparedWithWhatWasSeen(HttpVersion http, boolean tls, Stamps stamps)
            throws Exception {
        Calibration calibration = new CalibrationRun(shape(http, tls, 4, stamps), LEAST).measure();

        assertThat(calibration.answers()).isPositive();
        assertThat(calibration.chunks()).isEqualTo(8 * calibration.answers());
        assertThat(calibration.lostChunks()).isZero();
        assertThat(calibration.rounds()).isBetween(1, 2);
        assertThat(calibration.ttftErrorNs().count()).isEqualTo(calibration.answers());
        assertThat(calibration.arrivalErrorNs().count()).isEqualTo(calibration.chunks());
        assertThat(calibration.arrivalErrorNs().max()).isPositive();
        assertThat(calibration.readErrorNs().max())
                .isGreaterThanOrEqualTo(calibration.arrivalErrorNs().max());
        boolean kernel = calibration.shape().stamps().equals("kernel");
        assertThat(calibration.readLagNs().count()).matches(count -> kernel == count > 0);
    }

    @Test
    void aCalibrationThatIsStoppedEndsAtOnceAndLeavesNoProcess() throws Exception {
        var run = new CalibrationRun(
                shape(HttpVersion.HTTP_1_1, false, 1, Stamps.AUTO),
                new CalibrationRun.Effort(Duration.ofHours(1), Duration.ofHours(1), 2));
        Thread.ofPlatform().start(() -> {
            while (noProvider()) {
                LockSupport.parkNanos(1_000_000);
            }
            run.stop();
        });

        assertThatThrownBy(run::measure).isInstanceOf(IOException.class).hasMessage("interrupted");
        assertThat(noProvider()).isTrue();
    }

    @Test
    void theProviderIsGoneWhenItIsClosed() throws Exception {
        var provider = new ProviderProcess(false, null);
        long pid = provider.pid();
        assertThat(ProcessHandle.of(pid)).isPresent();
        provider.close();

        assertThat(ProcessHandle.of(pid).filter(ProcessHandle::isAlive)).isEmpty();
    }

    @Test
    void theProviderEndsWhenItsParentIsKilled() throws Exception {
        Process parent = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "--sun-misc-unsafe-memory-access=allow",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Lens.class.getName(),
                        "calibrate",
                        "--concurrency",
                        "1")
                .redirectOutput(new File("/dev/null"))
                .redirectError(new File("/dev/null"))
                .start();
        ProcessHandle provider;
        while ((provider = parent.descendants().findFirst().orElse(null)) == null) {
            assertThat(parent.isAlive()).isTrue();
            Thread.sleep(Duration.ofMillis(10));
        }
        parent.destroyForcibly().waitFor();

        provider.onExit().get(30, TimeUnit.SECONDS);
    }

    @Test
    void calibratePrintsOneTableAndStoresWhatItFound() {
        var run = calibrate(Map.of("XDG_CACHE_HOME", folder.toString()), "--concurrency", "4,3");

        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.out().lines()).allMatch(line -> line.length() <= Report.COLUMNS);
        assertThat(run.out())
                .contains("HTTP/1.1 plain, 4 streams: ", "HTTP/2 over TLS, 4 streams: ")
                .contains(", no two agreed; ", " lost")
                .contains("n/a 662", "parked", "busy-polling", "the smallest step")
                .contains("Kept        in " + folder);
        assertThat(run.err())
                .containsPattern("lens: calibrating HTTP/2 plain, 4 streams ... \\(5 to go, [0-9]+ to [0-9]+ s\\)")
                .containsPattern("the wake-up of an I/O thread, spin ... \\(1 to go, ");
        CalibrationStore.Contents stored = CalibrationStore.of(Map.of("XDG_CACHE_HOME", folder.toString()))
                .read()
                .orElseThrow();
        assertThat(stored.calibrations()).hasSize(4);
        assertThat(stored.wakeUps()).containsOnlyKeys("park", "spin");
        assertThat(stored.clock().stepNs()).isPositive();
        assertThat(stored.fingerprint()).isEqualTo(Fingerprint.of(Environment.ofThisMachine()));
    }

    @Test
    void aPlaceThatCannotBeWrittenIsToldBeforeAnythingIsMeasured() throws IOException {
        Path folderInItsPlace = Files.createDirectories(
                folder.resolve("llm-latency-lens").resolve("calibration.json").resolve("held"));
        for (Map<String, String> environment : List.of(
                Map.<String, String>of(),
                Map.of("HOME", "/proc"),
                Map.of("XDG_CACHE_HOME", "/dev/null"),
                Map.of("XDG_CACHE_HOME", folder.toString()))) {
            var run = LensRun.lens(environment, "calibrate", "--concurrency", "1");

            assertThat(run.exitCode()).isEqualTo(ExitCode.NOTHING_MEASURED);
            assertThat(run.out()).isEmpty();
            assertThat(run.err())
                    .hasLineCount(1)
                    .contains("the calibration cannot be kept (", "set XDG_CACHE_HOME to a folder that can be written")
                    .doesNotContain("Exception");
        }
        assertThat(folderInItsPlace).exists();
    }

    @Test
    void whatCannotBeKeptInTheEndIsPrintedAllTheSameAndTold() throws Exception {
        Path cache = folder.resolve("cache");
        var taken = Thread.ofPlatform().start(() -> {
            while (noProvider()) {
                LockSupport.parkNanos(1_000_000);
            }
            // It can be written before anything is measured, and not any more when something is.
            assertThat(cache.resolve("llm-latency-lens").toFile().delete()).isTrue();
            assertThat(cache.toFile().delete()).isTrue();
            writeEmpty(cache);
        });

        var run = LensRun.told(Map.of("XDG_CACHE_HOME", cache.toString()), console -> {
            return CalibrateCommand.line(new CalibrateCommand(console, LEAST))
                    .setExecutionExceptionHandler((thrown, _, _) -> {
                        console.err().println(thrown.getMessage());
                        return thrown instanceof CommandFailure failure ? failure.exitCode() : -1;
                    })
                    .execute("--concurrency", "1", "--json");
        });

        taken.join();
        assertThat(run.exitCode()).as(run.err()).isEqualTo(ExitCode.NOTHING_MEASURED);
        assertThat(run.err().lines().filter(line -> line.contains("the calibration cannot be kept (")))
                .hasSize(1);
        JsonNode json = JsonMapper.shared().readTree(run.out());
        assertThat(json.at("/calibrations/0/shape/streams").asInt()).isEqualTo(1);
        assertThat(json.at("/calibrations/3/shape/tls").asBoolean()).isTrue();
    }

    @Test
    void aFullDiskIsToldWithACureThatFits() {
        assertThat(CalibrateCommand.unkept(new IOException("/cache: No space left on device"))
                        .line())
                .isEqualTo("the calibration cannot be kept (/cache: No space left on device);"
                        + " free space there, or set XDG_CACHE_HOME to a folder on another disk");
        assertThat(CalibrateCommand.unkept(new AccessDeniedException("/cache")).line())
                .endsWith("; set XDG_CACHE_HOME to a folder that can be written");
    }

    @Test
    void whatIsKeptNowhereIsForNoRun() {
        assertThat(CalibrateCommand.kept(Path.of("/cache/calibration.json")))
                .containsExactly(
                        "Kept        in /cache/calibration.json",
                        "            for runs of these shapes, until this machine, its kernel, its Java or lens changes");
        assertThat(CalibrateCommand.kept(null)).containsExactly("Kept        nowhere");
    }

    @Test
    void aCalibrationOfABusyMachineIsDoubted() {
        Calibration quiet = calibration(shape(HttpVersion.HTTP_1_1, false, 8, Stamps.AUTO), 5_000);

        assertThat(CalibrateCommand.doubt(lagging(quiet, 200_000))).isEmpty();
        assertThat(CalibrateCommand.doubt(lagging(quiet, 115_000_000)))
                .contains(
                        "HTTP/1.1 plain, 8 streams: the loop lag was 115.0 ms at p99 over time, where a run is allowed"
                                + " 0.200 ms; these figures are of a busy machine, calibrate again when it is quiet");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--concurrency | 0 | --concurrency must be from 1 to 1024, was 0",
                "--concurrency | 4096 | --concurrency must be from 1 to 1024, was 4096",
                "--concurrency | many | Invalid value for option '--concurrency'",
                "--io-cpus | 999 | --io-cpus asks for CPUs [999]",
                "--io-threads | 64 | --io-threads 64 is more than the concurrency of 32",
                "--io-threads | 0 | --io-threads must be at least 1, was 0",
                "--json | --full | --full is carried out by the lens script, as the first argument; give ./lens calibrate",
            })
    void aBadFlagIsOneLineThatNamesIt(String flag, String value, String message) {
        var run = LensRun.lens("calibrate", flag, value);

        assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).hasLineCount(1).contains(message);
    }

    @Test
    void aRunMeasuresItsErrorAndSaysSo() throws IOException {
        var run = LensRun.calibrated(Map.of("HOME", "/proc"), "run", "-n", "20", "--output-dir", folder.toString());

        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.err()).isEmpty();
        assertThat(run.out().lines()).allMatch(line -> line.length() <= Report.COLUMNS);
        assertThat(run.out())
                .containsPattern("ms +count .* max error<=\n")
                .containsPattern("\nttft +20 .* [\\d.]+\n")
                .containsPattern("\nqueue +20 .* -\n")
                .contains("Error bar ttft within ", "HTTP/1.1 plain, 16 streams", "lens calibrate has stored none");
        assertThat(noProvider()).isTrue();
        JsonNode calibration = LensRun.runFile(folder).path("calibration");
        assertThat(calibration.path("source").asString()).isEqualTo("after_run");
        assertThat(calibration.at("/figures/ttftErrorNs/count").asInt()).isPositive();
        assertThat(MeasuringTest.schema("run")
                        .validate(Files.readString(folder.resolve(RunDirectory.RUN)), InputFormat.JSON))
                .isEmpty();
    }

    /// Users who mostly think have few answers under way.
    @Test
    void theErrorIsThatOfTheStreamsThatWereInFlight() {
        var run = LensRun.calibrated(
                Map.of("HOME", "/proc"),
                "run",
                "-n",
                "32",
                "--osl",
                "4",
                "--concurrency",
                "16",
                "--think-time",
                "constant:2s",
                "--output-dir",
                folder.toString());

        assertThat(run.exitCode()).as(run.err()).isZero();
        JsonNode calibration = LensRun.runFile(folder).path("calibration");
        assertThat(calibration.at("/figures/shape/streams").asInt()).isBetween(1, 8);
    }

    @Test
    void aRunTakesTheStoredCalibrationOfItsShapeWhileTheMachineIsTheSame() throws IOException {
        Map<String, String> environment = Map.of("XDG_CACHE_HOME", folder.toString());
        var store = CalibrationStore.of(environment);
        var fingerprint = Fingerprint.of(Environment.ofThisMachine());
        Calibration noisy = calibration(shape(HttpVersion.HTTP_1_1, false, 8, Stamps.AUTO), 700_000_000);
        store.write(CalibrationStoreTest.contents(fingerprint, noisy));

        var run = LensRun.calibrated(
                environment,
                "run",
                "-n",
                "30",
                "--concurrency",
                "7",
                "--output-dir",
                folder.resolve("r").toString());

        assertThat(run.out().replaceAll("\\s+", " ")).contains("by lens calibrate at " + noisy.measuredAt());
        assertThat(run.out())
                .containsPattern("\nicl .* 700\n")
                .containsPattern("\nreused connections(.*\n)+  ttft .* 700\n")
                .containsPattern("ttft is [\\d.]+ ms at p50, less than");
        JsonNode file = LensRun.runFile(folder.resolve("r"));
        assertThat(file.at("/calibration/source").asString()).isEqualTo("stored");
        assertThat(file.path("caveats")
                        .valueStream()
                        .map(caveat -> caveat.path("code").asString()))
                .contains("below_client_noise");
    }

    @Test
    void aRunWithoutCalibrationSaysThatItHasNoErrorBar() {
        var run = LensRun.lens("run", "-n", "12", "--output-dir", folder.toString());

        assertThat(run.out()).contains("Error bar none: --no-calibration").doesNotContain("error<=");
        assertThat(LensRun.runFile(folder).at("/calibration/source").asString()).isEqualTo("skipped");
    }

    /// One whose errors are all the same.
    static Calibration calibration(Shape shape, long errorNs) {
        var errors = new Spread(700, Map.of("p50", errorNs, "p99", errorNs), errorNs, errorNs, errorNs);
        return new Calibration(
                shape,
                "2026-11-26T05:43:38Z",
                2,
                2_000_000_000,
                true,
                700,
                5_600,
                0,
                errors,
                errors,
                errors,
                errors,
                errors,
                1,
                2,
                30);
    }

    private static Calibration lagging(Calibration of, long loopLagP99Ns) {
        return new Calibration(
                of.shape(),
                of.measuredAt(),
                of.rounds(),
                of.roundNs(),
                of.agreed(),
                of.answers(),
                of.chunks(),
                of.lostChunks(),
                of.ttftErrorNs(),
                of.gapErrorNs(),
                of.arrivalErrorNs(),
                of.readErrorNs(),
                of.readLagNs(),
                loopLagP99Ns,
                loopLagP99Ns,
                of.offsetUncertaintyNs());
    }

    private static void writeEmpty(Path file) {
        try {
            Files.createFile(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Shape shape(HttpVersion http, boolean tls, int streams, Stamps stamps) {
        return Shape.of(http, tls, streams, SocketKind.best(), 1, null, false, stamps);
    }

    /// Nothing else here starts a process and leaves it alone.
    private static boolean noProvider() {
        return ProcessHandle.current().children().findAny().isEmpty();
    }

    private static LensRun calibrate(Map<String, String> environment, String... args) {
        return LensRun.told(environment, console -> {
            return CalibrateCommand.line(new CalibrateCommand(console, LEAST)).execute(args);
        });
    }
}
