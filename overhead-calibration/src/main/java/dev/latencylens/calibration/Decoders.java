package dev.latencylens.calibration;

import dev.latencylens.exchange.ChunkKind;
import dev.latencylens.exchange.ChunkSink;
import dev.latencylens.exchange.StreamDecoder;
import dev.latencylens.provider.DialectName;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/// What each dialect's decoder takes for a token's chunk: an answer of 256 tokens, each event in a read of its
/// own, the events around them included. Off the I/O thread.
@State(Scope.Thread)
public class Decoders extends Benchmarks {
    @Param
    @SuppressWarnings("NullAway.Init") // JMH sets it.
    public DialectName dialect;

    @SuppressWarnings("NullAway.Init")
    private SampleAnswer answer;

    @SuppressWarnings("NullAway.Init")
    private byte[] body;

    @SuppressWarnings("NullAway.Init")
    private StreamDecoder decoder;

    @Setup
    public void make() {
        answer = SampleAnswer.of(dialect, EVENTS);
        body = answer.body();
        for (int done = 0; done < RUN_IN_EVENTS; done += EVENTS) {
            begin();
            chunk();
        }
    }

    @Setup(Level.Invocation)
    public void begin() {
        decoder = dialect.decoder(body);
    }

    @Benchmark
    @OperationsPerInvocation(EVENTS)
    public long chunk() {
        var found = new Count();
        for (byte[] event : answer.events()) {
            decoder.decode(event, 0, event.length, found);
        }
        decoder.end(found);
        if (found.chunks != EVENTS) {
            throw new IllegalStateException(dialect.label() + ": expected " + EVENTS + " chunks, saw " + found.chunks);
        }
        return found.characters;
    }

    private static final class Count implements ChunkSink {
        private int chunks;
        private long characters;

        @Override
        public void event(long endOffset, int bytes) {
            // Chunks are counted.
        }

        @Override
        public void chunk(ChunkKind kind, int choice, int tokens, CharSequence text) {
            chunks++;
            characters += text.length();
        }
    }
}
