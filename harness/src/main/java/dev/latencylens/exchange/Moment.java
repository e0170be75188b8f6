package dev.latencylens.exchange;

/// The instants of one exchange, in the order in which they normally happen; connection phases carry the names of
/// W3C Resource Timing. Their meaning stands in docs/metrics.md.
public enum Moment {
    INTENDED("intended"),
    STARTED("started"),
    DOMAIN_LOOKUP_START("domainLookupStart"),
    DOMAIN_LOOKUP_END("domainLookupEnd"),
    CONNECT_START("connectStart"),
    CONNECT_END("connectEnd"),
    SECURE_CONNECTION_START("secureConnectionStart"),
    SECURE_CONNECTION_END("secureConnectionEnd"),
    REQUEST_START("requestStart"),
    REQUEST_END("requestEnd"),
    RESPONSE_START("responseStart"),
    FIRST_CHUNK("firstChunk"),
    FIRST_TOKEN("firstToken"),
    FIRST_VISIBLE("firstVisible"),
    LAST_TOKEN("lastToken"),
    RESPONSE_END("responseEnd");

    private static final Moment[] VALUES = values();
    private final String label;

    Moment(String label) {
        this.label = label;
    }

    /// The name in files, without its `AtNs`.
    public String label() {
        return label;
    }

    static int count() {
        return VALUES.length;
    }

    static Moment of(int ordinal) {
        return VALUES[ordinal];
    }
}
