package dev.latencylens.load;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// The load that was asked for: who sends when, and when it ends.
///
/// @param arrivals the schedule of an open loop, or null for a closed loop
/// @param concurrency how many users of a closed loop each wait for their answer before they ask again; in an open
/// loop
///     the most requests in flight, 0 for no limit (a request kept back by the limit shows as `queue`)
/// @param thinkTime of the users of a closed loop; null for users who ask again at once
/// @param requests how many measured requests to send at most, 0 for no limit
/// @param warmupRequests how many to send first and leave out of the figures
/// @param duration how long to go on starting measured requests, or null for no limit
/// @param drain how long requests in flight may still take when nothing more is started
public record Load(
        @Nullable ArrivalSchedule arrivals,
        int concurrency,
        @Nullable ThinkTime thinkTime,
        long requests,
        long warmupRequests,
        @Nullable Duration duration,
        Duration drain) {
    /// Without think time.
    public Load(
            @Nullable ArrivalSchedule arrivals,
            int concurrency,
            long requests,
            long warmupRequests,
            @Nullable Duration duration,
            Duration drain) {
        this(arrivals, concurrency, null, requests, warmupRequests, duration, drain);
    }

    public Load {
        if (arrivals != null && thinkTime != null) {
            throw new IllegalArgumentException("users think in a closed loop, and in an open one there are none");
        }
        if (arrivals == null && concurrency < 1) {
            throw new IllegalArgumentException("concurrency must be at least 1, was " + concurrency);
        }
        if (concurrency < 0) {
            throw new IllegalArgumentException("concurrency must not be negative, was " + concurrency);
        }
        if (requests < 0 || warmupRequests < 0) {
            throw new IllegalArgumentException("request counts must not be negative, were " + requests + " and "
                    + warmupRequests + " for warm-up");
        }
        if (duration != null && !duration.isPositive()) {
            throw new IllegalArgumentException("duration must be positive, was " + duration);
        }
        boolean ends = requests > 0 || duration != null || arrivals instanceof ArrivalSchedule.Replayed;
        if (!ends) {
            throw new IllegalArgumentException("a load needs an end: a number of requests, a duration, or both");
        }
    }

    /// How many exchanges an open loop's schedule has, those for warm-up included.
    public long due() {
        return Timetable.count(this);
    }

    /// This load's part for one of several I/O threads: the users are dealt out, an open loop's limit too.
    Load share(int thread, int threads) {
        if (concurrency > 0 && concurrency < threads) {
            throw new IllegalArgumentException(threads + " I/O threads cannot share a concurrency of " + concurrency
                    + "; use at most " + concurrency + (concurrency == 1 ? " thread" : " threads"));
        }
        int users = concurrency / threads + (thread < concurrency % threads ? 1 : 0);
        return new Load(arrivals, users, thinkTime, requests, warmupRequests, duration, drain);
    }
}
