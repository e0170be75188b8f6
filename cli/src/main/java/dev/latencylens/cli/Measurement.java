package dev.latencylens.cli;

import dev.latencylens.audit.Caveat;
import dev.latencylens.audit.Caveats;
import dev.latencylens.audit.Circumstances;
import dev.latencylens.audit.Evidence;
import dev.latencylens.audit.HostUse;
import dev.latencylens.audit.Reason;
import dev.latencylens.audit.Tally;
import dev.latencylens.audit.Verdict;
import dev.latencylens.clock.Clock;
import dev.latencylens.clock.ClockAnchor;
import dev.latencylens.exchange.ChunkKind;
import dev.latencylens.exchange.Dialect;
import dev.latencylens.exchange.Exchange;
import dev.latencylens.exchange.ExchangeResult;
import dev.latencylens.exchange.FlightLog;
import dev.latencylens.exchange.Interpreter;
import dev.latencylens.exchange.Outcome;
import dev.latencylens.exchange.Prompt;
import dev.latencylens.exchange.Tokenizer;
import dev.latencylens.exchange.Transcript;
import dev.latencylens.exchange.Transport;
import dev.latencylens.exchange.Turn;
import dev.latencylens.exchange.Usage;
import dev.latencylens.load.LoadRun;
import dev.latencylens.load.Warmup;
import dev.latencylens.provider.CostSummary;
import dev.latencylens.stats.SettlingWatch;
import dev.latencylens.stats.Summary;
import dev.latencylens.transport.Cpus;
import dev.latencylens.transport.NettyTransport;
import dev.latencylens.transport.RequestEncoder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.LongFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Carries out one plan: wires the parts together, waits for the end, writes the files and prints the report.
final class Measurement {
    /// Longest that a written line stays in memory.
    private static final long FLUSH_MS = 500;

    /// Room in the flight logs for each request in flight: 20 s of 50 chunks/s at 256 bytes, so that a burst
    /// of other
    /// work on the interpreter's core never makes an I/O thread wait.
    private static final int BYTES_PER_REQUEST = 256 * 1024;

    private static final int ENTRIES_PER_REQUEST = 1024;
    /// Small logs are quick to set up; 256 MiB and their entries are what a machine for a thousand streams
    /// has.
    private static final int FEWEST_REQUESTS = 1;

    private static final int MOST_REQUESTS = 1024;
    /// What is reckoned with where the load sets no limit.
    private static final int USUAL_REQUESTS = 128;

    private final Console console;
    private final Secrets secrets;
    private final Plan plan;
    private final Dialect dialect;
    private final RunDirectory directory;
    private final Clock clock = Clock.monotonic();
    private Summary summary = new Summary();
    private CostSummary costs;
    /// Output chunks of all exchanges, those for warm-up and failed ones too; the interpreter's alone.
    private long chunks;
    /// Whether nothing is left for the rest of this process where its I/O threads run.
    private boolean cpusShared;

    /// Whether a request was not tried again because the run could have cost too much; the interpreter's alone.
    private boolean retryUnpaid;

    private boolean unsettledCompilation;
    private Priming.@Nullable Done primed;
    private volatile @Nullable String endedEarly;
    /// Why the run was ended before the Flight Recorder would have ended it.
    private volatile @Nullable String nearlyFull;
    private Caveat.@Nullable MaxCost refusal;

    Measurement(Console console, Secrets secrets, Plan plan, Dialect dialect, RunDirectory directory) {
        this.console = console;
        this.secrets = secrets;
        this.plan = plan;
        this.dialect = dialect;
        this.directory = directory;
        costs = noCosts();
    }

    private CostSummary noCosts() {
        return new CostSummary(plan.pricing().tariff().orElse(null));
    }

