package dev.latencylens.cli;

import dev.latencylens.exchange.EncodedRequest;
import dev.latencylens.exchange.Exchange;
import dev.latencylens.exchange.ExchangeResult;
import dev.latencylens.exchange.Turn;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Makes the turns of conversations: first ones on the feeder's thread, and each later one on the interpreter's,
/// when that has read what the turn before came to.
///
/// What the server answered is kept here, as long as its conversation goes on and no longer, and nowhere else.
final class Conversations {
    private final String runId;
    private final Prompts prompts;
    private final boolean real;
    private final Encoder feeders;
    private final Encoder interpreters;
    /// Answers of the conversations that go on, in their order. The interpreter's alone.
    private final Map<Long, List<String>> answers = new HashMap<>();

    /// Makes the bytes of a turn of a conversation, for one thread.
    @FunctionalInterface
    interface Encoder {
        EncodedRequest encode(Turn turn, List<String> answered, String id);
    }

    Conversations(String runId, Prompts prompts, Encoder feeders, Encoder interpreters) {
        this.runId = runId;
        this.prompts = prompts;
        this.feeders = feeders;
        this.interpreters = interpreters;
        Prompts.Turns turns = prompts.turns();
        real = turns != null && turns.history() == Prompts.History.REAL;
    }

    /// The first turn of a conversation.
    Exchange begin(long conversation) {
        return exchange(new Turn(conversation, 1, prompts.turns(conversation)), List.of(), feeders);
    }

    /// The turn that follows one that has ended and is not tried again, or null where its conversation ends: with
    /// its last turn, with one that failed, and with one without a text that could be repeated.
    @Nullable
    Exchange after(ExchangeResult result) {
        Exchange ended = result.exchange();
        Turn turn = ended.turn();
        if (turn == null) {
            return null;
        }
        String answer = ended.answer();
        if (turn.isLast() || !result.outcome().isAnswered() || (real && answer == null)) {
            answers.remove(turn.conversation());
            return null;
        }
        List<String> said = List.of();
        if (answer != null) {
            said = answers.computeIfAbsent(turn.conversation(), _ -> new ArrayList<>());
            said.add(answer);
        }
        return exchange(turn.next(), said, interpreters);
    }

    /// The bytes of another attempt, for the interpreter's thread.
    EncodedRequest again(Turn turn, String id) {
        return interpreters.encode(turn, answers.getOrDefault(turn.conversation(), List.of()), id);
    }

    private Exchange exchange(Turn turn, List<String> answered, Encoder encoder) {
        String id = runId + "-" + turn.conversation() + "t" + turn.number();
        return new Exchange(turn, id, encoder.encode(turn, answered, id), real && !turn.isLast());
    }
}
