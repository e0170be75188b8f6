package dev.latencylens.simulated;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/// HTTP/1.1 and HTTP/1.0: one exchange at a time; pipelined requests wait in the buffer.
final class Http1Connection extends Connection {
    private static final byte[] CONTINUE = ChatText.ascii("HTTP/1.1 100 Continue\r\n\r\n");
    private static final byte[] LAST_CHUNK = ChatText.ascii("0\r\n\r\n");
    private static final byte[] LINE_END = ChatText.ascii("\r\n");
    private static final byte[] HEX = ChatText.ascii("0123456789abcdef");
    /// Room for a chunk's size line and ends.
    private static final int FRAMING_BYTES = 24;
    private static final int HEAD_BYTES = 384;
    private static final int FIRST_INPUT_BYTES = 2_048;
    /// Bytes of pipelined requests that are read ahead of an answer.
    private static final int MOST_AHEAD = 1 << 18;

    private final ByteArray input = new ByteArray(FIRST_INPUT_BYTES);
    private final Http1RequestParser parser = new Http1RequestParser();
    private @Nullable Exchange current;
    private boolean keepAlive;
    private boolean chunked;
    private boolean blocked;
    private boolean closing;
    private boolean taking;
    private long firstByteReadAtNs;

    Http1Connection(Server server, ChannelHandlerContext context, Arrival arrival) {
        super(server, context, arrival);
    }

    @Override
    void open(ByteArray early) {
        firstByteReadAtNs = arrival.stamps().readAtNs();
        input.append(early.array(), 0, early.length());
        take();
    }

    @Override
    void read(ByteBuf bytes) {
        if (input.length() == 0) {
            firstByteReadAtNs = arrival.stamps().readAtNs();
        }
        input.append(bytes);
        if (current != null && input.length() > MOST_AHEAD) {
            context.channel().config().setAutoRead(false);
        }
        take();
    }

    @Override
    void readComplete() {}

    /// Answers the requests that are complete, each when the one before it has ended.
    private void take() {
        if (taking) {
            return;
        }
        taking = true;
        while (current == null && !closing && input.length() > 0) {
            if (!takeOne()) {
                break;
            }
        }
        taking = false;
    }

    private boolean takeOne() {
        int used;
        try {
            used = parser.parse(input.array(), input.length());
        } catch (IllegalArgumentException e) {
            refuse(String.valueOf(e.getMessage()));
            return false;
        }
        if (used == 0) {
            if (parser.takeExpectation()) {
                write(allocate(CONTINUE.length).writeBytes(CONTINUE));
            }
            return false;
        }
        Request request = parser.request();
        request.firstByteReadAtNs = firstByteReadAtNs;
        request.readAtNs = arrival.stamps().readAtNs();
        Exchange exchange = server.exchange(
                this, null, request, parser.body(input.array()), parser.bodyOffset(), parser.bodyLength());
        input.drop(used);
        firstByteReadAtNs = request.readAtNs;
        keepAlive = parser.isKeptAlive();
        chunked = !parser.isHttp10();
        parser.reset();
        current = exchange;
        exchange.begin();
        return true;
    }

    private void refuse(String why) {
        closing = true;
        byte[] body = ChatText.error(why, "invalid_request_error", "bad_request");
        ByteBuf out = allocate(HEAD_BYTES + body.length);
        ascii(
                out,
                "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: ");
        ChatText.number(out, body.length);
        ascii(out, "\r\n\r\n");
        write(out.writeBytes(body));
        closeNow();
    }

    @Override
    void pump(Exchange exchange) {
        if (!context.channel().isWritable()) {
            exchange.held();
            blocked = true;
            return;
        }
        int body = exchange.sendable();
        boolean end = exchange.endsAfter(body);
        if (body == 0 && !end && exchange.isHeadSent()) {
            return;
        }
        ByteBuf out = allocate(body + FRAMING_BYTES + (exchange.isHeadSent() ? 0 : HEAD_BYTES));
        if (!exchange.isHeadSent()) {
            writeHead(out, exchange);
        }
        boolean framed = chunked && exchange.contentLength() < 0;
        if (body > 0) {
            if (framed) {
                hex(out, body);
                out.writeBytes(LINE_END);
            }
            out.writeBytes(exchange.pending(), body);
            if (framed) {
                out.writeBytes(LINE_END);
            }
        }
        if (end && framed) {
            out.writeBytes(LAST_CHUNK);
        }
        int bytes = out.readableBytes();
        long atNs = write(out);
        if (isBackedUp()) {
            exchange.held();
        }
        exchange.wrote(atNs, bytes, body);
        if (end) {
            exchange.wroteEnd();
        }
    }