    /// Measures, and returns the exit code.
    int run() throws IOException, InterruptedException {
        Thread vocabulary = readVocabulary();
        Transport.Opener opener = NettyTransport.opener(plan.network());
        ClockAnchor anchor = ClockAnchor.take(clock);
        Environment environment = Environment.ofThisMachine();
        var runFile = new RunFile(directory.file(RunDirectory.RUN), plan, environment, anchor, secrets);
        try (ExchangeFile exchanges = begin(runFile, anchor)) {
            return run(vocabulary, opener, anchor, environment, runFile, exchanges);
        }
    }

    /// Whatever becomes of this process from here on, its folder tells that there was a run, and what was planned.
    private ExchangeFile begin(RunFile runFile, ClockAnchor anchor) {
        try {
            var exchanges = new ExchangeFile(directory.file(RunDirectory.EXCHANGES), anchor, secrets);
            runFile.started();
            return exchanges;
        } catch (IOException e) {
            throw unwritable(e);
        }
    }

    private int run(
            @Nullable Thread vocabulary,
            Transport.Opener opener,
            ClockAnchor anchor,
            Environment environment,
            RunFile runFile,
            ExchangeFile exchanges)
            throws IOException, InterruptedException {
        if (plan.ioCpus() != null) {
            cpusShared = !plan.ioCpus().reserve();
        } else {
            cpusShared = environment.cpus() == 1;
        }
        try (var recording = new RunRecording(plan.recording(), clock, directory.file(RunDirectory.RECORDING))) {
            Priming.Done done = plan.priming().run(plan, this::placed);
            primed = done;
            runFile.tell(done);
            unsettledCompilation = plan.priming().untilSettled() && !done.settled();
            if (vocabulary != null) {
                vocabulary.join();
            }
            recording.await();
            if (!recording.missing().isEmpty()) {
                console.err().println("lens: there will be no recording.jfr: " + recording.missing());
            }
            String full = recording.outOfSpace();
            if (!full.isEmpty()) {
                throw CommandFailure.nothingMeasured(full);
            }
            SpareMemory.ofGarbage();
            if (plan.ioCpus() != null) {
                Cpus.makeCompilersGiveWay();
            }
            return measure(opener, anchor, environment, runFile, exchanges, recording);
        }
    }

    private int measure(
            Transport.Opener opener,
            ClockAnchor anchor,
            Environment environment,
            RunFile runFile,
            ExchangeFile exchanges,
            RunRecording recording)
            throws IOException, InterruptedException {
        var stop = new StopSwitch();
        var circuitBreak = new CircuitBreak(plan.stopAfterFailures(), clock, reason -> endEarly(stop, reason));
        CostLimit limit = costLimit();
        var conversations = plan.prompts().turns() == null
                ? null
                : new Conversations(plan.id(), plan.prompts(), turnEncoder(), turnEncoder());
        var retries = new RetryDecision(plan.retries(), clock, retryEncoder(conversations));
        SettlingWatch settling = plan.load().warmup() instanceof Warmup.UntilSteady ? new SettlingWatch() : null;
        // What follows is decided first: the next turn waits for that, and the files do not.
        Consumer<ExchangeResult> results = result -> {
            Optional<BigDecimal> cost = costs.add(result);
            Exchange retry = retries.after(result);
            stop.settled(result);
            if (limit != null) {
                limit.see(result, cost);
                if (retry != null && !limit.allowsAgain(stop.started())) {
                    retryUnpaid = true;
                    retry = null;
                }
                stop.allow(limit.allowed());
            }
            if (retry == null) {
                circuitBreak.see(result.outcome());
            }
            Exchange sequel = retry != null || conversations == null ? retry : conversations.after(result);
            if (sequel != null && retry == null) {
                reserve(sequel, plan.prompts().outputLength());
            }
            stop.decided(result.exchange(), sequel);
            summary.add(result);
            if (settling != null && settling.add(result)) {
                stop.endWarmup();
            }
            chunks += result.timeline().chunks().size();
            exchanges.write(result, cost);
            recording.add(result);
        };
        var interpreter = conversations == null
                ? new Interpreter(dialect, plan.tokenizer(), results)
                : new Interpreter(dialect, plan.tokenizer(), results, conversations::sent);
        var load = new LoadRun(
                clock,
                plan.load(),
                conversations == null ? exchanges() : beginnings(conversations),
                placed(opener),
                plan.ioRealTime() ? NettyTransport.realTimeThreads() : NettyTransport.threads(),
                plan.ioCpus() == null ? Thread::new : Cpus.background(),
                interpreter,
                flightLogs());
        stop.of(load);
        if (plan.retries().retries() > 0) {
            load.tryAgain();
        }
        load.limit(plan.limits());
        if (limit != null) {
            stop.allow(limit.allowed());
        }
        LoadRun.Backlog backlog;
        int signal;
        try (var interrupts = new Interrupts(() -> endEarly(stop, "interrupted"));
                var _ = new Flusher(exchanges, load, plan.lean(), () -> watchSpace(recording, stop));
                var _ = Progress.show(console, clock, plan.load(), load, summary)) {
            backlog = load.run();
            signal = interrupts.signal();
        } catch (IllegalStateException broken) {
            throw brokenOff(runFile, environment, anchor, broken);
        }
        if (limit != null && (load.refused() || retryUnpaid)) {
            refusal = refusal(limit);
        }
        IOException unwritten = null;
        try {
            // The last lines are not to wait for what comes now.
            exchanges.flush();
        } catch (UncheckedIOException e) {
            unwritten = e.getCause();
        }
        return conclude(runFile, environment, anchor, backlog, recording, circuitBreak, signal, unwritten);
    }

