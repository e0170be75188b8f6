package dev.latencylens.cli;

import dev.latencylens.cli.RunCommand.DurationConverter;
import dev.latencylens.stats.Metric;
import dev.latencylens.stats.Percentile;
import dev.latencylens.stats.Proportion;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Unmatched;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// `lens sweep`: from one user to saturation, and where between them the knee is.
///
/// The knee is where the power is greatest: throughput over response time (Kleinrock 1979), tokens per second over
/// the median of e2e. Before it, more users bring more throughput; behind it, mostly longer waits.
@Command(
        name = "sweep",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Measures with more and more users until the server is saturated, and finds the knee of its curve.",
            "All other flags are those of lens run (lens run --help), and count for every run."
        })
final class SweepCommand implements Callable<Integer> {
    /// Twice the users that bring less than this much more throughput have met a saturated server.
    private static final double LEAST_GAIN = 1.05;
    /// A last step of fewer times the users shows nothing.
    private static final double LEAST_STEP = 1.5;
    /// Failures among the requests from which on a server is taken for overloaded.
    private static final double MOST_UNANSWERED = 0.1;
    /// Neighbours of the knee that are that much away are near enough.
    private static final double NEAR = 1.25;

    private static final int MOST_REFINEMENTS = 6;

    private static final String PLOT = "sweep.svg";
    private static final double NS_PER_MS = 1e6;

    private static final List<String> OURS =
            List.of("--concurrency", "--max-concurrency", "--warmup", "--num-warmups", "--warmup-request-count");

    private final Console console;

    @Option(names = "--from", paramLabel = "N", description = "users of the first run (default 1)")
    private int from = 1;

    @Option(names = "--to", paramLabel = "N", description = "most users, saturated or not (default 1024)")
    private int to = 1_024;

    @Option(
            names = "--step-duration",
            paramLabel = "TIME",
            converter = DurationConverter.class,
            description = "how long each run goes on starting requests (default 15s)")
    private Duration stepDuration = Duration.ofSeconds(15);

    @Option(
            names = "--goodput",
            paramLabel = "METRIC:MS",
            description =
                    "objectives of every request in milliseconds, such as ttft:500 tpot:50; tells how many meet them")
    private List<String> goodput = new ArrayList<>();

    @Mixin
    private SeriesOptions series = new SeriesOptions();

    /// What this command does not know: flags of `lens run`.
    @Unmatched
    private List<String> runFlags = new ArrayList<>();

    SweepCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        RunCommand.atLeast("--from", from, 1);
        RunCommand.atLeast("--to", to, from);
        List<String> flags = SeriesOptions.runFlags("sweep", runFlags, OURS);
        flags.addAll(SeriesOptions.goodput(goodput));
        var objectives = Objectives.parse(goodput);
        Path folder = series.folder("sweep");
        var points = new TreeMap<Integer, RunPoint>();
        String end;
        int exitCode;
        try (var runs = new Series(console, folder, flags)) {
            runs.check(level(from));
            end = climb(runs, points);
            refine(runs, points);
            exitCode = runs.exitCode();
            if (points.isEmpty()) {
                throw runs.nothing("the sweep");
            }
            tell(folder, points, end, objectives);
            runs.refuse();
        }
        return exitCode;
    }

    /// Twice the users each time; returns why it went no further.
    private String climb(Series runs, NavigableMap<Integer, RunPoint> points) throws IOException, InterruptedException {
        int flat = 0;
        double best = 0;
        for (int users = from; ; users = Math.min(to, users * 2)) {
            Optional<RunPoint> made = measure(runs, points, users);
            if (made.isEmpty()) {
                return runs.isStopped() ? "interrupted" : users + " users: nothing could be measured";
            }
            RunPoint point = made.get();
            double unanswered = 1 - (double) point.answered() / Math.max(1, point.measured());
            if (unanswered > MOST_UNANSWERED) {
                return "overloaded: " + Figures.share(unanswered) + " of the requests of " + users
                        + " users were not answered";
            }
            flat = point.tokensPerSecond() < best * LEAST_GAIN ? flat + 1 : 0;
            if (flat == 2) {
                return "saturated: twice in a row, twice the users brought less than 5 % more tokens/s";
            }
            best = Math.max(best, point.tokensPerSecond());
            if (users == to) {
                var before = points.lowerEntry(users);
                return before == null
                        ? atTheEnd(0, users, 1, false)
                        : atTheEnd(before.getKey(), users, waits(before.getValue(), point), flat > 0);
            }
        }
    }

    /// What the last step of a sweep shows that has no room for another one.
    ///
    /// @param fewer users of the step before, 0 for none
    /// @param waits how many times as long an answer took as with `fewer`
    /// @param flat whether throughput stayed
    static String atTheEnd(int fewer, int users, double waits, boolean flat) {
        String told = "not saturated with the " + users + " users that --to allows";
        if (fewer == 0) {
            return told + ", as far as one step can tell; give a higher --to";
        }
        if (!flat) {
            return told + "; give a higher --to";
        }
        double more = (double) users / fewer;
        String seen = Figures.rate(more) + " times the users brought less than 5 % more tokens/s";
        // Who waits for a place waits longer with each user more; throughput that stays by chance has no such
        // wait.
        boolean isTold = more >= LEAST_STEP && waits >= 1 + (more - 1) / 2;
        return isTold
                ? "saturated: at --to " + users + ", " + seen + " and took " + Figures.rate(waits) + " times as long"
                : "cannot be told: at --to " + users + ", " + seen + ", but took " + Figures.rate(waits)
                        + " times as long; give --to " + 2L * users + " or a longer --step-duration";
    }

    /// How many times as long an answer takes as it did before.
    private static double waits(RunPoint before, RunPoint now) {
        return usualE2eNs(now).orElse(Double.NaN) / usualE2eNs(before).orElse(Double.NaN);
    }

    /// Between the knee and its neighbours, geometrically, until both are near.
    private void refine(Series runs, NavigableMap<Integer, RunPoint> points) throws IOException, InterruptedException {
        for (int i = 0; i < MOST_REFINEMENTS && !runs.isStopped(); i++) {
            OptionalInt users = between(points.navigableKeySet(), knee(points));
            if (users.isEmpty() || measure(runs, points, users.getAsInt()).isEmpty()) {
                return;
            }
        }
    }

    /// The middle of the wider gap beside the knee; empty where both are narrow enough.
    static OptionalInt between(NavigableSet<Integer> users, @Nullable Integer knee) {
        if (knee == null) {
            return OptionalInt.empty();
        }
        Integer below = users.lower(knee);
        Integer above = users.higher(knee);
        double gapBelow = below == null ? 1 : (double) knee / below;
        double gapAbove = above == null ? 1 : (double) above / knee;
        for (boolean lower : gapBelow > gapAbove ? new boolean[] {true, false} : new boolean[] {false, true}) {
            Integer other = lower ? below : above;
            if (other != null && (lower ? gapBelow : gapAbove) > NEAR && Math.abs(other - knee) > 1) {
                int least = Math.min(other, knee);
                int middle = (int) Math.round(Math.sqrt((double) other * knee));
                return OptionalInt.of(Math.clamp(middle, least + 1, Math.max(other, knee) - 1));
            }
        }
        return OptionalInt.empty();
    }

    private Optional<RunPoint> measure(Series runs, NavigableMap<Integer, RunPoint> points, int users)
            throws IOException, InterruptedException {
        Optional<RunPoint> point = runs.run(
                String.format("c%04d", users), "run " + (runs.made() + 1) + ", " + users + " users", level(users));
        point.ifPresent(made -> points.put(users, made));
        return point;
    }

    /// Each user's first request is warm-up: it pays for the connection.
    private List<String> level(int users) {
        return List.of("--concurrency=" + users, "--warmup=" + users, "--duration=" + stepDuration.toMillis() + "ms");
    }

    /// Null where the power is greatest at the highest load, so that nobody knows whether it grows on.
    private static @Nullable Integer knee(NavigableMap<Integer, RunPoint> points) {
        return points.entrySet().stream()
                .max(Comparator.comparingDouble(entry -> power(entry.getValue())))
                .filter(entry -> power(entry.getValue()) > 0)
                .map(entry -> entry.getKey())
                .filter(users -> points.size() == 1 || !users.equals(points.lastKey()))
                .orElse(null);
    }

    private static double power(RunPoint point) {
        return point.tokensPerSecond() / usualE2eNs(point).orElse(Double.POSITIVE_INFINITY);
    }

    /// The median, or where there are too few for it the mean.
    private static OptionalDouble usualE2eNs(RunPoint point) {
        var median = point.percentile(Metric.E2E, Percentile.P50);
        return median.isPresent() ? median : point.mean(Metric.E2E);
    }

    private void tell(Path folder, NavigableMap<Integer, RunPoint> points, String end, Objectives objectives)
            throws IOException {
        Integer knee = knee(points);
        var table = new SeriesTable("users");
        ObjectNode json = JsonMapper.shared().createObjectNode();
        json.put("tool", "lens " + Lens.Version.number());
        json.put("end", end);
        if (knee != null) {
            json.put("kneeUsers", knee);
            ArrayNode between = json.withArray("kneeBetween");
            between.add(beside(points.lowerKey(knee), knee));
            between.add(beside(points.higherKey(knee), knee));
        }
        objectives.limits().forEach(limit -> json.withArray("objectives").add(limit.text()));
        var plot = new CurvePlot(
                "Latency over throughput, from " + points.firstKey() + " to " + points.lastKey() + " users",
                "tokens/s",
                "median of e2e, ms; beside each point its users");
        points.forEach((users, point) -> {
            table.add(Integer.toString(users), point);
            Proportion good = point.good();
            plot.add(
                    Integer.toString(users),
                    point.tokensPerSecond(),
                    usualE2eNs(point).orElse(Double.NaN) / NS_PER_MS,
                    good == null ? Double.NaN : good.share(),
                    users.equals(knee));
            ObjectNode run = json.withArray("runs").addObject();
            run.put("users", users);
            SeriesOptions.add(run, point);
        });
        SeriesOptions.write(folder.resolve("sweep.json"), json);
        var out = console.out();
        out.println();
        out.print(table.text(knee == null ? -1 : points.headMap(knee).size()));
        out.println();
        if (plot.isDrawn()) {
            out.println(plot.text());
            RunDirectory.replace(folder.resolve(PLOT), plot.svg().getBytes(StandardCharsets.UTF_8));
        }
        if (objectives.areAsked()) {
            tell("Good      ", "a request with " + objectives.text() + "; one that failed is none");
        }
        if (knee == null) {
            tell(
                    "Knee      ",
                    "none up to " + points.lastKey()
                            + " users: the power, tokens/s over the median of e2e, still grew");
        } else {
            tell(
                    "Knee      ",
                    knee + " users (measured beside it: " + beside(points.lowerKey(knee), knee) + " and "
                            + beside(points.higherKey(knee), knee)
                            + "): there the power is greatest, tokens/s over the median of e2e");
        }
        tell("End       ", end);
        out.println("Runs      " + folder + (plot.isDrawn() ? ", and the curve in " + PLOT : ""));
        out.flush();
    }

    private void tell(String lead, String words) {
        console.out().print(Paragraph.of(lead, words, Report.COLUMNS));
    }

    private static int beside(@Nullable Integer neighbour, int knee) {
        return neighbour == null ? knee : neighbour;
    }
}
