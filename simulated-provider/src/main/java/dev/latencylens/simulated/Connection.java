package dev.latencylens.simulated;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelOutboundBuffer;

/// The server's end of one connection, whatever HTTP it speaks.
abstract sealed class Connection permits Http1Connection, Http2Connection {
    final Server server;
    final ChannelHandlerContext context;
    final Arrival arrival;

    Connection(Server server, ChannelHandlerContext context, Arrival arrival) {
        this.server = server;
        this.context = context;
        this.arrival = arrival;
    }

    /// Takes the bytes that arrived before the protocol was known.
    abstract void open(ByteArray early);

    abstract void read(ByteBuf bytes);

    /// All bytes of one read have been taken.
    abstract void readComplete();

    /// The socket accepts bytes again.
    abstract void writable();

    /// Sends of an exchange what is due and the client accepts, in one write, and reports it to the exchange.
    abstract void pump(Exchange exchange);

    /// The same, together with what others on this connection have due in this turn of the loop.
    void pumpWithOthers(Exchange exchange) {
        pump(exchange);
    }

    /// The encoded head of a response, to be sent by other means than [#pump].
    abstract ByteBuf headBytes(Exchange exchange);

    /// Keeps all other output back until [#uncork].
    abstract void cork(Exchange exchange);

    abstract void uncork();

    abstract void resetStream(Exchange exchange, boolean refuse);

    /// Announces the end of the connection, before or behind the exchange's stream.
    abstract void goAway(Exchange exchange, boolean refuse);

    /// An exchange has ended: the connection lets go of it.
    abstract void forget(Exchange exchange);

    /// Ends whatever is under way, since the connection is gone.
    abstract void endAll(String by);

    ByteBuf allocate(int bytes) {
        return context.alloc().directBuffer(bytes);
    }

    /// Writes and flushes; returns the instant immediately before the flush reached the socket.
    @SuppressWarnings("FutureReturnValueIgnored") // a void promise reports to exceptionCaught
    long write(ByteBuf bytes) {
        context.writeAndFlush(bytes, context.voidPromise());
        return arrival.stamps().flushedAtNs();
    }

    /// Whether the socket has not taken all that was flushed.
    boolean isBackedUp() {
        ChannelOutboundBuffer waiting = context.channel().unsafe().outboundBuffer();
        return waiting != null && waiting.totalPendingWriteBytes() > 0;
    }

    /// Closes the connection behind the bytes that were flushed.
    @SuppressWarnings("FutureReturnValueIgnored") // the channel's end is seen by channelInactive
    void closeNow() {
        if (isBackedUp()) {
            context.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
        } else {
            context.close();
        }
    }

    /// Resets the connection by TCP RST, without a farewell of TLS.
    void resetNow() {
        // Another stream of the same connection may have reset it in this very turn.
        if (context.channel().isOpen()) {
            context.channel().config().setOption(ChannelOption.SO_LINGER, 0);
            context.channel().unsafe().close(context.voidPromise());
        }
    }

    void ended(Exchange exchange, Truth truth) {
        server.finished(truth);
        forget(exchange);
    }

    Truth newTruth(Request request) {
        Truth truth = server.newTruth();
        truth.connection = arrival.number();
        truth.tls = arrival.tls();
        truth.acceptedAtNs = arrival.acceptedAtNs();
        truth.requestFirstByteReadAtNs = request.firstByteReadAtNs;
        truth.requestReadAtNs = request.readAtNs;
        return truth;
    }
}