    /// Tells what had been measured until something broke, in the file too where that can still be written.
    private CommandFailure brokenOff(
            RunFile runFile, Environment environment, ClockAnchor anchor, IllegalStateException broken) {
        boolean unwritable = broken.getCause() instanceof UncheckedIOException;
        String how = String.valueOf(
                broken.getCause() instanceof UncheckedIOException full ? full.getMessage() : broken.getMessage());
        var end = new Reason.BrokenOff(how, summary.measured() + summary.warmups(), 0);
        Verdict verdict = Verdict.on(plan.load(), summary, end, circumstances(environment, null, null));
        var caveats = new ArrayList<>(plan.caveats());
        caveats.addAll(Caveats.about(plan.load(), summary));
        RunCalibration calibration = RunCalibration.skipped("the run broke off");
        try {
            runFile.ended(RunFile.State.FAILED, summary, costs, null, caveats, verdict, calibration);
        } catch (IOException e) {
            broken.addSuppressed(e);
        }
        if (summary.answered() > 0) {
            console.out()
                    .print(secrets.redact(Report.of(
                            plan,
                            summary,
                            costs,
                            caveats,
                            verdict,
                            null,
                            primed,
                            calibration,
                            environment,
                            directory,
                            statistics(anchor, steady(false)))));
            console.out().flush();
        }
        return unwritable
                ? unwritable(new IOException(how, broken))
                : CommandFailure.nothingMeasured(how + "; what was measured before is in " + directory.path(), broken);
    }

