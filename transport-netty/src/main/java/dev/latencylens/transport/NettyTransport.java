package dev.latencylens.transport;

import dev.latencylens.exchange.Exchange;
import dev.latencylens.exchange.FlightLog;
import dev.latencylens.exchange.Transport;

/// Streams exchanges over Netty on one event loop that the calling thread itself runs.
public final class NettyTransport implements Transport {
    NettyTransport(NetworkSettings settings, FlightLog log, Listener listener) {}

    /// Opens transports that share nothing but their settings.
    ///
    /// @throws IllegalArgumentException if a certificate or key file cannot be used, or the socket kind is unavailable
    public static Opener opener(NetworkSettings settings) {
        return (log, listener) -> new NettyTransport(settings, log, listener);
    }

    @Override
    public void start(Exchange exchange) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void poll(long untilAtNs) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void cancelAll(String reason) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void close() {}
}
