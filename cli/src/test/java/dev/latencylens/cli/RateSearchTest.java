package dev.latencylens.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.latencylens.cli.RateSearch.Finding;
import dev.latencylens.stats.Proportion;
import dev.latencylens.stats.Sample;
import java.util.Arrays;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// The search over servers that are reckoned and not run, so that it can be repeated hundreds of times and the
/// highest rate is known.
class RateSearchTest {
    private static final int PLACES = 8;

    /// Waits in a line before places that each answer takes for as long, at Poisson arrivals.
    private static long[] waits(
            int places, SplittableRandom random, double perSecond, int requests, double answerSeconds) {
        double[] freeAt = new double[places];
        double now = 0;
        long[] waits = new long[requests];
        for (int i = 0; i < requests; i++) {
            now -= Math.log(1 - random.nextDouble()) / perSecond;
            int place = 0;
            for (int other = 1; other < places; other++) {
                place = freeAt[other] < freeAt[place] ? other : place;
            }
            double begins = Math.max(now, freeAt[place]);
            freeAt[place] = begins + answerSeconds;
            waits[i] = Math.round((begins - now) * 1e9);
        }
        return waits;
    }

    private static long good(long[] waits, double mostSeconds) {
        return Arrays.stream(waits).filter(wait -> wait <= mostSeconds * 1e9).count();
    }