    private int conclude(
            RunFile runFile,
            Environment environment,
            ClockAnchor anchor,
            LoadRun.Backlog backlog,
            RunRecording recording,
            CircuitBreak circuitBreak,
            int signal,
            @Nullable IOException unwrittenBefore)
            throws IOException, InterruptedException {
        String early = endedEarly;
        SteadyPart steady = steady(plan.steadyOnly());
        if (steady != null && steady.cut()) {
            cut(steady, anchor);
        }
        Verdict verdict = Verdict.on(plan.load(), summary, backlog, circumstances(environment, null, steady));
        Evidence evidence = recording.finish(backlog, verdict);
        if (evidence != null) {
            verdict = Verdict.on(plan.load(), summary, backlog, circumstances(environment, evidence, steady));
        }
        if (circuitBreak.isBroken() && summary.answered() > 0) {
            verdict = verdict.and(new Reason.NothingSucceeded(circuitBreak.inARow()));
        }
        var caveats = new ArrayList<>(ofThePlan(early).toList());
        if (!recording.missing().isEmpty()) {
            caveats.add(new Caveat.NotRecorded(recording.missing()));
        }
        if (plan.steadyOnly()) {
            SteadyPart.doubt(summary).ifPresent(caveats::add);
        }
        if (unsettledCompilation) {
            caveats.add(new Caveat.CompilationUnsettled(plan.priming().length()));
        }
        if (cpusShared) {
            caveats.add(new Caveat.CpusShared(environment.cpus()));
        }
        var untold = new ArrayList<>(HostUse.soFar().untold());
        if (backlog.threads().isEmpty()) {
            untold.addFirst("how long threads wait for a CPU (/proc/thread-self/schedstat)");
        }
        if (!untold.isEmpty()) {
            caveats.add(new Caveat.HostUntold(untold));
        }
        List<Evidence.Stall> changes = hotPathChanges(evidence);
        if (!changes.isEmpty()) {
            caveats.add(Caveat.HotPathChanged.of(changes));
        }
        caveats.addAll(Caveats.about(plan.load(), summary, backlog));
        RunFile.State state = early == null && refusal == null ? RunFile.State.FINISHED : RunFile.State.ENDED_EARLY;
        RunCalibration calibration = calibration(environment, signal);
        IOException unwritten = unwrittenBefore;
        RunStatistics statistics = statistics(anchor, steady);
        runFile.tell(statistics);
        try {
            HistogramFile.write(directory.file(RunDirectory.HISTOGRAMS), summary, anchor);
            if (unwritten == null) {
                // Last of the files, for it says that they are whole; and before an error bar is measured.
                runFile.ended(state, summary, costs, backlog, caveats, verdict, calibration);
            }
        } catch (IOException e) {
            unwritten = e;
        }
        if (summary.answered() == 0) {
            if (signal == 0) {
                String full = nearlyFull;
                throw CommandFailure.nothingMeasured(full != null ? full : nothingAnswered(circuitBreak));
            }
            console.err().println("lens: interrupted before any request was answered");
            return ExitCode.SIGNALLED + signal;
        }
        int signalLater = 0;
        if (plan.calibrating() && signal == 0 && calibration.calibration() == null && unwritten == null) {
            var run = new CalibrationRun(Shape.of(plan, summary), CalibrationRun.Effort.SHORT);
            try (var interrupts = new Interrupts(run::stop);
                    var _ = Progress.say(console, "measuring this client's own error (--no-calibration skips it)")) {
                calibration = RunCalibration.measure(run, calibration.remark());
                signalLater = interrupts.signal();
            }
            if (signalLater != 0) {
                calibration = RunCalibration.skipped("interrupted while it was measured");
            }
        }
        calibration = calibration.of(summary, backlog);
        caveats.addAll(calibration.doubts(plan, summary));
        if (plan.calibrating() && unwritten == null) {
            try {
                runFile.ended(state, summary, costs, backlog, caveats, verdict, calibration);
            } catch (IOException e) {
                unwritten = e;
            }
        }
        console.out()
                .print(secrets.redact(Report.of(
                        plan,
                        summary,
                        costs,
                        caveats,
                        verdict,
                        backlog,
                        primed,
                        calibration,
                        environment,
                        directory,
                        statistics)));
        console.out().flush();
        if (unwritten != null) {
            throw unwritable(unwritten);
        }
        String full = nearlyFull;
        if (full != null) {
            throw CommandFailure.nothingMeasured("the run was ended early: " + full);
        }
        int ended = signal == 0 ? signalLater : signal;
        return ended == 0 ? ExitCode.of(verdict, plan.lenient()) : ExitCode.SIGNALLED + ended;
    }

    /// Null where nobody can tell.
    private @Nullable SteadyPart steady(boolean cutting) {
        try {
            return RunStatistics.steady(directory.path(), cutting);
        } catch (CommandFailure unreadable) {
            return null; // which the statistics tell
        }
    }

