package dev.latencylens.transport;

import dev.latencylens.clock.Clock;
import dev.latencylens.exchange.ConnectionFacts;
import dev.latencylens.exchange.EncodedRequest;
import dev.latencylens.exchange.FlightLog;
import dev.latencylens.exchange.Header;
import dev.latencylens.exchange.TransportEnd;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.collection.IntObjectHashMap;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Speaks HTTP/2 (RFC 9113), many exchanges at a time.
///
/// DATA payload goes to the flight log straight from the read buffer, as it comes and before its frame is
/// whole: no frame
/// objects, nothing collected. Header blocks are decoded by Netty's HPACK. The receive windows are so large that a
/// server never waits for one; the server's windows are honoured.
final class Http2Connection extends Connection {
    private static final byte[] PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
    private static final int FRAME_HEADER_BYTES = 9;
    private static final int DATA = 0;
    private static final int HEADERS = 1;
    private static final int RST_STREAM = 3;
    private static final int SETTINGS = 4;
    private static final int PUSH_PROMISE = 5;
    private static final int PING = 6;
    private static final int GOAWAY = 7;
    private static final int WINDOW_UPDATE = 8;
    private static final int CONTINUATION = 9;

    private static final int END_STREAM = 0x1;
    private static final int ACK = 0x1;
    private static final int END_HEADERS = 0x4;
    private static final int PADDED = 0x8;
    private static final int PRIORITY = 0x20;

    private static final int SETTINGS_HEADER_TABLE_SIZE = 1;
    private static final int SETTINGS_ENABLE_PUSH = 2;
    private static final int SETTINGS_MAX_CONCURRENT_STREAMS = 3;
    private static final int SETTINGS_INITIAL_WINDOW_SIZE = 4;
    private static final int SETTINGS_MAX_FRAME_SIZE = 5;

    /// RFC 9113, 6.9.1: the largest window there is.
    private static final int LARGEST_WINDOW = Integer.MAX_VALUE;

    private static final int DEFAULT_WINDOW = 65_535;
    private static final int DEFAULT_FRAME = 16_384;
    /// Received bytes after which the window is opened again: half of it, long before a server could run dry.
    private static final long REOPEN_BYTES = 1L << 30;
    /// What `HTT` says where a frame's length is expected.
    private static final int HTTP_1_LENGTH = ('H' << 16) | ('T' << 8) | 'T';
    /// A header block, with its continuations, must fit this.
    private static final int MAX_BLOCK_BYTES = 256 * 1024;

    private final DefaultHttp2HeadersDecoder hpack = new DefaultHttp2HeadersDecoder(false, MAX_BLOCK_BYTES);
    private final IntObjectHashMap<Flight> flights = new IntObjectHashMap<>();
    /// Flights whose body waits for the server to open its window, oldest first.
    private final List<Flight> windowed = new ArrayList<>();

    private final IntObjectHashMap<int[]> streamWindows = new IntObjectHashMap<>();
    private final int maxStreams;
    private int serverMaxStreams = LARGEST_WINDOW;
    private int serverInitialWindow = DEFAULT_WINDOW;
    private int serverMaxFrame = DEFAULT_FRAME;
    private long sendWindow = DEFAULT_WINDOW;
    private int nextStreamId = 1;
    private boolean retired;
    private boolean closing;
    private long receivedSinceReopen;

    // The frame being read.
    private final ByteBuf frameHeader = Unpooled.buffer(FRAME_HEADER_BYTES, FRAME_HEADER_BYTES);
    private final ByteBuf payload = Unpooled.buffer(256, MAX_BLOCK_BYTES + DEFAULT_FRAME);
    private boolean inFrame;
    private int type;
    private int flags;
    private int streamId;
    /// Payload bytes of the frame still to come; of DATA, without its padding.
    private int left;

    private int padding;
    private boolean paddingLengthDue;
    private @Nullable Flight dataFlight;

    // The header block being collected over HEADERS and CONTINUATION.
    private final ByteBuf block = Unpooled.buffer(1024, MAX_BLOCK_BYTES);
    private int blockStreamId;
    private boolean blockEndsStream;
    private long blockArrivedAtNs;
    private long blockKernelAtNs;

