package dev.latencylens.load;

import dev.latencylens.exchange.Exchange;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/// Exchanges made ahead of time, on their way from the feeder to one I/O thread.
///
/// One writer, one reader, no lock, no allocation.
final class ReadyQueue {
    private final AtomicReferenceArray<@Nullable Exchange> slots;
    private final int mask;
    /// The feeder's alone.
    private int written;
    /// The I/O thread's alone.
    private int read;

    ReadyQueue(int capacity) {
        slots = new AtomicReferenceArray<>(capacity);
        mask = capacity - 1;
    }

    boolean offer(Exchange exchange) {
        if (slots.getAcquire(written & mask) != null) {
            return false;
        }
        slots.setRelease(written++ & mask, exchange);
        return true;
    }

    /// The next one, which stays.
    @Nullable
    Exchange peek() {
        return slots.getAcquire(read & mask);
    }

    @Nullable
    Exchange poll() {
        int slot = read & mask;
        Exchange exchange = slots.getAcquire(slot);
        if (exchange != null) {
            slots.setRelease(slot, null);
            read++;
        }
        return exchange;
    }
}
