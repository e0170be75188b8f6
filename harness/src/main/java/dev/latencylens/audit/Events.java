package dev.latencylens.audit;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;
import org.jspecify.annotations.Nullable;

/// What `recording.jfr` says beside the virtual machine's own events; one type for each fact, none with a stack.
///
/// Fields that end in `AtNs` are readings of CLOCK_MONOTONIC in nanoseconds, as in `exchanges.jsonl` plus
/// `clock.monotonicStartNs` of `run.json`; exchanges go by their `number` there.
final class Events {
    static final String TOKEN = "lens.Token";
    static final String CLOCK = "lens.Clock";

    private static final String CATEGORY = "LLM Latency Lens";
    private static final String EXCHANGE = "Exchange";

    private Events() {}

    @Name(TOKEN)
    @Label("Token")
    @Category(CATEGORY)
    @Description("A chunk of output has arrived")
    @StackTrace(false)
    static final class Token extends Event {
        @Label(EXCHANGE)
        long exchange;

        @Label("Index")
        @Description("Place among the chunks of its exchange, from 0")
        int index;

        @Label("Arrived At")
        @Description("Arrival on CLOCK_MONOTONIC in nanoseconds")
        long arrivedAtNs;

        @Label("Read Lag")
        @Description("From the arrival to the instant after the read call that brought it")
        @Timespan(Timespan.NANOSECONDS)
        long readLag;

        @Label("Kind")
        @Nullable
        String kind;

        @Label("Tokens")
        @Description("How many tokens the chunk holds, -1 where that is not known")
        int tokens;

        @Label("Size")
        @DataAmount
        int size;

        @Label("Coalesced")
        @Description("Came in one read with the chunk before it")
        boolean coalesced;
    }

    @Name("lens.Exchange")
    @Label("Exchange")
    @Category(CATEGORY)
    @Description("A request has come to its end")
    @StackTrace(false)
    static final class ExchangeEnded extends Event {
        @Label(EXCHANGE)
        long exchange;

        @Label("Warm-up")
        boolean warmup;

        @Label("Outcome")
        @Nullable
        String outcome;

        @Label("Connection")
        @Nullable
        String connection;

        @Label("Started At")
        @Description("Start on CLOCK_MONOTONIC in nanoseconds")
        long startedAtNs;

        @Label("Time to First Token")
        @Timespan(Timespan.NANOSECONDS)
        long timeToFirstToken;

        @Label("Whole Latency")
        @Timespan(Timespan.NANOSECONDS)
        long wholeLatency;

        @Label("Chunks")
        int chunks;

        @Label("Size")
        @DataAmount
        long size;
    }

    @Name("lens.Phase")
    @Label("Phase")
    @Category(CATEGORY)
    @Description("A phase of a connection or of a request on it")
    @StackTrace(false)
    static final class ConnectionPhase extends Event {
        @Label(EXCHANGE)
        long exchange;

        @Label("Phase")
        @Nullable
        String phase;

        @Label("Start At")
        @Description("Start on CLOCK_MONOTONIC in nanoseconds")
        long startAtNs;

        @Label("Took")
        @Timespan(Timespan.NANOSECONDS)
        long took;
    }

    @Name("lens.Schedule")
    @Label("Schedule")
    @Category(CATEGORY)
    @Description("A request was due, and was sent")
    @StackTrace(false)
    static final class Scheduled extends Event {
        @Label(EXCHANGE)
        long exchange;

        @Label("Intended At")
        @Description("When the schedule asked for it, on CLOCK_MONOTONIC in nanoseconds")
        long intendedAtNs;

        @Label("Queue")
        @Description("From the intended time to the start")
        @Timespan(Timespan.NANOSECONDS)
        long queue;

        @Label("Send Lag")
        @Description("From the intended time to the first byte sent")
        @Timespan(Timespan.NANOSECONDS)
        long sendLag;
    }

    @Name("lens.Pause")
    @Label("Pause")
    @Category(CATEGORY)
    @Description("An I/O thread came round more than 1 ms later than it meant to")
    @StackTrace(false)
    static final class Pause extends Event {
        @Label("I/O Thread")
        int ioThread;

        @Label("End At")
        @Description("When it came round, on CLOCK_MONOTONIC in nanoseconds")
        long endAtNs;

        @Label("Lag")
        @Timespan(Timespan.NANOSECONDS)
        long lag;
    }

    @Name("lens.BackPressure")
    @Label("Back-Pressure")
    @Category(CATEGORY)
    @Description("How often, and for how long, I/O threads waited for the interpreter because the flight log was full")
    @StackTrace(false)
    static final class BackPressure extends Event {
        @Label("Times")
        long times;

        @Label("Waited")
        @Timespan(Timespan.NANOSECONDS)
        long waited;
    }

    @Name(CLOCK)
    @Label("Clock")
    @Category(CATEGORY)
    @Description("CLOCK_MONOTONIC at this event's own time; the closest of several readings ties the two clocks")
    @StackTrace(false)
    static final class Clocks extends Event {
        @Label("At")
        @Description("CLOCK_MONOTONIC in nanoseconds")
        long atNs;
    }

    @Name("lens.Verdict")
    @Label("Verdict")
    @Category(CATEGORY)
    @Description("Whether the run's figures may be believed")
    @StackTrace(false)
    static final class Judged extends Event {
        @Label("At")
        @Description("CLOCK_MONOTONIC in nanoseconds")
        long atNs;

        @Label("State")
        @Nullable
        String state;

        @Label("Reasons")
        @Nullable
        String reasons;
    }
}
