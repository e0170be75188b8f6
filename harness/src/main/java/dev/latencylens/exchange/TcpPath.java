package dev.latencylens.exchange;

/// What the kernel says of the network under an exchange's connection (TCP_INFO), read as the exchange ended.
///
/// @param earlierAttemptsNs how long addresses were tried that did not connect, before the one that did
/// @param handshakeRttNs from SYN to SYN-ACK by the kernel's own timing, which no lateness of this client moves;
/// [#UNKNOWN] where a SYN was sent again, for then the kernel tells at most how long the last one took
/// @param rttNs the round trip, smoothed over the connection's life
/// @param retransmits segments that this client sent again on the connection so far
public record TcpPath(long earlierAttemptsNs, long handshakeRttNs, long rttNs, long retransmits) implements FlightFact {
    public static final long UNKNOWN = -1;

    public boolean knowsHandshake() {
        return handshakeRttNs != UNKNOWN;
    }
}
