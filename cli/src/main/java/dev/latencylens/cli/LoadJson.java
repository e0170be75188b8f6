package dev.latencylens.cli;

import dev.latencylens.load.ArrivalSchedule;
import dev.latencylens.load.Gaps;
import dev.latencylens.load.Live;
import dev.latencylens.load.Load;
import dev.latencylens.load.RateCourse;
import dev.latencylens.load.RateLimits;
import dev.latencylens.load.RetryPolicy;
import dev.latencylens.load.ThinkTime;
import dev.latencylens.load.Warmup;
import dev.latencylens.stats.AndersonDarling;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.JsonNode;

/// `plan.load` of `run.json`, and how much of it was live.
final class LoadJson {
    private LoadJson() {}

    static void write(JsonGenerator json, Load load) {
        json.writeObjectPropertyStart("load");
        ArrivalSchedule arrivals = load.arrivals();
        if (arrivals == null) {
            json.writeStringProperty("arrivals", "closed-loop");
        } else {
            arrivals(json, arrivals);
        }
        json.writeNumberProperty("concurrency", load.concurrency());
        ThinkTime think = load.thinkTime();
        if (think != null) {
            json.writeStringProperty("thinkTime", think.asked());
            json.writeNumberProperty("thinkTimeSeed", think.seed());
        }
        json.writeNumberProperty("requests", load.requests());
        json.writeNumberProperty("warmupRequests", load.warmup().requests());
        // The usual run's start makes no class for a switch (so above, too).
        if (load.warmup() instanceof Warmup.Time(Duration length)) {
            json.writeNumberProperty("warmupNs", length.toNanos());
        } else if (load.warmup() instanceof Warmup.UntilSteady(Duration most)) {
            json.writeNumberProperty("warmupMostNs", most.toNanos());
        }
        Duration duration = load.duration();
        if (duration != null) {
            json.writeNumberProperty("durationNs", duration.toNanos());
        }
        json.writeNumberProperty("drainNs", load.drain().toNanos());
        Load.Conversations conversations = load.conversations();
        if (conversations != null) {
            json.writeNumberProperty("conversations", conversations.most());
        }
        json.writeEndObject();
    }

    /// The load of a run that has ended; of a trace its instants are not in the file.
    ///
    /// @throws IllegalArgumentException where it is none that this version knows
    static Load read(JsonNode load) {
        return new Load(
                arrivals(load),
                load.path("concurrency").intValue(),
                load.has("thinkTime")
                        ? LoadOptions.thinkTime(
                                load.path("thinkTime").asString(),
                                load.path("thinkTimeSeed").longValue())
                        : null,
                load.path("requests").longValue(),
                warmup(load),
                duration(load, "durationNs"),
                Duration.ofNanos(load.path("drainNs").longValue()),
                load.has("conversations")
                        ? new Load.Conversations(load.path("conversations").longValue())
                        : null);
    }

    private static Warmup warmup(JsonNode load) {
        Duration length = duration(load, "warmupNs");
        Duration most = duration(load, "warmupMostNs");
        return length != null
                ? new Warmup.Time(length)
                : most != null
                        ? new Warmup.UntilSteady(most)
                        : new Warmup.Requests(load.path("warmupRequests").longValue());
    }

    /// `plan.retries`, absent where nothing is tried again.
    static void write(JsonGenerator json, RetryPolicy policy) {
        if (policy.retries() > 0) {
            json.writeObjectPropertyStart("retries");
            json.writeNumberProperty("most", policy.retries());
            json.writeNumberProperty("backoffNs", policy.backoff().toNanos());
            json.writeNumberProperty("totalNs", policy.total().toNanos());
            json.writeNumberProperty("seed", policy.seed());
            json.writeEndObject();
        }
    }

    static RetryPolicy readRetries(JsonNode retries) {
        return retries.isMissingNode()
                ? RetryPolicy.NEVER
                : new RetryPolicy(
                        retries.path("most").intValue(),
                        Duration.ofNanos(retries.path("backoffNs").longValue()),
                        Duration.ofNanos(retries.path("totalNs").longValue()),
                        retries.path("seed").longValue());
    }

    /// `plan.limits`, absent where nothing is limited.
    static void write(JsonGenerator json, RateLimits limits) {
        if (!limits.areNone()) {
            json.writeObjectPropertyStart("limits");
            json.writeNumberProperty("requestsPerMinute", limits.requestsPerMinute());
            json.writeNumberProperty("tokensPerMinute", limits.tokensPerMinute());
            json.writeEndObject();
        }
    }

    static RateLimits readLimits(JsonNode limits) {
        return new RateLimits(
                limits.path("requestsPerMinute").longValue(0),
                limits.path("tokensPerMinute").longValue(0));
    }

    private static @Nullable ArrivalSchedule arrivals(JsonNode load) {
        String arrivals = load.path("arrivals").asString("");
        long seed = load.path("seed").longValue(0);
        return switch (arrivals) {
            case "closed-loop" -> null;
            case "constant" -> new ArrivalSchedule.Paced(course(load), new Gaps.Equal());
            case "poisson" -> new ArrivalSchedule.Paced(course(load), new Gaps.Exponential(seed));
            case "gamma" ->
                new ArrivalSchedule.Paced(
                        course(load), new Gaps.Gamma(load.path("burstiness").doubleValue(), seed));
            case "bursts" ->
                new ArrivalSchedule.Bursts(
                        load.path("burstSize").intValue(),
                        Duration.ofNanos(load.path("burstEveryNs").longValue()));
            case "trace" -> new ArrivalSchedule.Replayed(List.of());
            default -> throw new IllegalArgumentException("unknown arrivals '" + arrivals + "'");
        };
    }

    private static RateCourse course(JsonNode load) {
        if (load.has("requestsPerSecond")) {
            return RateCourse.constant(load.path("requestsPerSecond").doubleValue());
        }
        return new RateCourse(load.path("stages")
                .valueStream()
                .map(stage -> new RateCourse.Stage(
                        stage.path("fromPerSecond").doubleValue(),
                        stage.path("toPerSecond").doubleValue(),
                        duration(stage, "durationNs"),
                        RateCourse.Shape.valueOf(stage.path("shape").asString().toUpperCase(Locale.ROOT))))
                .toList());
    }

    private static @Nullable Duration duration(JsonNode node, String name) {
        return node.has(name) ? Duration.ofNanos(node.path(name).longValue()) : null;
    }

    private static void arrivals(JsonGenerator json, ArrivalSchedule arrivals) {
        switch (arrivals) {
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
        }
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

    /// How many were live at a time, of `summary.client`.
    static void write(JsonGenerator json, String name, Live live) {
        if (live.watchedNs() > 0) {
            json.writeObjectPropertyStart(name);
            json.writeNumberProperty("watchedNs", live.watchedNs());
            json.writeNumberProperty("mean", Math.round(live.mean() * 1_000) / 1_000.0);
            json.writeNumberProperty("p50", live.p50());
            json.writeNumberProperty("max", live.max());
            json.writeEndObject();
        }
    }

    /// How well the sends fit the random pattern that was asked for.
    static void write(JsonGenerator json, AndersonDarling fit) {
        json.writeObjectPropertyStart("arrivals");
        json.writeNumberProperty("gaps", fit.count());
        json.writeNumberProperty("andersonDarling", Math.round(fit.statistic() * 1_000) / 1_000.0);
        json.writeNumberProperty("pValue", Math.round(fit.pValue() * 1e6) / 1e6);
        json.writeEndObject();
    }
}
