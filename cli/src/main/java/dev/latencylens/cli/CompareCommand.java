package dev.latencylens.cli;

import dev.latencylens.stats.Metric;
import dev.latencylens.stats.Percentile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.TypeConversionException;

/// `lens compare`: whether runs differ, by how much, how sure that is, and whether gates are met.
@Command(
        name = "compare",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Compares runs with the first: percentile differences with intervals, tests, gates.",
            "Exits with 1 where a gate is missed, 2 where runs are not comparable, 3 where one is INVALID, 4 where a"
                    + " gate cannot be decided, 5 where no request of a run was answered."
        })
final class CompareCommand implements Callable<Integer> {
    private static final List<Metric> USUAL_METRICS = List.of(Metric.TTFT, Metric.TPOT, Metric.ICL, Metric.E2E);
    /// Beside those counted from the start, where a schedule says when each was due.
    private static final List<Metric> OF_SCHEDULE = List.of(Metric.TTFT_FROM_INTENDED, Metric.E2E_FROM_INTENDED);

    private static final List<Percentile> USUAL_PERCENTILES = List.of(Percentile.P50, Percentile.P90, Percentile.P99);
    private static final Pattern CONFIDENCE = Pattern.compile("(\\d{1,2}(?:\\.\\d{1,4})?) ?%?|0?(\\.\\d{1,6})");

    private final Console console;

    @Parameters(
            arity = "0..*",
            paramLabel = "RUN",
            description = "folders of runs: the baseline first; A1,A2,A3 are several runs of one side")
    private List<String> runs = List.of();

    @Option(
            names = "--by",
            paramLabel = "LABEL",
            description =
                    "sides are the runs of one value each of this label (lens run --label); the first is the baseline")
    private @Nullable String by;

    @Option(
            names = "--percentile-metrics",
            paramLabel = "NAMES",
            split = ",",
            description = "metrics to compare (default ttft,tpot,icl,e2e, and *_from_intended of open loops)")
    private List<String> metrics = List.of();

    @Option(
            names = "--metric-percentiles",
            paramLabel = "P",
            split = ",",
            description = "percentiles to compare (default 50,90,99)")
    private List<String> percentiles = List.of();

    @Option(
            names = "--confidence-level",
            paramLabel = "PERCENT",
            description = "of intervals; tests are at the rest of it (default 95)")
    private String confidence = "95";

    @Option(
            names = "--gate",
            paramLabel = "CONDITION",
            description = "'ttft.p99<=350ms', or 'ttft.p99 regression<=5%%' against the baseline; as often as needed")
    private List<String> gates = new ArrayList<>();

    @Option(
            names = "--format",
            paramLabel = "FORM",
            converter = FormatConverter.class,
            description = "table, markdown or json (default table, of 100 columns); vllm-json and aiperf-json write one"
                    + " run with the names and definitions of those tools")
    private Format format = Format.TABLE;

    @Option(
            names = "--as",
            paramLabel = "TOOL",
            converter = ToolConverter.class,
            description =
                    "tell each run's figures by the definitions of vllm, aiperf, guidellm, inference-perf or mlperf,"
                            + " beside lens's own; one run is enough")
    private @Nullable ForeignTool as;

    @Option(
            names = "--steady",
            description = "leave out what each run's requests did before its steady state, and tell how many they are")
    private boolean steadyOnly;

    @Option(names = "--lenient", description = "compare runs that are INVALID or did not end, with a caveat")
    private boolean lenient;

    @Option(
            names = "--force",
            description = "compare runs of other prompts, load, stamps or answer lengths, with a caveat")
    private boolean force;

    CompareCommand(Console console) {
        this.console = console;
    }

    enum Format {
        TABLE,
        MARKDOWN,
        JSON,
        VLLM_JSON,
        AIPERF_JSON;

        String label() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    /// Reads the label of a form.
    static final class FormatConverter implements ITypeConverter<Format> {
        @Override
        public Format convert(String text) {
            return Arrays.stream(Format.values())
                    .filter(format -> format.label().equals(text.strip().toLowerCase(Locale.ROOT)))
                    .findFirst()
                    .orElseThrow(() -> new TypeConversionException(
                            "'" + text + "' is none of table, markdown, json, vllm-json and aiperf-json"));
        }
    }

    /// Reads the label of a tool.
    static final class ToolConverter implements ITypeConverter<ForeignTool> {
        @Override
        public ForeignTool convert(String text) {
            return Arrays.stream(ForeignTool.values())
                    .filter(tool -> tool.label().equals(text.strip().toLowerCase(Locale.ROOT)))
                    .findFirst()
                    .orElseThrow(() -> new TypeConversionException(
                            "'" + text + "' is none of vllm, aiperf, guidellm, inference-perf and mlperf"));
        }
    }

    @Override
    public Integer call() {
        try {
            return compare();
        } catch (IllegalArgumentException wrong) {
            throw CommandFailure.usage(String.valueOf(wrong.getMessage()), wrong);
        }
    }

