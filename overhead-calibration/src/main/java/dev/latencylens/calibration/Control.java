package dev.latencylens.calibration;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/// What the others are compared with.
@State(Scope.Thread)
public class Control extends Benchmarks {
    private static final int FNV_OFFSET = 0x811C9DC5;
    private static final int FNV_PRIME = 0x01000193;

    private final byte[] event = IoStages.tokenEvent();

    /// What JMH itself adds.
    @Benchmark
    public void nothing() {
        // Nothing.
    }

    /// The bare reading of the clock.
    @Benchmark
    public long nanoTime() {
        return System.nanoTime();
    }

    /// A known piece of work: a hash (FNV-1a) of a token event, each step waiting for the one before.
    @Benchmark
    @OperationsPerInvocation(EVENTS)
    public int hash() {
        int hash = FNV_OFFSET;
        for (int i = 0; i < EVENTS; i++) {
            for (byte b : event) {
                hash = (hash ^ b) * FNV_PRIME;
            }
        }
        return hash;
    }
}
