package dev.latencylens.load;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.latencylens.audit.Circumstances;
import dev.latencylens.audit.Reason;
import dev.latencylens.audit.Verdict;
import dev.latencylens.clock.FakeClock;
import dev.latencylens.clock.WallClockOffset;
import dev.latencylens.exchange.ExchangeResult;
import dev.latencylens.exchange.FlightLog;
import dev.latencylens.exchange.Interpreter;
import dev.latencylens.exchange.LineDialect;
import dev.latencylens.exchange.ScriptedExchange;
import dev.latencylens.exchange.StampSource;
import dev.latencylens.exchange.Transport;
import dev.latencylens.stats.Metric;
import dev.latencylens.stats.Summary;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Whole runs with real threads and a clock that only the fault moves, so that no other rule can be broken by the
/// machine that the test runs on.
@Timeout(60)
class FaultsInTheHarnessTest {
    /// Enough for the p99 of the send lag to be judged.
    private static final int REQUESTS = 700;

    private static final int TURN_OF_THE_FAULT = 300;
    private static final StampSource KERNEL = new StampSource(true, "", 1_400, 0, 0, 30, 0, 0);
    private static final StampSource USER = StampSource.user("--stamps user");

    private final FakeClock clock = new FakeClock(1_000);
    private final Summary summary = new Summary();
    /// What is added to the clock to make the wall clock.
    private long aheadNs = 1_000_000_000_000L;

    private final WallClockOffset wallClock = new WallClockOffset(clock, this::wallNs);
    private volatile Thread ioThread = Thread.currentThread();
    private StampSource source = KERNEL;
    /// What happens in each turn of the loop, and in one of them.
    private Duration delay = Duration.ZERO;

    private ArrivalSchedule schedule = ArrivalSchedule.constant(100);

    private int limit;
    private @Nullable Duration duration;
    private Duration takes = ofMillis(4);
    private Runnable once = () -> {};
    private int turns;
    private int entries = 1 << 14;
    private Consumer<ExchangeResult> interpreted = _ -> {};

    @Test
    void withoutAFaultTheRunIsValid() throws InterruptedException {
        assertThat(codes()).isEmpty();
        assertThat(summary.answered()).isEqualTo(REQUESTS);
    }

    @Test
    void aStalledInterpreterIsInvalidForTheFlightLogThatItLeavesFullAndNothingElse() throws InterruptedException {
        entries = 64;
        interpreted = result -> {
            if (result.exchange().number() == 3) {
                stallUntilTheLogIsFull();
            }
        };

        assertThat(codes()).containsExactly("flight_log_full");
    }

    @Test
    void aWallClockThatIsSetIsInvalidForThatAndNothingElse() throws InterruptedException {
        once = () -> aheadNs += 40_000_000;

        assertThat(codes()).containsExactly("wall_clock_set");
    }

    @Test
    void aCpuThatAnotherTakesForAWhileAtEachTurnMakesRequestsLateAndNothingElse() throws InterruptedException {
        delay = Duration.ofNanos(600_000);

        assertThat(codes()).containsExactly("sent_late");
    }

    @Test
    void aPoissonScheduleThatIsKeptIsValid() throws InterruptedException {
        schedule = new ArrivalSchedule.Paced(RateCourse.constant(5_000), new Gaps.Exponential(2));

        assertThat(codes()).isEmpty();
    }

    @Test
    void aThreadThatSendsInClumpsIsInvalidForThePatternThatTheyDestroyAndNothingElse() throws InterruptedException {
        schedule = new ArrivalSchedule.Paced(RateCourse.constant(5_000), new Gaps.Exponential(2));
        delay = Duration.ofNanos(80_000);

        assertThat(codes()).containsExactly("arrivals_off_pattern");
    }

    @Test
    void aLimitThatLeavesMostOfALoadUnsentIsInvalidForThatAndNothingElse() throws InterruptedException {
        limit = 1;
        duration = ofSeconds(4);
        takes = ofMillis(50);

        assertThat(codes()).containsExactly("load_unsent");
        assertThat(summary.measured()).isLessThan(101);
    }

    @Test
    void aPauseOfACollectionIsInvalidForItAloneWhereStampsAreTheClientsOwn() throws InterruptedException {
        source = USER;
        once = () -> clock.advance(ofMillis(2));

        assertThat(codes()).containsExactly("client_paused");
    }

    private List<String> codes() throws InterruptedException {
        return run().reasons().stream().map(Reason::code).toList();
    }

    private Verdict run() throws InterruptedException {
        var load = new Load(schedule, limit, duration == null ? REQUESTS : 0, 0, duration, ofSeconds(1));
        var made = new CountDownLatch((int) load.due());
        var backlog = new LoadRun(
                        clock,
                        load,
                        number -> {
                            made.countDown();
                            return ScriptedExchange.planned(number);
                        },
                        (log, listener) -> {
                            ioThread = Thread.currentThread();
                            // The clock is not the feeder's, which needs time of its own.
                            while (made.getCount() > 0) {
                                Thread.onSpinWait();
                            }
                            return transport(log, listener);
                        },
                        Thread::new,
                        Thread::new,
                        new Interpreter(new LineDialect(), result -> {
                            summary.add(result);
                            interpreted.accept(result);
                        }),
                        List.of(new FlightLog(clock, entries, 1 << 16)))
                .run();
        return Verdict.on(
                load,
                summary,
                backlog,
                new Circumstances(false, "tsc", List.of(Metric.TTFT), List.of(), List.of(), List.of(), 0, null));
    }

    private Transport transport(FlightLog log, Transport.Listener listener) {
        var transport = new ScriptedTransport(clock, log, listener, _ -> takes) {
            @Override
            public long poll(long untilAtNs) {
                long waitedNs = super.poll(untilAtNs);
                clock.advance(delay);
                if (++turns == TURN_OF_THE_FAULT) {
                    once.run();
                }
                wallClock.check();
                return waitedNs;
            }

            @Override
            public StampSource stamps() {
                return source.kernel()
                        ? source.and(
                                new StampSource(true, "", 0, 0, 0, 30, wallClock.steps(), wallClock.largestStepNs()))
                        : source;
            }
        };
        transport.answer = "text a\ntext b\nfinish stop\ndone\n";
        return transport;
    }

    /// Holds the interpreter's thread until the I/O thread waits for it.
    private void stallUntilTheLogIsFull() {
        while (Arrays.stream(ioThread.getStackTrace())
                .noneMatch(frame -> frame.getClassName().equals(FlightLog.class.getName())
                        && frame.getMethodName().startsWith("await"))) {
            Thread.onSpinWait();
        }
    }

    private long wallNs() {
        return clock.nowNs() + aheadNs;
    }
}