    @Override
    ByteBuf headBytes(Exchange exchange) {
        ByteBuf out = allocate(HEAD_BYTES);
        writeHead(out, exchange);
        return out;
    }

    private void writeHead(ByteBuf out, Exchange exchange) {
        boolean streamed = exchange.contentLength() < 0;
        if (streamed && !chunked) {
            keepAlive = false;
        }
        ascii(out, statusLine(exchange.status));
        ascii(out, "content-type: ");
        ascii(out, exchange.contentType());
        ascii(out, "\r\ncache-control: no-cache\r\nx-request-id: ");
        ascii(out, exchange.id());
        if (!streamed) {
            ascii(out, "\r\ncontent-length: ");
            ChatText.number(out, exchange.contentLength());
        } else if (chunked) {
            ascii(out, "\r\ntransfer-encoding: chunked");
        }
        String[] extra = exchange.extraHeaders();
        for (int i = 0; i < extra.length; i += 2) {
            ascii(out, "\r\n");
            ascii(out, extra[i]);
            ascii(out, ": ");
            ascii(out, extra[i + 1]);
        }
        if (exchange.announcesKeepAlive()) {
            ascii(out, "\r\nkeep-alive: timeout=5, max=100");
        }
        if (!keepAlive) {
            ascii(out, "\r\nconnection: close");
        } else if (!chunked) {
            ascii(out, "\r\nconnection: keep-alive");
        }
        ascii(out, "\r\n\r\n");
    }

    private static String statusLine(int status) {
        return switch (status) {
            case 200 -> "HTTP/1.1 200 OK\r\n";
            case 400 -> "HTTP/1.1 400 Bad Request\r\n";
            case 401 -> "HTTP/1.1 401 Unauthorized\r\n";
            case 404 -> "HTTP/1.1 404 Not Found\r\n";
            case 405 -> "HTTP/1.1 405 Method Not Allowed\r\n";
            case 429 -> "HTTP/1.1 429 Too Many Requests\r\n";
            case 500 -> "HTTP/1.1 500 Internal Server Error\r\n";
            case 503 -> "HTTP/1.1 503 Service Unavailable\r\n";
            default -> "HTTP/1.1 " + status + " Simulated\r\n";
        };
    }

    private static void ascii(ByteBuf out, String text) {
        out.writeCharSequence(text, StandardCharsets.ISO_8859_1);
    }

    private static void hex(ByteBuf out, int value) {
        if (value >= 16) {
            hex(out, value >>> 4);
        }
        out.writeByte(HEX[value & 15]);
    }

    @Override
    void writable() {
        Exchange exchange = current;
        if (blocked && exchange != null) {
            blocked = false;
            pump(exchange);
        }
    }

    @Override
    void forget(Exchange exchange) {
        current = null;
        blocked = false;
        if (!keepAlive) {
            closing = true;
            closeNow();
            return;
        }
        if (!context.channel().config().isAutoRead()) {
            context.channel().config().setAutoRead(true);
        }
        take();
    }

    @Override
    void closeNow() {
        closing = true;
        super.closeNow();
    }

    @Override
    void resetNow() {
        closing = true;
        super.resetNow();
    }

    @Override
    void endAll(String by) {
        closing = true;
        Exchange exchange = current;
        if (exchange != null) {
            exchange.gone(by);
        }
    }

    @Override
    void cork(Exchange exchange) {}

    @Override
    void uncork() {}

    @Override
    void resetStream(Exchange exchange, boolean refuse) {
        throw new IllegalStateException("HTTP/1.1 has no streams to reset");
    }

    @Override
    void goAway(Exchange exchange, boolean refuse) {
        throw new IllegalStateException("HTTP/1.1 has no GOAWAY");
    }
}
