package dev.latencylens.cli;

import dev.latencylens.exchange.ExchangeResult;
import dev.latencylens.exchange.Moment;
import dev.latencylens.exchange.Usage;
import dev.latencylens.provider.Cost;
import dev.latencylens.provider.Price;
import java.math.BigDecimal;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Reckons how many exchanges a run may start before it could cost more than it may.
///
/// Every exchange that has ended counts with its cost, every other with the most that one can cost: the input of
/// the longest prompt seen, as far as it is billed, an estimate before the first usage, and an answer of full
/// length. An exchange whose cost nobody knows counts with that much too, unless not a byte of it was sent. Used
/// by the interpreter's thread.
final class CostLimit {
    private final BigDecimal limit;
    private final Price.Tariff tariff;
    private final long outputTokens;
    private long inputTokens;
    private boolean inputSeen;
    private BigDecimal perRequest;
    private BigDecimal spent = BigDecimal.ZERO;
    private long ended;

    /// @param inputTokens estimate of a prompt's length
    /// @param outputTokens the most that an answer can have
    /// @param growing whether later prompts are longer than the first, which then says nothing of the longest
    CostLimit(BigDecimal limit, Price.Tariff tariff, long inputTokens, long outputTokens, boolean growing) {
        this.limit = limit;
        this.tariff = tariff;
        this.inputTokens = inputTokens;
        this.outputTokens = outputTokens;
        inputSeen = growing;
        perRequest = mostOf(inputTokens);
    }

    /// @param cost absent where it is not known
    void see(ExchangeResult result, Optional<BigDecimal> cost) {
        see(result.completion().usage(), result.timeline().has(Moment.REQUEST_START), cost);
    }

    void see(@Nullable Usage usage, boolean sent, Optional<BigDecimal> cost) {
        ended++;
        Long input = usage == null ? null : usage.pricedInput();
        if (input != null && (!inputSeen || input > inputTokens)) {
            inputSeen = true;
            inputTokens = input;
            perRequest = mostOf(inputTokens);
        }
        spent = spent.add(cost.orElse(sent ? perRequest : BigDecimal.ZERO));
    }

    /// Lets the exchange that has just ended be followed by another attempt, if that can be paid: the attempt is
    /// then in flight in its stead.
    ///
    /// @param started how many exchanges have been started, retries not counted
    boolean allowsAgain(long started) {
        ended--;
        if (started <= allowed()) {
            return true;
        }
        ended++;
        return false;
    }

    /// Exchanges with a number below this one may be started.
    long allowed() {
        if (perRequest.signum() == 0) {
            return Long.MAX_VALUE;
        }
        BigDecimal left = limit.subtract(spent).max(BigDecimal.ZERO);
        return ended
                + left.divideToIntegralValue(perRequest)
                        .min(BigDecimal.valueOf(Long.MAX_VALUE / 2))
                        .longValue();
    }

    /// The most that one exchange is reckoned to cost.
    BigDecimal perRequest() {
        return perRequest;
    }

    /// Of a request longer than the tariff knows, the whole limit, which ends the run.
    private BigDecimal mostOf(long input) {
        return Cost.atMost(input, outputTokens, tariff).orElse(limit);
    }
}
