package dev.latencylens.transport;

import org.jspecify.annotations.Nullable;

/// How exchanges travel. Made once at the edge; each part of the transport takes out of it what it uses.
///
/// @param spin whether the I/O threads poll without ever sleeping
/// @param maxStreams the most concurrent streams on one HTTP/2 connection; the server may allow fewer
/// @param proxy reached by CONNECT, or null to connect directly
/// @param stamps which stamp counts as the arrival of bytes
public record NetworkSettings(
        Endpoint endpoint,
        HttpVersion http,
        SocketKind sockets,
        boolean spin,
        Reuse reuse,
        int maxStreams,
        Timeouts timeouts,
        TlsSettings tls,
        @Nullable ProxyServer proxy,
        Stamps stamps) {
    /// Streams on one HTTP/2 connection unless asked otherwise: what servers commonly allow at least (RFC 9113,
    /// 6.5.2).
    public static final int DEFAULT_MAX_STREAMS = 100;

    public NetworkSettings {
        if (maxStreams < 1) {
            throw new IllegalArgumentException("streams per connection must be at least 1, was " + maxStreams);
        }
    }

    public static NetworkSettings to(Endpoint endpoint) {
        return new NetworkSettings(
                endpoint,
                HttpVersion.NEGOTIATED,
                SocketKind.best(),
                false,
                Reuse.POOLED,
                DEFAULT_MAX_STREAMS,
                Timeouts.DEFAULT,
                TlsSettings.DEFAULT,
                null,
                Stamps.AUTO);
    }
}
