package dev.latencylens.cli;

import dev.latencylens.audit.Caveat;
import dev.latencylens.audit.ErrorBar;
import dev.latencylens.load.LoadRun;
import dev.latencylens.stats.Summary;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The error bar of one run: where it comes from, or why there is none.
///
/// @param remark why it was not stored, or why there is none; empty where there is nothing to say
/// @param calibration null where there is none
/// @param lateNs how far off the run may be because this client was late in it, 0 where that moved nothing
record RunCalibration(
        Source source, String remark, @Nullable Calibration calibration, long lateNs) {
    RunCalibration(Source source, String remark, @Nullable Calibration calibration) {
        this(source, remark, calibration, 0);
    }

    /// Where a calibration comes from.
    enum Source {
        /// Measured by `lens calibrate`, on this machine as it is.
        STORED,
        /// Measured right after the run, by the same process.
        AFTER_RUN,
        /// Nobody asked for it, or nothing was there to be judged by it.
        SKIPPED,
        /// It could not be measured.
        FAILED;

        String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    static RunCalibration skipped(String why) {
        return new RunCalibration(Source.SKIPPED, why, null);
    }

    /// What `lens calibrate` has left for a run of this shape.
    static RunCalibration stored(Map<String, String> environment, Fingerprint fingerprint, Shape shape) {
        CalibrationStore store = CalibrationStore.of(environment);
        Optional<CalibrationStore.Contents> contents = store.read();
        if (contents.isEmpty()) {
            return skipped(store.whyNone());
        }
        String changed = fingerprint.changedSince(contents.get().fingerprint());
        if (!changed.isEmpty()) {
            return skipped("the stored one is stale: " + changed);
        }
        return contents.get()
                .of(shape)
                .map(calibration -> new RunCalibration(Source.STORED, "", calibration))
                .orElseGet(() -> skipped("none is stored for this shape"));
    }

    /// Measures a short one.
    static RunCalibration measure(CalibrationRun run, String remark) throws InterruptedException {
        try {
            return new RunCalibration(Source.AFTER_RUN, remark, run.measure());
        } catch (IOException | RuntimeException failed) {
            // Whatever it was, the run's own figures stand.
            return new RunCalibration(Source.FAILED, String.valueOf(failed.getMessage()), null);
        }
    }

    /// The same for a run of which this is known.
    RunCalibration of(Summary run, LoadRun.Backlog backlog) {
        return new RunCalibration(source, remark, calibration, ErrorBar.lateNs(run, backlog));
    }

    /// Empty where there is no calibration.
    Optional<ErrorBar> errorBar() {
        return Optional.ofNullable(calibration)
                .map(figures -> figures.errorBar().atLeast(lateNs));
    }

    /// What it gives reason to doubt.
    List<Caveat> doubts(Plan plan, Summary summary) {
        if (source == Source.FAILED) {
            return List.of(new Caveat.NotCalibrated(remark));
        }
        return errorBar().map(bar -> bar.doubts(summary, plan.metrics())).orElse(List.of());
    }
}
