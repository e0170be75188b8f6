package dev.latencylens.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latencylens.clock.ClockGrain;
import dev.latencylens.transport.HttpVersion;
import dev.latencylens.transport.Stamps;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CalibrationStoreTest {
    private static final Fingerprint MACHINE =
            new Fingerprint("CPU", 2, "Linux 6.18", "amd64", "tsc", "HotSpot 25", "0.1.0", List.of("-XX:+UseSerialGC"));
    private static final Shape SHAPE = CalibrationTest.shape(HttpVersion.HTTP_2, true, 32, Stamps.USER);

    @TempDir
    Path cache;

    @Test
    void whatWasWrittenIsReadAgain() throws IOException {
        var contents = contents(MACHINE, CalibrationTest.calibration(SHAPE, 5_000));

        store().write(contents);

        assertThat(store().read()).contains(contents);
        assertThat(found(MACHINE, SHAPE))
                .isEqualTo(new RunCalibration(
                        RunCalibration.Source.STORED, "", CalibrationTest.calibration(SHAPE, 5_000)));
        try (var files = Files.list(cache.resolve("llm-latency-lens"))) {
            assertThat(files).hasSize(1);
        }
    }

    @Test
    void shapesOfTheSameMachineStandBesideEachOtherAndALaterOneReplacesItsOwn() throws IOException {
        Shape other = CalibrationTest.shape(HttpVersion.HTTP_1_1, false, 1, Stamps.USER);
        store().write(contents(MACHINE, CalibrationTest.calibration(SHAPE, 5_000)));
        store().write(contents(MACHINE, CalibrationTest.calibration(other, 6_000)));
        store().write(contents(MACHINE, CalibrationTest.calibration(SHAPE, 7_000)));

        assertThat(store().read().orElseThrow().calibrations())
                .containsExactlyInAnyOrder(
                        CalibrationTest.calibration(SHAPE, 7_000), CalibrationTest.calibration(other, 6_000));
    }

    /// The script tells Netty the number of its process.
    @Test
    void anotherProcessOfTheSameFlagsIsTheSameMachine() {
        Environment environment = Environment.ofThisMachine();
        var earlier = Fingerprint.of(environment, List.of("-Xmx1g", "-Dio.netty.processId=1", "-XX:AOTCache=a"));

        assertThat(Fingerprint.of(environment, List.of("-XX:AOTCache=b", "-Dio.netty.processId=2", "-Xmx1g")))
                .isEqualTo(earlier);
        assertThat(Fingerprint.of(environment, List.of("-Xmx2g")).changedSince(earlier))
                .isEqualTo("Java's flags had -Xmx1g, have -Xmx2g");
    }

    @Test
    void anotherMachineMakesAllOfItStale() throws IOException {
        store().write(contents(MACHINE, CalibrationTest.calibration(SHAPE, 5_000)));
        var later =
                new Fingerprint("CPU", 4, "Linux 6.19", "amd64", "tsc", "HotSpot 25", "0.1.0", List.of("-XX:+UseZGC"));

        assertThat(found(later, SHAPE))
                .isEqualTo(RunCalibration.skipped(
                        "the stored one is stale: number of CPUs was 2, is 4; system was Linux 6.18, is Linux 6.19;"
                                + " Java's flags had -XX:+UseSerialGC, have -XX:+UseZGC"));
        Shape other = CalibrationTest.shape(HttpVersion.HTTP_1_1, false, 1, Stamps.USER);
        store().write(contents(later, CalibrationTest.calibration(other, 6_000)));
        assertThat(store().read().orElseThrow().calibrations()).hasSize(1);
    }

    @Test
    void anotherShapeIsNotThere() throws IOException {
        store().write(contents(MACHINE, CalibrationTest.calibration(SHAPE, 5_000)));

        assertThat(found(MACHINE, CalibrationTest.shape(HttpVersion.HTTP_2, true, 33, Stamps.USER)))
                .isEqualTo(RunCalibration.skipped("none is stored for this shape"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{",
                "[]",
                "null",
                "{\"formatVersion\": 1}",
                "{\"formatVersion\": 2, \"fingerprint\": {}}",
                "{\"formatVersion\": 1, \"fingerprint\": 7}",
                "\u0000\u0001"
            })
    void aFileThatIsNoneOfOursIsTheSameAsNone(String text) throws IOException {
        Path file = cache.resolve("llm-latency-lens").resolve("calibration.json");
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);

        assertThat(store().read()).isEmpty();
        assertThat(found(MACHINE, SHAPE))
                .isEqualTo(RunCalibration.skipped("the stored one is "
                        + (text.contains("\"formatVersion\": 1") ? "of another version of lens" : "damaged")
                        + "; lens calibrate makes a new one"));
        store().write(contents(MACHINE, CalibrationTest.calibration(SHAPE, 5_000)));
        assertThat(store().read()).isPresent();
    }

    @Test
    void aFolderInItsPlaceIsTold() throws IOException {
        Path file = cache.resolve("llm-latency-lens").resolve("calibration.json");
        Files.createDirectories(file);

        assertThat(found(MACHINE, SHAPE))
                .isEqualTo(RunCalibration.skipped(
                        "'" + file + "' is a folder; remove it, and lens calibrate stores one there"));
    }

    @ParameterizedTest
    @CsvSource({
        "rounds, -1",
        "answers, -1",
        "lostChunks, -1",
        "loopLagP99Ns, -5",
        "stepNs, -1",
        "count, -700",
        "max, -1",
        "p99LimitNs, -5000",
        "p99LimitNs, 9000000000000000000",
        "p99, 5001"
    })
    void valuesThatCannotBeAreDamage(String key, String value) throws IOException {
        store().write(contents(MACHINE, CalibrationTest.calibration(SHAPE, 5_000)));
        Path file = cache.resolve("llm-latency-lens").resolve("calibration.json");
        Files.writeString(
                file, Files.readString(file).replaceAll("\"" + key + "\" : [0-9]+", "\"" + key + "\" : " + value));

        assertThat(found(MACHINE, SHAPE))
                .isEqualTo(RunCalibration.skipped("the stored one is damaged; lens calibrate makes a new one"));
    }

    @Test
    void aFileOfAnotherFormIsTheSameAsNone() throws IOException {
        store().write(contents(MACHINE, CalibrationTest.calibration(SHAPE, 5_000)));
        Path file = cache.resolve("llm-latency-lens").resolve("calibration.json");
        String text = Files.readString(file);

        Files.writeString(file, text.replace("\"formatVersion\" : 2", "\"formatVersion\" : 3"));
        assertThat(store().read()).isEmpty();
        Files.writeString(file, text.replace("\"gapErrorNs\"", "\"gap\""));
        assertThat(store().read()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "/c, /h, /c/llm-latency-lens/calibration.json",
        "'', /h, /h/.cache/llm-latency-lens/calibration.json",
        "relative, /h, /h/.cache/llm-latency-lens/calibration.json"
    })
    void theFileLiesInTheUsersCacheFolder(String cacheHome, String home, String file) {
        assertThat(CalibrationStore.of(Map.of("XDG_CACHE_HOME", cacheHome, "HOME", home))
                        .file())
                .isEqualTo(Path.of(file));
    }

    @Test
    void withoutAFolderThatCanBeWrittenNothingIsStored() {
        var contents = contents(MACHINE, CalibrationTest.calibration(SHAPE, 5_000));

        assertThat(CalibrationStore.of(Map.of()).read()).isEmpty();
        assertThatThrownBy(() -> CalibrationStore.of(Map.of()).write(contents))
                .isInstanceOf(IOException.class)
                .hasMessage("neither XDG_CACHE_HOME nor HOME is set");
        assertThatThrownBy(() -> CalibrationStore.of(Map.of("HOME", "/proc")).write(contents))
                .isInstanceOf(IOException.class);
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "2, 2", "3, 4", "32, 32", "33, 64", "1000, 1024", "5000, 1024"})
    void aRunFindsTheNextLargerPowerOfTwo(int concurrency, int streams) {
        assertThat(Shape.bucket(concurrency)).isEqualTo(streams);
    }

    static CalibrationStore.Contents contents(Fingerprint fingerprint, Calibration... calibrations) {
        var wakeUps = Map.of("park", new Spread(0, Map.of(), 0, 0, 0));
        return CalibrationStore.contents(fingerprint, new ClockGrain(20, 10), 30, wakeUps, List.of(calibrations));
    }

    private CalibrationStore store() {
        return CalibrationStore.of(Map.of("XDG_CACHE_HOME", cache.toString()));
    }

    private RunCalibration found(Fingerprint fingerprint, Shape shape) {
        return RunCalibration.stored(Map.of("XDG_CACHE_HOME", cache.toString()), fingerprint, shape);
    }
}
