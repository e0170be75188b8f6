package dev.latencylens.cli;

import static dev.latencylens.cli.Flags.named;

import dev.latencylens.load.RateLimits;
import org.jspecify.annotations.Nullable;

/// The flags that limit how much is started in a minute, whatever load is asked for.
final class RateLimitOptions {
    private @Nullable Long requests;
    private @Nullable Long tokens;

    void declare(Flags flags) {
        flags.add(
                named("--max-requests-per-minute")
                        .paramLabel("N")
                        .description(
                                "start no more than N requests within any 60 s, retries included (default no limit): evenly"
                                        + " from the first on, and what was left unused for up to 60 s at once; what that holds back is"
                                        + " in throttle, queue and *_from_intended"),
                Long.class,
                value -> requests = value);
        flags.add(
                named("--max-tokens-per-minute")
                        .paramLabel("N")
                        .description(
                                "the same for tokens, input and output together (default no limit): a request counts what it"
                                        + " may use, a token for three bytes of its body and --osl, and as soon as its answer has ended"
                                        + " what the provider says it used"),
                Long.class,
                value -> tokens = value);
    }

    RateLimits limits() {
        return new RateLimits(limit("--max-requests-per-minute", requests), limit("--max-tokens-per-minute", tokens));
    }

    private static long limit(String option, @Nullable Long limit) {
        if (limit == null) {
            return 0;
        }
        RunCommand.atLeast(option, limit, 1);
        if (limit > RateLimits.MOST) {
            throw CommandFailure.usage(
                    option + " must be at most " + RateLimits.MOST + ", was " + limit + "; leave it out for no limit");
        }
        return limit;
    }
}
