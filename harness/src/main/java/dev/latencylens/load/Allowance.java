package dev.latencylens.load;

/// How many exchanges of a load may be started, as somebody decides while it runs: without limit until told.
///
/// The first refusal is the last word, for all I/O threads: a load that went on with fewer requests at a time
/// would no longer be the load that was asked for. Asking takes no lock and allocates nothing.
final class Allowance {
    private volatile long below = Long.MAX_VALUE;
    private volatile boolean refused;

    /// Allows the exchanges with a number below this one, from any thread.
    void allow(long number) {
        below = number;
    }

    /// Whether the exchange of this number may be started, once it is due.
    boolean allows(long number) {
        if (!refused && number >= below) {
            refused = true;
        }
        return !refused;
    }

    /// Whether an exchange was due and not allowed, after which none is.
    boolean refused() {
        return refused;
    }
}
