package dev.latencylens.cli;

import dev.latencylens.clock.Clock;
import dev.latencylens.clock.ClockAnchor;
import dev.latencylens.exchange.EncodedRequest;
import dev.latencylens.exchange.Exchange;
import dev.latencylens.exchange.FlightLog;
import dev.latencylens.exchange.Interpreter;
import dev.latencylens.exchange.Prompt;
import dev.latencylens.exchange.Transport;
import dev.latencylens.load.Load;
import dev.latencylens.load.LoadRun;
import dev.latencylens.provider.DialectOptions;
import dev.latencylens.provider.OpenAiChat;
import dev.latencylens.provider.Prices;
import dev.latencylens.simulated.Behaviour;
import dev.latencylens.simulated.ServerOptions;
import dev.latencylens.simulated.SimulatedProvider;
import dev.latencylens.simulated.TlsIdentity;
import dev.latencylens.stats.Summary;
import dev.latencylens.transport.Cpus;
import dev.latencylens.transport.Endpoint;
import dev.latencylens.transport.HttpVersion;
import dev.latencylens.transport.NettyTransport;
import dev.latencylens.transport.NetworkSettings;
import dev.latencylens.transport.RequestEncoder;
import dev.latencylens.transport.Reuse;
import dev.latencylens.transport.SocketKind;
import dev.latencylens.transport.Stamps;
import dev.latencylens.transport.Timeouts;
import dev.latencylens.transport.TlsSettings;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.management.CompilationMXBean;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;

/// Runs the client's own code before it counts.
///
/// The first exchanges of a JVM pay for loading and compiling the client, hundreds of milliseconds of it, and
/// would
/// book that as the provider's time to first token. So the same transport, decoder and figures first drive a
/// simulated provider in this process for a moment; what it says is thrown away. It leaves garbage.
///
/// @param length how long, at most where it is to last until compilation settles
/// @param untilSettled whether it ends as soon as compilation has
record Priming(Duration length, boolean untilSettled) {
    /// Long enough for the hot methods to be compiled at all, short against the second in which a run should
    /// begin.
    static final Priming USUAL = new Priming(Duration.ofMillis(100), false);

    /// Compilation of everything takes two or three seconds on two CPUs; somebody else's load may make it longer.
    static final Priming UNTIL_SETTLED = new Priming(Duration.ofSeconds(20), true);

    /// How often compilation is looked at: some hundred answers.
    private static final long LOOK_MS = 250;
    /// Share of that time for which compilers may work when it has settled: now and then a method of no weight
    /// still reaches its count.
    private static final double SETTLED_SHARE = 0.02;
    /// Looks in a row.
    private static final int SETTLED_LOOKS = 4;

    /// How much longer it lasts at most where nothing has been answered yet: code that no answer has passed is
    /// cold.
    private static final Duration FIRST_ANSWER = Duration.ofSeconds(1);

    /// For so long every exchange dials first, or only so many would as there are users, and those of the run
    /// would find code that is cold. It takes 0.3 s more to begin, so the usual priming does without.
    private static final Duration DIALLING = Duration.ofMillis(300);

    /// The provider that was begun before the arguments were read; the first priming takes it.
    private static final AtomicReference<@Nullable FutureTask<SimulatedProvider>> BEGUN = new AtomicReference<>();
    /// The thread that began it, and has ended when the first priming has.
    private static final AtomicReference<@Nullable Thread> EARLY = new AtomicReference<>();

    /// That somebody makes ready, beside the priming, what the run's own handshakes will need.
    private static final AtomicBoolean TLS_PREPARED = new AtomicBoolean();

    /// That the second compiler has only what nobody else wants: until the end of a usual priming, which is too
    /// short for it to get to the hot path, and until the beginning of a longer one.
    private static final AtomicBoolean COMPILER_WAITS = new AtomicBoolean();

    /// The client checks it as it will the run's: the first check that a JVM makes takes 15 ms, which a run would
    /// book as its provider's handshake.
    private static final TlsIdentity IDENTITY = TlsIdentity.everybodys();

    /// Users and tokens of an answer. In a longer priming many send at once, for sending is called least: once
    /// where a token's way is gone dozens of times.
    private static final int USERS = 32;

    private static final int OUTPUT_TOKENS = 16;

    /// In the usual one so many would get no further than their first answer, all at the same time.
    private static final int USUAL_USERS = 8;

