package dev.latencylens.cli;

import dev.latencylens.exchange.Usage;
import dev.latencylens.load.Load;
import dev.latencylens.load.Warmup;
import dev.latencylens.provider.Cost;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.OptionalLong;

/// What a plan would send and cost, reckoned without sending anything.
final class DryRun {
    /// Goes on under the first line's text.
    private static final String NEXT = ";\n          ";

    private DryRun() {}

    static String of(Plan plan) {
        OptionalLong requests = requests(plan);
        var text = new StringBuilder(500);
        text.append("Dry run   nothing was sent; ")
                .append(plan.model())
                .append(" at ")
                .append(plan.embedded() ? "the embedded simulated provider" : plan.url())
                .append('\n');
        text.append("Requests  ").append(requests(plan, requests)).append('\n');
        text.append("Tokens    ").append(tokens(plan, requests)).append('\n');
        text.append("Cost      ").append(cost(plan, requests)).append('\n');
        if (plan.pricing().tariff().isPresent()) {
            text.append("Prices    ").append(plan.pricing().source()).append('\n');
            String remark = plan.pricing().remark();
            text.append(remark.isEmpty() ? "" : "          " + remark + "\n");
        }
        return text.toString();
    }

    /// Warm-up included; absent where nobody can know it before.
    private static OptionalLong requests(Plan plan) {
        Load load = plan.load();
        Load.Conversations conversations = load.conversations();
        if (conversations != null) {
            return turns(plan, conversations);
        }
        if (load.arrivals() != null) {
            return OptionalLong.of(load.due());
        }
        boolean counted = load.requests() > 0 && load.warmup() instanceof Warmup.Requests;
        return counted ? OptionalLong.of(load.warmup().requests() + load.requests()) : OptionalLong.empty();
    }

    /// As many as there are where no turn fails, and no time ends them before.
    private static OptionalLong turns(Plan plan, Load.Conversations conversations) {
        Load load = plan.load();
        long most = load.requests() == 0 ? Long.MAX_VALUE : load.warmup().requests() + load.requests();
        long begun = load.arrivals() != null && load.duration() != null ? load.due() : conversations.most();
        long turns = 0;
        for (long conversation = 0; conversation < begun && turns < most; conversation++) {
            turns += plan.prompts().turns(conversation);
        }
        if (begun > 0) {
            return OptionalLong.of(Math.min(turns, most));
        }
        return load.requests() == 0 ? OptionalLong.empty() : OptionalLong.of(most);
    }

    private static String requests(Plan plan, OptionalLong requests) {
        Load load = plan.load();
        Duration duration = load.duration();
        if (requests.isEmpty()) {
            return (load.requests() == 0
                            ? "as many as are answered in " + duration(load) + ", which cannot be known before"
                            : Figures.count(load.requests()))
                    + warmup(load, "; ", " more");
        }
        boolean atMost =
                duration != null || load.conversations() != null || load.warmup() instanceof Warmup.UntilSteady;
        return (atMost ? "at most " : "")
                + Figures.count(requests.getAsLong())
                + warmup(load, ", ", " of them")
                + (duration == null ? "" : ", in " + duration(load) + " of measuring");
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

    private static String duration(Load load) {
        return load.duration() == null ? "" : seconds(load.duration());
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
        var usage = new Usage(plan.prompts().inputTokens(), null, null, output, null, "");
        var each = Cost.of(usage, pricing.tariff().get());
        if (each.isEmpty()) {
            return "unknown: no " + pricing.service() + " price for so long a prompt in "
                    + pricing.prices().name();
        }
        Long monthly = pricing.monthlyRequests();
        return "about " + Figures.usd(each.get()) + " at most for each request" + NEXT
                + (requests.isEmpty()
                        ? "together as many times that as are answered, which cannot be known before"
                                + (pricing.maxCost() == null ? "; --max-cost sets a limit" : "")
                        : "about " + Figures.usd(each.get().multiply(BigDecimal.valueOf(requests.getAsLong())))
                                + " at most together")
                + (pricing.maxCost() == null ? "" : ", limited to " + Figures.usd(pricing.maxCost()))
                + (monthly == null
                        ? ""
                        : NEXT + "about " + Figures.usd(each.get().multiply(BigDecimal.valueOf(monthly)))
                                + " at most a month at " + Figures.count(monthly) + " requests");
    }
}
