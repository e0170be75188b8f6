package dev.latencylens.cli;

import dev.latencylens.stats.Comparison;
import dev.latencylens.stats.Interval;
import dev.latencylens.stats.Steadiness;
import java.io.StringWriter;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/// A comparison for programs, documented in docs/schema/compare.schema.json. Times are nanoseconds; what is not
/// known, such as the end of an interval, is null.
final class CompareJson {
    private static final int FORMAT_VERSION = 1;

    private final JsonGenerator json;
    private final CompareReport report;

    private CompareJson(JsonGenerator json, CompareReport report) {
        this.json = json;
        this.report = report;
    }

    static String of(CompareReport report) {
        var text = new StringWriter();
        try (JsonGenerator json = new JsonFactory().createGenerator(ObjectWriteContext.empty(), text)) {
            new CompareJson(json, report).write();
        }
        return text.append('\n').toString();
    }

    private void write() {
        json.writeStartObject();
        json.writeNumberProperty("formatVersion", FORMAT_VERSION);
        json.writeNumberProperty("confidence", report.confidence());
        json.writeNumberProperty("power", Comparison.POWER);
        json.writeArrayPropertyStart("sides");
        report.sides().forEach(this::side);
        json.writeEndArray();
        json.writeArrayPropertyStart("differences");
        report.differences().forEach(json::writeString);
        json.writeEndArray();
        json.writeArrayPropertyStart("comparisons");
        report.comparisons().forEach(this::comparison);
        json.writeEndArray();
        json.writeArrayPropertyStart("gates");
        report.gates().forEach(this::gate);
        json.writeEndArray();
        json.writeArrayPropertyStart("caveats");
        for (CompareReport.Doubt doubt : report.doubts()) {
            json.writeStartObject();
            json.writeStringProperty("code", doubt.code());
            json.writeStringProperty("text", doubt.text());
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeEndObject();
    }

    private void side(ComparedSide side) {
        json.writeStartObject();
        json.writeStringProperty("name", side.name());
        json.writeArrayPropertyStart("runs");
        for (RunSamples run : side.runs()) {
            json.writeStartObject();
            json.writeStringProperty("folder", run.folder().toString());
            json.writeStringProperty("id", run.text("/id"));
            json.writeStringProperty("model", run.text("/plan/model"));
            json.writeStringProperty("url", run.text("/plan/url"));
            json.writeStringProperty("verdict", run.verdict());
            json.writeStringProperty("startedAt", run.startedAt().toString());
            json.writeNumberProperty("measured", run.measured());
            json.writeNumberProperty("answered", run.answered());
            json.writeNumberProperty("outputTokens", run.outputTokens());
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeEndObject();
    }

    private void comparison(RunComparison comparison) {
        json.writeStartObject();
        json.writeStringProperty("baseline", comparison.baseline().name());
        json.writeStringProperty("candidate", comparison.candidate().name());
        json.writeStringProperty("design", comparison.design().label());
        json.writeStringProperty("result", report.result(comparison));
        json.writeNumberProperty("tests", comparison.tests());
        json.writeArrayPropertyStart("percentiles");
        comparison.rows().forEach(this::row);
        json.writeEndArray();
        json.writeArrayPropertyStart("distributions");
        comparison.shapes().forEach(this::shape);
        json.writeEndArray();
        json.writeEndObject();
    }

    private void row(RunComparison.Row row) {
        json.writeStartObject();
        json.writeStringProperty("metric", row.metric().label());
        json.writeStringProperty("percentile", row.percentile().label());
        json.writeStringProperty("unit", row.metric().unit());
        figure("a", row.a());
        figure("b", row.b());
        Comparison comparison = row.comparison();
        if (comparison == null) {
            json.writeNumberProperty("needs", row.percentile().floor());
        } else {
            number("difference", comparison.b() - comparison.a());
            interval("differenceInterval", comparison.difference());
            number("ratio", comparison.ratio());
            interval("ratioInterval", comparison.ratioInterval());
            number("p", comparison.pValue());
            number("pHolm", row.pHolm());
            json.writeBooleanProperty("differs", row.differs(report.alpha()));
            number("minimumDetectableEffect", comparison.detectable());
            json.writeStringProperty("units", comparison.ofRuns() ? "runs" : "requests");
            long more = comparison.more(CompareReport.CHANGE);
            number("moreForFivePercent", more == Long.MAX_VALUE ? Double.NaN : (double) more);
        }
        json.writeEndObject();
    }

    private void figure(String name, Optional<ComparedSide.Figure> figure) {
        number(name, figure.map(ComparedSide.Figure::value).orElse(Double.NaN));
        interval(
                name + "Interval",
                figure.map(ComparedSide.Figure::interval)
                        .orElse(new Interval(Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY)));
    }

    private void shape(RunComparison.Shape shape) {
        json.writeStartObject();
        json.writeStringProperty("metric", shape.metric().label());
        json.writeNumberProperty("superiority", shape.mannWhitney().superiority());
        number("mannWhitneyP", shape.mannWhitney().pValue());
        number("mannWhitneyPHolm", shape.mannWhitneyHolm());
        var ks = shape.ks();
        if (ks != null) {
            json.writeNumberProperty("kolmogorovSmirnovD", ks.distance());
            number("kolmogorovSmirnovP", ks.pValue());
            number("kolmogorovSmirnovPHolm", shape.ksHolm());
        }
        steadiness("a", shape.steadyA());
        steadiness("b", shape.steadyB());
        json.writeEndObject();
    }

    private void steadiness(String name, @Nullable Steadiness steadiness) {
        if (steadiness != null) {
            json.writeObjectPropertyStart(name);
            json.writeNumberProperty("kendallTau", steadiness.tau());
            number("trendP", steadiness.trendPValue());
            number("independenceP", steadiness.independencePValue());
            json.writeEndObject();
        }
    }

    private void gate(Gate.Outcome outcome) {
        json.writeStartObject();
        json.writeStringProperty("gate", outcome.gate().text());
        json.writeStringProperty("side", outcome.side());
        json.writeStringProperty("state", Gate.label(outcome.state()));
        json.writeNumberProperty("limit", outcome.gate().limit());
        number("seen", outcome.value());
        interval("interval", outcome.interval());
        json.writeStringProperty("text", outcome.text());
        json.writeEndObject();
    }

    private void interval(String name, Interval interval) {
        json.writeArrayPropertyStart(name);
        end(interval.low());
        end(interval.high());
        json.writeEndArray();
    }

    private void end(double value) {
        if (Double.isFinite(value)) {
            json.writeNumber(value);
        } else {
            json.writeNull();
        }
    }

    private void number(String name, double value) {
        json.writeName(name);
        end(value);
    }
}
