package dev.latencylens.transport;

import dev.latencylens.clock.Clock;
import dev.latencylens.exchange.FlightLog;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/// A segment in a socket's queue over loopback, which is looked at and never read.
///
/// Used by the thread that made it.
public final class WaitingSegment implements AutoCloseable {
    private final KernelStamps stamps;
    private final Socket reader;
    private final SocketChannel writer;
    private final int bytes;

    /// @throws IllegalStateException where the kernel gives no stamps
    public WaitingSegment(byte[] segment) {
        if (!isPossible()) {
            throw new IllegalStateException("there are no kernel stamps on this machine");
        }
        bytes = segment.length;
        stamps = new KernelStamps(Clock.monotonic());
        try (ServerSocketChannel server = ServerSocketChannel.open()) {
            server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            reader = Socket.newSocketStream();
            reader.setIntOpt(KernelStamps.SOL_SOCKET, KernelStamps.SO_TIMESTAMPNS, 1);
            reader.connect(server.getLocalAddress());
            writer = server.accept();
            // The kernel begins to stamp a moment after it has been asked to.
            Thread.sleep(100);
            writer.write(ByteBuffer.wrap(segment));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Whether kernel stamps can be had here.
    public static boolean isPossible() {
        return SocketKind.EPOLL.unavailable() == null && KernelStamps.unavailable(SocketKind.EPOLL) == null;
    }

    /// What is done before a read that brings one segment.
    ///
    /// @return the kernel's stamp
    public long look() {
        stamps.begin();
        try {
            int length = stamps.nextSegment(reader.intValue());
            if (length != bytes || stamps.kernelAtNs() == FlightLog.NO_STAMP) {
                throw new IllegalStateException("expected a stamped segment of " + bytes + " bytes, saw " + length);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return stamps.kernelAtNs();
    }

    @Override
    public void close() {
        try (writer) {
            reader.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        stamps.close();
    }
}
