package dev.latencylens.simulated;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.DefaultHttp2HeadersEncoder;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.collection.IntObjectHashMap;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// HTTP/2 (RFC 9113): frames and flow control of our own, header compression by Netty.
///
/// Each exchange's bytes leave in a write of their own, unless it shares writes, within the windows of the stream
/// and of the connection. What does not fit waits for WINDOW_UPDATE, first come, first served.
final class Http2Connection extends Connection {
    private static final int FRAME_HEAD = 9;
    private static final int DEFAULT_WINDOW = 65_535;
    private static final int MOST_WINDOW = Integer.MAX_VALUE;
    private static final int OUR_WINDOW = 1 << 20;
    private static final int OUR_CONNECTION_WINDOW = 1 << 24;
    private static final int OUR_STREAMS = 16_384;
    private static final int OUR_FRAME_SIZE = 16_384;
    private static final int MOST_HEADER_BYTES = 65_536;
    private static final int HEAD_BYTES = 512;
    /// What a part of a shared write usually takes.
    private static final int SHARED_BYTES = 512;

    // Error codes.
    private static final int NO_ERROR = 0;
    private static final int PROTOCOL_ERROR = 1;
    private static final int INTERNAL_ERROR = 2;
    private static final int FLOW_CONTROL_ERROR = 3;
    private static final int STREAM_CLOSED = 5;
    private static final int FRAME_SIZE_ERROR = 6;
    private static final int REFUSED_STREAM = 7;
    private static final int COMPRESSION_ERROR = 9;
    private static final int ENHANCE_YOUR_CALM = 11;

    // Flags.
    private static final int END_STREAM = 1;
    private static final int ACK = 1;
    private static final int END_HEADERS = 4;
    private static final int PADDED = 8;
    private static final int PRIORITY = 32;

    // Frame types.
    private static final int DATA = 0;
    private static final int HEADERS = 1;
    private static final int RST_STREAM = 3;
    private static final int SETTINGS = 4;
    private static final int PUSH_PROMISE = 5;
    private static final int PING = 6;
    private static final int GOAWAY = 7;
    private static final int WINDOW_UPDATE = 8;
    private static final int CONTINUATION = 9;

    private final ByteArray input = new ByteArray(4_096);
    private final ByteArray headerBlock = new ByteArray(0);
    private final DefaultHttp2HeadersDecoder decoder = new DefaultHttp2HeadersDecoder(false, MOST_HEADER_BYTES);
    private final DefaultHttp2HeadersEncoder encoder = new DefaultHttp2HeadersEncoder();
    private final IntObjectHashMap<Http2Stream> streams = new IntObjectHashMap<>();
    private final ArrayDeque<Http2Stream> held = new ArrayDeque<>();
    private final ArrayList<Http2Stream> gathered = new ArrayList<>();
    private final ByteBuf control;
    private int headersOf;
    private boolean headersEndStream;
    private int lastStream;
    private int initialWindow = DEFAULT_WINDOW;
    private int frameSize = OUR_FRAME_SIZE;
    private long sendWindow = DEFAULT_WINDOW;
    private int unacknowledged;
    private boolean draining;
    private boolean closing;
    private @Nullable Exchange corkedBy;

    Http2Connection(Server server, ChannelHandlerContext context, Arrival arrival) {
        super(server, context, arrival);
        this.control = context.alloc().directBuffer(256);
    }

    @Override
    void open(ByteArray early) {
        frame(control, 18, SETTINGS, 0, 0);
        setting(3, OUR_STREAMS);
        setting(4, OUR_WINDOW);
        setting(6, MOST_HEADER_BYTES);
        windowUpdate(0, OUR_CONNECTION_WINDOW - DEFAULT_WINDOW);
        flushControl();
        input.append(early.array(), 0, early.length());
        takeFrames();
        readComplete();
    }

    private void setting(int id, int value) {
        control.writeShort(id).writeInt(value);
    }

