package dev.latencylens.cli;

import dev.latencylens.stats.Metric;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.JsonNode;

/// What a request must meet to be good, as vLLM's `--goodput`: `ttft:500 tpot:50`, in milliseconds.
///
/// @param limits all of which must be met
record Objectives(List<Limit> limits) {
    static final Objectives NONE = new Objectives(List.of());

    /// Those of which a request has many values, or which are not its own but a connection's or the client's.
    private static final Set<Metric> NOT_OF_A_REQUEST =
            Set.of(Metric.ICL, Metric.ITL, Metric.READ_LAG, Metric.TCP_RTT, Metric.CONNECT_LAG);

    /// Those in which a queue of the server is.
    private static final Set<Metric.Group> WAITS = Set.of(Metric.Group.ANSWER, Metric.Group.SCHEDULE);

    private static final Pattern FORM = Pattern.compile("(\\w+):(\\d{1,9}(?:\\.\\d{1,6})?)");
    private static final double NS_PER_MS = 1e6;
    private static final double NS_PER_S = 1e9;

    Objectives {
        limits = List.copyOf(limits);
    }

    /// One of them, for every request.
    record Limit(Metric metric, long mostNs) {
        boolean isMetBy(ExchangeLine exchange) {
            long[] values = exchange.values(metric);
            return values.length == 0 ? hasNone(exchange) : values[0] <= mostNs;
        }

        /// Whether there is nothing to be too long: an answer of one token, or of which all came in one read, has
        /// no gaps, a retry waits on purpose, and over a connection that was there nothing is set up.
        private boolean hasNone(ExchangeLine exchange) {
            return switch (metric.group()) {
                case GAP -> exchange.chunks() > 0;
                case SCHEDULE -> metric.isOfFirstAttempts() && exchange.isRetry();
                case CONNECTION -> metric.from() != null && !exchange.has(metric.from());
                case ANSWER, CLIENT -> false;
            };
        }

        String text() {
            return metric.label() + " <= " + Figures.millis(mostNs) + " ms";
        }
    }

    /// @throws CommandFailure naming what is no objective
    static Objectives parse(List<String> texts) {
        var limits = new ArrayList<Limit>();
        for (String text : texts) {
            Matcher matcher = FORM.matcher(text.strip());
            if (!matcher.matches()) {
                throw CommandFailure.usage(
                        "bad --goodput '" + text + "'; give metrics with limits in ms, such as ttft:500 tpot:50");
            }
            Metric metric = metric(matcher.group(1));
            if (NOT_OF_A_REQUEST.contains(metric)) {
                boolean many = metric.group() == Metric.Group.GAP;
                throw CommandFailure.usage("--goodput judges whole requests, and '" + metric.label()
                        + (many
                                ? "' has many values in one; give for example icl_per_request or tpot"
                                : "' is not one's own; give for example ttft or e2e"));
            }
            limits.add(new Limit(metric, Math.round(Double.parseDouble(matcher.group(2)) * NS_PER_MS)));
        }
        return new Objectives(limits);
    }

    /// Those of a run; none where there were none.
    ///
    /// @param member of its `run.json` that has what [#write] wrote: `plan` or `summary.goodput`
    static Objectives of(JsonNode member) {
        return new Objectives(member.path("objectivesNs").properties().stream()
                .map(limit ->
                        new Limit(Metric.of(limit.getKey()), limit.getValue().asLong()))
                .toList());
    }

    private static Metric metric(String label) {
        try {
            return Metric.of(label);
        } catch (IllegalArgumentException e) {
            throw CommandFailure.usage("bad --goodput: " + e.getMessage(), e);
        }
    }

    /// The shortest time that they let a request wait for its answer, in seconds; 0 where they limit none such.
    double patienceSeconds() {
        return limits.stream()
                        .filter(limit -> WAITS.contains(limit.metric().group()))
                        .mapToLong(Limit::mostNs)
                        .min()
                        .orElse(0)
                / NS_PER_S;
    }

    /// One that only a stream can meet or miss.
    Optional<Metric> ofStreams() {
        return limits.stream()
                .map(Limit::metric)
                .filter(metric -> metric.group() == Metric.Group.GAP)
                .findFirst();
    }

    boolean areAsked() {
        return !limits.isEmpty();
    }

    boolean areMetBy(ExchangeLine exchange) {
        return exchange.isAnswered() && limits.stream().allMatch(limit -> limit.isMetBy(exchange));
    }

    /// The member `objectivesNs`; of several limits of one metric the lowest, which decides.
    void write(JsonGenerator json) {
        Map<String, Long> mostNs = new LinkedHashMap<>();
        limits.forEach(limit -> mostNs.merge(limit.metric().label(), limit.mostNs(), Math::min));
        json.writeObjectPropertyStart("objectivesNs");
        mostNs.forEach((metric, ns) -> json.writeNumberProperty(metric, ns.longValue()));
        json.writeEndObject();
    }

    String text() {
        return String.join(" and ", limits.stream().map(Limit::text).toList());
    }
}
