package dev.latencylens.audit;

import static dev.latencylens.exchange.ScriptedExchange.exchange;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofNanos;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.latencylens.exchange.ConnectionFacts;
import dev.latencylens.exchange.Moment;
import dev.latencylens.exchange.Outcome;
import dev.latencylens.exchange.ScriptedExchange;
import dev.latencylens.exchange.StampSource;
import dev.latencylens.load.ArrivalSchedule;
import dev.latencylens.load.Gaps;
import dev.latencylens.load.Live;
import dev.latencylens.load.Load;
import dev.latencylens.load.LoadRun;
import dev.latencylens.load.LoopLag;
import dev.latencylens.load.RateCourse;
import dev.latencylens.load.Warmup;
import dev.latencylens.stats.AndersonDarling;
import dev.latencylens.stats.Metric;
import dev.latencylens.stats.Percentile;
import dev.latencylens.stats.SteadyState;
import dev.latencylens.stats.Summary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Each test breaks one rule and sees the verdict turn for that reason and no other.
class VerdictTest {
    private static final Load CLOSED = new Load(null, 1, 10, 0, null, ofSeconds(1));
    private static final Load PER_MILLISECOND = new Load(ArrivalSchedule.constant(1_000), 0, 10, 0, null, ofSeconds(1));
    private static final StampSource KERNEL = new StampSource(true, "", 10_000, 0, 0, 30, 0, 0);
    private static final StampSource USER = StampSource.user("--stamps user");

    private final Summary summary = new Summary();
    private Load load = CLOSED;
    private StampSource stamps = KERNEL;
    private LoopLag lag = lag(100_000, 900_000);
    private long logFullCount;
    private long bytesRead = 1_000;
    private long unsent;
    private long warmupNs;
    private boolean sharedProcess;
    private String clockSource = "tsc";
    private List<Metric> metrics = List.of(Metric.TTFT, Metric.ICL, Metric.ITL);
    private List<Percentile> asked = List.of();
    private long lostBytes;
    private @Nullable SteadyState steady;
    private List<Evidence.Stall> hotPathChanges = List.of();
    private List<Tally> tallies = List.of(new Tally("chunks", 2, "here", 2, "there"));

    @Test
    void aRunThatBreaksNoRuleIsValid() {
        answers(700);
        load = PER_MILLISECOND;
        asked = List.of(Percentile.P99);

        assertThat(verdict()).isEqualTo(new Verdict(Verdict.State.VALID, List.of()));
    }

    @Test
    void aScheduleThatIsNotKeptIsInvalid() {
        load = PER_MILLISECOND;
        for (int i = 0; i < 662; i++) {
            add(answer(i).at(Moment.INTENDED, ofMillis(i).minusNanos(150_000)));
        }

        assertThat(verdict()).isEqualTo(invalid(new Reason.SentLate(150_000, 100_000)));
    }

    @Test
    void aScheduleIsKeptOrNotWhateverTheAnswersAre() {
        load = PER_MILLISECOND;
        for (int i = 0; i < 662; i++) {
            ScriptedExchange sent = i % 3 == 0 ? answer(i).ended(Outcome.Kind.RATE_LIMITED, "429") : answer(i);
            add(sent.at(Moment.INTENDED, ofMillis(i).minusNanos(150_000)));
        }

        assertThat(verdict().reasons()).contains(new Reason.SentLate(150_000, 100_000));
    }

    @Test
    void theScheduleAllowsAHundredthOfTheGap() {
        load = new Load(ArrivalSchedule.constant(10), 0, 10, 0, null, ofSeconds(1));
        for (int i = 0; i < 662; i++) {
            add(answer(100 * i).at(Moment.INTENDED, ofMillis(100L * i).minusNanos(950_000)));
        }

        assertThat(verdict().state()).isEqualTo(Verdict.State.VALID);
    }

    @Test
    void whatALimitHoldsBackIsNotThisClientsLatenessAndTheRestIs() {
        load = PER_MILLISECOND;
        for (int i = 0; i < 662; i++) {
            add(answer(i).at(Moment.INTENDED, ofMillis(i - 70)).throttled(ofMillis(70)));
        }
        assertThat(verdict().state()).isEqualTo(Verdict.State.VALID);

        for (int i = 662; i < 1_324; i++) {
            add(answer(i)
                    .at(Moment.INTENDED, ofMillis(i - 70).minusNanos(150_000))
                    .throttled(ofMillis(70)));
        }
        assertThat(verdict()).isEqualTo(invalid(new Reason.SentLate(150_000, 100_000)));
    }

