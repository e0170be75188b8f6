package dev.latencylens.simulated;

import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;

/// Stands between the socket and everything else, TLS included, and stamps what passes.
final class WireStamps extends ChannelDuplexHandler {
    private long readAtNs;
    private long flushedAtNs;

    /// When the bytes that are being handled came out of read(2).
    long readAtNs() {
        return readAtNs;
    }

    /// The instant immediately before the latest flush.
    long flushedAtNs() {
        return flushedAtNs;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
        readAtNs = TrueClock.nowNs();
        ctx.fireChannelRead(msg);
    }

    @Override
    public void flush(ChannelHandlerContext ctx) {
        flushedAtNs = TrueClock.nowNs();
        ctx.flush();
    }
}
