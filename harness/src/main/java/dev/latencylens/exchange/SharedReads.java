package dev.latencylens.exchange;

import org.jspecify.annotations.Nullable;

/// Counts the parts of answers that one read of a connection brought together, as HTTP/2 can: they share its
/// stamp.
///
/// Sees the parts of one I/O thread in order, where a read is known by its instant.
final class SharedReads {
    private @Nullable Exchange first;
    private long readAtNs = FlightLog.NO_STAMP;
    /// Measured parts of the read so far.
    private int partsOfRead;

    private boolean isShared;
    private long parts;

    void part(Exchange exchange, long arrivedAtNs) {
        if (arrivedAtNs != readAtNs) {
            readAtNs = arrivedAtNs;
            first = exchange;
            partsOfRead = 0;
            isShared = false;
        }
        int measured = exchange.isWarmup() ? 0 : 1;
        partsOfRead += measured;
        if (isShared) {
            parts += measured;
        } else if (exchange != first) {
            isShared = true;
            parts += partsOfRead;
        }
    }

    long parts() {
        return parts;
    }
}
