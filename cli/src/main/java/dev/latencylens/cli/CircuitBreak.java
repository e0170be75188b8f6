package dev.latencylens.cli;

import dev.latencylens.exchange.ExchangeResult;
import dev.latencylens.exchange.Outcome;

/// Ends a run in which nothing succeeds any more, however well it had begun: what follows would be paid for and
/// would measure nothing. [HopelessStart] ends sooner what never began.
///
/// Used by the interpreter's thread.
final class CircuitBreak {
    private final int most;
    private final Runnable stop;
    private int inARow;

    /// @param most failed requests in a row, in the order in which they ended; 0 for no limit
    CircuitBreak(int most, Runnable stop) {
        this.most = most;
        this.stop = stop;
    }

    /// @param result of a request's last attempt
    void see(ExchangeResult result) {
        if (result.outcome().isAnswered()) {
            inARow = 0;
        } else if (result.outcome().kind() != Outcome.Kind.CANCELLED && ++inARow == most) {
            stop.run();
        }
    }
}
