package dev.latencylens.cli;

import dev.latencylens.stats.Metric;
import dev.latencylens.stats.Percentile;
import dev.latencylens.stats.RunSpread;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// Several runs of one command: every load of a grid, `--runs` times, in an order drawn anew for each time round,
/// so that what the machine and the server do meanwhile hits all loads alike.
///
/// A run counts as one value, whatever its number of requests: what differs between runs is seen only so.
final class RunGrid {
    static final double CONFIDENCE = 0.95;
    /// Runs of a load before their spread may end the series.
    private static final int FEWEST_TO_CONVERGE = 3;
    /// Longer names have a line of their own, so that the table stays within 100 columns.
    private static final int MOST_NAME = 16;

    private static final Map<String, Function<RunPoint, OptionalDouble>> FIGURES = new LinkedHashMap<>();

    static {
        FIGURES.put("answers/s", point -> OptionalDouble.of(point.answersPerSecond()));
        FIGURES.put("tokens/s", point -> OptionalDouble.of(point.tokensPerSecond()));
        FIGURES.put("ttft p50", point -> millis(point, Metric.TTFT, Percentile.P50));
        FIGURES.put("ttft p99", point -> millis(point, Metric.TTFT, Percentile.P99));
        FIGURES.put("tpot p50", point -> millis(point, Metric.TPOT, Percentile.P50));
        FIGURES.put("e2e p50", point -> millis(point, Metric.E2E, Percentile.P50));
    }

    private final Console console;
    private final Path folder;
    private final List<Cell> cells;
    private final int times;
    private final @Nullable Double converge;
    private final long seed;
    private final Map<Cell, List<RunPoint>> points = new LinkedHashMap<>();
    private final List<String> order = new ArrayList<>();

    /// A load of the grid.
    ///
    /// @param name what tells it from the others, empty where it is the only one
    record Cell(String name, List<String> flags) {}

    /// @param converge half width of the interval of the mean of ttft's p50, as a share of it, from which on no
    /// more runs are made; null to make all
    /// @param seed of the first time round; each further one has the next, so that runs differ as runs do
    RunGrid(Console console, Path folder, List<Cell> cells, int times, @Nullable Double converge, long seed) {
        this.console = console;
        this.folder = folder;
        this.cells = List.copyOf(cells);
        this.times = times;
        this.converge = converge;
        this.seed = seed;
    }

    int run(List<String> flags) throws IOException, InterruptedException {
        int exitCode;
        try (var runs = new Series(console, folder, flags)) {
            runs.check(cells.getFirst().flags());
            for (int time = 1; time <= times && !runs.isStopped() && !hasConverged(); time++) {
                var shuffled = new ArrayList<>(cells);
                Collections.shuffle(shuffled, new Random(seed + time));
                for (Cell cell : shuffled) {
                    if (!runs.isStopped()) {
                        one(runs, cell, time);
                    }
                }
            }
            exitCode = runs.exitCode();
            if (points.isEmpty()) {
                throw runs.nothing("the grid");
            }
        }
        tell();
        return exitCode;
    }

    private void one(Series runs, Cell cell, int time) throws IOException, InterruptedException {
        String name =
                (cell.name().isEmpty() ? "run" : cell.name().replace(' ', '-').replace('/', '-')) + "-" + time;
        var own = new ArrayList<>(cell.flags());
        own.add("--seed=" + (seed + time - 1));
        Optional<RunPoint> point = runs.run(
                name,
                "run " + (runs.made() + 1) + " of " + (converge == null ? "" : "at most ") + times * cells.size()
                        + (cell.name().isEmpty() ? "" : ", " + cell.name()),
                own);
        order.add(name);
        point.ifPresent(
                made -> points.computeIfAbsent(cell, _ -> new ArrayList<>()).add(made));
    }

    private boolean hasConverged() {
        return converge != null
                && cells.stream().allMatch(cell -> {
                    List<RunPoint> made = points.getOrDefault(cell, List.of());
                    Optional<RunSpread> spread = spread(made, "ttft p50");
                    return made.size() >= FEWEST_TO_CONVERGE
                            && spread.isPresent()
                            && spread.get().half() <= converge * spread.get().mean();
                });
    }

