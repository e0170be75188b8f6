package dev.latencylens.stats;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// Where a run becomes steady, held to simulated data. Seeds are fixed, and are the trials' numbers.
class SteadyStateTest {
    private static final int TRIALS = 1_000;
    private static final int REQUESTS = 1_000;

    @ParameterizedTest
    @EnumSource
    void aSteadyRunRaisesFewAlarms(CoverageStudy.Data data) {
        long alarms = LongStream.range(0, TRIALS)
                .filter(seed -> SteadyState.of(data.values(new SplittableRandom(seed), REQUESTS))
                                .from()
                        > 0)
                .count();

        assertThat(alarms).isLessThanOrEqualTo(Math.round(2.5 * SteadyState.ALPHA * TRIALS));
    }

    /// What a verdict is made of must be rarer than what is only told: of 2,000 runs each.
    @ParameterizedTest(name = "{0}, {1} requests")
    @CsvSource({
        "LOGNORMAL, 100, 2",
        "LOGNORMAL, 130, 2",
        "LOGNORMAL, 1000, 2",
        "BIMODAL, 100, 2",
        "BIMODAL, 130, 2",
        "BIMODAL, 1000, 2",
        "AUTOCORRELATED, 100, 12",
        "AUTOCORRELATED, 130, 12",
        "AUTOCORRELATED, 1000, 2"
    })
    void aSteadyRunIsHardlyEverSaidToHaveNoLevel(CoverageStudy.Data data, int requests, int most) {
        long blamed = LongStream.range(0, 2_000)
                .filter(seed -> SteadyState.of(data.values(new SplittableRandom(seed), requests))
                        .hasNoLevel())
                .count();

        assertThat(blamed).isLessThanOrEqualTo(most);
    }

    /// `found` is of 200 runs; a beginning counts where it is within 5 % of the requests of the true one.
    @ParameterizedTest(name = "{0}: the first {1} times {2}")
    @CsvSource({
        "LOGNORMAL, 100, 2.0, 195",
        "LOGNORMAL, 300, 1.5, 195",
        "LOGNORMAL, 400, 0.7, 195",
        "BIMODAL, 200, 2.0, 195",
        "AUTOCORRELATED, 200, 3.0, 190"
    })
    void aShiftIsFoundWhereItIs(CoverageStudy.Data data, int first, double factor, int found) {
        long near = LongStream.range(0, 200)
                .filter(seed -> {
                    long[] values = data.values(new SplittableRandom(seed), REQUESTS);
                    scale(values, first, factor);
                    SteadyState steady = SteadyState.of(values);
                    return steady.isReached() && Math.abs(steady.from() - first) <= REQUESTS / 20;
                })
                .count();

        assertThat(near).isGreaterThanOrEqualTo(found);
    }

    @Test
    void aWarmUpInSeveralStepsIsLeftAltogether() {
        long[] values = CoverageStudy.Data.LOGNORMAL.values(new SplittableRandom(7), REQUESTS);
        scale(values, 300, 2);
        scale(values, 150, 2);

        assertThat(SteadyState.of(values).from()).isBetween(280, 320);
    }

    /// As of a server that answers nearly always after the same time: significant, and of no interest.
    @Test
    void aChangeThatIsTooSmallIsNoShift() {
        var random = new SplittableRandom(7);
        long[] values = LongStream.range(0, 200)
                .map(i -> (i < 29 ? 400_000 : i < 90 ? 201_500 : 200_500) + random.nextLong(1_000))
                .toArray();

        assertThat(SteadyState.of(values).from()).isEqualTo(29);
        assertThat(SteadyState.of(Arrays.copyOfRange(values, 29, 200)).from()).isZero();
    }

    @Test
    void aRunThatOnlyDriftsNeverBecomesSteady() {
        long[] drifting = CoverageStudy.Data.LOGNORMAL.values(new SplittableRandom(7), REQUESTS);
        Arrays.setAll(drifting, i -> drifting[i] * (REQUESTS + 4 * i) / REQUESTS);

        assertThat(SteadyState.of(drifting).hasNoLevel()).isTrue();
        assertThat(SteadyState.of(LongStream.range(100, 220).toArray()).hasNoLevel())
                .isTrue();
    }

    @Test
    void valuesThatAreAllAlikeAreSteadyAndTwoLevelsAreNot() {
        assertThat(SteadyState.of(new long[100])).isEqualTo(new SteadyState(100, 0, 1));
        assertThat(SteadyState.of(IntStream.range(0, 100)
                                .mapToLong(i -> i < 40 ? 9 : 5)
                                .toArray())
                        .from())
                .isEqualTo(40);
    }

    private static void scale(long[] values, int first, double factor) {
        for (int i = 0; i < first; i++) {
            values[i] = Math.round(values[i] * factor);
        }
    }
}