    @Test
    void figuresOfAMinorityAreInvalid() {
        answers(10);
        for (int i = 0; i < 10; i++) {
            add(exchange().startedAt(ofMillis(i)).ended(Outcome.Kind.HTTP_ERROR, "HTTP 503: no message"));
        }
        assertThat(verdict().state()).isEqualTo(Verdict.State.VALID);

        add(exchange().startedAt(ofMillis(10)).ended(Outcome.Kind.RESET, "by peer"));
        assertThat(verdict()).isEqualTo(invalid(new Reason.MostlyFailed(11, 21)));
    }

    @Test
    void whatSomebodyCancelledHasNotFailed() {
        answers(10);
        for (int i = 0; i < 90; i++) {
            add(exchange().startedAt(ofMillis(i)).ended(Outcome.Kind.CANCELLED, "interrupted"));
        }

        assertThat(verdict().state()).isEqualTo(Verdict.State.VALID);
    }

    @Test
    void aLoadOfWhichMoreThanAHundredthWasNeverSentIsInvalid() {
        answers(10);
        load = new Load(ArrivalSchedule.constant(1_000), 4, 1_000, 0, null, ofSeconds(1));
        unsent = 10;
        assertThat(verdict().state()).isEqualTo(Verdict.State.VALID);

        unsent = 11;
        assertThat(verdict()).isEqualTo(invalid(new Reason.LoadUnsent(11, 1_000)));
    }

    @Test
    void warmUpIsNoPartOfTheLoadThatWasToBeSent() {
        answers(10);
        load = new Load(ArrivalSchedule.constant(1_000), 4, 100, 900, null, ofSeconds(1));
        unsent = 2;
        assertThat(verdict()).isEqualTo(invalid(new Reason.LoadUnsent(2, 100)));

        var warmup = new Warmup.UntilSteady(ofSeconds(60));
        load = new Load(ArrivalSchedule.constant(1_000), 4, null, 0, warmup, ofMillis(100), ofSeconds(1));
        warmupNs = ofSeconds(2).toNanos();
        assertThat(verdict()).isEqualTo(invalid(new Reason.LoadUnsent(2, 100)));
    }

    @Test
    void oneRequestOfAShortLoadMayBeMissing() {
        answers(10);
        load = new Load(ArrivalSchedule.constant(10), 4, 20, 0, null, ofSeconds(1));
        unsent = 1;
        assertThat(verdict().state()).isEqualTo(Verdict.State.VALID);

        unsent = 2;
        assertThat(verdict()).isEqualTo(invalid(new Reason.LoadUnsent(2, 20)));
    }

    @Test
    void aRunThatWasEndedBecauseNothingSucceededIsInconclusive() {
        answers(20);

        assertThat(verdict().and(new Reason.NothingSucceeded(100)))
                .isEqualTo(new Verdict(Verdict.State.INCONCLUSIVE, List.of(new Reason.NothingSucceeded(100))));
    }

    @Test
    void settingUpAConnectionIsNotThisClientsLatenessAndWritingToAStandingOneIs() {
        load = PER_MILLISECOND;
        for (int i = 0; i < 662; i++) {
            add(answer(i).over(ConnectionFacts.Kind.NEW).at(Moment.REQUEST_START, ofMillis(i + 40)));
        }
        assertThat(verdict().state()).isEqualTo(Verdict.State.VALID);

        for (int i = 662; i < 1_324; i++) {
            add(answer(i)
                    .over(ConnectionFacts.Kind.REUSED)
                    .at(Moment.REQUEST_START, ofMillis(i).plusNanos(400_000)));
        }
        assertThat(verdict()).isEqualTo(invalid(new Reason.SentLate(400_000, 100_000)));
    }

    @Test
    void aRateThatIsNotReachedIsInvalid() {
        load = PER_MILLISECOND;
        for (int i = 0; i < 101; i++) {
            add(answer(i * 2));
        }

        assertThat(verdict()).isEqualTo(invalid(new Reason.RateNotReached(1_000, 500)));
    }