    Http2Connection(Channel channel, ReadStamp stamp, Clock clock, ConnectionFacts facts, Owner owner, int maxStreams) {
        super(channel, stamp, clock, facts, owner);
        this.maxStreams = maxStreams;
    }

    /// Sends the connection's preface with our settings; the first request may follow at once.
    void open() {
        ByteBuf out = channel.alloc().directBuffer(128);
        out.writeBytes(PREFACE);
        frame(out, 18, SETTINGS, 0, 0);
        out.writeShort(SETTINGS_ENABLE_PUSH).writeInt(0);
        out.writeShort(SETTINGS_INITIAL_WINDOW_SIZE).writeInt(LARGEST_WINDOW);
        out.writeShort(SETTINGS_HEADER_TABLE_SIZE).writeInt(4096);
        frame(out, 4, WINDOW_UPDATE, 0, 0);
        out.writeInt(LARGEST_WINDOW - DEFAULT_WINDOW);
        channel.writeAndFlush(out, channel.voidPromise());
    }

    @Override
    int room() {
        if (retired || !channel.isActive()) {
            return 0;
        }
        return Math.min(
                Math.min(maxStreams, serverMaxStreams) - flights.size(), (Integer.MAX_VALUE - nextStreamId) / 2);
    }

    @Override
    boolean isIdle() {
        return flights.isEmpty();
    }

    @Override
    ByteBuf encode(Flight flight) {
        EncodedRequest request = flight.exchange.request();
        flight.streamId = nextStreamId;
        nextStreamId += 2;
        flights.put(flight.streamId, flight);
        ByteBuf out = channel.alloc().directBuffer(request.http2Block().length + request.body().length + 64);
        writeBlock(out, flight.streamId, request.http2Block(), request.body().length == 0);
        if (request.body().length > 0) {
            writeBody(out, flight, serverInitialWindow);
        }
        return out;
    }

    @Override
    void abandon(Flight flight) {
        if (flights.remove(flight.streamId) == flight) {
            forget(flight);
            ByteBuf out = channel.alloc().directBuffer(FRAME_HEADER_BYTES + 4);
            frame(out, 4, RST_STREAM, 0, flight.streamId);
            out.writeInt((int) Http2Error.CANCEL.code());
            channel.writeAndFlush(out, channel.voidPromise());
            closeWhenDone();
        }
    }

    private void writeBlock(ByteBuf out, int stream, byte[] bytes, boolean endsStream) {
        int first = Math.min(bytes.length, serverMaxFrame);
        int frameFlags = (endsStream ? END_STREAM : 0) | (first == bytes.length ? END_HEADERS : 0);
        frame(out, first, HEADERS, frameFlags, stream);
        out.writeBytes(bytes, 0, first);
        for (int from = first; from < bytes.length; ) {
            int length = Math.min(bytes.length - from, serverMaxFrame);
            frame(out, length, CONTINUATION, from + length == bytes.length ? END_HEADERS : 0, stream);
            out.writeBytes(bytes, from, length);
            from += length;
        }
    }

    /// Writes as much of the body as the windows let out; true when that was all of it.
    private boolean writeBody(ByteBuf out, Flight flight, int streamWindow) {
        byte[] body = flight.exchange.request().body();
        int window = streamWindow;
        while (flight.bodySent < body.length) {
            int length = (int)
                    Math.min(Math.min(body.length - flight.bodySent, serverMaxFrame), Math.min(window, sendWindow));
            if (length <= 0) {
                streamWindows.put(flight.streamId, new int[] {window});
                if (!windowed.contains(flight)) {
                    windowed.add(flight);
                }
                return false;
            }
            boolean last = flight.bodySent + length == body.length;
            frame(out, length, DATA, last ? END_STREAM : 0, flight.streamId);
            out.writeBytes(body, flight.bodySent, length);
            flight.bodySent += length;
            window -= length;
            sendWindow -= length;
        }
        return true;
    }

