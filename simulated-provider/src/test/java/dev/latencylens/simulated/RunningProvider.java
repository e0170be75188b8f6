package dev.latencylens.simulated;

import java.io.IOException;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/// A simulated provider on a real port, whose truths the test takes one by one.
final class RunningProvider implements AutoCloseable {
    private final BlockingQueue<TruthRecord> truths = new LinkedBlockingQueue<>();
    final SimulatedProvider provider;

    RunningProvider(ServerOptions options, Behaviour behaviour) throws IOException {
        provider = SimulatedProvider.start(options, behaviour, truths::add);
    }

    static RunningProvider with(String settings) throws IOException {
        return new RunningProvider(
                ServerOptions.defaults(), Behaviour.defaults().with(settings));
    }

    RawHttp1 http1() throws IOException {
        return new RawHttp1(provider.port());
    }

    RawHttp2 http2() throws IOException {
        return new RawHttp2(provider.port(), 65_535);
    }

    /// The truth of the next request that ends.
    TruthRecord truth() throws InterruptedException {
        TruthRecord truth = truths.poll(20, TimeUnit.SECONDS);
        if (truth == null) {
            throw new AssertionError("no request ended and was recorded");
        }
        return truth;
    }

    @Override
    public void close() throws IOException {
        provider.close();
    }
}
