package dev.latencylens.load;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.latencylens.clock.FakeClock;
import dev.latencylens.exchange.EncodedRequest;
import dev.latencylens.exchange.Exchange;
import dev.latencylens.exchange.FlightLog;
import dev.latencylens.exchange.Outcome;
import dev.latencylens.exchange.Retry;
import dev.latencylens.exchange.ScriptedExchange;
import dev.latencylens.exchange.Transport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Predicate;
import java.util.function.ToLongFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// An I/O thread that may start only so much in a minute. Minutes pass on a clock that nobody waits for.
class ThrottleTest {
    private static final EncodedRequest NO_BYTES = new EncodedRequest(new byte[0], new byte[0], new byte[0]);
    private static final Duration STEP = Duration.ofNanos(MinuteWindow.SLOT_NS);
    private static final Duration DRAIN = ofMinutes(60);

    private final FakeClock clock = new FakeClock(0);
    private final List<Sent> sent = Collections.synchronizedList(new ArrayList<>());
    private Duration takes = ofMillis(10);
    /// What this client needs between deciding to start a request and its start.
    private ToLongFunction<Exchange> delaysNs = _ -> 0;

    private ToLongFunction<Exchange> reserves = _ -> 0;
    private ToLongFunction<Exchange> uses = Exchange::reservedTokens;
    private Predicate<Exchange> fails = _ -> false;

    private record Sent(Exchange exchange, Duration due, Duration at, long tokens) {
        Duration throttle() {
            return Duration.ofNanos(exchange.throttleNs());
        }
    }

    static Stream<Load> loads() {
        return Stream.of(
                new Load(null, 50, 400, 0, null, DRAIN),
                new Load(
                        null,
                        50,
                        new ThinkTime("9s", new ThinkTime.Constant(9_000_000_000L), 1),
                        400,
                        new Warmup.Requests(0),
                        null,
                        DRAIN),
                new Load(ArrivalSchedule.constant(3), 0, 400, 0, null, DRAIN),
                new Load(
                        new ArrivalSchedule.Paced(RateCourse.constant(1.1), new Gaps.Gamma(0.2, 3)),
                        0,
                        400,
                        0,
                        null,
                        DRAIN),
                new Load(new ArrivalSchedule.Bursts(100, ofSeconds(67)), 0, 400, 0, null, DRAIN));
    }

    @ParameterizedTest
    @MethodSource("loads")
    void inNoMinuteWhereverItBeginsDoMoreRequestsStartThanAllowedHoweverLateThisClientIs(Load load) {
        var random = new SplittableRandom(7);
        delaysNs = _ -> random.nextInt(10) == 0 ? random.nextLong(3_000_000_000L) : random.nextLong(100_000);
        run(load, new RateLimits(61, 0));

        assertThat(sent).hasSize(400);
        for (int i = 61; i < sent.size(); i++) {
            assertThat(sent.get(i).at().minus(sent.get(i - 61).at())).isGreaterThanOrEqualTo(ofMinutes(1));
        }
    }

    @Test
    void whatIsAllowedIsUsed() {
        run(new Load(null, 50, 601, 0, null, DRAIN), new RateLimits(60, 0));

        assertThat(sent.getLast().at()).isBetween(ofMinutes(10), ofMinutes(10).plus(ofMillis(20)));
    }

    @Test
    void aLimitIsAPaceFromTheFirstRequestOnAndNoBurst() {
        run(new Load(null, 50, 50, 0, null, DRAIN), new RateLimits(60, 0));

        for (int i = 0; i < sent.size(); i++) {
            assertThat(sent.get(i).at()).isBetween(ofSeconds(i), ofSeconds(i).plus(STEP));
        }
    }

    @Test
    void whatAMinuteLeftUnusedMayStartAtOnceAndNoMore() {
        var afterNs = new ArrayList<Long>();
        afterNs.add(0L);
        for (int i = 0; i < 100; i++) {
            afterNs.add(ofMinutes(2).toNanos());
        }
        run(new Load(new ArrivalSchedule.Replayed(afterNs), 0, 0, 0, null, DRAIN), new RateLimits(60, 0));

        assertThat(sent.stream().filter(each -> each.at().compareTo(ofSeconds(121)) < 0))
                .hasSize(61);
        assertThat(sent.get(61).at()).isBetween(ofMinutes(3), ofMinutes(3).plus(ofMillis(2)));
        assertThat(sent.get(60).throttle()).isZero();
        assertThat(sent.get(61).throttle()).isBetween(ofMinutes(1), ofMinutes(1).plus(STEP.multipliedBy(2)));
    }

