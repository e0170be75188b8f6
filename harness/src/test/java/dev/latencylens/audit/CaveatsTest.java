package dev.latencylens.audit;

import static dev.latencylens.exchange.ScriptedExchange.exchange;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.latencylens.exchange.ChunkKind;
import dev.latencylens.exchange.ConnectionFacts;
import dev.latencylens.exchange.Moment;
import dev.latencylens.exchange.Outcome;
import dev.latencylens.exchange.ScriptedExchange;
import dev.latencylens.exchange.StampSource;
import dev.latencylens.load.ArrivalSchedule;
import dev.latencylens.load.Live;
import dev.latencylens.load.Load;
import dev.latencylens.load.LoadRun;
import dev.latencylens.load.LoopLag;
import dev.latencylens.load.ThinkTime;
import dev.latencylens.load.Warmup;
import dev.latencylens.stats.Metric;
import dev.latencylens.stats.Summary;
import java.util.List;
import org.junit.jupiter.api.Test;

class CaveatsTest {
    private static final Load CLOSED = new Load(null, 1, 10, 0, null, ofSeconds(1));
    private static final LoadRun.Backlog CALM = backlog(0, 0, 0, StampSource.user(""));

    private final Summary summary = new Summary();

    @Test
    void aGoodRunRaisesNoDoubt() {
        add(answer());

        assertThat(about(CLOSED)).isEmpty();
    }

    @Test
    void aFullFlightLogAndAStarvedLoopAreTold() {
        assertThat(Caveats.about(CLOSED, summary, backlog(3, 4_500_000, 1, StampSource.user(""))))
                .containsExactly(new Caveat.FlightLogFull(3, 4_500_000), new Caveat.FeederStarved(1))
                .extracting(Caveat::text)
                .satisfiesExactly(
                        full -> assertThat(full).contains("3 times and waited 4.50 ms"),
                        starved -> assertThat(starved).contains("1 time before"));
    }

    @Test
    void aWallClockThatWasSetAndReadsWithoutTheKernelsStampAreTold() {
        var stamps = new StampSource(true, "", 95, 2, 3, 30, 1, -250_000_000);

        assertThat(Caveats.about(CLOSED, summary, backlog(0, 0, 0, stamps)))
                .containsExactly(
                        new Caveat.WallClockSet(1, -250_000_000),
                        new Caveat.ReadsUnstamped(2, 100),
                        new Caveat.SegmentsOutOfOrder(3, 100))
                .extracting(Caveat::text)
                .satisfiesExactly(
                        set -> assertThat(set).contains("1 time during the run", "-250 ms"),
                        unstamped -> assertThat(unstamped).contains("2 of 100 reads"),
                        outOfOrder -> assertThat(outOfOrder).contains("3 of 100 reads", "lost or overtook"));
    }

    @Test
    void aClosedLoopThatDidNotRunAsAskedIsTold() {
        var users = new Load(null, 10, 11, 0, null, ofSeconds(1));
        var once = new Load(null, 10, 10, 0, null, ofSeconds(1));
        var think = new ThinkTime("1s", new ThinkTime.Constant(1), 0);

        assertThat(Caveats.about(users, summary, ran(9.51))).isEmpty();
        assertThat(Caveats.about(users, summary, ran(9.49)))
                .containsExactly(new Caveat.ConcurrencyNotKept(10, 9.49, 10));
        assertThat(Caveats.about(once, summary, ran(5))).isEmpty();
        assertThat(Caveats.about(
                        new Load(null, 10, think, 10, new Warmup.Requests(0), null, ofSeconds(1)), summary, ran(4)))
                .isEmpty();
    }

    @Test
    void whatALimitHeldBackToTheEndIsTold() {
        var backlog = new LoadRun.Backlog(
                0, 0, 0, 0, 0, StampSource.user(""), LoopLag.NONE, List.of(), 0, 0, 0, 7, Live.NONE, Live.NONE);

        assertThat(Caveats.about(new Load(ArrivalSchedule.constant(5), 2, 9, 0, null, ofSeconds(1)), summary, backlog))
                .containsExactly(new Caveat.HeldBackToTheEnd(7));
    }

