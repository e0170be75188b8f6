package dev.latencylens.cli;

import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.latencylens.exchange.Outcome;
import dev.latencylens.load.ArrivalSchedule;
import dev.latencylens.load.Load;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class CircuitBreakTest {
    private static final Outcome COMPLETED = new Outcome(Outcome.Kind.COMPLETED, "");
    private static final Outcome OVERLOADED = new Outcome(Outcome.Kind.HTTP_ERROR, "HTTP 503: overloaded");
    private static final Outcome NO_KEY = new Outcome(Outcome.Kind.HTTP_ERROR, "HTTP 401: no such key");
    private static final Outcome CANCELLED = new Outcome(Outcome.Kind.CANCELLED, "interrupted");

    private final List<String> ends = new ArrayList<>();
    private long nowNs = -5_000_000_000L;

    @Test
    void aRunInWhichNothingSucceedsAnyMoreEndsOnce() {
        var circuit = circuit(new CircuitBreak.Limit(7, Duration.ZERO));
        see(circuit, 1, COMPLETED);
        see(circuit, 6, OVERLOADED);
        see(circuit, 1, COMPLETED);
        see(circuit, 6, OVERLOADED);
        assertThat(ends).isEmpty();

        see(circuit, 3, OVERLOADED);
        assertThat(ends).containsExactly("the last 7 requests all failed");
        assertThat(circuit.isBroken()).isTrue();
    }

    @Test
    void whatEndsAfterwardsDoesNotChangeHowManyFailuresEndedTheRun() {
        var circuit = circuit(new CircuitBreak.Limit(7, Duration.ZERO));
        see(circuit, 1, COMPLETED);
        see(circuit, 8, OVERLOADED);
        assertThat(circuit.inARow()).isEqualTo(7);

        see(circuit, 1, COMPLETED);
        assertThat(circuit.inARow()).isEqualTo(7);
    }

    @Test
    void aRunThatBeginsAlikeAndForGoodEndsSooner() {
        var circuit = circuit(new CircuitBreak.Limit(100, Duration.ZERO));
        see(circuit, CircuitBreak.ENOUGH, NO_KEY);

        assertThat(ends).containsExactly("the first requests all failed alike");
        assertThat(circuit.always()).contains(NO_KEY);
    }

    @Test
    void whatMayPassIsGivenMoreTime() {
        var circuit = circuit(new CircuitBreak.Limit(100, Duration.ZERO));
        see(circuit, 99, OVERLOADED);
        assertThat(ends).isEmpty();

        see(circuit, 1, OVERLOADED);
        assertThat(ends).containsExactly("the last 100 requests all failed");
    }

    @Test
    void anOutageOfAnOpenLoopMustLastToo() {
        var circuit = circuit(
                CircuitBreak.Limit.usual(new Load(ArrivalSchedule.constant(1_000), 0, 10, 0, null, ofSeconds(1))));
        see(circuit, 1, COMPLETED);
        see(circuit, 9_000, OVERLOADED);
        assertThat(ends).isEmpty();

        nowNs += ofSeconds(10).toNanos();
        see(circuit, 1, OVERLOADED);
        assertThat(ends).containsExactly("the last 9001 requests all failed");
    }

    @Test
    void moreThanIsInFlightMustFailBeforeItIsTakenForTheRule() {
        assertThat(CircuitBreak.Limit.usual(new Load(null, 16, 10, 0, null, ofSeconds(1))))
                .isEqualTo(new CircuitBreak.Limit(100, Duration.ZERO));
        assertThat(CircuitBreak.Limit.usual(new Load(null, 300, 10, 0, null, ofSeconds(1))))
                .isEqualTo(new CircuitBreak.Limit(600, Duration.ZERO));
    }

    @Test
    void withoutALimitNothingEndsTheRun() {
        var circuit = circuit(new CircuitBreak.Limit(0, Duration.ZERO));
        see(circuit, 1_000, NO_KEY);

        assertThat(ends).isEmpty();
        assertThat(circuit.inARow()).isEqualTo(1_000);
    }

    @Test
    void whatSomebodyCancelledIsNoFailure() {
        var circuit = circuit(new CircuitBreak.Limit(7, Duration.ZERO));
        see(circuit, 1, COMPLETED);
        see(circuit, 50, CANCELLED);

        assertThat(ends).isEmpty();
    }

    private CircuitBreak circuit(CircuitBreak.Limit limit) {
        return new CircuitBreak(limit, () -> nowNs, ends::add);
    }

    private static void see(CircuitBreak circuit, int times, Outcome outcome) {
        for (int i = 0; i < times; i++) {
            circuit.see(outcome);
        }
    }
}