    private static void frame(ByteBuf out, int length, int type, int flags, int stream) {
        out.writeMedium(length).writeByte(type).writeByte(flags).writeInt(stream);
    }

    private void windowUpdate(int stream, int bytes) {
        frame(control, 4, WINDOW_UPDATE, 0, stream);
        control.writeInt(bytes);
    }

    /// Sends frames that belong to no exchange; they wait while a head is trickling.
    private void flushControl() {
        if (control.isReadable() && corkedBy == null && !closing) {
            ByteBuf out = allocate(control.readableBytes()).writeBytes(control);
            control.clear();
            write(out);
        }
    }

    @Override
    void read(ByteBuf bytes) {
        if (closing) {
            return;
        }
        input.append(bytes);
        takeFrames();
    }

    @Override
    void readComplete() {
        flushControl();
    }

    private void takeFrames() {
        int at = 0;
        try {
            while (!closing && input.length() - at >= FRAME_HEAD) {
                int length = (input.at(at) & 255) << 16 | (input.at(at + 1) & 255) << 8 | (input.at(at + 2) & 255);
                if (length > OUR_FRAME_SIZE) {
                    throw new ConnectionError(FRAME_SIZE_ERROR, "a frame of " + length + " bytes");
                }
                if (input.length() - at - FRAME_HEAD < length) {
                    break;
                }
                int type = input.at(at + 3) & 255;
                int flags = input.at(at + 4) & 255;
                int stream = int31(at + 5);
                takeFrame(type, flags, stream, at + FRAME_HEAD, length);
                at += FRAME_HEAD + length;
            }
        } catch (ConnectionError e) {
            fail(e);
        }
        input.drop(Math.min(at, input.length()));
    }

    private int int31(int at) {
        return int32(at) & Integer.MAX_VALUE;
    }

    private int int32(int at) {
        return input.at(at) << 24
                | (input.at(at + 1) & 255) << 16
                | (input.at(at + 2) & 255) << 8
                | (input.at(at + 3) & 255);
    }

    private void takeFrame(int type, int flags, int stream, int at, int length) throws ConnectionError {
        if (headersOf != 0 && (type != CONTINUATION || stream != headersOf)) {
            throw new ConnectionError(PROTOCOL_ERROR, "a header block was interrupted");
        }
        switch (type) {
            case DATA -> data(flags, stream, at, length);
            case HEADERS -> headers(flags, stream, at, length);
            case CONTINUATION -> continuation(flags, at, length);
            case RST_STREAM -> cancelled(stream, length);
            case SETTINGS -> settings(flags, stream, at, length);
            case PING -> ping(flags, at, length);
            case WINDOW_UPDATE -> windowUpdated(stream, at, length);
            case PUSH_PROMISE -> throw new ConnectionError(PROTOCOL_ERROR, "a client cannot push");
            default -> {} // PRIORITY and GOAWAY ask for nothing here; unknown types are passed over
        }
    }

    private void settings(int flags, int stream, int at, int length) throws ConnectionError {
        if (stream != 0) {
            throw new ConnectionError(PROTOCOL_ERROR, "SETTINGS on stream " + stream);
        }
        if ((flags & ACK) != 0) {
            return;
        }
        if (length % 6 != 0) {
            throw new ConnectionError(FRAME_SIZE_ERROR, "SETTINGS of " + length + " bytes");
        }
        for (int i = at; i < at + length; i += 6) {
            applySetting((input.at(i) & 255) << 8 | (input.at(i + 1) & 255), int32(i + 2));
        }
        frame(control, 0, SETTINGS, ACK, 0);
        pumpHeld();
    }

