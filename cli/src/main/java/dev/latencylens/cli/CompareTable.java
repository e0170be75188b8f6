package dev.latencylens.cli;

import dev.latencylens.stats.Comparison;
import dev.latencylens.stats.Interval;
import dev.latencylens.stats.Steadiness;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// A comparison for a terminal of 100 columns.
final class CompareTable {
    static final int COLUMNS = Report.COLUMNS;
    /// Longer names of metrics have a line of their own.
    private static final int NAME = 10;

    private static final int LONG_NAME = 18;
    /// From here on nobody will measure so many.
    private static final long MANY = 100_000;

    private static final String LEFT = "          ";

    private final StringBuilder text = new StringBuilder(8_192);
    private final CompareReport report;

    private CompareTable(CompareReport report) {
        this.report = report;
    }

    static String of(CompareReport report) {
        var table = new CompareTable(report);
        table.sides();
        for (RunComparison comparison : report.comparisons()) {
            table.percentiles(comparison);
            table.shapes(comparison);
        }
        table.gates();
        table.doubts();
        table.legend();
        return table.text.toString();
    }

    private void sides() {
        String lead = "Compared  ";
        for (ComparedSide side : report.sides()) {
            for (RunSamples run : side.runs()) {
                wrapped(lead, side.name() + "  " + described(run));
                lead = LEFT;
            }
        }
        lead = "Differs   ";
        for (String difference : report.differences()) {
            wrapped(lead, difference);
            lead = LEFT;
        }
        lead = "Result    ";
        for (RunComparison comparison : report.comparisons()) {
            wrapped(lead, report.result(comparison));
            wrapped(LEFT, comparison.design().text());
            lead = LEFT;
        }
        line("");
    }

    /// What a run was, in one clause.
    static String described(RunSamples run) {
        return run.folder() + ": " + run.text("/plan/model") + " at " + run.text("/plan/url") + ", "
                + Figures.count(run.answered()) + " of " + Figures.count(run.measured()) + " answered, "
                + Figures.rate(run.tokensPerAnswer()) + " tokens each, " + run.verdict();
    }

    private void percentiles(RunComparison comparison) {
        String a = comparison.baseline().name();
        String b = comparison.candidate().name();
        String confidence = Figures.share(report.confidence());
        line(String.format(
                Locale.ROOT,
                "%-" + (NAME + 6) + "s%9s%9s %-16s%9s %-15s%8s%8s%8s",
                "ms, " + Printable.cut(b + " - " + a, 12),
                Printable.cut(a, 8),
                Printable.cut(b, 8),
                "differ, " + confidence,
                "change %",
                confidence,
                "p Holm",
                "finds %",
                "for 5 %"));
        String before = "";
        for (RunComparison.Row row : comparison.rows()) {
            String name = row.metric().label();
            boolean isNew = !name.equals(before);
            if (isNew && name.length() >= NAME) {
                line(name);
            }
            percentile(row, isNew && name.length() < NAME ? name : "");
            before = name;
        }
        line("");
    }

    private void percentile(RunComparison.Row row, String name) {
        Comparison comparison = row.comparison();
        String lead = String.format(
                Locale.ROOT,
                "%-" + NAME + "s%-6s%9s%9s",
                name,
                row.percentile().label(),
                value(row, row.a().orElse(null)),
                value(row, row.b().orElse(null)));
        if (comparison == null) {
            line(lead);
            return;
        }
        boolean ratio = !Double.isNaN(comparison.ratio());
        line(lead
                + String.format(
                        Locale.ROOT,
                        " %-16s%9s %-15s%8s%8s%8s",
                        Figures.millis(comparison.difference()),
                        ratio ? unit(Figures.percent(comparison.ratio() - 1)) : "-",
                        ratio ? unit(Figures.percent(less1(comparison.ratioInterval()))) : "-",
                        probability(row.pHolm()) + (row.differs(report.alpha()) ? "*" : " "),
                        unit(detectable(comparison)),
                        more(comparison)));
    }

    /// Without the unit, which stands in the head.
    private static String unit(String percent) {
        return percent.replace(" %", "");
    }

    static Interval less1(Interval ratio) {
        return new Interval(ratio.low() - 1, ratio.high() - 1);
    }

