package dev.latencylens.cli;

import dev.latencylens.clock.Clock;
import dev.latencylens.clock.ClockAnchor;
import dev.latencylens.exchange.Exchange;
import dev.latencylens.exchange.FlightLog;
import dev.latencylens.exchange.Header;
import dev.latencylens.exchange.Interpreter;
import dev.latencylens.exchange.Prompt;
import dev.latencylens.exchange.Transport;
import dev.latencylens.load.Load;
import dev.latencylens.load.LoadRun;
import dev.latencylens.load.LoopLag;
import dev.latencylens.provider.DialectOptions;
import dev.latencylens.provider.OpenAiChat;
import dev.latencylens.stats.Distribution;
import dev.latencylens.stats.Metric;
import dev.latencylens.stats.Percentile;
import dev.latencylens.stats.Summary;
import dev.latencylens.transport.Cpus;
import dev.latencylens.transport.Endpoint;
import dev.latencylens.transport.NettyTransport;
import dev.latencylens.transport.NetworkSettings;
import dev.latencylens.transport.RequestEncoder;
import dev.latencylens.transport.Reuse;
import dev.latencylens.transport.Stamps;
import dev.latencylens.transport.Timeouts;
import dev.latencylens.transport.TlsSettings;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// Measures the client's own error for one shape of load: drives a provider in another process through the very
/// parts that a run goes through, and lays what the client saw over what the provider wrote.
///
/// Rounds of equal length are repeated until the p99 of two in a row agree, or until there have been enough of
/// them.
final class CalibrationRun {
    /// Two rounds agree when neither the p99 of the arrivals' errors nor that of the gaps' differs by more: a
    /// quarter,
    private static final double AGREEMENT = 0.25;
    /// or 3 us, about what the provider itself needs from its stamp to its write.
    private static final long AGREEMENT_NS = 3_000;

    /// How long requests in flight at the end of a round may take; an answer takes 200 ms at most.
    private static final Duration DRAIN = Duration.ofSeconds(2);

    /// Room in a flight log: what 1,024 streams bring in more than a second.
    private static final int LOG_ENTRIES = 1 << 16;

    private static final int LOG_BYTES = 1 << 24;

    private final Shape shape;
    private final Pace pace;
    private final Effort effort;
    private final Clock clock = Clock.monotonic();
    private final ClockAnchor anchor = ClockAnchor.take(clock);
    private final @Nullable Cpus ioCpus;
    private final List<FlightLog> logs;
    private final Distribution ttftErrorNs = new Distribution();
    private final Distribution gapErrorNs = new Distribution();
    private final Distribution arrivalErrorNs = new Distribution();
    private final Distribution readErrorNs = new Distribution();
    private final Distribution readLagNs = new Distribution();
    private LoopLag lag = LoopLag.NONE;
    private long answers;
    private long chunks;
    private long lostChunks;
    private long offsetUncertaintyNs;
    private volatile boolean stopped;
    private volatile @Nullable LoadRun running;

    CalibrationRun(Shape shape, Effort effort) {
        this(shape, Pace.of(shape.streams()), effort);
    }

    CalibrationRun(Shape shape, Pace pace, Effort effort) {
        this.shape = shape;
        this.pace = pace;
        this.effort = effort;
        ioCpus = shape.ioCpus().isEmpty() ? null : new Cpus(new TreeSet<>(shape.ioCpus()));
        logs = IntStream.range(0, shape.ioThreads())
                .mapToObj(_ -> new FlightLog(clock, LOG_ENTRIES, LOG_BYTES))
                .toList();
    }

    /// How long a calibration takes.
    ///
    /// @param runIn at its beginning, in which the provider's code is compiled, and which does not count
    /// @param mostRounds after which it ends though the last two do not agree
    record Effort(Duration runIn, Duration round, int mostRounds) {
        /// What a run does by itself: two seconds, with the start of the provider.
        static final Effort SHORT = new Effort(Duration.ofMillis(300), Duration.ofMillis(500), 2);

        /// What `lens calibrate` does.
        static final Effort FULL = new Effort(Duration.ofSeconds(1), Duration.ofSeconds(2), 6);

        /// Of the provider's process, and of the requests in flight at the end of each round.
        private static final Duration START = Duration.ofSeconds(1);

        /// Two rounds at least, because two must agree.
        Duration least() {
            return START.plus(runIn).plus(round.multipliedBy(Math.min(2, mostRounds)));
        }

        Duration most() {
            return START.plus(runIn).plus(round.multipliedBy(mostRounds));
        }
    }

    /// How the provider answers.
    ///
    /// @param ttft spread, so that the streams do not run in step
    record Pace(String ttft, String gap, int tokens) {
        /// A single stream's, for how late a sleeping thread wakes up.
        static final Pace WAKE_UP = new Pace("uniform:2ms:6ms", "constant:3ms", 64);

        private static final int TOKENS = 8;
        private static final int FASTEST_MS = 5;
        private static final int SLOWEST_MS = 20;
        /// Streams for each millisecond of the gap in between.
        private static final int STREAMS_PER_MS = 6;

        /// 200 tokens/s on up to 32 streams, so that a short calibration sees enough of them, and down to 50 on
        /// many, so that it is the client that is measured and not how much the provider can write.
        static Pace of(int streams) {
            int gapMs = Math.clamp(streams / STREAMS_PER_MS, FASTEST_MS, SLOWEST_MS);
            return new Pace("uniform:" + gapMs + "ms:" + 4 * gapMs + "ms", "constant:" + gapMs + "ms", TOKENS);
        }

