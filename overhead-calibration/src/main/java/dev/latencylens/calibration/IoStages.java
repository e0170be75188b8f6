package dev.latencylens.calibration;

import dev.latencylens.clock.Clock;
import dev.latencylens.exchange.EncodedRequest;
import dev.latencylens.exchange.Exchange;
import dev.latencylens.exchange.FlightFact;
import dev.latencylens.exchange.FlightLog;
import dev.latencylens.exchange.Moment;
import dev.latencylens.provider.DialectName;
import dev.latencylens.transport.TlsRecords;
import dev.latencylens.transport.TokenStream;
import dev.latencylens.transport.WaitingSegment;
import dev.latencylens.transport.Wire;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/// Each stage of a token's way on the I/O thread by itself.
public class IoStages extends Benchmarks {
    /// What the stages work on: a token event of OpenAI's chat.
    static byte[] tokenEvent() {
        return SampleAnswer.of(DialectName.OPENAI_CHAT, 1).tokenEvent();
    }

    /// A stream over cleartext, its HTTP to be read from plain bytes.
    public abstract static class Http {
        private final TokenStream stream;

        Http(Wire wire) {
            stream = new TokenStream(wire, tokenEvent());
            for (int done = 0; done < RUN_IN_EVENTS; done += EVENTS) {
                prepare();
                for (int i = 0; i < EVENTS; i++) {
                    stream.frame();
                }
            }
        }

        @Setup(Level.Invocation)
        public final void prepare() {
            stream.prepare(0);
        }

        @TearDown
        public void check() {
            stream.check();
            stream.close();
        }

        TokenStream stream() {
            return stream;
        }
    }

    @State(Scope.Thread)
    public static class Http1 extends Http {
        public Http1() {
            super(Wire.HTTP_1_1);
        }
    }

    @State(Scope.Thread)
    public static class Http2 extends Http {
        public Http2() {
            super(Wire.HTTP_2);
        }
    }

    /// A channel whose reads are stamped, and nothing read.
    @State(Scope.Thread)
    public static class Stamps {
        private final TokenStream stream = new TokenStream(Wire.HTTP_1_1, tokenEvent());

        @TearDown
        public void close() {
            stream.close();
        }
    }

    @State(Scope.Thread)
    public static class Tls {
        private final TlsRecords records = new TlsRecords(tokenEvent(), "TLSv1.3");

        @Setup
        public void runIn() {
            for (int done = 0; done < RUN_IN_EVENTS; done += EVENTS) {
                prepare();
                for (int i = 0; i < EVENTS; i++) {
                    records.open();
                }
            }
        }

        @Setup(Level.Invocation)
        public void prepare() {
            records.prepare(EVENTS);
        }

        @TearDown
        public void check() {
            records.check();
            records.close();
        }
    }

    @State(Scope.Thread)
    public static class Segment {
        private final WaitingSegment segment = new WaitingSegment(tokenEvent());

        @TearDown
        public void close() {
            segment.close();
        }
    }

    /// A flight log, and a reader that counts.
    @State(Scope.Thread)
    public static class Log implements FlightLog.Reader {
        private final FlightLog log = new FlightLog(Clock.monotonic(), TokenStream.LOG_ENTRIES, TokenStream.LOG_BYTES);
        private final byte[] event = tokenEvent();
        private final Exchange exchange =
                new Exchange(0, "x", new EncodedRequest(new byte[0], new byte[0], new byte[0]));
        private long written;
        private long read;

        @Setup(Level.Invocation)
        public void drain() {
            while (log.drain(this, EVENTS) > 0) {
                // There is more.
            }
        }

        @TearDown
        public void check() {
            drain();
            if (read != written) {
                throw new IllegalStateException("expected " + written + " bytes in the flight log, saw " + read);
            }
        }

        void append() {
            for (int from = 0; from < event.length; ) {
                int granted = log.claim(event.length - from);
                System.arraycopy(event, from, log.array(), log.position(), granted);
                log.body(exchange, 1, FlightLog.NO_STAMP, granted);
                from += granted;
            }
            written += event.length;
        }

        @Override
        public void body(Exchange of, long arrivedAtNs, long kernelAtNs, byte[] bytes, int offset, int length) {
            read += length;
        }

        @Override
        public void moment(Exchange of, Moment moment, long arrivedAtNs, long kernelAtNs) {
            throw new IllegalStateException("nobody wrote a moment");
        }

        @Override
        public void fact(Exchange of, FlightFact fact, long atNs) {
            throw new IllegalStateException("nobody wrote a fact");
        }
    }

    /// The clock read right after read(2), by way of the receive-buffer allocator.
    @Benchmark
    public long readStamp(Stamps reads) {
        return reads.stream.stamp();
    }

    /// The look at the socket's queue for the kernel's stamp, one segment waiting.
    @Benchmark
    public long kernelStamp(Segment waiting) {
        return waiting.segment.look();
    }

    /// A record's way through Netty and BoringSSL, receive buffer included.
    @Benchmark
    @OperationsPerInvocation(EVENTS)
    public void tlsUnwrap(Tls tls) {
        for (int i = 0; i < EVENTS; i++) {
            tls.records.open();
        }
    }

    /// Chunked framing, and the append behind it.
    @Benchmark
    @OperationsPerInvocation(EVENTS)
    public void http1Framing(Http1 http) {
        for (int i = 0; i < EVENTS; i++) {
            http.stream().frame();
        }
    }

    /// Frame headers, stream lookup, flow control, and the append behind them.
    @Benchmark
    @OperationsPerInvocation(EVENTS)
    public void http2Framing(Http2 http) {
        for (int i = 0; i < EVENTS; i++) {
            http.stream().frame();
        }
    }

    /// The append alone.
    @Benchmark
    @OperationsPerInvocation(EVENTS)
    public void flightLogAppend(Log log) {
        for (int i = 0; i < EVENTS; i++) {
            log.append();
        }
    }
}
