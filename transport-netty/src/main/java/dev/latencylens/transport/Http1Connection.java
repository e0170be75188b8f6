package dev.latencylens.transport;

import dev.latencylens.clock.Clock;
import dev.latencylens.exchange.ConnectionFacts;
import dev.latencylens.exchange.TransportEnd;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import org.jspecify.annotations.Nullable;

/// Speaks HTTP/1.1 (RFC 9112), one exchange at a time.
///
/// Body bytes go to the flight log as they are found between the framing; nothing is collected or copied twice.
final class Http1Connection extends Connection {
    private enum State {
        HEAD,
        FIXED,
        CHUNK_SIZE,
        CHUNK_DATA,
        CHUNK_END,
        TRAILERS,
        UNTIL_CLOSE,
        CLOSED
    }

    /// A chunk's size line with its extensions, and trailers, must fit this.
    private static final int MAX_LINE_BYTES = 8 * 1024;

    private final Http1Head head = new Http1Head();
    private @Nullable Flight flight;
    private State state = State.HEAD;
    /// Bytes left of a body of known length, or of the current chunk.
    private long left;

    private int lineBytes;
    private long chunkSize;
    private boolean chunkDigits;
    private boolean chunkExtension;
    private boolean lastInResponse;
    private boolean closeNotified;

    Http1Connection(Channel channel, ReadStamp stamp, Clock clock, ConnectionFacts facts, Owner owner) {
        super(channel, stamp, clock, facts, owner);
    }

    @Override
    int room() {
        return flight == null && state == State.HEAD && channel.isActive() ? 1 : 0;
    }

    @Override
    boolean isIdle() {
        return flight == null;
    }

    @Override
    ByteBuf encode(Flight next) {
        flight = next;
        lastInResponse = false;
        head.reset();
        byte[] headBytes = next.exchange.request().http1Head();
        byte[] body = next.exchange.request().body();
        ByteBuf bytes = channel.alloc().directBuffer(headBytes.length + body.length);
        bytes.writeBytes(headBytes).writeBytes(body);
        next.bodySent = body.length;
        return bytes;
    }

