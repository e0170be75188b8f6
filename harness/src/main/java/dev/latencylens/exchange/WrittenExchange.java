package dev.latencylens.exchange;

import org.jspecify.annotations.Nullable;

/// An exchange read back from where it was written down, so that old figures are made by the very code that makes
/// new ones.
///
/// Instants are given as they were: on CLOCK_MONOTONIC of the machine that measured.
public final class WrittenExchange {
    private static final EncodedRequest FORGOTTEN = new EncodedRequest(new byte[0], new byte[0], new byte[0]);

    private final Timeline timeline = new Timeline();
    private long throttleNs = Exchange.NOT_LIMITED;
    private boolean keepsAnswer;

    public void at(Moment moment, long instantAtNs) {
        timeline.set(moment, instantAtNs);
    }

    /// Limits held it back so long.
    public void throttled(long heldBackNs) {
        throttleNs = heldBackNs;
    }

    /// The next turn of its conversation repeated what it was answered.
    public void keepAnswer() {
        keepsAnswer = true;
    }

    /// The next output chunk. Where both instants are one, the kernel had not stamped it.
    ///
    /// @param arrivedAtNs the arrival
    /// @param userAtNs right after the read call
    /// @param tokens or [ChunkSink#UNKNOWN_TOKENS]
    public void chunk(long arrivedAtNs, long userAtNs, ChunkKind kind, int tokens, int bytes) {
        long kernelAtNs = arrivedAtNs == userAtNs ? FlightLog.NO_STAMP : arrivedAtNs;
        timeline.chunks().add(userAtNs, kernelAtNs, kind, tokens, bytes);
    }

    /// The chunks' tokens are a tokenizer's.
    public void countedByTokenizer() {
        timeline.chunks().setCountedByTokenizer();
    }

    /// @param id of the request's first attempt
    /// @param turn null for a request of its own
    /// @param retry null for that one
    public ExchangeResult ended(
            long number,
            String id,
            boolean warmup,
            @Nullable Turn turn,
            @Nullable Retry retry,
            Outcome outcome,
            @Nullable ConnectionFacts connection,
            @Nullable TcpPath path,
            @Nullable ResponseHead head,
            Completion completion,
            long bodyBytes) {
        var first = turn == null ? new Exchange(number, id, FORGOTTEN) : new Exchange(turn, id, FORGOTTEN, keepsAnswer);
        if (turn != null) {
            first.numbered(number);
        }
        if (warmup) {
            first.warmup();
        }
        Exchange exchange = retry == null ? first : first.again(FORGOTTEN, retry);
        exchange.throttled(throttleNs);
        return new ExchangeResult(exchange, outcome, timeline, connection, path, head, completion, bodyBytes);
    }
}
