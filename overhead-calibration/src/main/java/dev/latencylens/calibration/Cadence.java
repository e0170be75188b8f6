package dev.latencylens.calibration;

import dev.latencylens.clock.Clock;
import dev.latencylens.transport.TokenStream;
import dev.latencylens.transport.Wire;
import io.netty.channel.ManualIoEventLoop;
import io.netty.channel.epoll.EpollIoHandler;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// The whole way at the pace at which tokens come. Between two events the thread polls an epoll loop, as an I/O
/// thread with `--io-wait spin` does, so that caches and branch predictors hold what they hold in a run.
///
/// JMH's code around an event is called so seldom that it would never be compiled: the interpreter, cold each
/// time, would be in every figure. So that code is compiled at once.
@BenchmarkMode(Mode.SampleTime)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 1, time = 10)
@Fork(
        value = 1,
        jvmArgsAppend =
                "-XX:CompileCommand=CompileThresholdScaling,dev.latencylens.calibration.jmh_generated.*::*,0.001")
public class Cadence extends Benchmarks {
    /// Events made ready at a time. The gap behind that is counted from when they are.
    private static final int READY_EVENTS = 512;

    /// Polls until the next event is due.
    @State(Scope.Thread)
    public static class Pace {
        private static final long NS_PER_MS = 1_000_000;

        @Param({"1", "10"})
        public int gapMs;

        private final Clock clock = Clock.monotonic();
        private final ManualIoEventLoop loop =
                new ManualIoEventLoop(Thread.currentThread(), EpollIoHandler.newFactory());
        private long sinceNs = clock.nowNs();

        /// The gap begins now.
        void begin() {
            sinceNs = clock.nowNs();
        }

        void awaitNext() {
            while (clock.nowNs() - sinceNs < gapMs * NS_PER_MS) {
                loop.runNow();
            }
            begin();
        }

        @TearDown
        public void close() {
            loop.shutdownGracefully();
            while (!loop.isTerminated()) {
                loop.runNow();
            }
        }
    }

    @State(Scope.Thread)
    public static class Nothing {
        @Setup(Level.Invocation)
        public void await(Pace pace) {
            pace.awaitNext();
        }
    }

    @State(Scope.Thread)
    public static class Stream {
        @Param
        @SuppressWarnings("NullAway.Init") // JMH sets it.
        public Wire wire;

        @SuppressWarnings("NullAway.Init")
        private TokenStream tokens;

        @Setup
        public void runIn() {
            tokens = new TokenStream(wire, IoStages.tokenEvent());
            tokens.runIn(2 * RUN_IN_EVENTS, READY_EVENTS);
        }

        @Setup(Level.Invocation)
        public void await(Pace pace) {
            if (tokens.ready() == 0) {
                tokens.prepare(READY_EVENTS);
                pace.begin();
            }
            pace.awaitNext();
        }

        @TearDown
        public void check() {
            tokens.check();
            tokens.close();
        }
    }

    /// The control: what reading the clock before and after costs by itself.
    @Benchmark
    public void nothing(Nothing paced) {
        // Nothing.
    }

    @Benchmark
    public void tokenEvent(Stream stream) {
        stream.tokens.receive();
    }
}
