package dev.latencylens.cli;

import dev.latencylens.stats.Proportion;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/// Where the highest rate lies at which enough requests are good, whoever makes the runs: [#next] says which,
/// [#made] takes what it came to.
///
/// First short looks at doubled rates, until one shows too few good requests; what they show counts for nothing
/// else. From there on a rate *holds* when the share of good requests is surely at least what it should be, and
/// *does not hold* when it is as surely below; otherwise it is run again, twice as long each time, and stays
/// *undecided* in the end. The gaps between the highest rate that holds, those that are undecided and the lowest
/// that does not hold are halved until they are small.
///
/// Requests of one run depend on each other: one that waits tells that the next one will. Close to saturation
/// hundreds of them tell as much as one, so that counting them as independent finds rates that hold only until the
/// queue has grown. What a run tells is therefore divided by its dependence,
/// [dev.latencylens.stats.Sample#dependence].
final class RateSearch {
    /// Runs of one rate, each twice as long as the one before it.
    static final int MOST_RUNS_OF_A_RATE = 4;
    /// How far below the first rate one is looked for that holds.
    private static final double MOST_BELOW = 16;
    /// Both ends of the interval are to be right, at whichever of the runs of a rate they are found (Bonferroni).
    private static final int WAYS_TO_BE_WRONG = 2 * MOST_RUNS_OF_A_RATE;
    /// Fewer cannot show by how much they depend on each other.
    private static final double FEWEST_OF_A_RUN = 300;

    private static final long FEWEST_OF_A_LOOK = 20;
    private static final double SHORTEST_LOOK_SECONDS = 2;
    /// A line that grows half as fast as requests come then breaks the objectives.
    private static final double SPANS_OF_A_LOOK = 2;
    /// In how many times the span that a queue needs to break the objectives, growing by the precision.
    private static final double SPANS = 1.25;
    /// Room for some requests that may be bad.
    private static final double ROOM = 1.6;

    private final double goodFraction;
    private final double sure;
    private final double precision;
    private final double from;
    private final double to;
    private final double patienceSeconds;
    private final @Nullable Long requests;

    private final List<Probe> probes = new ArrayList<>();
    private boolean looking = true;
    private double looked;
    private Run asked;

    enum Finding {
        HOLDS,
        DOES_NOT_HOLD,
        UNDECIDED
    }

    /// A run to make.
    record Run(double perSecond, long requests) {}

    /// What the runs of one rate came to.
    ///
    /// @param effectiveGood good requests, each run's divided by its dependence, as `effectiveOf` all of them
    record Probe(
            double perSecond,
            Proportion good,
            double effectiveGood,
            double effectiveOf,
            int runs,
            double atLeast,
            double atMost,
            Finding finding) {
        boolean isOver() {
            return finding != Finding.UNDECIDED || runs == MOST_RUNS_OF_A_RATE;
        }
    }

    /// @param confidence that the interval holds the highest rate
    /// @param patienceSeconds the shortest time that the objectives let a request wait, 0 where they limit none
    /// @param requests of the first run of each rate, null for as few as are enough
    RateSearch(
            double goodFraction,
            double confidence,
            double precision,
            double from,
            double to,
            double patienceSeconds,
            @Nullable Long requests) {
        this.goodFraction = goodFraction;
        this.sure = 1 - (1 - confidence) / WAYS_TO_BE_WRONG;
        this.precision = precision;
        this.from = from;
        this.to = to;
        this.patienceSeconds = patienceSeconds;
        this.requests = requests;
        this.asked = look(from);
    }

    /// Requests of a first run which, with all those of the further ones, can show that the share holds where all
    /// of them are good: share^n <= 1 - sure.
    static long fewest(double goodFraction, double confidence) {
        double together = Math.log((1 - confidence) / WAYS_TO_BE_WRONG) / Math.log(goodFraction);
        return (long) Math.ceil(together / ((1 << MOST_RUNS_OF_A_RATE) - 1));
    }

    /// Empty when the gaps are small enough, or when there is nothing left to try.
    Optional<Run> next() {
        return asked.perSecond() > 0 ? Optional.of(asked) : Optional.empty();
    }

