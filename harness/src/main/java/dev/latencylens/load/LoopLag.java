package dev.latencylens.load;

import java.util.ArrayList;
import java.util.List;

/// How long the I/O threads kept waiting what had arrived or was due: the time of their turns that was not spent
/// waiting for I/O, be it work, a collection, a stall or another thread on their CPU.
///
/// A percentile is taken over time, not over turns: at 99 of 100 instants of the measured load a thread was in a
/// turn with no more lag than the p99. So a thread that spins and one that parks are judged alike. Where several
/// threads ran, each figure is that of the worst.
///
/// @param watchedNs how long was looked, of the thread that was looked at longest
/// @param pauses how many turns lagged by more than [#PAUSE_NS]
/// @param pausedNs how long these took, together
/// @param shown the first of them, in the order of their ends
public record LoopLag(
        long watchedNs, long p99Ns, long p999Ns, long longestNs, long pauses, long pausedNs, List<Pause> shown) {
    /// A lag from which on a turn is a pause: 1 ms, longer than any work of one turn should be.
    public static final long PAUSE_NS = 1_000_000;

    /// Nobody looked.
    public static final LoopLag NONE = new LoopLag(0, 0, 0, 0, 0, 0, List.of());

    /// A turn that lagged.
    ///
    /// @param endAtNs when the thread came round again
    /// @param lagNs how long it had not looked at its sockets and its schedule, beyond what it meant to wait
    public record Pause(int thread, long endAtNs, long lagNs) {}

    public LoopLag {
        shown = List.copyOf(shown);
    }

    /// Those of two sets of threads together.
    public LoopLag and(LoopLag other) {
        var both = new ArrayList<>(shown);
        both.addAll(other.shown);
        both.sort((one, another) -> Long.signum(one.endAtNs - another.endAtNs));
        return new LoopLag(
                Math.max(watchedNs, other.watchedNs),
                Math.max(p99Ns, other.p99Ns),
                Math.max(p999Ns, other.p999Ns),
                Math.max(longestNs, other.longestNs),
                pauses + other.pauses,
                pausedNs + other.pausedNs,
                both);
    }
}
