package dev.latencylens.audit;

import dev.latencylens.stats.AndersonDarling;
import dev.latencylens.stats.Metric;
import dev.latencylens.stats.Percentile;
import dev.latencylens.stats.SteadyState;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.List;
import java.util.Locale;

/// A rule that a run broke: what was seen, what was allowed, what to do about it.
public sealed interface Reason {
    /// What the run is for it.
    default Verdict.State makes() {
        return Verdict.State.INVALID;
    }

    /// What was seen and what was allowed, with figures, as one clause.
    String text();

    /// What to do, as one sentence.
    String advice();

    /// The name in files, for example `client_paused`.
    default String code() {
        return getClass().getSimpleName().replaceAll("(?<=[a-z])(?=[A-Z])", "_").toLowerCase(Locale.ROOT);
    }

    /// Requests of an open loop left later than the schedule asked.
    ///
    /// @param sendLagP99Ns the 99th percentile of what this client is to blame for: started - intended, or
    /// requestStart - intended where a connection stood already
    record SentLate(long sendLagP99Ns, long limitNs) implements Reason {
        /// Least that is called late: 100 us.
        static final long LEAST_NS = 100_000;
        /// Share of the mean gap between requests that may pass.
        static final double OF_GAP = 0.01;

        @Override
        public String text() {
            return "requests left " + millis(sendLagP99Ns) + " after their intended time at p99, those over new"
                    + " connections and those held back by limits left out; the schedule allows " + millis(limitNs);
        }

        @Override
        public String advice() {
            return "A parked thread is woken late, so let it go before all others (--io-priority realtime, as root or with"
                    + " CAP_SYS_NICE), or give it a CPU that never sleeps (--io-cpus with --io-wait spin); raise"
                    + " --concurrency if it holds requests back, or lower --request-rate.";
        }
    }

    /// An open loop sent at another rate than the one asked for.
    record RateNotReached(double asked, double reached) implements Reason {
        /// How far the rate may be off: 1 %.
        static final double TOLERANCE = 0.01;
        /// Requests from which on one of them, late by a whole gap, moves the rate by no more than that.
        static final long FEWEST_REQUESTS = 101;

        @Override
        public String text() {
            return String.format(
                    Locale.ROOT,
                    "%.4g requests/s were asked for and %.4g sent; it may be off by %.0f %%",
                    asked,
                    reached,
                    TOLERANCE * 100);
        }

        @Override
        public String advice() {
            return "Raise what limits the rate (--concurrency, --max-requests-per-minute, --max-tokens-per-minute), or ask"
                    + " for less.";
        }
    }

    /// Requests were not sent at gaps of the random pattern that was asked for.
    record ArrivalsOffPattern(AndersonDarling fit) implements Reason {
        /// How often a run that keeps to its pattern may be blamed all the same: once in 1,000.
        static final double LEVEL = 0.001;
        /// What the statistic then exceeds, by the distribution that [AndersonDarling] gives for large samples.
        static final double CRITICAL = 5.967;
        /// Gaps from which on the test is made.
        static final int FEWEST_GAPS = 100;

        static boolean breaks(AndersonDarling fit) {
            return fit.count() >= FEWEST_GAPS && fit.pValue() < LEVEL;
        }

        @Override
        public String text() {
            return String.format(
                    Locale.ROOT,
                    "%d gaps between requests do not follow the pattern that was asked for: Anderson-Darling %.2f,"
                            + " where %.2f is exceeded once in %.0f runs",
                    fit.count(),
                    fit.statistic(),
                    CRITICAL,
                    1 / LEVEL);
        }

        @Override
        public String advice() {
            return "Let nothing hold requests back: poll without pause (--io-cpus with --io-wait spin), raise"
                    + " --concurrency and limits per minute, or lower --request-rate; another --seed draws other gaps.";
        }
    }

    /// What arrived waited for this client, and its stamps are this client's own.
    ///
    /// @param p99Ns over time: at one of 100 instants the I/O thread was in a turn that lagged by more
    record LoopLagged(long p99Ns, long limitNs) implements Reason {
        /// Longest that an arrival may be moved at 99 of 100 instants: 200 us.
        public static final long LIMIT_NS = 200_000;

        @Override
        public String text() {
            return "an I/O thread came round " + millis(p99Ns) + " late at p99 over time; " + millis(limitNs)
                    + " is allowed where the instant after the read call is the arrival";
        }

        @Override
        public String advice() {
            return "Let the kernel stamp arrivals (--transport epoll, --stamps auto, on Linux), give the I/O thread a"
                    + " CPU of its own (--io-cpus), or lower the load.";
        }
    }

    /// This client stood still.
    ///
    /// @param longestNs the longest pause
    /// @param times how many were longer than allowed
    record ClientPaused(long longestNs, long times, long limitNs) implements Reason {
        /// Where a pause moves arrivals: 1 ms.
        static final long LIMIT_NS = 1_000_000;
        /// Where the kernel stamps arrivals, so that a pause delays only what this client sends, or where the
        /// provider pauses with it: 50 ms, the longest that the loop itself ever means to wait.
        static final long STAMPED_LIMIT_NS = 50_000_000;

