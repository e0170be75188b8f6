package dev.latencylens.calibration;

import dev.latencylens.transport.Cpus;
import dev.latencylens.transport.NettyTransport;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/// Runs JMH's benchmarks on threads of the kind that the transport runs on; with `-Dcalibration.cpu=0` bound to
/// that CPU, as `--io-cpus 0` does it.
public final class IoThreads extends ThreadPoolExecutor {
    /// As JMH calls it, by reflection. The collection makes the young generation large, as the one behind the
    /// priming does in a run.
    public IoThreads(int threads, String name) {
        super(threads, threads, 1, TimeUnit.MINUTES, new LinkedBlockingQueue<>(), factory(name));
        System.gc();
    }

    private static ThreadFactory factory(String name) {
        String cpus = System.getProperty("calibration.cpu", "");
        return body -> {
            Thread thread = NettyTransport.threads().newThread(() -> {
                if (!cpus.isEmpty()) {
                    Cpus.parse(cpus).pinCurrentThread(0);
                }
                body.run();
            });
            thread.setName(name);
            thread.setDaemon(true);
            return thread;
        };
    }
}