    /// From here on the figures are those of the steady state: the same that the whole run's are made by.
    private void cut(SteadyPart steady, ClockAnchor anchor) throws IOException {
        CostSummary ofThePart = noCosts();
        summary = Recovery.of(
                        directory.file(RunDirectory.EXCHANGES),
                        anchor.monotonicStartNs(),
                        plan.prompts().repeatAnswers(),
                        ofThePart,
                        steady.fromAtNs())
                .summary();
        costs = ofThePart;
    }

    private RunStatistics statistics(ClockAnchor anchor, @Nullable SteadyPart steady) {
        if (summary.answered() == 0) {
            return RunStatistics.none("nothing was answered");
        }
        try {
            return RunStatistics.of(
                    directory.path(),
                    plan.metrics(),
                    plan.confidence(),
                    plan.objectives(),
                    summary.rates(),
                    anchor.monotonicStartNs(),
                    steady);
        } catch (CommandFailure unreadable) {
            return RunStatistics.none(unreadable.line());
        }
    }

    /// What there is without measuring anything more.
    private RunCalibration calibration(Environment environment, int signal) {
        if (!plan.calibrating()) {
            return RunCalibration.skipped("--no-calibration");
        }
        if (signal != 0) {
            return RunCalibration.skipped("the run was interrupted");
        }
        if (summary.answered() == 0) {
            return RunCalibration.skipped("nothing was answered");
        }
        return RunCalibration.stored(console.environment(), Fingerprint.of(environment), Shape.of(plan, summary));
    }

    private CommandFailure unwritable(IOException e) {
        return CommandFailure.nothingMeasured(
                "the files in '" + directory.path() + "' are not whole: " + e.getMessage()
                        + "; free space there, or give another --output-dir",
                e);
    }

    /// @param evidence of the recording, null where there is none, or none yet
    private Circumstances circumstances(
            Environment environment, @Nullable Evidence evidence, @Nullable SteadyPart steady) {
        var tallies = new ArrayList<Tally>();
        if (evidence != null) {
            tallies.add(new Tally(
                    "output chunks", chunks, "interpreted", evidence.tokens(), "in " + RunDirectory.RECORDING));
        }
        return new Circumstances(
                plan.embedded(),
                environment.clockSource(),
                plan.metrics(),
                plan.percentilesAsked() ? plan.percentiles() : List.of(),
                tallies,
                hotPathChanges(evidence),
                evidence == null ? 0 : evidence.lostBytes(),
                steady == null ? null : steady.steady());
    }

    private List<Evidence.Stall> hotPathChanges(@Nullable Evidence evidence) {
        return evidence == null
                ? List.of()
                : summary.window()
                        .map(window -> evidence.changesOfHotPath(
                                window.startedAtNs(), window.startedAtNs() + window.durationNs()))
                        .orElseGet(List::of);
    }

    /// Reading a tokenizer's vocabulary takes a CPU for hundreds of milliseconds and leaves garbage, so that is
    /// done beside the priming and has ended when the first request goes out. Null where there is none to read.
    private @Nullable Thread readVocabulary() {
        Tokenizer tokenizer = plan.tokenizer();
        if (tokenizer == null) {
            return null;
        }
        var transcript = new Transcript(tokenizer);
        transcript.add(ChunkKind.TEXT, 0, plan.prompts().apply(0).text());
        return Thread.ofPlatform().name("vocabulary").daemon().start(transcript::tokens);
    }

    /// Null where the run may cost what it will.
    private @Nullable CostLimit costLimit() {
        Pricing pricing = plan.pricing();
        if (pricing.maxCost() == null || pricing.tariff().isEmpty()) {
            return null;
        }
        Prompts prompts = plan.prompts();
        return new CostLimit(
                pricing.maxCost(),
                pricing.tariff().get(),
                prompts.inputTokens(),
                prompts.outputLength(),
                prompts.turns() != null);
    }

    private Caveat.MaxCost refusal(CostLimit limit) {
        return new Caveat.MaxCost(
                plan.pricing().maxCost() == null
                        ? ""
                        : Figures.usd(plan.pricing().maxCost()),
                Figures.usd(costs.total().orElse(BigDecimal.ZERO)),
                Figures.usd(limit.perRequest()),
                costs.unknown(),
                summary.measured() + summary.warmups());
    }

