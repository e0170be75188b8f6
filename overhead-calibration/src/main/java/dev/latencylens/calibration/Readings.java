package dev.latencylens.calibration;

import dev.latencylens.exchange.ChunkKind;
import dev.latencylens.exchange.ChunkSink;
import dev.latencylens.exchange.Completion;
import dev.latencylens.exchange.ConnectionFacts;
import dev.latencylens.exchange.Dialect;
import dev.latencylens.exchange.EncodedRequest;
import dev.latencylens.exchange.Exchange;
import dev.latencylens.exchange.ExchangeResult;
import dev.latencylens.exchange.Interpreter;
import dev.latencylens.exchange.Moment;
import dev.latencylens.exchange.Prompt;
import dev.latencylens.exchange.Request;
import dev.latencylens.exchange.ResponseFact;
import dev.latencylens.exchange.ResponseHead;
import dev.latencylens.exchange.StreamDecoder;
import dev.latencylens.exchange.TransportEnd;
import dev.latencylens.provider.DialectName;
import dev.latencylens.stats.Distribution;
import dev.latencylens.stats.Summary;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/// What the interpreter's thread does with a token's chunk behind and before its decoder: timeline, chunks,
/// summary.
@State(Scope.Thread)
public class Readings extends Benchmarks {
    private static final ConnectionFacts CONNECTION =
            new ConnectionFacts(1, ConnectionFacts.Kind.REUSED, "2", "in memory", null);
    private static final ResponseHead HEAD = new ResponseHead(200, List.of());
    private static final long GAP_NS = 20_000_000;

    private final List<byte[]> nothings = Collections.nCopies(EVENTS, new byte[] {' '});
    private final SampleAnswer chat = SampleAnswer.of(DialectName.OPENAI_CHAT, EVENTS);
    private final Interpreter timelines = new Interpreter(new Decoding(null), this::keep);
    private final Interpreter answers = new Interpreter(new Decoding(DialectName.OPENAI_CHAT), this::keep);
    private final Summary summary = new Summary();
    private final Distribution gaps = new Distribution();
    private int value;
    private long startedAtNs;

    @SuppressWarnings("NullAway.Init")
    private ExchangeResult result;

    @Setup
    public void runIn() {
        for (int done = 0; done < RUN_IN_EVENTS; done += EVENTS) {
            timeline();
            wholeWay();
        }
    }

    /// Bodies become chunks with stamps, by a decoder that does nothing else.
    @Benchmark
    @OperationsPerInvocation(EVENTS)
    public int timeline() {
        interpret(timelines, nothings);
        return chunks();
    }

    /// An answer's gaps enter the distributions.
    @Benchmark
    @OperationsPerInvocation(EVENTS)
    public Summary summary() {
        summary.add(result);
        return summary;
    }

    /// One value enters a distribution that counts by now.
    @Benchmark
    public Distribution histogram() {
        gaps.record(GAP_NS + (++value & 0xFFFF));
        return gaps;
    }

    /// All that happens to a chunk behind the flight log, in OpenAI's chat.
    @Benchmark
    @OperationsPerInvocation(EVENTS)
    public int wholeWay() {
        interpret(answers, chat.events());
        summary.add(result);
        return chunks();
    }

    private void interpret(Interpreter interpreter, List<byte[]> events) {
        var exchange = new Exchange(0, "x", new EncodedRequest(new byte[0], new byte[0], new byte[0]));
        startedAtNs += GAP_NS;
        long atNs = startedAtNs;
        exchange.due(atNs, 0);
        interpreter.moment(exchange, Moment.STARTED, atNs, atNs);
        interpreter.fact(exchange, CONNECTION, atNs);
        interpreter.moment(exchange, Moment.REQUEST_START, atNs, atNs);
        interpreter.moment(exchange, Moment.REQUEST_END, atNs, atNs);
        interpreter.moment(exchange, Moment.RESPONSE_START, atNs, atNs);
        interpreter.fact(exchange, new ResponseFact(HEAD), atNs);
        for (byte[] event : events) {
            atNs += GAP_NS;
            interpreter.body(exchange, atNs + 1, atNs, event, 0, event.length);
        }
        interpreter.moment(exchange, Moment.RESPONSE_END, atNs, atNs);
        interpreter.fact(exchange, TransportEnd.COMPLETE, atNs);
    }

    /// An answer whose events are as many as a benchmark's.
    ExchangeResult answer() {
        interpret(answers, chat.events());
        chunks();
        return result;
    }

    private int chunks() {
        int chunks = result.timeline().chunks().size();
        if (chunks != EVENTS) {
            throw new IllegalStateException("expected " + EVENTS + " chunks, saw " + chunks);
        }
        return chunks;
    }

    private void keep(ExchangeResult ended) {
        result = ended;
    }

    /// A dialect whose answers come; one of no name finds a chunk in whatever it is given.
    private record Decoding(@Nullable DialectName dialect) implements Dialect {
        private static final byte[] EVENTS_BEGIN = {'d', 'a', 't', 'a', ':'};

        @Override
        public String name() {
            return "";
        }

        @Override
        public Request request(Prompt prompt) {
            throw new UnsupportedOperationException();
        }

        @Override
        public StreamDecoder decoder(ResponseHead head) {
            return dialect == null ? new EachReadAChunk() : dialect.decoder(EVENTS_BEGIN);
        }
    }

    private static final class EachReadAChunk implements StreamDecoder {
        private static final Completion COMPLETION = new Completion(List.of("stop"), true, null, null, null, 0);
        private long consumed;

        @Override
        public void decode(byte[] bytes, int offset, int length, ChunkSink sink) {
            consumed += length;
            sink.event(consumed, length);
            sink.chunk(ChunkKind.TEXT, 0, 1, " ");
        }

        @Override
        public void end(ChunkSink sink) {
            // Nothing is kept back.
        }

        @Override
        public Completion completion() {
            return COMPLETION;
        }
    }
}