    private static final int USUAL_OUTPUT_TOKENS = 32;

    /// The usual priming sends some twenty requests, and hundreds are made ahead: those that follow are the same
    /// again.
    private static final int DIFFERENT = 32;

    /// Reads `5s` and `auto`.
    static final class Converter implements ITypeConverter<Priming> {
        @Override
        public Priming convert(String text) {
            return text.strip().equals("auto")
                    ? UNTIL_SETTLED
                    : new Priming(new RunCommand.DurationConverter().convert(text), false);
        }
    }

    boolean isUsual() {
        return !untilSettled && length.equals(USUAL.length);
    }

    /// As the flag has it. Each start asks for it, and a record's own would be made then, of classes.
    @Override
    public String toString() {
        return untilSettled ? "auto" : length.toMillis() + "ms";
    }

    /// Begins on another thread what takes long: the table of prices, which the arguments ask for first, the
    /// provider to drive and, beside the priming, what else the run will need.
    static void begin(boolean tls) {
        var provider = new FutureTask<>(() -> start(tls));
        BEGUN.set(provider);
        TLS_PREPARED.set(tls);
        EARLY.set(Thread.ofPlatform().daemon().name("early").start(() -> {
            try {
                Prices.builtIn();
            } finally {
                // Which tells Netty whom it logs to, before it looks for somebody.
                SocketKind.best();
                provider.run();
            }
            if (tls) {
                prepareTls();
            }
            SpareMemory.prepare();
        }));
        COMPILER_WAITS.set(Cpus.secondCompilerOnlyWhenIdle());
    }

    private static void prepareTls() {
        loadTls();
        IDENTITY.checkCurve();
    }

    /// With all authorities that Java trusts: it reads them at the first handshake that is checked, whoever
    /// signed, and that took 35 ms more where reading them was new. The priming's client trusts but one.
    private static void loadTls() {
        try {
            NettyTransport.opener(new NetworkSettings(
                    new Endpoint(true, "127.0.0.1", 443, "/v1"),
                    HttpVersion.NEGOTIATED,
                    SocketKind.best(),
                    false,
                    Reuse.POOLED,
                    NetworkSettings.DEFAULT_MAX_STREAMS,
                    Timeouts.DEFAULT,
                    new TlsSettings(null, null, null, false),
                    null,
                    Stamps.AUTO));
        } catch (IllegalArgumentException later) {
            // The run meets the same, and says so.
            return;
        }
    }

    private static SimulatedProvider start(boolean tls) throws IOException {
        var options = ServerOptions.defaults();
        return SimulatedProvider.start(
                tls ? options.withTls(IDENTITY) : options,
                Behaviour.defaults().with("ttft", "constant:1ms").with("gap", "constant:200us"));
    }

    private static SimulatedProvider provider(boolean tls) throws IOException, InterruptedException {
        FutureTask<SimulatedProvider> begun = BEGUN.getAndSet(null);
        if (begun != null) {
            try {
                SimulatedProvider provider = begun.get();
                if (tls == provider.baseUrl().getScheme().equals("https")) {
                    return provider;
                }
                provider.close();
            } catch (ExecutionException failed) {
                // A second one fails the same way, where that can be told.
                return start(tls);
            }
        }
        return start(tls);
    }

    /// What was done.
    ///
    /// @param settled whether compilation had; false where nobody looked
    record Done(Duration took, boolean settled) {}

