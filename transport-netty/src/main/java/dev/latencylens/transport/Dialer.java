package dev.latencylens.transport;

import dev.latencylens.clock.Clock;
import dev.latencylens.exchange.ConnectionFacts;
import dev.latencylens.exchange.TransportEnd;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.unix.IntegerUnixChannelOption;
import io.netty.handler.proxy.HttpProxyHandler;
import io.netty.handler.proxy.ProxyConnectException;
import io.netty.handler.proxy.ProxyConnectionEvent;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.resolver.NoopAddressResolverGroup;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Opens connections to the endpoint: name, TCP, proxy, TLS, and which HTTP is spoken; stamps every phase.
final class Dialer {
    /// Asked of the kernel, which may grant less. The kernel counts near a kilobyte for each small segment, so
    /// the usual 128 KiB is full after a hundred tokens; then it drops segments, which come again 40 to 200 ms
    /// later.
    private static final int RECEIVE_BUFFER_BYTES = 4 << 20;

    private static final ChannelOption<Integer> KERNEL_STAMPS =
            new IntegerUnixChannelOption("SO_TIMESTAMPNS", KernelStamps.SOL_SOCKET, KernelStamps.SO_TIMESTAMPNS);

    private final NetworkSettings settings;
    private final Clock clock;
    private final EventLoop loop;
    /// Null for a cleartext endpoint.
    private final @Nullable Tls tls;
    private final Names names;
    private final @Nullable KernelStamps kernelStamps;
    private final Connection.Owner owner;
    private long connections;

    Dialer(
            NetworkSettings settings,
            Clock clock,
            EventLoop loop,
            @Nullable Tls tls,
            @Nullable KernelStamps kernelStamps,
            Connection.Owner owner) {
        this.settings = settings;
        this.clock = clock;
        this.loop = loop;
        this.tls = tls;
        this.kernelStamps = kernelStamps;
        this.owner = owner;
        names = new Names(loop, settings.sockets(), settings.timeouts().connect());
    }

    /// Begins to open a connection; the dial says how it went.
    void dial(Dial dial) {
        dial.number = ++connections;
        ProxyServer proxy = settings.proxy();
        String host = proxy == null ? settings.endpoint().host() : proxy.host();
        if (names.needsLookup(host)) {
            dial.domainLookupStartAtNs = clock.nowNs();
            names.lookUp(host, (addresses, failure) -> {
                dial.domainLookupEndAtNs = clock.nowNs();
                if (failure != null) {
                    dial.failed(new TransportEnd(TransportEnd.Kind.DNS_FAILED, failure));
                } else {
                    connect(dial, addresses, 0);
                }
            });
        } else {
            connect(dial, names.known(host), 0);
        }
    }

    void close() {
        names.close();
    }

