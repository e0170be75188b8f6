package dev.latencylens.transport;

import dev.latencylens.clock.Clock;
import dev.latencylens.exchange.FlightLog;
import io.netty.channel.DefaultMaxMessagesRecvByteBufAllocator;

/// Takes the stamp of every socket read of one channel, and sizes its buffers.
///
/// Netty calls `lastBytesRead` on the line after read(2) has returned and before anything looks at the bytes; that
/// is where the user-space stamp is taken.
final class ReadStamp extends DefaultMaxMessagesRecvByteBufAllocator {
    /// Room for a whole TLS record with its header and tag (RFC 8446, 5.2), and for many tokens' frames.
    static final int READ_BYTES = 32 * 1024;
    /// Reads of one socket before the others have their turn.
    private static final int READS_IN_A_ROW = 16;

    private final Clock clock;
    private long arrivedAtNs;

    ReadStamp(Clock clock) {
        super(READS_IN_A_ROW);
        this.clock = clock;
    }

    /// When the channel's latest read call returned.
    long arrivedAtNs() {
        return arrivedAtNs;
    }

    /// The kernel's stamp of the segment that the latest read brought; none yet.
    long kernelAtNs() {
        return FlightLog.NO_STAMP;
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
        public void lastBytesRead(int bytes) {
            arrivedAtNs = clock.nowNs();
            super.lastBytesRead(bytes);
        }
    }
}
