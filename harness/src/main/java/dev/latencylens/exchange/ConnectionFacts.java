package dev.latencylens.exchange;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// The connection that an exchange went over.
///
/// @param number counts the run's connections from 1, unique within one I/O thread's transport
/// @param kind whether this exchange paid for setting it up
/// @param httpVersion `1.1` or `2`
/// @param remoteAddress address and port as connected to, the proxy's where there is one
/// @param tls null on a cleartext connection
public record ConnectionFacts(
        long number,
        Kind kind,
        String httpVersion,
        String remoteAddress,
        @Nullable Tls tls) implements FlightFact {

    /// New, resumed and reused connections are separate populations.
    public enum Kind {
        /// Set up for this exchange, TLS with a full handshake where there is TLS.
        NEW,
        /// Set up for this exchange, its TLS session resumed from an earlier one.
        RESUMED,
        /// Already open.
        REUSED;

        /// @throws IllegalArgumentException if no kind has this name
        public static Kind of(String label) {
            return valueOf(label.toUpperCase(Locale.ROOT));
        }

        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /// @param version for example `TLSv1.3`
    /// @param alpn the protocol agreed on, empty where none was
    /// @param implementation `BoringSSL` or `JDK`
    /// @param verified false where certificate checks were switched off
    public record Tls(
            String version, String cipher, String alpn, boolean resumed, String implementation, boolean verified) {}

    /// The same connection, used again.
    public ConnectionFacts reused() {
        return new ConnectionFacts(number, Kind.REUSED, httpVersion, remoteAddress, tls);
    }
}
