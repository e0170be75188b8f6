package dev.latencylens.audit;

import java.util.List;

/// The code that an I/O thread runs for each token, between the socket and the flight log.
///
/// While a method of it is interpreted, or has just been given up, what that thread stamps itself is stamped
/// later.
public final class HotPath {
    /// Classes, with those nested in them. Code that only begins or ends a request is not among them.
    public static final List<String> CLASSES = List.of(
            "dev.latencylens.exchange.FlightLog",
            "dev.latencylens.transport.Flight",
            "dev.latencylens.transport.Http1Connection",
            "dev.latencylens.transport.Http2Connection",
            "dev.latencylens.transport.KernelStamps",
            "dev.latencylens.transport.ReadStamp",
            "dev.latencylens.transport.WatchedIo",
            "io.netty.channel.epoll.AbstractEpollChannel",
            "io.netty.channel.epoll.AbstractEpollStreamChannel",
            "io.netty.channel.epoll.EpollIoHandler",
            "io.netty.channel.socket.nio.NioSocketChannel",
            "io.netty.channel.nio.NioIoHandler",
            "io.netty.handler.ssl.SslHandler");

    private HotPath() {}

    /// @param method `package.Class.method`, as [Evidence.Stall#what] has it
    static boolean holds(String method) {
        return CLASSES.stream()
                .anyMatch(name -> method.startsWith(name)
                        && method.length() > name.length()
                        && (method.charAt(name.length()) == '.' || method.charAt(name.length()) == '$'));
    }
}
