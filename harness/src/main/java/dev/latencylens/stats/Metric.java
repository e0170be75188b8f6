package dev.latencylens.stats;

import dev.latencylens.exchange.Moment;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// What is measured, by which formula. The field disagrees about these names, so every report prints the formulas.
///
/// Values are nanoseconds, for [#TPOT] and [#ITL] nanoseconds per token.
public enum Metric {
    TTFB(Group.ANSWER, Moment.STARTED, Moment.RESPONSE_START, "k6 waiting, curl starttransfer"),
    TTFC(Group.ANSWER, Moment.STARTED, Moment.FIRST_CHUNK, "vLLM's TTFT, OTel time_to_first_chunk"),
    TTFT(Group.ANSWER, Moment.STARTED, Moment.FIRST_TOKEN, "AIPerf and inference-perf TTFT"),
    TTFO(Group.ANSWER, Moment.STARTED, Moment.FIRST_VISIBLE, "AIPerf TTFO, Artificial Analysis TTFAT"),
    SERVER_TTFT(Group.ANSWER, Moment.REQUEST_END, Moment.FIRST_TOKEN, "TTFT without connection set-up and sending"),
    ICL(Group.GAP, "gap between output chunks of different reads, all requests pooled", "what vLLM prints as ITL"),
    ICL_PER_REQUEST(Group.GAP, "mean icl of one request", "AIPerf ITL where every chunk is a token"),
    ITL(Group.GAP, "gap / tokens of the later read, weighted by tokens, where every chunk's tokens are known", ""),
    TPOT(Group.GAP, "(lastToken - firstToken) / (output tokens - tokens of the first chunk)", "vLLM, MLPerf TPOT"),
    E2E(Group.ANSWER, Moment.STARTED, Moment.LAST_TOKEN, "vLLM e2el, AIPerf request latency"),
    STREAM_END(Group.ANSWER, Moment.STARTED, Moment.RESPONSE_END, ""),
    QUEUE(Group.SCHEDULE, Moment.INTENDED, Moment.STARTED, ""),
    SEND_LAG(Group.SCHEDULE, Moment.INTENDED, Moment.REQUEST_START, ""),
    THROTTLE(Group.SCHEDULE, "held back by limits per minute, counted from intended; of a retry from its due time", ""),
    TTFT_FROM_INTENDED(Group.SCHEDULE, Moment.INTENDED, Moment.FIRST_TOKEN, "MLPerf Server"),
    E2E_FROM_INTENDED(Group.SCHEDULE, Moment.INTENDED, Moment.LAST_TOKEN, "MLPerf Server, wrk2"),
    READ_LAG(
            Group.CLIENT,
            "instant after the read call - the kernel's stamp of what it brought",
            "this client's own lateness"),
    DNS(Group.CONNECTION, Moment.DOMAIN_LOOKUP_START, Moment.DOMAIN_LOOKUP_END, "curl namelookup"),
    TCP(Group.CONNECTION, Moment.CONNECT_START, Moment.CONNECT_END, "curl connect - namelookup"),
    TCP_RTT(
            Group.CONNECTION,
            "from SYN to SYN-ACK as the kernel timed it (TCP_INFO)",
            "tcp without this client's lateness"),
    CONNECT_LAG(
            Group.CONNECTION,
            "tcp - tcp_rtt - the time for which other addresses were tried before",
            "this client's own lateness at connecting"),
    TLS(Group.CONNECTION, Moment.SECURE_CONNECTION_START, Moment.SECURE_CONNECTION_END, "curl appconnect - connect"),
    REQUEST(Group.CONNECTION, Moment.REQUEST_START, Moment.REQUEST_END, "k6 sending"),
    WAIT(Group.CONNECTION, Moment.REQUEST_END, Moment.RESPONSE_START, "k6 waiting");

    /// Where a metric belongs in a report, and whether the kind of connection can change it.
    public enum Group {
        /// Counted from the start, so that setting up a connection is in it.
        ANSWER,
        /// Within a stream, whatever connection it goes over.
        GAP,
        /// Counted from the intended time.
        SCHEDULE,
        /// A phase of the connection or of the request on it.
        CONNECTION,
        /// The instrument itself.
        CLIENT
    }

    private static final Metric[] VALUES = values();

    private final Group group;
    private final @Nullable Moment from;
    private final @Nullable Moment to;
    private final String formula;
    private final String knownAs;

    Metric(Group group, Moment from, Moment to, String knownAs) {
        this.group = group;
        this.from = from;
        this.to = to;
        this.formula = to.label() + " - " + from.label();
        this.knownAs = knownAs;
    }

    Metric(Group group, String formula, String knownAs) {
        this.group = group;
        this.from = null;
        this.to = null;
        this.formula = formula;
        this.knownAs = knownAs;
    }

    /// The metric of this name; `e2el` (vLLM) and `request_latency` (AIPerf) are understood as `e2e`.
    ///
    /// @throws IllegalArgumentException listing the names
    public static Metric of(String name) {
        String wanted = name.strip().toLowerCase(Locale.ROOT);
        String ours = switch (wanted) {
            case "e2el", "request_latency" -> "e2e";
            default -> wanted;
        };
        Optional<Metric> found = Arrays.stream(VALUES)
                .filter(metric -> metric.label().equals(ours))
                .findFirst();
        return found.orElseThrow(() -> new IllegalArgumentException("unknown metric '" + name + "'; known are "
                + Arrays.stream(VALUES).map(Metric::label).collect(Collectors.joining(", "))));
    }

    /// Whether it tells how punctual this client sends, of which a retry, that waits on purpose, says nothing.
    public boolean isOfFirstAttempts() {
        return this == QUEUE || this == SEND_LAG;
    }

    /// The name in reports and files, for example `server_ttft`.
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    public Group group() {
        return group;
    }

    public String formula() {
        return formula;
    }

    /// What other tools call it, or what it says; empty where there is nothing to add.
    public String knownAs() {
        return knownAs;
    }

    /// What its values are counted in.
    public String unit() {
        return this == TPOT || this == ITL ? "ns/token" : "ns";
    }

    /// The moment it counts from, or null if it is no difference of two moments.
    public @Nullable Moment from() {
        return from;
    }

    public @Nullable Moment to() {
        return to;
    }

    static int count() {
        return VALUES.length;
    }
}