    private static OptionalDouble millis(RunPoint point, Metric metric, Percentile percentile) {
        OptionalDouble ns = point.percentile(metric, percentile);
        return ns.isPresent() ? OptionalDouble.of(ns.getAsDouble() / 1e6) : ns;
    }

    /// Empty where a run has too few samples for the figure.
    private static Optional<RunSpread> spread(List<RunPoint> runs, String figure) {
        Function<RunPoint, OptionalDouble> of = FIGURES.getOrDefault(figure, _ -> OptionalDouble.empty());
        double[] values =
                runs.stream().map(of).flatMapToDouble(OptionalDouble::stream).toArray();
        return values.length == 0 || values.length < runs.size()
                ? Optional.empty()
                : Optional.of(RunSpread.of(values, CONFIDENCE));
    }

    private void tell() throws IOException {
        ObjectNode json = JsonMapper.shared().createObjectNode();
        json.put("tool", "lens " + Lens.Version.number());
        json.put("confidence", CONFIDENCE);
        order.forEach(name -> json.withArray("order").add(name));
        int width = Math.clamp(
                cells.stream().mapToInt(cell -> cell.name().length()).max().orElse(0), "load".length(), MOST_NAME);
        var out = console.out();
        out.println();
        var heading = new StringBuilder(String.format(Locale.ROOT, "%-" + width + "s%6s", "load", "valid"));
        FIGURES.keySet().forEach(name -> heading.append(String.format(Locale.ROOT, "%13s", name)));
        out.println(heading);
        for (Cell cell : cells) {
            List<RunPoint> made = points.getOrDefault(cell, List.of());
            ObjectNode told = json.withArray("loads").addObject();
            told.put("name", cell.name());
            cell.flags().forEach(flag -> told.withArray("flags").add(flag));
            made.forEach(point -> SeriesOptions.add(told.withArray("runs").addObject(), point));
            long valid = made.stream()
                    .filter(point -> point.verdict().equals("VALID"))
                    .count();
            boolean isLong = cell.name().length() > width;
            if (isLong) {
                out.println(cell.name());
            }
            var line = new StringBuilder(String.format(
                    Locale.ROOT, "%-" + width + "s%6s", isLong ? "" : cell.name(), valid + "/" + made.size()));
            FIGURES.keySet().forEach(name -> {
                Optional<RunSpread> spread = spread(made, name);
                spread.ifPresent(figure -> {
                    ObjectNode of = told.withObject("figures").putObject(name);
                    of.put("mean", figure.mean());
                    if (figure.runs() > 1) {
                        of.put("sd", figure.sd());
                        of.put("half", figure.half());
                    }
                });
                line.append(String.format(
                        Locale.ROOT, "%13s", spread.map(RunGrid::shown).orElse("n/a")));
            });
            out.println(line);
        }
        SeriesOptions.write(folder.resolve("grid.json"), json);
        out.print(Paragraph.of(
                "",
                "Latencies in ms; mean of the runs' figures +- half of its " + Figures.share(CONFIDENCE)
                        + " interval in percent of it (Student's t, a run is one value); n/a: a run had too few samples"
                        + " (a p50 needs 11 answers, a p99 662). All runs count here, valid: VALID of all.",
                Report.COLUMNS));
        if (converge != null) {
            out.print(Paragraph.of(
                    "Converged ",
                    (hasConverged() ? "" : "not ") + "to " + Figures.share(converge)
                            + " of the mean of ttft's p50"
                            + (points.values().stream()
                                            .flatMap(List::stream)
                                            .anyMatch(point -> millis(point, Metric.TTFT, Percentile.P50)
                                                    .isEmpty())
                                    ? "; some runs had fewer than the 11 answers that it needs, give a higher --num-prompts"
                                    : ""),
                    Report.COLUMNS));
        }
        out.println("Runs      " + folder);
        out.flush();
    }

    private static String shown(RunSpread spread) {
        double percent = 100 * spread.half() / spread.mean();
        return Figures.rate(spread.mean())
                + (spread.runs() == 1 || !Double.isFinite(percent)
                        ? ""
                        : String.format(Locale.ROOT, percent < 10 ? " +-%.1f%%" : " +-%.0f%%", percent));
    }
}
