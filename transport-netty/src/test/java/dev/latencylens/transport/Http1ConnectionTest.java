package dev.latencylens.transport;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dev.latencylens.exchange.Exchange;
import dev.latencylens.exchange.Moment;
import dev.latencylens.exchange.TransportEnd.Kind;
import io.netty.handler.codec.DecoderException;
import java.io.IOException;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.net.ssl.SSLException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class Http1ConnectionTest {
    /// A response as the peer sends it, and what must be recorded of it.
    record Reply(
            String name,
            String wire,
            boolean thenCloses,
            int status,
            String body,
            Kind end,
            String detail,
            boolean reused) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static Reply whole(String name, int status, String body, String wire) {
        return new Reply(name, crlf(wire), false, status, body, Kind.COMPLETE, "", true);
    }

    private static Reply last(String name, int status, String body, String wire) {
        return new Reply(name, crlf(wire), false, status, body, Kind.COMPLETE, "", false);
    }

    private static Reply untilClose(String name, int status, String body, String wire) {
        return new Reply(name, crlf(wire), true, status, body, Kind.COMPLETE, "", false);
    }

    private static Reply cut(String name, int status, String body, String wire, String detail) {
        return new Reply(name, crlf(wire), true, status, body, Kind.CUT, detail, false);
    }

    private static Reply malformed(String name, int status, String body, String wire, String detail) {
        return new Reply(name, crlf(wire), false, status, body, Kind.MALFORMED, detail, false);
    }

    /// Text blocks have bare line feeds; `~` stands where the wire has none before the next line.
    private static String crlf(String text) {
        return text.replace("~\n", "").replace("\n", "\r\n");
    }

    static Stream<Reply> replies() {
        return Stream.of(
                whole("content length", 200, "hello", """
                    HTTP/1.1 200 OK
                    content-type: text/plain
                    Content-Length: 5

                    hello\
                    """),
                whole("content length given twice, the same", 200, "hi", """
                    HTTP/1.1 200 OK
                    content-length: 2
                    content-length: 2

                    hi\
                    """),
                whole("content length 0", 503, "", """
                    HTTP/1.1 503 Service Unavailable
                    content-length: 0

                    """),
                whole("no reason phrase", 200, "", """
                    HTTP/1.1 200
                    content-length: 0

                    """),
                whole("chunked", 200, "hello world", """
                    HTTP/1.1 200 OK
                    Transfer-Encoding: Chunked

                    5
                    hello
                    6
                     world
                    0

                    """),
                whole("chunked with extensions and trailers", 200, "0123456789abcdef!", """
                    HTTP/1.1 200 OK
                    transfer-encoding: chunked

                    10;name=value;flag
                    0123456789abcdef
                    0001 ; padded
                    !
                    000;last
                    x-checksum: 1234
                    x-more: a

                    """),
                whole("chunks win over a content length", 200, "ab", """
                    HTTP/1.1 200 OK
                    content-length: 999
                    transfer-encoding: chunked

                    2
                    ab
                    0

                    """),
                whole("interim responses first", 200, "ok", """
                    HTTP/1.1 100 Continue

                    HTTP/1.1 103 Early Hints
                    link: </a>; rel=preload

                    HTTP/1.1 200 OK
                    content-length: 2

                    ok\
                    """),
                whole("204 has no body whatever it says", 204, "", """
                    HTTP/1.1 204 No Content
                    content-length: 7

                    """),
                whole("304 has no body", 304, "", """
                    HTTP/1.1 304 Not Modified

                    """),
                new Reply(
                        "bare line feeds",
                        "HTTP/1.1 200 OK\ntransfer-encoding: chunked\n\n3\nabc\n0\n\n",
                        false,
                        200,
                        "abc",
                        Kind.COMPLETE,
                        "",
                        true),
                last("connection: close", 200, "bye", """
                    HTTP/1.1 200 OK
                    Connection: close
                    content-length: 3

                    bye\
                    """),
                last("HTTP/1.0 closes unless it says otherwise", 200, "old", """
                    HTTP/1.0 200 OK
                    content-length: 3

                    old\
                    """),
                whole("HTTP/1.0 with keep-alive", 200, "old", """
                    HTTP/1.0 200 OK
                    connection: Keep-Alive
                    content-length: 3

                    old\
                    """),
                last("bytes after the end", 200, "hi", """
                    HTTP/1.1 200 OK
                    content-length: 2

                    hi and more\
                    """),
                untilClose("until close", 200, "data: 1\r\n\r\n", """
                    HTTP/1.1 200 OK

                    data: 1

                    """),
                untilClose("until close, empty", 200, "", """
                    HTTP/1.0 200 OK

                    """),
                cut("cut in a body of known length", 200, "hel", """
                        HTTP/1.1 200 OK
                        content-length: 5

                        hel\
                        """, "the peer closed the connection in mid-response"),
                cut("cut in a chunk", 200, "hel", """
                        HTTP/1.1 200 OK
                        transfer-encoding: chunked

                        5
                        hel\
                        """, "the peer closed the connection in mid-response"),
                cut("cut before the last chunk", 200, "hello", """
                    HTTP/1.1 200 OK
                    transfer-encoding: chunked

                    5
                    hello
                    """, "the peer closed the connection in mid-response"),
                malformed(
                        "another protocol",
                        0,
                        "",
                        "SSH-2.0-OpenSSH_9.2\n",
                        "expected an HTTP/1.1 status line, saw 'S'"),
                malformed("HTTP/2 without asking", 0, "", "\0\0\u0006\4\0\0\0\0\0", "saw 'byte 0'"),
                malformed("a newer version", 0, "", "HTTP/2 200\n\n", "expected an HTTP/1.1 status line, saw 'HTTP/2'"),
                malformed(
                        "a status without meaning",
                        0,
                        "",
                        "HTTP/1.1 999 Weird\n\n",
                        "expected an HTTP/1.1 status line, saw 'HTTP/1.1 999 Weird'"),
                malformed(
                        "a field without colon",
                        0,
                        "",
                        "HTTP/1.1 200 OK\nnonsense\n\n",
                        "expected a header field, saw 'nonsense'"),
                malformed(
                        "a folded field",
                        0,
                        "",
                        "HTTP/1.1 200 OK\na: b\n c: d\n\n",
                        "header name must be an HTTP token, was ' c'"),
                malformed(
                        "a control character in a field",
                        0,
                        "",
                        "HTTP/1.1 200 OK\na: b\u0001\n\n",
                        "in the response, header 'a' holds"),
                malformed(
                        "conflicting lengths",
                        0,
                        "",
                        "HTTP/1.1 200 OK\ncontent-length: 5\ncontent-length: 6\n\nhello",
                        "expected one content length, saw '6'"),
                malformed(
                        "a negative length",
                        0,
                        "",
                        "HTTP/1.1 200 OK\ncontent-length: -1\n\n",
                        "expected one content length, saw '-1'"),
                malformed(
                        "a transfer encoding nobody asked for",
                        0,
                        "",
                        "HTTP/1.1 200 OK\ntransfer-encoding: gzip, chunked\n\n",
                        "expected no transfer encoding but chunked, saw 'gzip, chunked'"),
                malformed(
                        "a chunk size that is no number",
                        200,
                        "",
                        "HTTP/1.1 200 OK\ntransfer-encoding: chunked\n\nxyz\n",
                        "expected a chunk size in hexadecimal, saw 'x'"),
                malformed(
                        "an empty chunk size",
                        200,
                        "",
                        "HTTP/1.1 200 OK\ntransfer-encoding: chunked\n\n;a=b\n",
                        "expected a chunk size, saw an empty line"),
                malformed(
                        "an endless chunk size",
                        200,
                        "",
                        "HTTP/1.1 200 OK\ntransfer-encoding: chunked\n\nfffffffffffffffff\n",
                        "a chunk's size is larger than 32 GiB"),
                malformed(
                        "a chunk longer than its size",
                        200,
                        "abc",
                        "HTTP/1.1 200 OK\ntransfer-encoding: chunked\n\n3\nabcd\n",
                        "expected a line break after a chunk, saw 'd'"));
    }

    @ParameterizedTest
    @MethodSource("replies")
    void everySplitOfAResponseIsRecordedAlike(Reply reply) {
        byte[] bytes = reply.wire().getBytes(ISO_8859_1);
        IntStream.rangeClosed(0, bytes.length)
                .forEach(cut -> check(reply, "cut at " + cut, wire -> {
                    if (cut == 0 || cut == bytes.length) {
                        wire.receive(bytes);
                    } else {
                        wire.receiveCut(bytes, cut);
                    }
                }));
        check(reply, "byte by byte", wire -> wire.receiveByteByByte(bytes));
    }

    private static void check(Reply reply, String how, java.util.function.Consumer<OnWire> delivery) {
        OnWire wire = OnWire.http1();
        Exchange exchange = wire.send();
        delivery.accept(wire);
        if (reply.thenCloses()) {
            wire.peerCloses();
        }
        Recorded.Flown flown = wire.flown(exchange);
        assertThat(flown.hasHead() ? flown.head().status() : 0).as(how).isEqualTo(reply.status());
        assertThat(flown.body()).as(how).isEqualTo(reply.body());
        assertThat(flown.end().kind()).as("%s: %s", how, flown).isEqualTo(reply.end());
        assertThat(flown.end().detail()).as(how).contains(reply.detail());
        assertThat(flown.isInOrder()).as("%s: %s", how, flown).isTrue();
        assertThat(wire.isReusable()).as(how).isEqualTo(reply.reused());
        assertThat(wire.retired.isEmpty()).as(how).isEqualTo(reply.reused());
        assertThat(wire.channel.isActive()).as(how).isEqualTo(reply.reused());
    }

    @Test
    void fieldsKeepTheirOrderAndLoseTheirCase() {
        OnWire wire = OnWire.http1();
        Exchange exchange = wire.send();
        wire.receive("HTTP/1.1 200 OK\r\nX-B:  2 \r\nx-a: 1\r\nX-b: 3\r\ncontent-length: 0\r\n\r\n");

        assertThat(wire.flown(exchange).head().headers())
                .extracting(Object::toString)
                .containsExactly("x-b: 2", "x-a: 1", "x-b: 3", "content-length: 0");
    }

    @Test
    void aHeadOf64KibibytesIsReadAndALargerOneRefused() {
        String start = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx-long: ";
        String fits = start + "y".repeat(Http1Head.MAX_BYTES - start.length() - 4) + "\r\n\r\n";

        OnWire wire = OnWire.http1();
        Exchange exchange = wire.send();
        assertThat(wire.receive(fits).flown(exchange).end().kind()).isEqualTo(Kind.COMPLETE);

        OnWire another = OnWire.http1();
        Exchange refused = another.send();
        assertThat(another.receive(fits.replace("yy", "yyy"))
                        .flown(refused)
                        .end()
                        .detail())
                .isEqualTo("the response head is larger than 65536 bytes");
    }

    @Test
    void longChunkExtensionsAndTrailersAreRefused() {
        String head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        for (String rest : List.of("1;" + "e".repeat(9000), "0\r\n" + "t: t\r\n".repeat(2000))) {
            OnWire wire = OnWire.http1();
            Exchange exchange = wire.send();
            assertThat(wire.receive(head + rest).flown(exchange).end().detail()).contains("longer than 8192 bytes");
        }
    }

    @Test
    void aBodyPieceCarriesTheStampOfTheReadThatBroughtIt() {
        OnWire wire = OnWire.http1();
        Exchange exchange = wire.send();
        wire.receive(
                "HTTP/1.1 2",
                "00 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab",
                "\r\n2\r\ncd\r\n2\r\n",
                "ef\r\n0\r\n",
                "\r\n");

        Recorded.Flown flown = wire.flown(exchange);
        long first = flown.atNs(Moment.RESPONSE_START);
        assertThat(flown.bodyAtNs).containsExactly(first + 1, first + 2, first + 3);
        assertThat(flown.atNs(Moment.RESPONSE_END)).isEqualTo(first + 4);
    }

    @Test
    void anotherExchangeGoesOverTheSameConnectionAsReused() {
        OnWire wire = OnWire.http1();
        String reply = "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n";
        Exchange first = wire.send();
        assertThat(wire.isReusable()).isFalse();
        wire.receive(reply + "1");
        Exchange second = wire.send();
        wire.receive(reply + "2");

        assertThat(wire.flown(first).entries)
                .containsExactly(
                        "started",
                        "requestStart",
                        "requestEnd",
                        "new 1.1",
                        "responseStart",
                        "head 200",
                        "body",
                        "responseEnd",
                        "COMPLETE");
        assertThat(wire.flown(second).connectionKind()).isEqualTo("reused");
        assertThat(wire.flown(second).body()).isEqualTo("2");
    }

    @Test
    void bytesThatNobodyAskedForEndTheConnection() {
        OnWire wire = OnWire.http1();
        wire.receive("HTTP/1.1 408 Request Timeout\r\n\r\n");

        assertThat(wire.retired).isEqualTo("by us");
        assertThat(wire.channel.isActive()).isFalse();
    }

    @Test
    void aCloseBeforeTheFirstByteIsACut() {
        OnWire wire = OnWire.http1();
        Exchange exchange = wire.send();
        wire.peerCloses();

        assertThat(wire.flown(exchange).end().kind()).isEqualTo(Kind.CUT);
        assertThat(wire.flown(exchange).end().detail())
                .isEqualTo("the peer closed the connection before the first response byte");
        assertThat(wire.flown(exchange).has(Moment.RESPONSE_END)).isFalse();
        assertThat(wire.retired).isEqualTo("by the peer");
    }

    @Test
    void aBrokenChannelSaysHowItBroke() {
        record Break(Throwable cause, Kind kind, String detail) {}
        for (Break it : List.of(
                new Break(new IOException("Connection reset by peer"), Kind.RESET, "the peer reset the connection"),
                new Break(new IOException("no route"), Kind.RESET, "the connection broke: no route"),
                new Break(
                        new DecoderException(new SSLException("bad record mac")),
                        Kind.RESET,
                        "TLS broke off: bad record mac"),
                new Break(new IllegalStateException("odd"), Kind.MALFORMED, "odd"))) {
            OnWire wire = OnWire.http1();
            Exchange exchange = wire.send();
            wire.breaks(it.cause());

            assertThat(wire.flown(exchange).end().kind()).isEqualTo(it.kind());
            assertThat(wire.flown(exchange).end().detail()).isEqualTo(it.detail());
            assertThat(wire.channel.isActive()).isFalse();
            assertThat(wire.retired).isEqualTo("by the peer");
        }
    }

    @Test
    void anAbandonedExchangeTakesItsConnectionWithIt() {
        OnWire wire = OnWire.http1();
        Exchange exchange = wire.send();
        wire.giveUp(exchange);

        assertThat(wire.channel.isActive()).isFalse();
        assertThat(wire.retired).isEqualTo("by us");
        assertThat(wire.flown(exchange).end().kind()).isEqualTo(Kind.CANCELLED);
    }

    /// Whatever bytes come: no exception leaves the handler, and the flight ends exactly once.
    @ParameterizedTest
    @MethodSource("replies")
    void mutatedResponsesEndExactlyOnce(Reply reply) {
        byte[] valid = reply.wire().getBytes(ISO_8859_1);
        var random = new Random(reply.name().hashCode());
        for (int round = 0; round < 200; round++) {
            endsExactlyOnce(Mutation.of(valid, random), random);
        }
    }

    static void endsExactlyOnce(byte[] bytes, Random random) {
        OnWire wire = OnWire.http1();
        Exchange exchange = wire.send();
        for (int from = 0; from < bytes.length; ) {
            int length = Math.min(bytes.length - from, 1 + random.nextInt(40));
            wire.receive(java.util.Arrays.copyOfRange(bytes, from, from + length));
            from += length;
        }
        wire.peerCloses();
        assertThat(wire.flown(exchange).end()).isNotNull();
        assertThat(wire.retired).isNotEmpty();
        wire.channel.checkException();
    }
}
