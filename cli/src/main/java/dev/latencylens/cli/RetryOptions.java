package dev.latencylens.cli;

import static dev.latencylens.cli.Flags.named;

import dev.latencylens.cli.RunCommand.DurationConverter;
import dev.latencylens.load.Load;
import dev.latencylens.load.RetryPolicy;
import java.time.Duration;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// The flags that say what becomes of requests that fail.
final class RetryOptions {
    private static final int MOST_RETRIES = 100;

    private int retries;
    private @Nullable Duration backoff;
    private @Nullable Duration total;
    private @Nullable Integer stopAfterFailures;

    void declare(Flags flags) {
        flags.add(
                named("--retries")
                        .paramLabel("N")
                        .description(
                                "try a request again up to N times where nothing of an answer had begun: no connection,"
                                        + " no first byte, status 408, 425, 429 or 5xx, overload (default 0); every attempt has its own"
                                        + " line and latency, and the time to wait counts in *_from_intended alone"),
                Integer.class,
                value -> retries = value);
        flags.add(
                named("--retry-backoff")
                        .paramLabel("TIME")
                        .converters(new DurationConverter())
                        .description(
                                "longest wait before the first retry (default 500ms), doubled for each further one up to"
                                        + " 60s; how much of it is drawn by --seed, and added to what the provider asks for"),
                Duration.class,
                value -> backoff = value);
        flags.add(
                named("--retry-total")
                        .paramLabel("TIME")
                        .converters(new DurationConverter())
                        .description("begin no attempt later than this after the request's first one (default 5m)"),
                Duration.class,
                value -> total = value);
        flags.add(
                named("--stop-after-failures")
                        .paramLabel("N")
                        .description(
                                "end the run when N requests in a row have failed, all their retries included, and report"
                                        + " what was measured; 0 goes on whatever fails (default 100, or twice --concurrency where that is"
                                        + " more; in an open loop only when nothing has succeeded for 10 s, too)"),
                Integer.class,
                value -> stopAfterFailures = value);
    }

    /// How many failed requests in a row end the run.
    CircuitBreak.Limit stopAfterFailures(Load load) {
        if (stopAfterFailures == null) {
            return CircuitBreak.Limit.usual(load);
        }
        RunCommand.atLeast("--stop-after-failures", stopAfterFailures, 0);
        return new CircuitBreak.Limit(stopAfterFailures, Duration.ZERO);
    }

    /// @param seed asked for where something is tried again
    RetryPolicy policy(LongSupplier seed) {
        RunCommand.atLeast("--retries", retries, 0);
        if (retries > MOST_RETRIES) {
            throw CommandFailure.usage("--retries must be at most " + MOST_RETRIES + ", was " + retries);
        }
        if (retries == 0 && (backoff != null || total != null)) {
            throw CommandFailure.usage((backoff == null ? "--retry-total" : "--retry-backoff")
                    + " is for requests that are tried again; give --retries N with it");
        }
        return retries == 0
                ? RetryPolicy.NEVER
                : new RetryPolicy(
                        retries,
                        backoff == null ? RetryPolicy.USUAL_BACKOFF : backoff,
                        total == null ? RetryPolicy.USUAL_TOTAL : total,
                        seed.getAsLong());
    }
}
