package dev.latencylens.exchange;

/// How an exchange ended on the wire, before anyone has looked at what the body meant.
///
/// @param detail one line for people: what was expected, what was seen; empty for [Kind#COMPLETE]
public record TransportEnd(Kind kind, String detail) implements FlightFact {
    /// The response ended as HTTP says it should.
    public static final TransportEnd COMPLETE = new TransportEnd(Kind.COMPLETE, "");

    public enum Kind {
        COMPLETE,
        /// The peer closed before the response was whole.
        CUT,
        /// The peer reset the connection or the stream, or refused the stream.
        RESET,
        TIMEOUT,
        /// The bytes were not HTTP.
        MALFORMED,
        CONNECT_FAILED,
        TLS_FAILED,
        DNS_FAILED,
        CANCELLED
    }
}
