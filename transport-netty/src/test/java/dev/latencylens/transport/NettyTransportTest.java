package dev.latencylens.transport;

import static dev.latencylens.exchange.Moment.CONNECT_END;
import static dev.latencylens.exchange.Moment.CONNECT_START;
import static dev.latencylens.exchange.Moment.DOMAIN_LOOKUP_END;
import static dev.latencylens.exchange.Moment.DOMAIN_LOOKUP_START;
import static dev.latencylens.exchange.Moment.REQUEST_END;
import static dev.latencylens.exchange.Moment.REQUEST_START;
import static dev.latencylens.exchange.Moment.RESPONSE_END;
import static dev.latencylens.exchange.Moment.RESPONSE_START;
import static dev.latencylens.exchange.Moment.STARTED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.latencylens.clock.Clock;
import dev.latencylens.exchange.Exchange;
import dev.latencylens.exchange.Header;
import dev.latencylens.exchange.Moment;
import dev.latencylens.exchange.TcpPath;
import dev.latencylens.exchange.TransportEnd.Kind;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class NettyTransportTest {
    private static final Moment[] OVER_A_NEW_CONNECTION = {
        STARTED, CONNECT_START, CONNECT_END, REQUEST_START, REQUEST_END, RESPONSE_START, RESPONSE_END
    };
    private static final Moment[] OVER_A_KEPT_CONNECTION = {
        STARTED, REQUEST_START, REQUEST_END, RESPONSE_START, RESPONSE_END
    };

    // The instants.

    @ParameterizedTest
    @EnumSource(SocketKind.class)
    void everyInstantIsThereAndInOrderWhateverTheSockets(SocketKind sockets) {
        assumeThat(sockets.unavailable())
                .as("%s is unavailable here: %s", sockets.label(), sockets.unavailable())
                .isNull();
        try (Peer peer = Peer.serving(Peer.answering(Peer.ok("hello")));
                Client client = Client.to(peer).over(sockets).open()) {
            Recorded.Flown first = client.send();
            Recorded.Flown second = client.send();

            assertThat(first.end().kind()).isEqualTo(Kind.COMPLETE);
            assertThat(first.moments()).containsExactly(OVER_A_NEW_CONNECTION);
            assertThat(first.isInOrder()).as(first.toString()).isTrue();
            assertThat(first.connectionKind()).isEqualTo("new");
            assertThat(first.connection().remoteAddress()).isEqualTo("127.0.0.1:" + peer.port());
            assertThat(first.body()).isEqualTo("hello");
            assertThat(second.moments()).containsExactly(OVER_A_KEPT_CONNECTION);
            assertThat(second.isInOrder()).as(second.toString()).isTrue();
            assertThat(second.connectionKind()).isEqualTo("reused");
            assertThat(second.connection().number())
                    .isEqualTo(first.connection().number());
        }
    }

    @Test
    void whatIsStartedAheadLeavesWhenItIsDue() {
        try (Peer peer = Peer.serving(Peer.answering(Peer.ok("hello")));
                Client client = Client.to(peer).open()) {
            Exchange overANew = client.startAhead(Duration.ofMillis(20));
            Recorded.Flown first = client.await(overANew);
            Exchange overAKept = client.startAhead(Duration.ofMillis(20));
            Recorded.Flown second = client.await(overAKept);

            assertThat(first.moments()).containsExactly(OVER_A_NEW_CONNECTION);
            assertThat(first.atNs(STARTED)).isGreaterThanOrEqualTo(overANew.sendAtNs());
            assertThat(first.atNs(CONNECT_START)).isGreaterThanOrEqualTo(first.atNs(STARTED));
            assertThat(second.moments()).containsExactly(OVER_A_KEPT_CONNECTION);
            assertThat(second.atNs(STARTED)).isGreaterThanOrEqualTo(overAKept.sendAtNs());
            // Nothing stands between them.
            assertThat(second.atNs(REQUEST_START)).isEqualTo(second.atNs(STARTED));
        }
    }

    @Test
    void theKernelTimesTheHandshakeAndTheRoundTrips() {
        assumeThat(SocketKind.EPOLL.unavailable()).isNull();
        try (Peer peer = Peer.serving(Peer.answering(Peer.ok("hello")));
                Client client = Client.to(peer).over(SocketKind.EPOLL).open()) {
            Recorded.Flown first = client.send();
            Recorded.Flown second = client.send();

            TcpPath path = Objects.requireNonNull(first.path);
            // Whole microseconds, and this client's stamps lie around the kernel's.
            assertThat(path.handshakeRttNs())
                    .isPositive()
                    .isLessThanOrEqualTo(first.atNs(CONNECT_END) - first.atNs(CONNECT_START) + 1_000);
            assertThat(path.rttNs()).isPositive();
            assertThat(path.retransmits()).isZero();
            assertThat(Objects.requireNonNull(second.path).handshakeRttNs()).isEqualTo(path.handshakeRttNs());
        }
    }

    @Test
    void aSpinningTransportRecordsTheSame() {
        try (Peer peer = Peer.serving(Peer.answering(Peer.ok("hello")));
                Client client = Client.to(peer).spinning().open()) {
            assertThat(client.send().moments()).containsExactly(OVER_A_NEW_CONNECTION);
            assertThat(client.send().moments()).containsExactly(OVER_A_KEPT_CONNECTION);
        }
    }

    @Test
    void aNameIsLookedUpAndAnAddressIsNot() {
        try (Peer peer = Peer.serving(Peer.answering(Peer.ok("hello")));
                Client client = Client.to(peer.endpoint("localhost")).open()) {
            Recorded.Flown flown = client.send();

            assertThat(flown.moments())
                    .containsExactly(
                            STARTED,
                            DOMAIN_LOOKUP_START,
                            DOMAIN_LOOKUP_END,
                            CONNECT_START,
                            CONNECT_END,
                            REQUEST_START,
                            REQUEST_END,
                            RESPONSE_START,
                            RESPONSE_END);
            assertThat(flown.isInOrder()).as(flown.toString()).isTrue();
        }
    }

    @Test
    void anIpv6AddressIsAnAddress() throws IOException {
        assumeThat(NetworkInterface.getByName("lo").inetAddresses().anyMatch(Inet6Address.class::isInstance))
                .as("this machine has no IPv6 loopback")
                .isTrue();
        try (Peer peer = Peer.at("::1", Peer.answering(Peer.ok("hello")));
                Client client =
                        Client.to(Endpoint.parse("http://[::1]:" + peer.port())).open()) {
            Recorded.Flown flown = client.send();

            assertThat(flown.end().kind()).as(flown.toString()).isEqualTo(Kind.COMPLETE);
            assertThat(flown.has(DOMAIN_LOOKUP_START)).isFalse();
            assertThat(peer.requests.getFirst()).contains("host: [::1]:" + peer.port() + "\r\n");
        }
    }

    @Test
    void aNameThatDoesNotExistFailsInItsLookup() {
        try (Client client =
                Client.to(Endpoint.parse("http://no-such-host.invalid")).open()) {
            Recorded.Flown flown = client.send();

            assertThat(flown.end().kind()).as(flown.toString()).isEqualTo(Kind.DNS_FAILED);
            assertThat(flown.end().detail()).startsWith("the name 'no-such-host.invalid' has no address: ");
            assertThat(flown.moments()).containsExactly(STARTED, DOMAIN_LOOKUP_START, DOMAIN_LOOKUP_END);
        }
    }

    @Test
    void aRefusedConnectionSaysByWhom() throws IOException {
        int port = freePort();
        try (Client client =
                Client.to(Endpoint.parse("http://127.0.0.1:" + port)).open()) {
            Recorded.Flown flown = client.send();

            assertThat(flown.end().kind()).isEqualTo(Kind.CONNECT_FAILED);
            assertThat(flown.end().detail()).isEqualTo("connection refused by 127.0.0.1 port " + port);
            assertThat(flown.moments()).containsExactly(STARTED, CONNECT_START);
        }
    }

    static int freePort() throws IOException {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    // What goes over the wire.

    @Test
    void theRequestOnTheWireHasOneHostTheIdAndNoEncoding() {
        try (Peer peer = Peer.serving(Peer.answering(Peer.ok("")));
                Client client = Client.to(peer).open()) {
            client.await(client.start(
                    0,
                    "{\"a\":1}".getBytes(StandardCharsets.US_ASCII),
                    Header.of("Host", "spoofed"),
                    Header.of("X-Own", "1")));

            assertThat(peer.requests.getFirst())
                    .isEqualTo("""
                        POST /v1/chat/completions HTTP/1.1
                        host: 127.0.0.1:%d
                        x-own: 1
                        accept-encoding: identity
                        x-request-id: id-0
                        content-length: 7

                        {"a":1}\
                        """.formatted(peer.port()).replace("\n", "\r\n"));
        }
    }

    @Test
    void aLargeBodyArrivesWhole() {
        byte[] body = new byte[5_000_000];
        new Random(1).nextBytes(body);
        try (Peer peer = Peer.serving(Peer.answering(Peer.ok("ok")));
                Client client = Client.to(peer).open()) {
            Recorded.Flown flown = client.await(client.start(0, body));

            assertThat(flown.end().kind()).as(flown.toString()).isEqualTo(Kind.COMPLETE);
            assertThat(flown.isInOrder()).as(flown.toString()).isTrue();
            assertThat(peer.requests.getFirst()).endsWith(new String(body, StandardCharsets.ISO_8859_1));
        }
    }

    @Test
    void anAnswerBeforeTheWholeRequestIsAnAnswerAndTheConnectionIsNotReused() {
        var answered = new CountDownLatch(1);
        try (Peer peer = Peer.serving(line -> {
                    if (line.number == 1) {
                        line.socket.getInputStream().readNBytes(100);
                        line.write("HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n");
                        await(answered);
                    } else {
                        Peer.answering(Peer.ok("ok")).serve(line);
                    }
                });
                Client client = Client.to(peer).open()) {
            Recorded.Flown flown = client.await(client.start(0, new byte[50_000_000]));
            assertThat(flown.end().kind()).as(flown.toString()).isEqualTo(Kind.COMPLETE);
            assertThat(flown.head().status()).isEqualTo(413);
            assertThat(flown.has(REQUEST_END)).isFalse();
            assertThat(client.send().connectionKind()).isEqualTo("new");
            answered.countDown();
        }
    }

    // Which connection.

    @Test
    void aPooledConnectionGoesToWhoeverComesNext() {
        try (Peer peer = Peer.serving(Peer.answering(Peer.ok("ok")));
                Client client = Client.to(peer).reuse(Reuse.POOLED).open()) {
            assertThat(client.send(1).connectionKind()).isEqualTo("new");
            assertThat(client.send(2).connectionKind()).isEqualTo("reused");
            assertThat(client.send(3).connectionKind()).isEqualTo("reused");
            assertThat(peer.connections()).isEqualTo(1);
        }
    }

    @Test
    void withoutReuseEveryExchangePaysForItsConnection() {
        try (Peer peer = Peer.serving(Peer.answering(Peer.ok("ok")));
                Client client = Client.to(peer).reuse(Reuse.NEVER).open()) {
            for (int i = 0; i < 3; i++) {
                assertThat(client.send().moments()).containsExactly(OVER_A_NEW_CONNECTION);
            }
            assertThat(peer.connections()).isEqualTo(3);
        }
    }

    @Test
    void aStickyConnectionBelongsToItsUser() {
        try (Peer peer = Peer.serving(Peer.answering(Peer.ok("ok")));
                Client client = Client.to(peer).reuse(Reuse.STICKY).open()) {
            Recorded.Flown one = client.send(1);
            Recorded.Flown two = client.send(2);
            Recorded.Flown oneAgain = client.send(1);
            Recorded.Flown twoAgain = client.send(2);

            assertThat(List.of(one, two))
                    .extracting(Recorded.Flown::connectionKind)
                    .containsOnly("new");
            assertThat(List.of(oneAgain, twoAgain))
                    .extracting(Recorded.Flown::connectionKind)
                    .containsOnly("reused");
            assertThat(oneAgain.connection().number())
                    .isEqualTo(one.connection().number());
            assertThat(twoAgain.connection().number())
                    .isEqualTo(two.connection().number());
        }
    }

    @Test
    void aStickyUserKeepsOneConnectionOpenHoweverManyItUsedAtOnce() {
        var closed = new CountDownLatch(1);
        try (Peer peer = Peer.serving(line -> {
                    Peer.answering(Peer.ok("ok")).serve(line);
                    closed.countDown();
                });
                Client client = Client.to(peer).reuse(Reuse.STICKY).open()) {
            client.send(7);
            Exchange first = client.start(7);
            Exchange second = client.start(7);
            client.await(first);
            client.await(second);
            client.pollUntil(
                    "the close of the connection that nobody can reach any more", () -> closed.getCount() == 0);
            assertThat(client.send(7).connectionKind()).isEqualTo("reused");
        }
    }

    @Test
    void exchangesAtOnceEachHaveAConnection() {
        try (Peer peer = Peer.serving(Peer.answering(Peer.ok("ok")));
                Client client = Client.to(peer).open()) {
            client.send();
            List<Exchange> together =
                    IntStream.range(0, 20).mapToObj(client::start).toList();
            together.forEach(
                    exchange -> assertThat(client.await(exchange).end().kind()).isEqualTo(Kind.COMPLETE));
            List<Exchange> again =
                    IntStream.range(0, 20).mapToObj(client::start).toList();
            again.forEach(exchange ->
                    assertThat(client.await(exchange).connectionKind()).isEqualTo("reused"));
            assertThat(peer.connections()).isEqualTo(20);
        }
    }

    // The peer closes.

    @Test
    void aConnectionClosedWhileIdleIsNoticedAndCostsANewOne() {
        try (Peer peer = Peer.serving(Peer.answering(Peer.ok("ok")));
                Client client = Client.to(peer).open()) {
            client.send();
            assertThat(client.send().connectionKind()).isEqualTo("reused");
            peer.closeConnections();
            client.poll();

            Recorded.Flown after = client.send();
            assertThat(after.end().kind()).isEqualTo(Kind.COMPLETE);
            assertThat(after.moments()).containsExactly(OVER_A_NEW_CONNECTION);
            assertThat(after.connectionKind()).isEqualTo("new");
        }
    }

    @ParameterizedTest
    @EnumSource(Reuse.class)
    void aServerThatClosesInSpiteOfItsKeepAliveHeaderCostsNewConnectionsAndNoFailure(Reuse reuse) {
        try (Peer peer = Peer.serving(line -> {
                    line.hasRequest();
                    line.write("HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5, max=100\r\ncontent-length: 2\r\n\r\nok");
                });
                Client client = Client.to(peer).reuse(reuse).open()) {
            for (int i = 0; i < 10; i++) {
                Recorded.Flown flown = client.send();
                assertThat(flown.end().kind()).as("exchange %d: %s", i, flown).isEqualTo(Kind.COMPLETE);
                assertThat(flown.connectionKind()).isEqualTo("new");
            }
        }
    }

    @Test
    void nothingGoesOverAConnectionUntilTheServersHabitIsKnown() {
        var mayClose = new CountDownLatch(1);
        try (Peer peer = Peer.serving(line -> {
                    line.hasRequest();
                    line.write(Peer.ok("ok"));
                    await(mayClose);
                });
                Client client = Client.to(peer).open()) {
            Exchange first = client.start();
            client.pollUntil("the answer", () -> client.flown(first).hasEnded());
            // Another user comes by while the first connection is being watched.
            assertThat(client.ended).isEmpty();
            Exchange second = client.start(1);
            mayClose.countDown();

            assertThat(client.await(second).end().kind()).isEqualTo(Kind.COMPLETE);
            assertThat(client.await(second).connectionKind()).isEqualTo("new");
            assertThat(client.await(first).end().kind()).isEqualTo(Kind.COMPLETE);
        }
    }

    @Test
    void aWatchedConnectionThatIsResetIsNotReused() {
        try (Peer peer = Peer.serving(line -> {
                    line.hasRequest();
                    line.write(Peer.ok("ok"));
                    line.reset();
                });
                Client client = Client.to(peer).open()) {
            for (int i = 0; i < 3; i++) {
                assertThat(client.send().connectionKind()).isEqualTo("new");
            }
        }
    }

    @Test
    void usersHeldWhileAConnectionIsWatchedAreToldWhenEverythingIsCancelled() {
        try (Peer peer = Peer.serving(Peer.answering(Peer.ok("ok")));
                Client client = Client.to(peer).open()) {
            Exchange first = client.start();
            client.pollUntil("the answer", () -> client.flown(first).hasEnded());
            Exchange second = client.start();
            client.cancelAll("stopped");

            assertThat(client.ended).containsExactlyInAnyOrder(first, second);
            assertThat(client.flown(first).end().kind()).isEqualTo(Kind.COMPLETE);
            assertThat(client.flown(second).end().kind()).isEqualTo(Kind.CANCELLED);
        }
    }

    @Test
    void aRequestWhoseBytesHaveLeftIsNeverSentAgain() {
        try (Peer peer = Peer.serving(Peer.Line::hasRequest);
                Client client = Client.to(peer).open()) {
            Recorded.Flown flown = client.send();

            assertThat(flown.end().kind()).isEqualTo(Kind.CUT);
            assertThat(flown.end().detail()).isEqualTo("the peer closed the connection before the first response byte");
            assertThat(flown.moments())
                    .containsExactly(STARTED, CONNECT_START, CONNECT_END, REQUEST_START, REQUEST_END);
            assertThat(peer.requests).hasSize(1);
            assertThat(peer.connections()).isEqualTo(1);
        }
    }

    @Test
    void aConnectionClosedBeforeTheRequestIsReadIsACutOrAReset() {
        try (Peer peer = Peer.serving(line -> {});
                Client client = Client.to(peer).open()) {
            Recorded.Flown flown = client.send();

            assertThat(flown.end().kind()).as(flown.toString()).isIn(Kind.CUT, Kind.RESET);
            assertThat(flown.hasHead()).isFalse();
        }
    }

    @Test
    void aStreamCutInTheMiddleKeepsWhatCame() {
        try (Peer peer = Peer.serving(line -> {
                    line.hasRequest();
                    line.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", "5\r\nhello\r\n");
                });
                Client client = Client.to(peer).open()) {
            Recorded.Flown flown = client.send();

            assertThat(flown.end().kind()).isEqualTo(Kind.CUT);
            assertThat(flown.end().detail()).isEqualTo("the peer closed the connection in mid-response");
            assertThat(flown.body()).isEqualTo("hello");
            assertThat(flown.moments()).containsExactly(OVER_A_NEW_CONNECTION);
            assertThat(flown.isInOrder()).isTrue();
        }
    }

    /// It goes on reading, so that only this side can end the connection.
    @ParameterizedTest
    @EnumSource(SocketKind.class)
    void aServerThatOnlyStopsSendingInMidStreamCutsItAndTheConnectionIsClosed(SocketKind sockets) {
        assumeThat(sockets.unavailable()).isNull();
        var closed = new CountDownLatch(1);
        try (Peer peer = Peer.serving(line -> {
                    line.hasRequest();
                    line.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", "5\r\nhello\r\n");
                    line.socket.shutdownOutput();
                    line.awaitClose();
                    closed.countDown();
                });
                Client client = Client.to(peer).over(sockets).open()) {
            Recorded.Flown flown = client.send();

            assertThat(flown.end().kind()).isEqualTo(Kind.CUT);
            assertThat(flown.end().detail()).isEqualTo("the peer closed the connection in mid-response");
            assertThat(flown.body()).isEqualTo("hello");
            assertThat(flown.moments()).containsExactly(OVER_A_NEW_CONNECTION);
            client.pollUntil("the close", () -> closed.getCount() == 0);
        }
    }

    @Test
    void aBodyWithoutALengthIsWholeWhenTheServerStopsSending() {
        try (Peer peer = Peer.serving(line -> {
                    line.hasRequest();
                    line.write("HTTP/1.1 200 OK\r\n\r\n", "hello");
                    line.socket.shutdownOutput();
                    line.awaitClose();
                });
                Client client = Client.to(peer).open()) {
            Recorded.Flown flown = client.send();

            assertThat(flown.end().kind()).as(flown.toString()).isEqualTo(Kind.COMPLETE);
            assertThat(flown.body()).isEqualTo("hello");
        }
    }

    /// Its answer said that the connection stays, and it still reads: a request sent over it would wait in vain.
    @Test
    void nothingIsSentOverAConnectionOfAServerThatStopsSendingBehindAWholeAnswer() {
        try (Peer peer = Peer.serving(line -> {
                    line.hasRequest();
                    line.write(Peer.ok("hello"));
                    line.socket.shutdownOutput();
                    line.awaitClose();
                });
                Client client = Client.to(peer).open()) {
            for (int i = 0; i < 3; i++) {
                Recorded.Flown flown = client.send();

                assertThat(flown.end().kind()).as(flown.toString()).isEqualTo(Kind.COMPLETE);
                assertThat(flown.connectionKind()).isEqualTo("new");
            }
            assertThat(peer.requests).hasSize(3);
        }
    }

    @Test
    void aStreamResetInTheMiddleKeepsWhatCame() {
        var read = new CountDownLatch(1);
        try (Peer peer = Peer.serving(line -> {
                    line.hasRequest();
                    line.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", "5\r\nhello\r\n");
                    await(read);
                    line.reset();
                });
                Client client = Client.to(peer).open()) {
            Exchange exchange = client.start();
            client.pollUntil(
                    "the first bytes", () -> !client.flown(exchange).body().isEmpty());
            read.countDown();
            Recorded.Flown flown = client.await(exchange);

            assertThat(flown.end().kind()).isEqualTo(Kind.RESET);
            assertThat(flown.end().detail()).isEqualTo("the peer reset the connection");
            assertThat(flown.body()).isEqualTo("hello");
        }
    }

    @Test
    void aResetWhileTheRequestIsWrittenIsAReset() {
        try (Peer peer = Peer.serving(line -> {
                    line.socket.getInputStream().readNBytes(1000);
                    line.reset();
                });
                Client client = Client.to(peer).open()) {
            Recorded.Flown flown = client.await(client.start(0, new byte[50_000_000]));

            assertThat(flown.end().kind()).as(flown.toString()).isEqualTo(Kind.RESET);
            assertThat(flown.has(REQUEST_END)).isFalse();
        }
    }

    // Time runs out.

    @Test
    void noConnectionInTimeIsAConnectTimeout() throws IOException {
        // A listener whose queue of connections is full drops further ones.
        try (var full = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            var fillers = new ArrayList<SocketChannel>();
            for (int i = 0; i < 8; i++) {
                var filler = SocketChannel.open();
                filler.configureBlocking(false);
                filler.connect(full.getLocalSocketAddress());
                fillers.add(filler);
            }
            try (Client client = Client.to(Endpoint.parse("http://127.0.0.1:" + full.getLocalPort()))
                    .timeouts(Client.timeouts(60, 9000, 9000, 9000))
                    .open()) {
                Recorded.Flown flown = client.send();

                assertThat(flown.end().kind()).isEqualTo(Kind.TIMEOUT);
                assertThat(flown.end().detail()).startsWith("connect: ");
                assertThat(flown.moments()).containsExactly(STARTED, CONNECT_START);
            }
            for (var filler : fillers) {
                filler.close();
            }
        }
    }

    @Test
    void noFirstByteInTimeIsAFirstByteTimeout() {
        try (Peer peer = Peer.serving(Peer.Line::awaitClose);
                Client client = Client.to(peer)
                        .timeouts(Client.timeouts(9000, 50, 9000, 9000))
                        .open()) {
            Recorded.Flown flown = client.send();

            assertThat(flown.end().kind()).isEqualTo(Kind.TIMEOUT);
            assertThat(flown.end().detail()).isEqualTo("first byte: no response 50 ms after the request");
            assertThat(flown.moments())
                    .containsExactly(STARTED, CONNECT_START, CONNECT_END, REQUEST_START, REQUEST_END);
        }
    }

    @Test
    void silenceInTheMiddleIsASilenceTimeoutAndKeepsWhatCame() {
        try (Peer peer = Peer.serving(line -> {
                    line.hasRequest();
                    line.write("HTTP/1.1 200 OK\r\n\r\n", "data: 1\n\n");
                    line.awaitClose();
                });
                Client client = Client.to(peer)
                        .timeouts(Client.timeouts(9000, 9000, 50, 9000))
                        .open()) {
            Recorded.Flown flown = client.send();

            assertThat(flown.end().kind()).isEqualTo(Kind.TIMEOUT);
            assertThat(flown.end().detail()).isEqualTo("silence: nothing read for 50 ms in mid-response");
            assertThat(flown.body()).isEqualTo("data: 1\n\n");
            assertThat(flown.moments()).containsExactly(OVER_A_NEW_CONNECTION);
        }
    }

    @Test
    void anAnswerThatNeverEndsIsAWholeTimeout() {
        try (Peer peer = Peer.serving(line -> {
                    line.hasRequest();
                    line.write("HTTP/1.1 200 OK\r\n\r\n");
                    while (true) {
                        line.write(": ping\n\n");
                        LockSupport.parkNanos(1_000_000);
                    }
                });
                Client client = Client.to(peer)
                        .timeouts(Client.timeouts(9000, 9000, 9000, 80))
                        .open()) {
            Recorded.Flown flown = client.send();

            assertThat(flown.end().kind()).isEqualTo(Kind.TIMEOUT);
            assertThat(flown.end().detail()).isEqualTo("whole: not finished after 80 ms");
            assertThat(flown.body()).startsWith(": ping\n\n");
        }
    }

    @Test
    void manyExchangesTimeOutOneByOne() {
        try (Peer peer = Peer.serving(Peer.Line::awaitClose);
                Client client = Client.to(peer)
                        .timeouts(Client.timeouts(9000, 30, 9000, 9000))
                        .open()) {
            List<Exchange> all = IntStream.range(0, 60).mapToObj(client::start).toList();

            all.forEach(exchange ->
                    assertThat(client.await(exchange).end().detail()).startsWith("first byte: "));
            assertThat(client.ended).hasSize(60);
        }
    }

    /// Nothing wakes a thread whose exchanges all hang, so it must not sleep with half of them looked at.
    @Test
    void aWaitIsShortUntilAllHaveBeenLookedAtForTimeouts() {
        try (Peer peer = Peer.serving(Peer.Line::awaitClose);
                Client client = Client.to(peer).open()) {
            List<Exchange> all = IntStream.range(0, 200).mapToObj(client::start).toList();
            client.pollUntil(
                    "all connections",
                    () -> all.stream()
                            .allMatch(exchange -> client.flown(exchange).has(REQUEST_END)));
            int shortWaits = 0;
            for (int i = 0; i < 40; i++) {
                long untilNs = Clock.monotonic().nowNs() + 300_000_000;
                client.transport().poll(untilNs);
                shortWaits += Clock.monotonic().nowNs() - untilNs < 0 ? 1 : 0;
            }

            assertThat(shortWaits).isGreaterThan(30);
        }
    }

    // Ends from our side.

    @Test
    void cancellingEndsEveryExchangeWhereverItIs() {
        try (Peer peer = Peer.serving(line -> {
                    line.hasRequest();
                    line.write("HTTP/1.1 200 OK\r\n\r\n", "partial");
                    line.awaitClose();
                });
                Client client = Client.to(peer).open()) {
            Exchange streaming = client.start();
            client.pollUntil(
                    "the first bytes", () -> !client.flown(streaming).body().isEmpty());
            Exchange connecting = client.start();
            client.cancelAll("Ctrl-C");

            assertThat(client.ended).containsExactlyInAnyOrder(streaming, connecting);
            assertThat(client.flown(streaming).end().kind()).isEqualTo(Kind.CANCELLED);
            assertThat(client.flown(streaming).end().detail()).isEqualTo("Ctrl-C");
            assertThat(client.flown(streaming).body()).isEqualTo("partial");
            assertThat(client.flown(connecting).end().kind()).isEqualTo(Kind.CANCELLED);
            assertThat(client.flown(connecting).has(CONNECT_START)).isTrue();
            Exchange next = client.start();
            client.pollUntil("the next answer", () -> client.flown(next).has(RESPONSE_START));
            assertThat(client.flown(next).connectionKind()).isEqualTo("new");
        }
    }

    @Test
    void closingEndsWhatIsStillInFlight() {
        try (Peer peer = Peer.serving(Peer.Line::awaitClose)) {
            Client client = Client.to(peer).open();
            Exchange waiting = client.start();
            client.pollUntil("the request", () -> client.flown(waiting).has(REQUEST_END));
            Exchange connecting = client.start();
            client.close();

            assertThat(client.flown(waiting).end().kind()).isEqualTo(Kind.CANCELLED);
            assertThat(client.flown(connecting).end().kind()).isEqualTo(Kind.CANCELLED);
            assertThat(client.ended).containsExactlyInAnyOrder(waiting, connecting);
        }
    }

    @Test
    void aParkedPollReturnsWhenTheNextStartIsDue() {
        try (Peer peer = Peer.serving(Peer.Line::awaitClose);
                Client client = Client.to(peer).open()) {
            client.start();
            // With nothing to read, and instants in the past and in the near future, each poll comes back.
            for (int i = 0; i < 20; i++) {
                client.transport().poll(System.nanoTime() - 1);
                client.transport().poll(System.nanoTime() + 100_000);
            }
            assertThat(client.ended).isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource(SocketKind.class)
    void aPollTellsHowLongItWaitedAndNeverMoreThanItWasMeantTo(SocketKind sockets) {
        assumeThat(sockets.unavailable()).isNull();
        try (Peer peer = Peer.serving(Peer.Line::awaitClose);
                Client client = Client.to(peer).over(sockets).open()) {
            client.start();
            long waitedNs = 0;
            for (int i = 0; i < 20; i++) {
                long beforeNs = System.nanoTime();
                long onceNs = client.transport().poll(beforeNs + 2_000_000);
                assertThat(onceNs).isBetween(0L, Math.min(2_000_000, System.nanoTime() - beforeNs));
                waitedNs += onceNs;
            }
            assertThat(waitedNs).isPositive();
            assertThat(client.transport().poll(System.nanoTime() - 1)).isZero();
        }
    }

    /// A process that is stopped reads nothing, and the end of its sleep looks like the end of its wait.
    @ParameterizedTest
    @EnumSource(SocketKind.class)
    void aStopWithinAWaitIsNoWaiting(SocketKind sockets) throws Exception {
        assumeThat(sockets.unavailable()).isNull();
        try (Peer peer = Peer.serving(Peer.Line::awaitClose);
                Client client = Client.to(peer).over(sockets).open()) {
            Exchange exchange = client.start();
            client.pollUntil("the request", () -> client.flown(exchange).has(REQUEST_END));
            long self = ProcessHandle.current().pid();
            Process stops = new ProcessBuilder(
                            "sh",
                            "-c",
                            "sleep 0.2; kill -STOP " + self + "; sleep 0.1; kill -CONT " + self + "; sleep 0.1")
                    .start();
            long longestNs = 0;
            while (stops.isAlive()) {
                long beforeNs = System.nanoTime();
                long waitedNs = client.transport().poll(beforeNs + 1_000_000_000);
                longestNs = Math.max(longestNs, System.nanoTime() - beforeNs - waitedNs);
            }
            assertThat(stops.exitValue()).isZero();
            assertThat(longestNs).isGreaterThan(80_000_000);
        }
    }

    @Test
    void aSpinningPollNeverWaits() {
        try (Peer peer = Peer.serving(Peer.Line::awaitClose);
                Client client = Client.to(peer).spinning().open()) {
            client.start();

            assertThat(client.transport().poll(System.nanoTime() + 1_000_000)).isZero();
        }
    }

    // The flight log.

    @ParameterizedTest
    @ValueSource(ints = {64, 1024})
    void aFullLogMakesTheTransportWaitAndLosesNothing(int logBytes) throws Exception {
        byte[] body = new byte[300_000];
        new Random(2).nextBytes(body);
        String text = new String(body, StandardCharsets.ISO_8859_1);
        try (Peer peer = Peer.serving(Peer.answering(Peer.ok(text)));
                Client client = Client.to(peer).logOf(16, logBytes).open()) {
            var recorded = new Recorded();
            var done = new AtomicBoolean();
            Thread reader = Thread.ofPlatform().start(() -> {
                while (!done.get()) {
                    client.log.drain(recorded, 3);
                    Thread.onSpinWait();
                }
                recorded.drain(client.log);
            });
            Exchange exchange = client.start();
            while (!client.ended.contains(exchange)) {
                client.transport().poll(System.nanoTime() + 1_000_000);
            }
            done.set(true);
            reader.join();

            Recorded.Flown flown = recorded.of(exchange);
            assertThat(flown.end().kind()).isEqualTo(Kind.COMPLETE);
            assertThat(flown.body()).isEqualTo(text);
            assertThat(client.log.fullCount()).isPositive();
            assertThat(client.log.fullNs()).isPositive();
        }
    }

    static void await(CountDownLatch latch) throws IOException {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }
}
