package dev.latencylens.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latencylens.stats.Interval;
import java.math.BigDecimal;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FiguresTest {
    @Test
    void anEndThatIsNotKnownIsADash() {
        assertThat(Figures.millis(new Interval(1_000_000, 2_000_000))).isEqualTo("[1.000, 2.000]");
        assertThat(Figures.millis(new Interval(1_000_000, Double.POSITIVE_INFINITY)))
                .isEqualTo("[1.000, -]");
        assertThat(Figures.millis(new Interval(Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY)))
                .isEqualTo("-");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            0            | 0.00 USD
            0.000123456  | 0.0001235 USD
            0.00005      | 0.00005 USD
            0.5          | 0.50 USD
            12           | 12.00 USD
            99.999       | 100.00 USD
            1234.567     | 1,234.57 USD
            """)
    void moneyHasFourDigitsOrCents(String amount, String says) {
        assertThat(Figures.usd(new BigDecimal(amount))).isEqualTo(says);
    }
}
