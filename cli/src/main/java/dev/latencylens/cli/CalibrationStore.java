package dev.latencylens.cli;

import dev.latencylens.clock.ClockGrain;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/// The calibrations of this machine, in one file in the user's cache folder, where the XDG base directories have
/// it.
///
/// A file that is missing, unreadable, stale or damaged is the same as none, but [#whyNone] tells which it is.
///
/// @param file null where there is no such folder
record CalibrationStore(@Nullable Path file) {
    private static final int FORMAT_VERSION = 2;

    /// More than four shapes take, with what an earlier file has beside them.
    private static final int PROBE_BYTES = 32 << 10;

    private static final JsonMapper JSON =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    /// What the file holds.
    ///
    /// @param wakeUps by `park` and `spin`: from a write to the instant after the read call, on a single stream
    record Contents(
            int formatVersion,
            Fingerprint fingerprint,
            ClockGrain clock,
            long offsetUncertaintyNs,
            Map<String, Spread> wakeUps,
            List<Calibration> calibrations) {
        Contents {
            Objects.requireNonNull(fingerprint);
            Objects.requireNonNull(clock);
            wakeUps = Map.copyOf(wakeUps);
            calibrations = List.copyOf(calibrations);
        }

        String json() {
            return JSON.writeValueAsString(this);
        }

        Optional<Calibration> of(Shape shape) {
            return calibrations.stream()
                    .filter(calibration -> calibration.shape().equals(shape))
                    .findFirst();
        }

        private boolean isPossible() {
            return offsetUncertaintyNs >= 0
                    && clock.readingNs() >= 0
                    && clock.stepNs() >= 0
                    && wakeUps.values().stream().allMatch(Spread::isPossible)
                    && calibrations.stream().allMatch(Calibration::isPossible);
        }

        /// These, and what an earlier file has beside them.
        private Contents with(Contents earlier) {
            var all = new ArrayList<>(calibrations);
            earlier.calibrations.stream()
                    .filter(calibration -> of(calibration.shape()).isEmpty())
                    .forEach(all::add);
            return new Contents(
                    formatVersion,
                    fingerprint,
                    clock,
                    offsetUncertaintyNs,
                    wakeUps.isEmpty() ? earlier.wakeUps : wakeUps,
                    all);
        }
    }

    static Contents contents(
            Fingerprint fingerprint,
            ClockGrain clock,
            long offsetUncertaintyNs,
            Map<String, Spread> wakeUps,
            List<Calibration> calibrations) {
        return new Contents(FORMAT_VERSION, fingerprint, clock, offsetUncertaintyNs, wakeUps, calibrations);
    }

    /// That of the user whose environment this is; without `XDG_CACHE_HOME` and `HOME` there is none.
    static CalibrationStore of(Map<String, String> environment) {
        String cache = environment.getOrDefault("XDG_CACHE_HOME", "");
        String home = environment.getOrDefault("HOME", "");
        // A relative path is to be ignored, says the XDG specification.
        Path folder = cache.startsWith("/") ? Path.of(cache) : home.startsWith("/") ? Path.of(home, ".cache") : null;
        return new CalibrationStore(
                folder == null ? null : folder.resolve("llm-latency-lens").resolve("calibration.json"));
    }

    /// What is stored, whatever machine it was measured on.
    Optional<Contents> read() {
        if (file == null) {
            return Optional.empty();
        }
        try {
            // A file that says `null` is read as such.
            return Optional.ofNullable(JSON.readValue(Files.readString(file), Contents.class))
                    .filter(contents -> contents.formatVersion() == FORMAT_VERSION && contents.isPossible());
        } catch (IOException | JacksonException unreadable) {
            return Optional.empty();
        }
    }

    /// Why there is nothing to read.
    String whyNone() {
        if (file == null || !Files.exists(file)) {
            return "lens calibrate has stored none";
        }
        if (Files.isDirectory(file)) {
            return "'" + file + "' is a folder; remove it, and lens calibrate stores one there";
        }
        return "the stored one is " + (isOfAnotherFormat(file) ? "of another version of lens" : "damaged")
                + "; lens calibrate makes a new one";
    }

    private static boolean isOfAnotherFormat(Path file) {
        try {
            JsonNode version = JSON.readTree(Files.readString(file)).path("formatVersion");
            return version.isIntegralNumber() && version.asLong() != FORMAT_VERSION;
        } catch (IOException | JacksonException damaged) {
            return false;
        }
    }

    /// Makes the folder, and writes as much there as a calibration has, to find out whether one can be kept.
    ///
    /// @throws IOException where it cannot
    void prepare() throws IOException {
        if (file == null) {
            throw new IOException("neither XDG_CACHE_HOME nor HOME is set");
        }
        Path folder = Objects.requireNonNull(file.getParent());
        Files.createDirectories(folder);
        Path probe = Files.createTempFile(folder, "calibration", ".tmp");
        try {
            Files.write(probe, new byte[PROBE_BYTES]);
        } catch (IOException e) {
            throw new IOException(folder + ": " + CommandFailure.reason(e), e);
        } finally {
            Files.deleteIfExists(probe);
        }
        if (Files.isDirectory(file)) {
            throw new IOException(file + ": a folder is in its place");
        }
    }

    /// Stores these beside those of the same machine that are there. Whoever reads meanwhile sees the old file or
    /// the new one.
    ///
    /// @throws IOException if the folder or the file cannot be written
    void write(Contents fresh) throws IOException {
        if (file == null) {
            throw new IOException("neither XDG_CACHE_HOME nor HOME is set");
        }
        Contents all = read().filter(stored -> stored.fingerprint().equals(fresh.fingerprint()))
                .map(fresh::with)
                .orElse(fresh);
        Path folder = Objects.requireNonNull(file.getParent());
        Files.createDirectories(folder);
        Path whole = Files.createTempFile(folder, "calibration", ".tmp");
        try {
            Files.writeString(whole, all.json() + "\n");
            Files.move(whole, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(whole);
        }
    }
}
