package dev.latencylens.transport;

import static dev.latencylens.exchange.Moment.CONNECT_END;
import static dev.latencylens.exchange.Moment.CONNECT_START;
import static dev.latencylens.exchange.Moment.REQUEST_END;
import static dev.latencylens.exchange.Moment.REQUEST_START;
import static dev.latencylens.exchange.Moment.RESPONSE_END;
import static dev.latencylens.exchange.Moment.RESPONSE_START;
import static dev.latencylens.exchange.Moment.SECURE_CONNECTION_START;
import static dev.latencylens.exchange.Moment.STARTED;
import static org.assertj.core.api.Assertions.assertThat;

import dev.latencylens.exchange.Exchange;
import dev.latencylens.exchange.TransportEnd.Kind;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class Http2EndToEndTest {
    /// Reads requests until so many are there, then answers them all, the latest first.
    private static Peer.Script answeringTogether(int requests) {
        return line -> {
            var frames = new Frames();
            line.preface();
            line.write(frames.settings().bytes());
            for (int first = 1; ; first += 2 * requests) {
                for (int i = 0; i < requests; i++) {
                    line.endOfRequest(first + 2 * i);
                }
                for (int i = requests - 1; i >= 0; i--) {
                    int stream = first + 2 * i;
                    frames.ok(stream).data(stream, Frames.END_STREAM, "stream " + stream);
                }
                line.write(frames.bytes());
            }
        };
    }

    private static Client.Plan priorKnowledge(Peer peer) {
        return Client.to(peer).http(HttpVersion.HTTP_2);
    }

    @ParameterizedTest
    @EnumSource(SocketKind.class)
    void manyExchangesShareOneConnection(SocketKind sockets) {
        org.assertj.core.api.Assumptions.assumeThat(sockets.unavailable())
                .as("%s is unavailable here: %s", sockets.label(), sockets.unavailable())
                .isNull();
        try (Peer peer = Peer.serving(answeringTogether(50));
                Client client = priorKnowledge(peer).over(sockets).open()) {
            List<Exchange> first =
                    IntStream.range(0, 50).mapToObj(client::start).toList();
            for (Exchange exchange : first) {
                Recorded.Flown flown = client.await(exchange);
                assertThat(flown.end().kind()).as(flown.toString()).isEqualTo(Kind.COMPLETE);
                assertThat(flown.connectionKind()).isEqualTo("new");
                assertThat(flown.connection().httpVersion()).isEqualTo("2");
                assertThat(flown.isInOrder()).as(flown.toString()).isTrue();
                assertThat(flown.body()).isEqualTo("stream " + (2 * exchange.number() + 1));
            }
            List<Exchange> second =
                    IntStream.range(0, 50).mapToObj(client::start).toList();
            for (Exchange exchange : second) {
                assertThat(client.await(exchange).moments())
                        .containsExactly(STARTED, REQUEST_START, REQUEST_END, RESPONSE_START, RESPONSE_END);
                assertThat(client.flown(exchange).connectionKind()).isEqualTo("reused");
            }
            assertThat(peer.connections()).isEqualTo(1);
        }
    }

    @Test
    void flightsThatWaitedHaveThePhasesTheyLivedThrough() {
        try (Peer peer = Peer.serving(answeringTogether(2));
                Client client = priorKnowledge(peer).open()) {
            Exchange dialling = client.start();
            Exchange waiting = client.start();

            assertThat(client.await(dialling).moments())
                    .containsExactly(
                            STARTED,
                            CONNECT_START,
                            CONNECT_END,
                            REQUEST_START,
                            REQUEST_END,
                            RESPONSE_START,
                            RESPONSE_END);
            // The connection had begun to be opened before it came.
            assertThat(client.await(waiting).moments())
                    .containsExactly(STARTED, REQUEST_START, REQUEST_END, RESPONSE_START, RESPONSE_END);
            assertThat(client.flown(waiting).connectionKind()).isEqualTo("new");
            assertThat(client.flown(waiting).has(SECURE_CONNECTION_START)).isFalse();
        }
    }

    @Test
    void moreExchangesThanStreamsTakeMoreConnections() {
        try (Peer peer = Peer.serving(answeringTogether(4));
                Client client = priorKnowledge(peer).maxStreams(4).open()) {
            List<Exchange> all = IntStream.range(0, 12).mapToObj(client::start).toList();
            Set<Long> connections = new HashSet<>();
            for (Exchange exchange : all) {
                assertThat(client.await(exchange).end().kind()).isEqualTo(Kind.COMPLETE);
                connections.add(client.flown(exchange).connection().number());
            }
            assertThat(connections).hasSize(3);
            assertThat(peer.connections()).isEqualTo(3);
        }
    }

    @Test
    void aServersLowerLimitTakesMoreConnections() {
        try (Peer peer = Peer.serving(line -> {
                    var frames = new Frames();
                    line.preface();
                    line.write(frames.settings(Frames.MAX_CONCURRENT_STREAMS, 1).bytes());
                    for (int stream = 1; ; stream += 2) {
                        line.endOfRequest(stream);
                        line.write(frames.ok(stream)
                                .data(stream, Frames.END_STREAM, "x")
                                .bytes());
                    }
                });
                Client client = priorKnowledge(peer).open()) {
            client.send();
            Exchange first = client.start();
            Exchange second = client.start();

            assertThat(client.await(first).connectionKind()).isEqualTo("reused");
            assertThat(client.await(second).connectionKind()).isEqualTo("new");
        }
    }

    @Test
    void afterGoAwayTheNextExchangeGoesOverANewConnection() {
        try (Peer peer = Peer.serving(line -> {
                    var frames = new Frames();
                    line.preface();
                    line.write(frames.settings().bytes());
                    line.endOfRequest(1);
                    line.write(frames.goAway(1, 0)
                            .ok(1)
                            .data(1, Frames.END_STREAM, "last")
                            .bytes());
                    line.awaitClose();
                });
                Client client = priorKnowledge(peer).open()) {
            for (int i = 0; i < 3; i++) {
                Recorded.Flown flown = client.send();
                assertThat(flown.body()).isEqualTo("last");
                assertThat(flown.connectionKind()).isEqualTo("new");
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Reuse.class,
            names = {"NEVER", "STICKY"})
    void reuseIsAsAskedOverHttp2Too(Reuse reuse) {
        try (Peer peer = Peer.serving(answeringTogether(1));
                Client client = priorKnowledge(peer).reuse(reuse).open()) {
            List<String> kinds = List.of(
                    client.send(1).connectionKind(),
                    client.send(1).connectionKind(),
                    client.send(2).connectionKind());

            assertThat(kinds).containsExactly("new", reuse == Reuse.NEVER ? "new" : "reused", "new");
        }
    }

    @Test
    void oneExchangeTimesOutAndTheOthersGoOn() {
        var mayAnswer = new CountDownLatch(1);
        try (Peer peer = Peer.serving(line -> {
                    var frames = new Frames();
                    line.preface();
                    line.write(frames.settings().bytes());
                    line.endOfRequest(1);
                    line.endOfRequest(3);
                    line.write(frames.ok(1).bytes());
                    NettyTransportTest.await(mayAnswer);
                    line.write(frames.data(1, Frames.END_STREAM, "late").bytes());
                    line.awaitClose();
                });
                Client client = priorKnowledge(peer)
                        .timeouts(Client.timeouts(9000, 60, 9000, 9000))
                        .open()) {
            Exchange answered = client.start();
            Exchange unanswered = client.start();

            assertThat(client.await(unanswered).end().detail()).startsWith("first byte: ");
            mayAnswer.countDown();
            assertThat(client.await(answered).body()).isEqualTo("late");
            assertThat(peer.connections()).isEqualTo(1);
        }
    }

    /// It goes on reading, so that only this side can end the connection.
    @Test
    void aServerThatOnlyStopsSendingCutsEveryStreamThatHasNotEnded() {
        var closed = new CountDownLatch(1);
        try (Peer peer = Peer.serving(line -> {
                    var frames = new Frames();
                    line.preface();
                    line.write(frames.settings().bytes());
                    line.endOfRequest(1);
                    line.endOfRequest(3);
                    line.write(frames.ok(1)
                            .data(1, 0, "cut")
                            .ok(3)
                            .data(3, Frames.END_STREAM, "whole")
                            .bytes());
                    line.socket.shutdownOutput();
                    line.awaitClose();
                    closed.countDown();
                });
                Client client = priorKnowledge(peer).open()) {
            Exchange first = client.start();
            Exchange second = client.start();

            Recorded.Flown cut = client.await(first);
            assertThat(cut.end().kind()).as(cut.toString()).isEqualTo(Kind.CUT);
            assertThat(cut.body()).isEqualTo("cut");
            Recorded.Flown whole = client.await(second);
            assertThat(whole.end().kind()).as(whole.toString()).isEqualTo(Kind.COMPLETE);
            assertThat(whole.body()).isEqualTo("whole");
            client.pollUntil("the close", () -> closed.getCount() == 0);
        }
    }

    @Test
    void aServerOfHttp1IsNamedAsSuch() {
        try (Peer peer = Peer.serving(line -> {
                    line.write("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
                    line.awaitClose();
                });
                Client client = priorKnowledge(peer).open()) {
            Recorded.Flown flown = client.send();

            assertThat(flown.end().kind()).isEqualTo(Kind.MALFORMED);
            assertThat(flown.end().detail())
                    .isEqualTo("expected HTTP/2, saw 'HTTP/': the server speaks HTTP/1.1; use --http 1.1");
        }
    }
}
