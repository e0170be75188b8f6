package dev.latencylens.cli;

import dev.latencylens.stats.Comparison;
import java.util.List;
import java.util.Locale;

/// A comparison for a pull request or a wiki.
final class CompareMarkdown {
    private final StringBuilder text = new StringBuilder(8_192);
    private final CompareReport report;

    private CompareMarkdown(CompareReport report) {
        this.report = report;
    }

    static String of(CompareReport report) {
        var markdown = new CompareMarkdown(report);
        for (ComparedSide side : report.sides()) {
            side.runs()
                    .forEach(run -> markdown.line(
                            "- **" + escaped(side.name()) + "** " + escaped(CompareTable.described(run))));
        }
        report.differences().forEach(difference -> markdown.line("- Differs: " + escaped(difference)));
        markdown.line("");
        for (RunComparison comparison : report.comparisons()) {
            markdown.comparison(comparison);
        }
        markdown.gates();
        markdown.list(
                "Caveats",
                report.doubts().stream().map(CompareReport.Doubt::text).toList());
        CompareTable.legend(report).forEach(each -> markdown.line(escaped(each) + "\n"));
        return markdown.text.toString();
    }

    private void comparison(RunComparison comparison) {
        String a = escaped(comparison.baseline().name());
        String b = escaped(comparison.candidate().name());
        line("**" + escaped(report.result(comparison)) + "** ("
                + escaped(comparison.design().text()) + ")\n");
        String interval = " | " + Figures.share(report.confidence()) + " | ";
        line("| ms | | " + a + interval + b + interval + b + " - " + a + interval + "change" + interval
                + "p (Holm) | finds | for 5 % |");
        line("|---|---|--:|---|--:|---|--:|---|--:|---|--:|--:|--:|");
        for (RunComparison.Row row : comparison.rows()) {
            row(row);
        }
        line("");
        line("| | P(" + b + " > " + a + ") | Mann-Whitney p (Holm) | KS D | KS p (Holm) |");
        line("|---|--:|--:|--:|--:|");
        for (RunComparison.Shape shape : comparison.shapes()) {
            var ks = shape.ks();
            line(String.format(
                    Locale.ROOT,
                    "| %s | %.3f | %s | %s | %s |",
                    shape.metric().label(),
                    shape.mannWhitney().superiority(),
                    CompareTable.probability(shape.mannWhitneyHolm()),
                    ks == null ? "-" : String.format(Locale.ROOT, "%.3f", ks.distance()),
                    ks == null ? "-" : CompareTable.probability(shape.ksHolm())));
        }
        line("");
    }

    private void row(RunComparison.Row row) {
        Comparison comparison = row.comparison();
        String lead = "| " + row.metric().label() + " | " + row.percentile().label() + " | "
                + CompareTable.value(row, row.a().orElse(null)) + " | "
                + row.a().map(figure -> Figures.millis(figure.interval())).orElse("") + " | "
                + CompareTable.value(row, row.b().orElse(null)) + " | "
                + row.b().map(figure -> Figures.millis(figure.interval())).orElse("") + " | ";
        if (comparison == null) {
            line(lead + "| | | | | | |");
            return;
        }
        boolean ratio = !Double.isNaN(comparison.ratio());
        line(lead + Figures.millis(comparison.b() - comparison.a()) + " | "
                + Figures.millis(comparison.difference()) + " | "
                + (ratio ? Figures.percent(comparison.ratio() - 1) : "-") + " | "
                + (ratio ? Figures.percent(CompareTable.less1(comparison.ratioInterval())) : "-") + " | "
                + CompareTable.probability(row.pHolm()) + (row.differs(report.alpha()) ? " \\*" : "") + " | "
                + CompareTable.detectable(comparison) + " | " + CompareTable.more(comparison) + " |");
    }

    private void gates() {
        if (report.gates().isEmpty()) {
            return;
        }
        line("| gate | side | | seen |");
        line("|---|---|---|---|");
        for (Gate.Outcome outcome : report.gates()) {
            line("| `" + outcome.gate().text() + "` | " + escaped(outcome.side()) + " | " + outcome.state() + " | "
                    + escaped(outcome.text()) + " |");
        }
        line("");
    }

    private void list(String title, List<String> items) {
        if (!items.isEmpty()) {
            line("**" + title + "**\n");
            items.forEach(item -> line("- " + escaped(item)));
            line("");
        }
    }

    /// Names come from files: none of them is to make a table or a link.
    private static String escaped(String text) {
        return text.replaceAll("([\\\\`*_|<>\\[\\]#])", "\\\\$1");
    }

    private void line(String line) {
        text.append(line).append('\n');
    }
}