    private void applySetting(int id, int value) throws ConnectionError {
        switch (id) {
            case 1 -> {
                try {
                    encoder.maxHeaderTableSize(value & 0xFFFF_FFFFL);
                } catch (Http2Exception e) {
                    throw new ConnectionError(COMPRESSION_ERROR, "header table of " + (value & 0xFFFF_FFFFL), e);
                }
            }
            case 4 -> {
                if (value < 0) {
                    throw new ConnectionError(FLOW_CONTROL_ERROR, "initial window above 2^31-1");
                }
                int change = value - initialWindow;
                initialWindow = value;
                for (Http2Stream stream : streams.values()) {
                    stream.sendWindow += change;
                }
            }
            case 5 -> {
                if (value < OUR_FRAME_SIZE || value > 0xFF_FFFF) {
                    throw new ConnectionError(PROTOCOL_ERROR, "frame size of " + value);
                }
                frameSize = value;
            }
            default -> {}
        }
    }

    private void ping(int flags, int at, int length) throws ConnectionError {
        if (length != 8) {
            throw new ConnectionError(FRAME_SIZE_ERROR, "PING of " + length + " bytes");
        }
        if ((flags & ACK) == 0) {
            frame(control, 8, PING, ACK, 0);
            control.writeBytes(input.array(), at, 8);
        }
    }

    private void windowUpdated(int stream, int at, int length) throws ConnectionError {
        if (length != 4) {
            throw new ConnectionError(FRAME_SIZE_ERROR, "WINDOW_UPDATE of " + length + " bytes");
        }
        int increment = int31(at);
        if (increment == 0) {
            throw new ConnectionError(PROTOCOL_ERROR, "WINDOW_UPDATE by 0");
        }
        if (stream == 0) {
            sendWindow += increment;
            if (sendWindow > MOST_WINDOW) {
                throw new ConnectionError(FLOW_CONTROL_ERROR, "connection window above 2^31-1");
            }
        } else {
            Http2Stream updated = streams.get(stream);
            if (updated == null) {
                return;
            }
            updated.sendWindow += increment;
            if (updated.sendWindow > MOST_WINDOW) {
                rst(stream, FLOW_CONTROL_ERROR);
                gone(updated);
                return;
            }
        }
        pumpHeld();
    }

    private void cancelled(int stream, int length) throws ConnectionError {
        if (length != 4) {
            throw new ConnectionError(FRAME_SIZE_ERROR, "RST_STREAM of " + length + " bytes");
        }
        if (stream == 0 || stream > lastStream) {
            throw new ConnectionError(PROTOCOL_ERROR, "RST_STREAM of idle stream " + stream);
        }
        Http2Stream open = streams.get(stream);
        if (open != null) {
            gone(open);
        }
    }

    /// The client no longer wants a stream, or may not have it.
    private void gone(Http2Stream stream) {
        Exchange exchange = stream.exchange;
        if (exchange == null) {
            remove(stream);
            return;
        }
        boolean trickling = corkedBy == exchange;
        exchange.gone("client-closed");
        if (trickling) {
            // Half a HEADERS frame is on the wire and cannot be taken back.
            closeNow();
        }
    }

    private void headers(int flags, int stream, int at, int length) throws ConnectionError {
        if (stream % 2 == 0) {
            throw new ConnectionError(PROTOCOL_ERROR, "HEADERS on stream " + stream);
        }
        int skipped = (flags & PADDED) != 0 ? 1 : 0;
        int padding = skipped == 1 && length > 0 ? input.at(at) & 255 : 0;
        skipped += (flags & PRIORITY) != 0 ? 5 : 0;
        if (skipped + padding > length) {
            throw new ConnectionError(PROTOCOL_ERROR, "more padding than frame");
        }
        headersOf = stream;
        headersEndStream = (flags & END_STREAM) != 0;
        headerBlock.drop(headerBlock.length());
        headerBlock.append(input.array(), at + skipped, length - skipped - padding);
        if ((flags & END_HEADERS) != 0) {
            headersComplete();
        }
    }

    private void continuation(int flags, int at, int length) throws ConnectionError {
        if (headersOf == 0) {
            throw new ConnectionError(PROTOCOL_ERROR, "CONTINUATION without HEADERS");
        }
        headerBlock.append(input.array(), at, length);
        if (headerBlock.length() > MOST_HEADER_BYTES) {
            throw new ConnectionError(ENHANCE_YOUR_CALM, "header block above " + MOST_HEADER_BYTES + " bytes");
        }
        if ((flags & END_HEADERS) != 0) {
            headersComplete();
        }
    }