    /// Tries the addresses one after the other.
    void connect(Dial dial, List<InetAddress> addresses, int index) {
        if (dial.isGivenUp()) {
            return;
        }
        ProxyServer proxy = settings.proxy();
        Endpoint endpoint = settings.endpoint();
        var address = new InetSocketAddress(addresses.get(index), proxy == null ? endpoint.port() : proxy.port());
        var stamp = new ReadStamp(clock, kernelStamps);
        var setUp = new SetUp(dial, stamp, address);
        setUp.connectStartAtNs = clock.nowNs();
        if (dial.connectStartAtNs == Dial.NOT_YET) {
            dial.connectStartAtNs = setUp.connectStartAtNs;
        }
        var bootstrap = new Bootstrap()
                .group(loop)
                .channel(settings.sockets().channel())
                .resolver(NoopAddressResolverGroup.INSTANCE)
                .option(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
                .option(ChannelOption.RECVBUF_ALLOCATOR, stamp)
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int)
                        Math.min(settings.timeouts().connect().toMillis(), Integer.MAX_VALUE))
                .handler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        build(channel, setUp, address);
                    }
                });
        if (kernelStamps != null) {
            bootstrap.option(KERNEL_STAMPS, 1);
        }
        SocketAddress destination =
                proxy == null ? address : InetSocketAddress.createUnresolved(endpoint.host(), endpoint.port());
        var connecting = bootstrap.connect(destination);
        dial.channel = connecting.channel();
        connecting.addListener(future -> {
            if (!future.isSuccess()) {
                Throwable cause = future.cause();
                if (index + 1 < addresses.size() && dial.connectEndAtNs == Dial.NOT_YET) {
                    connect(dial, addresses, index + 1);
                } else {
                    dial.failed(failure(cause, address));
                }
            }
        });
    }

    private void build(Channel channel, SetUp setUp, InetSocketAddress address) {
        setUp.stamp.attach(channel);
        channel.pipeline().addLast(new TcpStamp(setUp));
        ProxyServer proxy = settings.proxy();
        if (proxy != null) {
            HttpProxyHandler connect = proxy.user() == null
                    ? new HttpProxyHandler(address)
                    : new HttpProxyHandler(address, proxy.user(), String.valueOf(proxy.password()));
            connect.setConnectTimeoutMillis(settings.timeouts().connect().toMillis());
            channel.pipeline().addLast(connect);
        }
        if (tls != null) {
            SslHandler handler = tls.newHandler(channel.alloc(), settings.endpoint());
            handler.setHandshakeTimeoutMillis(settings.timeouts().connect().toMillis());
            channel.pipeline().addLast(new TlsStartStamp(setUp.dial), handler);
        }
        channel.pipeline().addLast(setUp);
    }

    private static TransportEnd failure(Throwable cause, InetSocketAddress address) {
        String where = address.getAddress().getHostAddress() + " port " + address.getPort();
        // TLS's handler, which fails with the proxy's, puts an exception of its own around this one.
        for (Throwable inner = cause; inner != null; inner = inner.getCause()) {
            if (inner instanceof ProxyConnectException) {
                String message = String.valueOf(inner.getMessage());
                return message.endsWith("timeout")
                        ? new TransportEnd(
                                TransportEnd.Kind.TIMEOUT, "connect: the proxy at " + where + " did not answer in time")
                        : new TransportEnd(
                                TransportEnd.Kind.CONNECT_FAILED,
                                "the proxy at " + where + " did not connect: " + message);
            }
        }
        if (cause instanceof io.netty.channel.ConnectTimeoutException) {
            return new TransportEnd(TransportEnd.Kind.TIMEOUT, "connect: no TCP connection to " + where + " in time");
        }
        if (cause instanceof ConnectException) {
            return new TransportEnd(TransportEnd.Kind.CONNECT_FAILED, reason(cause) + " by " + where);
        }
        return new TransportEnd(TransportEnd.Kind.CONNECT_FAILED, "no connection to " + where + ": " + reason(cause));
    }

    /// The system's own words, without Netty's call and address around them.
    private static String reason(Throwable cause) {
        Throwable root = cause.getCause() instanceof ConnectException ? cause.getCause() : cause;
        String message = String.valueOf(root.getMessage());
        return message.toLowerCase(java.util.Locale.ROOT).contains("refused") ? "connection refused" : message;
    }

    /// Stamps the TCP connection, ahead of a proxy's handler, which keeps it to itself until its own work is done.
    private final class TcpStamp extends ChannelInboundHandlerAdapter {
        private final SetUp setUp;

        TcpStamp(SetUp setUp) {
            this.setUp = setUp;
        }

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            Dial dial = setUp.dial;
            dial.connectEndAtNs = clock.nowNs();
            dial.path = PathReader.connected(ctx.channel(), setUp.connectStartAtNs - dial.connectStartAtNs);
            ctx.fireChannelActive();
            ctx.pipeline().remove(this);
        }
    }

    /// Stamps the instant at which TLS begins.
    private final class TlsStartStamp extends ChannelInboundHandlerAdapter {
        private final Dial dial;

        TlsStartStamp(Dial dial) {
            this.dial = dial;
        }

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            if (settings.proxy() == null) {
                stamp(ctx);
            }
            ctx.fireChannelActive();
        }

        /// A proxy's handler lets TLS begin at once and holds its bytes back until the tunnel stands.
        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event instanceof ProxyConnectionEvent) {
                stamp(ctx);
            }
            ctx.fireUserEventTriggered(event);
        }

        private void stamp(ChannelHandlerContext ctx) {
            dial.secureConnectionStartAtNs = clock.nowNs();
            ctx.pipeline().remove(this);
        }
    }

    /// Waits at the pipeline's end until the connection stands, then gives its place to the connection.
    private final class SetUp extends ChannelInboundHandlerAdapter {
        private final Dial dial;
        private final ReadStamp stamp;
        private final InetSocketAddress address;
        /// When this address was tried, after others that failed.
        private long connectStartAtNs;

        private boolean done;

        SetUp(Dial dial, ReadStamp stamp, InetSocketAddress address) {
            this.dial = dial;
            this.stamp = stamp;
            this.address = address;
        }

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            if (tls == null) {
                succeed(ctx, settings.http() == HttpVersion.HTTP_2, null);
            }
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event instanceof SslHandshakeCompletionEvent handshake && tls != null) {
                if (!handshake.isSuccess()) {
                    fail(ctx, reasonOf(handshake.cause()));
                    return;
                }
                dial.secureConnectionEndAtNs = clock.nowNs();
                ConnectionFacts.Tls facts = tls.facts(ctx.pipeline().get(SslHandler.class));
                boolean http2 = facts.alpn().equals(ApplicationProtocolNames.HTTP_2);
                if (settings.http() == HttpVersion.HTTP_2 && !http2) {
                    fail(
                            ctx,
                            new TransportEnd(
                                    TransportEnd.Kind.TLS_FAILED,
                                    "the server did not agree to HTTP/2 (ALPN answer '" + facts.alpn()
                                            + "'); use --http 1.1"));
                    return;
                }
                succeed(ctx, http2, facts);
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            fail(
                    ctx,
                    dial.secureConnectionStartAtNs != Dial.NOT_YET
                            ? new TransportEnd(
                                    TransportEnd.Kind.TLS_FAILED, "the peer closed the connection during the handshake")
                            : new TransportEnd(
                                    TransportEnd.Kind.CONNECT_FAILED,
                                    "the peer closed the connection while it was set up"));
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            fail(ctx, reasonOf(cause));
        }

        /// A proxy's failure comes through TLS's handler, although TLS has not begun.
        private TransportEnd reasonOf(Throwable cause) {
            return dial.secureConnectionStartAtNs != Dial.NOT_YET
                    ? Tls.failure(cause, settings.endpoint())
                    : failure(cause, address);
        }

        private void succeed(
                ChannelHandlerContext ctx,
                boolean http2,
                ConnectionFacts.@org.jspecify.annotations.Nullable Tls facts) {
            done = true;
            Channel channel = ctx.channel();
            var connectionFacts = new ConnectionFacts(
                    dial.number,
                    facts != null && facts.resumed() ? ConnectionFacts.Kind.RESUMED : ConnectionFacts.Kind.NEW,
                    http2 ? "2" : "1.1",
                    address.getAddress().getHostAddress() + ":" + address.getPort(),
                    facts);
            Connection connection;
            if (http2) {
                var spoken = new Http2Connection(channel, stamp, clock, connectionFacts, owner, settings.maxStreams());
                ctx.pipeline().replace(this, "http", spoken);
                spoken.open();
                connection = spoken;
            } else {
                connection = new Http1Connection(channel, stamp, clock, connectionFacts, owner);
                ctx.pipeline().replace(this, "http", connection);
            }
            connection.path = dial.path;
            dial.succeeded(connection);
        }

        private void fail(ChannelHandlerContext ctx, TransportEnd end) {
            if (!done) {
                done = true;
                dial.failed(end);
                ctx.close();
            }
        }
    }
}
