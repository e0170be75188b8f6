package dev.latencylens.cli;

import dev.latencylens.audit.Verdict;

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

    /// What a run's verdict comes to; nothing where the user does not mind.
    static int of(Verdict verdict, boolean lenient) {
        return lenient
                ? GOOD
                : switch (verdict.state()) {
                    case VALID -> GOOD;
                    case INVALID -> INVALID;
                    case INCONCLUSIVE -> INCONCLUSIVE;
                };
    }

    /// Of two runs' codes the one to tell: nothing measured, bad input, INVALID, INCONCLUSIVE, missed.
    static int worseOf(int one, int other) {
        return weight(other) > weight(one) ? other : one;
    }

    private static int weight(int exitCode) {
        return switch (exitCode) {
            case GOOD -> 0;
            case MISSED -> 1;
            case INCONCLUSIVE -> 2;
            case INVALID -> 3;
            default -> 4 + exitCode;
        };
    }
}
