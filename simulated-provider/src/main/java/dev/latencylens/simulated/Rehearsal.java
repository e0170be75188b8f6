package dev.latencylens.simulated;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelOption;
import io.netty.channel.ManualIoEventLoop;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/// Sends as much as a token to this process itself, over TCP and by the code behind a token's stamp, so that this
/// way is warm when somebody else's token takes it next: of code and memory that nobody has touched for a fraction
/// of a millisecond, caches have let go.
///
/// Used by the loop's thread, which does not wait here. It leaves Netty's entry for a write on the heap, as a
/// token does, and nothing else.
final class Rehearsal implements AutoCloseable {
    /// About what a token takes on the wire.
    static final int BYTES = 256;

    /// More calls than after which Java's second compiler is asked (Tier4CompileThreshold, 15,000).
    static final int COMPILED_AFTER = 20_000;

    private final Channel from;
    private final SocketChannel to;
    /// Watched by no leak detector, which would remember each use of it.
    private final ByteBuf sent = new UnpooledByteBufAllocator(true, true).directBuffer(BYTES, BYTES);
    private final ByteBuffer read = ByteBuffer.allocateDirect(4 * BYTES);
    private long readBytes;

    private Rehearsal(Channel from, SocketChannel to) {
        this.from = from;
        this.to = to;
    }

    /// On the loop's thread, before the loop runs.
    ///
    /// @throws IOException where there is no loopback, or no file may be opened any more
    static Rehearsal open(ManualIoEventLoop events, Class<? extends Channel> kind) throws IOException {
        try (ServerSocketChannel listener = ServerSocketChannel.open()) {
            listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            ChannelFuture connected = new Bootstrap()
                    .group(events)
                    .channel(kind)
                    .option(ChannelOption.TCP_NODELAY, true)
                    .handler(new WireStamps())
                    .connect(listener.getLocalAddress());
            while (!connected.isDone()) {
                events.runNow();
            }
            if (!connected.isSuccess()) {
                throw new IOException(connected.cause().getMessage(), connected.cause());
            }
            SocketChannel to = listener.accept();
            to.configureBlocking(false);
            return new Rehearsal(connected.channel(), to);
        } catch (IOException e) {
            throw new IOException("no connection to this process itself: " + e.getMessage(), e);
        }
    }

    /// Goes the way until it is worth to be compiled.
    void compile() {
        for (int i = 0; i < COMPILED_AFTER; i++) {
            run();
        }
    }

    @SuppressWarnings("FutureReturnValueIgnored") // a void promise, as of a token
    void run() {
        from.writeAndFlush(sent.retain().setIndex(0, BYTES), from.voidPromise());
        try {
            read.clear();
            readBytes += Math.max(0, to.read(read));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Of all that was sent so far.
    long readBytes() {
        return readBytes;
    }

    @Override
    @SuppressWarnings("FutureReturnValueIgnored") // the loop closes what is left of it
    public void close() {
        from.close();
        sent.release();
        try {
            to.close();
        } catch (IOException closed) {
            return;
        }
    }
}