        @Override
        public String text() {
            return "this client stood still for " + millis(longestNs)
                    + (times > 1 ? " (" + times + " times for longer than allowed)" : "") + "; " + millis(limitNs)
                    + " is allowed";
        }

        @Override
        public String advice() {
            return "Free the machine of other work, give the I/O thread a CPU of its own (--io-cpus), or prime for"
                    + " longer (--prime 5s).";
        }
    }

    /// An I/O thread fell back into the interpreter in code that stamps arrivals, and its stamps are the arrivals.
    ///
    /// Compilations alone break no rule: another thread compiles, and what that replaces was only slower.
    ///
    /// @param example the first method that was given up, and why
    record HotPathChanged(long compilations, long deoptimisations, String example) implements Reason {
        static HotPathChanged of(List<Evidence.Stall> changes) {
            var caveat = Caveat.HotPathChanged.of(changes);
            String example = changes.stream()
                    .filter(change -> change.kind() == Evidence.Kind.DEOPTIMISATION)
                    .map(Evidence.Stall::what)
                    .findFirst()
                    .orElse("");
            return new HotPathChanged(caveat.compilations(), caveat.deoptimisations(), example);
        }

        @Override
        public String text() {
            return "compiled code that stamps arrivals was given up " + count(deoptimisations, "time")
                    + " while it measured (" + example + "), and compiled " + count(compilations, "time")
                    + "; it may not be given up where the instant after the read call is the arrival";
        }

        @Override
        public String advice() {
            return "Let all that happens have happened before (--warmup 200 --prime 5s), or let the kernel stamp"
                    + " arrivals (--transport epoll, --stamps auto, on Linux).";
        }
    }

    /// Most chunks have no gap of their own.
    record ChunksCoalesced(long coalesced, long chunks) implements Reason {
        /// Share of chunks that may have come together with the one before them: 1/3. Each may be hidden in one of
        /// the gaps that are left; with more than one for every two of those even the median may be a burst's.
        static final double MOST = 1.0 / 3;
        /// Chunks from which on there is a median of gaps to tell.
        static final long FEWEST_CHUNKS = Percentile.P50.floor();

        @Override
        public Verdict.State makes() {
            return Verdict.State.INCONCLUSIVE;
        }

        @Override
        public String text() {
            return String.format(
                    Locale.ROOT,
                    "%.1f %% of %d chunks came together with the chunk before them, so icl and itl show bursts;"
                            + " %.1f %% are allowed",
                    100.0 * coalesced / chunks,
                    chunks,
                    100 * MOST);
        }

        @Override
        public String advice() {
            return "The other figures stand: leave icl and itl out (--percentile-metrics ttft,tpot,e2e); the server or"
                    + " a proxy sends in bursts, or this client was late (see read_lag).";
        }
    }

    /// The interpreter could not keep up, and an I/O thread waited for it.
    record FlightLogFull(long times, long waitedNs) implements Reason {
        @Override
        public String text() {
            return "an I/O thread found its flight log full " + count(times, "time") + " and waited " + millis(waitedNs)
                    + " in all; it must never be full";
        }

        @Override
        public String advice() {
            return "Lower the load, or give the process another CPU.";
        }
    }

    /// Two counts of the same things do not agree, so something was lost or counted twice.
    record CountsDisagree(Tally tally) implements Reason {
        @Override
        public String text() {
            return tally.what() + ": " + tally.count() + " " + tally.where() + ", " + tally.otherCount() + " "
                    + tally.elsewhere() + "; they must be equal";
        }

        @Override
        public String advice() {
            return "This is a fault of lens or of its disk: please report it with the run's folder.";
        }
    }

    /// The Flight Recorder could not keep up, so that the recording proves less than it seems to.
    record RecordingLostData(long bytes) implements Reason {
        @Override
        public String text() {
            return "the Flight Recorder lost " + count(bytes, "byte") + " of recording.jfr; nothing may be lost";
        }

        @Override
        public String advice() {
            return "Lower the load, free the disk of other work, or give --jfr off.";
        }
    }

    /// Somebody set the wall clock, which the kernel's stamps are taken from.
    record WallClockSet(int times, long largestStepNs) implements Reason {
        /// Steps up to this size move no stamp by more than it is off anyway: 10 us.
        static final long LIMIT_NS = 10_000;

        @Override
        public String text() {
            return "the wall clock, which the kernel's stamps are taken from, was set " + count(times, "time")
                    + ", by up to " + millis(largestStepNs) + "; " + millis(LIMIT_NS) + " is allowed";
        }

        @Override
        public String advice() {
            return "Let the clock be slewed instead of stepped, measure again, or give --stamps user.";
        }
    }

    /// The clock that everything is measured with is slow to read or coarse.
    record ClockSourceUnfit(String name) implements Reason {
        @Override
        public String text() {
            return "the machine's clock source is " + name + ", which is slow to read and coarse; one of "
                    + String.join(", ", ClockSource.FIT) + " is needed";
        }

        @Override
        public String advice() {
            return "See /sys/devices/system/clocksource/clocksource0/available_clocksource and the kernel's log for"
                    + " why the CPU's own counter is not used.";
        }
    }

