package dev.latencylens.transport;

import dev.latencylens.clock.Clock;
import dev.latencylens.exchange.FlightLog;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.DefaultMaxMessagesRecvByteBufAllocator;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.util.UncheckedBooleanSupplier;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// Takes the stamps of every socket read of one channel, and sizes its buffers.
///
/// Netty calls `allocate` on the line before read(2), where the kernel is asked for its stamp of what the read
/// will bring, and `lastBytesRead` on the line after it, before anything looks at the bytes: there the user-space
/// stamp is taken.
final class ReadStamp extends DefaultMaxMessagesRecvByteBufAllocator {
    /// Room for a whole TLS record with its header and tag (RFC 8446, 5.2), and for many tokens' frames.
    static final int READ_BYTES = 32 * 1024;
    /// Reads of one socket before the others have their turn.
    private static final int READS_IN_A_ROW = 16;

    private final Clock clock;
    private final @Nullable KernelStamps kernel;
    private @Nullable EpollSocketChannel channel;
    private @Nullable ArrivalOrder order;
    private long arrivedAtNs;
    private long kernelAtNs = FlightLog.NO_STAMP;

    /// @param kernel the I/O thread's way to ask the kernel, or null to leave its stamps alone
    ReadStamp(Clock clock, @Nullable KernelStamps kernel) {
        super(READS_IN_A_ROW);
        this.clock = clock;
        this.kernel = kernel;
    }

    /// Tells whose reads these are, before the first of them.
    void attach(Channel stamped) {
        if (kernel != null && stamped instanceof EpollSocketChannel epoll) {
            channel = epoll;
            order = new ArrivalOrder(
                    clock.nowNs(), () -> kernel.outOfOrder(epoll.fd().intValue()));
        }
    }

    /// When the channel's latest read call returned.
    long arrivedAtNs() {
        return arrivedAtNs;
    }

    /// When the segment had arrived that the latest read brought, by the kernel's stamp; else
    /// [FlightLog#NO_STAMP].
    long kernelAtNs() {
        return kernelAtNs;
    }

    @Override
    public MaxMessageHandle newHandle() {
        return new StampingHandle();
    }

    private final class StampingHandle extends MaxMessageHandle {
        @Override
        public int guess() {
            return READ_BYTES;
        }

        @Override
        public void reset(ChannelConfig config) {
            super.reset(config);
            if (kernel != null) {
                kernel.begin();
            }
        }

        /// A buffer that holds the next segment and nothing behind it.
        @Override
        public ByteBuf allocate(ByteBufAllocator allocator) {
            if (kernel == null || channel == null) {
                return super.allocate(allocator);
            }
            int segmentBytes;
            try {
                segmentBytes = kernel.nextSegment(channel.fd().intValue());
            } catch (IOException e) {
                throw met(e);
            }
            return allocator.ioBuffer(Math.max(segmentBytes, 1));
        }

        @Override
        public void lastBytesRead(int bytes) {
            arrivedAtNs = clock.nowNs();
            if (kernel != null && order != null) {
                kernelAtNs = bytes > 0 ? kernel.settle(order, arrivedAtNs) : FlightLog.NO_STAMP;
            }
            super.lastBytesRead(bytes);
        }

        @Override
        public boolean continueReading(UncheckedBooleanSupplier maybeMoreData) {
            if (kernel == null || channel == null) {
                return super.continueReading(maybeMoreData);
            }
            return kernel.more() && super.continueReading(UncheckedBooleanSupplier.TRUE_SUPPLIER);
        }

        /// Netty treats what is thrown here as it would treat it out of the read itself, a checked exception too.
        @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
        private static <E extends Throwable> RuntimeException met(IOException e) throws E {
            throw (E) e;
        }
    }
}
