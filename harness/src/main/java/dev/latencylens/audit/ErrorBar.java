package dev.latencylens.audit;

import dev.latencylens.load.LoadRun;
import dev.latencylens.stats.Distribution;
import dev.latencylens.stats.Metric;
import dev.latencylens.stats.Percentile;
import dev.latencylens.stats.Summary;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/// How far off this client is, as a calibration against true write instants found it.
///
/// @param ttftNs of the arrival of an answer's beginning
/// @param gapNs of a gap between two chunks
/// @param arrivalNs of the arrival of any chunk
public record ErrorBar(long ttftNs, long gapNs, long arrivalNs) {
    /// Chunks that a merge may have moved are in the p99 from this share on; a merge moves two at least.
    private static final double SHARE_OF_P99 = 0.01;

    /// How far off this client may have been in a run because it was late itself, 0 where that moved nothing.
    ///
    /// Where the read is the arrival, that is late by as much as the client is. Where the kernel's stamp is: while
    /// nobody reads, the kernel merges segments, and all bear the stamp of the last. So what came together with
    /// something else may have arrived earlier than its stamp, by as long as it waited: as its read was late, or,
    /// as that is told of the last only, as the loop was.
    public static long lateNs(Summary run, LoadRun.Backlog backlog) {
        if (Verdict.movesWithTheClient(backlog.stamps())) {
            return backlog.lag().p99Ns();
        }
        boolean merged = 2 * run.coalescedChunks() + backlog.sharedParts() > SHARE_OF_P99 * run.chunks();
        return merged ? Math.max(backlog.lag().p99Ns(), bound(run.of(Metric.READ_LAG))) : 0;
    }

    /// The same of a client that may have been so far off.
    public ErrorBar atLeast(long ns) {
        return new ErrorBar(Math.max(ttftNs, ns), Math.max(gapNs, ns), Math.max(arrivalNs, ns));
    }

    /// The error of one value of a metric. `started` is this client's own decision, so there is no other truth of
    /// it; but when it had sent, or was connected, is what it noticed, perhaps late, and no far end knows: what
    /// counts from there has no error bar.
    public OptionalLong ofNs(Metric metric) {
        return switch (metric) {
            case TTFB, TTFC, TTFT, TTFO, TTFT_FROM_INTENDED -> OptionalLong.of(ttftNs);
            case ICL, ICL_PER_REQUEST, ITL -> OptionalLong.of(gapNs);
            // Over one gap it is that gap; over more its error is less than that, and how much less depends on
            // them.
            case TPOT -> OptionalLong.of(Math.max(gapNs, arrivalNs));
            case E2E, STREAM_END, E2E_FROM_INTENDED -> OptionalLong.of(arrivalNs);
            case SERVER_TTFT, QUEUE, SEND_LAG, THROTTLE, READ_LAG, DNS, TCP, TCP_RTT, CONNECT_LAG, TLS, REQUEST, WAIT ->
                OptionalLong.empty();
        };
    }

    /// The same for answers of which some went over new connections: what counts from before these holds how late
    /// this client noticed that they stood, too.
    ///
    /// @param connectNs of these answers, by [#connectNs]
    public OptionalLong ofNs(Metric metric, long connectNs) {
        OptionalLong errorNs = ofNs(metric);
        boolean holdsConnecting = metric.group() == Metric.Group.ANSWER || metric.group() == Metric.Group.SCHEDULE;
        return errorNs.isPresent() && holdsConnecting ? OptionalLong.of(errorNs.getAsLong() + connectNs) : errorNs;
    }

    /// How late this client noticed its connections.
    ///
    /// @param connectLag empty where the kernel could not be asked; then all of `tcp` may be this client's
    public static long connectNs(Distribution tcp, Distribution connectLag) {
        Distribution known = connectLag.count() > 0 ? connectLag : tcp;
        return Math.max(0, bound(known));
    }

    /// The p99, or the largest where there are too few for it.
    private static long bound(Distribution distribution) {
        return distribution.percentile(Percentile.P99).orElse(distribution.max().orElse(0));
    }

    /// Milliseconds as an upper limit, wherever it is told: rounded up, to three significant figures at the most
    /// and to a microsecond at the least.
    public static String millisUp(long errorNs) {
        int decimals = errorNs >= 100_000_000 ? 0 : errorNs >= 10_000_000 ? 1 : errorNs >= 1_000_000 ? 2 : 3;
        return BigDecimal.valueOf(errorNs, 6)
                .setScale(decimals, RoundingMode.CEILING)
                .toPlainString();
    }

    /// The metrics whose median this client could have made up itself.
    public List<Caveat> doubts(Summary summary, List<Metric> metrics) {
        var doubts = new ArrayList<Caveat>();
        long connectNs = connectNs(summary.of(Metric.TCP), summary.of(Metric.CONNECT_LAG));
        for (Metric metric : metrics) {
            Distribution distribution = summary.of(metric);
            OptionalLong p50 = distribution.percentile(Percentile.P50);
            OptionalLong errorNs = ofNs(metric, connectNs);
            if (p50.isPresent() && errorNs.isPresent() && Math.abs(p50.getAsLong()) < errorNs.getAsLong()) {
                doubts.add(new Caveat.BelowClientNoise(metric, p50.getAsLong(), errorNs.getAsLong()));
            }
        }
        return doubts;
    }
}
