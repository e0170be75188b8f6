package dev.latencylens.cli;

/// What the process tells its caller. A run ended by a signal exits with 128 and the signal's number, as shells
/// expect.
final class ExitCode {
    static final int GOOD = 0;
    /// Objectives missed, or a comparison that did not hold.
    static final int MISSED = 1;
    static final int USAGE = 2;
    /// A run was judged so.
    static final int INVALID = 3;

    static final int INCONCLUSIVE = 4;
    static final int NOTHING_MEASURED = 5;
    static final int SIGNALLED = 128;
    /// Standard output took not all that was to be said: what shells show of a program that SIGPIPE ended.
    static final int OUTPUT_LOST = SIGNALLED + 13;

    private ExitCode() {}
}
