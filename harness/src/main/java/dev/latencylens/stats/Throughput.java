package dev.latencylens.stats;

import dev.latencylens.exchange.Chunks;
import dev.latencylens.exchange.ExchangeResult;
import dev.latencylens.exchange.Moment;
import dev.latencylens.exchange.Timeline;
import java.util.Optional;

/// What arrived in a second while the load was offered: from the start of the first measured request until the
/// start of the last, of whichever request it was.
///
/// Requests that overlap an edge count for as much as arrived inside: those for warm-up that were still being
/// answered, those that failed, those that the load's end left under way. So neither beginning nor ebb of a load
/// thins it out, and none of it is there twice. Where fewer than half of the measured requests had ended by then,
/// there was no time in which the load was kept up, and the window ends with the last answer.
final class Throughput {
    private final WindowedSum tokens = new WindowedSum();
    private final WindowedSum answers = new WindowedSum();
    private final WindowedSum ends = new WindowedSum();
    private boolean warming;
    private long lastWarmupAtNs;
    private boolean measuring;
    private long fromAtNs;
    private long toAtNs;
    private long lastEndAtNs;
    private long measured;

    /// Takes in an exchange that has ended, warm-up or not, whatever came of it.
    ///
    /// @param outputTokens that it brought
    void add(ExchangeResult result, long outputTokens) {
        Timeline timeline = result.timeline();
        boolean first = result.exchange().retry() == null;
        boolean warmup = result.exchange().isWarmup();
        long startedAtNs = timeline.atNs(Moment.STARTED)
                .orElse(timeline.atNs(Moment.INTENDED).orElse(0));
        if (first) {
            started(warmup, startedAtNs);
        }
        if (tokens.isToSettle() || answers.isToSettle() || ends.isToSettle()) {
            settle();
        }
        Chunks stream = timeline.chunks();
        long endedAtNs = timeline.atNs(Moment.RESPONSE_END).orElse(startedAtNs);
        double each = stream.size() == 0 ? 0 : (double) outputTokens / stream.size();
        for (int i = 0; i < stream.size(); i++) {
            tokens.add(stream.atNs(i), each);
        }
        if (stream.size() == 0 && outputTokens > 0) {
            tokens.add(endedAtNs, (double) outputTokens);
        }
        boolean answered = result.outcome().isAnswered();
        if (answered) {
            answers.add(endedAtNs, 1);
        }
        if (!warmup && first) {
            measured++;
            ends.add(endedAtNs, 1);
        }
        if (answered && endedAtNs - lastEndAtNs > 0) {
            lastEndAtNs = endedAtNs;
        }
    }

    private void started(boolean warmup, long startedAtNs) {
        if (warmup) {
            if (!warming || startedAtNs - lastWarmupAtNs > 0) {
                lastWarmupAtNs = startedAtNs;
            }
            warming = true;
            return;
        }
        if (!measuring) {
            fromAtNs = startedAtNs;
            toAtNs = startedAtNs;
            lastEndAtNs = startedAtNs;
        }
        measuring = true;
        fromAtNs = startedAtNs - fromAtNs < 0 ? startedAtNs : fromAtNs;
        toAtNs = startedAtNs - toAtNs > 0 ? startedAtNs : toAtNs;
    }

    /// The window does not begin before the last start for warm-up, of those known so far.
    private void settle() {
        long neverBeforeNs = !warming || (measuring && fromAtNs - lastWarmupAtNs < 0) ? fromAtNs : lastWarmupAtNs;
        long sureFromNs = measuring ? fromAtNs : neverBeforeNs;
        long sureToNs = measuring ? toAtNs : neverBeforeNs;
        tokens.settle(neverBeforeNs, sureFromNs, sureToNs);
        answers.settle(neverBeforeNs, sureFromNs, sureToNs);
        ends.settle(neverBeforeNs, sureFromNs, sureToNs);
    }

    /// Absent where no time has passed.
    Optional<Summary.Rates> rates() {
        boolean keptUp = ends.between(fromAtNs, toAtNs) * 2 >= measured;
        long endAtNs = keptUp ? toAtNs : lastEndAtNs;
        if (!measuring || endAtNs - fromAtNs <= 0) {
            return Optional.empty();
        }
        // The last end is inside of a window that ends with it.
        long beforeNs = keptUp ? endAtNs : endAtNs + 1;
        return Optional.of(new Summary.Rates(
                fromAtNs,
                endAtNs,
                keptUp,
                tokens.between(fromAtNs, beforeNs),
                Math.round(answers.between(fromAtNs, beforeNs))));
    }
}
