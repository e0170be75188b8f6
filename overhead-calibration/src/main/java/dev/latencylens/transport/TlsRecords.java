package dev.latencylens.transport;

import dev.latencylens.clock.Clock;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;

/// Records of TLS that come one read each, are opened by the transport's own TLS, and go no further.
///
/// Used by one thread, one of [NettyTransport#threads].
public final class TlsRecords implements AutoCloseable {
    private final MemoryChannel memory;
    private final byte[] plain;
    private long records;
    private long opened;

    /// @param plain what each record holds
    /// @param version for example `TLSv1.3`
    public TlsRecords(byte[] plain, String version) {
        memory = new MemoryChannel(Clock.monotonic(), HttpVersion.HTTP_2, version);
        this.plain = plain.clone();
        memory.channel.pipeline().addLast(new Ground());
    }

    public void prepare(int count) {
        memory.prepare(count, plain);
    }

    /// Records made ready and not opened yet.
    public int ready() {
        return memory.ready();
    }

    public void open() {
        memory.read();
        records++;
    }

    /// @throws IllegalStateException unless each record was opened by the read that brought it
    public void check() {
        if (opened != records * plain.length) {
            throw new IllegalStateException("expected " + records * plain.length + " bytes out of TLS, saw " + opened);
        }
    }

    @Override
    public void close() {
        memory.channel.close();
        memory.forgetSent();
    }

    private final class Ground extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            var buffer = (ByteBuf) message;
            opened += buffer.readableBytes();
            buffer.release();
        }
    }
}
