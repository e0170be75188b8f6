package dev.latencylens.stats;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// How often each value from 0 on was seen, values that differ by less than 1 part in 10,000 as one: the slots of
/// an HdrHistogram of four significant digits, of which only those near a value that was seen take memory.
///
/// A slot is an int, and what it cannot hold is carried. Used by one thread at a time.
final class Counts {
    /// So many bits of a value are kept; below 2 to this power each value has a slot of its own.
    private static final int PRECISION_BITS = 15;

    private static final int OCTAVE_BITS = PRECISION_BITS - 1;
    private static final int PAGE_BITS = 8;
    private static final int PAGE_SLOTS = 1 << PAGE_BITS;
    /// A slot holds less than 2 to this power.
    static final int SLOT_BITS = 30;

    private static final int SLOT_LIMIT = 1 << SLOT_BITS;

    private int[] @Nullable [] pages = new int[0][];
    /// Counts of 2 to the power of SLOT_BITS each.
    private @Nullable Counts carried;

    void add(long value, long times) {
        int slot = slot(value);
        int[] page = page(slot >>> PAGE_BITS);
        int at = slot & (PAGE_SLOTS - 1);
        if (times < SLOT_LIMIT && page[at] + (int) times < SLOT_LIMIT) {
            page[at] += (int) times;
        } else {
            carry(page, at, value, times);
        }
    }

    /// Hands over the values seen, each as the middle of its slot, in rising order.
    void rising(Distribution.Counted receiver) {
        for (int slot = 0; slot < pages.length << PAGE_BITS; slot++) {
            hand(slot, 1, receiver);
        }
    }

    /// Hands over the values seen, their signs turned, in rising order.
    void negated(Distribution.Counted receiver) {
        for (int slot = (pages.length << PAGE_BITS) - 1; slot >= 0; slot--) {
            hand(slot, -1, receiver);
        }
    }

    private void hand(int slot, int sign, Distribution.Counted receiver) {
        long times = times(slot);
        if (times > 0) {
            receiver.value(sign * middle(slot), times);
        }
    }

    private long times(int slot) {
        int number = slot >>> PAGE_BITS;
        int[] page = number < pages.length ? pages[number] : null;
        if (page == null) {
            return 0;
        }
        return page[slot & (PAGE_SLOTS - 1)] + (carried == null ? 0 : carried.times(slot) << SLOT_BITS);
    }

    private int[] page(int number) {
        if (number >= pages.length) {
            pages = Arrays.copyOf(pages, number + 1);
        }
        int[] page = pages[number];
        if (page == null) {
            page = new int[PAGE_SLOTS];
            pages[number] = page;
        }
        return page;
    }

    private void carry(int[] page, int at, long value, long times) {
        Counts above = carried;
        if (above == null) {
            above = new Counts();
            carried = above;
        }
        long sum = page[at] + times;
        page[at] = (int) (sum & (SLOT_LIMIT - 1));
        above.add(value, sum >>> SLOT_BITS);
    }

    private static int slot(long value) {
        int shift = Math.max(0, Long.SIZE - PRECISION_BITS - Long.numberOfLeadingZeros(value));
        return (shift << OCTAVE_BITS) + (int) (value >>> shift);
    }

    private static long middle(int slot) {
        int shift = Math.max(0, (slot >>> OCTAVE_BITS) - 1);
        return (((long) slot - (shift << OCTAVE_BITS)) << shift) + ((1L << shift) >> 1);
    }
}
