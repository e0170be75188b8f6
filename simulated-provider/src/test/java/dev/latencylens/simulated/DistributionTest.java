package dev.latencylens.simulated;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DistributionTest {
    private static final int SAMPLES = 20_000;

    private static double[] sorted(String text) {
        Distribution distribution = Distribution.parse("gap", text);
        Dice dice = new Dice(7, 1);
        double[] samples = new double[SAMPLES];
        for (int i = 0; i < SAMPLES; i++) {
            samples[i] = distribution.sampleNs(dice, i);
        }
        Arrays.sort(samples);
        return samples;
    }

    /// Largest distance between the samples and a distribution function (Kolmogorov and Smirnov).
    private static double distance(double[] sorted, java.util.function.DoubleUnaryOperator cumulative) {
        double largest = 0;
        for (int i = 0; i < sorted.length; i++) {
            double expected = cumulative.applyAsDouble(sorted[i]);
            largest = Math.max(largest, Math.abs(expected - (i + 0.5) / sorted.length));
        }
        return largest;
    }

    /// Critical distance at the 0.1 % level; seeds are fixed, so a pass stays a pass.
    private static final double CRITICAL = 1.95 / Math.sqrt(SAMPLES);

    @Test
    void uniformSamplesAreSpreadEvenlyBetweenTheBounds() {
        assertThat(distance(sorted("uniform:100ms:300ms"), x -> (x - 100e6) / 200e6))
                .isLessThan(CRITICAL);
    }

    @Test
    void exponentialSamplesHaveTheGivenMean() {
        assertThat(distance(sorted("exponential:200ms"), x -> 1 - Math.exp(-x / 200e6)))
                .isLessThan(CRITICAL);
    }

    @Test
    void lognormalSamplesHaveTheGivenMedianAndSigma() {
        double[] samples = sorted("lognormal:200ms:0.3");
        assertThat(samples[SAMPLES / 2]).isCloseTo(200e6, within(2e6));
        double mean = Arrays.stream(samples).map(Math::log).average().orElseThrow();
        double variance = Arrays.stream(samples)
                .map(x -> Math.pow(Math.log(x) - mean, 2))
                .average()
                .orElseThrow();
        assertThat(Math.sqrt(variance)).isCloseTo(0.3, within(0.006));
    }

    @Test
    void listIsTakenInOrderAndStartsAgain() {
        Distribution list = Distribution.parse("gap", "list:200ms,20us,35ns");
        Dice dice = new Dice(1, 1);
        assertThat(new long[] {0, 1, 2, 3}).satisfies(indices -> {
            assertThat(list.sampleNs(dice, 0)).isEqualTo(200_000_000);
            assertThat(list.sampleNs(dice, 1)).isEqualTo(20_000);
            assertThat(list.sampleNs(dice, 2)).isEqualTo(35);
            assertThat(list.sampleNs(dice, 3)).isEqualTo(200_000_000);
        });
    }

    @Test
    void bareDurationIsAConstant() {
        assertThat(Distribution.parse("ttft", "1.5ms")).isEqualTo(new Distribution.Constant(1_500_000));
    }

    @Test
    void sameSeedAndRequestGiveTheSameSamplesAndAnotherRequestOthers() {
        Distribution exponential = Distribution.parse("gap", "exponential:1s");
        assertThat(exponential.sampleNs(new Dice(3, 9), 0)).isEqualTo(exponential.sampleNs(new Dice(3, 9), 0));
        assertThat(exponential.sampleNs(new Dice(3, 9), 0)).isNotEqualTo(exponential.sampleNs(new Dice(3, 10), 0));
        assertThat(exponential.sampleNs(new Dice(3, 9), 0)).isNotEqualTo(exponential.sampleNs(new Dice(4, 9), 0));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "gamma:1ms", "uniform:1ms", "uniform:3ms:1ms", "lognormal:1ms", "lognormal:1ms:x", "lognormal:1ms:-1",
                "list:", "constant:5", "constant:-5ms", "constant:5 parsecs", "constant:99999999999h", ""
            })
    void wrongDistributionIsNamedWithItsKeyAndText(String text) {
        assertThatThrownBy(() -> Distribution.parse("gap", text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("gap: ");
    }

    @ParameterizedTest
    @CsvSource({"1ns,1", "2us,2000", "3ms,3000000", "4s,4000000000", "1m,60000000000", "1h,3600000000000", "0,0"})
    void durationsHaveUnits(String text, long expectedNs) {
        assertThat(Durations.parseNs("ttft", text)).isEqualTo(expectedNs);
    }
}