    @Test
    void aRateIsNotJudgedByFewRequests() {
        load = PER_MILLISECOND;
        for (int i = 0; i < 100; i++) {
            add(answer(i * 2));
        }

        assertThat(verdict().state()).isEqualTo(Verdict.State.VALID);
    }

    @Test
    void aRateThatWasDrawnIsHeldAgainstItsOwnDraw() {
        load = poisson(1_000);
        for (int i = 0; i < 200; i++) {
            add(answer(i * 2).number(2L * i));
        }

        assertThat(verdict().state()).isEqualTo(Verdict.State.VALID);
    }

    @Test
    void gapsThatDoNotFollowTheirPatternAreInvalid() {
        load = poisson(1_000);
        for (int i = 0; i < 101; i++) {
            add(answer(i).number(i));
        }

        assertThat(verdict().reasons())
                .singleElement()
                .isInstanceOfSatisfying(Reason.ArrivalsOffPattern.class, reason -> {
                    assertThat(reason.fit().count()).isEqualTo(100);
                    assertThat(reason.text()).contains("where 5.97 is exceeded once in 1000 runs");
                });
    }

    @Test
    void gapsAreHeldAgainstThePatternAtTheRateOfTheirMoment() {
        var course =
                new RateCourse(List.of(new RateCourse.Stage(10, 1_000, ofSeconds(2), RateCourse.Shape.EXPONENTIAL)));
        var schedule = new ArrivalSchedule.Paced(course, new Gaps.Exponential(5));
        load = new Load(schedule, 0, 10, 0, ofSeconds(2), ofSeconds(1));
        var due = schedule.due();
        for (int i = 0; i < 400; i++) {
            Duration at = ofNanos(due.nextAfterNs());
            add(exchange().number(i).intendedAt(at).startedAt(at).tokensAt(at));
        }
        assertThat(verdict().state()).isEqualTo(Verdict.State.VALID);

        load = poisson(200);
        assertThat(verdict().reasons()).singleElement().isInstanceOf(Reason.ArrivalsOffPattern.class);
    }

    @Test
    void burstsAllowAHundredthOfTheTimeBetweenThem() {
        load = new Load(new ArrivalSchedule.Bursts(100, ofSeconds(1)), 0, 700, 0, null, ofSeconds(1));
        for (int i = 0; i < 700; i++) {
            Duration due = ofSeconds(i / 100);
            add(answer(0).number(i).intendedAt(due).startedAt(due.plusMillis(5)));
        }

        assertThat(verdict().reasons()).extracting(Reason::code).doesNotContain("sent_late");
    }

    @Test
    void aLoopThatLagsIsInvalidWhereStampsAreItsOwn() {
        answers(20);
        lag = lag(200_001, 900_000);
        assertThat(verdict().state()).isEqualTo(Verdict.State.VALID);

        stamps = USER;
        assertThat(verdict()).isEqualTo(invalid(new Reason.LoopLagged(200_001, 200_000)));
    }

    @Test
    void aPauseOfAMillisecondIsInvalidWhereStampsAreTheClientsOwn() {
        answers(20);
        lag = lag(100_000, 1_500_000);
        assertThat(verdict().state()).isEqualTo(Verdict.State.VALID);

        stamps = USER;
        assertThat(verdict()).isEqualTo(invalid(new Reason.ClientPaused(1_500_000, 1, 1_000_000)));
    }

    @Test
    void aPauseOfAHundredMillisecondsIsInvalidWhoeverTakesTheStamps() {
        answers(20);
        lag = lag(100_000, 100_000_000);

        assertThat(verdict()).isEqualTo(invalid(new Reason.ClientPaused(100_000_000, 1, 50_000_000)));
    }

    @Test
    void hotCodeThatIsCompiledMeanwhileIsACaveatAtTheMost() {
        answers(20);
        stamps = USER;
        hotPathChanges = List.of(new Evidence.Stall(Evidence.Kind.COMPILATION, "a.Flight.body", "C2", 1, 2));

        assertThat(verdict().state()).isEqualTo(Verdict.State.VALID);
    }

