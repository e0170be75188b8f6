package dev.latencylens.exchange;

import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// An exchange told as a story, for tests: what happened when, as offsets from an arbitrary zero.
public final class ScriptedExchange {
    /// Where offset zero lies; negative, as CLOCK_MONOTONIC readings may be anything.
    public static final long ZERO_NS = -5_000_000_000L;

    private int choices = 1;
    private static final EncodedRequest NO_BYTES = new EncodedRequest(new byte[0], new byte[0], new byte[0]);

    private final Timeline timeline = new Timeline();
    private boolean warmup;
    private Outcome outcome = new Outcome(Outcome.Kind.COMPLETED, "");
    private @Nullable ConnectionFacts connection;
    private @Nullable TcpPath path;
    private @Nullable Usage usage;
    private String id = "lens-1";
    private long number = 1;
    private @Nullable Retry retry;
    private long throttleNs = Exchange.NOT_LIMITED;

    private ScriptedExchange() {}

    public static ScriptedExchange exchange() {
        return new ScriptedExchange();
    }

    /// An exchange as a load makes it.
    public static Exchange planned(long number) {
        return new Exchange(number, "lens-" + number, NO_BYTES);
    }

    public ScriptedExchange id(String name) {
        id = name;
        return this;
    }

    public ScriptedExchange number(long which) {
        number = which;
        return this;
    }

    /// It is a retry of the request with this id, after an attempt that came to this.
    public ScriptedExchange retryOf(String first, int attempt, Outcome after, Duration wait) {
        id = first;
        retry = new Retry(attempt, first, after, ZERO_NS, ZERO_NS, wait.toNanos(), "backoff");
        return this;
    }

    public ScriptedExchange warmup() {
        warmup = true;
        return this;
    }

    public ScriptedExchange at(Moment moment, Duration offset) {
        timeline.set(moment, ZERO_NS + offset.toNanos());
        return this;
    }

    public ScriptedExchange intendedAt(Duration offset) {
        return at(Moment.INTENDED, offset);
    }

    public ScriptedExchange startedAt(Duration offset) {
        return at(Moment.STARTED, offset);
    }

    public ScriptedExchange endedAt(Duration offset) {
        return at(Moment.RESPONSE_END, offset);
    }

    /// Chunks of visible text that do not say their tokens.
    /// A further chunk of the event before, such as a tool's arguments behind its name.
    public ScriptedExchange inTheSameEvent(ChunkKind kind) {
        int last = timeline.chunks().size() - 1;
        timeline.chunks().add(timeline.chunks().userAtNs(last), FlightLog.NO_STAMP, kind, ChunkSink.UNKNOWN_TOKENS, 0);
        return this;
    }

    public ScriptedExchange tokensAt(Duration... offsets) {
        for (Duration offset : offsets) {
            chunk(offset, ChunkKind.TEXT, ChunkSink.UNKNOWN_TOKENS);
        }
        return this;
    }

    public ScriptedExchange chunk(Duration offset, ChunkKind kind, int tokens) {
        long atNs = ZERO_NS + offset.toNanos();
        timeline.setIfAbsent(Moment.FIRST_CHUNK, atNs);
        timeline.setIfAbsent(Moment.FIRST_TOKEN, atNs);
        if (kind.isVisible()) {
            timeline.setIfAbsent(Moment.FIRST_VISIBLE, atNs);
        }
        timeline.set(Moment.LAST_TOKEN, atNs);
        timeline.chunks().add(atNs, FlightLog.NO_STAMP, kind, tokens, 10);
        return this;
    }

    /// A chunk of visible text that the kernel had before it was read.
    public ScriptedExchange chunkReadLate(Duration kernelOffset, Duration readOffset) {
        long kernelAtNs = ZERO_NS + kernelOffset.toNanos();
        timeline.setIfAbsent(Moment.FIRST_TOKEN, kernelAtNs);
        timeline.set(Moment.LAST_TOKEN, kernelAtNs);
        timeline.chunks().add(ZERO_NS + readOffset.toNanos(), kernelAtNs, ChunkKind.TEXT, ChunkSink.UNKNOWN_TOKENS, 10);
        return this;
    }

    /// A chunk whose tokens a tokenizer told.
    public ScriptedExchange counted(Duration offset, ChunkKind kind, int tokens) {
        chunk(offset, kind, ChunkSink.UNKNOWN_TOKENS);
        int[] told = new int[timeline.chunks().size()];
        Arrays.fill(told, ChunkSink.UNKNOWN_TOKENS);
        told[told.length - 1] = tokens;
        timeline.chunks().count(told);
        return this;
    }

    public ScriptedExchange over(ConnectionFacts.Kind kind) {
        connection = new ConnectionFacts(1, kind, "1.1", "127.0.0.1:9", null);
        return this;
    }

    /// Its connection was set up for it, and the kernel timed the handshake.
    public ScriptedExchange handshake(Duration start, Duration end, Duration byTheKernel) {
        return handshake(start, start, end, byTheKernel);
    }

    /// The same, after another address had been tried first.
    public ScriptedExchange handshake(Duration start, Duration lastTry, Duration end, Duration byTheKernel) {
        path = new TcpPath(lastTry.minus(start).toNanos(), byTheKernel.toNanos(), byTheKernel.toNanos(), 0);
        return over(ConnectionFacts.Kind.NEW).at(Moment.CONNECT_START, start).at(Moment.CONNECT_END, end);
    }

    public ScriptedExchange usage(long input, long cached, long output, long reasoning) {
        usage = new Usage(input, cached, null, output, reasoning, "{}");
        return this;
    }

    public ScriptedExchange choices(int number) {
        choices = number;
        return this;
    }

    public ScriptedExchange ended(Outcome.Kind kind, String detail) {
        return ended(kind, detail, "");
    }

    public ScriptedExchange ended(Outcome.Kind kind, String detail, String code) {
        outcome = new Outcome(kind, detail, code);
        return this;
    }

    /// Limits held it back so long.
    public ScriptedExchange throttled(Duration heldBack) {
        throttleNs = heldBack.toNanos();
        return this;
    }

    public ExchangeResult result() {
        var first = new Exchange(number, id, NO_BYTES);
        if (warmup) {
            first.warmup();
        }
        Exchange exchange = retry == null ? first : first.again(NO_BYTES, retry);
        exchange.throttled(throttleNs);
        return new ExchangeResult(
                exchange,
                outcome,
                timeline,
                connection,
                path,
                new ResponseHead(200, List.of()),
                new Completion(Collections.nCopies(choices, "stop"), true, usage, null, null, 0),
                timeline.chunks().size() * 10L);
    }
}
