package dev.latencylens.stats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The values are those of SciPy 1.17.1: `scipy.stats.norm`, `t`, `chi2`, `scipy.special.betainc`, `gammaincc` and
/// `kolmogorov`.
class ProbabilityTest {
    private static final double DIGITS = 1e-10;

    @ParameterizedTest
    @CsvSource({
        "-6, 9.865876450376946e-10",
        "-1.5, 0.06680720126885807",
        "0.3, 0.6179114221889526",
        "1.96, 0.9750021048517795",
        "5, 0.9999997133484281"
    })
    void theNormalDistributionIsScipys(double z, double probability) {
        assertThat(Probability.normal(z)).isCloseTo(probability, within(DIGITS * probability));
        assertThat(Probability.normalTails(z)).isCloseTo(2 * Probability.normal(-Math.abs(z)), within(1e-15));
    }

    @ParameterizedTest
    @CsvSource({
        "1e-9, -5.9978070150076865",
        "0.0005, -3.2905267314918945",
        "0.025, -1.9599639845400545",
        "0.3, -0.5244005127080409",
        "0.975, 1.959963984540054"
    })
    void theNormalQuantileIsScipys(double probability, double z) {
        assertThat(Probability.normalQuantile(probability)).isCloseTo(z, within(1e-9));
    }

    @Test
    void certaintyIsBoundedByNothing() {
        assertThat(Probability.normalQuantile(0)).isEqualTo(Double.NEGATIVE_INFINITY);
        assertThat(Probability.normalQuantile(1)).isEqualTo(Double.POSITIVE_INFINITY);
    }

    @ParameterizedTest
    @CsvSource({
        "0.5, 2, 3, 0.6875",
        "0.99, 1981.2, 20.5, 0.5140983922590737",
        "0.01, 0.5, 200, 0.9549058928629202",
        "0.3, 300000, 700000, 0.5001160751415759",
        "0.9, 12.5, 1.3, 0.37320340301527",
        "0, 2, 3, 0",
        "1, 2, 3, 1"
    })
    void theIncompleteBetaFunctionIsScipys(double x, double a, double b, double expected) {
        assertThat(Probability.beta(x, a, b)).isCloseTo(expected, within(1e-8));
    }

    @ParameterizedTest
    @CsvSource({
        "0.5, 0.02, 0.841480581121794",
        "5, 3, 0.8152632445237722",
        "5, 20, 1.694474393006737e-05",
        "50, 60, 0.08440668109369177",
        "2, 0, 1"
    })
    void theIncompleteGammaFunctionIsScipys(double a, double x, double expected) {
        assertThat(Probability.gammaTail(a, x)).isCloseTo(expected, within(DIGITS * expected));
    }

    /// Values of `scipy.special.gammainc(a, x)`, SciPy 1.17.1: what the gaps of a gamma process are judged by.
    @ParameterizedTest
    @CsvSource({
        "0.01, 0.01, 0.9603474235215095",
        "0.25, 0.1, 0.608338845728966",
        "4, 2.5, 0.2424238668669339",
        "4, 9, 0.9787735136970911",
        "100, 110, 0.8417213299399129",
        "10000, 9900, 0.15865119219356463",
        "2, -1, 0"
    })
    void theGammaDistributionIsScipysForEveryBurstiness(double a, double x, double expected) {
        assertThat(1 - Probability.gammaTail(a, x)).isCloseTo(expected, within(1e-10));
    }

    @Test
    void studentAndChiSquaredAreScipys() {
        assertThat(Probability.studentTails(2, 3)).isCloseTo(0.13932596855884305, within(DIGITS));
        assertThat(Probability.studentTails(0.5, 1)).isCloseTo(0.7048327646991335, within(DIGITS));
        assertThat(Probability.studentTails(4, 29.5)).isCloseTo(0.00039073065076940136, within(DIGITS));
        assertThat(Probability.studentQuantile(0.05, 1)).isCloseTo(12.706204736174705, within(1e-8));
        assertThat(Probability.studentQuantile(0.05, 9)).isCloseTo(2.2621571627982053, within(1e-9));
        assertThat(Probability.studentQuantile(0.01, 29.5)).isCloseTo(2.7531332702563254, within(1e-9));
        assertThat(Probability.chiSquaredTail(18.3, 10)).isCloseTo(0.050109061411462506, within(DIGITS));
    }

    @ParameterizedTest
    @CsvSource({
        "0, 1",
        "0.3, 0.9999906941986655",
        "0.8, 0.5441424115741981",
        "1.0, 0.26999967167735456",
        "1.36, 0.049485876755377876",
        "2.5, 7.453306344157342e-06"
    })
    void kolmogorovsDistributionIsScipys(double lambda, double tail) {
        assertThat(Probability.kolmogorovTail(lambda)).isCloseTo(tail, within(1e-12));
    }
}
