package dev.latencylens.cli;

import dev.latencylens.audit.Evidence;
import dev.latencylens.audit.Recorder;
import dev.latencylens.audit.Verdict;
import dev.latencylens.clock.Clock;
import dev.latencylens.exchange.ExchangeResult;
import dev.latencylens.load.LoadRun;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// The recording of one run, where there is to be one. The Flight Recorder takes a few hundred milliseconds to
/// start, so that is done beside the priming; a run whose recording cannot be had goes on without.
final class RunRecording implements AutoCloseable {
    /// The Flight Recorder ends the whole process, with exit code 1, when its disk is full, so a run ends before:
    /// this is far more than is written between two looks, half a second apart.
    static final long LEAST_FREE_BYTES = 64L << 20;

    private final Path file;
    private final FreeSpace space;
    private final @Nullable Thread starting;
    private volatile @Nullable Recorder recorder;
    private volatile String missing = "";

    /// How many bytes are free on the disk of a folder.
    @FunctionalInterface
    interface FreeSpace {
        long bytes(Path folder) throws IOException;
    }

    /// @param wanted whether to record at all
    RunRecording(boolean wanted, Clock clock, Path file) {
        this(wanted, clock, file, folder -> Files.getFileStore(folder).getUsableSpace());
    }

    RunRecording(boolean wanted, Clock clock, Path file, FreeSpace space) {
        this.file = file;
        this.space = space;
        starting = wanted ? Thread.ofPlatform().name("recorder").daemon().start(() -> start(clock)) : null;
    }

    /// As [#outOfSpace()], before anything is recorded or written to the run's folder.
    static String outOfSpace(Path parent) {
        try {
            for (Path folder : List.of(repository(), parent)) {
                if (Files.getFileStore(folder).getUsableSpace() < LEAST_FREE_BYTES) {
                    return nearlyFull(folder, LEAST_FREE_BYTES);
                }
            }
            return "";
        } catch (IOException untold) {
            return ""; // then the disk says so itself
        }
    }

    private static Path repository() {
        return Path.of(System.getProperty("jdk.jfr.repository", System.getProperty("java.io.tmpdir")));
    }

    private void start(Clock clock) {
        try {
            String unavailable = Recorder.unavailable();
            if (unavailable != null) {
                missing = unavailable;
                return;
            }
            recorder = Recorder.start(clock, file);
        } catch (NoClassDefFoundError e) {
            missing = Recorder.NO_FLIGHT_RECORDER;
        } catch (IOException | RuntimeException e) {
            missing = String.valueOf(e.getMessage());
        }
    }

    /// Returns when recording has begun, or cannot.
    void await() throws InterruptedException {
        if (starting != null) {
            starting.join();
        }
    }

    /// Why there is no recording although there was to be one; empty where all is well.
    String missing() {
        return missing;
    }

    /// Which disk is nearly full, with the cure; empty where there is nothing to fear, or no recording. The
    /// recorder writes into a folder of its own and copies that to the run's at the end. From any thread.
    String outOfSpace() {
        if (recorder == null) {
            return "";
        }
        Path own = repository();
        Path parent = Objects.requireNonNull(file.toAbsolutePath().getParent());
        try {
            long recorded = 0;
            try (var parts = Files.newDirectoryStream(own)) {
                for (Path part : parts) {
                    recorded += Files.size(part);
                }
            }
            return space.bytes(own) < LEAST_FREE_BYTES
                    ? nearlyFull(own, LEAST_FREE_BYTES)
                    : space.bytes(parent) < LEAST_FREE_BYTES + recorded
                            ? nearlyFull(parent, LEAST_FREE_BYTES + recorded)
                            : "";
        } catch (IOException | DirectoryIteratorException untold) {
            return ""; // then the disk says so itself
        }
    }

    private static String nearlyFull(Path folder, long needed) {
        return "the disk of '" + folder + "' has less than the " + (needed >> 20)
                + " MiB that a recording needs; free space there, or leave out --jfr on";
    }

    void add(ExchangeResult result) {
        Recorder running = recorder;
        if (running != null) {
            running.add(result);
        }
    }

    /// Ends the recording with what only the end tells, and reads it back; null where there is none.
    @Nullable
    Evidence finish(LoadRun.Backlog backlog, Verdict verdict) {
        Recorder running = recorder;
        if (running == null) {
            return null;
        }
        running.ended(backlog);
        running.judged(verdict);
        close();
        return Evidence.read(file);
    }

    @Override
    public void close() {
        Recorder running = recorder;
        if (running != null) {
            recorder = null;
            running.close();
        }
    }
}
