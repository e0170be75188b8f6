package dev.latencylens.stats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DistributionTest {
    private final Distribution distribution = new Distribution();

    @Test
    void nothingSeenIsNothingSaid() {
        assertThat(distribution.count()).isZero();
        assertThat(distribution.mean()).isEmpty();
        assertThat(distribution.sd()).isEmpty();
        assertThat(distribution.min()).isEmpty();
        assertThat(distribution.max()).isEmpty();
        assertThat(distribution.percentile(Percentile.P50)).isEmpty();
    }

    @Test
    void aPercentileBelowItsFloorIsAbsent() {
        for (int i = 1; i <= 10; i++) {
            distribution.record(i);
        }
        assertThat(distribution.percentile(Percentile.P50)).isEmpty();

        distribution.record(11);
        assertThat(distribution.percentile(Percentile.P50)).hasValue(6);
        assertThat(distribution.percentile(Percentile.P90)).isEmpty();
    }

    @Test
    void momentsAreThoseOfTheTextbook() {
        for (long value : new long[] {2, 4, 4, 4, 5, 5, 7, 9}) {
            distribution.record(value);
        }

        assertThat(distribution.mean()).hasValue(5);
        assertThat(distribution.sd().orElseThrow()).isEqualTo(Math.sqrt(32.0 / 7), within(1e-12));
        assertThat(distribution.min()).hasValue(2);
        assertThat(distribution.max()).hasValue(9);
    }

    @Test
    void aLargeOffsetDoesNotSpoilTheStandardDeviation() {
        for (int i = 0; i < 100_000; i++) {
            distribution.record(1_000_000_000_000L + i % 2);
        }

        assertThat(distribution.sd().orElseThrow()).isEqualTo(0.5, within(1e-3));
    }

    @Test
    void aPercentileIsNoMoreThanItsUpperLimit() {
        assertThat(new Distribution().upperLimit(Percentile.P99)).isEmpty();
        var few = new Distribution();
        var many = new Distribution();
        for (int i = 1; i <= 1_000; i++) {
            few.record(i % 100);
            many.record(i);
        }

        // 990 + 1.645 sqrt(1000 x 0.99 x 0.01) = 995.2
        assertThat(many.upperLimit(Percentile.P99)).hasValue(996);
        assertThat(many.upperLimit(Percentile.P99_9)).as("too few").hasValue(1_000);
        assertThat(few.upperLimit(Percentile.P99)).hasValue(99);
    }

    @Test
    void negativeValuesAreFindingsAndStay() {
        for (int i = -20; i < 20; i++) {
            distribution.record(i * 1_000L);
        }

        assertThat(distribution.min()).hasValue(-20_000);
        assertThat(distribution.percentile(new Percentile(10))).isEmpty();
        assertThat(distribution.percentile(Percentile.P50)).hasValue(-1_000);
    }

    @ParameterizedTest
    @ValueSource(ints = {100, Distribution.MOST_EXACT, Distribution.MOST_EXACT + 1, 100_000})
    void percentilesAreTrueToOnePartInTenThousandAtAnyCount(int count) {
        var random = new SplittableRandom(count);
        long[] values = new long[count];
        for (int i = 0; i < count; i++) {
            values[i] = Math.round(Math.exp(random.nextDouble(-3, 20))) * (random.nextInt(10) == 0 ? -1 : 1);
            distribution.record(values[i]);
        }
        Arrays.sort(values);

        for (Percentile percentile : new Percentile[] {new Percentile(5), Percentile.P50, Percentile.P90}) {
            long exact = values[(int) percentile.rank(count) - 1];
            if (count >= percentile.floor()) {
                assertThat(distribution.percentile(percentile).orElseThrow())
                        .isCloseTo(exact, within(Math.abs(exact) / 10_000 + 1));
            }
        }
        assertThat(distribution.min()).hasValue(values[0]);
        assertThat(distribution.max()).hasValue(values[count - 1]);
        assertThat(distribution.mean().orElseThrow())
                .isCloseTo(Arrays.stream(values).average().orElseThrow(), within(1e-3));
    }

    @ParameterizedTest
    @ValueSource(ints = {10, 5_000, 20_000})
    void twoDistributionsTogetherAreTheDistributionOfBoth(int count) {
        var first = new Distribution();
        var second = new Distribution();
        var both = new Distribution();
        var random = new SplittableRandom(count);
        for (int i = 0; i < count; i++) {
            long a = random.nextLong(-1_000, 1_000_000);
            long b = random.nextLong(500_000, 9_000_000);
            first.record(a);
            second.record(b);
            both.record(a);
            both.record(b);
        }
        first.add(second);
        first.add(new Distribution());

        assertThat(first.count()).isEqualTo(both.count());
        assertThat(first.min()).isEqualTo(both.min());
        assertThat(first.max()).isEqualTo(both.max());
        assertThat(first.mean().orElseThrow()).isCloseTo(both.mean().orElseThrow(), within(1e-3));
        assertThat(first.sd().orElseThrow()).isCloseTo(both.sd().orElseThrow(), within(1e-3));
        assertThat(first.percentile(Percentile.P50)).isEqualTo(both.percentile(Percentile.P50));
    }

    @Test
    void aSmallDistributionTakesInALargeOne() {
        var large = new Distribution();
        for (int i = 0; i < 20_000; i++) {
            large.record(i);
        }
        distribution.record(-5);
        distribution.add(large);

        assertThat(distribution.count()).isEqualTo(20_001);
        assertThat(distribution.min()).hasValue(-5);
        assertThat(distribution.percentile(Percentile.P99_9)).hasValue(19_979);
    }

    @Test
    void aWeightedValueCountsAsSeveral() {
        for (int i = 1; i < Percentile.P50.floor(); i++) {
            distribution.record(10 + i, 1);
        }
        long others = Percentile.P50.floor() - 1;
        distribution.record(10, 30);
        assertThat(distribution.count()).isEqualTo(30 + others);
        assertThat(distribution.values()).isEqualTo(1 + others);
        assertThat(distribution.percentile(Percentile.P50)).hasValue(10);
        assertThat(distribution.mean().orElseThrow())
                .isCloseTo(10 + others * (others + 1) / 2.0 / (30 + others), within(1e-9));

        distribution.record(7, 10_000);
        assertThat(distribution.count()).isEqualTo(10_030 + others);
        assertThat(distribution.percentile(Percentile.P50)).hasValue(7);
        assertThat(distribution.percentile(Percentile.P99))
                .as("so many tokens came in few reads")
                .isEmpty();
        var both = new Distribution();
        both.record(1);
        both.add(distribution);
        assertThat(both.values()).isEqualTo(2 + 1 + others);
        assertThatThrownBy(() -> distribution.record(1, 0)).hasMessageContaining("was 0");
    }

    @ParameterizedTest
    @ValueSource(ints = {50, 20_000})
    void allValuesComeOutInRisingOrder(int count) {
        var random = new SplittableRandom(count);
        for (int i = 0; i < count; i++) {
            distribution.record(random.nextLong(-1_000_000, 1_000_000));
        }
        var values = new ArrayList<Long>();
        long[] total = new long[1];
        distribution.each((value, times) -> {
            values.add(value);
            total[0] += times;
        });

        assertThat(values).isSorted();
        assertThat(total[0]).isEqualTo(count);
    }

    @Test
    void samplesMayComeAfterAPercentileWasRead() {
        for (int i = 0; i < 11; i++) {
            distribution.record(100 - i);
        }
        assertThat(distribution.percentile(Percentile.P50)).hasValue(95);
        for (int i = 0; i < 12; i++) {
            distribution.record(1);
        }
        assertThat(distribution.percentile(Percentile.P50)).hasValue(1);
    }
}
