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
import dev.latencylens.exchange.ScriptedExchange;
import dev.latencylens.exchange.Transport;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// An I/O thread whose exchanges fail, beside an interpreter that decides on them.
class SequelsTest {
    private static final EncodedRequest NO_BYTES = new EncodedRequest(new byte[0], new byte[0], new byte[0]);

    private final FakeClock clock = new FakeClock(0);
    private final ReadyQueue ready = new ReadyQueue(64);
    private @Nullable LoadLoop loop;
    /// Whether an attempt fails; an exchange that does not is accepted.
    private Predicate<Exchange> fails = exchange -> exchange.attempt() == 1;
    /// Whether one that failed is tried again, 100 ms later.
    private Predicate<Exchange> triesAgain = exchange -> true;

    @Test
    void theUserOfAFailedRequestWaitsForItsRetry() {
        fails = exchange -> exchange.number() == 0 && exchange.attempt() == 1;
        var transport = run(new Load(null, 1, 2, 0, null, ofSeconds(1)), 2);

        assertThat(transport.starts).containsExactly(start(0, 0, 0), start(0, 0, 110), start(1, 120, 120));
    }

    @Test
    void otherUsersGoOnMeanwhile() {
        fails = exchange -> exchange.number() == 0 && exchange.attempt() == 1;
        var transport = run(new Load(null, 2, 5, 0, null, ofSeconds(1)), 5);

        assertThat(transport.starts)
                .extracting(ScriptedTransport.Start::number)
                .containsExactly(0L, 1L, 2L, 3L, 4L, 0L);
    }

    @Test
    void aRunDoesNotEndWhileARetryIsToCome() {
        var load = new Load(ArrivalSchedule.constant(1_000), 0, 3, 0, null, ofMillis(20));
        var transport = run(load, 3);

        assertThat(transport.starts).hasSize(6);
        assertThat(transport.cancelled).isEmpty();
        assertThat(transport.starts.getLast().intended()).isEqualTo(ofMillis(2));
        assertThat(transport.starts.getLast().started().toMillis()).isEqualTo(112);
    }

    @Test
    void theUserOfARequestThatIsGivenUpGoesOnAtOnce() {
        fails = exchange -> true;
        triesAgain = exchange -> false;
        var transport = run(new Load(null, 1, 3, 0, null, ofSeconds(1)), 3);

        assertThat(transport.starts).hasSize(3);
        assertThat(transport.starts.getLast().started()).isLessThan(ofMillis(22));
    }

    @Test
    void aRetryWaitsForRoomBelowTheLimitOfAnOpenLoop() {
        fails = exchange -> exchange.attempt() == 1 && exchange.number() < 4;
        var transport = run(new Load(ArrivalSchedule.constant(1_000), 2, 8, 0, null, ofSeconds(1)), 8);

        assertThat(transport.starts).hasSize(12);
        assertThat(transport.mostInFlight).isEqualTo(2);
    }

    @Test
    void whoStopsARunWantsNoRetryEither() {
        triesAgain = exchange -> {
            Objects.requireNonNull(loop).stop("interrupted");
            return true;
        };
        var transport = run(new Load(null, 1, 5, 0, null, ofSeconds(1)), 5);

        assertThat(transport.starts).hasSize(1);
    }

    private ScriptedTransport run(Load load, int offered) {
        var timetable = new Timetable(load);
        for (int number = 0; number < offered; number++) {
            Exchange exchange = ScriptedExchange.planned(number);
            exchange.planned(timetable.nextAfterNs(), 0);
            ready.offer(exchange);
        }
        var each = ScriptedTransport.loopAlone(clock, load, ready);
        loop = each;
        each.tryAgain();
        Transport.Listener interpreted = exchange -> {
            if (!fails.test(exchange)) {
                exchange.accepted();
            }
            each.ended(exchange);
            each.decided(exchange, triesAgain.test(exchange) ? retry(exchange) : null);
        };
        var transport =
                new ScriptedTransport(clock, new FlightLog(clock, 1 << 10, 16), interpreted, exchange -> ofMillis(10));
        each.run(transport, 0);
        assertThat(each.inFlight()).isZero();
        return transport;
    }

    private Exchange retry(Exchange failed) {
        long waitNs = 100_000_000;
        var after = new Outcome(Outcome.Kind.RATE_LIMITED, "");
        return failed.again(
                NO_BYTES,
                new Retry(failed.attempt() + 1, failed.id(), after, 0, clock.nowNs() + waitNs, waitNs, "backoff"));
    }

    private static ScriptedTransport.Start start(long number, long intendedMillis, long startedMillis) {
        return new ScriptedTransport.Start(number, ofMillis(intendedMillis), Duration.ofMillis(startedMillis), 0);
    }
}
