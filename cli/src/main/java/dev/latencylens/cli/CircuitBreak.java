package dev.latencylens.cli;

import dev.latencylens.clock.Clock;
import dev.latencylens.exchange.Outcome;
import dev.latencylens.load.Load;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Ends a run in which nothing succeeds any more: what follows would be paid for and would measure nothing.
///
/// Sooner where the first requests all fail alike, in a way that waiting does not mend: nobody should learn after
/// ten minutes that the key was wrong. Used by the interpreter's thread; read when the run has ended.
final class CircuitBreak {
    /// Failures from the start on that are taken for the rule.
    static final int ENOUGH = 5;

    private final Limit limit;
    private final Clock clock;
    private final Consumer<String> stop;
    private @Nullable Outcome first;
    /// Whether all that ended so far did so as the first one, for good.
    private boolean hopeless = true;

    private int inARow;
    private long sinceNs;
    private boolean broken;

    /// How many requests in a row may fail, in the order in which they ended.
    ///
    /// @param inARow 0 for no limit
    /// @param lasting how long nothing must have succeeded as well
    record Limit(int inARow, Duration lasting) {
        /// An outage of a second fails a thousand requests of an open loop at 1,000 a second, and may pass.
        private static final Duration OF_AN_OPEN_LOOP = Duration.ofSeconds(10);

        private static final int USUAL = 100;

        /// Without anybody's word: more than what is in flight can fail at once.
        static Limit usual(Load load) {
            return new Limit(
                    Math.max(USUAL, 2 * load.concurrency()), load.arrivals() == null ? Duration.ZERO : OF_AN_OPEN_LOOP);
        }
    }

    /// @param stop ends the run, once, for the reason that is given
    CircuitBreak(Limit limit, Clock clock, Consumer<String> stop) {
        this.limit = limit;
        this.clock = clock;
        this.stop = stop;
    }

    /// @param outcome of a request's last attempt
    void see(Outcome outcome) {
        if (outcome.isAnswered()) {
            hopeless = false;
            inARow = broken ? inARow : 0;
            return;
        }
        if (!outcome.isFailed()) {
            hopeless &= first != null;
            return;
        }
        first = first == null ? outcome : first;
        hopeless &= isLasting(outcome)
                && outcome.kind() == first.kind()
                && outcome.status().equals(first.status());
        if (broken) {
            return;
        }
        if (inARow++ == 0) {
            sinceNs = clock.nowNs();
        }
        if (limit.inARow() == 0) {
            return;
        }
        if (hopeless && inARow == ENOUGH) {
            end("the first requests all failed alike");
        } else if (inARow >= limit.inARow()
                && clock.nowNs() - sinceNs >= limit.lasting().toNanos()) {
            end("the last " + inARow + " requests all failed");
        }
    }

    private void end(String reason) {
        broken = true;
        stop.accept(reason);
    }

    /// Whether it has ended the run.
    boolean isBroken() {
        return broken;
    }

    /// Failed requests since the last that succeeded, until the run was ended.
    int inARow() {
        return inARow;
    }

    /// What the very first exchange came to, when no other said otherwise.
    Optional<Outcome> always() {
        return hopeless ? Optional.ofNullable(first) : Optional.empty();
    }

    private static boolean isLasting(Outcome outcome) {
        return switch (outcome.kind()) {
            case CONNECT_FAILED, DNS_FAILED, TLS_FAILED -> true;
            case HTTP_ERROR ->
                outcome.status().startsWith("HTTP 4") || outcome.status().startsWith("HTTP 3");
            case COMPLETED, UNTERMINATED, CUT, RESET, TIMEOUT, RATE_LIMITED, PROVIDER_ERROR, MALFORMED, CANCELLED ->
                false;
        };
    }
}
