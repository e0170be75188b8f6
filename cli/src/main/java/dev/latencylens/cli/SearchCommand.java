package dev.latencylens.cli;

import dev.latencylens.stats.Proportion;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.MathContext;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
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
/// [RateSearch] decides which rates are tried, and what they show.
@Command(
        name = "search",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Finds the highest request rate at which enough requests meet the objectives, in an open loop.",
            "All other flags are those of lens run (lens run --help), and count for every run."
        })
final class SearchCommand implements Callable<Integer> {
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
            description = "how sure to be that the highest rate lies in the interval that is found (default 95)")
    private String confidenceLevel = "95";

    private double confidence;

    /// Runs that only looked, by their rate: all there is of a search that ended early.
    private final Map<Double, RunPoint> looks = new LinkedHashMap<>();

    @Option(names = "--from", paramLabel = "PER_SECOND", description = "rate to begin with (default 1)")
    private double from = 1;

    @Option(names = "--to", paramLabel = "PER_SECOND", description = "highest rate to try (default 10000)")
    private double to = 10_000;

    @Option(
            names = "--precision",
            paramLabel = "SHARE",
            description = "how close the rates that are tried get to each other (default 0.1)")
    private double precision = 0.1;

    @Option(
            names = "--probe-requests",
            paramLabel = "N",
            description =
                    "requests of the first run of each rate, twice as many of each further one (default: as few as can show"
                            + " that a rate holds and to see a queue grow, 300 at least)")
    private @Nullable Long probeRequests;

    @Mixin
    private SeriesOptions series = new SeriesOptions();

    /// What this command does not know: flags of `lens run`.
    @Unmatched
    private List<String> runFlags = new ArrayList<>();

    SearchCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        check();
        List<String> flags = SeriesOptions.runFlags("search", runFlags, List.of());
        flags.addAll(SeriesOptions.goodput(goodput));
        if (flags.stream().noneMatch(flag -> flag.startsWith("--arrival-pattern") || flag.startsWith("--burstiness"))) {
            flags.add("--arrival-pattern=poisson");
        }
        var objectives = Objectives.parse(goodput);
        Path folder = series.folder("search");
        var search = new RateSearch(
                goodFraction, confidence, precision, from, to, objectives.patienceSeconds(), probeRequests);
        var made = new LinkedHashMap<Double, List<RunPoint>>();
        int exitCode;
        try (var runs = new Series(console, folder, flags)) {
            runs.check(load(new RateSearch.Run(from, probeRequests == null ? 1 : probeRequests)));
            for (Optional<RateSearch.Run> next = search.next();
                    next.isPresent() && !runs.isStopped();
                    next = search.next()) {
                if (!isMade(runs, search, next.get(), made)) {
                    break;
                }
            }
            if (search.probes().isEmpty() && looks.isEmpty()) {
                throw runs.nothing("the search");
            }
            // What was tried on the way does not matter any more.
            exitCode = runs.isStopped() ? runs.exitCode() : exitCode(search, made, flags);
            tell(folder, search, made, objectives);
            runs.refuse();
        }
        return exitCode;
    }

    /// False where it could not be measured.
    private boolean isMade(Series runs, RateSearch search, RateSearch.Run run, Map<Double, List<RunPoint>> made)
            throws IOException, InterruptedException {
        boolean looks = search.isLooking();
        List<RunPoint> before = made.getOrDefault(run.perSecond(), List.of());
        String name = (looks ? "look-r" : "r")
                + plain(run.perSecond())
                + (looks || before.isEmpty() ? "" : "-" + (before.size() + 1));
        Optional<RunPoint> point = runs.run(
                name,
                "run " + (runs.made() + 1) + ", " + (looks ? "a look at " : "") + plain(run.perSecond())
                        + " requests/s, " + Figures.count(run.requests()) + " requests",
                load(run));
        if (point.isEmpty()) {
            return false;
        }
        Proportion good = point.get().good();
        if (good == null) {
            runs.failed(
                    ExitCode.NOTHING_MEASURED,
                    "run.json in '" + point.get().folder()
                            + "', which does not tell how many requests were good; give a lower --probe-requests or --osl");
            return false;
        }
        search.made(good, point.get().dependence());
        if (looks) {
            this.looks.put(run.perSecond(), point.get());
        } else {
            made.computeIfAbsent(run.perSecond(), _ -> new ArrayList<>()).add(point.get());
        }
        return true;
    }

    /// That of the runs which the result rests on, and of a search that found none.
    private static int exitCode(RateSearch search, Map<Double, List<RunPoint>> made, List<String> flags) {
        int exitCode = search.highestThatHeld().isEmpty() ? ExitCode.MISSED : ExitCode.GOOD;
        if (flags.contains("--lenient")) {
            return exitCode;
        }
        for (RateSearch.Probe probe : Stream.of(search.highestThatHeld(), search.lowestThatDidNot())
                .flatMap(Optional::stream)
                .toList()) {
            for (RunPoint run : made.getOrDefault(probe.perSecond(), List.of())) {
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
        long fewest = RateSearch.fewest(goodFraction, confidence);
        if (probeRequests != null && probeRequests < fewest) {
            throw CommandFailure.usage("--probe-requests " + probeRequests + " can never show with "
                    + Figures.share(confidence) + " confidence that " + Figures.share(goodFraction)
                    + " are good; give at least " + fewest);
        }
    }

    private static void share(String option, double value) {
        if (!(value > 0 && value < 1)) {
            throw CommandFailure.usage(option + " is a share between 0 and 1, was " + value);
        }
    }

    private List<String> load(RateSearch.Run run) {
        return List.of("--request-rate=" + plain(run.perSecond()), "--num-prompts=" + run.requests());
    }

    private void tell(Path folder, RateSearch search, Map<Double, List<RunPoint>> made, Objectives objectives)
            throws IOException {
        Optional<RateSearch.Probe> held = search.highestThatHeld();
        Optional<RateSearch.Probe> broke = search.lowestThatDidNot();
        ObjectNode json = JsonMapper.shared().createObjectNode();
        json.put("tool", "lens " + Lens.Version.number());
        json.put("goodFraction", goodFraction);
        json.put("confidence", confidence);
        objectives.limits().forEach(limit -> json.withArray("objectives").add(limit.text()));
        held.ifPresent(probe -> json.put("highestThatHeld", probe.perSecond()));
        broke.ifPresent(probe -> json.put("lowestThatDidNot", probe.perSecond()));
        var table = new SeriesTable("req/s");
        for (RateSearch.Probe probe : search.probes()) {
            ObjectNode tried = json.withArray("rates").addObject();
            tried.put("perSecond", probe.perSecond());
            tried.put("finding", probe.finding().name().toLowerCase(Locale.ROOT));
            tried.put("good", probe.good().good());
            tried.put("of", probe.good().of());
            tried.put("effectiveOf", Math.round(probe.effectiveOf() * 10) / 10.0);
            tried.put("shareAtLeast", probe.atLeast());
            tried.put("shareAtMost", probe.atMost());
            for (RunPoint run : made.getOrDefault(probe.perSecond(), List.of())) {
                table.add(plain(probe.perSecond()), run);
                SeriesOptions.add(tried.withArray("runs").addObject(), run);
            }
        }
        if (search.probes().isEmpty()) {
            looks.forEach((rate, run) -> {
                table.add("look " + plain(rate), run);
                SeriesOptions.add(json.withArray("looks").addObject().put("perSecond", rate), run);
            });
        }
        SeriesOptions.write(folder.resolve("search.json"), json);
        var out = console.out();
        out.println();
        out.print(table.text(-1));
        out.println();
        tell("Wanted    ", Figures.share(goodFraction) + " of the requests with " + objectives.text());
        if (search.probes().isEmpty()) {
            tell("Result    ", "none yet: a look only tells where to begin");
            out.println("Runs      " + folder);
            out.flush();
            return;
        }
        tell("Highest   ", held.map(SearchCommand::found).orElse("none of the rates held"));
        search.probes().stream()
                .filter(probe -> probe.finding() == RateSearch.Finding.UNDECIDED)
                .forEach(probe -> tell("          ", found(probe)));
        tell(
                "Lowest    ",
                broke.map(SearchCommand::found)
                        .orElse("no rate surely did not hold, up to " + plain(highestTried(search)) + " requests/s"));
        if (held.isPresent() && broke.isPresent()) {
            tell(
                    "Result    ",
                    "between " + plain(held.get().perSecond()) + " and "
                            + plain(broke.get().perSecond()) + " requests/s, with " + Figures.share(confidence)
                            + " confidence");
        }
        out.println("Runs      " + folder);
        out.flush();
    }

    private void tell(String lead, String words) {
        console.out().print(Paragraph.of(lead, words, Report.COLUMNS));
    }

    private static double highestTried(RateSearch search) {
        return search.probes().stream()
                .mapToDouble(RateSearch.Probe::perSecond)
                .max()
                .orElse(0);
    }

    private static String found(RateSearch.Probe probe) {
        String tells = Math.round(probe.effectiveOf()) == probe.good().of()
                ? ""
                : ", which tell as much as " + Figures.count(Math.max(1, Math.round(probe.effectiveOf())))
                        + " independent ones";
        return plain(probe.perSecond()) + " requests/s "
                + switch (probe.finding()) {
                    case HOLDS -> "held";
                    case DOES_NOT_HOLD -> "did not hold";
                    case UNDECIDED -> "stayed undecided";
                }
                + ": " + Figures.share(probe.good().share()) + " of "
                + Figures.count(probe.good().of()) + " were good" + tells + "; so surely "
                + switch (probe.finding()) {
                    case HOLDS -> "at least " + Figures.share(probe.atLeast());
                    case DOES_NOT_HOLD -> "at most " + Figures.share(probe.atMost());
                    case UNDECIDED -> Figures.share(probe.atLeast()) + " to " + Figures.share(probe.atMost());
                };
    }

    /// Four digits are enough of a rate that is known to a few percent.
    private static String plain(double perSecond) {
        return BigDecimal.valueOf(perSecond)
                .round(new MathContext(4))
                .stripTrailingZeros()
                .toPlainString();
    }
}
