package dev.latencylens.load;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.latencylens.clock.FakeClock;
import dev.latencylens.exchange.EncodedRequest;
import dev.latencylens.exchange.Exchange;
import dev.latencylens.exchange.FlightLog;
import dev.latencylens.exchange.Outcome;
import dev.latencylens.exchange.Retry;
import dev.latencylens.exchange.Transport;
import dev.latencylens.exchange.Turn;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// An I/O thread whose exchanges are turns of conversations, beside an interpreter that says what follows each.
class ConversationsTest {
    private static final EncodedRequest NO_BYTES = new EncodedRequest(new byte[0], new byte[0], new byte[0]);
    private static final int TURNS = 3;
    private static final ThinkTime FIFTEEN = new ThinkTime("15ms", new ThinkTime.Constant(15_000_000), 1);

    private final FakeClock clock = new FakeClock(0);
    private final ReadyQueue ready = new ReadyQueue(64);
    private final List<Exchange> started = new ArrayList<>();
    private final Set<Long> talking = new HashSet<>();
    private final Map<Long, Integer> sessions = new HashMap<>();
    private @Nullable LoadLoop loop;
    private Predicate<Exchange> fails = exchange -> false;
    private Predicate<Exchange> triesAgain = exchange -> false;
    /// How long the interpreter takes to get round to an exchange that has ended.
    private Duration behind = Duration.ZERO;
    /// How many looks at the sockets the transport keeps an end to itself.
    private int heldFor;

    private int looks;

    @Test
    void aUserTakesTurnsThinksBetweenThemAndThenBeginsANewConversationAtOnce() {
        var transport = run(closed(1, FIFTEEN, 0, 2), 2);

        assertThat(transport.starts)
                .extracting(ScriptedTransport.Start::intended)
                .containsExactly(ofMillis(0), ofMillis(25), ofMillis(50), ofMillis(60), ofMillis(85), ofMillis(110));
        assertThat(turns()).containsExactly("0.1", "0.2", "0.3", "1.1", "1.2", "1.3");
        assertThat(started).extracting(Exchange::number).containsExactly(0L, 1L, 2L, 3L, 4L, 5L);
    }

    @Test
    void eachUserHasAConversationOfItsOwn() {
        var transport = run(closed(4, null, 0, 12), 12);

        assertThat(transport.starts).hasSize(36);
        assertThat(transport.mostInFlight).isEqualTo(4);
        assertThat(sessions).hasSize(12);
        assertThat(Set.copyOf(sessions.values())).containsExactlyInAnyOrder(0, 1, 2, 3);
    }

    @Test
    void theArrivalsOfAnOpenLoopAreBeginningsAndLaterTurnsComeAfterTheAnswerAndThinking() {
        var transport = run(open(ArrivalSchedule.constant(100), 0, FIFTEEN, 3, null), 3);

        assertThat(turns()).containsExactly("0.1", "1.1", "2.1", "0.2", "1.2", "2.2", "0.3", "1.3", "2.3");
        assertThat(transport.starts)
                .extracting(ScriptedTransport.Start::intended)
                .containsExactly(
                        ofMillis(0),
                        ofMillis(10),
                        ofMillis(20),
                        ofMillis(25),
                        ofMillis(35),
                        ofMillis(45),
                        ofMillis(50),
                        ofMillis(60),
                        ofMillis(70));
    }

    @Test
    void conversationsAtATimeHaveSessionsOfTheirOwnAndLaterOnesTakeThoseThatAreFree() {
        run(open(ArrivalSchedule.constant(50), 0, FIFTEEN, 8, null), 8);

        assertThat(sessions).hasSize(8);
        assertThat(Set.copyOf(sessions.values())).containsExactlyInAnyOrder(0, 1, 2);
    }

    @Test
    void theLimitOfAnOpenLoopHoldsTurnsBackToo() {
        var transport = run(open(ArrivalSchedule.constant(1_000), 2, null, 6, null), 6);

        assertThat(transport.starts).hasSize(18);
        assertThat(transport.mostInFlight).isEqualTo(2);
    }

