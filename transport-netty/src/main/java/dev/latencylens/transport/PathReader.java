package dev.latencylens.transport;

import dev.latencylens.exchange.TcpPath;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.epoll.EpollTcpInfo;
import org.jspecify.annotations.Nullable;

/// Asks the kernel about one connection's path: a system call, once an exchange.
final class PathReader {
    private static final long NANOS_PER_MICRO = 1_000;

    private final EpollSocketChannel channel;
    private final EpollTcpInfo info = new EpollTcpInfo();
    private final long earlierAttemptsNs;
    private final long handshakeRttNs;

    private PathReader(EpollSocketChannel channel, long earlierAttemptsNs) {
        this.channel = channel;
        this.earlierAttemptsNs = earlierAttemptsNs;
        channel.tcpInfo(info);
        handshakeRttNs = info.totalRetrans() > 0 ? TcpPath.UNKNOWN : info.rtt() * NANOS_PER_MICRO;
    }

    /// To be called when TCP has just connected: the only round trip that the kernel knows then is the
    /// handshake's. Null where the transport cannot ask.
    static @Nullable PathReader connected(Channel channel, long earlierAttemptsNs) {
        try {
            return channel instanceof EpollSocketChannel socket ? new PathReader(socket, earlierAttemptsNs) : null;
        } catch (ChannelException closedAlready) {
            return null;
        }
    }

    /// Null when the connection is closed.
    @Nullable
    TcpPath read() {
        if (!channel.isOpen()) {
            return null;
        }
        try {
            channel.tcpInfo(info);
        } catch (ChannelException closedMeanwhile) {
            return null;
        }
        return new TcpPath(earlierAttemptsNs, handshakeRttNs, info.rtt() * NANOS_PER_MICRO, info.totalRetrans());
    }
}
