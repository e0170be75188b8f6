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

/// Makes the turns of conversations: first ones on the feeder's thread, and each later one on the interpreter's.
/// Where its history depends on no answer, that is while the turn before is being answered, else when its answer
/// has been read.
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
    /// Next turns that have been made already, by conversation. The interpreter's alone.
    private final Map<Long, EncodedRequest> ahead = new HashMap<>();

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
        real = prompts.repeatAnswers();
    }

    /// The first turn of a conversation.
    Exchange begin(long conversation) {
        return exchange(new Turn(conversation, 1, prompts.turns(conversation)), List.of(), feeders);
    }

    /// A turn's request has left, on the interpreter's thread.
    void sent(Exchange exchange) {
        Turn turn = exchange.turn();
        if (turn != null && !real && !turn.isLast()) {
            ahead.computeIfAbsent(
                    turn.conversation(), _ -> interpreters.encode(turn.next(), List.of(), id(turn.next())));
        }
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
        EncodedRequest made = ahead.remove(turn.conversation());
        if (turn.isLast() || !result.outcome().isAnswered() || (real && answer == null)) {
            answers.remove(turn.conversation());
            return null;
        }
        List<String> said = List.of();
        if (answer != null) {
            said = answers.computeIfAbsent(turn.conversation(), _ -> new ArrayList<>());
            said.add(answer);
        }
        Turn next = turn.next();
        return made == null ? exchange(next, said, interpreters) : exchange(next, made);
    }

    /// The bytes of another attempt, for the interpreter's thread.
    EncodedRequest again(Turn turn, String id) {
        return interpreters.encode(turn, answers.getOrDefault(turn.conversation(), List.of()), id);
    }

    private Exchange exchange(Turn turn, List<String> answered, Encoder encoder) {
        return exchange(turn, encoder.encode(turn, answered, id(turn)));
    }

    private Exchange exchange(Turn turn, EncodedRequest request) {
        return new Exchange(turn, id(turn), request, real && !turn.isLast());
    }

    private String id(Turn turn) {
        return runId + "-" + turn.conversation() + "t" + turn.number();
    }
}
