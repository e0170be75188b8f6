package dev.latencylens.provider;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latencylens.exchange.Outcome;
import dev.latencylens.exchange.Usage;
import java.math.BigDecimal;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class CostSummaryTest {
    /// One dollar per million tokens in, two out.
    private static final Price.Tariff TARIFF = new Price.Tariff(
            new Price.Rates(BigDecimal.ONE, null, null, null, BigDecimal.TWO, null), List.of(), Long.MAX_VALUE);

    private final CostSummary costs = new CostSummary(TARIFF);

    @Test
    void warmUpIsInTheTotalAndInNothingElse() {
        costs.add(true, Outcome.Kind.COMPLETED, usage(1_000, 1_000));
        costs.add(false, Outcome.Kind.COMPLETED, usage(100, 50));
        costs.add(false, Outcome.Kind.COMPLETED, usage(300, 150));

        assertThat(costs.total()).hasValueSatisfying(is("0.0038"));
        assertThat(costs.warmup()).isEqualByComparingTo("0.003");
        assertThat(costs.perRequest()).hasValueSatisfying(is("0.0004"));
        assertThat(costs.perGoodRequest()).hasValueSatisfying(is("0.0004"));
        assertThat(costs.of(1_000_000)).hasValueSatisfying(is("400"));
    }

    @Test
    void aMillionTokensAreInputAndOutputTogether() {
        costs.add(false, Outcome.Kind.COMPLETED, usage(300, 100));

        assertThat(costs.perMillionTokens()).hasValueSatisfying(is("1.25"));
    }

    @Test
    void whatFailedAndWasBilledMakesTheGoodOnesDearer() {
        costs.add(false, Outcome.Kind.COMPLETED, usage(100, 50));
        costs.add(false, Outcome.Kind.UNTERMINATED, usage(100, 50));

        assertThat(costs.perRequest()).hasValueSatisfying(is("0.0002"));
        assertThat(costs.perGoodRequest()).hasValueSatisfying(is("0.0004"));
    }

    @Test
    void whatIsUnknownIsCountedAndNotTakenForFree() {
        assertThat(costs.add(false, Outcome.Kind.RESET, null)).isEmpty();
        assertThat(costs.total()).isEmpty();
        assertThat(costs.perRequest()).isEmpty();
        assertThat(costs.perGoodRequest()).isEmpty();
        assertThat(costs.perMillionTokens()).isEmpty();

        assertThat(costs.add(false, Outcome.Kind.COMPLETED, usage(100, 50))).hasValueSatisfying(is("0.0002"));
        assertThat(costs.total()).hasValueSatisfying(is("0.0002"));
        assertThat(costs.perRequest()).hasValueSatisfying(is("0.0002"));
        assertThat(costs.unknown()).isEqualTo(1);
    }

    @Test
    void withoutAPriceNothingHasACost() {
        var unpriced = new CostSummary(null);

        assertThat(unpriced.add(false, Outcome.Kind.COMPLETED, usage(100, 50))).isEmpty();
        assertThat(unpriced.total()).isEmpty();
        assertThat(unpriced.unknown()).isEqualTo(1);
    }

    private static Consumer<BigDecimal> is(String amount) {
        return cost -> assertThat(cost).isEqualByComparingTo(amount);
    }

    private static Usage usage(long input, long output) {
        return new Usage(input, null, null, output, null, "");
    }
}
