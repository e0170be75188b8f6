package dev.latencylens.calibration;

import dev.latencylens.audit.Recorder;
import dev.latencylens.clock.Clock;
import dev.latencylens.exchange.ExchangeResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// What the Flight Recorder's event of a token costs the interpreter's thread. Iterations are short, because each
/// second of them writes hundreds of megabytes.
@State(Scope.Thread)
@Warmup(iterations = 2, time = 20, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 20, time = 10, timeUnit = TimeUnit.MILLISECONDS)
public class Recordings extends Benchmarks {
    /// Whether somebody records, or the event is looked at and dropped.
    @Param({"false", "true"})
    public boolean recording;

    private final ExchangeResult result = new Readings().answer();

    @SuppressWarnings("NullAway.Init") // JMH calls the setup first.
    private Path file;

    @SuppressWarnings("NullAway.Init")
    private Recorder recorder;

    @Setup
    public void start() throws IOException {
        file = Files.createTempFile("lens-recording", ".jfr");
        recorder = Recorder.start(Clock.monotonic(), file);
        if (!recording) {
            recorder.close();
        }
        for (int done = 0; done < RUN_IN_EVENTS; done += EVENTS) {
            token();
        }
    }

    @TearDown
    public void close() throws IOException {
        if (recording) {
            recorder.close();
        }
        Files.deleteIfExists(file);
    }

    /// A token's share of all events of an answer.
    @Benchmark
    @OperationsPerInvocation(EVENTS)
    public Recorder token() {
        recorder.add(result);
        return recorder;
    }
}
