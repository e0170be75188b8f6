package dev.latencylens.cli;

import dev.latencylens.cli.RunCommand.DurationConverter;
import dev.latencylens.stats.Metric;
import dev.latencylens.stats.Percentile;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Unmatched;
import tools.jackson.databind.json.JsonMapper;
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
    /// Failures among the requests from which on a server is taken for overloaded.
    private static final double MOST_FAILED = 0.1;

    private static final List<String> OURS = List.of(
            "--concurrency",
            "--max-concurrency",
            "--duration",
            "--request-rate",
            "--ramp",
            "--stages",
            "--bursts",
            "--trace",
            "--warmup",
            "--num-warmups",
            "--warmup-request-count",
            "-n",
            "--num-prompts",
            "--request-count",
            "--dry-run");

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
            Integer knee = knee(points);
            if (knee != null && !runs.isStopped()) {
                refine(runs, points, knee);
            }
            exitCode = runs.exitCode();
            if (points.isEmpty()) {
                throw runs.nothing("the sweep");
            }
        }
        tell(folder, points, end, objectives);
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
            double failed = 1 - (double) point.answered() / Math.max(1, point.measured());
            if (failed > MOST_FAILED) {
                return "overloaded: " + Figures.share(failed) + " of the requests of " + users + " users failed";
            }
            flat = point.tokensPerSecond() < best * LEAST_GAIN ? flat + 1 : 0;
            if (flat == 2) {
                return "saturated: twice in a row, twice the users brought less than 5 % more tokens/s";
            }
            best = Math.max(best, point.tokensPerSecond());
            if (users == to) {
                return "not saturated with the " + to + " users that --to allows";
            }
        }
    }

    /// Between the knee and its neighbours, geometrically.
    private void refine(Series runs, NavigableMap<Integer, RunPoint> points, int knee)
            throws IOException, InterruptedException {
        var between = new ArrayList<Integer>();
        Integer below = points.lowerKey(knee);
        Integer above = points.higherKey(knee);
        if (below != null) {
            between.add((int) Math.round(Math.sqrt((double) below * knee)));
        }
        if (above != null) {
            between.add((int) Math.round(Math.sqrt((double) above * knee)));
        }
        for (int users : between) {
            if (!points.containsKey(users) && !runs.isStopped()) {
                measure(runs, points, users);
            }
        }
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

    private static @Nullable Integer knee(NavigableMap<Integer, RunPoint> points) {
        return points.entrySet().stream()
                .max(Comparator.comparingDouble(entry -> power(entry.getValue())))
                .filter(entry -> power(entry.getValue()) > 0)
                .map(entry -> entry.getKey())
                .orElse(null);
    }

    private static double power(RunPoint point) {
        var e2eNs = point.percentile(Metric.E2E, Percentile.P50);
        if (e2eNs.isEmpty()) {
            e2eNs = point.mean(Metric.E2E);
        }
        return e2eNs.isEmpty() ? 0 : point.tokensPerSecond() / e2eNs.getAsDouble();
    }

    private void tell(Path folder, NavigableMap<Integer, RunPoint> points, String end, Objectives objectives)
            throws IOException {
        Integer knee = knee(points);
        var table = new SeriesTable("users");
        ObjectNode json = JsonMapper.shared().createObjectNode();
        json.put("tool", "lens " + Lens.Version.number());
        json.put("end", end);
        if (knee != null && !(knee.equals(points.lastKey()) && points.size() > 1)) {
            json.put("kneeUsers", knee);
        }
        objectives.limits().forEach(limit -> json.withArray("objectives").add(limit.text()));
        points.forEach((users, point) -> {
            table.add(Integer.toString(users), point);
            ObjectNode run = json.withArray("runs").addObject();
            run.put("users", users);
            SeriesOptions.add(run, point);
        });
        SeriesOptions.write(folder.resolve("sweep.json"), json);
        var out = console.out();
        out.println();
        boolean beyond = knee != null && knee.equals(points.lastKey()) && points.size() > 1;
        out.print(table.text(knee == null || beyond ? -1 : points.headMap(knee).size()));
        out.println();
        if (objectives.areAsked()) {
            out.println("Good      a request with " + objectives.text() + "; one that failed is none");
        }
        if (beyond) {
            out.println(
                    "Knee      none up to " + knee + " users: the power, tokens/s over the median of e2e, still grew");
        } else if (knee != null) {
            out.println("Knee      " + knee + " users: there the power is greatest, tokens/s over the median of e2e");
        }
        out.println("End       " + end);
        out.println("Runs      " + folder);
        out.flush();
    }
}
