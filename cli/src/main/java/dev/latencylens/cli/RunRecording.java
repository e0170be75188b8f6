package dev.latencylens.cli;

import dev.latencylens.audit.Evidence;
import dev.latencylens.audit.Recorder;
import dev.latencylens.audit.Verdict;
import dev.latencylens.clock.Clock;
import dev.latencylens.exchange.ExchangeResult;
import dev.latencylens.load.LoadRun;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// The recording of one run, where there is to be one. The Flight Recorder takes a few hundred milliseconds to
/// start, so that is done beside the priming; a run whose recording cannot be had goes on without.
final class RunRecording implements AutoCloseable {
    private final Path file;
    private final @Nullable Thread starting;
    private volatile @Nullable Recorder recorder;
    private volatile String missing = "";

    /// @param wanted whether to record at all
    RunRecording(boolean wanted, Clock clock, Path file) {
        this.file = file;
        starting = wanted ? Thread.ofPlatform().name("recorder").daemon().start(() -> start(clock)) : null;
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
