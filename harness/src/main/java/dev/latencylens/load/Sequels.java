package dev.latencylens.load;

import dev.latencylens.exchange.Exchange;
import java.util.Comparator;
import java.util.Objects;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/// What follows one I/O thread's exchanges: the next attempt of those that failed, the next turn of a
/// conversation.
///
/// The interpreter alone knows what follows, and the I/O thread alone sends, so every exchange that something may
/// follow waits here for the interpreter's word. That word is without lock, and without limit: an interpreter that
/// waited for the I/O thread could wait for ever, for that one may wait for room in the log.
final class Sequels {
    private final Queue<Word> words = new ConcurrentLinkedQueue<>();
    private final PriorityQueue<Exchange> waiting = new PriorityQueue<>(Comparator.comparingLong(Exchange::sendAtNs));
    private int undecided;

    /// @param sequel null where nothing follows
    record Word(Exchange ended, @Nullable Exchange sequel) {}

    /// Called by the interpreter, once for each exchange that [#await] was called with.
    void decided(Exchange ended, @Nullable Exchange sequel) {
        words.add(new Word(ended, sequel));
    }

    /// An exchange has ended, and what follows is not known yet. This and all below is for the I/O thread.
    void await() {
        undecided++;
    }

    /// The interpreter's next word, null for none yet. It may know of an end that the transport still keeps to
    /// itself, while it watches whether its connection can be used again; no user goes on before.
    @Nullable
    Word nextWord() {
        Word next = words.peek();
        if (next == null || !next.ended().hasEnded()) {
            return null;
        }
        undecided--;
        return words.poll();
    }

    /// Keeps what follows until it is due.
    void keep(Exchange sequel) {
        waiting.add(sequel);
    }

    /// Forgets the turns that wait, but no retry.
    void dropTurns() {
        waiting.removeIf(sequel -> sequel.retry() == null);
    }

    boolean areUndecided() {
        return undecided > 0;
    }

    boolean areWaiting() {
        return !waiting.isEmpty();
    }

    /// When the first of those waiting is due; asked only where there is one.
    long firstDueAtNs() {
        return Objects.requireNonNull(waiting.peek()).sendAtNs();
    }

    /// The first of those waiting, which stays; asked only where there is one.
    Exchange peek() {
        return Objects.requireNonNull(waiting.peek());
    }

    Exchange poll() {
        return Objects.requireNonNull(waiting.poll());
    }
}