    @Override
    void abandon(Flight abandoned) {
        if (flight == abandoned) {
            flight = null;
            retire(false);
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        var buffer = (ByteBuf) message;
        try {
            read(buffer, stamp.arrivedAtNs(), stamp.kernelAtNs());
        } finally {
            buffer.release();
        }
    }

    private void read(ByteBuf buffer, long arrivedAtNs, long kernelAtNs) {
        while (buffer.isReadable() && state != State.CLOSED) {
            Flight current = flight;
            if (current == null) {
                // Nobody has asked: whatever this is, the connection cannot be trusted with another request.
                retire(false);
                return;
            }
            current.read(arrivedAtNs, kernelAtNs);
            try {
                parse(current, buffer, arrivedAtNs, kernelAtNs);
            } catch (MalformedHttp e) {
                finish(current, new TransportEnd(TransportEnd.Kind.MALFORMED, e.getMessage()), arrivedAtNs, kernelAtNs);
            }
        }
    }

    private void parse(Flight current, ByteBuf buffer, long arrivedAtNs, long kernelAtNs) throws MalformedHttp {
        switch (state) {
            case HEAD -> {
                if (head.read(buffer)) {
                    begin(current, arrivedAtNs, kernelAtNs);
                }
            }
            case FIXED -> {
                left -= body(current, buffer, left, arrivedAtNs, kernelAtNs);
                if (left == 0) {
                    complete(current, arrivedAtNs, kernelAtNs);
                }
            }
            case UNTIL_CLOSE -> body(current, buffer, Long.MAX_VALUE, arrivedAtNs, kernelAtNs);
            case CHUNK_SIZE -> {
                if (chunkSizeLine(buffer)) {
                    left = chunkSize;
                    lineBytes = 0;
                    state = chunkSize == 0 ? State.TRAILERS : State.CHUNK_DATA;
                }
            }
            case CHUNK_DATA -> {
                left -= body(current, buffer, left, arrivedAtNs, kernelAtNs);
                if (left == 0) {
                    state = State.CHUNK_END;
                }
            }
            case CHUNK_END -> {
                int next = buffer.readByte();
                if (next == '\n') {
                    expectChunkSize();
                } else if (next != '\r') {
                    throw new MalformedHttp(
                            "expected a line break after a chunk, saw '" + MalformedHttp.printable(next) + "'");
                }
            }
            case TRAILERS -> {
                if (blankLine(buffer)) {
                    complete(current, arrivedAtNs, kernelAtNs);
                }
            }
            case CLOSED -> throw new IllegalStateException("read on a closed connection");
        }
    }

    private void begin(Flight current, long arrivedAtNs, long kernelAtNs) throws MalformedHttp {
        if (head.isInterim()) {
            head.reset();
            return;
        }
        current.head(head.status(), head.headers(), arrivedAtNs);
        lastInResponse = !head.keepsAlive();
        if (head.hasNoBody()) {
            complete(current, arrivedAtNs, kernelAtNs);
        } else if (head.isChunked()) {
            expectChunkSize();
        } else if (head.contentLength() == 0) {
            complete(current, arrivedAtNs, kernelAtNs);
        } else if (head.contentLength() > 0) {
            left = head.contentLength();
            state = State.FIXED;
        } else {
            state = State.UNTIL_CLOSE;
        }
    }

    private static int body(Flight current, ByteBuf buffer, long most, long arrivedAtNs, long kernelAtNs) {
        int length = (int) Math.min(buffer.readableBytes(), most);
        current.body(buffer, buffer.readerIndex(), length, arrivedAtNs, kernelAtNs);
        buffer.skipBytes(length);
        return length;
    }

    private void expectChunkSize() {
        state = State.CHUNK_SIZE;
        chunkSize = 0;
        chunkDigits = false;
        chunkExtension = false;
        lineBytes = 0;
    }

    private boolean chunkSizeLine(ByteBuf buffer) throws MalformedHttp {
        while (buffer.isReadable()) {
            int next = buffer.readByte();
            if (next == '\n') {
                if (!chunkDigits) {
                    throw new MalformedHttp("expected a chunk size, saw an empty line");
                }
                return true;
            }
            if (++lineBytes > MAX_LINE_BYTES) {
                throw new MalformedHttp("a chunk's size line is longer than " + MAX_LINE_BYTES + " bytes");
            }
            int digit = Character.digit(next, 16);
            if (!chunkExtension && digit >= 0) {
                if (chunkSize > Integer.MAX_VALUE) {
                    throw new MalformedHttp("a chunk's size is larger than 32 GiB");
                }
                chunkDigits = true;
                chunkSize = chunkSize * 16 + digit;
            } else if (next == ';' || next == ' ' || next == '\t' || next == '\r') {
                chunkExtension = true;
            } else if (!chunkExtension) {
                throw new MalformedHttp(
                        "expected a chunk size in hexadecimal, saw '" + MalformedHttp.printable(next) + "'");
            }
        }
        return false;
    }

    /// Reads trailer lines, which nobody asked for, up to the blank one.
    private boolean blankLine(ByteBuf buffer) throws MalformedHttp {
        while (buffer.isReadable()) {
            int next = buffer.readByte();
            if (next == '\n') {
                if (left == 0) {
                    return true;
                }
                left = 0;
            } else if (next != '\r') {
                left = 1;
            }
            if (++lineBytes > MAX_LINE_BYTES) {
                throw new MalformedHttp("trailers are longer than " + MAX_LINE_BYTES + " bytes");
            }
        }
        return false;
    }

    private void complete(Flight current, long arrivedAtNs, long kernelAtNs) {
        finish(current, TransportEnd.COMPLETE, arrivedAtNs, kernelAtNs);
    }

    private void finish(Flight current, TransportEnd end, long atNs, long kernelAtNs) {
        boolean reusable = end.kind() == TransportEnd.Kind.COMPLETE && !lastInResponse && current.hasEndedRequest();
        flight = null;
        state = reusable ? State.HEAD : State.CLOSED;
        land(current, end, atNs, kernelAtNs);
        if (!reusable) {
            retire(false);
        }
    }

    private void retire(boolean closedByPeer) {
        state = State.CLOSED;
        owner().retired(this, closedByPeer);
        channel.close();
    }

    /// Only a close_notify tells a body's end from its loss (RFC 9112, 9.8); the peer need not close TCP after it.
    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof SslCloseCompletionEvent close) {
            closeNotified = close.isSuccess();
            ctx.close();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        Flight current = flight;
        boolean wasOpen = state != State.CLOSED;
        boolean untilClose = state == State.UNTIL_CLOSE;
        flight = null;
        state = State.CLOSED;
        if (current != null) {
            TransportEnd end;
            if (!untilClose) {
                end = closedUnder(current);
            } else if (facts().tls() == null || closeNotified) {
                end = TransportEnd.COMPLETE;
            } else {
                end = new TransportEnd(TransportEnd.Kind.CUT, "the connection ended without TLS's close_notify");
            }
            land(current, end, stamp.arrivedAtNs(), stamp.kernelAtNs());
        }
        if (wasOpen) {
            owner().retired(this, true);
        }
    }

    @Override
    void broken(Throwable cause) {
        Flight current = flight;
        boolean wasOpen = state != State.CLOSED;
        flight = null;
        state = State.CLOSED;
        if (current != null) {
            land(current, endOf(cause), clock.nowNs(), dev.latencylens.exchange.FlightLog.NO_STAMP);
        }
        if (wasOpen) {
            owner().retired(this, true);
        }
    }
}
