package dev.latencylens.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class IncompleteGammaTest {
    /// Values of `scipy.special.gammainc(a, x)`, SciPy 1.17.1.
    @ParameterizedTest
    @CsvSource({
        "0.01, 0.01, 0.9603474235215095",
        "0.25, 0.1, 0.608338845728966",
        "0.5, 2, 0.9544997361036415",
        "1, 1, 0.6321205588285577",
        "4, 2.5, 0.2424238668669339",
        "4, 9, 0.9787735136970911",
        "100, 110, 0.8417213299399129",
        "10000, 9900, 0.15865119219356463"
    })
    void agreesWithSciPy(double a, double x, double expected) {
        assertThat(IncompleteGamma.lower(a, x)).isCloseTo(expected, within(1e-10));
    }

    @Test
    void nothingLiesBelowZero() {
        assertThat(IncompleteGamma.lower(2, 0)).isZero();
        assertThat(IncompleteGamma.lower(2, -1)).isZero();
    }
}