    private void headersComplete() throws ConnectionError {
        int id = headersOf;
        headersOf = 0;
        Http2Headers headers;
        try {
            headers = decoder.decodeHeaders(id, Unpooled.wrappedBuffer(headerBlock.array(), 0, headerBlock.length()));
        } catch (Http2Exception e) {
            throw new ConnectionError(COMPRESSION_ERROR, "headers of stream " + id + ": " + e.getMessage(), e);
        }
        Http2Stream stream = streams.get(id);
        if (stream == null) {
            if (id <= lastStream) {
                rst(id, STREAM_CLOSED);
                return;
            }
            lastStream = id;
            if (draining || streams.size() >= OUR_STREAMS) {
                rst(id, REFUSED_STREAM);
                return;
            }
            stream = new Http2Stream(id, initialWindow);
            stream.request.firstByteReadAtNs = arrival.stamps().readAtNs();
            streams.put(id, stream);
            takeHeaders(stream.request, headers);
        } else if (!headersEndStream || stream.exchange != null) {
            rst(id, PROTOCOL_ERROR);
            gone(stream);
            return;
        }
        if (headersEndStream) {
            requestComplete(stream);
        }
    }

    private static void takeHeaders(Request request, Http2Headers headers) {
        for (Map.Entry<CharSequence, CharSequence> header : headers) {
            String name = header.getKey().toString();
            String value = header.getValue().toString();
            switch (name) {
                case ":method" -> request.method = value;
                case ":path" -> request.path = value;
                default -> request.header(name, value);
            }
        }
    }

    private void data(int flags, int id, int at, int length) throws ConnectionError {
        if (id == 0 || id > lastStream) {
            throw new ConnectionError(PROTOCOL_ERROR, "DATA on idle stream " + id);
        }
        unacknowledged += length;
        if (unacknowledged >= OUR_CONNECTION_WINDOW / 2) {
            windowUpdate(0, unacknowledged);
            unacknowledged = 0;
        }
        Http2Stream stream = streams.get(id);
        if (stream == null) {
            return;
        }
        if (stream.exchange != null) {
            rst(id, STREAM_CLOSED);
            gone(stream);
            return;
        }
        int skipped = (flags & PADDED) != 0 ? 1 : 0;
        int padding = skipped == 1 && length > 0 ? input.at(at) & 255 : 0;
        if (skipped + padding > length) {
            throw new ConnectionError(PROTOCOL_ERROR, "more padding than frame");
        }
        if (stream.body.length() + length > Http1RequestParser.MOST_BODY_BYTES) {
            rst(id, ENHANCE_YOUR_CALM);
            gone(stream);
            return;
        }
        stream.body.append(input.array(), at + skipped, length - skipped - padding);
        if ((flags & END_STREAM) != 0) {
            requestComplete(stream);
            return;
        }
        stream.unacknowledged += length;
        if (stream.unacknowledged >= OUR_WINDOW / 2) {
            windowUpdate(id, stream.unacknowledged);
            stream.unacknowledged = 0;
        }
    }

    private void requestComplete(Http2Stream stream) {
        stream.request.readAtNs = arrival.stamps().readAtNs();
        Exchange exchange = server.exchange(this, stream, stream.request, stream.body.array(), 0, stream.body.length());
        stream.exchange = exchange;
        exchange.begin();
    }

    @Override
    void pump(Exchange exchange) {
        Http2Stream stream = streamOf(exchange);
        if (corkedBy != null || !context.channel().isWritable()) {
            hold(stream, exchange);
            return;
        }
        int due = exchange.sendable();
        int body = (int) Math.max(0, Math.min(due, Math.min(stream.sendWindow, sendWindow)));
        boolean end = exchange.endsAfter(body);
        boolean head = !exchange.isHeadSent();
        if (body > 0 || end || head) {
            send(exchange, stream, head, body, end);
        }
        if (body < due && !exchange.isEnded()) {
            hold(stream, exchange);
        }
    }