    /// A window has grown: lets waiting bodies go on.
    private void resumeBodies() {
        for (Flight flight : List.copyOf(windowed)) {
            int[] window = streamWindows.get(flight.streamId);
            if (window == null || window[0] <= 0 || sendWindow <= 0) {
                continue;
            }
            ByteBuf out = channel.alloc().directBuffer(serverMaxFrame + FRAME_HEADER_BYTES);
            boolean whole = writeBody(out, flight, window[0]);
            if (whole) {
                windowed.remove(flight);
                streamWindows.remove(flight.streamId);
            }
            write(flight, out);
        }
    }

    private static void frame(ByteBuf out, int length, int type, int flags, int stream) {
        out.writeMedium(length).writeByte(type).writeByte(flags).writeInt(stream);
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        var buffer = (ByteBuf) message;
        try {
            read(buffer, stamp.arrivedAtNs(), stamp.kernelAtNs());
        } catch (MalformedHttp e) {
            failAll(new TransportEnd(TransportEnd.Kind.MALFORMED, e.getMessage()), stamp.arrivedAtNs());
            goAway(Http2Error.PROTOCOL_ERROR);
        } finally {
            buffer.release();
        }
    }

    private void read(ByteBuf buffer, long arrivedAtNs, long kernelAtNs) throws MalformedHttp {
        while (buffer.isReadable() && !closing) {
            if (!inFrame) {
                if (!readFrameHeader(buffer)) {
                    return;
                }
                beginFrame(arrivedAtNs, kernelAtNs);
            }
            if (type == DATA) {
                readData(buffer, arrivedAtNs, kernelAtNs);
            } else {
                int length = Math.min(left, buffer.readableBytes());
                payload.writeBytes(buffer, length);
                left -= length;
                if (left == 0) {
                    inFrame = false;
                    endFrame(arrivedAtNs, kernelAtNs);
                }
            }
        }
    }

    private boolean readFrameHeader(ByteBuf buffer) {
        int missing = FRAME_HEADER_BYTES - frameHeader.readableBytes();
        frameHeader.writeBytes(buffer, Math.min(missing, buffer.readableBytes()));
        return frameHeader.readableBytes() == FRAME_HEADER_BYTES;
    }

    private void beginFrame(long arrivedAtNs, long kernelAtNs) throws MalformedHttp {
        left = frameHeader.readUnsignedMedium();
        type = frameHeader.readUnsignedByte();
        flags = frameHeader.readUnsignedByte();
        streamId = frameHeader.readInt() & Integer.MAX_VALUE;
        frameHeader.clear();
        payload.clear();
        inFrame = true;
        if (left == HTTP_1_LENGTH && type == 'P') {
            throw new MalformedHttp("expected HTTP/2, saw 'HTTP/': the server speaks HTTP/1.1; use --http 1.1");
        }
        if (left > DEFAULT_FRAME) {
            throw new MalformedHttp("expected HTTP/2 frames of at most " + DEFAULT_FRAME + " bytes, saw one of type "
                    + type + " with " + left);
        }
        if (blockStreamId != 0 && (type != CONTINUATION || streamId != blockStreamId)) {
            throw new MalformedHttp("expected CONTINUATION of stream " + blockStreamId + ", saw a frame of type " + type
                    + " on stream " + streamId);
        }
        if (type == DATA) {
            beginData();
        } else if (type == HEADERS) {
            blockArrivedAtNs = arrivedAtNs;
            blockKernelAtNs = kernelAtNs;
        }
    }

    private void beginData() throws MalformedHttp {
        receivedSinceReopen += left;
        dataFlight = flights.get(streamId);
        if (dataFlight != null) {
            dataFlight.bodyReceived += left;
        }
        paddingLengthDue = (flags & PADDED) != 0;
        padding = 0;
        if (paddingLengthDue && left == 0) {
            throw new MalformedHttp("expected the length of the padding in a padded DATA frame, saw an empty frame");
        }
        reopenWindows();
    }

