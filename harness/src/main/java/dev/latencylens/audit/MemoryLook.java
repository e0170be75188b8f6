package dev.latencylens.audit;

import dev.latencylens.clock.Clock;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.concurrent.locks.LockSupport;

/// How quickly memory that has rested for a second is there again.
///
/// A virtual machine's host can take pages away that the guest believes it has. Nothing in the guest tells of it:
/// the next look at such a page just takes a hundred microseconds, and no steal is counted.
///
/// @param pages how many were looked at
/// @param late how many of them took [#LATE_NS] or more
/// @param typicalLateNs what these took, the one in the middle; 0 for none
record MemoryLook(int pages, int late, long typicalLateNs) {
    /// More than a page that is merely not in any cache takes.
    static final long LATE_NS = 50_000;

    private static final int PAGES = 2_000;
    private static final int PAGE_BYTES = 4_096;
    private static final long REST_NS = 1_000_000_000;

    static MemoryLook take(Clock clock) {
        long[] tookNs = new long[PAGES];
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate((long) PAGES * PAGE_BYTES, PAGE_BYTES);
            memory.fill((byte) 1);
            look(memory, tookNs, clock);
            long sinceNs = clock.nowNs();
            for (long leftNs = REST_NS; leftNs > 0; leftNs = REST_NS - (clock.nowNs() - sinceNs)) {
                LockSupport.parkNanos(leftNs);
            }
            look(memory, tookNs, clock);
        }
        return of(tookNs);
    }

    static MemoryLook of(long... tookNs) {
        long[] late =
                Arrays.stream(tookNs).filter(each -> each >= LATE_NS).sorted().toArray();
        return new MemoryLook(tookNs.length, late.length, late.length == 0 ? 0 : late[late.length / 2]);
    }

    /// Writes each page once, and how long that took.
    private static void look(MemorySegment memory, long[] tookNs, Clock clock) {
        for (int page = 0; page < tookNs.length; page++) {
            long at = (long) page * PAGE_BYTES;
            long sinceNs = clock.nowNs();
            memory.set(ValueLayout.JAVA_BYTE, at, (byte) (memory.get(ValueLayout.JAVA_BYTE, at) + 1));
            tookNs[page] = clock.nowNs() - sinceNs;
        }
    }
}
