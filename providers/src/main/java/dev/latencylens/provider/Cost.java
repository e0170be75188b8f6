package dev.latencylens.provider;

import dev.latencylens.exchange.Usage;
import java.math.BigDecimal;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What tokens cost, in US dollars, exactly: `uncached * input + cached * cachedRead + written * cacheWrite5m
/// + written for an hour * cacheWrite1h + (output - reasoning) * output + reasoning * reasoning`, where uncached
/// is all input less what was read from or written to a cache. Where the provider tells what it bills it is
/// `billed input * input + billed output * output`.
public final class Cost {
    /// The formula in the report's words.
    public static final String FORMULA = "uncached x input + cached x cached read + written x cache write + (output -"
            + " reasoning) x output + reasoning x reasoning price, per million tokens; where the provider tells what"
            + " it bills, billed input x input + billed output x output";

    /// Rates are for a million tokens.
    private static final int MILLION = 6;

    private Cost() {}

    /// Absent where the counts are missing or contradict each other, or such a request has no known price.
    public static Optional<BigDecimal> of(@Nullable Usage usage, Price.Tariff tariff) {
        if (usage != null && usage.billed() != null) {
            return of(usage.billed(), tariff);
        }
        if (usage == null || usage.inputTotal() == null || usage.outputTotal() == null) {
            return Optional.empty();
        }
        long input = usage.inputTotal();
        long output = usage.outputTotal();
        long cachedRead = orNone(usage.cachedRead());
        long written = orNone(usage.cacheWrite());
        long writtenForAnHour = orNone(usage.cacheWriteHour());
        long reasoning = orNone(usage.reasoning());
        Price.Rates rates = tariff.ratesFor(input);
        if (rates == null || input - cachedRead - written < 0 || written < writtenForAnHour || output < reasoning) {
            return Optional.empty();
        }
        return Optional.of(times(input - cachedRead - written, rates.input())
                .add(times(cachedRead, rates.ofCachedRead()))
                .add(times(written - writtenForAnHour, rates.ofCacheWrite5m()))
                .add(times(writtenForAnHour, rates.ofCacheWrite1h()))
                .add(times(output - reasoning, rates.output()))
                .add(times(reasoning, rates.ofReasoning())));
    }

    private static Optional<BigDecimal> of(Usage.Billed billed, Price.Tariff tariff) {
        Price.Rates rates = tariff.ratesFor(billed.input());
        return rates == null || billed.input() < 0 || billed.output() < 0
                ? Optional.empty()
                : Optional.of(times(billed.input(), rates.input()).add(times(billed.output(), rates.output())));
    }

    /// Most that a request of this size can cost, whatever of it is cached or reasoning; absent where such a
    /// request has no known price.
    public static Optional<BigDecimal> atMost(long inputTokens, long outputTokens, Price.Tariff tariff) {
        Price.Rates rates = tariff.ratesFor(inputTokens);
        return rates == null
                ? Optional.empty()
                : Optional.of(times(inputTokens, rates.dearestInput()).add(times(outputTokens, rates.dearestOutput())));
    }

    private static BigDecimal times(long tokens, BigDecimal perMillion) {
        return perMillion.multiply(BigDecimal.valueOf(tokens)).movePointLeft(MILLION);
    }

    private static long orNone(@Nullable Long tokens) {
        return tokens == null ? 0 : tokens;
    }
}
