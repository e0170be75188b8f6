package dev.latencylens.cli;

import dev.latencylens.load.ArrivalSchedule;
import dev.latencylens.load.Gaps;
import dev.latencylens.load.Live;
import dev.latencylens.load.Load;
import dev.latencylens.load.RateCourse;
import dev.latencylens.load.RateLimits;
import dev.latencylens.load.RetryPolicy;
import dev.latencylens.load.ThinkTime;
import dev.latencylens.load.Warmup;
import dev.latencylens.stats.AndersonDarling;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// A load in words, for the report.
final class LoadText {
    private LoadText() {}

    static String of(Load load) {
        var parts = new ArrayList<String>();
        ArrivalSchedule arrivals = load.arrivals();
        if (arrivals == null) {
            parts.add("closed loop, concurrency " + load.concurrency());
        } else {
            parts.add(arrivals(arrivals, load.duration())
                    + (load.conversations() == null ? "" : " that begin conversations"));
            if (load.concurrency() > 0) {
                parts.add("at most " + load.concurrency() + " in flight");
            }
        }
        ThinkTime think = load.thinkTime();
        if (think != null) {
            parts.add("think time " + think.asked()
                    + (think.spread() instanceof ThinkTime.Constant ? "" : " (seed " + think.seed() + ")"));
        }
        Load.Conversations conversations = load.conversations();
        if (conversations != null && conversations.most() > 0) {
            parts.add(Figures.count(conversations.most())
                    + (conversations.most() == 1 ? " conversation" : " conversations"));
        }
        if (load.requests() > 0) {
            parts.add(Figures.count(load.requests()) + (load.requests() == 1 ? " request" : " requests"));
        }
        Duration duration = load.duration();
        if (duration != null) {
            parts.add("for " + seconds(duration));
        }
        if (!load.warmup().isNone()) {
            parts.add("after " + of(load.warmup()));
        }
        return String.join(", ", parts);
    }

    /// `16 for warm-up`, `30.00 s for warm-up`.
    private static String of(Warmup warmup) {
        return switch (warmup) {
            case Warmup.Requests(long count) -> count + " for warm-up";
            case Warmup.Time(Duration length) -> seconds(length) + " for warm-up";
            case Warmup.UntilSteady(Duration most) -> "warm-up until steady, at most " + seconds(most);
        };
    }

    /// How a warm-up of a time ended.
    static String warmup(Warmup warmup, long warmupNs) {
        String lasted = Figures.seconds(warmupNs) + " s";
        return switch (warmup) {
            case Warmup.Requests _, Warmup.Time _ -> lasted;
            case Warmup.UntilSteady(Duration most) ->
                lasted
                        + (warmupNs < most.toNanos()
                                ? ", until ttft kept its level"
                                : ", the longest that it may take, without a level that ttft kept");
        };
    }

    /// How this client's own code was run in; empty where that is as usual, or not known.
    static String primed(Priming asked, Priming.@Nullable Done done) {
        if (done == null || asked.isUsual()) {
            return "";
        }
        return "this client's own code for " + Figures.seconds(done.took().toNanos()) + " s ("
                + (!asked.untilSettled()
                        ? "as asked"
                        : done.settled() ? "until compilation settled" : "compilation did not settle")
                + ")";
    }

    /// Whether failures are tried again, to stand behind the load; empty where they are not.
    static String of(RetryPolicy policy) {
        return policy.retries() == 0
                ? ""
                : "; up to " + policy.retries() + (policy.retries() == 1 ? " retry" : " retries") + ", backoff "
                        + seconds(policy.backoff()) + ", all within " + seconds(policy.total()) + " (seed "
                        + policy.seed() + ")";
    }

