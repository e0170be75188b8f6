package dev.latencylens.stats;

import dev.latencylens.exchange.Chunks;
import dev.latencylens.exchange.ExchangeResult;
import dev.latencylens.exchange.Turn;
import dev.latencylens.exchange.Usage;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What a run's conversations came to, and their first turns apart from later ones. Guarded by its [Summary].
final class TurnTally {
    private static final int KINDS = Summary.TurnKind.values().length;

    private final Distribution[][] byTurn = new Distribution[KINDS][];
    private final long[] answered = new long[KINDS];
    private final long[] input = new long[KINDS];
    private final long[] cached = new long[KINDS];
    private long begun;
    private long planned;
    private long sent;
    private long completed;
    private long failed;
    private long textless;

    /// Takes in a turn that has ended, for warm-up or not; of one that is tried again every attempt.
    void see(ExchangeResult result) {
        Turn turn = result.exchange().turn();
        if (turn == null) {
            return;
        }
        if (result.exchange().retry() == null) {
            sent++;
            begun += turn.isFirst() ? 1 : 0;
            planned += turn.isFirst() ? turn.of() : 0;
        } else {
            failed--; // its attempt before was taken for the last
        }
        if (!result.outcome().isAnswered()) {
            failed += result.outcome().isFailed() ? 1 : 0; // what was cancelled has not ended
        } else if (turn.isLast()) {
            completed++;
        } else if (result.exchange().keepsAnswer() && !hasText(result.timeline().chunks())) {
            textless++;
        }
    }

    /// Where a measured answer belongs, counting it; null where it is no turn of a conversation.
    Distribution @Nullable [] population(ExchangeResult result) {
        Turn turn = result.exchange().turn();
        if (turn == null) {
            return null;
        }
        int kind = (turn.isFirst() ? Summary.TurnKind.FIRST : Summary.TurnKind.LATER).ordinal();
        if (answered[kind]++ == 0) {
            byTurn[kind] = new Distribution[Metric.count()];
            Arrays.setAll(byTurn[kind], i -> new Distribution());
        }
        Usage usage = result.completion().usage();
        if (usage != null) {
            input[kind] += usage.inputTotal() == null ? 0 : usage.inputTotal();
            cached[kind] += usage.cachedRead() == null ? 0 : usage.cachedRead();
        }
        return byTurn[kind];
    }

    Distribution of(Metric metric, Summary.TurnKind kind) {
        Distribution[] distributions = byTurn[kind.ordinal()];
        return distributions == null ? new Distribution() : distributions[metric.ordinal()];
    }

    Summary.TurnInput input(Summary.TurnKind kind) {
        return new Summary.TurnInput(answered[kind.ordinal()], input[kind.ordinal()], cached[kind.ordinal()]);
    }

    Optional<Summary.Conversations> conversations() {
        long ended = completed + failed;
        long open = Math.max(0, begun - ended);
        return sent == 0
                ? Optional.empty()
                : Optional.of(new Summary.Conversations(
                        begun,
                        completed,
                        failed,
                        Math.min(textless, open),
                        open - Math.min(textless, open),
                        Math.max(0, planned - sent)));
    }

    private static boolean hasText(Chunks chunks) {
        for (int i = 0; i < chunks.size(); i++) {
            if (chunks.kind(i).isText()) {
                return true;
            }
        }
        return false;
    }
}
