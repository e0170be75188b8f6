package dev.latencylens.transport;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersEncoder;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Writes and reads HTTP/2 frames byte for byte, right ones and wrong ones.
final class Frames {
    static final int DATA = 0;
    static final int HEADERS = 1;
    static final int RST_STREAM = 3;
    static final int SETTINGS = 4;
    static final int PUSH_PROMISE = 5;
    static final int PING = 6;
    static final int GOAWAY = 7;
    static final int WINDOW_UPDATE = 8;
    static final int CONTINUATION = 9;

    static final int END_STREAM = 0x1;
    static final int ACK = 0x1;
    static final int END_HEADERS = 0x4;
    static final int PADDED = 0x8;
    static final int PRIORITY = 0x20;

    static final int MAX_CONCURRENT_STREAMS = 3;
    static final int INITIAL_WINDOW_SIZE = 4;
    static final int MAX_FRAME_SIZE = 5;

    /// One frame that was sent.
    record Frame(int type, int flags, int stream, byte[] payload) {
        boolean is(int wantedType, int wantedStream) {
            return type == wantedType && stream == wantedStream;
        }

        boolean endsStream() {
            return (flags & END_STREAM) != 0;
        }

        int number() {
            return Unpooled.wrappedBuffer(payload).readInt();
        }

        @Override
        public String toString() {
            return "type " + type + " flags " + flags + " stream " + stream + " length " + payload.length;
        }
    }

    /// One for all blocks, so that later ones refer to the dynamic table, as a server's do.
    private final DefaultHttp2HeadersEncoder hpack = new DefaultHttp2HeadersEncoder();

    private final ByteBuf out = Unpooled.buffer();

    Frames frame(int type, int flags, int stream, byte[] payload) {
        out.writeMedium(payload.length)
                .writeByte(type)
                .writeByte(flags)
                .writeInt(stream)
                .writeBytes(payload);
        return this;
    }

    Frames settings(int... idsAndValues) {
        ByteBuf payload = Unpooled.buffer();
        for (int i = 0; i < idsAndValues.length; i += 2) {
            payload.writeShort(idsAndValues[i]).writeInt(idsAndValues[i + 1]);
        }
        return frame(SETTINGS, 0, 0, ByteBufUtil.getBytes(payload));
    }

    Frames head(int stream, int flags, String... namesAndValues) {
        return frame(HEADERS, flags | END_HEADERS, stream, block(namesAndValues));
    }

    /// The header block alone.
    byte[] block(String... namesAndValues) {
        Http2Headers headers = new DefaultHttp2Headers(false);
        for (int i = 0; i < namesAndValues.length; i += 2) {
            headers.add(namesAndValues[i], namesAndValues[i + 1]);
        }
        ByteBuf block = Unpooled.buffer();
        try {
            hpack.encodeHeaders(1, headers, block);
        } catch (Http2Exception e) {
            throw new AssertionError(e);
        }
        return ByteBufUtil.getBytes(block);
    }

    Frames ok(int stream) {
        return head(stream, 0, ":status", "200", "content-type", "text/event-stream");
    }

    Frames data(int stream, int flags, String text) {
        return frame(DATA, flags, stream, text.getBytes(StandardCharsets.ISO_8859_1));
    }

    Frames number(int type, int stream, int value) {
        return frame(type, 0, stream, ByteBufUtil.getBytes(Unpooled.buffer().writeInt(value)));
    }

    Frames goAway(int lastStream, int code) {
        return frame(
                GOAWAY,
                0,
                0,
                ByteBufUtil.getBytes(Unpooled.buffer().writeInt(lastStream).writeInt(code)));
    }

    /// What has been written since the last call.
    byte[] bytes() {
        byte[] bytes = ByteBufUtil.getBytes(out);
        out.clear();
        return bytes;
    }

    static List<Frame> read(byte[] bytes) {
        ByteBuf in = Unpooled.wrappedBuffer(bytes);
        var frames = new ArrayList<Frame>();
        while (in.isReadable()) {
            int length = in.readUnsignedMedium();
            int type = in.readUnsignedByte();
            int flags = in.readUnsignedByte();
            int stream = in.readInt();
            byte[] payload = new byte[length];
            in.readBytes(payload);
            frames.add(new Frame(type, flags, stream, payload));
        }
        return frames;
    }

    /// The payload of all DATA of a stream among these frames.
    static byte[] dataOf(int stream, List<Frame> frames) {
        ByteBuf all = Unpooled.buffer();
        frames.stream().filter(frame -> frame.is(DATA, stream)).forEach(frame -> all.writeBytes(frame.payload()));
        return ByteBufUtil.getBytes(all);
    }

    static byte[] padded(int padding, String text) {
        return ByteBufUtil.getBytes(Unpooled.buffer()
                .writeByte(padding)
                .writeBytes(text.getBytes(StandardCharsets.ISO_8859_1))
                .writeZero(padding));
    }

    static byte[] part(byte[] bytes, int from, int to) {
        return Arrays.copyOfRange(bytes, from, to);
    }

    static byte[] joined(byte[]... pieces) {
        return ByteBufUtil.getBytes(Unpooled.wrappedBuffer(pieces));
    }
}
