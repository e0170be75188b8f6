package dev.latencylens.audit;

import static dev.latencylens.exchange.ScriptedExchange.exchange;
import static java.time.Duration.ofMillis;
import static org.assertj.core.api.Assertions.assertThat;

import dev.latencylens.exchange.StampSource;
import dev.latencylens.load.Live;
import dev.latencylens.load.LoadRun;
import dev.latencylens.load.LoopLag;
import dev.latencylens.stats.Distribution;
import dev.latencylens.stats.Metric;
import dev.latencylens.stats.Percentile;
import dev.latencylens.stats.Summary;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ErrorBarTest {
    private static final StampSource KERNEL = new StampSource(true, "", 1_000, 0, 0, 30, 0, 0);

    private final ErrorBar bar = new ErrorBar(1_000, 2_000, 3_000);

    @ParameterizedTest
    @CsvSource({"TTFT, 1000", "TTFB, 1000", "ICL, 2000", "ITL, 2000", "TPOT, 3000", "E2E, 3000"})
    void aMetricHasTheErrorOfTheInstantsItIsMadeOf(Metric metric, long errorNs) {
        assertThat(bar.ofNs(metric)).hasValue(errorNs);
    }

    /// An answer of two chunks has one gap, and its mean is that.
    @Test
    void aMeanOverGapsIsNoBetterThanAGap() {
        assertThat(new ErrorBar(1_000, 4_000, 3_000).ofNs(Metric.TPOT)).hasValue(4_000);
    }

    @Test
    void whatCountsFromAStampOfThisClientsOwnSendingHasNone() {
        assertThat(Arrays.stream(Metric.values())
                        .filter(metric -> bar.ofNs(metric).isEmpty()))
                .containsExactlyInAnyOrder(
                        Metric.SERVER_TTFT,
                        Metric.WAIT,
                        Metric.QUEUE,
                        Metric.THROTTLE,
                        Metric.SEND_LAG,
                        Metric.READ_LAG,
                        Metric.DNS,
                        Metric.TCP,
                        Metric.TCP_RTT,
                        Metric.CONNECT_LAG,
                        Metric.TLS,
                        Metric.REQUEST);
    }

    @Test
    void answersOverNewConnectionsHoldHowLateTheseWereNoticed() {
        var tcp = new Distribution();
        var lag = new Distribution();
        assertThat(ErrorBar.connectNs(tcp, lag)).isZero();
        tcp.record(15_000);
        assertThat(ErrorBar.connectNs(tcp, lag)).as("nobody asked the kernel").isEqualTo(15_000);
        lag.record(14_000);
        lag.record(9_000);

        long connectNs = ErrorBar.connectNs(tcp, lag);

        assertThat(connectNs).isEqualTo(14_000);
        assertThat(bar.ofNs(Metric.TTFT, connectNs)).hasValue(15_000);
        assertThat(bar.ofNs(Metric.E2E_FROM_INTENDED, connectNs)).hasValue(17_000);
        assertThat(bar.ofNs(Metric.ICL, connectNs)).hasValue(2_000);
        assertThat(bar.ofNs(Metric.QUEUE, connectNs)).isEmpty();
    }

    @Test
    void aMedianBelowTheErrorIsADoubtOnceItMayBeTold() {
        var summary = new Summary();
        record(summary, Metric.ICL, 1_999, (int) Percentile.P50.floor());
        record(summary, Metric.TTFT, 1_000, (int) Percentile.P50.floor());
        record(summary, Metric.E2E, 1, (int) Percentile.P50.floor() - 1);
        record(summary, Metric.QUEUE, 1, 1_000);

        assertThat(bar.doubts(summary, List.of(Metric.values())))
                .containsExactly(new Caveat.BelowClientNoise(Metric.ICL, 1_999, 2_000));
        assertThat(bar.doubts(summary, List.of(Metric.TTFT))).isEmpty();
        assertThat(new Caveat.BelowClientNoise(Metric.ICL, 1_999, 2_000).text())
                .startsWith(String.format(Locale.ROOT, "icl is 0.00200 ms at p50, less than"));
    }

    @Test
    void aDoubtHoldsAMedianAgainstTheErrorThatStandsBesideIt() {
        var summary = new Summary();
        record(summary, Metric.TTFT, 12_345_000, (int) Percentile.P50.floor());
        record(summary, Metric.CONNECT_LAG, 12_344_000, 1);

        assertThat(bar.doubts(summary, List.of(Metric.TTFT))).isEmpty();

        record(summary, Metric.CONNECT_LAG, 12_345_000, 1);
        assertThat(bar.doubts(summary, List.of(Metric.TTFT)))
                .containsExactly(new Caveat.BelowClientNoise(Metric.TTFT, 12_345_000, 12_346_000));
        assertThat(new Caveat.BelowClientNoise(Metric.TTFT, 12_345_000, 12_346_000).text())
                .contains("own error of " + ErrorBar.millisUp(12_346_000) + " ms");
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0.000",
        "1, 0.001",
        "12000, 0.012",
        "12001, 0.013",
        "1234001, 1.24",
        "12344001, 12.4",
        "700000000, 700"
    })
    void anUpperLimitIsRoundedUpToThreeFigures(long ns, String says) {
        assertThat(ErrorBar.millisUp(ns)).isEqualTo(says);
    }

    @Test
    void whatCameTogetherMayBeOffByAsLongAsItWasReadLate() {
        var summary = new Summary();
        for (int i = 0; i < 100; i++) {
            summary.add(exchange()
                    .startedAt(ofMillis(i))
                    .tokensAt(ofMillis(i + 1), ofMillis(i + 2), ofMillis(i + 3))
                    .result());
        }
        record(summary, Metric.READ_LAG, 12_500, 1_000);
        assertThat(ErrorBar.lateNs(summary, backlog(KERNEL, 0)))
                .as("each chunk had a read of its own")
                .isZero();
        assertThat(ErrorBar.lateNs(summary, backlog(KERNEL, 10)))
                .as("shared with other answers")
                .isEqualTo(12_500);

        for (int i = 0; i < 5; i++) {
            summary.add(exchange()
                    .startedAt(ofMillis(i))
                    .tokensAt(ofMillis(i + 1), ofMillis(i + 2), ofMillis(i + 2))
                    .result());
        }

        assertThat(ErrorBar.lateNs(summary, backlog(KERNEL, 0))).isEqualTo(12_500);
        assertThat(bar.atLeast(12_500)).isEqualTo(new ErrorBar(12_500, 12_500, 12_500));
        assertThat(bar.atLeast(0)).isEqualTo(bar);
    }

    /// Of what one read brings only the last is told when it came.
    @Test
    void whatCameTogetherMayBeOffByAsLongAsTheLoopWasLate() {
        var summary = new Summary();
        summary.add(exchange()
                .startedAt(ofMillis(0))
                .tokensAt(ofMillis(1), ofMillis(2), ofMillis(2))
                .result());
        record(summary, Metric.READ_LAG, 2_500, 1_000);

        assertThat(ErrorBar.lateNs(summary, backlog(KERNEL, 0))).isEqualTo(7_000);
    }

    @Test
    void whereTheReadIsTheArrivalItIsAsLateAsTheClient() {
        var summary = new Summary();

        assertThat(ErrorBar.lateNs(summary, backlog(StampSource.user("--stamps user"), 0)))
                .isEqualTo(7_000);
        assertThat(ErrorBar.lateNs(summary, backlog(KERNEL, 0))).isZero();
    }

    private static LoadRun.Backlog backlog(StampSource stamps, long sharedParts) {
        return new LoadRun.Backlog(
                0,
                0,
                0,
                0,
                0,
                stamps,
                new LoopLag(1_000_000, 7_000, 8_000, 9_000, 0, 0, List.of()),
                List.of(),
                0,
                0,
                sharedParts,
                0,
                Live.NONE,
                Live.NONE);
    }

    private static void record(Summary summary, Metric metric, long valueNs, int times) {
        for (int i = 0; i < times; i++) {
            summary.of(metric).record(valueNs);
        }
    }
}
