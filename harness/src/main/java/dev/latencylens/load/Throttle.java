package dev.latencylens.load;

import dev.latencylens.exchange.Exchange;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/// Holds an I/O thread's requests back so that it keeps to its share of [RateLimits].
///
/// A request uses its limits at the instant right after it was started, so that by the recorded instants, too, no
/// minute has too much. It counts the tokens that it may use as long as it runs, and those that it did use from
/// then on: the interpreter says so, without lock. All but [#settled] is for the I/O thread and allocates nothing.
final class Throttle {
    private final RateLimits limits;
    private @Nullable MinuteWindow requests;
    private @Nullable MinuteWindow tokens;
    private final Queue<Exchange> settled = new ConcurrentLinkedQueue<>();
    /// Exchanges that have ended, and of which nobody has said yet what they used.
    private int unsettled;

    /// Whether the one that is next has to wait, and until when.
    private boolean holding;

    private long roomAtNs;

    /// Since when the last one that was held might start; requests that are due behind it wait for that too.
    private boolean hasHeld;

    private long allowedAtNs;

    Throttle(RateLimits limits) {
        this.limits = limits;
    }

    /// An exchange has been read to its end, and its tokens are known or not; from the interpreter's thread.
    void settled(Exchange exchange) {
        if (limits.tokensPerMinute() > 0) {
            settled.add(exchange);
        }
    }

    void ended() {
        unsettled += limits.tokensPerMinute() > 0 ? 1 : 0;
    }

    /// Whether the exchange that is next may start now. Until it has started, no other is asked for.
    boolean allows(Exchange next, long nowNs) {
        begin(next, nowNs);
        boolean changed = settle();
        if (holding && !changed && nowNs - roomAtNs < 0) {
            return false;
        }
        long freeAtNs = Math.max(freeAtNs(requests, 1, nowNs), freeAtNs(tokens, next.reservedTokens(), nowNs));
        if (freeAtNs > nowNs) {
            holding = true;
            roomAtNs = freeAtNs;
            return false;
        }
        // Tokens that were given back may have ended the wait before its time.
        roomAtNs = Math.min(roomAtNs, nowNs);
        return true;
    }

    /// After a refusal, until when the exchange has to wait if no tokens are given back.
    long roomAtNs() {
        return roomAtNs;
    }

    /// Whether tokens may be given back soon.
    boolean awaitsSettlement() {
        return unsettled > 0;
    }

    /// The exchange that was allowed is about to be started.
    ///
    /// @param dueAtNs when it would have been without limits
    void starts(Exchange exchange, long dueAtNs) {
        if (holding) {
            allowedAtNs = hasHeld ? Math.max(allowedAtNs, roomAtNs) : roomAtNs;
            hasHeld = true;
            holding = false;
        }
        exchange.throttled(hasHeld ? Math.max(0, allowedAtNs - dueAtNs) : 0);
    }

    /// It has been started.
    void started(Exchange exchange, long nowNs) {
        if (requests != null) {
            requests.use(1, nowNs);
        }
        if (tokens != null) {
            exchange.usesIn(tokens.use(exchange.reservedTokens(), nowNs));
        }
    }

    private void begin(Exchange first, long nowNs) {
        if (requests == null && limits.requestsPerMinute() > 0) {
            requests = new MinuteWindow(limits.requestsPerMinute(), nowNs, 1);
        }
        if (tokens == null && limits.tokensPerMinute() > 0) {
            tokens = new MinuteWindow(limits.tokensPerMinute(), nowNs, first.reservedTokens());
        }
    }

    private boolean settle() {
        boolean changed = false;
        for (Exchange next = settled.poll(); next != null; next = settled.poll()) {
            unsettled--;
            if (tokens != null) {
                tokens.correct(next.usedIn(), next.usedTokens() - next.reservedTokens());
                changed = true;
            }
        }
        return changed;
    }

    private static long freeAtNs(@Nullable MinuteWindow window, long amount, long nowNs) {
        if (window == null) {
            return nowNs;
        }
        window.advance(nowNs);
        return window.hasRoomFor(amount) ? nowNs : window.roomAtNs(amount);
    }
}