    /// @param dependence at least 1
    void made(Proportion good, double dependence) {
        double rate = asked.perSecond();
        if (looking) {
            boolean isGood = good.share() >= goodFraction;
            if (isGood) {
                looked = rate;
            }
            looking = isGood && rate < to;
            asked = looking ? look(Math.min(to, 2 * rate)) : run(Math.max(from, looked), 1);
            return;
        }
        Probe before = probes.isEmpty() || probes.getLast().isOver() ? null : probes.removeLast();
        double effectiveGood = good.good() / dependence + (before == null ? 0 : before.effectiveGood());
        double effectiveOf = good.of() / dependence + (before == null ? 0 : before.effectiveOf());
        double atLeast = Proportion.atLeast(effectiveGood, effectiveOf, sure);
        double atMost = Proportion.atMost(effectiveGood, effectiveOf, sure);
        var probe = new Probe(
                rate,
                before == null ? good : before.good().and(good),
                effectiveGood,
                effectiveOf,
                before == null ? 1 : before.runs() + 1,
                atLeast,
                atMost,
                atLeast >= goodFraction
                        ? Finding.HOLDS
                        : atMost < goodFraction ? Finding.DOES_NOT_HOLD : Finding.UNDECIDED);
        probes.add(probe);
        asked = probe.isOver() ? run(nextRate(), 1) : run(rate, 1 << probe.runs());
    }

    private double nextRate() {
        double held = highestThatHeld().map(Probe::perSecond).orElse(0.0);
        double broke = lowestThatDidNot().map(Probe::perSecond).orElse(Double.POSITIVE_INFINITY);
        var between = probes.stream()
                .filter(probe -> probe.finding() == Finding.UNDECIDED)
                .mapToDouble(Probe::perSecond)
                .filter(rate -> rate > held && rate < broke)
                .summaryStatistics();
        double low = Math.min(between.getMin(), broke);
        double high = Math.max(between.getMax(), held);
        if (held == 0) {
            return low / 2 < from / MOST_BELOW ? 0 : low / 2;
        }
        if (low / held > 1 + precision && low < Double.POSITIVE_INFINITY) {
            return Math.sqrt(low * held);
        }
        if (broke == Double.POSITIVE_INFINITY) {
            return high >= to ? 0 : Math.min(to, high * 2);
        }
        return broke / high > 1 + precision ? Math.sqrt(broke * high) : 0;
    }

    private Run look(double rate) {
        double seconds = Math.max(SHORTEST_LOOK_SECONDS, SPANS_OF_A_LOOK * patienceSeconds);
        long enough = Math.max(FEWEST_OF_A_LOOK, (long) Math.ceil(seconds * rate));
        return new Run(rate, Math.min(enough, run(rate, 1).requests()));
    }

    /// Long enough for a queue that grows by as much as the precision to break the objectives.
    private Run run(double rate, int times) {
        if (requests != null) {
            return new Run(rate, requests * times);
        }
        double few = ROOM * Math.log(1 - sure) / Math.log(goodFraction);
        double span = SPANS * patienceSeconds / precision * rate;
        return new Run(rate, (long) Math.ceil(Math.max(Math.max(few, span), FEWEST_OF_A_RUN)) * times);
    }

    /// Whether the next run only looks, and is no part of the result.
    boolean isLooking() {
        return looking;
    }

    List<Probe> probes() {
        return List.copyOf(probes);
    }

    /// Rates below one that surely does not hold; chance finds one above it that does, now and then.
    Optional<Probe> highestThatHeld() {
        OptionalDouble broke = probes.stream()
                .filter(probe -> probe.finding() == Finding.DOES_NOT_HOLD)
                .mapToDouble(Probe::perSecond)
                .min();
        return probes.stream()
                .filter(probe -> probe.finding() == Finding.HOLDS)
                .filter(probe -> broke.isEmpty() || probe.perSecond() < broke.getAsDouble())
                .max((a, b) -> Double.compare(a.perSecond(), b.perSecond()));
    }

    Optional<Probe> lowestThatDidNot() {
        return probes.stream()
                .filter(probe -> probe.finding() == Finding.DOES_NOT_HOLD)
                .min((a, b) -> Double.compare(a.perSecond(), b.perSecond()));
    }
}