    @Override
    void pumpWithOthers(Exchange exchange) {
        Http2Stream stream = streamOf(exchange);
        if (stream.gathered) {
            return;
        }
        if (gathered.isEmpty()) {
            server.gather(this);
        }
        stream.gathered = true;
        gathered.add(stream);
    }

    /// Sends what was gathered: the parts that end no answer and fit the windows in one write, each of the others
    /// in its own.
    void pumpGathered() {
        ByteBuf out = null;
        int shared = 0;
        for (int i = 0; i < gathered.size(); i++) {
            Http2Stream stream = gathered.get(i);
            Exchange exchange = stream.exchange;
            int body = exchange == null || exchange.isEnded() ? 0 : exchange.sendable();
            if (exchange != null && body > 0 && mayShare(exchange, stream, body)) {
                if (out == null) {
                    out = allocate(gathered.size() * SHARED_BYTES);
                }
                encode(out, exchange, stream, false, body, false);
                stream.sharedBytes = body;
                gathered.set(shared++, stream);
            } else {
                stream.gathered = false;
                if (exchange != null && !exchange.isEnded()) {
                    pump(exchange);
                }
            }
        }
        if (out != null) {
            long atNs = write(out);
            boolean backedUp = isBackedUp();
            for (int i = 0; i < shared; i++) {
                reportShared(gathered.get(i), atNs, backedUp);
            }
        }
        gathered.clear();
    }

    private boolean mayShare(Exchange exchange, Http2Stream stream, int body) {
        return exchange.isHeadSent()
                && !exchange.endsAfter(body)
                && corkedBy == null
                && !closing
                && context.channel().isWritable()
                && body <= Math.min(frameSize, Math.min(stream.sendWindow, sendWindow));
    }

    private static void reportShared(Http2Stream stream, long atNs, boolean backedUp) {
        stream.gathered = false;
        Exchange exchange = stream.exchange;
        if (exchange != null && !exchange.isEnded()) {
            if (backedUp) {
                exchange.held();
            }
            exchange.wrote(atNs, stream.sharedBytes + FRAME_HEAD, stream.sharedBytes);
        }
    }

