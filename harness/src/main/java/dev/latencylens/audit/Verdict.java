package dev.latencylens.audit;

import dev.latencylens.exchange.StampSource;
import dev.latencylens.load.ArrivalSchedule;
import dev.latencylens.load.Load;
import dev.latencylens.load.LoadRun;
import dev.latencylens.load.LoopLag;
import dev.latencylens.stats.Distribution;
import dev.latencylens.stats.Metric;
import dev.latencylens.stats.Percentile;
import dev.latencylens.stats.SteadyState;
import dev.latencylens.stats.Summary;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.stream.Stream;

/// Whether a run's figures may be believed. The rules, and which of them apply when, are explained in
/// docs/adr/0006.
///
/// @param reasons the rules that were broken; none for a valid run
public record Verdict(State state, List<Reason> reasons) {
    /// Share of the reads that may lack the kernel's stamp before a percentile of arrivals is this client's own.
    private static final double MOST_UNSTAMPED = 0.001;

    /// In rising order of weight: the heaviest reason decides.
    public enum State {
        VALID,
        /// What was asked cannot be answered from so little.
        INCONCLUSIVE,
        /// Some figure is wrong, or may be.
        INVALID;

        /// The name in files, as it stands in reports.
        public String label() {
            return name().toUpperCase(Locale.ROOT);
        }
    }

    public Verdict {
        reasons = List.copyOf(reasons);
    }

    /// Judges a run by its own figures.
    ///
    /// @param backlog what the machinery told once the load had ended
    public static Verdict on(Load load, Summary summary, LoadRun.Backlog backlog, Circumstances circumstances) {
        var reasons = new ArrayList<Reason>();
        schedule(load, summary, backlog, reasons);
        pauses(backlog, circumstances, reasons);
        hotPath(backlog, circumstances, reasons);
        if (backlog.logFullCount() > 0) {
            reasons.add(new Reason.FlightLogFull(backlog.logFullCount(), backlog.logFullNs()));
        }
        counts(backlog, circumstances, reasons);
        if (circumstances.lostBytes() > 0) {
            reasons.add(new Reason.RecordingLostData(circumstances.lostBytes()));
        }
        StampSource stamps = backlog.stamps();
        if (Math.abs(stamps.largestClockStepNs()) > Reason.WallClockSet.LIMIT_NS) {
            reasons.add(new Reason.WallClockSet(stamps.clockSteps(), stamps.largestClockStepNs()));
        }
        if (ClockSource.isUnfit(circumstances.clockSource())) {
            reasons.add(new Reason.ClockSourceUnfit(circumstances.clockSource()));
        }
        level(load, circumstances, reasons);
        samples(summary, circumstances, reasons);
        return of(reasons);
    }

    /// Judges what is left of a run that broke off, by the rules that need nothing but the exchanges.
    public static Verdict on(Load load, Summary summary, Reason.BrokenOff end, Circumstances circumstances) {
        var reasons = new ArrayList<Reason>();
        reasons.add(end);
        Pace.asked(load, summary).ifPresent(asked -> pace(load, asked, summary, reasons));
        if (ClockSource.isUnfit(circumstances.clockSource())) {
            reasons.add(new Reason.ClockSourceUnfit(circumstances.clockSource()));
        }
        samples(summary, circumstances, reasons);
        return of(reasons);
    }

    /// The same with one more reason.
    public Verdict and(Reason more) {
        var all = new ArrayList<>(reasons);
        all.add(more);
        return of(all);
    }

    static Verdict of(List<Reason> reasons) {
        State state = reasons.stream()
                .map(Reason::makes)
                .max(Comparator.naturalOrder())
                .orElse(State.VALID);
        return new Verdict(state, reasons);
    }

    /// Whether arrivals are this client's own readings, so that they move when it is late.
    public static boolean movesWithTheClient(StampSource stamps) {
        return !stamps.kernel() || stamps.reads() - stamps.stampedReads() > stamps.reads() * MOST_UNSTAMPED;
    }

    private static void schedule(Load load, Summary summary, LoadRun.Backlog backlog, List<Reason> reasons) {
        Pace.asked(load, summary).ifPresent(asked -> pace(load, asked, summary, reasons));
        ArrivalFit.of(load, summary, backlog.startedAtNs())
                .filter(Reason.ArrivalsOffPattern::breaks)
                .ifPresent(fit -> reasons.add(new Reason.ArrivalsOffPattern(fit)));
        long due = backlog.unsent() > 1 ? load.measuredDue(backlog.warmupNs()) : 0;
        long unsent = Math.min(backlog.unsent(), due);
        if (unsent > 1 && unsent > Reason.LoadUnsent.MOST * due) {
            reasons.add(new Reason.LoadUnsent(unsent, due));
        }
    }

