package dev.latencylens.load;

import java.time.Duration;
import java.util.SplittableRandom;

/// How often a request that failed is tried again, and how long after: never, unless somebody asks for it.
///
/// @param retries attempts after the first, at most
/// @param backoff the longest wait before the second attempt; it doubles with each further one
/// @param total no attempt begins later than this after the first one
/// @param seed what the waits are drawn by
public record RetryPolicy(int retries, Duration backoff, Duration total, long seed) {
    public static final Duration USUAL_BACKOFF = Duration.ofMillis(500);
    public static final Duration USUAL_TOTAL = Duration.ofMinutes(5);
    public static final RetryPolicy NEVER = new RetryPolicy(0, USUAL_BACKOFF, USUAL_TOTAL, 0);

    /// Doubling ends here, or at the backoff where that is longer.
    static final Duration LONGEST_BACKOFF = Duration.ofSeconds(60);

    private static final int MOST_DOUBLINGS = 30;
    private static final long GOLDEN = 0x9E3779B97F4A7C15L;

    public RetryPolicy {
        if (retries < 0) {
            throw new IllegalArgumentException("retries must not be negative, was " + retries);
        }
        if (!backoff.isPositive() || !total.isPositive()) {
            throw new IllegalArgumentException("backoff and total must be positive, were " + backoff + " and " + total);
        }
    }

    /// The wait before an attempt: any time from 0 up to its backoff ("full jitter": M. Brooker, Exponential
    /// Backoff And Jitter, AWS Architecture Blog, 2015), so that requests that failed together do not come back
    /// together. The same for the same seed, request and attempt, whatever happened to others.
    ///
    /// @param number of the request
    /// @param attempt 2 for the first retry
    public long jitterNs(long number, int attempt) {
        double mostNs = (double) Math.max(LONGEST_BACKOFF.toNanos(), backoff.toNanos());
        double doubledNs = backoff.toNanos() * Math.scalb(1.0, Math.min(attempt - 2, MOST_DOUBLINGS));
        var random = new SplittableRandom(seed ^ (number * GOLDEN) ^ Long.rotateLeft(attempt * GOLDEN, 32));
        return (long) (random.nextDouble() * Math.min(doubledNs, mostNs));
    }
}
