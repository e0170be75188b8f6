package dev.latencylens.load;

import dev.latencylens.exchange.Turn;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// The load that was asked for: who sends when, and when it ends.
///
/// @param arrivals the schedule of an open loop, or null for a closed loop
/// @param concurrency how many users of a closed loop each wait for their answer before they ask again; in an open
/// loop
///     the most requests in flight, 0 for no limit (a request kept back by the limit shows as `queue`)
/// @param thinkTime of the users of a closed loop, and between the turns of a conversation; null for users who ask
/// again at once
/// @param requests how many measured requests to send at most, 0 for no limit
/// @param warmup what to send first and leave out of the figures
/// @param duration how long to go on starting measured requests, or null for no limit
/// @param drain how long requests in flight may still take when nothing more is started
/// @param conversations null where every request stands for itself. Else each user has one conversation at a time,
/// an open loop's schedule is that of the conversations' beginnings, and requests are turns of them
public record Load(
        @Nullable ArrivalSchedule arrivals,
        int concurrency,
        @Nullable ThinkTime thinkTime,
        long requests,
        Warmup warmup,
        @Nullable Duration duration,
        Duration drain,
        @Nullable Conversations conversations) {
    /// That requests are turns of conversations.
    ///
    /// @param most how many to begin, 0 for no limit
    public record Conversations(long most) {
        public Conversations {
            if (most < 0) {
                throw new IllegalArgumentException("conversations must not be negative, were " + most);
            }
        }
    }

    /// Without think time.
    public Load(
            @Nullable ArrivalSchedule arrivals,
            int concurrency,
            long requests,
            long warmupRequests,
            @Nullable Duration duration,
            Duration drain) {
        this(arrivals, concurrency, null, requests, new Warmup.Requests(warmupRequests), duration, drain, null);
    }

    /// Of requests that stand for themselves.
    public Load(
            @Nullable ArrivalSchedule arrivals,
            int concurrency,
            @Nullable ThinkTime thinkTime,
            long requests,
            Warmup warmup,
            @Nullable Duration duration,
            Duration drain) {
        this(arrivals, concurrency, thinkTime, requests, warmup, duration, drain, null);
    }

    public Load {
        if (arrivals != null && thinkTime != null && conversations == null) {
            throw new IllegalArgumentException("users think in a closed loop, and in an open one there are none");
        }
        if (arrivals == null && concurrency < 1) {
            throw new IllegalArgumentException("concurrency must be at least 1, was " + concurrency);
        }
        if (concurrency < 0) {
            throw new IllegalArgumentException("concurrency must not be negative, was " + concurrency);
        }
        if (requests < 0) {
            throw new IllegalArgumentException("requests must not be negative, were " + requests);
        }
        if (duration != null && !duration.isPositive()) {
            throw new IllegalArgumentException("duration must be positive, was " + duration);
        }
        boolean ends = requests > 0
                || duration != null
                || arrivals instanceof ArrivalSchedule.Replayed
                || (conversations != null && conversations.most() > 0);
        if (!ends) {
            throw new IllegalArgumentException("a load needs an end: a number of requests, a duration, or both");
        }
    }

    /// How many exchanges an open loop's schedule has at most, those for warm-up included; of conversations, how
    /// many begin.
    public long due() {
        return Timetable.count(this, warmup.mostTime().toNanos());
    }

    /// How many of them are measured; of conversations, how many begin.
    ///
    /// @param warmupNs how long a warm-up of a time lasted; 0 where it was one of requests
    public long measuredDue(long warmupNs) {
        return Timetable.countMeasured(this, warmupNs);
    }

    /// Whether the schedule tells which exchange is the last, before any is sent.
    boolean endsBySchedule() {
        return warmup instanceof Warmup.Requests
                || (arrivals != null && conversations == null && warmup instanceof Warmup.Time);
    }

    /// Whether users of a closed loop ask more than once, as far as numbers tell.
    public boolean asksAgain() {
        long asked = conversations == null ? requests : conversations.most();
        return asked == 0 || asked > concurrency;
    }

    /// How long its user thinks after a turn: a new conversation begins at once.
    long thinkNs(Turn turn) {
        return thinkTime == null || turn.isLast() ? 0 : thinkTime.afterNs(turn);
    }

    /// This load's part for one of several I/O threads: the users are dealt out, an open loop's limit too.
    Load share(int thread, int threads) {
        if (concurrency > 0 && concurrency < threads) {
            throw new IllegalArgumentException(threads + " I/O threads cannot share a concurrency of " + concurrency
                    + "; use at most " + concurrency + (concurrency == 1 ? " thread" : " threads"));
        }
        int users = concurrency / threads + (thread < concurrency % threads ? 1 : 0);
        return new Load(arrivals, users, thinkTime, requests, warmup, duration, drain, conversations);
    }
}
