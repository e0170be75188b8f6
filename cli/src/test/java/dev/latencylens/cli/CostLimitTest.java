package dev.latencylens.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latencylens.exchange.Usage;
import dev.latencylens.provider.Price;
import java.math.BigDecimal;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class CostLimitTest {
    /// A millionth of a dollar for each token in, ten for each out.
    private static final Price.Tariff TARIFF =
            new Price.Tariff(new Price.Rates(BigDecimal.ONE, null, null, null, BigDecimal.TEN, null), List.of(), 1_000);

    private final CostLimit limit = new CostLimit(new BigDecimal("0.001"), TARIFF, 100, 10, false);

    @Test
    void atFirstAsManyMayStartAsTheDearestRequestsFitIn() {
        assertThat(limit.perRequest()).isEqualByComparingTo("0.0002");
        assertThat(limit.allowed()).isEqualTo(5);
    }

    @Test
    void whatCostLessMakesRoomForMore() {
        limit.see(usage(100), true, Optional.of(new BigDecimal("0.00001")));

        // 990 left, which is room for four of 200.
        assertThat(limit.allowed()).isEqualTo(5);
        for (int i = 0; i < 19; i++) {
            limit.see(usage(100), true, Optional.of(new BigDecimal("0.00001")));
        }
        // 800 left.
        assertThat(limit.allowed()).isEqualTo(24);
    }

    @Test
    void theLongestPromptSeenReplacesTheEstimate() {
        limit.see(usage(20), true, Optional.of(BigDecimal.ZERO));
        assertThat(limit.perRequest()).isEqualByComparingTo("0.00012");
        limit.see(usage(300), true, Optional.of(BigDecimal.ZERO));
        assertThat(limit.perRequest()).isEqualByComparingTo("0.0004");
        limit.see(usage(20), true, Optional.of(BigDecimal.ZERO));
        assertThat(limit.perRequest()).isEqualByComparingTo("0.0004");
        assertThat(limit.allowed()).isEqualTo(5);
    }

    @Test
    void ofAPromptOnlyWhatIsBilledIsTheMostThatOneCanCost() {
        limit.see(billed(690, 70), true, Optional.of(new BigDecimal("0.00007")));
        assertThat(limit.perRequest()).isEqualByComparingTo("0.00017");
        // 930 left, which is room for five of 170.
        assertThat(limit.allowed()).isEqualTo(6);

        // An answer that does not tell what is billed is priced by all of its input.
        limit.see(usage(690), true, Optional.of(new BigDecimal("0.00079")));
        assertThat(limit.perRequest()).isEqualByComparingTo("0.00079");
    }

    @Test
    void unknownCostCountsAsTheMostUnlessNothingWasSent() {
        limit.see(null, true, Optional.empty());
        assertThat(limit.allowed()).isEqualTo(5);
        limit.see(null, false, Optional.empty());
        assertThat(limit.allowed()).isEqualTo(6);
    }

    @Test
    void nothingMoreIsAllowedWhenTheLimitIsPassedOrThePriceNoLongerKnown() {
        limit.see(usage(100), true, Optional.of(new BigDecimal("0.002")));
        assertThat(limit.allowed()).isEqualTo(1);

        var other = new CostLimit(new BigDecimal("0.001"), TARIFF, 100, 10, false);
        other.see(usage(1_001), true, Optional.empty());
        assertThat(other.allowed()).isEqualTo(1);
    }

    @Test
    void anAttemptToComeIsPaidForBeforeAnyOtherRequest() {
        limit.see(null, true, Optional.empty());
        assertThat(limit.allowsAgain(2)).isTrue();

        // 800 left, which is room for the retry, the other request in flight and two more.
        assertThat(limit.allowed()).isEqualTo(4);
    }

    @Test
    void anAttemptThatCannotBePaidIsNotMade() {
        limit.see(null, true, Optional.empty());
        // Four others are in flight, which may cost all that is left.
        assertThat(limit.allowsAgain(5)).isFalse();
        assertThat(limit.allowed()).isEqualTo(5);
    }

    @Test
    void whatIsFreeHasNoLimit() {
        var free = new Price.Tariff(
                new Price.Rates(BigDecimal.ZERO, null, null, null, BigDecimal.ZERO, null), List.of(), Long.MAX_VALUE);

        assertThat(new CostLimit(BigDecimal.ONE, free, 100, 10, false).allowed())
                .isEqualTo(Long.MAX_VALUE);
    }

    private static Usage billed(long input, long billedInput) {
        return new Usage(
                input,
                null,
                null,
                null,
                10L,
                null,
                new Usage.Reported(input, 10L, null, null, null),
                new Usage.Billed(billedInput, 0),
                "");
    }

    private static Usage usage(long input) {
        return new Usage(input, null, null, 10L, null, "");
    }
}
