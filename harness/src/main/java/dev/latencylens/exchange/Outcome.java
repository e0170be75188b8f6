package dev.latencylens.exchange;

import java.util.Locale;

/// The one end that every request comes to.
///
/// @param detail what was seen, in one line; empty for a completed request
/// @param code the provider's own code or type of the error; empty where it gave none
public record Outcome(Kind kind, String detail, String code) {
    /// An end of which the provider said nothing.
    public Outcome(Kind kind, String detail) {
        this(kind, detail, "");
    }

    public enum Kind {
        COMPLETED,
        /// The model finished, but the dialect's terminator never came.
        UNTERMINATED,
        CUT,
        RESET,
        TIMEOUT,
        HTTP_ERROR,
        RATE_LIMITED,
        /// An error event in mid-stream.
        PROVIDER_ERROR,
        MALFORMED,
        CONNECT_FAILED,
        TLS_FAILED,
        DNS_FAILED,
        CANCELLED;

        private static final Kind[] VALUES = values();

        /// The name in files, for example `rate_limited`.
        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }

        public static Kind of(String label) {
            for (Kind kind : VALUES) {
                if (kind.label().equals(label)) {
                    return kind;
                }
            }
            throw new IllegalArgumentException("unknown outcome '" + label + "'");
        }
    }

    /// Two records are compared and hashed by classes that Java would make at run time: each start would, in the
    /// priming, where ends are counted first.
    @Override
    public boolean equals(Object other) {
        return other instanceof Outcome outcome
                && kind == outcome.kind
                && detail.equals(outcome.detail)
                && code.equals(outcome.code);
    }

    @Override
    public int hashCode() {
        return 31 * detail.hashCode() + code.hashCode();
    }

    /// Whether the whole answer came, so that its latencies count.
    public boolean isAnswered() {
        return kind == Kind.COMPLETED || kind == Kind.UNTERMINATED;
    }

    /// Whether there was to be an answer and none came. What this client cancelled is neither answered nor failed:
    /// nobody knows what would have become of it.
    public boolean isFailed() {
        return !isAnswered() && kind != Kind.CANCELLED;
    }

    /// `HTTP 401` of an error response, empty for any other end.
    public String status() {
        int colon = detail.indexOf(':');
        boolean response = kind == Kind.HTTP_ERROR || kind == Kind.RATE_LIMITED;
        return response && colon > 0 ? detail.substring(0, colon) : "";
    }

    /// The same, with where a redirection points to.
    Outcome pointingTo(String location) {
        return new Outcome(kind, detail + "; it points to " + location, code);
    }

    /// Judges an ended exchange. The wire's end comes first, then the status, then the body's own words: a stream
    /// whose terminator has come is complete even if the connection then broke.
    ///
    /// @param status 0 where no response head came
    static Outcome of(TransportEnd end, int status, Completion completion) {
        boolean wholeOnTheWire = end.kind() == TransportEnd.Kind.COMPLETE;
        boolean succeeded = status >= 200 && status < 300;
        var error = completion.error();
        if (status != 0 && !succeeded && (wholeOnTheWire || error != null)) {
            String said = error == null ? "no message" : error.toString();
            return new Outcome(
                    status == 429 ? Kind.RATE_LIMITED : Kind.HTTP_ERROR,
                    "HTTP " + status + ": " + said,
                    error == null ? "" : error.code());
        }
        if (error != null) {
            return new Outcome(Kind.PROVIDER_ERROR, error.toString(), error.code());
        }
        var malformed = completion.malformed();
        if (malformed != null) {
            return new Outcome(Kind.MALFORMED, malformed);
        }
        if (succeeded && completion.whole()) {
            return new Outcome(
                    Kind.COMPLETED, wholeOnTheWire ? "" : "after the terminator the connection ended: " + end.detail());
        }
        return switch (end.kind()) {
            case COMPLETE ->
                completion.finishSeen()
                        ? new Outcome(Kind.UNTERMINATED, "finish reason seen, terminator missing")
                        : new Outcome(Kind.CUT, "the body ended before any finish reason or terminator");
            case CUT ->
                completion.finishSeen()
                        ? new Outcome(Kind.UNTERMINATED, "finish reason seen, then " + end.detail())
                        : new Outcome(Kind.CUT, end.detail());
            case RESET -> new Outcome(Kind.RESET, end.detail());
            case TIMEOUT -> new Outcome(Kind.TIMEOUT, end.detail());
            case MALFORMED -> new Outcome(Kind.MALFORMED, end.detail());
            case CONNECT_FAILED -> new Outcome(Kind.CONNECT_FAILED, end.detail());
            case TLS_FAILED -> new Outcome(Kind.TLS_FAILED, end.detail());
            case DNS_FAILED -> new Outcome(Kind.DNS_FAILED, end.detail());
            case CANCELLED -> new Outcome(Kind.CANCELLED, end.detail());
        };
    }
}