    /// The load was even, and no level of `ttft` lasted for half of the run: its percentiles are those of no state
    /// of the provider (docs/adr/0014).
    record NeverSteady(SteadyState steady) implements Reason {
        @Override
        public Verdict.State makes() {
            return Verdict.State.INCONCLUSIVE;
        }

        @Override
        public String text() {
            return "ttft kept no level for half of the run: it shifted, and last before request " + (steady.from() + 1)
                    + " of " + steady.requests() + " in the order of their starts";
        }

        @Override
        public String advice() {
            return "See in exchanges.jsonl what it did over time; warm up for longer (--warmup auto), measure for longer,"
                    + " or lower the load to one that the provider keeps up with.";
        }
    }

    /// A percentile that was asked for cannot be told.
    ///
    /// @param metric the one with the fewest samples
    record TooFewSamples(Percentile percentile, Metric metric, long samples) implements Reason {
        @Override
        public Verdict.State makes() {
            return Verdict.State.INCONCLUSIVE;
        }

        @Override
        public String text() {
            return percentile.label() + " was asked for, and " + metric.label() + " has " + count(samples, "sample")
                    + "; it needs " + percentile.floor();
        }

        @Override
        public String advice() {
            return "Measure for longer (--num-prompts, --duration), or ask for lower --metric-percentiles.";
        }
    }

    /// The run did not come to its end, so what only its end tells is unknown.
    ///
    /// @param how it broke off, as one clause
    /// @param exchanges that had ended and were written down
    /// @param missing exchanges with a lower number than one of these, of which nothing is known: in flight, not
    /// begun by another thread, or not written
    record BrokenOff(String how, long exchanges, long missing) implements Reason {
        @Override
        public Verdict.State makes() {
            return Verdict.State.INCONCLUSIVE;
        }

        @Override
        public String text() {
            return how + ", and the figures are of the " + count(exchanges, "exchange") + " known until then"
                    + (missing == 0
                            ? ""
                            : "; " + count(missing, "exchange")
                                    + " of lower numbers are not among them: in flight, not begun or not written");
        }

        @Override
        public String advice() {
            return "Loop lag, pauses, full flight logs and the threads' waits for a CPU are known at the end only, so"
                    + " nobody can say how late this client was; measure again for a verdict.";
        }
    }

    /// Most requests failed, so the figures are those of a minority.
    ///
    /// @param of requests that ended, other than by this client's own will
    record MostlyFailed(long failed, long of) implements Reason {
        /// Share of requests that may fail: 1/2. From there on, with failures taken for infinitely slow, not even
        /// a median is left.
        static final double MOST = 0.5;

        @Override
        public String text() {
            return String.format(
                    Locale.ROOT,
                    "%d of %s failed (%.1f %%), and the figures are those of the others; %.0f %% may fail",
                    failed,
                    count(of, "request"),
                    100.0 * failed / of,
                    100 * MOST);
        }

        @Override
        public String advice() {
            return "See the failures; where they are rate_limited, ask for less (--max-requests-per-minute,"
                    + " --max-tokens-per-minute) or try again (--retries).";
        }
    }

    /// An open loop's limits kept back requests that were due, until its time was over.
    record LoadUnsent(long unsent, long due) implements Reason {
        /// Share of what was due that may be missing: 1 %, as much as the rate may be off; and a single request.
        static final double MOST = RateNotReached.TOLERANCE;

        @Override
        public String text() {
            return String.format(
                    Locale.ROOT,
                    "%d of %s that were due were never sent (%.1f %%), and would have waited longest; %.0f %% may be"
                            + " missing",
                    unsent,
                    count(due, "request"),
                    100.0 * unsent / due,
                    100 * MOST);
        }

        @Override
        public String advice() {
            return "Raise what held them back (--concurrency, --max-requests-per-minute, --max-tokens-per-minute), or"
                    + " lower --request-rate.";
        }
    }

    /// The run was ended because nothing succeeded any more.
    record NothingSucceeded(long inARow) implements Reason {
        @Override
        public Verdict.State makes() {
            return Verdict.State.INCONCLUSIVE;
        }

        @Override
        public String text() {
            return "the last " + count(inARow, "request")
                    + " all failed, so the run was ended there, before its load was";
        }

        @Override
        public String advice() {
            return "See the failures, and measure again when the server answers; --stop-after-failures 0 goes on"
                    + " whatever fails.";
        }
    }

    /// There is nothing to judge.
    record NothingAnswered(long requests) implements Reason {
        @Override
        public Verdict.State makes() {
            return Verdict.State.INCONCLUSIVE;
        }

        @Override
        public String text() {
            return "none of " + count(requests, "request") + " was answered";
        }

        @Override
        public String advice() {
            return "See the outcomes for what the requests met.";
        }
    }

    private static String count(long number, String noun) {
        return number + " " + noun + (number == 1 ? "" : "s");
    }

    private static String millis(long ns) {
        return BigDecimal.valueOf(ns, 6).round(new MathContext(3)).toPlainString() + " ms";
    }
}
