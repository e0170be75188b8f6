package dev.latencylens.stats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProportionTest {
    /// Of all good and of none good the bounds have a closed form: alpha^(1/n) and 1 - alpha^(1/n).
    @ParameterizedTest
    @CsvSource({"1", "10", "299", "100000"})
    void boundsOfAllAndOfNone(long of) {
        double closed = Math.pow(0.05, 1.0 / of);

        assertThat(new Proportion(of, of).atLeast(0.95)).isCloseTo(closed, within(1e-12));
        assertThat(new Proportion(of, of).atMost(0.95)).isEqualTo(1);
        assertThat(new Proportion(0, of).atMost(0.95)).isCloseTo(1 - closed, within(1e-12));
        assertThat(new Proportion(0, of).atLeast(0.95)).isZero();
    }

    /// The bounds are where the binomial tail is 5 %, summed here term by term.
    @ParameterizedTest
    @CsvSource({"7, 10", "1, 10", "294, 300", "150, 300"})
    void boundsAreWhereTheBinomialTailIsAsLargeAsAllowed(int good, int of) {
        var proportion = new Proportion(good, of);

        assertThat(tail(proportion.atLeast(0.95), good, of)).isCloseTo(0.05, within(1e-9));
        assertThat(1 - tail(proportion.atMost(0.95), good + 1, of)).isCloseTo(0.05, within(1e-9));
    }

    @Test
    void theLowerBoundIsRightInAtLeastSoManyTrials() {
        var random = new SplittableRandom(20261126);
        int below = 0;
        for (int trial = 0; trial < 2_000; trial++) {
            long good = 0;
            for (int i = 0; i < 100; i++) {
                good += random.nextDouble() < 0.9 ? 1 : 0;
            }
            below += new Proportion(good, 100).atLeast(0.95) <= 0.9 ? 1 : 0;
        }

        assertThat(below).isGreaterThanOrEqualTo(1_900);
    }

    @Test
    void twoSamplesOfOneProportionAreOneSample() {
        assertThat(new Proportion(2, 3).and(new Proportion(5, 7))).isEqualTo(new Proportion(7, 10));
        assertThatThrownBy(() -> new Proportion(4, 3)).hasMessage("expected 0 to 3, was 4");
    }

    /// P(X >= from) of a binomial distribution.
    private static double tail(double p, int from, int of) {
        double sum = 0;
        for (int k = from; k <= of; k++) {
            double log = k * Math.log(p) + (of - k) * Math.log1p(-p);
            for (int i = 1; i <= k; i++) {
                log += Math.log((double) (of - k + i) / i);
            }
            sum += Math.exp(log);
        }
        return sum;
    }
}
