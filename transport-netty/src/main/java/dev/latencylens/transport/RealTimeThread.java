package dev.latencylens.transport;

import io.netty.util.concurrent.FastThreadLocalThread;

/// An I/O thread that goes before all others on its CPU as long as it sleeps most of the time.
///
/// One that hardly sleeps would leave its CPU to nobody: not to a server on the same machine, not to its own
/// interpreter. So it steps back as soon as it is busy, and goes first again when it is not.
final class RealTimeThread extends FastThreadLocalThread {
    /// How often it looks at how busy it was.
    static final long LOOK_NS = 20_000_000;
    /// Shares of that time: it steps back when it slept for less than the one, and goes first again above the
    /// other.
    private static final double LEAST_ASLEEP = 0.4;

    private static final double ASLEEP_AGAIN = 0.6;

    private boolean first;
    private long lookedAtNs;
    private long asleepNs;

    /// @param sinceNs now
    RealTimeThread(Runnable body, long sinceNs) {
        super(body);
        lookedAtNs = sinceNs;
    }

    @Override
    public void run() {
        Cpus.goFirst();
        first = true;
        super.run();
    }

    boolean isFirst() {
        return first;
    }

    /// The thread has been round once, and waited for so long meanwhile.
    void turned(long nowNs, long waitedNs) {
        asleepNs += waitedNs;
        long lookedNs = nowNs - lookedAtNs;
        if (lookedNs < LOOK_NS) {
            return;
        }
        if (first && asleepNs < lookedNs * LEAST_ASLEEP) {
            first = false;
            Cpus.prefer();
        } else if (!first && asleepNs > lookedNs * ASLEEP_AGAIN) {
            first = true;
            Cpus.goFirst();
        }
        lookedAtNs = nowNs;
        asleepNs = 0;
    }
}