    @Test
    void hotCodeThatIsGivenUpIsInvalidWhereItTakesTheStamps() {
        answers(20);
        hotPathChanges = List.of(
                new Evidence.Stall(Evidence.Kind.COMPILATION, "a.Flight.body", "C2", 1, 2),
                new Evidence.Stall(Evidence.Kind.DEOPTIMISATION, "a.Flight.end", "io-0", 3, 3));
        assertThat(verdict().state()).isEqualTo(Verdict.State.VALID);

        stamps = USER;
        assertThat(verdict()).isEqualTo(invalid(new Reason.HotPathChanged(1, 1, "a.Flight.end")));

        sharedProcess = true;
        assertThat(verdict().state()).isEqualTo(Verdict.State.VALID);
    }

    @Test
    void burstsLeaveTheGapsUntold() {
        for (int i = 0; i < 20; i++) {
            add(burst(i, 1));
        }
        assertThat(verdict().state()).isEqualTo(Verdict.State.VALID);

        add(burst(20, 2));
        assertThat(verdict())
                .isEqualTo(new Verdict(Verdict.State.INCONCLUSIVE, List.of(new Reason.ChunksCoalesced(22, 64))));
    }

    @Test
    void burstsDoNotMatterWhereNoGapIsShown() {
        for (int i = 0; i < 20; i++) {
            add(burst(i, 5));
        }
        metrics = List.of(Metric.TTFT, Metric.TPOT);

        assertThat(verdict().state()).isEqualTo(Verdict.State.VALID);
    }

    @Test
    void readsWithoutTheKernelsStampMakeTheClientsPausesMatter() {
        answers(20);
        lag = lag(100_000, 1_500_000);
        stamps = new StampSource(true, "", 998, 2, 0, 30, 0, 0);

        assertThat(verdict()).isEqualTo(invalid(new Reason.ClientPaused(1_500_000, 1, 1_000_000)));
    }

    @Test
    void aProviderInTheSameProcessPausesWithTheClientWhichIsNotHeldAgainstEither() {
        answers(20);
        stamps = USER;
        sharedProcess = true;
        lag = lag(2_000_000, 30_000_000);

        assertThat(verdict().state()).isEqualTo(Verdict.State.VALID);
    }

    @Test
    void aFullFlightLogIsInvalid() {
        answers(20);
        logFullCount = 3;

        assertThat(verdict()).isEqualTo(invalid(new Reason.FlightLogFull(3, 3_000)));
    }

    @Test
    void bytesThatWereLoggedAndNotReadAreInvalid() {
        answers(20);
        bytesRead = 999;

        assertThat(verdict())
                .isEqualTo(invalid(new Reason.CountsDisagree(new Tally(
                        "bytes of answers", 1_000, "logged by the I/O threads", 999, "read by the interpreter"))));
    }

    @Test
    void countsThatDisagreeAreInvalid() {
        answers(20);
        var tally = new Tally("chunks", 40, "interpreted", 39, "in recording.jfr");
        tallies = List.of(tally);

        assertThat(verdict()).isEqualTo(invalid(new Reason.CountsDisagree(tally)));
        assertThat(verdict().reasons().getFirst().text())
                .isEqualTo("chunks: 40 interpreted, 39 in recording.jfr; they must be equal");
    }

    @Test
    void aRecordingThatLostDataIsInvalid() {
        answers(20);
        lostBytes = 4_096;

        assertThat(verdict()).isEqualTo(invalid(new Reason.RecordingLostData(4_096)));
    }

    @Test
    void aWallClockThatWasSetIsInvalid() {
        answers(20);
        stamps = new StampSource(true, "", 10_000, 0, 0, 30, 1, -250_000_000);

        assertThat(verdict()).isEqualTo(invalid(new Reason.WallClockSet(1, -250_000_000)));
    }

    @Test
    void aStepThatMovesNoStampByMoreThanItIsOffAnywayIsNone() {
        answers(20);
        stamps = new StampSource(true, "", 10_000, 0, 0, 30, 2, 10_000);

        assertThat(verdict().state()).isEqualTo(Verdict.State.VALID);
    }

