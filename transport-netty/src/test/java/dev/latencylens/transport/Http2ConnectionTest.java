package dev.latencylens.transport;

import static dev.latencylens.transport.Frames.ACK;
import static dev.latencylens.transport.Frames.CONTINUATION;
import static dev.latencylens.transport.Frames.DATA;
import static dev.latencylens.transport.Frames.END_HEADERS;
import static dev.latencylens.transport.Frames.END_STREAM;
import static dev.latencylens.transport.Frames.GOAWAY;
import static dev.latencylens.transport.Frames.HEADERS;
import static dev.latencylens.transport.Frames.INITIAL_WINDOW_SIZE;
import static dev.latencylens.transport.Frames.MAX_CONCURRENT_STREAMS;
import static dev.latencylens.transport.Frames.MAX_FRAME_SIZE;
import static dev.latencylens.transport.Frames.PADDED;
import static dev.latencylens.transport.Frames.PING;
import static dev.latencylens.transport.Frames.PRIORITY;
import static dev.latencylens.transport.Frames.PUSH_PROMISE;
import static dev.latencylens.transport.Frames.RST_STREAM;
import static dev.latencylens.transport.Frames.SETTINGS;
import static dev.latencylens.transport.Frames.WINDOW_UPDATE;
import static dev.latencylens.transport.Frames.joined;
import static dev.latencylens.transport.Frames.padded;
import static dev.latencylens.transport.Frames.part;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dev.latencylens.exchange.EncodedRequest;
import dev.latencylens.exchange.Exchange;
import dev.latencylens.exchange.Moment;
import dev.latencylens.exchange.TransportEnd.Kind;
import dev.latencylens.transport.Frames.Frame;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class Http2ConnectionTest {
    private static final String PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

    private final Frames server = new Frames();

    /// A connection whose preface has been taken off.
    private static OnWire open() {
        OnWire wire = OnWire.http2();
        wire.sent();
        return wire;
    }

    private static Recorded.Flown answered(OnWire wire, Exchange exchange, byte[]... pieces) {
        return wire.receive(pieces).flown(exchange);
    }

    // What a response may look like.

    record Reply(String name, byte[] wire, String body) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Reply> replies() {
        byte[] block =
                new Frames().block(":status", "200", "content-type", "text/event-stream", "x-long", "y".repeat(99));
        return Stream.of(
                new Reply(
                        "plain",
                        new Frames()
                                .settings()
                                .ok(1)
                                .data(1, 0, "hello ")
                                .data(1, END_STREAM, "world")
                                .bytes(),
                        "hello world"),
                new Reply(
                        "padded DATA",
                        new Frames()
                                .settings()
                                .ok(1)
                                .frame(DATA, PADDED, 1, padded(7, "he"))
                                .frame(DATA, PADDED, 1, padded(0, "l"))
                                .frame(DATA, PADDED, 1, padded(3, ""))
                                .frame(DATA, PADDED | END_STREAM, 1, padded(200, "lo"))
                                .bytes(),
                        "hello"),
                new Reply(
                        "empty DATA",
                        new Frames()
                                .settings()
                                .ok(1)
                                .data(1, 0, "")
                                .data(1, 0, "a")
                                .data(1, 0, "")
                                .data(1, 0, "")
                                .data(1, END_STREAM, "")
                                .bytes(),
                        "a"),
                new Reply(
                        "HEADERS with padding and priority",
                        new Frames()
                                .settings()
                                .frame(
                                        HEADERS,
                                        PADDED | PRIORITY | END_HEADERS,
                                        1,
                                        joined(new byte[] {4, 0, 0, 0, 3, 15}, block, new byte[4]))
                                .data(1, END_STREAM, "x")
                                .bytes(),
                        "x"),
                new Reply(
                        "a block over CONTINUATION frames, one of them empty",
                        new Frames()
                                .settings()
                                .frame(HEADERS, 0, 1, part(block, 0, 3))
                                .frame(CONTINUATION, 0, 1, part(block, 3, 9))
                                .frame(CONTINUATION, 0, 1, part(block, 9, block.length))
                                .frame(CONTINUATION, END_HEADERS, 1, new byte[0])
                                .data(1, END_STREAM, "x")
                                .bytes(),
                        "x"),
                new Reply(
                        "interim response and trailers",
                        new Frames()
                                .settings()
                                .head(1, 0, ":status", "103", "link", "</a>")
                                .ok(1)
                                .data(1, 0, "x")
                                .head(1, END_STREAM, "grpc-status", "0")
                                .bytes(),
                        "x"),
                new Reply(
                        "head without body",
                        new Frames()
                                .settings()
                                .head(1, END_STREAM, ":status", "200")
                                .bytes(),
                        ""),
                new Reply(
                        "unknown frames and settings, PING, priorities, windows in between",
                        new Frames()
                                .settings(0x99, 5, 1, 8192, MAX_CONCURRENT_STREAMS, 7)
                                .frame(SETTINGS, ACK, 0, new byte[0])
                                .frame(0x42, 0xFF, 1, new byte[] {1, 2, 3})
                                .frame(2, 0, 1, new byte[] {0, 0, 0, 0, 9})
                                .ok(1)
                                .frame(PING, 0, 0, "12345678".getBytes(ISO_8859_1))
                                .frame(PING, ACK, 0, "12345678".getBytes(ISO_8859_1))
                                .data(1, 0, "a")
                                .number(WINDOW_UPDATE, 0, 1000)
                                .number(WINDOW_UPDATE, 1, 1000)
                                .number(WINDOW_UPDATE, 77, 1000)
                                .data(99, END_STREAM, "of a stream long gone")
                                .number(RST_STREAM, 99, 8)
                                .data(1, END_STREAM, "b")
                                .bytes(),
                        "ab"));
    }

    @ParameterizedTest
    @MethodSource("replies")
    void everySplitOfAResponseIsRecordedAlike(Reply reply) {
        for (int cut = 1; cut < reply.wire().length; cut++) {
            OnWire wire = OnWire.http2();
            Exchange exchange = wire.send();
            check(reply, "cut at " + cut, wire.receiveCut(reply.wire(), cut), exchange);
        }
        OnWire wire = OnWire.http2();
        Exchange exchange = wire.send();
        check(reply, "byte by byte", wire.receiveByteByByte(reply.wire()), exchange);
        OnWire whole = OnWire.http2();
        Exchange atOnce = whole.send();
        check(reply, "whole", whole.receive(reply.wire()), atOnce);
    }

    private static void check(Reply reply, String how, OnWire wire, Exchange exchange) {
        Recorded.Flown flown = wire.flown(exchange);
        assertThat(flown.end().kind()).as("%s: %s", how, flown).isEqualTo(Kind.COMPLETE);
        assertThat(flown.head().status()).as(how).isEqualTo(200);
        assertThat(flown.body()).as(how).isEqualTo(reply.body());
        assertThat(flown.isInOrder()).as("%s: %s", how, flown).isTrue();
        assertThat(wire.isReusable()).as(how).isTrue();
        List<Frame> answers = framesAfterPreface(wire.sent());
        assertThat(answers)
                .as(how)
                .filteredOn(frame -> frame.type() == SETTINGS && frame.flags() == ACK)
                .hasSize(1);
    }

    private static List<Frame> framesAfterPreface(byte[] sent) {
        assertThat(new String(sent, ISO_8859_1)).startsWith(PREFACE);
        return Frames.read(Arrays.copyOfRange(sent, PREFACE.length(), sent.length));
    }

    @Test
    void theFirstBytesArePrefaceSettingsAndALargeWindow() {
        List<Frame> frames = framesAfterPreface(OnWire.http2().sent());

        assertThat(frames).extracting(Frame::type).containsExactly(SETTINGS, WINDOW_UPDATE);
        assertThat(frames.get(1).number()).isEqualTo(Integer.MAX_VALUE - 65_535);
    }

    @Test
    void laterBlocksMayReferToTheDynamicTable() {
        OnWire wire = open();
        Exchange first = wire.send();
        Exchange second = wire.send();
        byte[] firstHead = server.settings()
                .head(1, END_STREAM, ":status", "200", "x-id", "abc")
                .bytes();
        byte[] secondHead =
                server.head(3, END_STREAM, ":status", "200", "x-id", "abc").bytes();

        assertThat(secondHead.length).isLessThan(firstHead.length);
        assertThat(answered(wire, first, firstHead).head().header("x-id")).contains("abc");
        assertThat(answered(wire, second, secondHead).head().header("x-id")).contains("abc");
    }

    @Test
    void theTableIsKeptInStepByBlocksOfStreamsThatWereGivenUp() {
        OnWire wire = open();
        Exchange first = wire.send();
        Exchange second = wire.send();
        wire.receive(server.settings().bytes());
        wire.giveUp(first);
        wire.receive(server.head(1, 0, ":status", "200", "x-id", "abc").bytes());

        assertThat(answered(
                                wire,
                                second,
                                server.head(3, END_STREAM, ":status", "200", "x-id", "abc")
                                        .bytes())
                        .head()
                        .header("x-id"))
                .contains("abc");
    }

    @Test
    void theHeadIsStampedByItsFirstReadAndTheEndByItsLast() {
        OnWire wire = open();
        Exchange exchange = wire.send();
        wire.receive(server.settings().bytes());
        byte[] head =
                server.head(1, END_STREAM, ":status", "200", "x-id", "abc").bytes();
        wire.receive(part(head, 0, 9), part(head, 9, 12), part(head, 12, head.length));

        Recorded.Flown flown = wire.flown(exchange);
        assertThat(flown.atNs(Moment.RESPONSE_END) - flown.atNs(Moment.RESPONSE_START))
                .isEqualTo(2);
    }

    @Test
    void streamsAreInterleaved() {
        OnWire wire = open();
        Exchange first = wire.send();
        Exchange second = wire.send();
        wire.receive(
                server.settings().ok(3).ok(1).data(3, 0, "b").data(1, 0, "a").bytes());
        wire.receive(server.data(1, END_STREAM, "a").data(3, END_STREAM, "b").bytes());

        assertThat(wire.flown(first).body()).isEqualTo("aa");
        assertThat(wire.flown(second).body()).isEqualTo("bb");
        assertThat(wire.flown(second).connectionKind()).isEqualTo("reused");
    }

    // What a request looks like.

    @Test
    void aRequestWithoutBodyEndsItsStreamAtOnce() {
        OnWire wire = open();
        wire.send();

        List<Frame> frames = Frames.read(wire.sent());
        assertThat(frames).hasSize(1);
        assertThat(frames.getFirst().flags()).isEqualTo(END_HEADERS | END_STREAM);
    }

    @Test
    void aLongHeaderBlockGoesOnInContinuations() {
        OnWire wire = open();
        byte[] block = new byte[40_000];
        wire.send(new Exchange(0, "x", new EncodedRequest(new byte[0], block, new byte[] {1})));

        List<Frame> frames = Frames.read(wire.sent());
        assertThat(frames).extracting(Frame::type).containsExactly(HEADERS, CONTINUATION, CONTINUATION, DATA);
        assertThat(frames).extracting(Frame::flags).containsExactly(0, 0, END_HEADERS, END_STREAM);
        assertThat(frames).extracting(frame -> frame.payload().length).containsExactly(16_384, 16_384, 7_232, 1);
    }

    @Test
    void aBodyBeyondTheWindowGoesOnWhenTheWindowGrows() {
        OnWire wire = open();
        byte[] body = randomBytes(200_000);
        Exchange exchange = wire.send(OnWire.exchange(body));

        List<Frame> first = Frames.read(wire.sent());
        assertThat(Frames.dataOf(1, first)).hasSize(65_535);
        assertThat(first).filteredOn(frame -> frame.type() == DATA).allMatch(frame -> frame.payload().length <= 16_384);
        assertThat(wire.flown(exchange).has(Moment.REQUEST_START)).isTrue();
        assertThat(wire.flown(exchange).has(Moment.REQUEST_END)).isFalse();

        // The stream's window alone lets nothing out.
        wire.receive(server.settings().number(WINDOW_UPDATE, 1, 1_000_000).bytes());
        assertThat(Frames.dataOf(1, Frames.read(wire.sent()))).isEmpty();
        wire.receive(server.number(WINDOW_UPDATE, 0, 100_000).bytes());
        assertThat(Frames.dataOf(1, Frames.read(wire.sent()))).hasSize(100_000);
        wire.receive(server.number(WINDOW_UPDATE, 0, 1_000_000).bytes());
        List<Frame> last = Frames.read(wire.sent());

        assertThat(Frames.dataOf(1, last)).isEqualTo(part(body, 165_535, 200_000));
        assertThat(last.getLast().endsStream()).isTrue();
        assertThat(wire.flown(exchange).has(Moment.REQUEST_END)).isTrue();
        assertThat(answered(
                                wire,
                                exchange,
                                server.ok(1).data(1, END_STREAM, "x").bytes())
                        .end()
                        .kind())
                .isEqualTo(Kind.COMPLETE);
    }

    @Test
    void bodiesShareTheConnectionsWindowOldestFirst() {
        OnWire wire = open();
        wire.send(OnWire.exchange(randomBytes(70_000)));
        wire.send(OnWire.exchange(randomBytes(10)));
        List<Frame> before = Frames.read(wire.sent());
        assertThat(Frames.dataOf(1, before)).hasSize(65_535);
        assertThat(Frames.dataOf(3, before)).isEmpty();

        wire.receive(server.settings(INITIAL_WINDOW_SIZE, 1_000_000)
                .number(WINDOW_UPDATE, 0, 4_470)
                .bytes());
        List<Frame> after = Frames.read(wire.sent());
        assertThat(Frames.dataOf(1, after)).hasSize(4_465);
        assertThat(Frames.dataOf(3, after)).hasSize(5);
        wire.receive(server.number(WINDOW_UPDATE, 0, 5).bytes());
        assertThat(Frames.read(wire.sent()).getLast().endsStream()).isTrue();
    }

    @Test
    void aSmallerInitialWindowCountsForBodiesUnderWay() {
        OnWire wire = open();
        Exchange exchange = wire.send(OnWire.exchange(randomBytes(80_000)));
        wire.sent();
        // 65,535 have gone out; the stream's window is now 1,000 - 65,535.
        wire.receive(server.settings(INITIAL_WINDOW_SIZE, 1_000)
                .number(WINDOW_UPDATE, 0, 1_000_000)
                .number(WINDOW_UPDATE, 1, 64_535)
                .bytes());
        assertThat(Frames.dataOf(1, Frames.read(wire.sent()))).isEmpty();
        wire.receive(server.number(WINDOW_UPDATE, 1, 5).bytes());
        assertThat(Frames.dataOf(1, Frames.read(wire.sent()))).hasSize(5);
        wire.receive(server.settings(INITIAL_WINDOW_SIZE, 3_000).bytes());
        assertThat(Frames.dataOf(1, Frames.read(wire.sent()))).hasSize(2_000);
        wire.receive(server.number(WINDOW_UPDATE, 1, 1_000_000).bytes());

        assertThat(Frames.dataOf(1, Frames.read(wire.sent()))).hasSize(80_000 - 65_535 - 2_005);
        assertThat(wire.flown(exchange).has(Moment.REQUEST_END)).isTrue();
    }

    @Test
    void newStreamsBeginWithTheServersInitialWindowAndFrameSize() {
        OnWire wire = open();
        wire.receive(server.settings(INITIAL_WINDOW_SIZE, 40_000, MAX_FRAME_SIZE, 30_000)
                .number(WINDOW_UPDATE, 0, 1_000_000)
                .bytes());
        wire.sent();
        wire.send(OnWire.exchange(randomBytes(100_000)));

        assertThat(Frames.read(wire.sent()))
                .filteredOn(frame -> frame.type() == DATA)
                .extracting(frame -> frame.payload().length)
                .containsExactly(30_000, 10_000);
    }

    @Test
    void theReceiveWindowIsOpenedAgainBeforeItCloses() {
        OnWire wire = open();
        Exchange exchange = wire.send();
        wire.receive(server.settings().ok(1).bytes());
        wire.sent();
        byte[] data = server.frame(DATA, 0, 1, new byte[16_384]).bytes();
        long toGo = 1L << 30;
        while (toGo > 0) {
            wire.receive(data);
            toGo -= 16_384;
        }

        List<Frame> updates = Frames.read(wire.sent());
        assertThat(updates)
                .extracting(Frame::toString)
                .containsExactly("type 8 flags 0 stream 0 length 4", "type 8 flags 0 stream 1 length 4");
        assertThat(updates).extracting(Frame::number).containsOnly(1 << 30);
        assertThat(wire.flown(exchange).bodyBytes()).isEqualTo(1L << 30);
    }

    @Test
    void aPingIsAnsweredWithItsOwnBytes() {
        OnWire wire = open();
        wire.receive(server.settings()
                .frame(PING, 0, 0, "abcdefgh".getBytes(ISO_8859_1))
                .bytes());

        Frame pong = Frames.read(wire.sent()).getLast();
        assertThat(pong.type()).isEqualTo(PING);
        assertThat(pong.flags()).isEqualTo(ACK);
        assertThat(new String(pong.payload(), ISO_8859_1)).isEqualTo("abcdefgh");
    }

    @Test
    void roomIsTheSmallerOfOurLimitAndTheServers() {
        OnWire wire = OnWire.http2(10);
        assertThat(wire.connection.room()).isEqualTo(10);
        wire.receive(server.settings(MAX_CONCURRENT_STREAMS, 2).bytes());
        Exchange exchange = wire.send();
        wire.send();
        assertThat(wire.connection.room()).isZero();
        wire.receive(server.settings(MAX_CONCURRENT_STREAMS, 1).bytes());
        assertThat(wire.isReusable()).isFalse();
        wire.receive(server.ok(1).data(1, END_STREAM, "").bytes());
        assertThat(wire.flown(exchange).hasEnded()).isTrue();
        assertThat(wire.isReusable()).isFalse();
        wire.receive(server.settings(MAX_CONCURRENT_STREAMS, -1).bytes());
        assertThat(wire.connection.room()).isEqualTo(9);
    }

    // Ends.

    @Test
    void anAnswerBeforeTheWholeRequestEndsTheExchangeAndTheSending() {
        OnWire wire = open();
        Exchange exchange = wire.send(OnWire.exchange(randomBytes(100_000)));
        wire.receive(server.settings().bytes());
        wire.sent();
        wire.receive(server.head(1, END_STREAM, ":status", "413").bytes());

        assertThat(wire.flown(exchange).end().kind()).isEqualTo(Kind.COMPLETE);
        assertThat(wire.flown(exchange).has(Moment.REQUEST_END)).isFalse();
        List<Frame> sent = Frames.read(wire.sent());
        assertThat(sent).hasSize(1);
        assertThat(sent.getFirst().is(RST_STREAM, 1)).isTrue();
        assertThat(sent.getFirst().number()).isZero();
        wire.receive(server.number(WINDOW_UPDATE, 0, 1_000_000).bytes());
        assertThat(wire.sent()).isEmpty();
        assertThat(wire.isReusable()).isTrue();
    }

    @Test
    void aResetStreamIsAResetOfItsExchangeAlone() {
        OnWire wire = open();
        Exchange first = wire.send();
        Exchange second = wire.send(OnWire.exchange(randomBytes(100_000)));
        Exchange third = wire.send();
        wire.receive(server.settings()
                .ok(1)
                .data(1, 0, "partial")
                .number(RST_STREAM, 1, 2)
                .bytes());
        wire.receive(server.number(RST_STREAM, 3, 7).bytes());

        assertThat(wire.flown(first).end().kind()).isEqualTo(Kind.RESET);
        assertThat(wire.flown(first).end().detail())
                .isEqualTo("the server reset the stream (RST_STREAM INTERNAL_ERROR)");
        assertThat(wire.flown(first).body()).isEqualTo("partial");
        assertThat(wire.flown(second).end().detail()).contains("REFUSED_STREAM");
        assertThat(wire.flown(third).hasEnded()).isFalse();
        assertThat(wire.isReusable()).isTrue();
    }

    @Test
    void anUnknownErrorCodeIsShownAsANumber() {
        OnWire wire = open();
        Exchange exchange = wire.send();

        assertThat(answered(
                                wire,
                                exchange,
                                server.settings().number(RST_STREAM, 1, 0xBEEF).bytes())
                        .end()
                        .detail())
                .contains("RST_STREAM 0xbeef");
    }

    @Test
    void goAwayEndsOnlyTheStreamsAboveIt() {
        OnWire wire = open();
        Exchange first = wire.send();
        Exchange second = wire.send();
        wire.receive(server.settings().goAway(1, 0xb).ok(1).data(1, 0, "a").bytes());

        assertThat(wire.retired).isEqualTo("by the peer");
        assertThat(wire.flown(second).end().kind()).isEqualTo(Kind.RESET);
        assertThat(wire.flown(second).end().detail())
                .isEqualTo("the server refused the stream (GOAWAY ENHANCE_YOUR_CALM)");
        assertThat(wire.flown(first).hasEnded()).isFalse();
        assertThat(wire.isReusable()).isFalse();
        wire.receive(server.data(1, END_STREAM, "b").bytes());
        assertThat(wire.flown(first).end().kind()).isEqualTo(Kind.COMPLETE);
        assertThat(wire.flown(first).body()).isEqualTo("ab");
        assertThat(wire.channel.isActive()).isFalse();
    }

    @Test
    void aConnectionThatIsToCloseDoesSoAlsoWhenItsLastStreamIsReset() {
        OnWire wire = open();
        Exchange last = wire.send();
        wire.receive(server.settings().goAway(1, 0).ok(1).data(1, 0, "a").bytes());
        assertThat(wire.channel.isActive()).isTrue();

        wire.receive(server.number(RST_STREAM, 1, 8).bytes());

        assertThat(wire.flown(last).end().kind()).isEqualTo(Kind.RESET);
        assertThat(wire.channel.isActive()).isFalse();
    }

    @Test
    void goAwayOnAnIdleConnectionClosesIt() {
        OnWire wire = open();
        wire.receive(server.settings().goAway(Integer.MAX_VALUE, 0).bytes());

        assertThat(wire.retired).isEqualTo("by the peer");
        assertThat(wire.channel.isActive()).isFalse();
    }

    @Test
    void anAbandonedExchangeCancelsItsStreamAndLeavesTheConnection() {
        OnWire wire = open();
        Exchange exchange = wire.send();
        wire.sent();
        wire.giveUp(exchange);

        Frame reset = Frames.read(wire.sent()).getFirst();
        assertThat(reset.is(RST_STREAM, 1)).isTrue();
        assertThat(reset.number()).isEqualTo(8);
        // Its late frames are for nobody.
        wire.receive(server.settings().ok(1).data(1, 0, "late").bytes());
        assertThat(wire.flown(exchange).body()).isEmpty();
        assertThat(wire.isReusable()).isTrue();
    }

    @Test
    void anExchangeAbandonedInTheMidstOfADataFrameGetsNoMoreOfIt() {
        OnWire wire = open();
        Exchange exchange = wire.send();
        byte[] data = server.settings().ok(1).data(1, 0, "0123456789").bytes();
        wire.receive(part(data, 0, data.length - 5));
        wire.giveUp(exchange);
        wire.receive(part(data, data.length - 5, data.length));

        assertThat(wire.flown(exchange).body()).isEqualTo("01234");
        assertThat(wire.isReusable()).isTrue();
    }

    @Test
    void aCloseCutsEveryExchange() {
        OnWire wire = open();
        Exchange first = wire.send();
        Exchange second = wire.send();
        wire.receive(server.settings().ok(1).bytes());
        wire.peerCloses();

        assertThat(wire.flown(first).end().detail()).isEqualTo("the peer closed the connection in mid-response");
        assertThat(wire.flown(second).end().detail())
                .isEqualTo("the peer closed the connection before the first response byte");
        assertThat(wire.retired).isEqualTo("by the peer");
    }

    @Test
    void aBrokenChannelResetsEveryExchange() {
        OnWire wire = open();
        Exchange exchange = wire.send();
        wire.breaks(new IOException("Connection reset by peer"));

        assertThat(wire.flown(exchange).end().kind()).isEqualTo(Kind.RESET);
        assertThat(wire.channel.isActive()).isFalse();
    }

    // What no server may send.

    record Wrong(String name, byte[] wire, String detail) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Wrong> wrongs() {
        byte[] big = new byte[16_385];
        return Stream.of(
                new Wrong(
                        "HTTP/1.1",
                        "HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(ISO_8859_1),
                        "expected HTTP/2, saw 'HTTP/': the server speaks HTTP/1.1; use --http 1.1"),
                new Wrong(
                        "an oversize frame",
                        new Frames().settings().frame(DATA, 0, 1, big).bytes(),
                        "expected HTTP/2 frames of at most 16384 bytes, saw one of type 0 with 16385"),
                new Wrong(
                        "a pushed stream",
                        new Frames()
                                .frame(PUSH_PROMISE, END_HEADERS, 1, new byte[] {0, 0, 0, 2})
                                .bytes(),
                        "the server pushed a stream although push is switched off"),
                new Wrong(
                        "CONTINUATION out of the blue",
                        new Frames()
                                .frame(CONTINUATION, END_HEADERS, 1, new byte[1])
                                .bytes(),
                        "saw CONTINUATION without HEADERS on stream 1"),
                new Wrong(
                        "a frame inside a header block",
                        new Frames()
                                .frame(HEADERS, 0, 1, new byte[1])
                                .data(1, 0, "x")
                                .bytes(),
                        "expected CONTINUATION of stream 1, saw a frame of type 0 on stream 1"),
                new Wrong(
                        "a block that is no HPACK",
                        new Frames()
                                .frame(HEADERS, END_HEADERS, 1, new byte[] {(byte) 0xFF, (byte) 0xFF, 1})
                                .bytes(),
                        "a header block cannot be read"),
                new Wrong(
                        "a status that is no number",
                        new Frames().head(1, 0, ":status", "2x0").bytes(),
                        "expected a status of three digits, saw '2x0'"),
                new Wrong(
                        "a field name that is no token",
                        new Frames().head(1, 0, ":status", "200", "a b", "c").bytes(),
                        "in the response, header name must be an HTTP token, was 'a b'"),
                new Wrong(
                        "an empty field name",
                        new Frames().head(1, 0, ":status", "200", "", "c").bytes(),
                        "in the response, header name must be an HTTP token, was ''"),
                new Wrong(
                        "padding longer than its DATA",
                        new Frames().frame(DATA, PADDED, 1, new byte[] {9, 0}).bytes(),
                        "expected padding inside its DATA frame, saw 9 bytes of it"),
                new Wrong(
                        "padded DATA without a padding length",
                        new Frames().frame(DATA, PADDED, 1, new byte[0]).bytes(),
                        "expected the length of the padding in a padded DATA frame, saw an empty frame"),
                new Wrong(
                        "padding longer than its HEADERS",
                        new Frames()
                                .frame(HEADERS, PADDED | END_HEADERS, 1, new byte[] {9, 0})
                                .bytes(),
                        "too short: expected 9 bytes more, saw 1"),
                new Wrong(
                        "a short GOAWAY",
                        new Frames().frame(GOAWAY, 0, 0, new byte[7]).bytes(),
                        "an HTTP/2 frame of type 7 is too short: expected 8 bytes more, saw 7"),
                new Wrong(
                        "an initial window beyond the largest",
                        new Frames().settings(INITIAL_WINDOW_SIZE, -1).bytes(),
                        "the server's initial window is too large: 4294967295"),
                new Wrong(
                        "a stream's window beyond the largest",
                        new Frames()
                                .settings()
                                .number(WINDOW_UPDATE, 1, Integer.MAX_VALUE)
                                .number(WINDOW_UPDATE, 1, 1)
                                .bytes(),
                        "the window of stream 1 grew beyond 2147483647 bytes, by 1"));
    }

    @ParameterizedTest
    @MethodSource("wrongs")
    void whatNoServerMaySendEndsEveryExchangeAsMalformed(Wrong wrong) {
        OnWire wire = open();
        Exchange first = wire.send(OnWire.exchange(randomBytes(70_000)));
        Exchange second = wire.send();
        wire.receiveByteByByte(wrong.wire());

        assertThat(wire.flown(first).end().kind()).isEqualTo(Kind.MALFORMED);
        assertThat(wire.flown(first).end().detail()).contains(wrong.detail());
        assertThat(wire.flown(second).end().kind()).isEqualTo(Kind.MALFORMED);
        assertThat(wire.channel.isActive()).isFalse();
        List<Frame> sent = Frames.read(wire.sent());
        assertThat(sent.getLast().type()).isEqualTo(GOAWAY);
        wire.channel.checkException();
    }

    @Test
    void aHeaderBlockWithoutEndIsRefused() {
        OnWire wire = open();
        Exchange exchange = wire.send();
        wire.receive(server.settings().frame(HEADERS, 0, 1, new byte[16_384]).bytes());
        for (int i = 0; i < 16; i++) {
            wire.receive(server.frame(CONTINUATION, 0, 1, new byte[16_384]).bytes());
        }

        assertThat(wire.flown(exchange).end().detail()).isEqualTo("a header block is larger than 262144 bytes");
    }

    @Test
    void aStreamThatEndsWithoutAStatusIsNoResponse() {
        for (byte[] nothing : List.of(
                new Frames().settings().data(1, END_STREAM, "body without head").bytes(),
                new Frames()
                        .settings()
                        .head(1, END_STREAM, "content-type", "text/plain")
                        .bytes())) {
            OnWire wire = open();
            Exchange exchange = wire.send();

            assertThat(answered(wire, exchange, nothing).end().kind()).isEqualTo(Kind.MALFORMED);
            assertThat(wire.flown(exchange).end().detail())
                    .isEqualTo("expected a response, saw the stream end without a status");
        }
    }

    /// Whatever bytes come: no exception leaves the handler, and the flights end exactly once.
    @ParameterizedTest
    @MethodSource("replies")
    void mutatedResponsesEndExactlyOnce(Reply reply) {
        var random = new Random(reply.name().hashCode());
        for (int round = 0; round < 500; round++) {
            endsExactlyOnce(Mutation.of(reply.wire(), random), random);
        }
    }

    static void endsExactlyOnce(byte[] bytes, Random random) {
        OnWire wire = OnWire.http2();
        Exchange first = wire.send(OnWire.exchange(new byte[70_000]));
        Exchange second = wire.send();
        for (int from = 0; from < bytes.length; ) {
            int length = Math.min(bytes.length - from, 1 + random.nextInt(40));
            wire.receive(part(bytes, from, from + length));
            from += length;
        }
        wire.peerCloses();
        assertThat(wire.flown(first).end()).isNotNull();
        assertThat(wire.flown(second).end()).isNotNull();
        assertThat(wire.retired).isNotEmpty();
        wire.channel.checkException();
    }

    private static byte[] randomBytes(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }
}