    @Test
    void aTurnThatFailsEndsItsConversationAndItsUserBeginsAnother() {
        fails = exchange -> turn(exchange).conversation() == 0 && turn(exchange).number() == 2;
        run(closed(1, null, 0, 2), 2);

        assertThat(turns()).containsExactly("0.1", "0.2", "1.1", "1.2", "1.3");
    }

    @Test
    void aTurnThatSucceedsWithItsRetryGoesOn() {
        fails = exchange -> turn(exchange).number() == 2 && exchange.attempt() == 1;
        triesAgain = exchange -> true;
        run(closed(1, null, 0, 1), 1);

        assertThat(turns()).containsExactly("0.1", "0.2", "0.2", "0.3");
        assertThat(started).extracting(Exchange::number).containsExactly(0L, 1L, 1L, 2L);
    }

    @Test
    void aNumberOfRequestsIsReachedExactlyAndBreaksConversationsOff() {
        run(closed(2, null, 7, 0), 20);

        assertThat(started).hasSize(7);
    }

    @Test
    void noTurnIsStartedWhenTheTimeIsOverAndNobodyWaitsForAUserWhoThinks() {
        var hour =
                new ThinkTime("1h", new ThinkTime.Constant(Duration.ofHours(1).toNanos()), 1);
        var load = new Load(
                ArrivalSchedule.constant(100),
                0,
                hour,
                0,
                new Warmup.Requests(0),
                ofMillis(50),
                ofSeconds(1),
                conversations(0));
        run(load, 5);

        assertThat(turns()).containsExactly("0.1", "1.1", "2.1", "3.1", "4.1");
        assertThat(clock.nowNs()).isLessThan(Duration.ofSeconds(1).toNanos());
    }

    @Test
    void theFirstRequestsThatAreStartedAreForWarmUp() {
        run(new Load(null, 2, null, 0, new Warmup.Requests(4), null, ofSeconds(1), conversations(3)), 3);

        assertThat(started).hasSize(9);
        assertThat(started)
                .extracting(Exchange::isWarmup)
                .startsWith(true, true, true, true, false)
                .endsWith(false);
    }

    @Test
    void aTurnThatIsNotThereWhenItIsDueIsCounted() {
        behind = ofMillis(2);
        run(closed(1, null, 0, 2), 2);

        assertThat(Objects.requireNonNull(loop).starved()).isEqualTo(4);
    }

    @Test
    void aTurnThatIsThereInTimeIsNot() {
        behind = ofMillis(2);
        run(closed(2, FIFTEEN, 0, 4), 4);

        assertThat(Objects.requireNonNull(loop).starved()).isZero();
    }

    @Test
    void aWordThatComesBeforeTheTransportTellsOfTheEndWaitsForIt() {
        heldFor = 5;
        var transport = run(closed(1, FIFTEEN, 0, 1), 1);

        assertThat(transport.starts).hasSize(3);
        for (int turn = 1; turn < 3; turn++) {
            assertThat(started.get(turn).intendedAtNs())
                    .isEqualTo(started.get(turn - 1).endedAtNs() + 15_000_000);
        }
    }

    @Test
    void whatIsThoughtAfterATurnDependsOnTheSeedAndTheTurnAlone() {
        var think = new ThinkTime("exponential:1s", new ThinkTime.Exponential(1_000_000_000), 7);
        var again = new ThinkTime("exponential:1s", new ThinkTime.Exponential(1_000_000_000), 7);
        var other = new ThinkTime("exponential:1s", new ThinkTime.Exponential(1_000_000_000), 8);

        assertThat(think.afterNs(new Turn(5, 2, 9))).isEqualTo(again.afterNs(new Turn(5, 2, 4)));
        assertThat(Set.of(
                        think.afterNs(new Turn(5, 2, 9)),
                        think.afterNs(new Turn(5, 3, 9)),
                        think.afterNs(new Turn(6, 2, 9)),
                        other.afterNs(new Turn(5, 2, 9))))
                .hasSize(4);
    }

