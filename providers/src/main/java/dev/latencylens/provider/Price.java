package dev.latencylens.provider;

import java.math.BigDecimal;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// What one model's tokens cost at one provider, in US dollars per million tokens.
///
/// @param model as the table lists it, with its provider in front where the table does so
/// @param source where the figures were taken from
/// @param note what to know before the figures are trusted, null where there is nothing
/// @param tariffs by service tier, `standard` among them; empty for a model that is listed without a price
public record Price(
        String provider,
        String model,
        String source,
        @Nullable String note,
        Map<String, Tariff> tariffs) {
    /// The service tier of a request that asks for no other.
    public static final String STANDARD = "standard";

    /// The service tiers that providers charge differently.
    public static final List<String> SERVICES = List.of(STANDARD, "priority", "flex", "batch");

    public Price {
        tariffs = Map.copyOf(tariffs);
    }

    /// Rates of one kind of request; null where the provider has none of its own for these tokens.
    ///
    /// @param cachedRead without it, cached tokens cost what other input does
    /// @param cacheWrite5m for tokens written to a cache for the usual time; without it, as other input
    /// @param cacheWrite1h for those kept for an hour; without it, as `cacheWrite5m`
    /// @param reasoning without it, reasoning costs what other output does
    public record Rates(
            BigDecimal input,
            @Nullable BigDecimal cachedRead,
            @Nullable BigDecimal cacheWrite5m,
            @Nullable BigDecimal cacheWrite1h,
            BigDecimal output,
            @Nullable BigDecimal reasoning) {
        BigDecimal ofCachedRead() {
            return cachedRead == null ? input : cachedRead;
        }

        BigDecimal ofCacheWrite5m() {
            return cacheWrite5m == null ? input : cacheWrite5m;
        }

        BigDecimal ofCacheWrite1h() {
            return cacheWrite1h == null ? ofCacheWrite5m() : cacheWrite1h;
        }

        BigDecimal ofReasoning() {
            return reasoning == null ? output : reasoning;
        }

        /// Most that a token of input can cost, whatever is cached.
        BigDecimal dearestInput() {
            return input.max(ofCachedRead()).max(ofCacheWrite5m()).max(ofCacheWrite1h());
        }

        BigDecimal dearestOutput() {
            return output.max(ofReasoning());
        }
    }

    /// Other rates for the whole of a request whose input, cached tokens included, is longer than this.
    public record LongContext(long aboveInputTokens, Rates rates) {}

    /// The rates of one service tier.
    ///
    /// @param longContext by rising length
    /// @param knownUpToInputTokens longer requests have no known price at this tier
    public record Tariff(Rates rates, List<LongContext> longContext, long knownUpToInputTokens) {
        public Tariff {
            longContext = List.copyOf(longContext);
        }

        /// The rates of a request with so much input, null where they are not known.
        @Nullable
        Rates ratesFor(long inputTokens) {
            if (inputTokens > knownUpToInputTokens) {
                return null;
            }
            Rates found = rates;
            for (LongContext tier : longContext) {
                if (inputTokens > tier.aboveInputTokens()) {
                    found = tier.rates();
                }
            }
            return found;
        }
    }

    /// The tariff of a service tier, absent where the model has no price there.
    public Optional<Tariff> tariff(String service) {
        return Optional.ofNullable(tariffs.get(service));
    }

    /// What makes the figures doubtful: the table's note, and rates that no provider asks.
    public Optional<String> doubt() {
        boolean dearCache = tariffs.values().stream()
                .flatMap(tariff -> Stream.concat(
                        Stream.of(tariff.rates()), tariff.longContext().stream().map(LongContext::rates)))
                .anyMatch(rates -> rates.ofCachedRead().compareTo(rates.input()) > 0);
        String said = Stream.of(
                        note == null ? "" : note, dearCache ? "a cached token costs more than another here" : "")
                .filter(text -> !text.isEmpty())
                .collect(Collectors.joining("; "));
        return said.isEmpty() ? Optional.empty() : Optional.of(said);
    }

    /// With each tier's price unknown beyond the length from which the standard tier has others and it has none:
    /// such requests are not offered there, or nobody noted their price.
    static Map<String, Tariff> asFarAsKnown(Map<String, Tariff> services) {
        Tariff standard = services.get(STANDARD);
        if (standard == null || standard.longContext().isEmpty()) {
            return services;
        }
        long usual = standard.longContext().getFirst().aboveInputTokens();
        var known = new LinkedHashMap<String, Tariff>();
        services.forEach((name, tariff) -> known.put(
                name, tariff.longContext().isEmpty() ? new Tariff(tariff.rates(), List.of(), usual) : tariff));
        return known;
    }
}
