package dev.latencylens.cli;

import dev.latencylens.exchange.Usage;
import dev.latencylens.load.ArrivalSchedule;
import dev.latencylens.load.Load;
import dev.latencylens.load.RateCourse;
import dev.latencylens.load.Warmup;
import dev.latencylens.provider.Cost;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Collectors;

/// What a plan would send and cost, reckoned without sending anything.
final class DryRun {
    /// Goes on under the first line's text.
    private static final String NEXT = ";\n          ";

    private static final int LEAD = 10;

    private DryRun() {}

    static String of(Plan plan) {
        return within("Dry run   nothing was sent; " + target(plan) + "\n" + one(plan) + prices(plan));
    }

    /// What a grid would send and cost: each of its loads, and all of them as often as they are run.
    ///
    /// @param atMost whether they may end earlier
    static String ofGrid(Map<String, Plan> loads, int times, boolean atMost) {
        Plan any = loads.values().iterator().next();
        String most = atMost ? "at most " : "";
        var text = new StringBuilder(1_000);
        text.append("Dry run   nothing was sent; ").append(target(any)).append('\n');
        loads.forEach((name, plan) -> {
            text.append(name.isEmpty() ? "" : "\nLoad      " + name + "\n");
            text.append(one(plan));
        });
        text.append("\nTogether  ")
                .append(most)
                .append(Figures.count((long) times * loads.size()))
                .append(" runs, ")
                .append(most)
                .append(times == 1 ? "one" : Figures.count(times))
                .append(" of each load")
                .append(NEXT)
                .append(together(loads.values(), times))
                .append('\n')
                .append(prices(any));
        return within(text.toString());
    }

    /// A terminal's columns.
    private static String within(String text) {
        return text.lines()
                .map(line -> line.length() <= Report.COLUMNS
                        ? line + "\n"
                        : Paragraph.of(line.substring(0, LEAD), line.substring(LEAD), Report.COLUMNS))
                .collect(Collectors.joining());
    }

    private static String together(Collection<Plan> plans, int times) {
        long requests = 0;
        long input = 0;
        long output = 0;
        Optional<BigDecimal> cost = Optional.of(BigDecimal.ZERO);
        for (Plan plan : plans) {
            OptionalLong some = requests(plan);
            if (some.isEmpty()) {
                return "how many requests is unknown: that of some loads cannot be known before";
            }
            long count = some.getAsLong() * times;
            requests += count;
            input += count * plan.prompts().inputTokens();
            output += count * plan.prompts().outputLength();
            Optional<BigDecimal> each = costOfOne(plan);
            cost = cost.flatMap(sum -> each.map(usd -> sum.add(usd.multiply(BigDecimal.valueOf(count)))));
        }
        boolean isOutputKnown = plans.stream().allMatch(plan -> plan.prompts().outputLength() > 0);
        return "at most " + Figures.count(requests) + " requests" + NEXT + "about " + Figures.count(input)
                + " tokens in"
                + (isOutputKnown ? " and at most " + Figures.count(output) + " out" : "") + NEXT
                + cost.map(usd -> "about " + Figures.usd(usd) + " at most").orElse("for an unknown price");
    }

    /// At most; absent where there is no price, or no limit of the answer.
    private static Optional<BigDecimal> costOfOne(Plan plan) {
        long output = plan.prompts().outputLength();
        var usage = new Usage(plan.prompts().inputTokens(), null, null, output, null, "");
        return output == 0 ? Optional.empty() : plan.pricing().tariff().flatMap(tariff -> Cost.of(usage, tariff));
    }

    private static String target(Plan plan) {
        return plan.model() + " at " + (plan.embedded() ? "the embedded simulated provider" : plan.url());
    }

    private static String one(Plan plan) {
        OptionalLong requests = requests(plan);
        return "Requests  " + requests(plan, requests) + "\nTokens    " + tokens(plan, requests) + "\nCost      "
                + cost(plan, requests) + "\n";
    }

    private static String prices(Plan plan) {
        if (plan.pricing().tariff().isEmpty()) {
            return "";
        }
        String remark = plan.pricing().remark();
        return "Prices    " + plan.pricing().source() + "\n" + (remark.isEmpty() ? "" : "          " + remark + "\n");
    }

    /// Warm-up included; absent where nobody can know it before.
    private static OptionalLong requests(Plan plan) {
        Load load = plan.load();
        Load.Conversations conversations = load.conversations();
        if (conversations != null) {
            boolean isLimited = load.requests() > 0 && load.warmup() instanceof Warmup.Requests;
            return turns(plan, isLimited ? load.warmup().requests() + load.requests() : Long.MAX_VALUE);
        }
        if (load.arrivals() != null) {
            return OptionalLong.of(load.due());
        }
        boolean counted = load.requests() > 0 && load.warmup() instanceof Warmup.Requests;
        return counted ? OptionalLong.of(load.warmup().requests() + load.requests()) : OptionalLong.empty();
    }

    /// As many turns as the conversations have where none fails, and no time ends them before, or `most` where
    /// that is less; absent where nobody can know it before.
    ///
    /// @param most no more are counted; the largest number for no limit
    static OptionalLong turns(Plan plan, long most) {
        Load load = plan.load();
        long begun = load.arrivals() != null && load.duration() != null
                ? load.due()
                : Objects.requireNonNull(load.conversations()).most();
        if (begun == 0) {
            return most == Long.MAX_VALUE ? OptionalLong.empty() : OptionalLong.of(most);
        }
        long turns = 0;
        for (long conversation = 0; conversation < begun && turns < most; conversation++) {
            turns += plan.prompts().turns(conversation);
        }
        return OptionalLong.of(Math.min(turns, most));
    }