    /// What limits a load per minute, to stand behind it; empty where nothing does.
    static String of(RateLimits limits) {
        var parts = new ArrayList<String>();
        if (limits.requestsPerMinute() > 0) {
            parts.add(Figures.count(limits.requestsPerMinute()) + " requests");
        }
        if (limits.tokensPerMinute() > 0) {
            parts.add(Figures.count(limits.tokensPerMinute()) + " tokens");
        }
        return parts.isEmpty() ? "" : "; at most " + String.join(" and ", parts) + " a minute";
    }

    /// `asked 45, ran 45.0 on average, 45 at most (p50 45)`; empty where nobody looked.
    static String live(Load load, Live inFlight, Live answering) {
        boolean open = load.arrivals() != null;
        boolean askedOnce = !open && !load.asksAgain();
        if (inFlight.watchedNs() == 0 || askedOnce) {
            return "";
        }
        String asked = open
                ? load.concurrency() == 0 ? "" : "allowed " + load.concurrency() + ", "
                : "asked " + load.concurrency() + (load.thinkTime() == null ? ", " : " users, some of them thinking, ");
        return asked + "ran " + live(inFlight) + "; answers being received " + live(answering);
    }

    private static String live(Live live) {
        return String.format(Locale.ROOT, "%.1f on average, %d at most (p50 %d)", live.mean(), live.max(), live.p50());
    }

    /// How well the sends fit the random pattern that was asked for.
    static String fit(AndersonDarling fit) {
        return String.format(
                Locale.ROOT,
                "%d gaps between sends against the pattern asked for: Anderson-Darling %.2f, p %s",
                fit.count(),
                fit.statistic(),
                fit.pValue() < 0.001 ? "< 0.001" : String.format(Locale.ROOT, "= %.3f", fit.pValue()));
    }

    private static String arrivals(ArrivalSchedule arrivals, @Nullable Duration lasting) {
        return switch (arrivals) {
            case ArrivalSchedule.Paced(var course, var gaps) ->
                gaps(gaps, course) + " " + course(course, lasting)
                        + (gaps instanceof Gaps.Random random ? " (seed " + random.seed() + ")" : "");
            case ArrivalSchedule.Bursts(int size, Duration every) -> "bursts of " + size + " every " + seconds(every);
            case ArrivalSchedule.Replayed _ -> "replay of a trace";
        };
    }

    private static String gaps(Gaps gaps, RateCourse course) {
        return switch (gaps) {
            case Gaps.Equal _ -> course.only().isPresent() ? "constant" : "evenly spaced,";
            case Gaps.Exponential _ -> "Poisson";
            case Gaps.Gamma gamma -> "gamma (burstiness " + number(gamma.shape()) + ")";
        };
    }

    /// Stages that begin when the load is over are not told.
    private static String course(RateCourse course, @Nullable Duration lasting) {
        var told = new ArrayList<String>();
        Duration beginning = Duration.ZERO;
        for (RateCourse.Stage stage : course.stages()) {
            Duration length = stage.length();
            if (lasting != null && beginning.compareTo(lasting) >= 0) {
                break;
            }
            told.add(rates(stage));
            beginning = length == null ? beginning : beginning.plus(length);
        }
        return String.join(", then ", told);
    }

    private static String rates(RateCourse.Stage stage) {
        Duration length = stage.length();
        if (stage.fromPerSecond() == stage.toPerSecond()) {
            return number(stage.fromPerSecond()) + " requests/s" + (length == null ? "" : " for " + seconds(length));
        }
        return "from " + number(stage.fromPerSecond()) + " to " + number(stage.toPerSecond()) + " requests/s by equal "
                + (stage.shape() == RateCourse.Shape.EXPONENTIAL ? "factors" : "steps")
                + (length == null ? "" : " in " + seconds(length));
    }

    /// As it was asked for.
    private static String number(double value) {
        return BigDecimal.valueOf(value).stripTrailingZeros().toPlainString();
    }

    private static String seconds(Duration time) {
        return BigDecimal.valueOf(time.toNanos(), 9).stripTrailingZeros().toPlainString() + " s";
    }
}
