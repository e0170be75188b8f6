package dev.latencylens.transport;

import dev.latencylens.clock.Clock;
import dev.latencylens.exchange.ConnectionFacts;
import dev.latencylens.exchange.TcpPath;
import dev.latencylens.exchange.TransportEnd;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/// An open connection that speaks one version of HTTP; the last handler of its channel.
abstract class Connection extends ChannelInboundHandlerAdapter {
    final Channel channel;
    final ReadStamp stamp;
    final Clock clock;
    private final ConnectionFacts facts;
    private final Owner owner;
    private boolean used;

    @Nullable
    PathReader path;

    /// Whether it stands among those of the transport that have room, so that it need not be looked for there.
    boolean isOpen;

    /// What a connection tells the transport, always on the I/O thread.
    interface Owner {
        /// The flight has come to its end on this connection, which may have room for another now.
        void landed(Connection connection, Flight flight, TransportEnd end, long atNs, long kernelAtNs);

        /// The connection has closed, or takes no new exchanges any more; its flights have landed or will.
        void retired(Connection connection, boolean closedByPeer);

        /// The connection can take more exchanges than it could before.
        void hasRoom(Connection connection);
    }

    Connection(Channel channel, ReadStamp stamp, Clock clock, ConnectionFacts facts, Owner owner) {
        this.channel = channel;
        this.stamp = stamp;
        this.clock = clock;
        this.facts = facts;
        this.owner = owner;
    }

    /// Sends the flight's request, which starts with that unless it waited for this connection. The connection has
    /// room for it.
    final void carry(Flight flight) {
        flight.connection = this;
        ConnectionFacts mine = used ? facts.reused() : facts;
        used = true;
        write(flight, encode(flight));
        flight.connected(mine, clock.nowNs());
    }

    /// Carries flights that waited for this connection: all of them paid for its set-up.
    final void carryFirst(Iterable<Flight> flights) {
        for (Flight flight : flights) {
            used = false;
            carry(flight);
        }
    }

    /// What of the flight's request may be sent now; the flight is this connection's from here on.
    abstract ByteBuf encode(Flight flight);

    /// How many more exchanges may be sent now.
    abstract int room();

    /// Whether it carries nothing now.
    abstract boolean isIdle();

    /// Gives up on a flight that this connection carries; its end is the transport's affair.
    abstract void abandon(Flight flight);

    final Owner owner() {
        return owner;
    }

    final ConnectionFacts facts() {
        return facts;
    }

    final void land(Flight flight, TransportEnd end, long atNs, long kernelAtNs) {
        TcpPath read = path == null ? null : path.read();
        if (read != null) {
            flight.path(read, atNs);
        }
        owner.landed(this, flight, end, atNs, kernelAtNs);
    }

    /// Writes and flushes a request, and stamps the instants before the write of its first byte and after that of
    /// its last.
    final void write(Flight flight, ByteBuf bytes) {
        boolean whole = flight.isWholeBodySent();
        ChannelPromise written = channel.newPromise();
        written.addListener(future -> {
            if (future.isSuccess() && whole) {
                flight.requestStarted();
                flight.requestEnded(clock.nowNs());
            } else if (future.cause() instanceof IOException cause && !(cause instanceof ClosedChannelException)) {
                // Netty closes the channel next, which would look like a close by the peer.
                channel.eventLoop().execute(() -> broken(cause));
            }
        });
        flight.writes(clock);
        channel.writeAndFlush(bytes, written);
        // What is not done waits for the socket's buffer: the kernel has a first part of the request.
        if (!written.isDone() || written.isSuccess()) {
            flight.requestStarted();
        }
    }

    @Override
    public final void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        broken(cause);
        ctx.close();
    }

    /// The channel has failed; every flight on it lands.
    abstract void broken(Throwable cause);

    /// How a failure of the channel looks to an exchange that it hits.
    static TransportEnd endOf(Throwable cause) {
        String message = String.valueOf(cause.getMessage());
        Throwable inner = cause.getCause() == null ? cause : cause.getCause();
        if (inner instanceof SSLException tls) {
            return Tls.failure(tls);
        }
        if (cause instanceof IOException) {
            return new TransportEnd(
                    TransportEnd.Kind.RESET,
                    message.contains("reset") ? "the peer reset the connection" : "the connection broke: " + message);
        }
        return new TransportEnd(TransportEnd.Kind.MALFORMED, message);
    }

    /// How a close by the peer looks to an exchange that it hits.
    static TransportEnd closedUnder(Flight flight) {
        return new TransportEnd(
                TransportEnd.Kind.CUT,
                flight.hasStartedResponse()
                        ? "the peer closed the connection in mid-response"
                        : "the peer closed the connection before the first response byte");
    }
}