    private static String requests(Plan plan, OptionalLong requests) {
        Load load = plan.load();
        Duration duration = load.duration();
        if (requests.isEmpty()) {
            return (load.requests() == 0
                            ? "as many as are answered in " + seconds(all(load)) + ", which cannot be known before"
                            : Figures.count(load.requests()) + " at most")
                    + warmup(load, load.requests() == 0 ? "; " : ", and beside them ", " more")
                    + turns(plan);
        }
        boolean atMost =
                duration != null || load.conversations() != null || load.warmup() instanceof Warmup.UntilSteady;
        return (atMost ? "at most " : "")
                + Figures.count(requests.getAsLong())
                + warmup(load, ", ", " of them")
                + (duration == null
                        ? ""
                        : ", in " + seconds(measured(load, duration)) + " of measuring"
                                + (all(load).equals(measured(load, duration))
                                        ? ""
                                        : ", " + seconds(all(load)) + " in all"))
                + turns(plan);
    }

    /// How long requests are started, at most; the last answers end after it.
    private static Duration all(Load load) {
        Duration warmup = load.warmup().mostTime();
        Duration all = load.duration() == null ? warmup : load.duration().plus(warmup);
        if (!(load.arrivals() instanceof ArrivalSchedule.Paced(RateCourse course, var _))) {
            return all;
        }
        // A rate that ends takes its warm-up from its own beginning.
        Duration ends = Duration.ZERO;
        for (RateCourse.Stage stage : course.stages()) {
            Duration length = stage.length();
            if (length == null) {
                return all;
            }
            ends = ends.plus(length);
        }
        return all.compareTo(ends) < 0 ? all : ends;
    }

    private static Duration measured(Load load, Duration duration) {
        Duration left = all(load).minus(load.warmup().mostTime());
        return load.warmup() instanceof Warmup.Time && left.compareTo(duration) < 0 ? left : duration;
    }

    /// What can be said of how long conversations take: their turns wait for each other.
    private static String turns(Plan plan) {
        Load.Conversations conversations = plan.load().conversations();
        if (conversations == null || plan.load().duration() != null || conversations.most() == 0) {
            return "";
        }
        long most = 0;
        for (long conversation = 0; conversation < conversations.most(); conversation++) {
            most = Math.max(most, plan.prompts().turns(conversation));
        }
        int users = plan.load().arrivals() == null ? plan.load().concurrency() : 0;
        long rounds = users == 0 ? most : most * Math.ceilDiv(conversations.most(), users);
        return "; " + (users == 0 ? "after the last beginning " : "") + "they take no longer than "
                + Figures.count(rounds) + " of the longest answers one after the other, with think time";
    }

    private static String warmup(Load load, String before, String count) {
        return switch (load.warmup()) {
            case Warmup.Requests(long requests) ->
                requests == 0 ? "" : before + Figures.count(requests) + count + " for warm-up";
            case Warmup.Time(Duration length) -> before + "those of the first " + seconds(length) + " for warm-up";
            case Warmup.UntilSteady(Duration most) ->
                before + "those of the first " + seconds(most) + " at most for warm-up";
        };
    }

    private static String seconds(Duration time) {
        return Figures.seconds(time.toNanos()) + " s";
    }

    private static String tokens(Plan plan, OptionalLong requests) {
        long input = plan.prompts().inputTokens();
        long output = plan.prompts().outputLength();
        String each = "at most about " + Figures.count(input) + " in and "
                + (output == 0 ? "an unknown number" : "at most " + Figures.count(output)) + " out for each request";
        if (requests.isEmpty()) {
            return each;
        }
        return each + NEXT + "about " + Figures.count(input * requests.getAsLong()) + " in"
                + (output == 0 ? "" : " and at most " + Figures.count(output * requests.getAsLong()) + " out")
                + " together";
    }

    private static String cost(Plan plan, OptionalLong requests) {
        Pricing pricing = plan.pricing();
        if (pricing.tariff().isEmpty()) {
            return "unknown: " + pricing.unknown();
        }
        long output = plan.prompts().outputLength();
        if (output == 0) {
            return "unknown: the length of an answer is left to the server; give --osl";
        }
        Optional<BigDecimal> each = costOfOne(plan);
        if (each.isEmpty()) {
            return "unknown: no " + pricing.service() + " price for so long a prompt in "
                    + pricing.prices().name();
        }
        Long monthly = pricing.monthlyRequests();
        return "about " + Figures.usd(each.get()) + " at most for each request" + NEXT
                + (requests.isEmpty()
                        ? "together as many times that as are answered, which cannot be known before"
                                + (pricing.maxCost() == null ? NEXT + "--max-cost sets a limit" : "")
                        : "about " + Figures.usd(each.get().multiply(BigDecimal.valueOf(requests.getAsLong())))
                                + " at most together")
                + (pricing.maxCost() == null ? "" : ", limited to " + Figures.usd(pricing.maxCost()))
                + (monthly == null
                        ? ""
                        : NEXT + "about " + Figures.usd(each.get().multiply(BigDecimal.valueOf(monthly)))
                                + " at most a month at " + Figures.count(monthly) + " requests");
    }
}
