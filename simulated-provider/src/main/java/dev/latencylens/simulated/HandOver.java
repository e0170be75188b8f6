package dev.latencylens.simulated;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/// A bounded queue between exactly one giving and one taking thread, without locks or wake-ups.
final class HandOver<T> {
    private final AtomicReferenceArray<@Nullable T> slots;
    private final AtomicLong given = new AtomicLong();
    private final AtomicLong taken = new AtomicLong();

    HandOver(int capacity) {
        slots = new AtomicReferenceArray<>(capacity);
    }

    /// False when the queue is full.
    boolean give(T item) {
        long at = given.getPlain();
        int slot = (int) (at % slots.length());
        if (slots.getAcquire(slot) != null) {
            return false;
        }
        slots.setRelease(slot, item);
        given.setRelease(at + 1);
        return true;
    }

    /// Null when the queue is empty.
    @Nullable
    T take() {
        long at = taken.getPlain();
        int slot = (int) (at % slots.length());
        T item = slots.getAcquire(slot);
        if (item != null) {
            slots.setRelease(slot, null);
            taken.setRelease(at + 1);
        }
        return item;
    }
}
