package dev.latencylens.clock;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/// A clock that stands still until told otherwise. Any thread may read or advance it.
public final class FakeClock implements Clock {
    private final AtomicLong nowNs;

    public FakeClock(long startNs) {
        nowNs = new AtomicLong(startNs);
    }

    @Override
    public long nowNs() {
        return nowNs.get();
    }

    public void advance(Duration by) {
        nowNs.addAndGet(by.toNanos());
    }

    /// Moves to an instant, never back.
    public void advanceTo(long instantNs) {
        nowNs.accumulateAndGet(instantNs, (now, to) -> to - now > 0 ? to : now);
    }
}
