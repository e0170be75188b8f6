package dev.latencylens.transport;

import dev.latencylens.clock.Clock;
import dev.latencylens.exchange.Exchange;
import dev.latencylens.exchange.FlightLog;
import dev.latencylens.exchange.Header;
import dev.latencylens.exchange.Request;
import dev.latencylens.exchange.Transport;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// A transport with its flight log, driven by the test's own thread as an I/O thread drives it.
final class Client implements AutoCloseable {
    /// Far beyond what any of these exchanges takes; a test that needs it has failed.
    private static final long PATIENCE_NS = 20_000_000_000L;

    final FlightLog log;
    /// Exchanges whose users have been told of the end, in that order.
    final List<Exchange> ended = new ArrayList<>();

    private final Clock clock = Clock.monotonic();
    private final Endpoint endpoint;
    private final Transport transport;
    private final Recorded recorded = new Recorded();
    private int exchanges;

    private Client(Plan plan) {
        this.endpoint = plan.settings.endpoint();
        log = new FlightLog(clock, plan.logEntries, plan.logBytes);
        Transport.Opener opener = plan.tls == null
                ? NettyTransport.opener(plan.settings)
                : NettyTransport.opener(plan.settings, plan.tls);
        transport = opener.open(log, ended::add);
    }

    static Plan to(Endpoint endpoint) {
        return new Plan(NetworkSettings.to(endpoint));
    }

    static Plan to(Peer peer) {
        return to(peer.endpoint());
    }

    /// The settings of a client to be, changed one at a time.
    static final class Plan {
        private NetworkSettings settings;
        private @Nullable Tls tls;
        private int logEntries = 1 << 14;
        private int logBytes = 1 << 20;

        private Plan(NetworkSettings settings) {
            this.settings = settings;
        }

        Plan http(HttpVersion http) {
            return with(http, settings.sockets(), settings.spin(), settings.reuse(), settings.maxStreams());
        }

        Plan over(SocketKind sockets) {
            return with(settings.http(), sockets, settings.spin(), settings.reuse(), settings.maxStreams());
        }

        Plan spinning() {
            return with(settings.http(), settings.sockets(), true, settings.reuse(), settings.maxStreams());
        }

        Plan reuse(Reuse reuse) {
            return with(settings.http(), settings.sockets(), settings.spin(), reuse, settings.maxStreams());
        }

        Plan maxStreams(int maxStreams) {
            return with(settings.http(), settings.sockets(), settings.spin(), settings.reuse(), maxStreams);
        }

        private Plan with(HttpVersion http, SocketKind sockets, boolean spin, Reuse reuse, int maxStreams) {
            settings = new NetworkSettings(
                    settings.endpoint(),
                    http,
                    sockets,
                    spin,
                    reuse,
                    maxStreams,
                    settings.timeouts(),
                    settings.tls(),
                    settings.proxy(),
                    settings.stamps());
            return this;
        }

        Plan timeouts(Timeouts timeouts) {
            return with(timeouts, settings.tls(), settings.proxy());
        }

        Plan tls(TlsSettings wanted) {
            return with(settings.timeouts(), wanted, settings.proxy());
        }

        Plan through(ProxyServer proxy) {
            return with(settings.timeouts(), settings.tls(), proxy);
        }

        private Plan with(Timeouts timeouts, TlsSettings wanted, @Nullable ProxyServer proxy) {
            settings = new NetworkSettings(
                    settings.endpoint(),
                    settings.http(),
                    settings.sockets(),
                    settings.spin(),
                    settings.reuse(),
                    settings.maxStreams(),
                    timeouts,
                    wanted,
                    proxy,
                    settings.stamps());
            return this;
        }

        Plan stamps(Stamps stamps) {
            settings = new NetworkSettings(
                    settings.endpoint(),
                    settings.http(),
                    settings.sockets(),
                    settings.spin(),
                    settings.reuse(),
                    settings.maxStreams(),
                    settings.timeouts(),
                    settings.tls(),
                    settings.proxy(),
                    stamps);
            return this;
        }

        Plan implementedBy(io.netty.handler.ssl.SslProvider provider) {
            tls = new Tls(settings.tls(), settings.http(), provider);
            return this;
        }

        Plan logOf(int entries, int bytes) {
            logEntries = entries;
            logBytes = bytes;
            return this;
        }

        Client open() {
            return new Client(this);
        }
    }

    static Timeouts timeouts(int connectMs, int firstByteMs, int silenceMs, int wholeMs) {
        return new Timeouts(
                Duration.ofMillis(connectMs),
                Duration.ofMillis(firstByteMs),
                Duration.ofMillis(silenceMs),
                Duration.ofMillis(wholeMs));
    }

    /// Starts an exchange of user 0.
    Exchange start() {
        return start(0);
    }

    Exchange start(int session) {
        return start(session, "{}".getBytes(StandardCharsets.US_ASCII));
    }

    Exchange start(int session, byte[] body, Header... headers) {
        return start(session, new Request("POST", "/v1/chat/completions", List.of(headers), body));
    }

    Exchange start(int session, Request request) {
        int number = exchanges++;
        String id = "id-" + number;
        var exchange = new Exchange(number, id, new RequestEncoder(endpoint).encode(request, id));
        exchange.due(clock.nowNs(), session);
        transport.start(exchange);
        return exchange;
    }

    /// Starts an exchange so long before it is due.
    Exchange startAhead(Duration ahead) {
        int number = exchanges++;
        String id = "id-" + number;
        var request = new Request("POST", "/v1/chat/completions", List.of(), new byte[] {'{', '}'});
        var exchange = new Exchange(number, id, new RequestEncoder(endpoint).encode(request, id));
        exchange.due(clock.nowNs() + ahead.toNanos(), 0);
        transport.start(exchange);
        return exchange;
    }

    /// Starts an exchange and does the I/O until it has ended and its user has been told.
    Recorded.Flown send() {
        return await(start());
    }

    Recorded.Flown send(int session) {
        return await(start(session));
    }

    Recorded.Flown await(Exchange exchange) {
        pollUntil("the end of " + exchange, () -> ended.contains(exchange));
        Recorded.Flown flown = flown(exchange);
        // Exactly one end, and the user was told once.
        flown.end();
        if (ended.indexOf(exchange) != ended.lastIndexOf(exchange)) {
            throw new AssertionError(exchange + " was told twice");
        }
        return flown;
    }

    void pollUntil(String what, BooleanSupplier happened) {
        long sinceNs = clock.nowNs();
        while (!happened.getAsBoolean()) {
            if (clock.nowNs() - sinceNs > PATIENCE_NS) {
                throw new AssertionError("waited in vain for " + what);
            }
            poll();
        }
    }

    void poll() {
        transport.poll(clock.nowNs() + 2_000_000);
        recorded.drain(log);
    }

    void cancelAll(String reason) {
        transport.cancelAll(reason);
    }

    Transport transport() {
        return transport;
    }

    Recorded.Flown flown(Exchange exchange) {
        return recorded.drain(log).of(exchange);
    }

    @Override
    public void close() {
        transport.close();
        recorded.drain(log);
    }
}