    /// Of conversations the schedule is that of their first turns: when a later one is due its answer decides.
    private static void pace(Load load, Pace asked, Summary summary, List<Reason> reasons) {
        long limitNs = Math.max(Reason.SentLate.LEAST_NS, Math.round(Reason.SentLate.OF_GAP * asked.gapNs()));
        // What sets up a connection waits for the network, and what limits hold back for somebody's wish: neither
        // is this client's doing.
        Stream<Distribution> judged = load.conversations() == null
                ? Stream.of(summary.ownQueue(), summary.ownSendLag())
                : Stream.of(summary.ownQueue());
        judged
                .map(distribution -> distribution.percentile(Percentile.P99))
                .flatMapToLong(OptionalLong::stream)
                .max()
                .stream()
                .filter(lagNs -> lagNs > limitNs)
                .forEach(lagNs -> reasons.add(new Reason.SentLate(lagNs, limitNs)));
        Pace.reached(load, summary, Reason.RateNotReached.FEWEST_REQUESTS).stream()
                .filter(reached -> Math.abs(reached / asked.perSecond() - 1) > Reason.RateNotReached.TOLERANCE)
                .forEach(reached -> reasons.add(new Reason.RateNotReached(asked.perSecond(), reached)));
    }

    private static void pauses(LoadRun.Backlog backlog, Circumstances circumstances, List<Reason> reasons) {
        LoopLag lag = backlog.lag();
        boolean strict = strict(backlog, circumstances);
        if (strict && lag.p99Ns() > Reason.LoopLagged.LIMIT_NS) {
            reasons.add(new Reason.LoopLagged(lag.p99Ns(), Reason.LoopLagged.LIMIT_NS));
        }
        long limitNs = strict ? Reason.ClientPaused.LIMIT_NS : Reason.ClientPaused.STAMPED_LIMIT_NS;
        if (lag.longestNs() > limitNs) {
            long times = strict
                    ? lag.pauses()
                    : lag.shown().stream()
                            .filter(pause -> pause.lagNs() > limitNs)
                            .count();
            reasons.add(new Reason.ClientPaused(lag.longestNs(), Math.max(1, times), limitNs));
        }
    }

    /// Whether this client's lateness is in the figures, and nobody else's is.
    private static boolean strict(LoadRun.Backlog backlog, Circumstances circumstances) {
        return movesWithTheClient(backlog.stamps()) && !circumstances.sharedProcess();
    }

    private static void hotPath(LoadRun.Backlog backlog, Circumstances circumstances, List<Reason> reasons) {
        List<Evidence.Stall> changes = circumstances.hotPathChanges();
        boolean givenUp = changes.stream().anyMatch(change -> change.kind() == Evidence.Kind.DEOPTIMISATION);
        if (givenUp && strict(backlog, circumstances)) {
            reasons.add(Reason.HotPathChanged.of(changes));
        }
    }

    private static void counts(LoadRun.Backlog backlog, Circumstances circumstances, List<Reason> reasons) {
        var bytes = new Tally(
                "bytes of answers",
                backlog.bytesLogged(),
                "logged by the I/O threads",
                backlog.bytesRead(),
                "read by the interpreter");
        Stream.concat(Stream.of(bytes), circumstances.tallies().stream())
                .filter(tally -> !tally.agrees())
                .forEach(tally -> reasons.add(new Reason.CountsDisagree(tally)));
    }

    /// A load that changes by itself asks for figures that change, and a client that stood still changes them.
    private static void level(Load load, Circumstances circumstances, List<Reason> reasons) {
        boolean even = load.arrivals() == null
                || (load.arrivals() instanceof ArrivalSchedule.Paced(var course, var _)
                        && course.only().isPresent());
        SteadyState steady = circumstances.steady();
        boolean stoodStill = reasons.stream().anyMatch(reason -> reason instanceof Reason.ClientPaused);
        if (even && !stoodStill && steady != null && steady.hasNoLevel()) {
            reasons.add(new Reason.NeverSteady(steady));
        }
    }

    private static void samples(Summary summary, Circumstances circumstances, List<Reason> reasons) {
        if (summary.answered() == 0) {
            reasons.add(new Reason.NothingAnswered(summary.measured()));
            return;
        }
        long ended = summary.answered() + summary.failed();
        if (summary.failed() > Reason.MostlyFailed.MOST * ended) {
            reasons.add(new Reason.MostlyFailed(summary.failed(), ended));
        }
        boolean gapsShown = circumstances.metrics().contains(Metric.ICL)
                || circumstances.metrics().contains(Metric.ITL);
        if (gapsShown
                && summary.chunks() >= Reason.ChunksCoalesced.FEWEST_CHUNKS
                && summary.coalescedChunks() > summary.chunks() * Reason.ChunksCoalesced.MOST) {
            reasons.add(new Reason.ChunksCoalesced(summary.coalescedChunks(), summary.chunks()));
        }
        for (Percentile percentile : circumstances.asked()) {
            circumstances.metrics().stream()
                    .filter(metric -> summary.of(metric).count() > 0)
                    .min(Comparator.comparingLong(metric -> summary.of(metric).values()))
                    .filter(metric -> summary.of(metric).values() < percentile.floor())
                    .ifPresent(metric -> reasons.add(new Reason.TooFewSamples(
                            percentile, metric, summary.of(metric).values())));
        }
    }
}
