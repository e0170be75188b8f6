package dev.latencylens.cli;

import dev.latencylens.stats.Metric;
import dev.latencylens.stats.Percentile;
import dev.latencylens.stats.Proportion;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;

/// Runs of a series, a line each, for a terminal of 100 columns.
final class SeriesTable {
    private final String heading;
    private final List<String> lines = new ArrayList<>();
    private final List<RunPoint> points = new ArrayList<>();
    private final List<String> names = new ArrayList<>();

    /// @param heading of the first column: what tells the runs apart
    SeriesTable(String heading) {
        this.heading = heading;
    }

    void add(String name, RunPoint point) {
        names.add(name);
        points.add(point);
    }

    /// @param marked the row to point at, -1 for none
    String text(int marked) {
        boolean judged = points.stream().anyMatch(point -> point.good() != null);
        int width = Math.max(
                heading.length(), names.stream().mapToInt(String::length).max().orElse(0));
        lines.clear();
        lines.add(pad(heading, width) + cell(7, "ans/s") + cell(8, "tok/s") + cell(9, "ttft p50") + cell(7, "p99")
                + cell(9, "tpot p50") + cell(8, "e2e p50") + cell(7, "failed")
                + (judged ? cell(7, "good %") + cell(7, "good/s") : "") + "  verdict");
        for (int i = 0; i < points.size(); i++) {
            RunPoint point = points.get(i);
            Proportion good = point.good();
            lines.add(pad(names.get(i), width)
                    + cell(7, Figures.rate(point.answersPerSecond()))
                    + cell(8, Figures.rate(point.tokensPerSecond()))
                    + millis(9, point.percentile(Metric.TTFT, Percentile.P50))
                    + millis(7, point.percentile(Metric.TTFT, Percentile.P99))
                    + millis(9, point.percentile(Metric.TPOT, Percentile.P50))
                    + millis(8, point.percentile(Metric.E2E, Percentile.P50))
                    + cell(7, Long.toString(point.failed()))
                    + (judged
                            ? cell(
                                            7,
                                            good == null
                                                    ? ""
                                                    : Figures.share(good.share())
                                                            .replace(" %", ""))
                                    + cell(7, good == null ? "" : Figures.rate(point.goodput()))
                            : "")
                    + "  " + point.verdict() + (i == marked ? "  <- knee" : ""));
        }
        return String.join("\n", lines).stripTrailing() + "\n"
                + "Latencies in ms; n/a: too few samples. Answers and tokens per second count until the last has ended.\n";
    }

    private static String millis(int width, OptionalDouble ns) {
        return cell(width, ns.isPresent() ? Figures.millis(ns.getAsDouble()) : "n/a");
    }

    private static String cell(int width, String text) {
        return String.format(Locale.ROOT, "%" + width + "s", text);
    }

    private static String pad(String text, int width) {
        return String.format(Locale.ROOT, "%-" + width + "s", text);
    }
}
