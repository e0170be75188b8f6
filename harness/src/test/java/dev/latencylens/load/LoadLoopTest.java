package dev.latencylens.load;

import static java.time.Duration.ofHours;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.latencylens.clock.FakeClock;
import dev.latencylens.exchange.Exchange;
import dev.latencylens.exchange.FlightLog;
import dev.latencylens.exchange.ScriptedExchange;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class LoadLoopTest {
    private static final ArrivalSchedule PER_MILLISECOND = ArrivalSchedule.constant(1_000);

    private final FakeClock clock = new FakeClock(0);
    private final ReadyQueue ready = new ReadyQueue(4096);
    private final Allowance allowance = new Allowance();
    private final LiveCount inFlight = new LiveCount();
    private final LiveCount answering = new LiveCount();
    private @Nullable LoadLoop loop;
    private @Nullable WarmupEnd warmupEnd;
    private final List<Long> measured = new ArrayList<>();
    private Function<Exchange, Duration> takes = exchange -> ofMillis(10);

    @Test
    void everyUserOfAClosedLoopWaitsForItsAnswer() {
        var transport = run(new Load(null, 3, 12, 0, null, ofSeconds(1)), 12);

        assertThat(transport.starts).hasSize(12);
        assertThat(transport.mostInFlight).isEqualTo(3);
        assertThat(transport.starts.getLast().started()).isEqualTo(ofMillis(30));
    }

    @Test
    void aUserOfAClosedLoopIsDueAgainWhenItsAnswerHasEnded() {
        takes = exchange -> exchange.number() == 0 ? ofMillis(25) : ofMillis(10);
        var transport = run(new Load(null, 2, 5, 0, null, ofSeconds(1)), 5);

        assertThat(transport.starts)
                .containsExactly(
                        started(0, 0, 0), started(1, 0, 1), started(2, 10, 1), started(3, 20, 1), started(4, 25, 0));
    }

    @Test
    void aClosedLoopRunsAsManyAsItHasUsersAndSaysSo() {
        takes = exchange -> ofMillis(10 + exchange.number() % 7);
        run(new Load(null, 45, 2_000, 90, null, ofSeconds(1)), 2_090);

        assertThat(inFlight.live().max()).isEqualTo(45);
        assertThat(inFlight.live().p50()).isEqualTo(45);
        assertThat(inFlight.live().mean()).isCloseTo(45, within(1e-9));
        assertThat(answering.live().max()).isZero();
    }

    @Test
    void aUserThinksAfterItsAnswerAndIsDueThen() {
        var think = new ThinkTime("15ms", new ThinkTime.Constant(15_000_000), 1);
        var transport = run(new Load(null, 2, think, 6, new Warmup.Requests(0), null, ofSeconds(1)), 6);

        assertThat(transport.starts)
                .containsExactly(
                        started(0, 0, 0),
                        started(1, 0, 1),
                        started(2, 25, 0),
                        started(3, 25, 1),
                        started(4, 50, 0),
                        started(5, 50, 1));
    }

    @Test
    void aConstantRateDoesNotDrift() {
        takes = exchange -> Duration.ZERO;
        var arrivals = ArrivalSchedule.constant(3);
        var transport = run(new Load(arrivals, 0, 3_000, 0, null, ofSeconds(1)), 3_000);

        var last = transport.starts.getLast();
        assertThat(last.intended()).isEqualTo(Duration.ofNanos(999_666_666_667L));
        assertThat(transport.starts)
                .allSatisfy(start -> assertThat(start.started()).isEqualTo(start.intended()));
    }

    @Test
    void whatArrivesRightBeforeARequestIsDueDelaysItOnlyWhereItsStampNeedsThat() {
        assertThat(latestBesideAReadOf(40_000, true)).isZero();
        assertThat(latestBesideAReadOf(40_000, false)).isGreaterThan(20_000);
    }

    /// By how much the latest request leaves late when every look takes so long.
    private long latestBesideAReadOf(long lookNs, boolean stampsAlone) {
        var load = new Load(PER_MILLISECOND, 0, 100, 0, null, ofSeconds(1));
        offer(load, 100);
        var punctual = new LoadLoop(clock, load, 0, 1, ready, allowance, warmupEnd(load), inFlight, answering);
        var busy = new ScriptedTransport(clock, new FlightLog(clock, 1024, 16), punctual, exchange -> ofMillis(5)) {
            @Override
            public long poll(long untilAtNs) {
                long waitedNs = super.poll(untilAtNs);
                clock.advance(Duration.ofNanos(lookNs));
                return waitedNs;
            }
        };
        busy.stampsAlone = stampsAlone;
        punctual.run(busy, clock.nowNs() + 1_000_000);

        assertThat(busy.starts).hasSize(100);
        return busy.starts.stream()
                .mapToLong(start -> start.started().minus(start.intended()).toNanos())
                .max()
                .orElseThrow();
    }

    @Test
    void theNextStartsBeginEarlierWhereOneTookLong() {
        var load = new Load(ArrivalSchedule.constant(100), 0, 100, 0, null, ofSeconds(1));
        List<Long> lateNs = new ArrayList<>();
        for (boolean stampsAlone : new boolean[] {true, false}) {
            offer(load, 100);
            var punctual = new LoadLoop(clock, load, 0, 1, ready, allowance, warmupEnd(load), inFlight, answering);
            var slow = new ScriptedTransport(clock, new FlightLog(clock, 1024, 16), punctual, exchange -> ofMillis(5)) {
                @Override
                public long start(Exchange exchange) {
                    clock.advance(Duration.ofNanos(exchange.number() % 4 == 0 ? 200_000 : 5_000));
                    return super.start(exchange);
                }
            };
            slow.stampsAlone = stampsAlone;
            punctual.run(slow, clock.nowNs() + 100_000_000);
            slow.starts.stream()
                    .mapToLong(start -> start.started().minus(start.intended()).toNanos())
                    .forEach(lateNs::add);
        }

        // Only the first one is a surprise, and what it took is not forgotten by the next one that takes as long.
        assertThat(lateNs.get(0)).isBetween(100_000L, 200_000L);
        assertThat(lateNs.subList(1, 100)).containsOnly(0L);
        // What arrives is read until a request is due where its stamp is no better than that.
        assertThat(lateNs.subList(100, 200)).allMatch(late -> late >= 5_000);
    }

    @Test
    void aSleepThatEndsLateMakesNoRequestLate() {
        var load = new Load(PER_MILLISECOND, 0, 100, 0, null, ofSeconds(1));
        offer(load, 100);
        var punctual = new LoadLoop(clock, load, 0, 1, ready, allowance, warmupEnd(load), inFlight, answering);
        var drowsy = new ScriptedTransport(clock, new FlightLog(clock, 1024, 16), punctual, exchange -> ofMillis(5)) {
            @Override
            public long poll(long untilAtNs) {
                long waitedNs = super.poll(untilAtNs);
                if (waitedNs > LOOK_NS) {
                    clock.advanceTo(clock.nowNs() + 200_000);
                }
                return waitedNs;
            }
        };
        punctual.run(drowsy, 1_000_000);

        assertThat(drowsy.starts)
                .hasSize(100)
                .allSatisfy(start ->
                        assertThat(start.started().minus(start.intended())).isLessThan(Duration.ofNanos(2_000)));
    }

    @Test
    void whatIsLateGoesOutAtOnceAndKeepsItsIntendedTime() {
        takes = exchange -> {
            if (exchange.number() == 2) {
                clock.advance(ofMillis(5));
            }
            return ofMillis(1);
        };
        var transport = run(new Load(PER_MILLISECOND, 0, 10, 0, null, ofSeconds(1)), 10);

        assertThat(transport.starts)
                .extracting(start -> start.intended().toMillis())
                .containsExactly(0L, 1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L, 9L);
        assertThat(transport.starts)
                .extracting(start -> start.started().toMillis())
                .containsExactly(0L, 1L, 2L, 7L, 7L, 7L, 7L, 7L, 8L, 9L);
    }

    @Test
    void anOpenLoopDoesNotWaitForAnswers() {
        takes = exchange -> ofSeconds(2);
        var transport = run(new Load(PER_MILLISECOND, 0, 100, 0, null, ofSeconds(10)), 100);

        assertThat(transport.mostInFlight).isEqualTo(100);
        assertThat(transport.starts.getLast().started()).isEqualTo(ofMillis(99));
    }

    @Test
    void inAnOpenLoopRequestsInFlightTogetherHaveSessionsOfTheirOwnWhichLaterOnesTakeOver() {
        takes = exchange -> ofMillis(2).plusNanos(500_000);
        var transport = run(new Load(PER_MILLISECOND, 0, 7, 0, null, ofSeconds(10)), 7);

        assertThat(transport.starts)
                .extracting(ScriptedTransport.Start::session)
                .containsExactly(0, 1, 2, 0, 1, 2, 0);
    }

    @Test
    void aLimitOfAnOpenLoopHoldsRequestsBackAndShowsInTheirStart() {
        takes = exchange -> ofMillis(100);
        var transport = run(new Load(PER_MILLISECOND, 2, 4, 0, null, ofSeconds(10)), 4);

        assertThat(transport.mostInFlight).isEqualTo(2);
        assertThat(transport.starts.get(2)).isEqualTo(new ScriptedTransport.Start(2, ofMillis(2), ofMillis(100), 0));
    }

    @Test
    void whatALimitHoldsBackUntilTheTimeIsOverIsNotSentAndThatIsKnown() {
        takes = exchange -> ofMillis(100);
        var transport = run(new Load(PER_MILLISECOND, 1, 0, 0, ofMillis(350), ofSeconds(10)), 1_000);

        assertThat(transport.starts).hasSize(4);
        assertThat(loop().wasHeldBackToTheEnd()).isTrue();
    }

    @Test
    void whatIsDueInTimeGoesOutHoweverLate() {
        takes = exchange -> {
            if (exchange.number() == 5) {
                clock.advance(ofMillis(100));
            }
            return ofMillis(1);
        };
        var load = new Load(PER_MILLISECOND, 0, 0, 0, ofMillis(50), ofSeconds(10));
        offer(load, 1_000);
        var each = new LoadLoop(clock, load, 0, 1, ready, allowance, warmupEnd(load), inFlight, answering);
        each.endBefore(load.due());
        var transport = transport(each);
        each.run(transport, 0);

        assertThat(transport.starts).hasSize(50);
        assertThat(transport.starts.getLast().intended()).isEqualTo(ofMillis(49));
        assertThat(each.wasHeldBackToTheEnd()).isFalse();
    }

    @Test
    void aRandomScheduleIsKeptAsCloselyAsTheThreadLooks() {
        var schedule = new ArrivalSchedule.Paced(RateCourse.constant(1_000), new Gaps.Exponential(3));
        var transport = run(new Load(schedule, 0, 500, 0, null, ofSeconds(1)), 500);

        var due = schedule.due();
        assertThat(transport.starts).hasSize(500).allSatisfy(start -> {
            assertThat(start.intended()).isEqualTo(Duration.ofNanos(due.nextAfterNs()));
            assertThat(start.started().minus(start.intended()).toNanos()).isBetween(0L, ScriptedTransport.LOOK_NS);
        });
    }

    @Test
    void aDurationCountsFromTheFirstMeasuredRequest() {
        var transport = run(new Load(null, 1, 0, 3, ofMillis(50), ofSeconds(1)), 100);

        // Three for warm-up, then one every 10 ms for 50 ms.
        assertThat(transport.starts).hasSize(8);
        assertThat(transport.starts.getLast().started()).isEqualTo(ofMillis(70));
    }

    @Test
    void whatIsDueInATimeOfWarmupIsLeftOutAndNothingWaitsAtItsEnd() {
        var load = load(null, 2, 0, new Warmup.Time(ofMillis(35)), ofMillis(50));
        var transport = run(load, 100);

        // Two users, each answered after 10 ms: both go on at 40 ms as at any other time, until 85 ms.
        assertThat(transport.starts)
                .hasSize(18)
                .extracting(start -> start.started().toMillis())
                .containsExactly(
                        0L, 0L, 10L, 10L, 20L, 20L, 30L, 30L, 40L, 40L, 50L, 50L, 60L, 60L, 70L, 70L, 80L, 80L);
        assertThat(measured).containsExactly(8L, 9L, 10L, 11L, 12L, 13L, 14L, 15L, 16L, 17L);
        assertThat(inFlight.live().mean()).isCloseTo(2, within(1e-9));
    }

    @Test
    void aNumberOfRequestsCountsFromTheEndOfATimeOfWarmup() {
        run(load(null, 2, 5, new Warmup.Time(ofMillis(35)), null), 100);

        assertThat(measured).containsExactly(8L, 9L, 10L, 11L, 12L);
    }

    @Test
    void inAnOpenLoopTheScheduleTellsWhatIsWarmup() {
        takes = exchange -> ofMillis(500);
        var load = load(PER_MILLISECOND, 0, 0, new Warmup.Time(ofMillis(30)), ofMillis(20));
        assertThat(load.due()).isEqualTo(50);
        var transport = run(load, 100);

        assertThat(transport.starts)
                .hasSize(50)
                .allSatisfy(start -> assertThat(start.started()).isEqualTo(start.intended()));
        assertThat(measured).hasSize(20).startsWith(30L).endsWith(49L);
        assertThat(load(PER_MILLISECOND, 0, 7, new Warmup.Time(ofMillis(30)), null)
                        .due())
                .isEqualTo(37);
    }

    @Test
    void everyThreadMeasuresItsShareFromTheSameInstantOn() {
        var load = load(null, 4, 5, new Warmup.Time(ofMillis(35)), null);
        var second = new LoadLoop(clock, load, 1, 2, ready, allowance, warmupEnd(load), inFlight, answering);
        for (int number = 1; number < 100; number += 2) {
            ready.offer(ScriptedExchange.planned(number));
        }
        var transport = transport(second);
        second.run(transport, 0);

        // Of five requests the first thread takes three.
        assertThat(measured).containsExactly(17L, 19L);
        assertThat(transport.starts.getLast().started()).isEqualTo(ofMillis(40));
    }

    @Test
    void whoSeesThatItIsEnoughEndsTheWarmup() {
        takes = exchange -> {
            if (exchange.number() == 20) {
                warmupEnd().endAt(clock.nowNs() + 1);
            }
            return ofMillis(10);
        };
        var transport = run(load(PER_MILLISECOND, 0, 0, new Warmup.UntilSteady(ofSeconds(60)), ofMillis(20)), 100);

        assertThat(measured).hasSize(20).startsWith(21L).endsWith(40L);
        assertThat(transport.starts).hasSize(41);
    }

    @Test
    void aWarmupThatNobodyEndsIsOverAfterItsLongestTime() {
        var load = load(PER_MILLISECOND, 0, 5, new Warmup.UntilSteady(ofMillis(30)), null);
        run(load, 100);
        warmupEnd().endAt(ofMillis(40).toNanos());

        assertThat(measured).containsExactly(30L, 31L, 32L, 33L, 34L);
        assertThat(warmupEnd().afterNs()).isEqualTo(ofMillis(30).toNanos());
    }

    @Test
    void lagIsCountedFromTheEndOfTheWarmupThoughNothingIsStartedThen() {
        takes = exchange -> ofSeconds(3);
        run(load(null, 1, 1, new Warmup.Time(ofSeconds(1)), null), 2);

        assertThat(loop().lag().watchedNs()).isGreaterThan(ofSeconds(4).toNanos());
    }

    @Test
    void whatOutlastsTheLoadIsCancelledAfterTheDrain() {
        takes = exchange -> ofHours(1);
        var transport = run(new Load(null, 2, 2, 0, null, ofSeconds(5)), 2);

        assertThat(transport.cancelled).containsExactly("still running 5 s after the load's last request");
        assertThat(clock.nowNs()).isBetween(5_000_000_000L, 5_100_000_000L);
    }

    @Test
    void aStopEndsTheLoadAndCancelsWhatIsInFlight() {
        takes = exchange -> {
            if (exchange.number() == 3) {
                loop().stop("interrupted");
            }
            return exchange.number() < 2 ? ofMillis(10) : ofHours(1);
        };
        var transport = run(new Load(null, 2, 1_000, 0, null, ofSeconds(5)), 1_000);

        assertThat(transport.cancelled).containsExactly("interrupted");
        assertThat(transport.starts).hasSize(4);
    }

    @Test
    void aFeederThatIsBehindIsCountedAndNothingIsSkipped() {
        var load = new Load(PER_MILLISECOND, 0, 3, 0, null, ofSeconds(5));
        var hungry = new LoadLoop(clock, load, 0, 1, ready, allowance, warmupEnd(load), inFlight, answering);
        var feeding = new ScriptedTransport(clock, new FlightLog(clock, 64, 16), hungry, exchange -> ofMillis(1)) {
            @Override
            public long poll(long untilAtNs) {
                long waitedNs = super.poll(untilAtNs);
                if (clock.nowNs() >= 20_000_000 && starts.isEmpty()) {
                    offer(load, 3);
                }
                return waitedNs;
            }
        };
        hungry.run(feeding, 0);

        assertThat(hungry.starved()).isEqualTo(1);
        assertThat(feeding.starts)
                .hasSize(3)
                .first()
                .isEqualTo(new ScriptedTransport.Start(0, ofMillis(0), ofMillis(20), 0));
    }

    @Test
    void whatIsNotAllowedIsNotStartedAndWhatIsInFlightMayFinish() {
        allowance.allow(4);
        var transport = run(new Load(null, 3, 100, 0, null, ofSeconds(1)), 100);

        assertThat(transport.starts).hasSize(4);
        assertThat(transport.cancelled).isEmpty();
        assertThat(allowance.refused()).isTrue();
    }

    @Test
    void anAllowanceThatRisesInTimeRefusesNothing() {
        allowance.allow(1);
        takes = exchange -> {
            allowance.allow(exchange.number() + 2);
            return ofMillis(10);
        };
        var transport = run(new Load(null, 1, 20, 0, null, ofSeconds(1)), 20);

        assertThat(transport.starts).hasSize(20);
        assertThat(allowance.refused()).isFalse();
    }

    @Test
    void aRefusalIsTheLastWordWhateverIsAllowedLater() {
        allowance.allow(2);
        takes = exchange -> ofMillis(10 * (exchange.number() + 1));
        var load = new Load(null, 2, 10, 0, null, ofSeconds(1));
        offer(load, 10);
        var each = new LoadLoop(clock, load, 0, 1, ready, allowance, warmupEnd(load), inFlight, answering);
        var generous =
                new ScriptedTransport(clock, new FlightLog(clock, 64, 16), each, exchange -> takes.apply(exchange)) {
                    @Override
                    public long poll(long untilAtNs) {
                        long waitedNs = super.poll(untilAtNs);
                        if (allowance.refused()) {
                            allowance.allow(10);
                        }
                        return waitedNs;
                    }
                };
        each.run(generous, 0);

        assertThat(generous.starts).hasSize(2);
    }

    @Test
    void waitingForAnswersIsNoLagOfTheLoop() {
        run(new Load(PER_MILLISECOND, 0, 100, 0, null, ofSeconds(1)), 100);

        assertThat(loop().lag().longestNs()).isZero();
        assertThat(loop().lag().watchedNs()).isGreaterThan(ofMillis(99).toNanos());
    }

    @Test
    void aSleepInsideTheLoopIsAPauseWithItsInstant() {
        takes = exchange -> {
            if (exchange.number() == 50) {
                clock.advance(ofMillis(100));
            }
            return ofMillis(1);
        };
        run(new Load(PER_MILLISECOND, 0, 200, 0, null, ofSeconds(1)), 200);

        assertThat(loop().lag().shown())
                .containsExactly(new LoopLag.Pause(
                        0,
                        ofMillis(150).toNanos() + ScriptedTransport.LOOK_NS,
                        ofMillis(100).toNanos()));
    }

    @Test
    void comingBackLaterThanMeantIsLag() {
        var load = new Load(PER_MILLISECOND, 0, 10, 0, null, ofSeconds(5));
        offer(load, 10);
        var each = new LoadLoop(clock, load, 0, 1, ready, allowance, warmupEnd(load), inFlight, answering);
        var oversleeping = new ScriptedTransport(clock, new FlightLog(clock, 64, 16), each, exchange -> ofHours(1)) {
            @Override
            public long poll(long untilAtNs) {
                long waitedNs = super.poll(untilAtNs);
                clock.advance(Duration.ofNanos(60_000));
                return waitedNs;
            }
        };
        each.run(oversleeping, 0);

        assertThat(each.lag().longestNs()).isEqualTo(60_000);
    }

    @Test
    void lagBeforeTheFirstMeasuredRequestIsNotCounted() {
        takes = exchange -> {
            if (exchange.isWarmup()) {
                clock.advance(ofMillis(20));
            }
            return ofMillis(1);
        };
        run(new Load(null, 1, 10, 2, null, ofSeconds(1)), 12);

        assertThat(loop().lag().pauses()).isZero();
    }

    @Test
    void everyThreadTakesItsShareOfUsersAndOfNumbers() {
        var load = new Load(null, 5, 10, 0, null, ofSeconds(1));
        assertThat(load.share(0, 2).concurrency()).isEqualTo(3);
        assertThat(load.share(1, 2).concurrency()).isEqualTo(2);

        var second = new LoadLoop(clock, load, 1, 2, ready, allowance, warmupEnd(load), inFlight, answering);
        for (int number = 1; number < 10; number += 2) {
            ready.offer(ScriptedExchange.planned(number));
        }
        var transport = transport(second);
        second.run(transport, 0);

        assertThat(transport.starts).extracting(ScriptedTransport.Start::number).containsExactly(1L, 3L, 5L, 7L, 9L);
        assertThat(transport.mostInFlight).isEqualTo(2);
    }

    private ScriptedTransport run(Load load, int offered) {
        offer(load, offered);
        var each = new LoadLoop(clock, load, 0, 1, ready, allowance, warmupEnd(load), inFlight, answering);
        if (load.endsBySchedule() && load.arrivals() != null) {
            each.endBefore(load.due());
        }
        loop = each;
        var transport = transport(each);
        each.run(transport, 0);
        assertThat(each.inFlight()).isZero();
        return transport;
    }

    /// As the feeder does.
    private void offer(Load load, int count) {
        var timetable = new Timetable(load);
        ThinkTime think = load.thinkTime();
        LongSupplier thinksNs = think == null ? () -> 0 : think.drawn();
        for (int number = 0; number < count; number++) {
            long dueAfterNs = timetable.nextAfterNs();
            if (dueAfterNs != ArrivalSchedule.NONE) {
                Exchange exchange = ScriptedExchange.planned(number);
                exchange.planned(dueAfterNs, thinksNs.getAsLong());
                ready.offer(exchange);
            }
        }
    }

    private ScriptedTransport transport(LoadLoop listener) {
        return new ScriptedTransport(clock, new FlightLog(clock, 1 << 14, 16), listener, exchange -> {
            if (!exchange.isWarmup()) {
                measured.add(exchange.number());
            }
            return takes.apply(exchange);
        });
    }

    private static Load load(
            @Nullable ArrivalSchedule arrivals,
            int concurrency,
            long requests,
            Warmup warmup,
            @Nullable Duration duration) {
        return new Load(arrivals, concurrency, null, requests, warmup, duration, ofSeconds(5));
    }

    private WarmupEnd warmupEnd(Load load) {
        warmupEnd = new WarmupEnd(load.warmup());
        return warmupEnd;
    }

    private WarmupEnd warmupEnd() {
        if (warmupEnd == null) {
            throw new IllegalStateException("no loop is running");
        }
        return warmupEnd;
    }

    private LoadLoop loop() {
        if (loop == null) {
            throw new IllegalStateException("no loop is running");
        }
        return loop;
    }

    private static ScriptedTransport.Start started(long number, long atMillis, int user) {
        return new ScriptedTransport.Start(number, ofMillis(atMillis), ofMillis(atMillis), user);
    }
}
