package dev.latencylens.simulated;

/// How long a thread rests before an entry is due, and when it rehearses meanwhile.
///
/// A rest ends shortly before, and the last of it is spent awake, rehearsing until there is no time for another
/// one. From a long rest a virtual machine's host wakes the CPU late, later the longer it was: such a rest ends
/// earlier, with one rehearsal that nobody waits for, and a short one follows.
final class Rests {
    /// So long before an entry is due a rest ends, which is more than waking from a short one takes.
    static final long AWAKE_NS = 200_000;
    /// So long before, a rest ends that would be more than twice as long: more than waking from 0.3 s takes.
    static final long EARLY_NS = 2_000_000;
    /// So long before an entry is due rehearsals begin.
    static final long REHEARSAL_NS = 100_000;
    /// So long before, no further one begins: more than one takes, and too little to cool again.
    static final long REHEARSED_NS = 15_000;

    private final Runnable rehearsal;
    /// Of the entry before which the thread rests, or rested.
    private long restedForNs = Long.MIN_VALUE;
    /// Of the one before which the rest is a long one.
    private long longForNs = Long.MIN_VALUE;

    Rests(Runnable rehearsal) {
        this.rehearsal = rehearsal;
    }

    /// How long to rest now before what is due next, in `waitNs`; 0 for not at all. Ask again behind each rest,
    /// and behind each 0, for a rehearsal takes time.
    long nextNs(long dueAtNs, long waitNs) {
        if (waitNs > AWAKE_NS) {
            restedForNs = dueAtNs;
            if (waitNs > 2 * EARLY_NS) {
                longForNs = dueAtNs;
                return waitNs - EARLY_NS;
            }
            if (longForNs != dueAtNs) {
                return waitNs - AWAKE_NS;
            }
            longForNs = Long.MIN_VALUE;
            rehearsal.run();
            return 0;
        }
        if (restedForNs != dueAtNs) {
            return waitNs;
        }
        if (waitNs > REHEARSED_NS && waitNs <= REHEARSAL_NS) {
            rehearsal.run();
        }
        return 0;
    }
}
