package dev.latencylens.load;

/// Users of a closed loop that wait for their turn, the one whose turn comes first in front.
///
/// A binary heap on arrays: one thread's alone, allocates nothing, and without think time adds in constant time.
final class FreeUsers {
    private final int[] users;
    private final long[] dueAtNs;
    private int count;

    FreeUsers(int most) {
        users = new int[most];
        dueAtNs = new long[most];
    }

    boolean isEmpty() {
        return count == 0;
    }

    /// When the first of them is due.
    long firstDueAtNs() {
        return dueAtNs[0];
    }

    void add(int user, long userDueAtNs) {
        int slot = count++;
        while (slot > 0 && userDueAtNs - dueAtNs[(slot - 1) / 2] < 0) {
            move((slot - 1) / 2, slot);
            slot = (slot - 1) / 2;
        }
        users[slot] = user;
        dueAtNs[slot] = userDueAtNs;
    }

    /// Takes out the one that is due first.
    int poll() {
        int first = users[0];
        int last = --count;
        int slot = 0;
        for (int child = 1; child < last; child = 2 * slot + 1) {
            if (child + 1 < last && dueAtNs[child + 1] - dueAtNs[child] < 0) {
                child++;
            }
            if (dueAtNs[last] - dueAtNs[child] <= 0) {
                break;
            }
            move(child, slot);
            slot = child;
        }
        move(last, slot);
        return first;
    }

    private void move(int from, int to) {
        users[to] = users[from];
        dueAtNs[to] = dueAtNs[from];
    }
}