    @Test
    void howMuchOfALoadLimitsHeldBackIsToldAndItsConcurrencyIsNotBlamedOnThisClient() {
        add(answer().throttled(ofMillis(0)));
        add(answer(10).throttled(ofMillis(300)));
        add(answer(20).throttled(ofMillis(500)));

        var caveat = new Caveat.HeldBackByLimits(2, 3, 800_000_000);
        var users = new Load(null, 10, 11, 0, null, ofSeconds(1));
        assertThat(Caveats.about(users, summary, ran(3))).containsExactly(caveat);
        assertThat(caveat.text()).startsWith("Limits per minute held back 2 of 3 requests (66.7 %), by 0.4 s");
    }

    @Test
    void aTargetThatDidNotBecomeSteadyInTheTimeForItIsTold() {
        var load = new Load(null, 10, null, 11, new Warmup.UntilSteady(ofSeconds(60)), null, ofSeconds(1));

        assertThat(Caveats.about(load, summary, ran(10, ofSeconds(59).toNanos())))
                .isEmpty();
        assertThat(Caveats.about(load, summary, ran(10, ofSeconds(60).toNanos())))
                .containsExactly(new Caveat.WarmupNotSteady(ofSeconds(60), 0));
    }

    @Test
    void failuresNameTheMostFrequentOne() {
        add(answer());
        add(exchange().ended(Outcome.Kind.RESET, "by peer"));

        assertThat(about(CLOSED)).containsExactly(new Caveat.Failures(1, 2, "reset (by peer)"));
    }

    @Test
    void whatThisClientCancelledIsOnNeitherSideOfTheFailures() {
        add(answer());
        for (int i = 0; i < 3; i++) {
            add(exchange().ended(Outcome.Kind.CANCELLED, "interrupted"));
        }
        assertThat(about(CLOSED)).isEmpty();

        add(exchange().ended(Outcome.Kind.RESET, "by peer"));
        assertThat(about(CLOSED)).containsExactly(new Caveat.Failures(1, 2, "reset (by peer)"));
    }

    @Test
    void figuresHaveNoMoreThanThreeDigitsThatSaySomething() {
        assertThat(new Caveat.HandshakesNoticedLate(1_234_567_890, 15).text())
                .contains("tcp was 1230 ms at p50", "took 0.000015 ms");
        assertThat(new Caveat.ConcurrencyNotKept(45, 31.5678, 44).text()).contains("31.6 requests were in flight");
        assertThat(new Caveat.HeldBackByLimits(3, 7, 5_000_000_000L).text()).contains("(42.9 %), by 1.67 s on average");
        assertThat(new Caveat.ChunksCoalesced(7, 7).text()).startsWith("100 % of the chunks");
    }

    @Test
    void answersWithoutTerminatorAreTold() {
        add(answer().ended(Outcome.Kind.UNTERMINATED, "terminator missing"));

        assertThat(about(CLOSED)).containsExactly(new Caveat.Unterminated(1, 1));
    }

    @Test
    void aFailedWarmUpIsTold() {
        add(exchange().warmup().ended(Outcome.Kind.TIMEOUT, "connect"));

        assertThat(about(CLOSED)).containsExactly(new Caveat.WarmupFailed(1, 1));
    }

    @Test
    void answersWithoutUsageAreTold() {
        add(exchange().startedAt(ofMillis(0)).tokensAt(ofMillis(5), ofMillis(6)));

        assertThat(about(CLOSED)).containsExactly(new Caveat.TokensCountedAsChunks(1, 1));
    }

    @Test
    void aTokenizerThatDisagreesWithUsageIsTold() {
        add(exchange()
                .startedAt(ofMillis(0))
                .counted(ofMillis(5), ChunkKind.TEXT, 90)
                .counted(ofMillis(6), ChunkKind.TEXT, 10)
                .usage(1, 0, 111, 0));
        assertThat(about(CLOSED)).isEmpty();

        add(exchange()
                .startedAt(ofMillis(0))
                .counted(ofMillis(5), ChunkKind.TEXT, 90)
                .counted(ofMillis(6), ChunkKind.TEXT, 10)
                .usage(1, 0, 112, 0));
        add(exchange()
                .startedAt(ofMillis(0))
                .counted(ofMillis(5), ChunkKind.TEXT, 100)
                .usage(1, 0, 300, 189));
        add(exchange().startedAt(ofMillis(0)).tokensAt(ofMillis(5)).usage(1, 0, 1_000, 0));

        assertThat(about(CLOSED)).containsExactly(new Caveat.TokenizerDisagrees(300, 334));
    }

