package dev.latencylens.simulated;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.unix.RawUnixChannelOption;
import io.netty.handler.ssl.SslContext;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// A loopback server that speaks the dialects of eleven providers over HTTP/1.1, HTTP/2 and TLS,
/// and records when each byte of its answers truly left.
///
/// One thread does everything, so that a write's recorded instant is that of the thread which makes
/// the system call. [#close] ends open exchanges, writes the rest of the record and reports what
/// went wrong.
public final class SimulatedProvider implements AutoCloseable {
    private static final int BACKLOG = 8_192;
    /// Room for the requests of a thousand streams that come at once over a few connections.
    private static final int RECEIVE_BUFFER_BYTES = 4 << 20;

    /// TCP_CONGESTION of tcp(7). A write has to leave when it is made, but BBR, which some systems use,
    /// paces, and
    /// every ten seconds holds a connection to four segments in flight for 200 ms. Every Linux has Reno.
    private static final byte[] UNPACED = "reno".getBytes(StandardCharsets.US_ASCII);

    private static final ChannelOption<ByteBuffer> CONGESTION_CONTROL =
            new RawUnixChannelOption("TCP_CONGESTION", 6, 13, UNPACED.length);

    private static final byte[] LOOPBACK_4 = {127, 0, 0, 1};
    private static final byte[] LOOPBACK_6 = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

    private final LoopThread loop;
    private final Server server;
    private final TruthLog log;
    private final List<Channel> listeners;
    private final int port;
    private final URI baseUrl;
    private boolean closed;

    private SimulatedProvider(LoopThread loop, Server server, TruthLog log, List<Channel> listeners, URI baseUrl) {
        this.loop = loop;
        this.server = server;
        this.log = log;
        this.listeners = listeners;
        this.port = ((InetSocketAddress) listeners.getFirst().localAddress()).getPort();
        this.baseUrl = baseUrl;
    }

    public static SimulatedProvider start(ServerOptions options, Behaviour behaviour) throws IOException {
        return start(options, behaviour, null);
    }

    /// Starts a server whose truths also go to `listener`, on the thread that writes the record.
    public static SimulatedProvider start(
            ServerOptions options, Behaviour behaviour, @Nullable Consumer<TruthRecord> listener) throws IOException {
        Replays replays = new Replays(options.replay());
        SslContext tls = options.tls() == null ? null : options.tls().serverContext();
        LoopThread loop = new LoopThread(options.cpus(), options.spin());
        loop.start();
        TruthLog log = log(options, listener, loop);
        Engine engine = new Engine(options.capacity());
        Routes routes = new Routes(
                behaviour,
                engine,
                options.apiKey(),
                options.models(),
                replays,
                Instant.now().getEpochSecond());
        Server server = new Server(loop.heap(), engine, log, routes);
        loop.atEndOfTurn(server::endTurn);
        List<Channel> listeners = new ArrayList<>();
        try {
            bind(options, listeners, bootstrap(loop, server, tls));
        } catch (RuntimeException | IOException e) {
            loop.stop();
            log.close();
            throw e;
        }
        String scheme = tls == null ? "http" : "https";
        InetSocketAddress address = (InetSocketAddress) listeners.getFirst().localAddress();
        URI baseUrl = URI.create(scheme + "://" + authority(options.host(), address) + "/v1");
        return new SimulatedProvider(loop, server, log, listeners, baseUrl);
    }

    private static TruthLog log(ServerOptions options, @Nullable Consumer<TruthRecord> listener, LoopThread loop)
            throws IOException {
        try {
            return new TruthLog(options.record(), listener);
        } catch (IOException e) {
            loop.stop();
            throw new IOException("record: cannot write '" + options.record() + "': " + e.getMessage(), e);
        }
    }

    private static String authority(@Nullable String host, InetSocketAddress address) {
        String name = host == null ? "127.0.0.1" : host;
        return (name.contains(":") ? "[" + name + "]" : name) + ":" + address.getPort();
    }

    private static void bind(ServerOptions options, List<Channel> listeners, ServerBootstrap bootstrap)
            throws IOException {
        if (options.host() != null) {
            int port = options.port();
            for (InetAddress address : InetAddress.getAllByName(options.host())) {
                listeners.add(bindOne(bootstrap, new InetSocketAddress(address, port)));
                port = ((InetSocketAddress) listeners.getFirst().localAddress()).getPort();
            }
            return;
        }
        listeners.add(bindOne(bootstrap, new InetSocketAddress(loopback(LOOPBACK_4), options.port())));
        int port = ((InetSocketAddress) listeners.getFirst().localAddress()).getPort();
        try {
            listeners.add(bindOne(bootstrap, new InetSocketAddress(loopback(LOOPBACK_6), port)));
        } catch (IOException e) {
            // A host without IPv6, or a port that is taken there: 127.0.0.1 is what was promised.
            return;
        }
    }

    private static InetAddress loopback(byte[] address) throws IOException {
        return InetAddress.getByAddress("localhost", address);
    }

    private static Channel bindOne(ServerBootstrap bootstrap, InetSocketAddress address) throws IOException {
        if (Epoll.isAvailable()) {
            // Inherited by every connection that is accepted. A buffer can be read once only.
            bootstrap.option(CONGESTION_CONTROL, ByteBuffer.wrap(UNPACED));
        }
        var bound = bootstrap.bind(address).awaitUninterruptibly();
        Throwable cause = bound.cause();
        if (cause != null) {
            throw new IOException("cannot listen on " + address + ": " + cause.getMessage(), cause);
        }
        return bound.channel();
    }

    private static ServerBootstrap bootstrap(LoopThread loop, Server server, @Nullable SslContext tls) {
        return new ServerBootstrap()
                .group(loop.events())
                .channel(loop.serverChannel())
                .option(ChannelOption.SO_BACKLOG, BACKLOG)
                .option(ChannelOption.SO_REUSEADDR, true)
                .option(ChannelOption.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
                .childHandler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel channel) {
                        WireStamps stamps = new WireStamps();
                        Arrival arrival = new Arrival(server.accept(), TrueClock.nowNs(), tls != null, stamps);
                        channel.pipeline().addLast(stamps);
                        if (tls != null) {
                            channel.pipeline().addLast(tls.newHandler(channel.alloc()));
                        }
                        channel.pipeline().addLast(new ConnectionHandler(server, arrival));
                    }
                });
    }

    public int port() {
        return port;
    }

    /// Such as `http://127.0.0.1:8080/v1`, as SDKs take it.
    public URI baseUrl() {
        return baseUrl;
    }

    public long connectionsAccepted() {
        return server.accepted();
    }

    public long exchangesEnded() {
        return server.finished();
    }

    /// How often the loop had to wait because the record was not written fast enough.
    public long recordWaits() {
        return log.waits();
    }

    /// Comes when the record can no longer be written, on the thread that writes it; [#close] throws the same.
    public CompletableFuture<IOException> recordCut() {
        return log.cut();
    }

    @Override
    public synchronized void close() throws IOException {
        if (closed) {
            return;
        }
        closed = true;
        loop.finish(() -> {
            listeners.forEach(Channel::close);
            server.closeAll();
        });
        loop.stop();
        log.close();
        Throwable failure = loop.failure() == null ? server.failure() : loop.failure();
        if (failure != null) {
            throw new IOException("the simulated provider failed: " + failure, failure);
        }
    }
}
