package dev.latencylens.load;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/// Counts what is live over all I/O threads, and for how long it was how many.
///
/// The time at a number of live ones is the sum of the instants at which that number was left, less those at which
/// it was reached. Sums do not depend on who adds first, so every thread keeps its own and only the number itself
/// is shared: one atomic addition for each start and end, no lock.
final class LiveCount {
    private static final long OPEN = 1L << 32;
    private static final long CLOSED = 1L << 33;

    /// The number of live ones in the lower half, above it whether time is being counted.
    private final AtomicLong state = new AtomicLong();

    private final AtomicBoolean opened = new AtomicBoolean();
    private final AtomicBoolean closed = new AtomicBoolean();
    private final List<Part> parts = new ArrayList<>();

    /// The share of one I/O thread, made before the threads are started.
    Part part() {
        var part = new Part();
        parts.add(part);
        return part;
    }

    /// What came of it. Call it when the threads have ended.
    Live live() {
        int levels = parts.stream().mapToInt(part -> part.sums.length).max().orElse(0);
        long[] levelNs = new long[levels];
        int max = 0;
        for (Part part : parts) {
            for (int level = 0; level < part.sums.length; level++) {
                levelNs[level] += part.sums[level];
            }
            max = Math.max(max, part.max);
        }
        return state.get() < CLOSED ? Live.NONE : Live.of(levelNs, max);
    }

    /// Used by one thread alone. It grows to the most that were ever live, and allocates for nothing else.
    final class Part {
        private long[] sums = new long[64];
        private int max;

        /// Begins to count time, with the first of the threads that says so.
        void open(long atNs) {
            if (opened.compareAndSet(false, true)) {
                long before = state.getAndAdd(OPEN);
                reach((int) before, atNs);
            }
        }

        /// Ends it, with the first that says so.
        void close(long atNs) {
            if (!closed.get() && closed.compareAndSet(false, true)) {
                long before = state.getAndAdd(CLOSED);
                if (before >= OPEN) {
                    leave((int) before, atNs);
                }
            }
        }

        void rise(long atNs) {
            long now = state.incrementAndGet();
            if (counts(now)) {
                leave((int) now - 1, atNs);
                reach((int) now, atNs);
            }
        }

        void fall(long atNs) {
            long now = state.decrementAndGet();
            if (counts(now)) {
                leave((int) now + 1, atNs);
                reach((int) now, atNs);
            }
        }

        private boolean counts(long now) {
            return now >= OPEN && now < CLOSED;
        }

        private void reach(int level, long atNs) {
            sum(level, -atNs);
            max = Math.max(max, level);
        }

        private void leave(int level, long atNs) {
            sum(level, atNs);
        }

        private void sum(int level, long ns) {
            if (level >= sums.length) {
                sums = Arrays.copyOf(sums, Integer.highestOneBit(level) * 2);
            }
            sums[level] += ns;
        }
    }
}
