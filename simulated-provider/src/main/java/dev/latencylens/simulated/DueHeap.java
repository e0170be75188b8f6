package dev.latencylens.simulated;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// A binary heap of entries by the absolute instant at which they are due. Used on the loop thread.
final class DueHeap {
    /// Something that waits for its instant; it is in one heap at most once.
    abstract static class Entry {
        private long dueAtNs;
        private int position = -1;

        /// The instant has come. The entry has left the heap and may be added again.
        abstract void due(long nowNs);
    }

    private @Nullable Entry[] entries = new @Nullable Entry[1_024];
    private int size;

    boolean isEmpty() {
        return size == 0;
    }

    /// The earliest instant, or `Long.MAX_VALUE` when nothing waits.
    long nextDueAtNs() {
        return size == 0 ? Long.MAX_VALUE : at(0).dueAtNs;
    }

    void add(Entry entry, long dueAtNs) {
        if (entry.position >= 0) {
            remove(entry);
        }
        if (size == entries.length) {
            entries = Arrays.copyOf(entries, size * 2);
        }
        entry.dueAtNs = dueAtNs;
        siftUp(entry, size++);
    }

    void remove(Entry entry) {
        int hole = entry.position;
        if (hole < 0) {
            return;
        }
        entry.position = -1;
        Entry last = at(--size);
        entries[size] = null;
        if (hole < size) {
            siftDown(last, hole);
            siftUp(last, last.position);
        }
    }

    /// Takes the earliest entry if its instant has come, else null.
    @Nullable
    Entry takeDue(long nowNs) {
        if (size == 0 || at(0).dueAtNs - nowNs > 0) {
            return null;
        }
        Entry first = at(0);
        remove(first);
        return first;
    }

    private Entry at(int position) {
        Entry entry = entries[position];
        if (entry == null) {
            throw new IllegalStateException("no entry at " + position + " of " + size);
        }
        return entry;
    }

    private void siftUp(Entry entry, int from) {
        int hole = from;
        while (hole > 0) {
            int parent = (hole - 1) >>> 1;
            Entry above = at(parent);
            if (above.dueAtNs - entry.dueAtNs <= 0) {
                break;
            }
            place(above, hole);
            hole = parent;
        }
        place(entry, hole);
    }

    private void siftDown(Entry entry, int from) {
        int hole = from;
        while (true) {
            int child = 2 * hole + 1;
            if (child >= size) {
                break;
            }
            if (child + 1 < size && at(child + 1).dueAtNs - at(child).dueAtNs < 0) {
                child++;
            }
            if (entry.dueAtNs - at(child).dueAtNs <= 0) {
                break;
            }
            place(at(child), hole);
            hole = child;
        }
        place(entry, hole);
    }

    private void place(Entry entry, int position) {
        entries[position] = entry;
        entry.position = position;
    }
}