    /// One for each thread that makes requests.
    private Conversations.Encoder turnEncoder() {
        var encoder = new RequestEncoder(plan.network().endpoint());
        return (turn, answered, id) ->
                encoder.encode(dialect.request(plan.prompts().turn(turn, answered)), id);
    }

    /// @param conversations null where every request stands for itself
    private RetryDecision.Encoder retryEncoder(@Nullable Conversations conversations) {
        var encoder = new RequestEncoder(plan.network().endpoint());
        return (failed, id) -> {
            Turn turn = failed.turn();
            return conversations == null || turn == null
                    ? encoder.encode(dialect.request(plan.prompts().apply(failed.number())), id)
                    : conversations.again(turn, id);
        };
    }

    private LongFunction<Exchange> exchanges() {
        var encoder = new RequestEncoder(plan.network().endpoint());
        return number -> {
            String id = plan.id() + "-" + number;
            Prompt prompt = plan.prompts().apply(number);
            var exchange = new Exchange(number, id, encoder.encode(dialect.request(prompt), id));
            reserve(exchange, prompt.maxOutputTokens());
            return exchange;
        };
    }

    private LongFunction<Exchange> beginnings(Conversations conversations) {
        return conversation -> {
            Exchange first = conversations.begin(conversation);
            reserve(first, plan.prompts().outputLength());
            return first;
        };
    }

    /// Reserves the tokens that a request may use, rather too many than too few: common tokenizers make a token of
    /// three bytes or more. One that would never fit waits until it is alone.
    private void reserve(Exchange exchange, int mostOutput) {
        if (plan.limits().tokensPerMinute() > 0) {
            long input = Math.ceilDiv(exchange.request().body().length, 3L);
            int threads = plan.ioThreads();
            exchange.reserve(Math.min(
                    input + mostOutput,
                    plan.limits().share(threads - 1, threads).tokensPerMinute()));
        }
    }

    private Transport.Opener placed(Transport.Opener opener) {
        return placed(plan.ioCpus(), opener);
    }

    /// Each I/O thread pins itself as it opens its transport.
    static Transport.Opener placed(@Nullable Cpus cpus, Transport.Opener opener) {
        if (cpus == null) {
            return opener;
        }
        var opened = new AtomicInteger();
        return (log, listener) -> {
            cpus.pinCurrentThread(opened.getAndIncrement());
            return opener.open(log, listener);
        };
    }

    private List<FlightLog> flightLogs() {
        int concurrency =
                plan.load().concurrency() == 0 ? USUAL_REQUESTS : plan.load().concurrency();
        int each = Math.clamp(concurrency / plan.ioThreads(), FEWEST_REQUESTS, MOST_REQUESTS);
        int reckoned = Integer.highestOneBit(each * 2 - 1);
        var logs = new ArrayList<FlightLog>();
        for (int i = 0; i < plan.ioThreads(); i++) {
            logs.add(new FlightLog(clock, reckoned * ENTRIES_PER_REQUEST, reckoned * BYTES_PER_REQUEST));
        }
        return logs;
    }

    private void watchSpace(RunRecording recording, StopSwitch stop) {
        String full = nearlyFull == null ? recording.outOfSpace() : "";
        if (!full.isEmpty()) {
            nearlyFull = full;
            endEarly(stop, full);
        }
    }

    private void endEarly(StopSwitch stop, String reason) {
        endedEarly = reason;
        stop.now(reason);
    }

    private Stream<Caveat> ofThePlan(@Nullable String early) {
        var caveats = new ArrayList<Caveat>();
        if (early != null) {
            caveats.add(new Caveat.EndedEarly(early, summary.measured()));
        }
        if (refusal != null) {
            caveats.add(refusal);
        }
        caveats.addAll(plan.caveats());
        return caveats.stream();
    }