    private static Load closed(int users, @Nullable ThinkTime think, long requests, long conversations) {
        return new Load(
                null, users, think, requests, new Warmup.Requests(0), null, ofSeconds(1), conversations(conversations));
    }

    private static Load open(
            ArrivalSchedule arrivals, int limit, @Nullable ThinkTime think, long most, @Nullable Duration length) {
        return new Load(arrivals, limit, think, 0, new Warmup.Requests(0), length, ofSeconds(1), conversations(most));
    }

    private static Load.Conversations conversations(long most) {
        return new Load.Conversations(most);
    }

    private List<String> turns() {
        return started.stream()
                .map(exchange ->
                        turn(exchange).conversation() + "." + turn(exchange).number())
                .toList();
    }

    private static Turn turn(Exchange exchange) {
        return Objects.requireNonNull(exchange.turn());
    }

    private ScriptedTransport run(Load load, int offered) {
        var timetable = new Timetable(load);
        for (int conversation = 0; conversation < offered; conversation++) {
            var first = made(new Turn(conversation, 1, TURNS));
            first.planned(timetable.nextAfterNs(), load.thinkNs(turn(first)));
            ready.offer(first);
        }
        var each = ScriptedTransport.loopAlone(clock, load, ready);
        loop = each;
        if (load.conversations() != null && load.conversations().most() > 0) {
            each.endBefore(load.conversations().most());
        } else if (load.arrivals() != null) {
            each.endBefore(offered);
        }
        if (triesAgain.test(made(new Turn(0, 1, 1)))) {
            each.tryAgain();
        }
        var unread = new ArrayDeque<Exchange>();
        var held = new ArrayDeque<Exchange>();
        Transport.Listener interpreted = exchange -> {
            talking.remove(turn(exchange).conversation());
            if (!fails.test(exchange)) {
                exchange.accepted();
            }
            if (heldFor > 0) {
                held.add(exchange);
            } else {
                each.ended(exchange);
            }
            unread.add(exchange);
        };
        var transport = new ScriptedTransport(clock, new FlightLog(clock, 1 << 10, 16), interpreted, this::takes) {
            @Override
            public long poll(long untilAtNs) {
                long waitedNs = super.poll(untilAtNs);
                if (!held.isEmpty() && looks++ % heldFor == heldFor - 1) {
                    each.ended(held.remove());
                }
                while (!unread.isEmpty() && clock.nowNs() - unread.element().endedAtNs() >= behind.toNanos()) {
                    Exchange read = unread.remove();
                    each.decided(read, sequel(load, read));
                }
                return waitedNs;
            }
        };
        each.run(transport, 0);
        assertThat(each.inFlight()).isZero();
        return transport;
    }

    private Duration takes(Exchange exchange) {
        Turn turn = turn(exchange);
        started.add(exchange);
        assertThat(talking.add(turn.conversation()))
                .as("two requests of " + turn + " at a time")
                .isTrue();
        Integer before = sessions.putIfAbsent(turn.conversation(), exchange.session());
        assertThat(before == null ? exchange.session() : before)
                .as("the session of a conversation")
                .isEqualTo(exchange.session());
        return ofMillis(10);
    }

    private @Nullable Exchange sequel(Load load, Exchange ended) {
        if (fails.test(ended)) {
            return triesAgain.test(ended)
                    ? ended.again(
                            NO_BYTES,
                            new Retry(
                                    2,
                                    ended.id(),
                                    new Outcome(Outcome.Kind.RATE_LIMITED, ""),
                                    0,
                                    clock.nowNs(),
                                    0,
                                    "backoff"))
                    : null;
        }
        if (!ended.isContinued()) {
            return null;
        }
        var next = made(turn(ended).next());
        next.planned(0, load.thinkNs(turn(next)));
        return next;
    }

    private static Exchange made(Turn turn) {
        return new Exchange(turn, "lens-" + turn.conversation() + "t" + turn.number(), NO_BYTES, false);
    }
}