    @Test
    void anOpenLoopKeepsItsInstantsAndSaysHowLongTheLimitHeldBack() {
        run(new Load(ArrivalSchedule.constant(2), 0, 30, 0, null, DRAIN), new RateLimits(60, 0));

        for (int i = 0; i < sent.size(); i++) {
            Sent each = sent.get(i);
            assertThat(each.due()).isEqualTo(ofMillis(500L * i));
            assertThat(each.throttle())
                    .isBetween(ofMillis(500L * i), ofMillis(500L * i).plus(STEP));
            assertThat(each.at().minus(each.due()).minus(each.throttle())).isLessThan(Duration.ofNanos(3_000));
        }
    }

    @Test
    void whatThisClientIsLateIsNoThrottleTime() {
        delaysNs = exchange -> exchange.number() == 5 ? 700_000_000 : 0;
        run(new Load(ArrivalSchedule.constant(0.5), 0, 20, 0, null, DRAIN), new RateLimits(60, 0));

        assertThat(sent).allSatisfy(each -> assertThat(each.throttle()).isZero());
        assertThat(sent.get(5).at().minus(sent.get(5).due())).isGreaterThan(ofMillis(699));
    }

    @Test
    void aWakeUpThatIsLateIsNoThrottleTime() {
        delaysNs = _ -> 40_000_000;
        run(new Load(ArrivalSchedule.constant(2), 0, 20, 0, null, DRAIN), new RateLimits(60, 0));

        assertThat(sent)
                .allSatisfy(each -> assertThat(each.at().minus(each.due()).minus(each.throttle()))
                        .isBetween(ofMillis(40), ofMillis(41)));
    }

    @Test
    void usersOfAClosedLoopAreDueAtTheirTurnAndHeld() {
        takes = ofMillis(250);
        run(new Load(null, 1, 10, 0, null, DRAIN), new RateLimits(60, 0));

        for (int i = 1; i < sent.size(); i++) {
            Sent each = sent.get(i);
            assertThat(each.due()).isEqualTo(sent.get(i - 1).at().plus(ofMillis(250)));
            assertThat(each.throttle()).isBetween(ofMillis(749), ofMillis(751));
        }
    }

    @Test
    void withoutNeedOfItALimitHoldsNothingBack() {
        run(new Load(null, 1, 100, 0, null, DRAIN), new RateLimits(1_000_000, 0));

        assertThat(sent)
                .hasSize(100)
                .allSatisfy(each -> assertThat(each.throttle()).isZero());
    }

    @Test
    void inNoMinuteAreMoreTokensReservedOrUsedThanAllowed() {
        var random = new SplittableRandom(3);
        takes = ofSeconds(7);
        reserves = exchange -> 100 + exchange.number() * 37 % 300;
        uses = exchange -> random.nextLong(exchange.reservedTokens());
        run(new Load(null, 40, 600, 0, null, DRAIN), new RateLimits(0, 6_000));

        assertThat(sent).hasSize(600);
        for (int first = 0; first < sent.size(); first++) {
            long tokens = 0;
            for (int i = first; i < sent.size(); i++) {
                if (sent.get(i).at().minus(sent.get(first).at()).compareTo(ofMinutes(1)) >= 0) {
                    break;
                }
                tokens += sent.get(i).exchange().usedTokens();
            }
            assertThat(tokens).isLessThanOrEqualTo(6_000);
        }
    }

    @Test
    void tokensThatWereReservedAndNotUsedLetOthersStart() {
        reserves = _ -> 1_000;
        uses = _ -> 100;
        run(new Load(null, 4, 300, 0, null, DRAIN), new RateLimits(0, 6_000));

        // 60 of 100 tokens a minute fit, and 6 of 1,000.
        assertThat(sent.getLast().at()).isLessThan(ofMinutes(6));
        assertThat(sent.getLast().at()).isGreaterThan(ofMinutes(4));
    }

