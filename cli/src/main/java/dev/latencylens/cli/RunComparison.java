package dev.latencylens.cli;

import dev.latencylens.stats.Comparison;
import dev.latencylens.stats.Holm;
import dev.latencylens.stats.KolmogorovSmirnov;
import dev.latencylens.stats.MannWhitney;
import dev.latencylens.stats.Metric;
import dev.latencylens.stats.Percentile;
import dev.latencylens.stats.Steadiness;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// All that is told of one candidate against the baseline.
///
/// @param tests p-values that were corrected together
record RunComparison(
        ComparedSide baseline, ComparedSide candidate, Design design, int tests, List<Row> rows, List<Shape> shapes) {
    /// Fewer turns leave a paired test with too few degrees of freedom.
    private static final int LEAST_TURNS = 3;

    RunComparison {
        rows = List.copyOf(rows);
        shapes = List.copyOf(shapes);
    }

    /// How runs were laid out, which says what their differences may be compared with.
    enum Design {
        SINGLE("one run on each side: what varies from run to run is in no interval"),
        REPEATED("several runs on each side, not in turns: what drifted meanwhile is in the difference"),
        INTERLEAVED("several runs on each side, in turns: compared in pairs, so that drift is in both alike");

        private final String text;

        Design(String text) {
            this.text = text;
        }

        String text() {
            return text;
        }

        String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /// One percentile of one metric.
    ///
    /// @param comparison null where a side has fewer values than the percentile's floor
    /// @param pHolm the p-value after correction
    record Row(
            Metric metric,
            Percentile percentile,
            Optional<ComparedSide.Figure> a,
            Optional<ComparedSide.Figure> b,
            @Nullable Comparison comparison,
            double pHolm) {
        boolean differs(double alpha) {
            return comparison != null && pHolm <= alpha;
        }
    }

    /// One metric as a whole.
    ///
    /// @param ks null of several runs, whose values are not independent
    /// @param steadyA of the baseline, the run whose trend is the most certain; null where requests are too few
    record Shape(
            Metric metric,
            MannWhitney mannWhitney,
            double mannWhitneyHolm,
            @Nullable KolmogorovSmirnov ks,
            double ksHolm,
            @Nullable Steadiness steadyA,
            @Nullable Steadiness steadyB) {}

    static RunComparison of(
            ComparedSide a, ComparedSide b, List<Metric> metrics, List<Percentile> percentiles, double confidence) {
        Design design = design(a, b);
        List<Metric> seen = metrics.stream()
                .filter(metric -> a.fewest(metric) > 0 && b.fewest(metric) > 0)
                .toList();
        int tests = 0;
        for (Metric metric : seen) {
            tests += design == Design.SINGLE ? 2 : 1;
            tests += (int) percentiles.stream()
                    .filter(percentile -> Math.min(a.fewest(metric), b.fewest(metric)) >= percentile.floor())
                    .count();
        }
        double alpha = (1 - confidence) / Math.max(1, tests);
        var rows = new ArrayList<Row>();
        var shapes = new ArrayList<Shape>();
        for (Metric metric : seen) {
            for (Percentile percentile : percentiles) {
                Comparison comparison = compare(a, b, design, metric, percentile, confidence, alpha);
                rows.add(new Row(
                        metric,
                        percentile,
                        a.figure(metric, percentile, confidence),
                        b.figure(metric, percentile, confidence),
                        comparison,
                        Double.NaN));
            }
            shapes.add(shape(a, b, design, metric));
        }
        return corrected(a, b, design, tests, rows, shapes);
    }

    private static RunComparison corrected(
            ComparedSide a, ComparedSide b, Design design, int tests, List<Row> rows, List<Shape> shapes) {
        double[] pValues = Stream.of(
                        rows.stream().filter(row -> row.comparison != null).map(RunComparison::pValue),
                        shapes.stream().map(shape -> shape.mannWhitney.pValue()),
                        shapes.stream()
                                .flatMap(shape -> Stream.ofNullable(shape.ks))
                                .map(KolmogorovSmirnov::pValue))
                .flatMap(each -> each)
                .mapToDouble(Double::doubleValue)
                .toArray();
        double[] holm = Holm.adjusted(pValues);
        int at = 0;
        var correctedRows = new ArrayList<Row>();
        for (Row row : rows) {
            double p = row.comparison == null ? Double.NaN : holm[at++];
            correctedRows.add(new Row(row.metric, row.percentile, row.a, row.b, row.comparison, p));
        }
        int ksAt = at + shapes.size();
        var correctedShapes = new ArrayList<Shape>();
        for (Shape shape : shapes) {
            correctedShapes.add(new Shape(
                    shape.metric,
                    shape.mannWhitney,
                    holm[at++],
                    shape.ks,
                    shape.ks == null ? Double.NaN : holm[ksAt++],
                    shape.steadyA,
                    shape.steadyB));
        }
        return new RunComparison(a, b, design, tests, correctedRows, correctedShapes);
    }

    private static double pValue(Row row) {
        return row.comparison == null ? 1 : row.comparison.pValue();
    }

    static @Nullable Comparison compare(
            ComparedSide a,
            ComparedSide b,
            Design design,
            Metric metric,
            Percentile percentile,
            double confidence,
            double alpha) {
        if (design == Design.SINGLE) {
            var ofA = a.runs().getFirst().sample(metric).estimate(percentile);
            var ofB = b.runs().getFirst().sample(metric).estimate(percentile);
            return ofA.isEmpty() || ofB.isEmpty() ? null : Comparison.of(ofA.get(), ofB.get(), confidence, alpha);
        }
        var ofA = inOrder(a).values(metric, percentile);
        var ofB = inOrder(b).values(metric, percentile);
        return ofA.isEmpty() || ofB.isEmpty()
                ? null
                : Comparison.ofRuns(ofA.get(), ofB.get(), design == Design.INTERLEAVED, confidence, alpha);
    }

    private static Shape shape(ComparedSide a, ComparedSide b, Design design, Metric metric) {
        boolean single = design == Design.SINGLE;
        MannWhitney mannWhitney = single
                ? MannWhitney.of(a.samples(metric).getFirst(), b.samples(metric).getFirst())
                : MannWhitney.ofRuns(
                        inOrder(a).samples(metric), inOrder(b).samples(metric), design == Design.INTERLEAVED);
        KolmogorovSmirnov ks = single
                ? KolmogorovSmirnov.of(
                        a.samples(metric).getFirst(), b.samples(metric).getFirst())
                : null;
        return new Shape(metric, mannWhitney, Double.NaN, ks, Double.NaN, steadiness(a, metric), steadiness(b, metric));
    }

    private static @Nullable Steadiness steadiness(ComparedSide side, Metric metric) {
        return side.samples(metric).stream()
                .filter(sample -> sample.units() >= Steadiness.LEAST_UNITS)
                .map(Steadiness::of)
                .min(Comparator.comparingDouble(Steadiness::trendPValue))
                .orElse(null);
    }

    private static ComparedSide inOrder(ComparedSide side) {
        return new ComparedSide(
                side.name(),
                side.runs().stream()
                        .sorted(Comparator.comparing(RunSamples::startedAt))
                        .toList());
    }

    /// Turns are told by when the runs started: the first of each side before the second of any, and so on.
    static Design design(ComparedSide a, ComparedSide b) {
        if (!a.isRepeated() && !b.isRepeated()) {
            return Design.SINGLE;
        }
        List<Instant> ofA =
                inOrder(a).runs().stream().map(RunSamples::startedAt).toList();
        List<Instant> ofB =
                inOrder(b).runs().stream().map(RunSamples::startedAt).toList();
        boolean turns = ofA.size() == ofB.size() && ofA.size() >= LEAST_TURNS;
        for (int i = 1; turns && i < ofA.size(); i++) {
            turns = ofA.get(i).isAfter(ofB.get(i - 1)) && ofB.get(i).isAfter(ofA.get(i - 1));
        }
        return turns ? Design.INTERLEAVED : Design.REPEATED;
    }

    /// Everything that differs, for one line.
    List<Row> differing(double alpha) {
        return rows.stream().filter(row -> row.differs(alpha)).toList();
    }
}
