package dev.latencylens.cli;

import dev.latencylens.stats.Steadiness;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Everything that `lens compare` tells, whatever form it is written in.
///
/// @param differences what is not the same on all sides and may be so
record CompareReport(
        List<ComparedSide> sides,
        List<RunComparison> comparisons,
        List<Gate.Outcome> gates,
        List<String> differences,
        List<Doubt> doubts,
        double confidence) {
    /// The change that more requests are told for.
    static final double CHANGE = 0.05;

    /// A trend is told where chance would make one this seldom.
    private static final double TREND = 0.01;

    CompareReport {
        sides = List.copyOf(sides);
        comparisons = List.copyOf(comparisons);
        gates = List.copyOf(gates);
        differences = List.copyOf(differences);
        doubts = List.copyOf(doubts);
    }

    /// A caveat about a comparison.
    record Doubt(String code, String text) {}

    double alpha() {
        return 1 - confidence;
    }

    /// What the runs themselves make one doubt, apart from what was forced.
    static List<Doubt> doubts(List<ComparedSide> sides, List<RunComparison> comparisons) {
        var doubts = new ArrayList<Doubt>();
        for (ComparedSide side : sides) {
            for (RunSamples run : side.runs()) {
                ofRun(side, run, doubts);
            }
        }
        for (RunComparison comparison : comparisons) {
            if (comparison.design() == RunComparison.Design.SINGLE) {
                doubts.add(new Doubt(
                        "single_runs",
                        "one run on each side: the next run may differ by more than the intervals; repeat both in turns"
                                + " (lens compare " + comparison.baseline().name() + "1,..., "
                                + comparison.candidate().name() + "1,...)"));
                break;
            }
        }
        RunComparison first = comparisons.getFirst();
        first.shapes().forEach(shape -> trend(first.baseline(), shape, shape.steadyA(), doubts));
        comparisons.forEach(comparison ->
                comparison.shapes().forEach(shape -> trend(comparison.candidate(), shape, shape.steadyB(), doubts)));
        return doubts;
    }

    private static void ofRun(ComparedSide side, RunSamples run, List<Doubt> doubts) {
        if (run.verdict().equals("INCONCLUSIVE")) {
            doubts.add(new Doubt(
                    "input_inconclusive", "'" + run.folder() + "' is INCONCLUSIVE: " + Comparability.reasons(run)));
        }
        if (run.measured() > run.answered()) {
            doubts.add(new Doubt(
                    "failures",
                    side.name() + ": " + Figures.count(run.measured() - run.answered()) + " of "
                            + Figures.count(run.measured()) + " requests in '" + run.folder()
                            + "' were not answered, and are in no latency"));
        }
        if (run.unreadLines() > 0) {
            doubts.add(new Doubt(
                    "unread_lines",
                    Figures.count(run.unreadLines(), "line") + " of '" + run.folder() + "/exchanges.jsonl' could not"
                            + " be read, and left out"));
        }
    }

    private static void trend(
            ComparedSide side, RunComparison.Shape shape, @Nullable Steadiness steadiness, List<Doubt> doubts) {
        if (steadiness != null && steadiness.trendPValue() <= TREND) {
            doubts.add(new Doubt(
                    "trend",
                    String.format(
                            Locale.ROOT,
                            "%s of %s %s during the run (Kendall's tau %+.2f, p %s): its percentiles mix its beginning and"
                                    + " its end",
                            shape.metric().label(),
                            side.name(),
                            steadiness.tau() > 0 ? "rose" : "fell",
                            steadiness.tau(),
                            CompareTable.probability(steadiness.trendPValue()))));
        }
    }

    /// One sentence on each candidate.
    String result(RunComparison comparison) {
        String names =
                comparison.candidate().name() + " and " + comparison.baseline().name();
        long shapes = comparison.shapes().stream()
                .filter(shape -> shape.mannWhitneyHolm() <= alpha() || shape.ksHolm() <= alpha())
                .count();
        List<RunComparison.Row> differing = comparison.differing(alpha());
        String level = " at " + Figures.share(alpha()) + " for all " + comparison.tests() + " tests together";
        if (differing.isEmpty()) {
            return shapes > 0
                    ? names + " differ in the shape of " + shapes + " metrics, in no percentile" + level
                    : "no difference between " + names + " is shown" + level
                            + "; 'finds' tells which would have been in four comparisons of five";
        }
        var parts = new ArrayList<String>();
        for (RunComparison.Row row : differing) {
            parts.add(row.metric().label() + " " + row.percentile().label() + " " + change(row));
        }
        return names + " differ" + level + ": " + String.join(", ", parts);
    }

    private static String change(RunComparison.Row row) {
        var comparison = Objects.requireNonNull(row.comparison());
        return Double.isNaN(comparison.ratio())
                ? Figures.millis(comparison.b() - comparison.a()) + " ms"
                : Figures.percent(comparison.ratio() - 1);
    }
}