    static String value(RunComparison.Row row, ComparedSide.@Nullable Figure figure) {
        return figure == null ? "n/a " + row.percentile().floor() : Figures.millis(figure.value());
    }

    static String detectable(Comparison comparison) {
        double share = comparison.detectable();
        return !Double.isFinite(share)
                ? "-"
                : share >= 10 ? ">999 %" : String.format(Locale.ROOT, "%.1f %%", 100 * share);
    }

    /// How many more requests or runs on each side would show a change of 5 %.
    static String more(Comparison comparison) {
        long more = comparison.more(CompareReport.CHANGE);
        if (more == 0 || more == Long.MAX_VALUE) {
            return more == 0 ? "enough" : "-";
        }
        return (more >= MANY ? ">99999" : "+" + more) + (comparison.ofRuns() ? "r" : "");
    }

    private void shapes(RunComparison comparison) {
        String a = Printable.cut(comparison.baseline().name(), 5);
        String b = Printable.cut(comparison.candidate().name(), 5);
        line(String.format(
                Locale.ROOT,
                "%-" + LONG_NAME + "s%17s%13s%7s%8s%18s%19s",
                "p after Holm",
                "P(" + b + " > " + a + ")",
                "Mann-Whitney",
                "KS D",
                "KS",
                "trend " + a + ", " + b,
                "indep. " + a + ", " + b));
        for (RunComparison.Shape shape : comparison.shapes()) {
            var ks = shape.ks();
            line(String.format(
                    Locale.ROOT,
                    "%-" + LONG_NAME + "s%17.3f%13s%7s%8s%18s%19s",
                    shape.metric().label(),
                    shape.mannWhitney().superiority(),
                    starred(shape.mannWhitneyHolm()),
                    ks == null ? "-" : String.format(Locale.ROOT, "%.3f", ks.distance()),
                    ks == null ? "-" : starred(shape.ksHolm()),
                    trend(shape.steadyA()) + ", " + trend(shape.steadyB()),
                    independence(shape.steadyA()) + ", " + independence(shape.steadyB())));
        }
        line("");
    }

    private String starred(double p) {
        return probability(p) + (p <= report.alpha() ? "*" : " ");
    }

    private static String trend(@Nullable Steadiness steadiness) {
        return steadiness == null ? "-" : probability(steadiness.trendPValue());
    }

    private static String independence(@Nullable Steadiness steadiness) {
        return steadiness == null ? "-" : probability(steadiness.independencePValue());
    }

    /// Three digits, of what is so small that nobody asks for them the bound.
    static String probability(double p) {
        return Double.isNaN(p) ? "-" : p < 0.001 ? "<0.001" : String.format(Locale.ROOT, "%.3f", p);
    }

    private void gates() {
        if (report.gates().isEmpty()) {
            return;
        }
        String lead = "Gates     ";
        for (Gate.Outcome outcome : report.gates()) {
            wrapped(
                    lead,
                    outcome.state() + "  " + outcome.side() + ": "
                            + outcome.gate().text() + "; " + outcome.text());
            lead = LEFT;
        }
        line("");
    }

    private void doubts() {
        if (report.doubts().isEmpty()) {
            return;
        }
        line("Caveats");
        report.doubts().forEach(doubt -> wrapped("  - ", doubt.text()));
        line("");
    }

    private void legend() {
        for (String each : legend(report)) {
            wrapped("", each);
        }
    }

    /// What the columns mean; docs/statistics.md has the formulas.
    static List<String> legend(CompareReport report) {
        return List.of(
                "* differs, at " + Figures.share(report.alpha())
                        + " for all tests together. n/a N: the"
                        + " percentile needs N values. An end '-' of an interval: too few values beyond it.",
                "differ, change: intervals of the difference and the ratio. finds: the smallest change that four comparisons of five would find. for 5 %: how many more requests (r:"
                        + " runs) on each side would find one of 5 %.",
                "trend, indep.: p-values, not corrected, of there being no trend during a run and no memory from one request"
                        + " to the next.");
    }

    private void line(String line) {
        text.append(line.stripTrailing()).append('\n');
    }

    private void wrapped(String lead, String words) {
        text.append(Paragraph.of(lead, words, COLUMNS));
    }
}
