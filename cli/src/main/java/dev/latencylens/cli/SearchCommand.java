package dev.latencylens.cli;

import dev.latencylens.stats.Proportion;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.MathContext;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Unmatched;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// `lens search`: the highest rate at which enough requests meet the objectives.
///
/// A rate holds when the share of good requests is, with the confidence asked for, at least what it should be; it
/// does not when the share is as surely below. Between the two, more requests are sent. Rates double until one
/// does not hold, then the middle between the highest that held and the lowest that did not is tried, until they
/// are close.
@Command(
        name = "search",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Finds the highest request rate at which enough requests meet the objectives, in an open loop.",
            "All other flags are those of lens run (lens run --help), and count for every run."
        })
final class SearchCommand implements Callable<Integer> {
    /// How far below --from a rate is looked for that holds.
    private static final double MOST_BELOW = 16;
    /// Runs of one rate that may stay undecided; then it counts as one that does not hold.
    private static final int MOST_RUNS_OF_A_RATE = 4;

    private static final List<String> OURS = List.of(
            "--request-rate",
            "--duration",
            "--ramp",
            "--stages",
            "--bursts",
            "--trace",
            "-n",
            "--num-prompts",
            "--request-count",
            "--dry-run");

    private final Console console;

    @Option(
            names = "--goodput",
            required = true,
            paramLabel = "METRIC:MS",
            description = "objectives of every request in milliseconds, such as ttft:500 tpot:50")
    private List<String> goodput = new ArrayList<>();

    @Option(
            names = "--good-fraction",
            paramLabel = "SHARE",
            description = "share of the requests that is to meet them, failures counted in (default 0.99)")
    private double goodFraction = 0.99;

    @Option(
            names = "--confidence-level",
            paramLabel = "PERCENT",
            description = "how sure to be that a rate holds, or that it does not (default 95)")
    private String confidenceLevel = "95";

    private double confidence;

    @Option(names = "--from", paramLabel = "PER_SECOND", description = "rate to begin with (default 1)")
    private double from = 1;

    @Option(names = "--to", paramLabel = "PER_SECOND", description = "highest rate to try (default 10000)")
    private double to = 10_000;

    @Option(
            names = "--precision",
            paramLabel = "SHARE",
            description = "how close the rates on both sides are to be in the end (default 0.05)")
    private double precision = 0.05;

    @Option(
            names = "--probe-requests",
            paramLabel = "N",
            description = "requests of each run (default: as few as can show that a rate holds)")
    private @Nullable Long probeRequests;

    @Mixin
    private SeriesOptions series = new SeriesOptions();

    /// What this command does not know: flags of `lens run`.
    @Unmatched
    private List<String> runFlags = new ArrayList<>();

    private final List<Probe> probes = new ArrayList<>();

    SearchCommand(Console console) {
        this.console = console;
    }

    enum Finding {
        HOLDS,
        DOES_NOT_HOLD,
        UNDECIDED
    }

    /// All runs of one rate.
    private record Probe(double perSecond, Proportion good, List<RunPoint> runs, Finding finding) {}

    @Override
    public Integer call() throws IOException, InterruptedException {
        check();
        List<String> flags = SeriesOptions.runFlags("search", runFlags, OURS);
        flags.addAll(SeriesOptions.goodput(goodput));
        if (flags.stream().noneMatch(flag -> flag.startsWith("--arrival-pattern") || flag.startsWith("--burstiness"))) {
            flags.add("--arrival-pattern=poisson");
        }
        var objectives = Objectives.parse(goodput);
        Path folder = series.folder("search");
        int exitCode;
        Probe held = null;
        Probe broke = null;
        try (var runs = new Series(console, folder, flags)) {
            runs.check(rate(from));
            double next = from;
            while (!runs.isStopped() && next > 0) {
                Optional<Probe> probe = probe(runs, next);
                if (probe.isEmpty()) {
                    break;
                }
                if (probe.get().finding() == Finding.HOLDS) {
                    held = probe.get();
                } else {
                    broke = probe.get();
                }
                next = next(held, broke);
            }
            // What was tried on the way does not matter any more.
            exitCode = runs.isStopped() || probes.isEmpty() ? runs.exitCode() : exitCode(held, broke, flags);
            if (probes.isEmpty()) {
                throw runs.nothing("the search");
            }
        }
        tell(folder, held, broke, objectives);
        return exitCode;
    }

    /// That of the runs which the result rests on, and of a search that found none.
    private static int exitCode(@Nullable Probe held, @Nullable Probe broke, List<String> flags) {
        int exitCode = held == null ? ExitCode.MISSED : ExitCode.GOOD;
        if (flags.contains("--lenient")) {
            return exitCode;
        }
        for (Probe probe : Stream.of(held, broke).filter(Objects::nonNull).toList()) {
            for (RunPoint run : probe.runs()) {
                exitCode = ExitCode.worseOf(
                        exitCode,
                        switch (run.verdict()) {
                            case "INVALID" -> ExitCode.INVALID;
                            case "INCONCLUSIVE" -> ExitCode.INCONCLUSIVE;
                            default -> ExitCode.GOOD;
                        });
            }
        }
        return exitCode;
    }

    private void check() {
        share("--good-fraction", goodFraction);
        confidence = CompareCommand.confidence(confidenceLevel);
        share("--precision", precision);
        if (!(from > 0) || !(to >= from) || to == Double.POSITIVE_INFINITY) {
            throw CommandFailure.usage(
                    "--from and --to are rates above 0, the second not below the first; were " + from + " and " + to);
        }
        if (probeRequests != null && probeRequests < fewest()) {
            throw CommandFailure.usage("--probe-requests " + probeRequests + " can never show with "
                    + Figures.share(confidence) + " confidence that " + Figures.share(goodFraction)
                    + " are good; give at"
                    + " least " + fewest());
        }
    }