    /// @param plan says over which kind of network, and with which prompts
    /// @param placed puts the I/O thread where those of the run will be
    Done run(Plan plan, UnaryOperator<Transport.Opener> placed) throws IOException, InterruptedException {
        NetworkSettings settings = plan.network();
        boolean tls = settings.endpoint().tls();
        Clock clock = Clock.monotonic();
        if (!isUsual()) {
            releaseCompiler();
        }
        var beside = new ArrayList<Thread>();
        Thread early = EARLY.getAndSet(null);
        if (early != null) {
            beside.add(early);
        }
        // A plan's file names its server where nobody has looked yet.
        if (tls && !TLS_PREPARED.getAndSet(true)) {
            beside.add(Thread.ofPlatform().daemon().name("tls").start(Priming::prepareTls));
        }
        try (var provider = provider(tls);
                var exchanges = new ExchangeFile(
                        "nowhere", OutputStream.nullOutputStream(), ClockAnchor.take(clock), new Secrets())) {
            var endpoint = new Endpoint(tls, "127.0.0.1", provider.port(), "/v1");
            var dialect = new OpenAiChat(DialectOptions.at(provider.baseUrl(), "prime"));
            var encoder = new RequestEncoder(endpoint);
            var answered = new CountDownLatch(1);
            Drive drive = (reuse, duration) -> {
                // One for each: both kinds of connections in one would take twice the room.
                var summary = new Summary();
                var requests = new ArrayList<EncodedRequest>();
                return new LoadRun(
                        clock,
                        new Load(null, isUsual() ? USUAL_USERS : USERS, 0, 0, duration, Duration.ZERO),
                        number -> {
                            String id = "prime-" + number;
                            if (number >= DIFFERENT && isUsual()) {
                                return new Exchange(number, id, requests.get((int) (number % DIFFERENT)));
                            }
                            var prompt = new Prompt(
                                    plan.prompts().apply(number).text(),
                                    isUsual() ? USUAL_OUTPUT_TOKENS : OUTPUT_TOKENS);
                            EncodedRequest request = encoder.encode(dialect.request(prompt), id);
                            if (number < DIFFERENT) {
                                requests.add(request);
                            }
                            return new Exchange(number, id, request);
                        },
                        placed.apply(NettyTransport.opener(towards(endpoint, settings, reuse))),
                        NettyTransport.threads(),
                        Thread::new,
                        new Interpreter(dialect, result -> {
                            summary.add(result);
                            exchanges.write(result, Optional.empty());
                            answered.countDown();
                        }),
                        List.of(new FlightLog(clock, 1 << 12, 1 << 19)));
            };
            long startedAtNs = clock.nowNs();
            boolean dials = length.compareTo(USUAL.length) > 0;
            if (dials) {
                drive.of(Reuse.NEVER, DIALLING).run();
            }
            LoadRun load = drive.of(settings.reuse(), length.plus(FIRST_ANSWER));
            boolean[] settled = new boolean[1];
            Thread watch = Thread.ofPlatform().name("priming").daemon().start(() -> {
                try {
                    if (untilSettled) {
                        settled[0] = compilationSettles(length);
                    } else {
                        Thread.sleep(length);
                    }
                    boolean _ = answered.await(FIRST_ANSWER.toMillis(), TimeUnit.MILLISECONDS);
                } catch (InterruptedException ended) {
                    return;
                }
                // What is in flight is not waited for, tens of milliseconds where code is cold.
                load.stop("primed");
            });
            load.run();
            watch.interrupt();
            watch.join();
            for (Thread thread : beside) {
                thread.join();
            }
            releaseCompiler();
            return new Done(Duration.ofNanos(clock.nowNs() - startedAtNs), settled[0]);
        }
    }

    private static void releaseCompiler() {
        if (COMPILER_WAITS.getAndSet(false)) {
            Cpus.secondCompilerAsUsual();
        }
    }

    /// Makes a load on the priming's own server.
    @FunctionalInterface
    private interface Drive {
        LoadRun of(Reuse reuse, Duration duration);
    }

    private static NetworkSettings towards(Endpoint endpoint, NetworkSettings settings, Reuse reuse) {
        return new NetworkSettings(
                endpoint,
                settings.http(),
                settings.sockets(),
                settings.spin(),
                reuse,
                settings.maxStreams(),
                Timeouts.DEFAULT,
                TlsSettings.trusting(IDENTITY.trustPem()),
                null,
                settings.stamps());
    }

    /// Returns when compilers have had next to nothing to do for a second, or false after the most time.
    private static boolean compilationSettles(Duration most) throws InterruptedException {
        CompilationMXBean compilation = ManagementFactory.getCompilationMXBean();
        if (compilation == null || !compilation.isCompilationTimeMonitoringSupported()) {
            Thread.sleep(most);
            return false;
        }
        long soFarMs = compilation.getTotalCompilationTime();
        int settled = 0;
        for (long looks = most.toMillis() / LOOK_MS; looks > 0 && settled < SETTLED_LOOKS; looks--) {
            Thread.sleep(LOOK_MS);
            long nowMs = compilation.getTotalCompilationTime();
            settled = nowMs - soFarMs <= LOOK_MS * SETTLED_SHARE ? settled + 1 : 0;
            soFarMs = nowMs;
        }
        return settled >= SETTLED_LOOKS;
    }
}
