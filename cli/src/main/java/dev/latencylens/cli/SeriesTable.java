package dev.latencylens.cli;

import dev.latencylens.stats.Metric;
import dev.latencylens.stats.Percentile;
import dev.latencylens.stats.Proportion;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/// Runs of a series, a line each, with a bar as long as their throughput.
final class SeriesTable {
    private static final int BAR = 24;

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
        lines.add(pad(heading, width) + head("answers/s") + head("tokens/s") + head("ttft p50") + head("p99")
                + head("tpot p50") + head("e2e p50") + head("failed") + (judged ? head("good") + head("good/s") : "")
                + "  verdict");
        double most =
                points.stream().mapToDouble(RunPoint::tokensPerSecond).max().orElse(1);
        for (int i = 0; i < points.size(); i++) {
            RunPoint point = points.get(i);
            Proportion good = point.good();
            lines.add(pad(names.get(i), width)
                    + head(Figures.rate(point.answersPerSecond()))
                    + head(Figures.rate(point.tokensPerSecond()))
                    + millis(point.percentile(Metric.TTFT, Percentile.P50))
                    + millis(point.percentile(Metric.TTFT, Percentile.P99))
                    + millis(point.percentile(Metric.TPOT, Percentile.P50))
                    + millis(point.percentile(Metric.E2E, Percentile.P50))
                    + head(Long.toString(point.failed()))
                    + (judged
                            ? head(good == null ? "" : Figures.share(good.share()))
                                    + head(good == null ? "" : Figures.rate(point.goodput()))
                            : "")
                    + "  " + pad(point.verdict(), "INCONCLUSIVE".length())
                    + "  " + "#".repeat((int) Math.round(BAR * point.tokensPerSecond() / Math.max(most, 1e-9)))
                    + (i == marked ? "  <- knee" : ""));
        }
        return String.join("\n", lines).stripTrailing() + "\n"
                + "Latencies in ms; n/a: too few samples. The bar is tokens/s; rates count until the last answer has ended.\n";
    }

    private static String millis(OptionalDouble ns) {
        return head(ns.isPresent() ? Figures.millis(ns.getAsDouble()) : "n/a");
    }

    private static String head(@Nullable String text) {
        return String.format(Locale.ROOT, "%10s", text);
    }

    private static String pad(String text, int width) {
        return String.format(Locale.ROOT, "%-" + width + "s", text);
    }
}
