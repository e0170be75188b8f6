package dev.latencylens.simulated;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/// Sends as much as a token to this process itself, over TCP, so that the kernel's way is warm when somebody
/// else's token takes it next: of code and memory that nobody has touched for a fraction of a millisecond, caches
/// have let go.
///
/// Used by one thread, which neither waits here nor leaves anything on the heap.
final class Rehearsal implements AutoCloseable {
    /// About what a token takes on the wire.
    static final int BYTES = 256;

    private final SocketChannel from;
    private final SocketChannel to;
    private final ByteBuffer sent = ByteBuffer.allocateDirect(BYTES);
    private final ByteBuffer read = ByteBuffer.allocateDirect(4 * BYTES);
    private long readBytes;

    private Rehearsal(SocketChannel from, SocketChannel to) throws IOException {
        this.from = from;
        this.to = to;
        from.setOption(StandardSocketOptions.TCP_NODELAY, true);
        from.configureBlocking(false);
        to.configureBlocking(false);
    }

    /// @throws IOException where there is no loopback, or no file may be opened any more
    static Rehearsal open() throws IOException {
        try (ServerSocketChannel listener = ServerSocketChannel.open()) {
            listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            return new Rehearsal(SocketChannel.open(listener.getLocalAddress()), listener.accept());
        } catch (IOException e) {
            throw new IOException("no connection to this process itself: " + e.getMessage(), e);
        }
    }

    void run() {
        try {
            sent.clear();
            from.write(sent);
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
    public void close() {
        try (from;
                to) {
            // Nobody waits for what is left.
        } catch (IOException closed) {
            return;
        }
    }
}