    private int compare() {
        if (as != null || format == Format.VLLM_JSON || format == Format.AIPERF_JSON) {
            return restate();
        }
        double level = confidence(confidence);
        List<Gate> conditions = gates.stream().map(Gate::parse).toList();
        List<Percentile> ranks = percentiles.isEmpty()
                ? USUAL_PERCENTILES
                : percentiles.stream().map(Percentile::parse).distinct().toList();
        List<List<Path>> folders = folders();
        List<Metric> shown = metrics(folders);
        var read = new LinkedHashSet<>(shown);
        conditions.forEach(gate -> read.add(gate.metric()));
        var doubts = new ArrayList<CompareReport.Doubt>();
        List<ComparedSide> sides = sides(folders, List.copyOf(read), doubts);
        refuse(sides, doubts);
        Comparability comparability = Comparability.of(sides);
        if (!comparability.refusals().isEmpty() && !force) {
            throw CommandFailure.usage("not comparable: " + String.join("; ", comparability.refusals())
                    + "; --force compares all the same");
        }
        comparability.refusals().forEach(text -> doubts.add(new CompareReport.Doubt("not_comparable", text)));
        ComparedSide baseline = sides.getFirst();
        var comparisons = new ArrayList<RunComparison>();
        var outcomes = new ArrayList<Gate.Outcome>();
        for (ComparedSide candidate : sides.subList(1, sides.size())) {
            refuseOneAgainstSeveral(baseline, candidate);
            comparisons.add(RunComparison.of(baseline, candidate, shown, ranks, level));
            conditions.forEach(gate -> outcomes.add(gate.judge(baseline, candidate, level)));
        }
        doubts.addAll(CompareReport.doubts(sides, comparisons));
        var report = new CompareReport(sides, comparisons, outcomes, comparability.notes(), doubts, level);
        console.out()
                .print(
                        switch (format) {
                            case TABLE -> CompareTable.of(report);
                            case MARKDOWN -> CompareMarkdown.of(report);
                            default -> CompareJson.of(report);
                        });
        console.out().flush();
        return exitCode(outcomes);
    }

    /// Nothing is compared, so nothing is refused.
    private int restate() {
        List<Path> folders = runs.stream()
                .flatMap(side -> Arrays.stream(side.split(",", -1)))
                .filter(run -> !run.isBlank())
                .map(CompareCommand::folder)
                .toList();
        boolean one = format != Format.TABLE;
        if (folders.isEmpty() || (one && folders.size() > 1)) {
            throw CommandFailure.usage(
                    (one ? "--format " + format.label() + " writes" : "--as tells") + " the figures of "
                            + (one ? "one run" : "runs") + ", there "
                            + (folders.isEmpty() ? "was none" : "were " + folders.size())
                            + "; give " + (one ? "its folder" : "their folders"));
        }
        if (!gates.isEmpty() || steadyOnly || format == Format.MARKDOWN || format == Format.JSON) {
            throw CommandFailure.usage(
                    "--as prints a table and compares nothing; leave out --gate, --steady and --format");
        }
        for (Path folder : folders) {
            console.out()
                    .print(
                            switch (format) {
                                case VLLM_JSON ->
                                    Restatement.of(ForeignTool.VLLM, folder).vllmJson();
                                case AIPERF_JSON ->
                                    Restatement.of(ForeignTool.AIPERF, folder).aiperfJson();
                                default ->
                                    Restatement.of(as == null ? ForeignTool.VLLM : as, folder)
                                                    .table() + "\n";
                            });
        }
        console.out().flush();
        return ExitCode.GOOD;
    }

    /// Of one run nobody knows what varies from run to run, so several have nothing to be tested against.
    private static void refuseOneAgainstSeveral(ComparedSide a, ComparedSide b) {
        if (a.isRepeated() == b.isRepeated()) {
            return;
        }
        ComparedSide one = a.isRepeated() ? b : a;
        ComparedSide several = a.isRepeated() ? a : b;
        throw CommandFailure.usage("side " + one.name() + " has one run and side " + several.name() + " "
                + several.runs().size() + ", so what varies from run to run is not known of " + one.name()
                + "; give several runs on both sides, or one on both");
    }

    /// A run that is not to be believed is not compared, unless the user says so.
    private void refuse(List<ComparedSide> sides, List<CompareReport.Doubt> doubts) {
        var unbelievable = new ArrayList<>(Comparability.unbelievable(sides));
        if (!steadyOnly) {
            unbelievable.addAll(Comparability.incomplete(sides));
        }
        if (!unbelievable.isEmpty() && !lenient) {
            throw CommandFailure.invalid(String.join("; ", unbelievable) + "; --lenient compares all the same");
        }
        unbelievable.forEach(text -> doubts.add(new CompareReport.Doubt("input_invalid", text)));
        for (ComparedSide side : sides) {
            for (RunSamples run : side.runs()) {
                if (run.answered() == 0) {
                    throw CommandFailure.nothingMeasured(
                            "no request of '" + run.folder() + "' was answered; there is nothing to compare");
                }
            }
        }
    }

