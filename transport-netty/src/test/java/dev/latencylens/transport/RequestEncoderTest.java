package dev.latencylens.transport;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dev.latencylens.exchange.EncodedRequest;
import dev.latencylens.exchange.Header;
import dev.latencylens.exchange.Request;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import java.util.List;
import org.junit.jupiter.api.Test;

class RequestEncoderTest {
    private static final Endpoint ENDPOINT = Endpoint.parse("https://api.example.com:8443/v1");

    private static EncodedRequest encoded(Header... headers) {
        byte[] body = "{}".getBytes(ISO_8859_1);
        return new RequestEncoder(ENDPOINT)
                .encode(new Request("POST", "/v1/chat/completions?a=b", List.of(headers), body), "id-1");
    }

    private static Http2Headers decoded(byte[] block) throws Http2Exception {
        return new DefaultHttp2HeadersDecoder(true).decodeHeaders(1, Unpooled.wrappedBuffer(block));
    }

    @Test
    void bothVersionsSayTheSame() throws Http2Exception {
        EncodedRequest request = encoded(Header.of("Content-Type", "application/json"), Header.secret("x-key", "s"));

        assertThat(new String(request.http1Head(), ISO_8859_1)).isEqualTo("""
            POST /v1/chat/completions?a=b HTTP/1.1
            host: api.example.com:8443
            content-type: application/json
            x-key: s
            accept-encoding: identity
            x-request-id: id-1
            content-length: 2

            """.replace("\n", "\r\n"));
        assertThat(decoded(request.http2Block()))
                .extracting(field -> field.getKey() + ": " + field.getValue())
                .containsExactly(
                        ":method: POST",
                        ":scheme: https",
                        ":authority: api.example.com:8443",
                        ":path: /v1/chat/completions?a=b",
                        "content-type: application/json",
                        "x-key: s",
                        "accept-encoding: identity",
                        "x-request-id: id-1",
                        "content-length: 2");
        assertThat(new String(request.body(), ISO_8859_1)).isEqualTo("{}");
    }

    @Test
    void anEncodingIsAcceptedWhenAskedFor() throws Http2Exception {
        EncodedRequest request = encoded(Header.of("Accept-Encoding", "gzip"));

        assertThat(new String(request.http1Head(), ISO_8859_1))
                .contains("accept-encoding: gzip\r\n")
                .doesNotContain("identity");
        assertThat(decoded(request.http2Block()).getAll("accept-encoding")).hasToString("[gzip]");
    }

    @Test
    void whatTheTransportSetsItselfIsNotTakenFromOutside() throws Http2Exception {
        EncodedRequest request = encoded(
                Header.of("Host", "x"),
                Header.of("Content-Length", "99"),
                Header.of("Connection", "close"),
                Header.of("Keep-Alive", "1"),
                Header.of("Transfer-Encoding", "chunked"),
                Header.of("Upgrade", "x"),
                Header.of("TE", "trailers"),
                Header.of("X-Request-Id", "mine"));

        assertThat(new String(request.http1Head(), ISO_8859_1).lines()).hasSize(6);
        assertThat(decoded(request.http2Block())).hasSize(7);
    }

    @Test
    void whatRequestsShareIsNotMixedUpBetweenThem() throws Http2Exception {
        var encoder = new RequestEncoder(ENDPOINT);
        var plain = List.of(Header.of("x-a", "1"));
        byte[] none = {};
        record Case(Request request, String id) {}
        var cases = List.of(
                new Case(new Request("POST", "/a", plain, none), "first"),
                new Case(new Request("POST", "/a", List.of(Header.of("x-a", "1")), new byte[12]), "second"),
                new Case(new Request("POST", "/b", plain, none), "third"),
                new Case(new Request("GET", "/b", plain, none), "fourth"),
                new Case(new Request("GET", "/b", List.of(Header.secret("x-a", "1")), none), "fifth"),
                new Case(new Request("POST", "/a", plain, none), "sixth"));
        for (Case one : cases) {
            EncodedRequest again = encoder.encode(one.request, one.id);
            EncodedRequest alone = new RequestEncoder(ENDPOINT).encode(one.request, one.id);

            assertThat(again.http1Head()).as(one.id).isEqualTo(alone.http1Head());
            assertThat(again.http2Block()).as(one.id).isEqualTo(alone.http2Block());
            assertThat(decoded(again.http2Block()).get("x-request-id")).hasToString(one.id);
            assertThat(decoded(again.http2Block()).getInt("content-length")).isEqualTo(one.request.body().length);
        }
    }

    @Test
    void secretsAreNeverIndexedAndNothingElseIsIndexedEither() {
        byte[] block = encoded(Header.secret("Authorization", "Bearer canary"), Header.of("x-plain", "v"))
                .http2Block();

        // RFC 7541, 6.2.3: a never-indexed literal begins with 0001; authorization is entry 23 of the static
        // table.
        assertThat(indexOf(block, new byte[] {0x10 | 15, 23 - 15})).isPositive();
        // RFC 7541, 6.2.2: a literal without indexing begins with 0000, a new name with 0.
        assertThat(indexOf(block, new byte[] {0, (byte) "x-plain".length()})).isPositive();
        // The block fits any state of the connection: it neither resizes the table nor adds to it, so it
        // decodes twice.
        assertThat(block[0] & 0xE0).isNotEqualTo(0x20);
        var decoder = new DefaultHttp2HeadersDecoder(true);
        for (int i = 0; i < 2; i++) {
            try {
                assertThat(decoder.decodeHeaders(1, Unpooled.wrappedBuffer(block))
                                .get("authorization"))
                        .hasToString("Bearer canary");
            } catch (Http2Exception e) {
                throw new AssertionError(e);
            }
        }
    }

    private static int indexOf(byte[] bytes, byte[] wanted) {
        return new String(bytes, ISO_8859_1).indexOf(new String(wanted, ISO_8859_1));
    }
}
