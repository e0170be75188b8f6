package dev.latencylens.load;

/// Which exchanges of a load are warm-up, for all of its I/O threads alike.
///
/// Asking takes no lock and allocates nothing.
final class WarmupEnd {
    private final long requests;
    /// Counted from the start of the load; brought forward by whoever has seen enough.
    private volatile long afterNs;

    WarmupEnd(Warmup warmup) {
        requests = warmup.requests();
        afterNs = warmup.mostTime().toNanos();
    }

    /// Ends a warm-up of a time now, from any thread; one that is over stays so.
    ///
    /// @param nowAfterNs counted from the start of the load
    void endAt(long nowAfterNs) {
        if (nowAfterNs < afterNs) {
            afterNs = nowAfterNs;
        }
    }

    boolean covers(long number, long dueAfterNs) {
        return number < requests || dueAfterNs < afterNs;
    }

    /// When measuring begins, counted from the start of the load; 0 where requests decide.
    long afterNs() {
        return afterNs;
    }
}
