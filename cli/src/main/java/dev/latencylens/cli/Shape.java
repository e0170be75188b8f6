package dev.latencylens.cli;

import dev.latencylens.load.Load;
import dev.latencylens.stats.Distribution;
import dev.latencylens.stats.Metric;
import dev.latencylens.stats.Summary;
import dev.latencylens.transport.Cpus;
import dev.latencylens.transport.HttpVersion;
import dev.latencylens.transport.SocketKind;
import dev.latencylens.transport.Stamps;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// What the client's own error depends on: runs of one shape share one calibration.
///
/// The names are those of the flags and of `run.json`.
///
/// @param http `1.1` or `2`, never what is still to be negotiated
/// @param streams a power of two, so that runs find the next larger one
/// @param transport `epoll`, `io_uring` or `nio`
/// @param ioCpus empty for wherever the system puts the I/O threads
/// @param ioWait `park` or `spin`
/// @param stamps `kernel` or `user`, what arrivals really are
record Shape(
        String http,
        boolean tls,
        int streams,
        String transport,
        int ioThreads,
        List<Integer> ioCpus,
        String ioWait,
        String stamps) {
    /// More streams are taken for as many: they would need more than a second to run in.
    static final int MOST_STREAMS = 1_024;

    Shape {
        ioCpus = List.copyOf(ioCpus);
    }

    static Shape of(
            HttpVersion http,
            boolean tls,
            int concurrency,
            SocketKind sockets,
            int ioThreads,
            @Nullable Cpus ioCpus,
            boolean spin,
            Stamps stamps) {
        boolean kernel = stamps != Stamps.USER && Stamps.kernelUnavailable(sockets) == null;
        return new Shape(
                http == HttpVersion.HTTP_2 ? HttpVersion.HTTP_2.label() : HttpVersion.HTTP_1_1.label(),
                tls,
                bucket(concurrency),
                sockets.label(),
                ioThreads,
                ioCpus == null ? List.of() : List.copyOf(ioCpus.numbers()),
                spin ? "spin" : "park",
                kernel ? Stamps.KERNEL.label() : Stamps.USER.label());
    }

    /// The shape of a run, by what it planned and what came of that: the HTTP version that the server picked, and
    /// the requests that were in flight on average, if these are fewer than the plan allows: users may think, or
    /// be kept waiting.
    static Shape of(Plan plan, Summary summary) {
        boolean http2 = summary.example()
                .map(result -> result.connection())
                .map(connection -> connection.httpVersion().equals(HttpVersion.HTTP_2.label()))
                .orElse(plan.network().http() == HttpVersion.HTTP_2);
        int concurrency = concurrency(plan.load(), summary);
        return of(
                http2 ? HttpVersion.HTTP_2 : HttpVersion.HTTP_1_1,
                plan.network().endpoint().tls(),
                concurrency,
                plan.network().sockets(),
                Math.min(plan.ioThreads(), bucket(concurrency)),
                plan.ioCpus(),
                plan.network().spin(),
                plan.network().stamps());
    }

    private static int concurrency(Load load, Summary summary) {
        int most = MOST_STREAMS;
        if (load.arrivals() == null) {
            long requests = load.requests() == 0
                    ? Long.MAX_VALUE
                    : load.requests() + load.warmup().requests();
            most = (int) Math.min(load.concurrency(), requests);
        }
        // Little's law: requests in flight = requests a second x seconds each.
        Distribution lasted = summary.of(Metric.STREAM_END);
        long windowNs = summary.window().map(Summary.Window::durationNs).orElse(0L);
        if (windowNs == 0 || lasted.count() == 0) {
            return load.arrivals() == null ? most : 1;
        }
        double inFlight = lasted.count() * lasted.mean().orElse(0) / windowNs;
        return (int) Math.clamp(Math.ceil(inFlight), 1, most);
    }

    /// The smallest power of two that is no less.
    static int bucket(int concurrency) {
        return concurrency <= 1 ? 1 : Math.min(MOST_STREAMS, Integer.highestOneBit(concurrency - 1) * 2);
    }

    HttpVersion httpVersion() {
        return http.equals(HttpVersion.HTTP_2.label()) ? HttpVersion.HTTP_2 : HttpVersion.HTTP_1_1;
    }

    SocketKind sockets() {
        return SocketKind.valueOf(transport.toUpperCase(Locale.ROOT));
    }

    boolean spin() {
        return ioWait.equals("spin");
    }

    /// `HTTP/2 over TLS, 32 streams`.
    String load() {
        return "HTTP/" + http + (tls ? " over TLS, " : " plain, ") + streams + (streams == 1 ? " stream" : " streams");
    }

    /// `epoll, 1 I/O thread on CPU 0, busy-polling, kernel stamps`.
    String client() {
        return transport + ", " + ioThreads + (ioThreads == 1 ? " I/O thread" : " I/O threads")
                + (ioCpus.isEmpty() ? "" : " on CPU " + ioCpus.toString().replaceAll("[\\[\\] ]", ""))
                + (spin() ? ", busy-polling, " : ", parked, ") + stamps + " stamps";
    }
}