    @Test
    void promptsReadFromACacheAreTold() {
        add(answer().usage(100, 64, 2, 0));

        assertThat(about(CLOSED)).containsExactly(new Caveat.CachedPrompts(1, 1));
    }

    @Test
    void manyCoalescedChunksAreToldAndFewAreNot() {
        add(exchange()
                .startedAt(ofMillis(0))
                .tokensAt(ofMillis(1), ofMillis(1), ofMillis(2))
                .usage(1, 0, 3, 0));
        assertThat(about(CLOSED)).containsExactly(new Caveat.ChunksCoalesced(1, 3));

        for (int i = 0; i < 20; i++) {
            add(answer());
        }
        assertThat(about(CLOSED)).isEmpty();
    }

    @Test
    void answersOfWhichNobodyKnowsTheTimePerTokenAreTold() {
        add(exchange().startedAt(ofMillis(0)).tokensAt(ofMillis(1), ofMillis(1)).usage(1, 0, 2, 0));
        for (int i = 0; i < 98; i++) {
            add(answer());
        }
        assertThat(about(CLOSED)).containsExactly(new Caveat.AnswersInOneRead(1, 99));

        add(answer());
        assertThat(about(CLOSED)).isEmpty();
    }

    @Test
    void firstChunksThatMayHaveHeldMoreThanOneTokenAreTold() {
        // Six tokens in three chunks: 4 ms / 5 tokens if the first held one, 4 ms / 4 if it held two.
        add(exchange()
                .startedAt(ofMillis(0))
                .tokensAt(ofMillis(1), ofMillis(3), ofMillis(5))
                .usage(1, 0, 6, 0));
        assertThat(about(CLOSED)).containsExactly(new Caveat.FirstChunksUntold(1, 1, 0.25));

        for (int i = 0; i < 24; i++) {
            add(answer());
        }
        assertThat(about(CLOSED)).isEmpty();
    }

    @Test
    void firstChunksWhoseTokensAreKnownRaiseNoDoubt() {
        add(exchange()
                .startedAt(ofMillis(0))
                .counted(ofMillis(5), ChunkKind.TEXT, 10)
                .counted(ofMillis(6), ChunkKind.TEXT, 10)
                .usage(1, 0, 20, 0));

        assertThat(about(CLOSED)).isEmpty();
    }

    @Test
    void connectionsOfSeveralKindsInOneFigureAreTold() {
        add(answer().over(ConnectionFacts.Kind.NEW));
        assertThat(about(CLOSED)).isEmpty();

        add(answer().over(ConnectionFacts.Kind.REUSED));
        assertThat(about(CLOSED)).containsExactly(new Caveat.MixedConnections(1, 0, 1));
    }

    @Test
    void handshakesThatThisClientNoticedLateAreTold() {
        for (int i = 0; i < 11; i++) {
            add(answer().handshake(ofMillis(0), ofMillis(14), ofMillis(13)));
        }
        assertThat(about(CLOSED)).isEmpty();

        for (int i = 0; i < 12; i++) {
            add(answer().handshake(ofMillis(0), ofMillis(14), ofMillis(1)));
        }
        assertThat(about(CLOSED)).containsExactly(new Caveat.HandshakesNoticedLate(14_000_000, 1_000_000));
        assertThat(summary.of(Metric.TCP_RTT, ConnectionFacts.Kind.NEW).count()).isEqualTo(23);
    }

    @Test
    void aNegativeDurationIsAFinding() {
        add(answer().at(Moment.REQUEST_END, ofMillis(9)).at(Moment.RESPONSE_START, ofMillis(4)));

        assertThat(about(CLOSED))
                .containsExactly(
                        new Caveat.NegativeDuration(Metric.SERVER_TTFT, -8_000_000),
                        new Caveat.NegativeDuration(Metric.WAIT, -5_000_000));
    }