    private void readData(ByteBuf buffer, long arrivedAtNs, long kernelAtNs) throws MalformedHttp {
        if (paddingLengthDue && buffer.isReadable()) {
            padding = buffer.readUnsignedByte();
            paddingLengthDue = false;
            left -= 1 + padding;
            if (left < 0) {
                throw new MalformedHttp("expected padding inside its DATA frame, saw " + padding + " bytes of it");
            }
        }
        int length = Math.min(left, buffer.readableBytes());
        Flight flight = dataFlight;
        if (length > 0 && flight != null) {
            flight.read(arrivedAtNs, kernelAtNs);
            flight.body(buffer, buffer.readerIndex(), length, arrivedAtNs, kernelAtNs);
        }
        buffer.skipBytes(length);
        left -= length;
        if (left == 0 && !paddingLengthDue) {
            int skipped = Math.min(padding, buffer.readableBytes());
            buffer.skipBytes(skipped);
            padding -= skipped;
            if (padding == 0) {
                endData(arrivedAtNs, kernelAtNs);
            }
        }
    }

    private void endData(long arrivedAtNs, long kernelAtNs) {
        inFrame = false;
        Flight flight = dataFlight;
        dataFlight = null;
        if (flight != null && (flags & END_STREAM) != 0) {
            land(flight, arrivedAtNs, kernelAtNs);
        }
    }

    private void reopenWindows() {
        Flight flight = dataFlight;
        if (receivedSinceReopen >= REOPEN_BYTES) {
            reopen(0, receivedSinceReopen);
            receivedSinceReopen = 0;
        }
        if (flight != null && flight.bodyReceived >= REOPEN_BYTES) {
            reopen(flight.streamId, flight.bodyReceived);
            flight.bodyReceived = 0;
        }
    }

    private void reopen(int stream, long bytes) {
        ByteBuf out = channel.alloc().directBuffer(FRAME_HEADER_BYTES + 4);
        frame(out, 4, WINDOW_UPDATE, 0, stream);
        out.writeInt((int) bytes);
        channel.writeAndFlush(out, channel.voidPromise());
    }

    private void endFrame(long arrivedAtNs, long kernelAtNs) throws MalformedHttp {
        switch (type) {
            case HEADERS -> headersFrame(arrivedAtNs, kernelAtNs);
            case CONTINUATION -> continuationFrame(arrivedAtNs, kernelAtNs);
            case RST_STREAM -> reset(arrivedAtNs, kernelAtNs);
            case SETTINGS -> settings();
            case PING -> ping();
            case GOAWAY -> goneAway(arrivedAtNs);
            case WINDOW_UPDATE -> windowUpdate();
            case PUSH_PROMISE -> throw new MalformedHttp("the server pushed a stream although push is switched off");
            default -> {
                // RFC 9113, 5.5: frames of unknown types are ignored.
            }
        }
    }

    private void headersFrame(long arrivedAtNs, long kernelAtNs) throws MalformedHttp {
        int padded = 0;
        if ((flags & PADDED) != 0) {
            requirePayload(1);
            padded = payload.readUnsignedByte();
        }
        if ((flags & PRIORITY) != 0) {
            requirePayload(5);
            payload.skipBytes(5);
        }
        requirePayload(padded);
        block.clear();
        blockStreamId = streamId;
        blockEndsStream = (flags & END_STREAM) != 0;
        block.writeBytes(payload, payload.readableBytes() - padded);
        if ((flags & END_HEADERS) != 0) {
            endBlock(arrivedAtNs, kernelAtNs);
        }
    }

    private void continuationFrame(long arrivedAtNs, long kernelAtNs) throws MalformedHttp {
        if (blockStreamId == 0) {
            throw new MalformedHttp("saw CONTINUATION without HEADERS on stream " + streamId);
        }
        if (block.readableBytes() + payload.readableBytes() > MAX_BLOCK_BYTES) {
            throw new MalformedHttp("a header block is larger than " + MAX_BLOCK_BYTES + " bytes");
        }
        block.writeBytes(payload);
        if ((flags & END_HEADERS) != 0) {
            endBlock(arrivedAtNs, kernelAtNs);
        }
    }