        /// As a request asks the provider for it.
        private Header header() {
            return Header.of("x-simulate", "ttft=" + ttft + "; gap=" + gap);
        }
    }

    /// Ends it early, from any thread; [#measure] then throws.
    void stop() {
        stopped = true;
        LoadRun load = running;
        if (load != null) {
            load.stop("interrupted");
        }
    }

    /// @throws IOException if the provider does not start, or nothing could be compared
    Calibration measure() throws IOException, InterruptedException {
        Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
        int rounds = 0;
        boolean agreed = false;
        try (var provider = new ProviderProcess(shape.tls(), ioCpus)) {
            Endpoint endpoint = Target.endpoint(provider.baseUrl().toString());
            Transport.Opener opener = Measurement.placed(ioCpus, NettyTransport.opener(settings(endpoint)));
            drive(provider.baseUrl(), opener, "in", effort.runIn());
            lag = LoopLag.NONE;
            if (ioCpus != null) {
                Cpus.makeCompilersGiveWay();
            }
            TruthComparison earlier = null;
            while (rounds < effort.mostRounds() && !agreed) {
                Seen seen = drive(provider.baseUrl(), opener, Integer.toString(rounds), effort.round());
                var round = TruthComparison.of(
                        anchor.monotonicStartNs(), seen.lines().lines(), provider.truths(seen.ids()));
                add(round);
                readLagNs.add(seen.readLagNs());
                rounds++;
                agreed = earlier != null
                        && agree(earlier.arrivalErrorNs(), round.arrivalErrorNs())
                        && agree(earlier.gapErrorNs(), round.gapErrorNs());
                earlier = round;
            }
        }
        if (chunks == 0) {
            throw new IOException("no answer of the simulated provider was both sent and seen");
        }
        return new Calibration(
                shape,
                now.toString(),
                rounds,
                effort.round().toNanos(),
                agreed,
                answers,
                chunks,
                lostChunks,
                Spread.of(ttftErrorNs),
                Spread.of(gapErrorNs),
                Spread.of(arrivalErrorNs),
                Spread.of(readErrorNs),
                Spread.of(readLagNs),
                lag.p99Ns(),
                lag.longestNs(),
                offsetUncertaintyNs);
    }

    /// What the client saw in one round: the lines that a run would have written, and of which requests.
    private record Seen(String lines, Set<String> ids, Distribution readLagNs) {}

    private Seen drive(URI baseUrl, Transport.Opener opener, String name, Duration length)
            throws IOException, InterruptedException {
        var dialect = new OpenAiChat(DialectOptions.at(baseUrl, "calibrate").headers(List.of(pace.header())));
        var encoder = new RequestEncoder(Target.endpoint(baseUrl.toString()));
        var lines = new ByteArrayOutputStream();
        var ids = new HashSet<String>();
        var summary = new Summary();
        try (var exchanges = new ExchangeFile("memory", lines, anchor, new Secrets())) {
            var load = new LoadRun(
                    clock,
                    new Load(null, shape.streams(), 0, shape.streams(), length, DRAIN),
                    number -> {
                        String id = "calibrate-" + name + "-" + number;
                        var prompt = new Prompt("calibrate", pace.tokens());
                        return new Exchange(number, id, encoder.encode(dialect.request(prompt), id));
                    },
                    opener,
                    NettyTransport.threads(),
                    ioCpus == null ? Thread::new : Cpus.background(),
                    new Interpreter(dialect, result -> {
                        summary.add(result);
                        ids.add(result.exchange().id());
                        exchanges.write(result, Optional.empty());
                    }),
                    logs);
            running = load;
            failWhereStopped();
            LoadRun.Backlog backlog = load.run();
            failWhereStopped();
            lag = lag.and(backlog.lag());
            offsetUncertaintyNs = Math.max(offsetUncertaintyNs, backlog.stamps().offsetUncertaintyNs());
        } catch (IllegalStateException broken) {
            throw new IOException(String.valueOf(broken.getMessage()), broken);
        } finally {
            running = null;
        }
        return new Seen(lines.toString(StandardCharsets.UTF_8), ids, summary.of(Metric.READ_LAG));
    }

    private void failWhereStopped() throws IOException {
        if (stopped) {
            throw new IOException("interrupted");
        }
    }

    private void add(TruthComparison round) {
        answers += round.matched() - round.warmups();
        chunks += round.chunks();
        lostChunks += round.lostChunks();
        ttftErrorNs.add(round.ttftErrorNs());
        gapErrorNs.add(round.gapErrorNs());
        arrivalErrorNs.add(round.arrivalErrorNs());
        readErrorNs.add(round.readErrorNs());
    }

    private static boolean agree(Distribution earlier, Distribution later) {
        OptionalLong one = earlier.percentile(Percentile.P99);
        OptionalLong other = later.percentile(Percentile.P99);
        if (one.isEmpty() || other.isEmpty()) {
            return false;
        }
        long larger = Math.max(one.getAsLong(), other.getAsLong());
        return Math.abs(one.getAsLong() - other.getAsLong()) <= Math.max(AGREEMENT_NS, larger * AGREEMENT);
    }

    private NetworkSettings settings(Endpoint endpoint) {
        return new NetworkSettings(
                endpoint,
                shape.httpVersion(),
                shape.sockets(),
                shape.spin(),
                Reuse.POOLED,
                NetworkSettings.DEFAULT_MAX_STREAMS,
                Timeouts.DEFAULT,
                new TlsSettings(null, null, null, true),
                null,
                shape.stamps().equals(Stamps.USER.label()) ? Stamps.USER : Stamps.KERNEL);
    }
}
