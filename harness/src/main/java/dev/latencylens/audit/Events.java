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
/// `clock.monotonicStartNs` of `run.json`; exchanges go by their `number` and `attempt` there. They carry no unit,
/// because with one JDK Mission Control would show all of a run's instants as the same minute since the machine's
/// start.
final class Events {
    static final String TOKEN = "lens.Token";
    static final String CLOCK = "lens.Clock";

    private static final String CATEGORY = "LLM Latency Lens";
    private static final String EXCHANGE = "Exchange";
    private static final String EXCHANGE_IS = "Its number in exchanges.jsonl";
    private static final String ATTEMPT = "Attempt";
    private static final String ATTEMPT_IS = "Which attempt of the request, from 1";

    private Events() {}

    @Name(TOKEN)
    @Label("Token")
    @Category(CATEGORY)
    @Description("A chunk of output has arrived")
    @StackTrace(false)
    static final class Token extends Event {
        @Label(EXCHANGE)
        @Description(EXCHANGE_IS)
        long exchange;

        @Label(ATTEMPT)
        @Description(ATTEMPT_IS)
        int attempt;

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
        @Description("text, reasoning, tool or refusal")
        @Nullable
        String kind;

        @Label("Tokens")
        @Description("How many tokens the chunk holds, -1 where that is not known")
        int tokens;

        @Label("Size")
        @Description("Of its event in the answer's body")
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
        @Description(EXCHANGE_IS)
        long exchange;

        @Label(ATTEMPT)
        @Description(ATTEMPT_IS)
        int attempt;

        @Label("Warm-up")
        @Description("Whether it is in no figure of the report")
        boolean warmup;

        @Label("Outcome")
        @Description("How it ended, as in exchanges.jsonl")
        @Nullable
        String outcome;

        @Label("Connection")
        @Description("new, resumed or reused; empty where there was none")
        @Nullable
        String connection;

        @Label("Started At")
        @Description("Start on CLOCK_MONOTONIC in nanoseconds")
        long startedAtNs;

        @Label("Time to First Token")
        @Description("From the start to the first token; -1 where none came")
        @Timespan(Timespan.NANOSECONDS)
        long timeToFirstToken;

        @Label("Whole Latency")
        @Description("From the start to the end of the answer; -1 where there was no end")
        @Timespan(Timespan.NANOSECONDS)
        long wholeLatency;

        @Label("Chunks")
        @Description("Events with output, each a Token of this recording")
        int chunks;

        @Label("Size")
        @Description("Of the answer's body")
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
        @Description(EXCHANGE_IS)
        long exchange;

        @Label(ATTEMPT)
        @Description(ATTEMPT_IS)
        int attempt;

        @Label("Phase")
        @Description("domain lookup, connect, TLS handshake, request, wait or response")
        @Nullable
        String phase;

        @Label("Started At")
        @Description("Start on CLOCK_MONOTONIC in nanoseconds")
        long startAtNs;

        @Label("Took")
        @Description(
                "Its end less its start; below 0 where the answer was there before the request was known to have left")
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
        @Description(EXCHANGE_IS)
        long exchange;

        @Label(ATTEMPT)
        @Description(ATTEMPT_IS)
        int attempt;

        @Label("Intended At")
        @Description("When the schedule asked for it, on CLOCK_MONOTONIC in nanoseconds")
        long intendedAtNs;

        @Label("Queue")
        @Description("From the intended time to the start")
        @Timespan(Timespan.NANOSECONDS)
        long queue;

        @Label("Send Lag")
        @Description("From the intended time to the first byte sent; -1 where none was")
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
        @Description("Its place among the I/O threads, from 0")
        int ioThread;

        @Label("Ended At")
        @Description("When it came round, on CLOCK_MONOTONIC in nanoseconds")
        long endAtNs;

        @Label("Lag")
        @Description("How much later than it meant to")
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
        @Description("Waits of all I/O threads together")
        long times;

        @Label("Waited")
        @Description("All these waits together")
        @Timespan(Timespan.NANOSECONDS)
        long waited;
    }

    @Name(CLOCK)
    @Label("Clock")
    @Category(CATEGORY)
    @Description("CLOCK_MONOTONIC at this event's own time; the closest of several readings ties the two clocks")
    @StackTrace(false)
    static final class Clocks extends Event {
        @Label("Monotonic Time")
        @Description("CLOCK_MONOTONIC in nanoseconds")
        long atNs;
    }

    @Name("lens.Verdict")
    @Label("Verdict")
    @Category(CATEGORY)
    @Description("Whether the run's figures may be believed")
    @StackTrace(false)
    static final class Judged extends Event {
        @Label("Judged At")
        @Description("When it was judged, on CLOCK_MONOTONIC in nanoseconds")
        long atNs;

        @Label("State")
        @Description("VALID, INVALID or INCONCLUSIVE")
        @Nullable
        String state;

        @Label("Reasons")
        @Description("What made it so")
        @Nullable
        String reasons;
    }
}
