package dev.latencylens.audit;

import dev.latencylens.exchange.ConnectionFacts;
import dev.latencylens.exchange.Outcome;
import dev.latencylens.exchange.StampSource;
import dev.latencylens.load.Live;
import dev.latencylens.load.Load;
import dev.latencylens.load.LoadRun;
import dev.latencylens.load.Warmup;
import dev.latencylens.stats.Distribution;
import dev.latencylens.stats.Metric;
import dev.latencylens.stats.Percentile;
import dev.latencylens.stats.Summary;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/// The doubts that a run's own figures raise.
public final class Caveats {
    private Caveats() {}

    /// @param backlog what the machinery told once the load had ended
    public static List<Caveat> about(Load load, Summary summary, LoadRun.Backlog backlog) {
        var caveats = new ArrayList<Caveat>();
        if (backlog.logFullCount() > 0) {
            caveats.add(new Caveat.FlightLogFull(backlog.logFullCount(), backlog.logFullNs()));
        }
        if (backlog.starvedCount() > 0) {
            caveats.add(new Caveat.FeederStarved(backlog.starvedCount()));
        }
        StampSource stamps = backlog.stamps();
        if (stamps.clockSteps() > 0) {
            caveats.add(new Caveat.WallClockSet(stamps.clockSteps(), stamps.largestClockStepNs()));
        }
        if (stamps.unstampedReads() > 0) {
            caveats.add(new Caveat.ReadsUnstamped(stamps.unstampedReads(), stamps.reads()));
        }
        if (stamps.outOfOrderReads() > 0) {
            caveats.add(new Caveat.SegmentsOutOfOrder(stamps.outOfOrderReads(), stamps.reads()));
        }
        Live live = backlog.inFlight();
        boolean kept =
                Math.abs(live.mean() - load.concurrency()) <= load.concurrency() * Caveat.ConcurrencyNotKept.TOLERANCE;
        // Users who ask only once are never all there before the last of them has begun, where the watch ends.
        boolean unlimited = summary.throttled().heldBack() == 0;
        boolean mayBeKept = load.arrivals() == null && load.thinkTime() == null && load.asksAgain() && unlimited;
        if (mayBeKept && live.watchedNs() > 0 && !kept) {
            caveats.add(new Caveat.ConcurrencyNotKept(load.concurrency(), live.mean(), live.max()));
        }
        if (load.warmup() instanceof Warmup.UntilSteady(Duration most) && backlog.warmupNs() >= most.toNanos()) {
            caveats.add(new Caveat.WarmupNotSteady(most, summary.warmups()));
        }
        if (backlog.unsent() > 0) {
            caveats.add(new Caveat.HeldBackToTheEnd(backlog.unsent()));
        }
        caveats.addAll(about(load, summary));
        return List.copyOf(caveats);
    }

    /// Those that need nothing but the exchanges: what is left of a run whose machinery told nothing.
    public static List<Caveat> about(Load load, Summary summary) {
        var caveats = new ArrayList<Caveat>();
        outcomes(summary, caveats);
        Summary.Throttled throttled = summary.throttled();
        if (throttled.heldBack() > 0) {
            caveats.add(
                    new Caveat.HeldBackByLimits(throttled.heldBack(), throttled.attempts(), throttled.heldBackNs()));
        }
        answers(summary, caveats);
        handshakes(summary, caveats);
        negatives(summary, caveats);
        return List.copyOf(caveats);
    }

    private static void outcomes(Summary summary, List<Caveat> caveats) {
        long failed = summary.failed();
        if (failed > 0) {
            Summary.Failure most = summary.failures().getFirst();
            caveats.add(new Caveat.Failures(
                    failed,
                    summary.answered() + failed,
                    most.outcome().kind().label() + " (" + most.outcome().detail() + ")"));
        }
        long unterminated = summary.outcomes().getOrDefault(Outcome.Kind.UNTERMINATED, 0L);
        if (unterminated > 0) {
            caveats.add(new Caveat.Unterminated(unterminated, summary.answered()));
        }
        if (summary.warmupFailures() > 0) {
            caveats.add(new Caveat.WarmupFailed(summary.warmupFailures(), summary.warmups()));
        }
    }

    private static void answers(Summary summary, List<Caveat> caveats) {
        if (summary.coalescedChunks() > summary.chunks() * Caveat.ChunksCoalesced.MUCH) {
            caveats.add(new Caveat.ChunksCoalesced(summary.coalescedChunks(), summary.chunks()));
        }
        if (summary.answersInOneRead() > summary.answered() * Caveat.AnswersInOneRead.MUCH) {
            caveats.add(new Caveat.AnswersInOneRead(summary.answersInOneRead(), summary.answered()));
        }
        if (summary.firstChunksShare() * summary.firstChunksUntold()
                > summary.answered() * Caveat.FirstChunksUntold.MUCH) {
            caveats.add(new Caveat.FirstChunksUntold(
                    summary.firstChunksUntold(), summary.answered(), summary.firstChunksShare()));
        }
        Summary.Tokens tokens = summary.tokens();
        if (tokens.answersByChunks() > 0) {
            caveats.add(new Caveat.TokensCountedAsChunks(tokens.answersByChunks(), summary.answered()));
        }
        Summary.Agreement agreement = tokens.agreement();
        if (Math.abs(agreement.byTokenizer() - agreement.byUsage())
                > agreement.byUsage() * Caveat.TokenizerDisagrees.TOLERANCE) {
            caveats.add(new Caveat.TokenizerDisagrees(agreement.byTokenizer(), agreement.byUsage()));
        }
        if (tokens.answersWithCachedInput() > 0) {
            caveats.add(new Caveat.CachedPrompts(tokens.answersWithCachedInput(), summary.answered()));
        }
        long fresh = summary.answeredOver(ConnectionFacts.Kind.NEW);
        long resumed = summary.answeredOver(ConnectionFacts.Kind.RESUMED);
        long reused = summary.answeredOver(ConnectionFacts.Kind.REUSED);
        if (fresh + resumed + reused > Math.max(fresh, Math.max(resumed, reused))) {
            caveats.add(new Caveat.MixedConnections(fresh, resumed, reused));
        }
    }

    private static void handshakes(Summary summary, List<Caveat> caveats) {
        OptionalLong tcpNs = summary.of(Metric.TCP).percentile(Percentile.P50);
        OptionalLong kernelNs = summary.of(Metric.TCP_RTT).percentile(Percentile.P50);
        if (tcpNs.isPresent()
                && kernelNs.isPresent()
                && tcpNs.getAsLong() - kernelNs.getAsLong() > Caveat.HandshakesNoticedLate.LIMIT_NS) {
            caveats.add(new Caveat.HandshakesNoticedLate(tcpNs.getAsLong(), kernelNs.getAsLong()));
        }
    }

    private static void negatives(Summary summary, List<Caveat> caveats) {
        for (Metric metric : Metric.values()) {
            Distribution distribution = summary.of(metric);
            distribution.min().stream()
                    .filter(leastNs -> leastNs < 0)
                    .forEach(leastNs -> caveats.add(new Caveat.NegativeDuration(metric, leastNs)));
        }
    }
}