    private List<List<Path>> folders() {
        List<List<Path>> folders = runs.stream()
                .map(side -> Arrays.stream(side.split(",", -1))
                        .filter(run -> !run.isBlank())
                        .map(CompareCommand::folder)
                        .toList())
                .filter(side -> !side.isEmpty())
                .toList();
        if (by == null && folders.size() < 2) {
            throw CommandFailure.usage("lens compare needs the folders of two runs at least, the baseline first; there"
                    + (folders.isEmpty() ? " was none" : " was one"));
        }
        return folders;
    }

    private static Path folder(String run) {
        Path folder = Path.of(run);
        if (!Files.isDirectory(folder)) {
            throw CommandFailure.usage(
                    "there is no folder '" + run + "'; give the folders of runs, which lens history lists");
        }
        return folder;
    }

    private List<Metric> metrics(List<List<Path>> folders) {
        if (!metrics.isEmpty()) {
            return metrics.stream().map(Metric::of).distinct().toList();
        }
        var usual = new ArrayList<>(USUAL_METRICS);
        boolean closed = folders.stream()
                .flatMap(List::stream)
                .map(folder ->
                        RunSamples.runFile(folder).at("/plan/load/arrivals").asString("closed-loop"))
                .allMatch("closed-loop"::equals);
        if (!closed) {
            usual.addAll(OF_SCHEDULE);
        }
        return usual;
    }

    private List<ComparedSide> sides(List<List<Path>> folders, List<Metric> read, List<CompareReport.Doubt> doubts) {
        var sides = new LinkedHashMap<String, List<RunSamples>>();
        var seen = new HashSet<Path>();
        for (int i = 0; i < folders.size(); i++) {
            for (Path folder : folders.get(i)) {
                if (!seen.add(folder.toAbsolutePath().normalize())) {
                    throw CommandFailure.usage(
                            "run '" + folder + "' is given twice; a run differs from itself in nothing");
                }
                RunSamples run = steadyOnly ? steady(folder, read, doubts) : RunSamples.read(folder, read);
                String name = by == null ? letter(i) : labelled(run, by);
                sides.computeIfAbsent(name, _ -> new ArrayList<>()).add(run);
            }
        }
        if (sides.size() < 2) {
            throw CommandFailure.usage("all runs have the same label " + by + "; give runs of two values at least");
        }
        return sides.entrySet().stream()
                .map(side -> new ComparedSide(side.getKey(), side.getValue()))
                .toList();
    }

    /// What is cut is told.
    private static RunSamples steady(Path folder, List<Metric> read, List<CompareReport.Doubt> doubts) {
        SteadyPart part = SteadyPart.of(folder);
        if (part == null || !part.steady().isReached()) {
            doubts.add(new CompareReport.Doubt(
                    "never_steady",
                    "'" + folder + "' has no steady state that lasted for half of it, so all of it is compared"));
            return RunSamples.read(folder, read);
        }
        if (part.steady().from() > 0) {
            doubts.add(new CompareReport.Doubt(
                    "cut_to_steady",
                    "of '" + folder + "' the first "
                            + Figures.count(part.steady().from()) + " of "
                            + Figures.count(part.steady().requests()) + " answered requests are left out, which came"
                            + " before its steady state"));
        }
        return RunSamples.read(folder, read, part.fromAtNs());
    }

    private static String letter(int index) {
        return index < 26 ? String.valueOf((char) ('A' + index)) : "run" + (index + 1);
    }

    private static String labelled(RunSamples run, String name) {
        String value = run.label(name);
        if (value.isEmpty()) {
            throw CommandFailure.usage("'" + run.folder() + "' has no label '" + name
                    + "'; give it at the run (--label " + name + "=VALUE), or compare by position");
        }
        return value;
    }

    private static int exitCode(List<Gate.Outcome> outcomes) {
        if (outcomes.stream().anyMatch(outcome -> outcome.state() == Gate.State.MISSED)) {
            return ExitCode.MISSED;
        }
        return outcomes.stream().anyMatch(outcome -> outcome.state() == Gate.State.INCONCLUSIVE)
                ? ExitCode.INCONCLUSIVE
                : ExitCode.GOOD;
    }

    /// Reads `95`, `99.9%` and `0.95`.
    static double confidence(String text) {
        var matcher = CONFIDENCE.matcher(text.strip());
        double level = !matcher.matches()
                ? 0
                : matcher.group(1) != null
                        ? Double.parseDouble(matcher.group(1)) / 100
                        : Double.parseDouble(matcher.group(2));
        if (!(level >= 0.5 && level < 1)) {
            throw CommandFailure.usage("--confidence-level must be at least 50 and below 100 percent, was '"
                    + text.toLowerCase(Locale.ROOT) + "'; give for example 95");
        }
        return level;
    }
}
