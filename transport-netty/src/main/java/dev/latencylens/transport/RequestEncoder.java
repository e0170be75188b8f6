package dev.latencylens.transport;

import dev.latencylens.exchange.EncodedRequest;
import dev.latencylens.exchange.Header;
import dev.latencylens.exchange.Request;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersEncoder;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/// Puts a request into the bytes of both HTTP versions, ahead of the instant at which it is due.
///
/// The HTTP/2 header block uses no dynamic table, so it fits every connection in any state, and marks secret
/// values as
/// never to be indexed (RFC 7541, 7.1.3). What a request shares with the one before it is encoded once:
/// mostly all but
/// its id and the length of its body. Used by one thread at a time.
public final class RequestEncoder {
    /// Fields that HTTP/2 forbids or that the transport sets itself (RFC 9113, 8.2.2).
    private static final Set<String> NOT_FROM_OUTSIDE = Set.of(
            "host", "content-length", "connection", "keep-alive", "transfer-encoding", "upgrade", "te", "x-request-id");

    private final Endpoint endpoint;
    private Shared shared = new Shared("", "", List.of(), new byte[0], new byte[0]);

    public RequestEncoder(Endpoint endpoint) {
        this.endpoint = endpoint;
    }

    /// @param requestId sent as `X-Request-Id`
    public EncodedRequest encode(Request request, String requestId) {
        if (!shared.isOf(request)) {
            shared = shared(request);
        }
        String length = Integer.toString(request.body().length);
        byte[] http1Tail = ("x-request-id: " + requestId + "\r\ncontent-length: " + length + "\r\n\r\n")
                .getBytes(StandardCharsets.ISO_8859_1);
        byte[] http2Tail = block(
                new DefaultHttp2Headers(false).add("x-request-id", requestId).add("content-length", length), List.of());
        return new EncodedRequest(
                joined(shared.http1Head, http1Tail), joined(shared.http2Block, http2Tail), request.body());
    }

    private Shared shared(Request request) {
        var head = new StringBuilder(512)
                .append(request.method())
                .append(' ')
                .append(request.target())
                .append(" HTTP/1.1\r\nhost: ")
                .append(endpoint.authority())
                .append("\r\n");
        Http2Headers headers = new DefaultHttp2Headers(false)
                .method(request.method())
                .scheme(endpoint.scheme())
                .authority(endpoint.authority())
                .path(request.target());
        boolean encodingSet = false;
        for (Header header : request.headers()) {
            if (!NOT_FROM_OUTSIDE.contains(header.name())) {
                head.append(header.name()).append(": ").append(header.value()).append("\r\n");
                headers.add(header.name(), header.value());
                encodingSet |= header.name().equals("accept-encoding");
            }
        }
        if (!encodingSet) {
            head.append("accept-encoding: identity\r\n");
            headers.add("accept-encoding", "identity");
        }
        return new Shared(
                request.method(),
                request.target(),
                request.headers(),
                head.toString().getBytes(StandardCharsets.ISO_8859_1),
                block(headers, request.headers()));
    }

    private static byte[] block(Http2Headers headers, List<Header> given) {
        ByteBuf block = Unpooled.buffer(512);
        try (var encoder = new DefaultHttp2HeadersEncoder(secretsOf(given), true)) {
            encoder.maxHeaderTableSize(0);
            encoder.encodeHeaders(1, headers, block);
        } catch (Http2Exception e) {
            throw new IllegalArgumentException(
                    "the request's headers cannot be sent over HTTP/2: " + e.getMessage(), e);
        }
        return withoutTableSizeUpdate(ByteBufUtil.getBytes(block));
    }

    private static Http2HeadersEncoder.SensitivityDetector secretsOf(List<Header> headers) {
        return (name, value) -> headers.stream()
                .anyMatch(header -> header.secret() && header.name().contentEquals(name));
    }

    /// A change of the table's size belongs at the front of a connection's first block only (RFC 7541, 4.2);
    /// a peer
    /// that sees none assumes 4,096, of which this encoder uses nothing.
    private static byte[] withoutTableSizeUpdate(byte[] block) {
        int start = 0;
        while (start < block.length && (block[start] & 0xE0) == 0x20) {
            start++;
        }
        return start == 0 ? block : Arrays.copyOfRange(block, start, block.length);
    }

    private static byte[] joined(byte[] first, byte[] second) {
        byte[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }

    /// What requests of the same method, target and fields have in common.
    private record Shared(String method, String target, List<Header> headers, byte[] http1Head, byte[] http2Block) {
        boolean isOf(Request request) {
            return headers.equals(request.headers())
                    && target.equals(request.target())
                    && method.equals(request.method());
        }
    }
}
