package dev.latencylens.load;

import dev.latencylens.exchange.Exchange;
import java.util.Comparator;
import java.util.Objects;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/// What becomes of one I/O thread's failed exchanges.
///
/// The interpreter alone knows whether one is to be tried again, and the I/O thread alone sends, so every exchange
/// that ended without a success waits here for the interpreter's word. That word is without lock, and without
/// limit: an interpreter that waited for the I/O thread could wait for ever, for that one may wait for room in the
/// log.
final class Retries {
    private final Queue<Decision> decisions = new ConcurrentLinkedQueue<>();
    private final PriorityQueue<Exchange> waiting = new PriorityQueue<>(Comparator.comparingLong(
            exchange -> Objects.requireNonNull(exchange.retry()).dueAtNs()));
    private int undecided;

    /// @param retry null where it is not tried again
    record Decision(Exchange ended, @Nullable Exchange retry) {}

    /// Called by the interpreter, once for each exchange that [#await] was called with.
    void decided(Exchange ended, @Nullable Exchange retry) {
        decisions.add(new Decision(ended, retry));
    }

    /// An exchange has ended, and what becomes of it is not known yet. This and all that follows is for the I/O
    /// thread.
    void await() {
        undecided++;
    }

    /// The next exchange that is not tried again; retries that come before it are kept until they are due.
    @Nullable
    Exchange nextGivenUp() {
        for (Decision next = decisions.poll(); next != null; next = decisions.poll()) {
            undecided--;
            if (next.retry() == null) {
                return next.ended();
            }
            waiting.add(next.retry());
        }
        return null;
    }

    boolean areUndecided() {
        return undecided > 0;
    }

    boolean areWaiting() {
        return !waiting.isEmpty();
    }

    /// When the first of those waiting is due; asked only where there is one.
    long firstDueAtNs() {
        return Objects.requireNonNull(Objects.requireNonNull(waiting.peek()).retry())
                .dueAtNs();
    }

    /// The first of those waiting, which stays; asked only where there is one.
    Exchange peek() {
        return Objects.requireNonNull(waiting.peek());
    }

    Exchange poll() {
        return Objects.requireNonNull(waiting.poll());
    }
}