    /// The rate at which so large a share of a million requests waits no longer.
    static double truth(int places, double answerSeconds, double mostSeconds, double goodFraction) {
        double low = 1;
        double high = places / answerSeconds;
        for (int i = 0; i < 14; i++) {
            double middle = (low + high) / 2;
            long[] waits = waits(places, new SplittableRandom(7), middle, 1_000_000, answerSeconds);
            if (good(waits, mostSeconds) >= goodFraction * waits.length) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return low;
    }

    private record Result(double held, double broke) {}

    private static Result search(
            long seed, double from, double answerSeconds, double mostSeconds, double goodFraction) {
        var random = new SplittableRandom(seed);
        var search = new RateSearch(goodFraction, 0.95, 0.1, from, 10_000, mostSeconds, null);
        for (Optional<RateSearch.Run> next = search.next(); next.isPresent(); next = search.next()) {
            int requests = Math.toIntExact(next.get().requests());
            long[] waits = waits(PLACES, random, next.get().perSecond(), requests, answerSeconds);
            search.made(
                    new Proportion(good(waits, mostSeconds), requests),
                    Sample.of(waits).dependence());
        }
        return new Result(
                search.highestThatHeld().orElseThrow().perSecond(),
                search.lowestThatDidNot().orElseThrow().perSecond());
    }

    /// How many of so many searches found an interval that holds the truth.
    private static long right(int searches, double answerSeconds, double mostSeconds, double goodFraction) {
        double truth = truth(PLACES, answerSeconds, mostSeconds, goodFraction);
        long right = 0;
        for (int i = 0; i < searches; i++) {
            // Wherever the rates lie that are tried.
            double from = truth / 8 * Math.pow(2, new SplittableRandom(i).nextDouble());
            Result found = search(1_000 + i, from, answerSeconds, mostSeconds, goodFraction);
            right += found.held() <= truth && truth <= found.broke() ? 1 : 0;
        }
        return right;
    }

    /// Of 100 that are right with 95 %, fewer than 88 are right once in 300 times.
    @Test
    void theIntervalHoldsTheRateAtWhichALineGrowsTooLongAsOftenAsItSays() {
        assertThat(right(100, 0.04, 0.06, 0.9)).isGreaterThanOrEqualTo(88);
    }

    @Test
    void soItDoesCloseToSaturationWhereHundredsOfRequestsTellAsMuchAsOne() {
        assertThat(right(20, 0.4, 0.5, 0.99)).isGreaterThanOrEqualTo(17);
    }

    /// What waits could be believed for to be independent finds 18 to 24 a second, where 20 saturate.
    @Test
    void aPatienceThatALineOfAMinuteDoesNotExhaustIsNoReasonToFindMoreThanSaturation() {
        assertThat(right(10, 0.4, 2, 0.99)).isGreaterThanOrEqualTo(8);
    }

    @Test
    void whereRequestsAreIndependentTheIntervalIsAsNarrowAsWasAskedFor() {
        var random = new SplittableRandom(3);
        int right = 0;
        for (int i = 0; i < 200; i++) {
            var search = new RateSearch(0.9, 0.95, 0.1, 10, 10_000, 0, null);
            for (Optional<RateSearch.Run> next = search.next(); next.isPresent(); next = search.next()) {
                // 99 % up to 90 a second, and falling by a percent for each one more: 90 % at 99.
                double share = Math.clamp(0.99 - (next.get().perSecond() - 90) / 100, 0, 0.99);
                long[] good = random.doubles(next.get().requests())
                        .mapToLong(each -> each < share ? 1 : 0)
                        .toArray();
                search.made(
                        new Proportion(Arrays.stream(good).sum(), good.length),
                        Sample.of(good).dependence());
            }
            double held = search.highestThatHeld().orElseThrow().perSecond();
            double broke = search.lowestThatDidNot().orElseThrow().perSecond();
            assertThat(broke / held).isBetween(1.0, 1.6);
            right += held <= 99 && 99 <= broke ? 1 : 0;
        }
        assertThat(right).isGreaterThanOrEqualTo(183);
    }

    /// A server that answers all in time up to a rate, and none above it.
    private static RateSearch cliff(double at, double from, double to) {
        var search = new RateSearch(0.99, 0.95, 0.05, from, to, 0, null);
        for (Optional<RateSearch.Run> next = search.next(); next.isPresent(); next = search.next()) {
            long requests = next.get().requests();
            search.made(new Proportion(next.get().perSecond() <= at ? requests : 0, requests), 1);
        }
        return search;
    }

    @Test
    void theHighestRateIsFoundToThePrecisionFromAboveAndFromBelow() {
        for (double from : new double[] {1, 90, 800}) {
            RateSearch search = cliff(100, from, 10_000);
            double held = search.highestThatHeld().orElseThrow().perSecond();
            double broke = search.lowestThatDidNot().orElseThrow().perSecond();
            assertThat(held).isLessThanOrEqualTo(100);
            assertThat(broke).isGreaterThan(100).isCloseTo(held, within(held * 0.051));
            assertThat(search.probes()).allMatch(probe -> probe.finding() != Finding.UNDECIDED);
        }
    }

    @Test
    void whereAllHoldItEndsAtTheHighestAndWhereNoneDoesFarBelowTheFirst() {
        assertThat(cliff(1e9, 10, 300).highestThatHeld().orElseThrow().perSecond())
                .isEqualTo(300);
        RateSearch none = cliff(0, 64, 1_000);
        assertThat(none.highestThatHeld()).isEmpty();
        assertThat(none.lowestThatDidNot().orElseThrow().perSecond()).isEqualTo(4);
    }

    @Test
    void looksAreShortAndCountForNothing() {
        var search = new RateSearch(0.99, 0.95, 0.05, 1, 1_000, 0.5, null);
        assertThat(search.next()).contains(new RateSearch.Run(1, 20));
        search.made(new Proportion(20, 20), 1);
        assertThat(search.next()).contains(new RateSearch.Run(2, 20));
        search.made(new Proportion(1, 20), 1);
        assertThat(search.probes()).isEmpty();
        // 505 all good show 99 % with an eighth of the error that is allowed, and there is room for some that are
        // not.
        assertThat(search.next()).contains(new RateSearch.Run(1, 808));
    }

    @Test
    void aRateOfWhichNothingIsSureIsRunTwiceAsLongEachTimeAndStaysUndecided() {
        var search = new RateSearch(0.9, 0.95, 0.1, 10, 10, 0, 100L);
        search.made(new Proportion(50, 50), 1);
        long[] asked = new long[RateSearch.MOST_RUNS_OF_A_RATE];
        for (int i = 0; i < asked.length; i++) {
            asked[i] = search.next().orElseThrow().requests();
            search.made(new Proportion(asked[i] * 9 / 10, asked[i]), 1);
        }
        assertThat(asked).containsExactly(100, 200, 400, 800);
        assertThat(search.probes().getFirst().finding()).isEqualTo(Finding.UNDECIDED);
        assertThat(search.next().orElseThrow().perSecond()).isEqualTo(5);
    }

    @Test
    void dependentRequestsDecideLess() {
        var search = new RateSearch(0.99, 0.95, 0.1, 10, 10, 0, 600L);
        search.made(new Proportion(50, 50), 1);
        search.made(new Proportion(600, 600), 3);
        RateSearch.Probe probe = search.probes().getFirst();
        assertThat(probe.finding()).isEqualTo(Finding.UNDECIDED);
        assertThat(probe.effectiveOf()).isEqualTo(200);
    }
}