    @Test
    void aSlowClockIsInvalid() {
        answers(20);
        clockSource = "hpet";

        assertThat(verdict()).isEqualTo(invalid(new Reason.ClockSourceUnfit("hpet")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"tsc", "kvm-clock", "arch_sys_counter", ""})
    void aFitClockAndOneThatTheSystemDoesNotNameAreSane(String name) {
        answers(20);
        clockSource = name;

        assertThat(verdict().state()).isEqualTo(Verdict.State.VALID);
    }

    @Test
    void aPercentileThatWasAskedForAndLacksSamplesIsInconclusive() {
        answers(20);
        asked = List.of(Percentile.P50, Percentile.P90);

        assertThat(verdict())
                .isEqualTo(new Verdict(
                        Verdict.State.INCONCLUSIVE,
                        List.of(new Reason.TooFewSamples(Percentile.P90, Metric.TTFT, 20))));
        assertThat(verdict().reasons().getFirst().text())
                .isEqualTo("p90 was asked for, and ttft has 20 samples; it needs 64");
    }

    @Test
    void anEvenLoadUnderWhichTtftKeptNoLevelIsInconclusive() {
        answers(1);
        steady = new SteadyState(100, 80, 0);

        assertThat(verdict())
                .isEqualTo(new Verdict(Verdict.State.INCONCLUSIVE, List.of(new Reason.NeverSteady(steady))));
        assertThat(verdict().reasons().getFirst().text())
                .isEqualTo(
                        "ttft kept no level for half of the run: it shifted, and last before request 81 of 100 in the"
                                + " order of their starts");

        steady = new SteadyState(99, 80, 0);
        assertThat(verdict().state()).isEqualTo(Verdict.State.VALID);
        steady = new SteadyState(100, 80, 1e-4);
        assertThat(verdict().state()).isEqualTo(Verdict.State.VALID);
        steady = new SteadyState(100, 50, 0);
        assertThat(verdict().state()).isEqualTo(Verdict.State.VALID);
    }

    @Test
    void aClientThatStoodStillDoesNotBlameTheTargetForALevelThatWasNotKept() {
        answers(20);
        steady = new SteadyState(100, 80, 0);
        lag = lag(100_000, 100_000_000);

        assertThat(verdict()).isEqualTo(invalid(new Reason.ClientPaused(100_000_000, 1, 50_000_000)));
    }

    @Test
    void aLoadThatChangesByItselfHasNoLevelToKeep() {
        answers(1);
        steady = new SteadyState(100, 80, 0);
        var rising =
                new RateCourse(List.of(new RateCourse.Stage(1, 100, Duration.ofSeconds(10), RateCourse.Shape.LINEAR)));
        load = new Load(new ArrivalSchedule.Paced(rising, new Gaps.Equal()), 0, 1, 0, null, Duration.ofSeconds(1));

        assertThat(verdict().reasons()).doesNotHaveAnyElementsOfTypes(Reason.NeverSteady.class);
    }

    @Test
    void percentilesThatNobodyAskedForMayLackSamples() {
        answers(1);

        assertThat(verdict().state()).isEqualTo(Verdict.State.VALID);
    }

    @Test
    void aRunWithoutAnAnswerIsInconclusive() {
        add(exchange().startedAt(ofMillis(0)).ended(Outcome.Kind.RESET, "by peer"));

        assertThat(verdict())
                .isEqualTo(new Verdict(Verdict.State.INCONCLUSIVE, List.of(new Reason.NothingAnswered(1))));
    }

    @Test
    void aRunThatBrokeOffIsInconclusiveAtBest() {
        answers(20);
        var killed = new Reason.BrokenOff("the process was killed", 20, 1);

        assertThat(Verdict.on(load, summary, killed, circumstances()))
                .isEqualTo(new Verdict(Verdict.State.INCONCLUSIVE, List.of(killed)));

        clockSource = "hpet";
        assertThat(Verdict.on(load, summary, killed, circumstances()).state()).isEqualTo(Verdict.State.INVALID);
    }

    @Test
    void whatIsInvalidAsWellAsInconclusiveIsInvalid() {
        answers(20);
        asked = List.of(Percentile.P99);
        clockSource = "hpet";

        assertThat(verdict().state()).isEqualTo(Verdict.State.INVALID);
        assertThat(verdict().reasons()).hasSize(2);
    }

    @Test
    void everyRuleSaysWhatWasSeenWhatIsAllowedAndWhatToDoAndIsDocumented() throws IOException {
        List<Reason> all = List.of(
                new Reason.SentLate(2, 1),
                new Reason.RateNotReached(10, 9),
                new Reason.ArrivalsOffPattern(new AndersonDarling(200, 9.3, 1e-5)),
                new Reason.LoopLagged(2, 1),
                new Reason.ClientPaused(5_000_000, 2, 1_000_000),
                new Reason.HotPathChanged(1, 0, "a.B.c"),
                new Reason.ChunksCoalesced(1, 2),
                new Reason.FlightLogFull(1, 1),
                new Reason.CountsDisagree(new Tally("chunks", 1, "here", 2, "there")),
                new Reason.RecordingLostData(1),
                new Reason.WallClockSet(1, -5),
                new Reason.ClockSourceUnfit("hpet"),
                new Reason.NeverSteady(new SteadyState(100, 80, 0)),
                new Reason.TooFewSamples(Percentile.P99, Metric.TTFT, 3),
                new Reason.BrokenOff("the process was killed", 3, 1),
                new Reason.MostlyFailed(3, 4),
                new Reason.LoadUnsent(9, 10),
                new Reason.NothingSucceeded(100),
                new Reason.NothingAnswered(3));

        assertThat(all).hasSize(Reason.class.getPermittedSubclasses().length);
        assertThat(all)
                .extracting(Reason::code)
                .doesNotHaveDuplicates()
                .contains("client_paused", "clock_source_unfit");
        assertThat(all).allSatisfy(reason -> {
            assertThat(reason.text()).doesNotEndWith(".").doesNotContain("\n");
            assertThat(reason.advice()).endsWith(".").doesNotContain("\n");
        });
        var docs = Path.of(System.getProperty("lens.root"), "docs");
        String schema = Files.readString(docs.resolve("schema/run.schema.json"));
        String belief = Files.readString(docs.resolve("belief.md"));
        assertThat(all).extracting(Reason::code).allSatisfy(code -> {
            assertThat(schema).contains('"' + code + '"');
            assertThat(belief).contains('`' + code + '`');
        });
    }

    private Verdict verdict() {
        var backlog = new LoadRun.Backlog(
                ScriptedExchange.ZERO_NS,
                warmupNs,
                logFullCount,
                3_000,
                0,
                stamps,
                lag,
                List.of(),
                1_000,
                bytesRead,
                0,
                unsent,
                Live.NONE,
                Live.NONE);
        return Verdict.on(load, summary, backlog, circumstances());
    }

    private Circumstances circumstances() {
        return new Circumstances(
                sharedProcess, clockSource, metrics, asked, tallies, hotPathChanges, lostBytes, steady);
    }

    private static Load poisson(double perSecond) {
        var schedule = new ArrivalSchedule.Paced(RateCourse.constant(perSecond), new Gaps.Exponential(1));
        return new Load(schedule, 0, 10, 0, null, ofSeconds(1));
    }

    private static Verdict invalid(Reason reason) {
        return new Verdict(Verdict.State.INVALID, List.of(reason));
    }

    private static LoopLag lag(long p99Ns, long longestNs) {
        boolean paused = longestNs > LoopLag.PAUSE_NS;
        return new LoopLag(
                1_000_000_000,
                p99Ns,
                p99Ns,
                longestNs,
                paused ? 1 : 0,
                paused ? longestNs : 0,
                paused ? List.of(new LoopLag.Pause(0, 5, longestNs)) : List.of());
    }

    private void answers(int count) {
        for (int i = 0; i < count; i++) {
            add(answer(i));
        }
    }

    private void add(ScriptedExchange exchange) {
        summary.add(exchange.result());
    }

    /// Two chunks with a gap, and so many that came together with the second.
    private static ScriptedExchange burst(int atMillis, int together) {
        Duration at = ofMillis(atMillis);
        var exchange = exchange().intendedAt(at).startedAt(at).tokensAt(at.plusMillis(1), at.plusMillis(2));
        for (int i = 0; i < together; i++) {
            exchange.tokensAt(at.plusMillis(2));
        }
        return exchange;
    }

    private static ScriptedExchange answer(int atMillis) {
        Duration at = ofMillis(atMillis);
        return exchange()
                .intendedAt(at)
                .startedAt(at)
                .at(Moment.REQUEST_START, at.plus(ofNanos(20_000)))
                .tokensAt(at.plusMillis(1), at.plusMillis(2), at.plusMillis(3))
                .usage(1, 0, 3, 0);
    }
}
