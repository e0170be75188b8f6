package dev.latencylens.load;

/// What has been used of one limit within the last minute.
///
/// The minute slides in steps of a millisecond: what is used counts until 60 s have passed since the end of its
/// millisecond, so never for less than 60 s and never for 1 ms more. One thread's alone; allocates nothing.
final class MinuteWindow {
    static final long SLOT_NS = 1_000_000;
    private static final int SLOTS = 60_000;
    /// The millisecond that has begun is one more.
    private static final int KEPT = SLOTS + 1;

    private final long limit;
    private final long[] usedIn = new long[KEPT];
    private final long originNs;
    /// The millisecond that has begun, counted from the origin.
    private long slot = SLOTS;
    private long used;

    /// Begins with the minute before taken for evenly used, but for the first amount: so the limit is a pace from
    /// the first request on, and not a burst that is followed by silence.
    ///
    /// @param first can be used at once
    MinuteWindow(long limit, long nowNs, long first) {
        this.limit = limit;
        originNs = nowNs - SLOTS * SLOT_NS;
        long before = 0;
        for (int i = 0; i < SLOTS; i++) {
            long until = Math.max(0, evenlyUntil(i + 1) - first);
            usedIn[i] = until - before;
            before = until;
        }
        used = before;
    }

    private long evenlyUntil(int slots) {
        long whole = limit / SLOTS * slots;
        return whole + Math.ceilDiv(limit % SLOTS * slots, (long) SLOTS);
    }

    void advance(long nowNs) {
        long now = (nowNs - originNs) / SLOT_NS;
        slot = Math.max(slot, now - KEPT);
        while (slot < now) {
            slot++;
            int index = (int) (slot % KEPT);
            used -= usedIn[index];
            usedIn[index] = 0;
        }
    }

    boolean hasRoomFor(long amount) {
        return used + amount <= limit;
    }

    /// When there is room, if nothing more is used and nothing given back; `Long.MAX_VALUE` for an amount above
    /// the limit.
    long roomAtNs(long amount) {
        long tooMuch = used + amount - limit;
        long oldest = slot - SLOTS;
        for (long each = oldest; each <= slot; each++) {
            if (tooMuch <= 0) {
                return outAtNs(each - 1);
            }
            tooMuch -= usedIn[(int) (each % KEPT)];
        }
        return tooMuch <= 0 ? outAtNs(slot) : Long.MAX_VALUE;
    }

    /// When the use of a slot counts no more.
    private long outAtNs(long ofSlot) {
        return originNs + (ofSlot + KEPT) * SLOT_NS;
    }

    /// Uses an amount now, and returns where to [#correct] it.
    long use(long amount, long nowNs) {
        advance(nowNs);
        usedIn[(int) (slot % KEPT)] += amount;
        used += amount;
        return slot;
    }

    /// What was used in a slot turns out to be more or less, if it still counts.
    void correct(long inSlot, long by) {
        if (inSlot >= slot - SLOTS) {
            usedIn[(int) (inSlot % KEPT)] += by;
            used += by;
        }
    }
}
