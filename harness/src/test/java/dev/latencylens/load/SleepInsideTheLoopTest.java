package dev.latencylens.load;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.latencylens.audit.Circumstances;
import dev.latencylens.audit.Reason;
import dev.latencylens.audit.Verdict;
import dev.latencylens.clock.FakeClock;
import dev.latencylens.exchange.FlightLog;
import dev.latencylens.exchange.Interpreter;
import dev.latencylens.exchange.LineDialect;
import dev.latencylens.exchange.ScriptedExchange;
import dev.latencylens.exchange.StampSource;
import dev.latencylens.stats.Metric;
import dev.latencylens.stats.Summary;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What a sleep of 100 ms inside an I/O thread's loop does to figures and verdict, where the kernel stamps
/// arrivals.
@Timeout(60)
class SleepInsideTheLoopTest {
    private static final int REQUESTS = 300;
    private static final long SLEPT_NS = ofMillis(100).toNanos();

    private final FakeClock clock = new FakeClock(1_000);
    private final Summary summary = new Summary();

    @Test
    void withoutItTheRunIsValid() throws InterruptedException {
        assertThat(run(Duration.ZERO)).isEqualTo(new Verdict(Verdict.State.VALID, List.of()));
        assertThat(summary.answered()).isEqualTo(REQUESTS);
    }

    @Test
    void theVerdictIsInvalidForThePauseAlone() throws InterruptedException {
        assertThat(run(ofMillis(100)))
                .isEqualTo(
                        new Verdict(Verdict.State.INVALID, List.of(new Reason.ClientPaused(SLEPT_NS, 1, 50_000_000))));
    }

    @Test
    void latencyFromTheIntendedTimeShowsItAndThatOfTheAnswersDoesNot() throws InterruptedException {
        run(ofMillis(100));

        assertThat(summary.of(Metric.TTFT_FROM_INTENDED).max().orElseThrow())
                .isGreaterThan(ofMillis(90).toNanos());
        assertThat(summary.of(Metric.QUEUE).max().orElseThrow())
                .isGreaterThan(ofMillis(80).toNanos());
        assertThat(summary.of(Metric.TTFT).max()).hasValue(ofMillis(4).toNanos());
        assertThat(summary.of(Metric.READ_LAG).max().orElseThrow())
                .isGreaterThan(ofMillis(90).toNanos());
    }

    private Verdict run(Duration sleep) throws InterruptedException {
        var load = new Load(ArrivalSchedule.constant(100), 0, REQUESTS, 0, null, ofSeconds(1));
        var made = new CountDownLatch(REQUESTS);
        var backlog = new LoadRun(
                        clock,
                        load,
                        number -> {
                            made.countDown();
                            return ScriptedExchange.planned(number);
                        },
                        (log, listener) -> {
                            // The clock is not the feeder's, which needs time of its own.
                            while (made.getCount() > 0) {
                                Thread.onSpinWait();
                            }
                            var transport = new ScriptedTransport(clock, log, listener, exchange -> {
                                if (exchange.number() == 150) {
                                    clock.advance(sleep);
                                }
                                return ofMillis(4);
                            });
                            transport.answer = "text a\ntext b\nfinish stop\ndone\n";
                            transport.stamps = new StampSource(true, "", 600, 0, 0, 30, 0, 0);
                            return transport;
                        },
                        Thread::new,
                        Thread::new,
                        new Interpreter(new LineDialect(), summary::add),
                        List.of(new FlightLog(clock, 1 << 13, 1 << 15)))
                .run();
        return Verdict.on(
                load,
                summary,
                backlog,
                new Circumstances(false, "tsc", List.of(Metric.TTFT), List.of(), List.of(), List.of(), 0, null));
    }
}
