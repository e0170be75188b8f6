package dev.latencylens.cli;

import dev.latencylens.provider.Price;
import dev.latencylens.provider.Prices;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// By which prices a run's tokens are billed, and how much the run may cost.
///
/// @param file the table's, null for the built-in one
/// @param lookup the price of the model, or why there is none
/// @param service the service tier that is billed
/// @param monthlyRequests for how many requests a month's cost is told, null for none
/// @param maxCost in US dollars, null for no limit
record Pricing(
        @Nullable Path file,
        Prices prices,
        Prices.Lookup lookup,
        String service,
        @Nullable Long monthlyRequests,
        @Nullable BigDecimal maxCost) {
    /// What one kind of request costs here, absent where [#unknown] says why.
    Optional<Price.Tariff> tariff() {
        return price().flatMap(price -> price.tariff(service));
    }

    Optional<Price> price() {
        return lookup instanceof Prices.Found found ? Optional.of(found.price()) : Optional.empty();
    }

    /// Why there is no price, in one clause with its cure; empty where there is one.
    String unknown() {
        return switch (lookup) {
            case Prices.Unknown(String why) -> why + "; give --prices FILE or --price-model NAME";
            case Prices.Found(Price price, String _) ->
                price.tariff(service).isPresent()
                        ? ""
                        : "no " + service + " price for model '" + price.model() + "' in " + prices.name()
                                + "; give --prices FILE, or another --service-tier";
        };
    }

    /// What to know before the figures are trusted; empty where there is nothing.
    String remark() {
        return switch (lookup) {
            case Prices.Unknown _ -> "";
            case Prices.Found(Price price, String remark) ->
                remark.isEmpty()
                        ? price.doubt().orElse("")
                        : price.doubt().map(doubt -> remark + "; " + doubt).orElse(remark);
        };
    }

    /// `openai gpt-5.6, standard prices in the table of 2026-08-01`.
    String source() {
        return price().map(price -> price.provider() + " " + price.model() + ", " + service + " prices in ")
                        .orElse("")
                + prices.name();
    }
}
