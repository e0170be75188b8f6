package dev.latencylens.transport;

import dev.latencylens.clock.Clock;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.ssl.SslHandler;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// A channel whose reads bring bytes from an array: what Netty and the transport do around read(2), without it.
///
/// What it reads is made ready beforehand, because a TLS record can be opened only once.
final class MemoryChannel {
    final EmbeddedChannel channel = new EmbeddedChannel();
    final ReadStamp stamp;
    final RecvByteBufAllocator.ExtendedHandle reads;
    /// Null on a cleartext channel.
    private final @Nullable FarEnd farEnd;

    /// What the next reads bring, and where each ends in it.
    private byte[] wire = {};

    private int[] ends = {};
    private int next;
    private byte[] readyBytes = {};

    /// @param http what TLS offers
    /// @param tls the version of the transport's own TLS to go through, its handshake done; null for none
    MemoryChannel(Clock clock, HttpVersion http, @Nullable String tls) {
        stamp = new ReadStamp(clock, null);
        reads = stamp.newHandle();
        channel.config().setAllocator(PooledByteBufAllocator.DEFAULT);
        farEnd = tls == null ? null : overTls(http, tls);
    }

    private FarEnd overTls(HttpVersion http, String version) {
        var settings = new TlsSettings(null, null, null, true);
        SslHandler handler = new Tls(settings, http).newHandler(channel.alloc(), Endpoint.parse("https://localhost"));
        channel.pipeline().addLast(handler);
        var server = new FarEnd(channel, version);
        if (!handler.handshakeFuture().isSuccess()) {
            throw new IllegalStateException("the handshake failed: " + handler.handshakeFuture());
        }
        return server;
    }

    /// Makes reads ready that bring these bytes each, instead of those left over, which must be none over TLS.
    void prepare(int count, byte[] bytes) {
        if (farEnd == null && ends.length == count && Arrays.equals(readyBytes, bytes)) {
            next = 0;
            return;
        }
        var ready = new ByteArrayOutputStream(count * (bytes.length + 32));
        ends = new int[count];
        for (int i = 0; i < count; i++) {
            ready.writeBytes(farEnd == null ? bytes : farEnd.sealed(bytes));
            ends[i] = ready.size();
        }
        wire = ready.toByteArray();
        readyBytes = bytes;
        next = 0;
    }

    /// Reads that are ready.
    int ready() {
        return ends.length - next;
    }

    /// One read that brings what was made ready for it, as Netty's socket channels do it.
    void read() {
        int from = next == 0 ? 0 : ends[next - 1];
        int length = ends[next++] - from;
        reads.reset(channel.config());
        ByteBuf buffer = reads.allocate(channel.alloc());
        reads.attemptedBytesRead(buffer.writableBytes());
        buffer.writeBytes(wire, from, length);
        reads.lastBytesRead(length);
        reads.incMessagesRead(1);
        channel.pipeline().fireChannelRead(buffer);
        reads.readComplete();
        channel.pipeline().fireChannelReadComplete();
    }

    /// Throws away what was written.
    void forgetSent() {
        for (ByteBuf out = channel.readOutbound(); out != null; out = channel.readOutbound()) {
            out.release();
        }
    }
}
