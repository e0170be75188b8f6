package dev.latencylens.load;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latencylens.clock.FakeClock;
import dev.latencylens.exchange.Exchange;
import dev.latencylens.exchange.ExchangeResult;
import dev.latencylens.exchange.FlightLog;
import dev.latencylens.exchange.Interpreter;
import dev.latencylens.exchange.LineDialect;
import dev.latencylens.exchange.Moment;
import dev.latencylens.exchange.Outcome;
import dev.latencylens.exchange.ScriptedExchange;
import dev.latencylens.exchange.Transport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongFunction;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class LoadRunTest {
    private final FakeClock clock = new FakeClock(1_000);
    private final List<ExchangeResult> results = Collections.synchronizedList(new ArrayList<>());
    private final List<ScriptedTransport> transports = Collections.synchronizedList(new ArrayList<>());
    private Function<Exchange, Duration> takes = exchange -> ofMillis(10);
    private LongFunction<Exchange> exchanges = ScriptedExchange::planned;
    private Consumer<ExchangeResult> receiver = results::add;

    @Test
    void everyRequestComesToOneResult() throws InterruptedException {
        run(closedLoop(8, 5_000), 1);

        assertThat(results.stream().map(result -> result.exchange().number()))
                .hasSize(5_000)
                .doesNotHaveDuplicates();
    }

    @Test
    void threadsShareTheRequestsAndLoseNone() throws InterruptedException {
        var backlog = run(closedLoop(8, 5_001), 3);

        assertThat(results.stream().map(result -> result.exchange().number()))
                .containsExactlyInAnyOrderElementsOf(
                        LongStream.range(0, 5_001).boxed().toList());
        assertThat(transports).hasSize(3).allMatch(transport -> transport.closed);
        assertThat(backlog.startedAtNs()).isEqualTo(1_000 + 1_000_000);
    }

    @Test
    void aResultHasItsIntendedTime() throws InterruptedException {
        var backlog = run(new Load(ArrivalSchedule.constant(100), 0, 50, 0, null, ofSeconds(1)), 1);

        assertThat(results)
                .allSatisfy(result -> assertThat(result.timeline().atNs(Moment.INTENDED))
                        .hasValue(backlog.startedAtNs() + result.exchange().number() * 10_000_000));
    }

    @Test
    void everyThreadTakesItsPartOfOneRandomSchedule() throws InterruptedException {
        var schedule = new ArrivalSchedule.Paced(RateCourse.constant(100), new Gaps.Gamma(0.5, 9));
        var backlog = run(new Load(schedule, 0, 60, 0, null, ofSeconds(1)), 3);

        var due = schedule.due();
        results.sort(Comparator.comparingLong(result -> result.exchange().number()));
        assertThat(results)
                .hasSize(60)
                .allSatisfy(result -> assertThat(result.timeline().atNs(Moment.INTENDED))
                        .hasValue(backlog.startedAtNs() + due.nextAfterNs()));
    }

    @Test
    void aScheduleThatEndsEndsTheRun() throws InterruptedException {
        var backlog =
                run(new Load(new ArrivalSchedule.Replayed(List.of(0L, 5L, 5L, 90L)), 0, 0, 0, null, ofSeconds(1)), 2);

        assertThat(results).hasSize(4);
        assertThat(backlog.unsent()).isZero();
    }

    @Test
    void whatALimitHeldBackToTheEndIsCounted() throws InterruptedException {
        takes = exchange -> ofMillis(100);
        var backlog = run(new Load(ArrivalSchedule.constant(1_000), 1, 0, 0, ofMillis(350), ofSeconds(10)), 1);

        // Four of 350, and fewer where the feeder, whose time is real, was slow.
        assertThat(results).hasSizeBetween(1, 4);
        assertThat(backlog.unsent()).isEqualTo(350 - results.size());
    }

    /// A short load would spend its time on what it never sends.
    @Test
    void aClosedLoopOfFewUsersMakesFewAhead() throws InterruptedException {
        var made = new AtomicLong();
        exchanges = number -> {
            made.incrementAndGet();
            return ScriptedExchange.planned(number);
        };
        LoadRun[] run = new LoadRun[1];
        receiver = result -> run[0].stop("enough");
        run[0] = load(closedLoop(2, 1_000_000), 1);
        run[0].run();

        // Those in the queue, and the one that found it full.
        assertThat(made.get() - run[0].started()).isBetween(0L, 257L);
    }

    @Test
    void aStopFromOutsideEndsTheRunWithWhatWasMeasured() throws InterruptedException {
        LoadRun[] run = new LoadRun[1];
        receiver = result -> {
            results.add(result);
            if (results.size() == 10) {
                run[0].stop("interrupted");
            }
        };
        run[0] = load(new Load(null, 4, 0, 0, Duration.ofDays(365), ofSeconds(1)), 1);
        run[0].run();

        assertThat(results).hasSizeGreaterThanOrEqualTo(10);
        assertThat(results.stream()
                        .map(ExchangeResult::outcome)
                        .filter(outcome -> outcome.kind() == Outcome.Kind.CANCELLED))
                .allMatch(outcome -> outcome.detail().equals("interrupted"));
    }

    @Test
    void progressCountsWhatWasStartedAndWhatIsInFlight() throws InterruptedException {
        var run = load(closedLoop(4, 100), 2);
        assertThat(run.started()).isZero();
        run.run();

        assertThat(run.started()).isEqualTo(100);
        assertThat(run.inFlight()).isZero();
    }

    @Test
    void aTransportThatCannotBeOpenedEndsTheRunWithItsReason() {
        var run = new LoadRun(
                clock,
                closedLoop(1, 1),
                exchanges,
                (log, listener) -> {
                    throw new IllegalArgumentException("no certificate in 'x.pem'");
                },
                Thread::new,
                Thread::new,
                new Interpreter(new LineDialect(), receiver),
                logs(1));

        assertThatThrownBy(run::run)
                .isInstanceOf(IllegalStateException.class)
                .hasRootCauseMessage("no certificate in 'x.pem'");
    }

    @Test
    void aFeederThatFailsEndsTheRunWithItsReason() {
        exchanges = number -> {
            if (number == 3) {
                throw new IllegalStateException("out of prompts");
            }
            return ScriptedExchange.planned(number);
        };

        assertThatThrownBy(() -> run(closedLoop(1, 10), 1)).hasRootCauseMessage("out of prompts");
    }

    @Test
    void anInterpreterThatFailsEndsTheRunAndLeavesNobodyWaiting() {
        receiver = result -> {
            throw new IllegalStateException("disk full");
        };

        assertThatThrownBy(() -> run(closedLoop(2, 100_000), 1)).hasRootCauseMessage("disk full");
    }

    private LoadRun.Backlog run(Load load, int threads) throws InterruptedException {
        return load(load, threads).run();
    }

    private LoadRun load(Load load, int threads) {
        Transport.Opener opener = (log, listener) -> {
            var transport = new ScriptedTransport(clock, log, listener, exchange -> takes.apply(exchange));
            transports.add(transport);
            return transport;
        };
        return new LoadRun(
                clock,
                load,
                exchanges,
                opener,
                Thread::new,
                Thread::new,
                new Interpreter(new LineDialect(), receiver),
                logs(threads));
    }

    private List<FlightLog> logs(int threads) {
        return IntStream.range(0, threads)
                .mapToObj(i -> new FlightLog(clock, 64, 64))
                .toList();
    }

    private static Load closedLoop(int users, long requests) {
        return new Load(null, users, requests, 0, null, ofSeconds(1));
    }
}