    @Test
    void answersLongerThanReservedForCountAsLongAsTheyWere() {
        reserves = _ -> 100;
        uses = _ -> 200;
        run(new Load(null, 1, 61, 0, null, DRAIN), new RateLimits(0, 6_000));

        assertThat(sent.getLast().at()).isGreaterThan(ofSeconds(100));
    }

    @Test
    void theTighterOfTwoLimitsCounts() {
        reserves = _ -> 1_000;
        run(new Load(null, 4, 12, 0, null, DRAIN), new RateLimits(60, 6_000));

        assertThat(sent.get(11).at()).isBetween(ofSeconds(110), ofSeconds(121));
    }

    @Test
    void retriesUseTheLimitTooAndGoFirst() {
        fails = exchange -> exchange.attempt() == 1 && exchange.number() < 5;
        run(new Load(ArrivalSchedule.constant(1), 0, 20, 0, null, DRAIN), new RateLimits(60, 0));

        assertThat(sent).hasSize(25);
        for (int i = 1; i < sent.size(); i++) {
            assertThat(sent.get(i).at().minus(sent.get(i - 1).at())).isGreaterThan(ofMillis(998));
        }
        assertThat(sent.stream().filter(each -> each.exchange().attempt() == 2))
                .hasSize(5)
                .allSatisfy(each -> assertThat(each.throttle()).isPositive());
    }

    @Test
    void whatTheLimitHeldBackWhenTheTimeWasOverIsNotSent() {
        var loop = run(new Load(ArrivalSchedule.constant(10), 0, 0, 0, ofSeconds(30), DRAIN), new RateLimits(60, 0));

        assertThat(sent).hasSize(30);
        assertThat(loop.wasHeldBackToTheEnd()).isTrue();
    }

    @Test
    void threadsShareALimitAndNoneIsLost() {
        assertThat(new RateLimits(61, 100).share(0, 3)).isEqualTo(new RateLimits(21, 34));
        assertThat(new RateLimits(61, 100).share(1, 3)).isEqualTo(new RateLimits(20, 33));
        assertThat(new RateLimits(61, 100).share(2, 3)).isEqualTo(new RateLimits(20, 33));
        assertThat(new RateLimits(0, 100).share(2, 3).requestsPerMinute()).isZero();
    }

    private LoadLoop run(Load load, RateLimits limits) {
        var timetable = new Timetable(load);
        var ready = new ReadyQueue(1 << 10);
        ThinkTime think = load.thinkTime();
        long thinkNs = think == null ? 0 : think.drawn().getAsLong();
        long count = load.arrivals() == null ? load.requests() : load.due();
        for (int number = 0; number < count; number++) {
            Exchange exchange = ScriptedExchange.planned(number);
            exchange.planned(timetable.nextAfterNs(), thinkNs);
            exchange.reserve(reserves.applyAsLong(exchange));
            ready.offer(exchange);
        }
        var loop = ScriptedTransport.loopAlone(clock, load, ready);
        loop.limit(limits);
        loop.tryAgain();
        if (load.arrivals() != null) {
            loop.endBefore(count);
        }
        Transport.Listener interpreted = exchange -> {
            boolean failed = fails.test(exchange);
            if (!failed) {
                exchange.accepted();
            }
            loop.ended(exchange);
            exchange.used(uses.applyAsLong(exchange));
            loop.settled(exchange);
            loop.decided(exchange, failed ? retry(exchange) : null);
        };
        var transport = new ScriptedTransport(clock, new FlightLog(clock, 1 << 12, 16), interpreted, _ -> takes) {
            @Override
            public long start(Exchange exchange) {
                clock.advance(Duration.ofNanos(delaysNs.applyAsLong(exchange)));
                Retry retry = exchange.retry();
                sent.add(new Sent(
                        exchange,
                        Duration.ofNanos(retry == null ? exchange.intendedAtNs() : retry.dueAtNs()),
                        Duration.ofNanos(clock.nowNs()),
                        exchange.reservedTokens()));
                return super.start(exchange);
            }
        };
        loop.run(transport, 0);
        return loop;
    }

    private Exchange retry(Exchange failed) {
        var after = new Outcome(Outcome.Kind.RATE_LIMITED, "");
        return failed.again(
                NO_BYTES, new Retry(failed.attempt() + 1, failed.id(), after, 0, clock.nowNs(), 0, "backoff"));
    }
}
