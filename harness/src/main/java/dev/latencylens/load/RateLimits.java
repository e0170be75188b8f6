package dev.latencylens.load;

/// How much may be started in a minute, as somebody asked for: not what the load wants, but what it is allowed.
///
/// In no 60 seconds, wherever they begin, do more requests start than this, nor requests of more tokens. Retries
/// count. What a request counts is said in docs/metrics.md, why it is a sliding minute in docs/adr/0011.
///
/// @param requestsPerMinute 0 for no limit
/// @param tokensPerMinute of input and output together, 0 for no limit
public record RateLimits(long requestsPerMinute, long tokensPerMinute) {
    public static final RateLimits NONE = new RateLimits(0, 0);

    /// More is no limit that one machine could meet, and sums of it stay exact.
    public static final long MOST = 1_000_000_000_000L;

    public RateLimits {
        if (requestsPerMinute < 0 || tokensPerMinute < 0 || Math.max(requestsPerMinute, tokensPerMinute) > MOST) {
            throw new IllegalArgumentException("limits must be from 0 to " + MOST + ", were " + requestsPerMinute
                    + " requests and " + tokensPerMinute + " tokens per minute");
        }
    }

    public boolean areNone() {
        return requestsPerMinute == 0 && tokensPerMinute == 0;
    }

    /// The part of one of several I/O threads; the parts add up to the whole.
    ///
    /// @throws IllegalArgumentException where there is less than one for each
    public RateLimits share(int thread, int threads) {
        return new RateLimits(
                share("requests", requestsPerMinute, thread, threads),
                share("tokens", tokensPerMinute, thread, threads));
    }

    private static long share(String what, long limit, int thread, int threads) {
        if (limit > 0 && limit < threads) {
            throw new IllegalArgumentException(threads + " I/O threads cannot share " + limit + " " + what
                    + " per minute; use at most " + limit + (limit == 1 ? " thread" : " threads"));
        }
        return limit / threads + (thread < limit % threads ? 1 : 0);
    }
}
