package dev.latencylens.cli;

import dev.latencylens.load.ArrivalSchedule;
import dev.latencylens.load.Gaps;
import dev.latencylens.load.Load;
import dev.latencylens.load.RateCourse;
import java.time.Duration;
import java.util.Locale;
import tools.jackson.core.JsonGenerator;

/// `plan.load` of `run.json`.
final class LoadJson {
    private LoadJson() {}

    static void write(JsonGenerator json, Load load) {
        json.writeObjectPropertyStart("load");
        switch (load.arrivals()) {
            case ArrivalSchedule.Paced(var course, var gaps) -> paced(json, course, gaps);
            case ArrivalSchedule.Bursts(int size, Duration every) -> {
                json.writeStringProperty("arrivals", "bursts");
                json.writeNumberProperty("burstSize", size);
                json.writeNumberProperty("burstEveryNs", every.toNanos());
            }
            case ArrivalSchedule.Replayed replayed -> {
                json.writeStringProperty("arrivals", "trace");
                json.writeNumberProperty("traceRequests", replayed.afterNs().size());
            }
            case null -> json.writeStringProperty("arrivals", "closed-loop");
        }
        json.writeNumberProperty("concurrency", load.concurrency());
        json.writeNumberProperty("requests", load.requests());
        json.writeNumberProperty("warmupRequests", load.warmupRequests());
        Duration duration = load.duration();
        if (duration != null) {
            json.writeNumberProperty("durationNs", duration.toNanos());
        }
        json.writeNumberProperty("drainNs", load.drain().toNanos());
        json.writeEndObject();
    }

    private static void paced(JsonGenerator json, RateCourse course, Gaps gaps) {
        json.writeStringProperty(
                "arrivals",
                switch (gaps) {
                    case Gaps.Equal _ -> "constant";
                    case Gaps.Exponential _ -> "poisson";
                    case Gaps.Gamma _ -> "gamma";
                });
        if (gaps instanceof Gaps.Gamma gamma) {
            json.writeNumberProperty("burstiness", gamma.shape());
        }
        if (gaps instanceof Gaps.Random random) {
            json.writeNumberProperty("seed", random.seed());
        }
        if (course.only().isPresent()) {
            json.writeNumberProperty("requestsPerSecond", course.only().get().doubleValue());
            return;
        }
        json.writeArrayPropertyStart("stages");
        for (RateCourse.Stage stage : course.stages()) {
            json.writeStartObject();
            json.writeNumberProperty("fromPerSecond", stage.fromPerSecond());
            json.writeNumberProperty("toPerSecond", stage.toPerSecond());
            json.writeStringProperty("shape", stage.shape().name().toLowerCase(Locale.ROOT));
            Duration length = stage.length();
            if (length != null) {
                json.writeNumberProperty("durationNs", length.toNanos());
            }
            json.writeEndObject();
        }
        json.writeEndArray();
    }
}
