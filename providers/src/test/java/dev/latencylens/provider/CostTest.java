package dev.latencylens.provider;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.latencylens.exchange.Usage;
import java.math.BigDecimal;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// Costs reckoned by hand, with prices of the built-in table.
class CostTest {
    private static final Prices PRICES = Prices.builtIn();

    @Test
    void openAiBillsCachedInputApartAndReasoningAsOutput() {
        // 600 at 5, 400 at 0.50, 200 at 30: 3,000 + 200 + 6,000 millionths.
        assertThat(cost("gpt-5.5", usage(1_000, 400L, null, null, 200, 150L))).isEqualTo("0.0092");
    }

    @Test
    void anthropicBillsCacheWritesByTheTimeTheyAreKept() {
        // 100 at 3, 2,000 read at 0.30, 500 for 5 min at 3.75, 300 for 1 h at 6, 50 out at 15:
        // 300 + 600 + 1,875 + 1,800 + 750 millionths.
        assertThat(cost("claude-sonnet-4-6", usage(2_900, 2_000L, 800L, 300L, 50, null)))
                .isEqualTo("0.005325");
    }

    @Test
    void geminiBillsThoughtsAsPartOfTheOutput() {
        // 1,000 at 0.30, 900 of which 700 are thoughts at 2.50: 300 + 2,250 millionths.
        assertThat(cost("gemini-2.5-flash", usage(1_000, null, null, null, 900, 700L)))
                .isEqualTo("0.00255");
    }

    @Test
    void reasoningMayHaveAPriceOfItsOwn() {
        var rates = new Price.Rates(BigDecimal.ONE, null, null, null, BigDecimal.TWO, BigDecimal.TEN);

        assertThat(Cost.of(usage(0, null, null, null, 3_000_000, 1_000_000L), tariff(rates)))
                .hasValueSatisfying(cost -> assertThat(cost).isEqualByComparingTo("14"));
    }

    @Test
    void longInputIsBilledAtTheHigherPriceAsAWhole() {
        // Up to 200,000 at 3 and 15, above at 6 and 22.50.
        assertThat(cost("claude-sonnet-4-5", usage(200_000, null, null, null, 1_000, null)))
                .isEqualTo("0.615");
        assertThat(cost("claude-sonnet-4-5", usage(200_001, null, null, null, 1_000, null)))
                .isEqualTo("1.222506");
        assertThat(cost("claude-sonnet-4-5", usage(200_001, 200_001L, null, null, 0, null)))
                .isEqualTo("0.1200006");
    }

    @Test
    void cachedTokensWithoutAPriceOfTheirOwnAreBilledAsOtherInput() {
        assertThat(cost("mistral-large-latest", usage(1_000, 900L, null, null, 0, null)))
                .isEqualTo("0.0005");
    }

    @Test
    void cacheWritesWithoutAPriceOfTheirOwnAreBilledAsOtherInput() {
        assertThat(cost("gpt-4o", usage(1_000, null, 800L, 100L, 0, null))).isEqualTo("0.0025");
    }

    @Test
    void cohereIsPaidForWhatItBillsAndNotForWhatItProcessed() {
        byte[] body = """
                {"message":{},"finish_reason":"COMPLETE","usage":{"billed_units":{"input_tokens":7,"output_tokens":1},\
                "tokens":{"input_tokens":69,"output_tokens":2},"cached_tokens":64}}""".getBytes(UTF_8);
        Usage usage = requireNonNull(
                Reading.of(DialectName.COHERE.decoder(body), body).completion().usage());

        // 7 at 2.50, 1 at 10.
        assertThat(cost("command-a-03-2025", usage)).isEqualTo("0.0000275");
    }

    @Test
    void negativeBilledCountsHaveNoCost() {
        Price.Tariff tariff = tariff("command-a-03-2025", Price.STANDARD);

        assertThat(Cost.of(billed(-1, 2), tariff)).isEmpty();
        assertThat(Cost.of(billed(1, -2), tariff)).isEmpty();
    }

    @Test
    void withoutCountsThereIsNoCost() {
        Price.Tariff tariff = tariff("gpt-5.5", Price.STANDARD);

        assertThat(Cost.of(null, tariff)).isEmpty();
        assertThat(Cost.of(usage(null, null, null, null, 5, null), tariff)).isEmpty();
        assertThat(Cost.of(usage(5, null, null, null, null, null), tariff)).isEmpty();
    }

    @Test
    void countsThatContradictEachOtherHaveNoCost() {
        Price.Tariff tariff = tariff("gpt-5.5", Price.STANDARD);

        assertThat(Cost.of(usage(10, 11L, null, null, 5, null), tariff)).isEmpty();
        assertThat(Cost.of(usage(10, 6L, 5L, null, 5, null), tariff)).isEmpty();
        assertThat(Cost.of(usage(10, null, 5L, 6L, 5, null), tariff)).isEmpty();
        assertThat(Cost.of(usage(10, null, null, null, 5, 6L), tariff)).isEmpty();
    }

    @Test
    void aServiceTierHasItsOwnPricesAndNoneForLengthsItDoesNotList() {
        var small = usage(1_000, 500L, null, null, 100, null);
        var large = usage(300_000, null, null, null, 100, null);

        // 500 at 2.50, 500 at 0.25, 100 at 15.
        assertThat(Cost.of(small, tariff("gpt-5.5", "flex")))
                .hasValueSatisfying(cost -> assertThat(cost).isEqualByComparingTo("0.002875"));
        assertThat(Cost.of(large, tariff("gpt-5.5", Price.STANDARD))).isPresent();
        assertThat(Cost.of(large, tariff("gpt-5.5", "flex"))).isEmpty();
    }

    @Test
    void theMostThatARequestCanCostIsItsDearestKindOfToken() {
        // 1,000 written for an hour at 6, 100 out at 15.
        assertThat(Cost.atMost(1_000, 100, tariff("claude-sonnet-4-6", Price.STANDARD)))
                .hasValueSatisfying(cost -> assertThat(cost).isEqualByComparingTo("0.0075"));
        assertThat(Cost.atMost(300_000, 100, tariff("gpt-5.5", "flex"))).isEmpty();
    }

    private static String cost(String model, Usage usage) {
        return Cost.of(usage, tariff(model, Price.STANDARD))
                .orElseThrow()
                .stripTrailingZeros()
                .toPlainString();
    }

    private static Price.Tariff tariff(String model, String service) {
        return switch (PRICES.find(null, model)) {
            case Prices.Found(Price price, String _) -> price.tariff(service).orElseThrow();
            case Prices.Unknown(String why) -> throw new AssertionError(why);
        };
    }

    private static Price.Tariff tariff(Price.Rates rates) {
        return new Price.Tariff(rates, List.of(), Long.MAX_VALUE);
    }

    private static Usage billed(long input, long output) {
        return new Usage(
                69L,
                null,
                null,
                null,
                2L,
                null,
                new Usage.Reported(null, null, null, null, null),
                new Usage.Billed(input, output),
                "");
    }

    private static Usage usage(
            @Nullable Integer input,
            @Nullable Long cachedRead,
            @Nullable Long cacheWrite,
            @Nullable Long cacheWriteHour,
            @Nullable Integer output,
            @Nullable Long reasoning) {
        return new Usage(
                input == null ? null : input.longValue(),
                cachedRead,
                cacheWrite,
                cacheWriteHour,
                output == null ? null : output.longValue(),
                reasoning,
                new Usage.Reported(null, null, null, null, null),
                "");
    }
}
