package dev.latencylens.calibration;

import com.sun.management.ThreadMXBean;
import dev.latencylens.transport.TokenStream;
import dev.latencylens.transport.Wire;
import java.lang.management.ManagementFactory;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/// A token event's whole way on the I/O thread, from the receive buffer into the flight log, in a hot loop.
@State(Scope.Thread)
public class WholeWay extends Benchmarks {
    @Param
    @SuppressWarnings("NullAway.Init") // JMH sets it.
    public Wire wire;

    @SuppressWarnings("NullAway.Init")
    private TokenStream stream;

    /// What the I/O thread itself allocates on the way; making TLS records is not on it, and allocates.
    @State(Scope.Thread)
    @AuxCounters(AuxCounters.Type.EVENTS)
    public static class OnTheWay {
        private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

        public long allocatedBytes;
        public long tokenEvents;
        private long allocatedBefore;

        void begin() {
            allocatedBefore = THREADS.getCurrentThreadAllocatedBytes();
        }

        void end() {
            allocatedBytes += THREADS.getCurrentThreadAllocatedBytes() - allocatedBefore;
            tokenEvents += EVENTS;
        }
    }

    @Setup
    public void open() {
        stream = new TokenStream(wire, IoStages.tokenEvent());
        stream.runIn(RUN_IN_EVENTS, EVENTS);
    }

    @Setup(Level.Invocation)
    public void prepare() {
        stream.prepare(EVENTS);
    }

    @TearDown
    public void check() {
        stream.check();
        stream.close();
    }

    @Benchmark
    @OperationsPerInvocation(EVENTS)
    public void tokenEvent(OnTheWay way) {
        way.begin();
        for (int i = 0; i < EVENTS; i++) {
            stream.receive();
        }
        way.end();
    }
}
