package dev.latencylens.cli;

import dev.latencylens.clock.ClockAnchor;
import dev.latencylens.stats.Metric;
import dev.latencylens.stats.Summary;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.HistogramLogWriter;

/// `histograms.hlog`: the whole run as one interval, a tag for each metric, in nanoseconds with four significant
/// digits.
///
/// The format knows no negative values; those are in `exchanges.jsonl`.
final class HistogramFile {
    private static final int SIGNIFICANT_DIGITS = 4;

    private HistogramFile() {}

    static void write(Path file, Summary summary, ClockAnchor clock) throws IOException {
        var window = summary.window().orElse(null);
        if (window == null) {
            return;
        }
        // A stream that prints swallows what goes wrong on a disk, so it prints into memory.
        var bytes = new ByteArrayOutputStream(1 << 14);
        try (var out = new PrintStream(bytes, false, StandardCharsets.UTF_8)) {
            var log = new HistogramLogWriter(out);
            long baseMillis = clock.wallStart().toEpochMilli();
            log.outputComment("LLM Latency Lens; values in nanoseconds, a tag for each metric");
            log.outputBaseTime(baseMillis);
            log.outputLogFormatVersion();
            log.outputStartTime(baseMillis);
            log.outputLegend();
            double from = (window.startedAtNs() - clock.monotonicStartNs()) / 1e9;
            // One for all: each that grows to its size anew would leave as much in the old generation as a long
            // run.
            var histogram = new Histogram(SIGNIFICANT_DIGITS);
            histogram.setAutoResize(true);
            for (Metric metric : Metric.values()) {
                histogram.reset();
                summary.of(metric).each((value, times) -> {
                    if (value >= 0) {
                        histogram.recordValueWithCount(value, times);
                    }
                });
                if (histogram.getTotalCount() > 0) {
                    histogram.setTag(metric.label());
                    log.outputIntervalHistogram(from, from + window.durationNs() / 1e9, histogram, 1e6);
                }
            }
        }
        RunDirectory.replace(file, bytes.toByteArray());
    }
}
