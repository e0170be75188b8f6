package dev.latencylens.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FiguresTest {
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
