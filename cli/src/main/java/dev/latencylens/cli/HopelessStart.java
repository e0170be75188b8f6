package dev.latencylens.cli;

import dev.latencylens.exchange.ExchangeResult;
import dev.latencylens.exchange.Outcome;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Ends a run whose first requests all fail alike, in a way that waiting does not mend: nobody should learn after
/// ten minutes that the key was wrong. One answer, and it never speaks again.
///
/// Used by the interpreter's thread; read when the run has ended.
final class HopelessStart {
    /// Failures from the start on that are taken for the rule.
    static final int ENOUGH = 5;

    private final Runnable stop;
    private @Nullable Outcome first;
    private int alike;
    private boolean hopeful;

    /// @param stop ends the run
    HopelessStart(Runnable stop) {
        this.stop = stop;
    }

    void see(ExchangeResult result) {
        if (hopeful) {
            return;
        }
        Outcome outcome = result.outcome();
        if (outcome.kind() == Outcome.Kind.CANCELLED && first != null) {
            return;
        }
        if (first == null) {
            first = outcome;
        }
        boolean same = outcome.kind() == first.kind() && status(outcome).equals(status(first));
        if (!same || !isLasting(outcome)) {
            hopeful = true;
        } else if (++alike == ENOUGH) {
            stop.run();
        }
    }

    /// What the very first exchange came to, when no other said otherwise.
    Optional<Outcome> verdict() {
        return hopeful ? Optional.empty() : Optional.ofNullable(first);
    }

    private static boolean isLasting(Outcome outcome) {
        return switch (outcome.kind()) {
            case CONNECT_FAILED, DNS_FAILED, TLS_FAILED -> true;
            case HTTP_ERROR ->
                outcome.detail().startsWith("HTTP 4") || outcome.detail().startsWith("HTTP 3");
            case COMPLETED, UNTERMINATED, CUT, RESET, TIMEOUT, RATE_LIMITED, PROVIDER_ERROR, MALFORMED, CANCELLED ->
                false;
        };
    }

    /// `HTTP 401` of an error's detail, empty for other outcomes.
    private static String status(Outcome outcome) {
        int colon = outcome.detail().indexOf(':');
        return outcome.kind() == Outcome.Kind.HTTP_ERROR && colon > 0
                ? outcome.detail().substring(0, colon)
                : "";
    }
}
