package dev.latencylens.simulated;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import org.jspecify.annotations.Nullable;

/// Passes what a channel reports to its connection, once the first bytes have told HTTP/2 from HTTP/1.1.
///
/// The bytes decide with and without TLS; ALPN only tells the client what it may begin with.
final class ConnectionHandler extends ChannelInboundHandlerAdapter {
    private static final byte[] PREFACE = ChatText.ascii("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

    private final Server server;
    private final Arrival arrival;
    private final ByteArray early = new ByteArray(PREFACE.length);
    private @Nullable Connection connection;

    ConnectionHandler(Server server, Arrival arrival) {
        this.server = server;
        this.arrival = arrival;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        server.opened(ctx.channel());
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf bytes = (ByteBuf) message;
        try {
            Connection open = connection;
            if (open != null) {
                open.read(bytes);
            } else {
                early.append(bytes);
                decide(ctx);
            }
        } finally {
            bytes.release();
        }
    }

    private void decide(ChannelHandlerContext ctx) {
        boolean http2 = true;
        for (int i = 0; i < Math.min(PREFACE.length, early.length()); i++) {
            http2 &= early.at(i) == PREFACE[i];
        }
        if (http2 && early.length() < PREFACE.length) {
            return;
        }
        Connection chosen =
                http2 ? new Http2Connection(server, ctx, arrival) : new Http1Connection(server, ctx, arrival);
        connection = chosen;
        early.drop(http2 ? PREFACE.length : 0);
        chosen.open(early);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        Connection open = connection;
        if (open != null) {
            open.readComplete();
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        Connection open = connection;
        if (open != null && ctx.channel().isWritable()) {
            open.writable();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        server.closed(ctx.channel());
        Connection open = connection;
        if (open != null) {
            open.endAll(server.isClosing() ? "server-closed" : "client-closed");
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        server.connectionFailed(cause);
        ctx.channel().unsafe().close(ctx.voidPromise());
    }
}
