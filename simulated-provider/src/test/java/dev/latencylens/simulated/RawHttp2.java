package dev.latencylens.simulated;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.DefaultHttp2HeadersEncoder;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;

/// An HTTP/2 client with prior knowledge that sees single frames.
final class RawHttp2 implements AutoCloseable {
    static final int DATA = 0;
    static final int HEADERS = 1;
    static final int RST_STREAM = 3;
    static final int SETTINGS = 4;
    static final int PING = 6;
    static final int GOAWAY = 7;
    static final int WINDOW_UPDATE = 8;
    static final int CONTINUATION = 9;

    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Frame(int type, int flags, int stream, byte[] payload) {
        boolean endsStream() {
            return (flags & 1) != 0 && (type == DATA || type == HEADERS);
        }

        String text() {
            return new String(payload, StandardCharsets.UTF_8);
        }

        int intAt(int offset) {
            return Unpooled.wrappedBuffer(payload).getInt(offset);
        }
    }

    private final Socket socket;
    private final DataInputStream in;
    private final OutputStream out;
    private final DefaultHttp2HeadersEncoder encoder = new DefaultHttp2HeadersEncoder();
    private final DefaultHttp2HeadersDecoder decoder = new DefaultHttp2HeadersDecoder(false);

    RawHttp2(int port, int initialWindow) throws IOException {
        socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout(20_000);
        in = new DataInputStream(new java.io.BufferedInputStream(socket.getInputStream()));
        out = socket.getOutputStream();
        out.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        byte[] settings = new byte[6];
        Unpooled.wrappedBuffer(settings).setShort(0, 4).setInt(2, initialWindow);
        send(SETTINGS, 0, 0, settings);
    }

    void send(int type, int flags, int stream, byte[] payload) throws IOException {
        out.write(frame(type, flags, stream, payload));
        out.flush();
    }

    private static byte[] frame(int type, int flags, int stream, byte[] payload) {
        ByteBuf frame = Unpooled.buffer(9 + payload.length);
        frame.writeMedium(payload.length)
                .writeByte(type)
                .writeByte(flags)
                .writeInt(stream)
                .writeBytes(payload);
        return ByteBufUtil.getBytes(frame);
    }

    /// Several requests in one write, so that the server reads them at one instant.
    void chatAtOnce(String simulate, int... streams) throws IOException, Http2Exception {
        var requests = new java.io.ByteArrayOutputStream();
        for (int stream : streams) {
            requests.write(frame(HEADERS, 4, stream, requestHeaders(simulate)));
            requests.write(frame(DATA, 1, stream, RawHttp1.CHAT.getBytes(StandardCharsets.UTF_8)));
        }
        out.write(requests.toByteArray());
        out.flush();
    }

    void windowUpdate(int stream, int bytes) throws IOException {
        send(WINDOW_UPDATE, 0, stream, ByteBufUtil.getBytes(Unpooled.buffer(4).writeInt(bytes)));
    }

    byte[] requestHeaders(String simulate) throws Http2Exception {
        return requestHeaders("/v1/chat/completions", simulate);
    }

    byte[] requestHeaders(String path, String simulate) throws Http2Exception {
        Http2Headers headers = new DefaultHttp2Headers(false)
                .method("POST")
                .scheme("http")
                .authority("localhost")
                .path(path);
        if (!simulate.isEmpty()) {
            headers.add("x-simulate", simulate);
        }
        ByteBuf block = Unpooled.buffer();
        encoder.encodeHeaders(1, headers, block);
        return ByteBufUtil.getBytes(block);
    }

    void chat(int stream, String simulate) throws IOException, Http2Exception {
        send(HEADERS, 4, stream, requestHeaders(simulate));
        send(DATA, 1, stream, RawHttp1.CHAT.getBytes(StandardCharsets.UTF_8));
    }

    /// The next frame that is not about settings or windows.
    Frame next() throws IOException {
        while (true) {
            Frame frame = nextAny();
            if (frame.type() != SETTINGS && frame.type() != WINDOW_UPDATE) {
                return frame;
            }
        }
    }

    private Frame nextAny() throws IOException {
        int length = in.readUnsignedByte() << 16 | in.readUnsignedShort();
        int type = in.readUnsignedByte();
        int flags = in.readUnsignedByte();
        int stream = in.readInt();
        return new Frame(type, flags, stream, in.readNBytes(length));
    }

    Http2Headers headers(Frame frame) throws Http2Exception {
        return decoder.decodeHeaders(frame.stream(), Unpooled.wrappedBuffer(frame.payload()));
    }

    /// Body text of one stream up to its end; other frames are passed over.
    String readBody(int stream) throws IOException {
        java.io.ByteArrayOutputStream body = new java.io.ByteArrayOutputStream();
        while (true) {
            Frame frame = next();
            if (frame.stream() != stream) {
                continue;
            }
            if (frame.type() == DATA) {
                body.write(frame.payload());
            }
            if (frame.endsStream()) {
                return body.toString(StandardCharsets.UTF_8);
            }
        }
    }

    /// Whether the server ends the connection with nothing more to say than settings and windows.
    boolean isClosedByServer() throws IOException {
        try {
            next();
            return false;
        } catch (EOFException | SocketException e) {
            return true;
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
