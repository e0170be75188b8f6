package dev.latencylens.provider;

import dev.latencylens.exchange.ExchangeResult;
import dev.latencylens.exchange.Outcome;
import dev.latencylens.exchange.Usage;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What a run's exchanges cost together, in US dollars.
///
/// Warm-up is billed like anything else and so is part of the total, but of no other figure. Used by the
/// interpreter's thread; read when the run has ended.
public final class CostSummary {
    private static final BigDecimal MILLION = BigDecimal.valueOf(1_000_000);

    private final Price.@Nullable Tariff tariff;
    private BigDecimal measured = BigDecimal.ZERO;
    private BigDecimal warmup = BigDecimal.ZERO;
    private long priced;
    private long pricedWarmups;
    private long pricedTokens;
    private long completed;
    private long unknown;

    /// @param tariff null where the price is not known, and so no cost is
    public CostSummary(Price.@Nullable Tariff tariff) {
        this.tariff = tariff;
    }

    /// Takes in an exchange that has ended, and returns what it cost where that is known.
    public Optional<BigDecimal> add(ExchangeResult result) {
        return add(
                result.exchange().isWarmup(),
                result.outcome().kind(),
                result.completion().usage());
    }

    Optional<BigDecimal> add(boolean isWarmup, Outcome.Kind outcome, @Nullable Usage usage) {
        Optional<BigDecimal> cost = tariff == null ? Optional.empty() : Cost.of(usage, tariff);
        add(isWarmup, outcome, usage, cost);
        return cost;
    }

    /// Takes in an exchange whose cost was reckoned earlier.
    ///
    /// @param cost absent where it was not known
    public void add(ExchangeResult result, Optional<BigDecimal> cost) {
        add(
                result.exchange().isWarmup(),
                result.outcome().kind(),
                result.completion().usage(),
                cost);
    }

    private void add(boolean isWarmup, Outcome.Kind outcome, @Nullable Usage usage, Optional<BigDecimal> cost) {
        if (!isWarmup && outcome == Outcome.Kind.COMPLETED) {
            completed++;
        }
        if (cost.isEmpty()) {
            unknown++;
        } else if (isWarmup) {
            warmup = warmup.add(cost.get());
            pricedWarmups++;
        } else {
            measured = measured.add(cost.get());
            pricedTokens += tokens(usage);
            priced++;
        }
    }

    /// Of all exchanges whose cost is known, warm-up included; absent where none is.
    public Optional<BigDecimal> total() {
        return priced + pricedWarmups == 0 ? Optional.empty() : Optional.of(measured.add(warmup));
    }

    /// The part of the total that was warm-up.
    public BigDecimal warmup() {
        return warmup;
    }

    /// Mean of the measured exchanges whose cost is known.
    public Optional<BigDecimal> perRequest() {
        return quotient(measured, priced);
    }

    /// What all measured exchanges cost, failed ones too, for each that was completed.
    public Optional<BigDecimal> perGoodRequest() {
        return priced == 0 ? Optional.empty() : quotient(measured, completed);
    }

    /// Of input and output together, as the measured exchanges had them.
    public Optional<BigDecimal> perMillionTokens() {
        return quotient(measured.multiply(MILLION), pricedTokens);
    }

    /// Of so many requests like the measured ones.
    public Optional<BigDecimal> of(long requests) {
        return perRequest().map(each -> each.multiply(BigDecimal.valueOf(requests)));
    }

    /// Exchanges, warm-up included, of which nobody knows what they cost; the total leaves them out.
    public long unknown() {
        return unknown;
    }

    private static Optional<BigDecimal> quotient(BigDecimal cost, long count) {
        return count == 0
                ? Optional.empty()
                : Optional.of(cost.divide(BigDecimal.valueOf(count), MathContext.DECIMAL64));
    }

    private static long tokens(@Nullable Usage usage) {
        return usage == null || usage.inputTotal() == null || usage.outputTotal() == null
                ? 0
                : usage.inputTotal() + usage.outputTotal();
    }
}
