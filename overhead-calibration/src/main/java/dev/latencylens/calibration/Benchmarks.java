package dev.latencylens.calibration;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Warmup;

/// How every benchmark here is run, unless it says otherwise: in a JVM with the flags of the `lens` launcher, on a
/// thread of the transport's kind.
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
        value = 3,
        jvmArgs = {
            "-XX:+UseSerialGC",
            "-Xms512m",
            "-XX:NewRatio=1",
            "-XX:NewSize=8m",
            "-XX:MaxNewSize=512m",
            "-Xmx3g",
            "-XX:MarkSweepDeadRatio=0",
            "-XX:PretenureSizeThreshold=256k",
            "-XX:TLABSize=64k",
            "-XX:-ResizeTLAB",
            "-XX:+UseCompactObjectHeaders",
            "-XX:MetaspaceSize=64m",
            "-XX:StringTableSize=4096",
            "-XX:+UnlockDiagnosticVMOptions",
            "-XX:ArchiveRelocationMode=0",
            "-XX:-AOTReplayTraining",
            "-XX:GCCardSizeInBytes=1024",
            "-XX:-UsePerfData",
            "-Djava.locale.providers=FALLBACK",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-Dio.netty.allocator.type=pooled",
            "-Dio.netty.leakDetection.level=disabled",
            "-Dio.netty.jfr.enabled=false",
            "--add-opens=java.base/java.nio=ALL-UNNAMED",
            "-Dio.netty.tryReflectionSetAccessible=true",
            "-Djdk.reflect.useNativeAccessorOnly=true",
            "-Dio.netty.machineId=02:00:00:00:00:01",
            "-Djmh.executor=CUSTOM",
            "-Djmh.executor.class=dev.latencylens.calibration.IoThreads"
        })
abstract class Benchmarks {
    /// Token events of one invocation, where it takes more than one; between two invocations the flight log is
    /// emptied, and TLS records are made.
    static final int EVENTS = 256;

    /// Events that come before the first iteration, so that all of the way is compiled. A warm-up by time alone
    /// may end before, where most of it is spent on making TLS records, or the machine is busy.
    static final int RUN_IN_EVENTS = 100_000;
}