    private String nothingAnswered(CircuitBreak circuitBreak) {
        if (summary.measured() == 0
                && summary.warmups() > 0
                && circuitBreak.always().isEmpty()) {
            long failed = summary.warmupFailures();
            String cure = circuitBreak.isBroken()
                    ? "ask the provider, or look at its log"
                    : "give less --warmup, or "
                            + (refusal != null
                                    ? "a higher --max-cost"
                                    : plan.load().conversations() != null
                                            ? "more --num-conversations"
                                            : "a longer --duration");
            return "all " + Figures.count(summary.warmups()) + " requests that were sent belong to the warm-up"
                    + (failed == 0 ? "" : " (" + Figures.count(failed) + " of them failed)")
                    + ", and none was left to measure; " + cure;
        }
        Outcome outcome = summary.unanswered().stream()
                .findFirst()
                .map(Summary.Failure::outcome)
                .or(circuitBreak::always)
                .orElse(new Outcome(Outcome.Kind.CANCELLED, "nothing was sent"));
        return "no request to " + plan.url() + " was answered: "
                + outcome.kind().label() + ": " + (outcome.detail().isEmpty() ? "no more is known" : outcome.detail())
                + "; " + Cure.of(outcome, plan);
    }

    /// Stops or limits a run that does not exist yet when the parts that may want to do so are made.
    private static final class StopSwitch {
        private volatile @Nullable LoadRun run;

        void of(LoadRun loadRun) {
            run = loadRun;
        }

        void now(String reason) {
            LoadRun running = run;
            if (running != null) {
                running.stop(reason);
            }
        }

        void allow(long number) {
            LoadRun running = run;
            if (running != null) {
                running.allow(number);
            }
        }

        void endWarmup() {
            LoadRun running = run;
            if (running != null) {
                running.endWarmup();
            }
        }

        long started() {
            LoadRun running = run;
            return running == null ? 0 : running.started();
        }

        /// An answer without usage keeps what was reserved for it.
        void settled(ExchangeResult result) {
            LoadRun running = run;
            if (running != null) {
                Usage usage = result.completion().usage();
                Long input = usage == null ? null : usage.inputTotal();
                Long output = usage == null ? null : usage.outputTotal();
                running.settled(
                        result.exchange(),
                        input == null || output == null ? result.exchange().reservedTokens() : input + output);
            }
        }

        void decided(Exchange ended, @Nullable Exchange sequel) {
            LoadRun running = run;
            if (running != null) {
                running.decided(ended, sequel);
            }
        }
    }

    /// Brings written lines to the file while nothing new pushes them there; and once, in a small run, memory back
    /// to the system.
    private static final class Flusher implements AutoCloseable {
        /// The compilers are done with the start, and the virtual machine has freed what they had, which it looks
        /// after every five seconds.
        private static final int TURNS_UNTIL_SETTLED = (int) (7_000 / FLUSH_MS);

        /// With more in flight there is more C memory to go through than a thread should wait for.
        private static final int FEW_REQUESTS = 8;

        private final ExchangeFile file;
        private final LoadRun load;
        private final boolean lean;
        private final Runnable watch;
        private final Thread thread;

        Flusher(ExchangeFile file, LoadRun load, boolean lean, Runnable watch) {
            this.file = file;
            this.load = load;
            this.lean = lean;
            this.watch = watch;
            thread = Thread.ofPlatform().name("flusher").daemon().start(this::flushNowAndThen);
        }

        @Override
        public void close() {
            thread.interrupt();
        }

        private void flushNowAndThen() {
            try {
                for (int turn = 1; true; turn++) {
                    Thread.sleep(FLUSH_MS);
                    file.flush();
                    watch.run();
                    if (turn == TURNS_UNTIL_SETTLED && load.inFlight() <= FEW_REQUESTS) {
                        SpareMemory.ofStart(lean);
                    }
                }
            } catch (InterruptedException | UncheckedIOException e) {
                // The run is over, or the next write on the interpreter's thread meets the same failure and
                // ends it.
                return;
            }
        }
    }
}