    private void send(Exchange exchange, Http2Stream stream, boolean head, int body, boolean end) {
        int frames = body / frameSize + 1;
        ByteBuf out = allocate(body + frames * FRAME_HEAD + (head ? HEAD_BYTES : 0));
        encode(out, exchange, stream, head, body, end);
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

    /// Appends the head, and the next bytes of the body in frames.
    private void encode(ByteBuf out, Exchange exchange, Http2Stream stream, boolean head, int body, boolean end) {
        if (head) {
            writeHead(out, exchange, end && body == 0);
        }
        int left = body;
        while (left > 0 || (end && body == 0 && !head)) {
            int length = Math.min(left, frameSize);
            left -= length;
            frame(out, length, DATA, end && left == 0 ? END_STREAM : 0, stream.id);
            out.writeBytes(exchange.pending(), length);
            if (left == 0) {
                break;
            }
        }
        stream.sendWindow -= body;
        sendWindow -= body;
    }

    private void hold(Http2Stream stream, Exchange exchange) {
        exchange.held();
        if (!stream.held) {
            stream.held = true;
            held.add(stream);
        }
    }

    private void pumpHeld() {
        for (int left = held.size();
                left > 0 && corkedBy == null && context.channel().isWritable();
                left--) {
            Http2Stream stream = held.remove();
            stream.held = false;
            Exchange exchange = stream.exchange;
            if (exchange == null || exchange.isEnded()) {
                continue;
            }
            if (exchange.isHeadSent() && (stream.sendWindow <= 0 || sendWindow <= 0) && exchange.sendable() > 0) {
                stream.held = true;
                held.add(stream);
            } else {
                pump(exchange);
            }
        }
    }

    private void writeHead(ByteBuf out, Exchange exchange, boolean endStream) {
        int at = out.writerIndex();
        frame(out, 0, HEADERS, END_HEADERS | (endStream ? END_STREAM : 0), streamOf(exchange).id);
        Http2Headers headers = new DefaultHttp2Headers(false)
                .status(Integer.toString(exchange.status))
                .add("content-type", exchange.contentType())
                .add("cache-control", "no-cache")
                .add("x-request-id", exchange.id());
        if (exchange.contentLength() >= 0) {
            headers.add("content-length", Long.toString(exchange.contentLength()));
        }
        String[] extra = exchange.extraHeaders();
        for (int i = 0; i < extra.length; i += 2) {
            headers.add(extra[i], extra[i + 1]);
        }
        try {
            encoder.encodeHeaders(streamOf(exchange).id, headers, out);
        } catch (Http2Exception e) {
            throw new IllegalStateException("response headers could not be encoded", e);
        }
        out.setMedium(at, out.writerIndex() - at - FRAME_HEAD);
    }

    private static Http2Stream streamOf(Exchange exchange) {
        Http2Stream stream = exchange.stream;
        if (stream == null) {
            throw new IllegalStateException("an exchange of HTTP/2 has a stream");
        }
        return stream;
    }

    @Override
    ByteBuf headBytes(Exchange exchange) {
        ByteBuf out = allocate(HEAD_BYTES);
        writeHead(out, exchange, false);
        return out;
    }

    @Override
    void cork(Exchange exchange) {
        corkedBy = exchange;
    }

    @Override
    void uncork() {
        corkedBy = null;
        flushControl();
        pumpHeld();
    }

    @Override
    void writable() {
        pumpHeld();
    }

    private void rst(int stream, int code) {
        frame(control, 4, RST_STREAM, 0, stream);
        control.writeInt(code);
    }

    @Override
    void resetStream(Exchange exchange, boolean refuse) {
        rst(streamOf(exchange).id, refuse ? REFUSED_STREAM : INTERNAL_ERROR);
        flushControl();
    }

    @Override
    void goAway(Exchange exchange, boolean refuse) {
        int id = streamOf(exchange).id;
        writeGoAway(refuse ? Math.max(0, id - 2) : id, NO_ERROR);
        flushControl();
        draining = true;
        closeWhenDrained();
    }

    private void writeGoAway(int last, int code) {
        frame(control, 8, GOAWAY, 0, 0);
        control.writeInt(last).writeInt(code);
    }

    private void closeWhenDrained() {
        if (draining && streams.isEmpty()) {
            closeNow();
        }
    }

    private void fail(ConnectionError error) {
        writeGoAway(lastStream, error.code);
        flushControl();
        closeNow();
    }

    @Override
    void forget(Exchange exchange) {
        if (corkedBy == exchange) {
            corkedBy = null;
        }
        remove(streamOf(exchange));
        closeWhenDrained();
    }

    private void remove(Http2Stream stream) {
        streams.remove(stream.id);
        if (stream.held) {
            stream.held = false;
            held.remove(stream);
        }
    }

    @Override
    void closeNow() {
        if (!closing) {
            closing = true;
            super.closeNow();
        }
    }

    @Override
    void resetNow() {
        closing = true;
        super.resetNow();
    }

    @Override
    void endAll(String by) {
        closing = true;
        draining = false;
        List<Http2Stream> open = new ArrayList<>(streams.values());
        for (Http2Stream stream : open) {
            Exchange exchange = stream.exchange;
            if (exchange != null) {
                exchange.gone(by);
            }
        }
        streams.clear();
        control.release();
        encoder.close();
    }

    /// The client broke the protocol: the connection ends with GOAWAY.
    private static final class ConnectionError extends Exception {
        private static final long serialVersionUID = 1;

        private final int code;

        ConnectionError(int code, String message) {
            super(message);
            this.code = code;
        }

        ConnectionError(int code, String message, Throwable cause) {
            super(message, cause);
            this.code = code;
        }
    }
}