    private void endBlock(long arrivedAtNs, long kernelAtNs) throws MalformedHttp {
        int stream = blockStreamId;
        blockStreamId = 0;
        Http2Headers decoded;
        try {
            decoded = hpack.decodeHeaders(stream, block);
        } catch (Http2Exception e) {
            throw new MalformedHttp("a header block cannot be read: " + e.getMessage());
        }
        Flight flight = flights.get(stream);
        if (flight == null) {
            return;
        }
        if (decoded.status() != null) {
            int status = statusOf(decoded.status());
            flight.read(blockArrivedAtNs, blockKernelAtNs);
            if (status < 200) {
                return;
            }
            flight.head(status, fields(decoded), arrivedAtNs);
        }
        if (blockEndsStream) {
            land(flight, arrivedAtNs, kernelAtNs);
        }
    }

    private static int statusOf(CharSequence text) throws MalformedHttp {
        if (text.length() != 3 || !text.chars().allMatch(c -> c >= '0' && c <= '9')) {
            throw new MalformedHttp("expected a status of three digits, saw '" + text + "'");
        }
        return Integer.parseInt(text.toString());
    }

    private static List<Header> fields(Http2Headers decoded) throws MalformedHttp {
        var fields = new ArrayList<Header>(decoded.size());
        for (Map.Entry<CharSequence, CharSequence> field : decoded) {
            if (field.getKey().isEmpty() || field.getKey().charAt(0) != ':') {
                try {
                    fields.add(Header.of(
                            field.getKey().toString(), field.getValue().toString()));
                } catch (IllegalArgumentException e) {
                    throw new MalformedHttp("in the response, " + e.getMessage());
                }
            }
        }
        return fields;
    }

    private void reset(long arrivedAtNs, long kernelAtNs) throws MalformedHttp {
        requirePayload(4);
        String code = codeName(payload.readUnsignedInt());
        Flight flight = flights.remove(streamId);
        if (flight != null) {
            forget(flight);
            land(
                    flight,
                    new TransportEnd(TransportEnd.Kind.RESET, "the server reset the stream (RST_STREAM " + code + ")"),
                    arrivedAtNs,
                    kernelAtNs);
            closeWhenDone();
            madeRoom();
        }
    }

    private void settings() throws MalformedHttp {
        if ((flags & ACK) != 0) {
            return;
        }
        while (payload.readableBytes() >= 6) {
            int id = payload.readUnsignedShort();
            long value = payload.readUnsignedInt();
            switch (id) {
                case SETTINGS_MAX_CONCURRENT_STREAMS -> serverMaxStreams = (int) Math.min(value, LARGEST_WINDOW);
                case SETTINGS_INITIAL_WINDOW_SIZE -> {
                    if (value > LARGEST_WINDOW) {
                        throw new MalformedHttp("the server's initial window is too large: " + value);
                    }
                    int change = (int) value - serverInitialWindow;
                    serverInitialWindow = (int) value;
                    streamWindows.values().forEach(window -> window[0] += change);
                }
                case SETTINGS_MAX_FRAME_SIZE -> serverMaxFrame = Math.clamp(value, DEFAULT_FRAME, 1 << 20);
                default -> {
                    // The rest limits what we do not do, or is unknown.
                }
            }
        }
        ByteBuf out = channel.alloc().directBuffer(FRAME_HEADER_BYTES);
        frame(out, 0, SETTINGS, ACK, 0);
        channel.writeAndFlush(out, channel.voidPromise());
        resumeBodies();
        madeRoom();
    }

    private void ping() throws MalformedHttp {
        if ((flags & ACK) != 0) {
            return;
        }
        requirePayload(8);
        ByteBuf out = channel.alloc().directBuffer(FRAME_HEADER_BYTES + 8);
        frame(out, 8, PING, ACK, 0);
        out.writeLong(payload.readLong());
        channel.writeAndFlush(out, channel.voidPromise());
    }