    @Test
    void everyCaveatSaysWhatItMeansAndHasAName() {
        List<Caveat> all = List.of(
                new Caveat.CertificateChecksOff(),
                new Caveat.FlightLogFull(1, 1),
                new Caveat.FeederStarved(2),
                new Caveat.Unterminated(1, 2),
                new Caveat.Failures(1, 2, "reset (by peer)"),
                new Caveat.ChunksCoalesced(1, 2),
                new Caveat.AnswersInOneRead(1, 2),
                new Caveat.FirstChunksUntold(1, 2, 0.1),
                new Caveat.TokensCountedAsChunks(1, 2),
                new Caveat.TokenizerDisagrees(1, 2),
                new Caveat.MixedConnections(1, 2, 3),
                new Caveat.CachedPrompts(1, 2),
                new Caveat.EmbeddedProvider(),
                new Caveat.NegativeDuration(Metric.WAIT, -1),
                new Caveat.BelowClientNoise(Metric.ICL, 1, 2),
                new Caveat.NotCalibrated("no process"),
                new Caveat.HeldBackToTheEnd(7),
                new Caveat.HeldBackByLimits(3, 4, 5_000_000_000L),
                new Caveat.ConcurrencyNotKept(45, 31.5, 44),
                new Caveat.EndedEarly("interrupted", 4),
                new Caveat.WarmupFailed(1, 2),
                new Caveat.CompilationUnsettled(ofSeconds(20)),
                new Caveat.WarmupNotSteady(ofSeconds(60), 1),
                new Caveat.MaxCost("1 USD", "0.97 USD", "0.05 USD", 0, 12),
                new Caveat.HandshakesNoticedLate(2, 1),
                new Caveat.KeyInCleartext("example.com"),
                new Caveat.WallClockSet(1, -5),
                new Caveat.ReadsUnstamped(1, 2),
                new Caveat.SegmentsOutOfOrder(1, 2),
                new Caveat.NotRecorded("no disk"),
                new Caveat.HotPathChanged(3, 1),
                new Caveat.CpusShared(1),
                new Caveat.NotStreamed(),
                new Caveat.SteadyNotJudged(1),
                new Caveat.LinesDropped(17, 1, 2),
                new Caveat.HostUntold(List.of("steal (/proc/stat)", "retransmits (/proc/net/snmp)")));

        assertThat(all).hasSize(Caveat.class.getPermittedSubclasses().length);
        assertThat(all)
                .extracting(Caveat::code)
                .doesNotHaveDuplicates()
                .contains("flight_log_full", "key_in_cleartext");
        assertThat(all)
                .allSatisfy(caveat -> assertThat(caveat.text()).endsWith(".").doesNotContain("\n"));
    }

    private void add(ScriptedExchange exchange) {
        summary.add(exchange.result());
    }

    private List<Caveat> about(Load load) {
        return Caveats.about(load, summary, CALM);
    }

    private static ScriptedExchange answer() {
        return answer(0);
    }

    private static ScriptedExchange answer(int atMillis) {
        return exchange()
                .intendedAt(ofMillis(atMillis))
                .startedAt(ofMillis(atMillis))
                .tokensAt(ofMillis(atMillis + 1), ofMillis(atMillis + 2))
                .usage(1, 0, 2, 0);
    }

    private static LoadRun.Backlog backlog(long fullCount, long fullNs, long starvedCount, StampSource stamps) {
        return new LoadRun.Backlog(
                0,
                0,
                fullCount,
                fullNs,
                starvedCount,
                stamps,
                LoopLag.NONE,
                List.of(),
                0,
                0,
                0,
                0,
                Live.NONE,
                Live.NONE);
    }

    private static LoadRun.Backlog ran(double mean) {
        return ran(mean, 0);
    }

    private static LoadRun.Backlog ran(double mean, long warmupNs) {
        var live = new Live(1_000, mean, 10, 10);
        return new LoadRun.Backlog(
                0, warmupNs, 0, 0, 0, StampSource.user(""), LoopLag.NONE, List.of(), 0, 0, 0, 0, live, live);
    }
}
