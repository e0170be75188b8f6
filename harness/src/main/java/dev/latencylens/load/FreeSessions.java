package dev.latencylens.load;

import java.util.Arrays;

/// Sessions of an open loop's requests, or conversations: each has one alone while it lasts, and the one given
/// back last is taken first, as its connection stands. One thread's alone; allocates only to hold more than ever
/// before.
final class FreeSessions {
    private int[] free = new int[64];
    private int count;
    private int made;

    int take() {
        return count == 0 ? made++ : free[--count];
    }

    void giveBack(int session) {
        if (count == free.length) {
            free = Arrays.copyOf(free, 2 * count);
        }
        free[count++] = session;
    }
}