    private void goneAway(long arrivedAtNs) throws MalformedHttp {
        requirePayload(8);
        int lastStreamId = payload.readInt() & Integer.MAX_VALUE;
        String code = codeName(payload.readUnsignedInt());
        retire(true);
        for (Flight flight : List.copyOf(flights.values())) {
            if (flight.streamId > lastStreamId) {
                flights.remove(flight.streamId);
                forget(flight);
                land(
                        flight,
                        new TransportEnd(
                                TransportEnd.Kind.RESET, "the server refused the stream (GOAWAY " + code + ")"),
                        arrivedAtNs,
                        FlightLog.NO_STAMP);
            }
        }
        closeWhenDone();
    }

    private void windowUpdate() throws MalformedHttp {
        requirePayload(4);
        int increment = payload.readInt() & Integer.MAX_VALUE;
        if (streamId == 0) {
            sendWindow += increment;
        } else {
            int[] window = streamWindows.get(streamId);
            if (window != null) {
                if ((long) window[0] + increment > LARGEST_WINDOW) {
                    throw new MalformedHttp("the window of stream " + streamId + " grew beyond " + LARGEST_WINDOW
                            + " bytes, by " + increment);
                }
                window[0] += increment;
            }
        }
        resumeBodies();
    }

    private void requirePayload(int bytes) throws MalformedHttp {
        if (payload.readableBytes() < bytes) {
            throw new MalformedHttp("an HTTP/2 frame of type " + type + " is too short: expected " + bytes
                    + " bytes more, saw " + payload.readableBytes());
        }
    }

    private static String codeName(long code) {
        Http2Error error = Http2Error.valueOf(code);
        return error == null ? "0x" + Long.toHexString(code) : error.name();
    }

    /// The stream has ended as it should.
    private void land(Flight flight, long atNs, long kernelAtNs) {
        flights.remove(flight.streamId);
        forget(flight);
        if (!flight.hasEndedRequest()) {
            ByteBuf out = channel.alloc().directBuffer(FRAME_HEADER_BYTES + 4);
            frame(out, 4, RST_STREAM, 0, flight.streamId);
            out.writeInt((int) Http2Error.NO_ERROR.code());
            channel.writeAndFlush(out, channel.voidPromise());
        }
        TransportEnd end = flight.hasHead()
                ? TransportEnd.COMPLETE
                : new TransportEnd(
                        TransportEnd.Kind.MALFORMED, "expected a response, saw the stream end without a status");
        land(flight, end, atNs, kernelAtNs);
        closeWhenDone();
        madeRoom();
    }

    private void forget(Flight flight) {
        windowed.remove(flight);
        streamWindows.remove(flight.streamId);
        if (dataFlight == flight) {
            dataFlight = null;
        }
    }

    private void madeRoom() {
        if (room() > 0) {
            owner().hasRoom(this);
        }
    }

    private void closeWhenDone() {
        if (retired && flights.isEmpty() && !closing) {
            goAway(Http2Error.NO_ERROR);
        }
    }

    private void goAway(Http2Error error) {
        closing = true;
        retire(false);
        ByteBuf out = channel.alloc().directBuffer(FRAME_HEADER_BYTES + 8);
        frame(out, 8, GOAWAY, 0, 0);
        out.writeInt(0).writeInt((int) error.code());
        channel.writeAndFlush(out, channel.voidPromise());
        channel.close();
    }

    private void retire(boolean byPeer) {
        if (!retired) {
            retired = true;
            owner().retired(this, byPeer);
        }
    }

    private void failAll(TransportEnd end, long atNs) {
        retire(true);
        for (Flight flight : List.copyOf(flights.values())) {
            flights.remove(flight.streamId);
            forget(flight);
            land(flight, end, atNs, FlightLog.NO_STAMP);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        closing = true;
        retire(true);
        for (Flight flight : List.copyOf(flights.values())) {
            flights.remove(flight.streamId);
            land(flight, closedUnder(flight), stamp.arrivedAtNs(), stamp.kernelAtNs());
        }
    }

    @Override
    void broken(Throwable cause) {
        failAll(endOf(cause), clock.nowNs());
    }
}