    private static void share(String option, double value) {
        if (!(value > 0 && value < 1)) {
            throw CommandFailure.usage(option + " is a share between 0 and 1, was " + value);
        }
    }

    /// Requests that, all of them good, show that the share holds: share^n <= 1 - confidence.
    private long fewest() {
        return (long) Math.ceil(Math.log(1 - confidence) / Math.log(goodFraction));
    }

    /// With room for one request in three of those that may be bad.
    private long requests() {
        return probeRequests != null ? probeRequests : (long) Math.ceil(fewest() * 1.6);
    }

    private List<String> rate(double perSecond) {
        return List.of("--request-rate=" + plain(perSecond), "--num-prompts=" + requests());
    }

    /// The rate to try next, 0 when the two sides are close enough.
    private double next(@Nullable Probe held, @Nullable Probe broke) {
        if (broke == null) {
            double last = held == null ? from : held.perSecond();
            return last >= to ? 0 : Math.min(to, last * 2);
        }
        if (held == null) {
            double half = broke.perSecond() / 2;
            return half < from / MOST_BELOW ? 0 : half;
        }
        return broke.perSecond() / held.perSecond() <= 1 + precision
                ? 0
                : Math.sqrt(broke.perSecond() * held.perSecond());
    }

    private Optional<Probe> probe(Series runs, double perSecond) throws IOException, InterruptedException {
        var good = new Proportion(0, 0);
        var made = new ArrayList<RunPoint>();
        var finding = Finding.UNDECIDED;
        for (int i = 1; i <= MOST_RUNS_OF_A_RATE && finding == Finding.UNDECIDED; i++) {
            Optional<RunPoint> point = runs.run(
                    "r" + plain(perSecond) + (i == 1 ? "" : "-" + i),
                    "run " + (runs.made() + 1) + ", " + plain(perSecond) + " requests/s",
                    rate(perSecond));
            Proportion of = point.map(RunPoint::good).orElse(null);
            if (point.isEmpty()) {
                return Optional.empty();
            }
            if (of == null) {
                throw CommandFailure.nothingMeasured(
                        "run.json in '" + point.get().folder()
                                + "' does not tell how many requests were good; give a lower --probe-requests or --osl");
            }
            made.add(point.get());
            good = good.and(of);
            if (good.atLeast(confidence) >= goodFraction) {
                finding = Finding.HOLDS;
            } else if (good.atMost(confidence) < goodFraction) {
                finding = Finding.DOES_NOT_HOLD;
            }
        }
        var probe = new Probe(perSecond, good, made, finding);
        probes.add(probe);
        return Optional.of(probe);
    }

    private void tell(Path folder, @Nullable Probe held, @Nullable Probe broke, Objectives objectives)
            throws IOException {
        ObjectNode json = JsonMapper.shared().createObjectNode();
        json.put("tool", "lens " + Lens.Version.number());
        json.put("goodFraction", goodFraction);
        json.put("confidence", confidence);
        objectives.limits().forEach(limit -> json.withArray("objectives").add(limit.text()));
        if (held != null) {
            json.put("highestThatHeld", held.perSecond());
        }
        if (broke != null) {
            json.put("lowestThatDidNot", broke.perSecond());
        }
        var table = new SeriesTable("requests/s");
        for (Probe probe : probes) {
            ObjectNode tried = json.withArray("rates").addObject();
            tried.put("perSecond", probe.perSecond());
            tried.put("finding", probe.finding().name().toLowerCase(Locale.ROOT));
            tried.put("good", probe.good().good());
            tried.put("of", probe.good().of());
            tried.put("shareAtLeast", probe.good().atLeast(confidence));
            tried.put("shareAtMost", probe.good().atMost(confidence));
            for (RunPoint run : probe.runs()) {
                table.add(plain(probe.perSecond()), run);
                SeriesOptions.add(tried.withArray("runs").addObject(), run);
            }
        }
        SeriesOptions.write(folder.resolve("search.json"), json);
        var out = console.out();
        out.println();
        out.print(table.text(-1));
        out.println();
        out.println("Wanted    " + Figures.share(goodFraction) + " of the requests with " + objectives.text());
        out.println("Highest   " + (held == null ? "none of the rates held" : found(held, "held")));
        out.println("Lowest    "
                + (broke == null
                        ? "every rate that was tried held, up to " + plain(to) + " requests/s"
                        : found(broke, broke.finding() == Finding.UNDECIDED ? "stayed undecided" : "did not hold")));
        out.println("Runs      " + folder);
        out.flush();
    }

    private String found(Probe probe, String what) {
        Proportion good = probe.good();
        return plain(probe.perSecond()) + " requests/s " + what + ": " + Figures.share(good.share()) + " of "
                + Figures.count(good.of()) + " were good, so with " + Figures.share(confidence) + " confidence "
                + (probe.finding() == Finding.HOLDS
                        ? "at least " + Figures.share(good.atLeast(confidence))
                        : "at most " + Figures.share(good.atMost(confidence)));
    }

    /// Four digits are enough of a rate that is known to a few percent.
    private static String plain(double perSecond) {
        return BigDecimal.valueOf(perSecond)
                .round(new MathContext(4))
                .stripTrailingZeros()
                .toPlainString();
    }
}
