package dev.latencylens.cli;

import dev.latencylens.stats.Comparison;
import dev.latencylens.stats.Interval;
import dev.latencylens.stats.Metric;
import dev.latencylens.stats.Percentile;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What a percentile must meet: `ttft.p99<=350ms`, or `ttft.p99 regression<=5%` against the baseline.
///
/// It is passed where the whole interval meets it, missed where none of it does, and else inconclusive: a limit
/// that lies within what is not known would pass or fail by chance.
///
/// @param text as it was given
/// @param regression whether the limit is a share of the baseline, else nanoseconds
record Gate(String text, Metric metric, Percentile percentile, boolean regression, double limit) {
    private static final Pattern FORM =
            Pattern.compile("\\s*(\\w+)\\.(p[\\d.]+)(\\s+regression)?\\s*<=?\\s*(\\d+(?:\\.\\d+)?)\\s*(us|ms|s|%)\\s*");
    private static final int PER_CENT = 100;

    /// What came of it.
    enum State {
        PASSED,
        MISSED,
        INCONCLUSIVE
    }

    /// @param value of the candidate: nanoseconds, or the change as a share
    record Outcome(Gate gate, String side, State state, double value, Interval interval, String text) {}

    static Gate parse(String text) {
        Matcher matcher = FORM.matcher(text);
        if (!matcher.matches()) {
            throw bad(text);
        }
        boolean regression = matcher.group(3) != null;
        String unit = matcher.group(5);
        if (regression != unit.equals("%")) {
            throw bad(text);
        }
        double number = Double.parseDouble(matcher.group(4));
        double limit = switch (unit) {
            case "%" -> number / PER_CENT;
            case "us" -> number * 1e3;
            case "ms" -> number * 1e6;
            default -> number * 1e9;
        };
        try {
            return new Gate(
                    text.strip(), Metric.of(matcher.group(1)), Percentile.parse(matcher.group(2)), regression, limit);
        } catch (IllegalArgumentException e) {
            throw CommandFailure.usage("bad --gate '" + text + "': " + e.getMessage(), e);
        }
    }

    private static CommandFailure bad(String text) {
        return CommandFailure.usage(
                "bad --gate '" + text + "'; give for example 'ttft.p99<=350ms' or 'ttft.p99 regression<=5%'");
    }

    Outcome judge(ComparedSide baseline, ComparedSide candidate, double confidence) {
        long have = Math.min(candidate.fewest(metric), regression ? baseline.fewest(metric) : Long.MAX_VALUE);
        if (have < percentile.floor()) {
            return new Outcome(
                    this,
                    candidate.name(),
                    State.INCONCLUSIVE,
                    Double.NaN,
                    new Interval(Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY),
                    percentile.label() + " needs " + Figures.count(percentile.floor()) + " values of " + metric.label()
                            + ", there are " + Figures.count(have));
        }
        return regression ? change(baseline, candidate, confidence) : value(candidate, confidence);
    }

    private Outcome value(ComparedSide candidate, double confidence) {
        ComparedSide.Figure figure =
                candidate.figure(metric, percentile, confidence).orElseThrow();
        String seen = Figures.millis(figure.value()) + " ms " + Figures.millis(figure.interval());
        return outcome(candidate, figure.value(), figure.interval(), seen);
    }

    private Outcome change(ComparedSide baseline, ComparedSide candidate, double confidence) {
        RunComparison.Design design = RunComparison.design(baseline, candidate);
        Comparison comparison =
                RunComparison.compare(baseline, candidate, design, metric, percentile, confidence, 1 - confidence);
        if (comparison == null || Double.isNaN(comparison.ratio())) {
            return outcome(
                    candidate,
                    Double.NaN,
                    new Interval(Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY),
                    "no ratio, for a value may not be positive");
        }
        Interval change = new Interval(
                comparison.ratioInterval().low() - 1, comparison.ratioInterval().high() - 1);
        double seen = comparison.ratio() - 1;
        return outcome(candidate, seen, change, Figures.percent(seen) + " " + Figures.percent(change));
    }

    private Outcome outcome(ComparedSide candidate, double value, Interval interval, String seen) {
        State state =
                interval.high() <= limit ? State.PASSED : interval.low() > limit ? State.MISSED : State.INCONCLUSIVE;
        String why = switch (state) {
            case PASSED -> "";
            case MISSED -> ", all of it above the limit";
            case INCONCLUSIVE -> ", and the limit is within: more requests or runs tell";
        };
        return new Outcome(this, candidate.name(), state, value, interval, seen + why);
    }

    static String label(State state) {
        return state.name().toLowerCase(Locale.ROOT);
    }
}
