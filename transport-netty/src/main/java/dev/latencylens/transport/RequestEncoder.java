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
import java.util.Set;

/// Puts a request into the bytes of both HTTP versions, ahead of the instant at which it is due.
///
/// The HTTP/2 header block uses no dynamic table, so it fits every connection in any state, and marks secret values as
/// never to be indexed (RFC 7541, 7.1.3). Used by one thread at a time.
public final class RequestEncoder {
    /// Fields that HTTP/2 forbids or that the transport sets itself (RFC 9113, 8.2.2).
    private static final Set<String> NOT_FROM_OUTSIDE =
            Set.of("host", "content-length", "connection", "keep-alive", "transfer-encoding", "upgrade", "te");

    private final Endpoint endpoint;

    public RequestEncoder(Endpoint endpoint) {
        this.endpoint = endpoint;
    }

    /// @param requestId sent as `X-Request-Id`
    public EncodedRequest encode(Request request, String requestId) {
        return new EncodedRequest(http1Head(request, requestId), http2Block(request, requestId), request.body());
    }

    private byte[] http1Head(Request request, String requestId) {
        var head = new StringBuilder(512)
                .append(request.method())
                .append(' ')
                .append(request.target())
                .append(" HTTP/1.1\r\nhost: ")
                .append(endpoint.authority())
                .append("\r\n");
        boolean encodingSet = false;
        for (Header header : request.headers()) {
            if (!isOurs(header)) {
                head.append(header.name()).append(": ").append(header.value()).append("\r\n");
                encodingSet |= header.name().equals("accept-encoding");
            }
        }
        if (!encodingSet) {
            head.append("accept-encoding: identity\r\n");
        }
        head.append("x-request-id: ").append(requestId).append("\r\n");
        head.append("content-length: ").append(request.body().length).append("\r\n\r\n");
        return head.toString().getBytes(StandardCharsets.ISO_8859_1);
    }

    private byte[] http2Block(Request request, String requestId) {
        Http2Headers headers = new DefaultHttp2Headers(false)
                .method(request.method())
                .scheme(endpoint.scheme())
                .authority(endpoint.authority())
                .path(request.target());
        boolean encodingSet = false;
        for (Header header : request.headers()) {
            if (!isOurs(header)) {
                headers.add(header.name(), header.value());
                encodingSet |= header.name().equals("accept-encoding");
            }
        }
        if (!encodingSet) {
            headers.add("accept-encoding", "identity");
        }
        headers.add("x-request-id", requestId);
        headers.add("content-length", Integer.toString(request.body().length));
        ByteBuf block = Unpooled.buffer(512);
        try (var encoder = new DefaultHttp2HeadersEncoder(secretsOf(request), true)) {
            encoder.maxHeaderTableSize(0);
            encoder.encodeHeaders(1, headers, block);
        } catch (Http2Exception e) {
            throw new IllegalArgumentException(
                    "the request's headers cannot be sent over HTTP/2: " + e.getMessage(), e);
        }
        return withoutTableSizeUpdate(ByteBufUtil.getBytes(block));
    }

    private static Http2HeadersEncoder.SensitivityDetector secretsOf(Request request) {
        return (name, value) -> request.headers().stream()
                .anyMatch(header -> header.secret() && header.name().contentEquals(name));
    }

    /// A change of the table's size belongs at the front of a connection's first block only (RFC 7541, 4.2); a
    /// peer that
    /// sees none assumes 4,096, of which this encoder uses nothing.
    private static byte[] withoutTableSizeUpdate(byte[] block) {
        int start = 0;
        while (start < block.length && (block[start] & 0xE0) == 0x20) {
            start++;
        }
        return start == 0 ? block : java.util.Arrays.copyOfRange(block, start, block.length);
    }

    private static boolean isOurs(Header header) {
        return NOT_FROM_OUTSIDE.contains(header.name()) || header.name().equals("x-request-id");
    }
}
