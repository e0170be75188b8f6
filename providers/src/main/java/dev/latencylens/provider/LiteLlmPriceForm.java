package dev.latencylens.provider;

import dev.latencylens.provider.Price.LongContext;
import dev.latencylens.provider.Price.Rates;
import dev.latencylens.provider.Price.Tariff;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// LiteLLM's `model_prices_and_context_window.json`: US dollars per token, and what differs by length of the input
/// or by service tier in the names of the fields (`input_cost_per_token_above_200k_tokens_priority`).
final class LiteLlmPriceForm {
    /// An entry that explains the others, with texts where they have numbers.
    private static final String EXAMPLE = "sample_spec";

    private static final String INPUT = "input_cost_per_token";
    private static final String OUTPUT = "output_cost_per_token";
    private static final String REASONING = "output_cost_per_reasoning_token";
    private static final String CACHED_READ = "cache_read_input_token_cost";
    private static final String CACHE_WRITE = "cache_creation_input_token_cost";
    private static final String CACHE_WRITE_1H = "cache_creation_input_token_cost_above_1hr";
    /// The older name, of DeepSeek.
    private static final String CACHE_HIT = "input_cost_per_token_cache_hit";
    private static final String TIERS = "tiered_pricing";

    private static final Pattern ABOVE = Pattern.compile("(?:" + INPUT + "|" + OUTPUT + "|" + CACHED_READ + "|"
            + CACHE_WRITE + ")_above_(\\d{1,6})k_tokens(_priority|_flex|)");

    /// The end of a field's name for each service tier.
    private static final Map<String, String> SUFFIXES =
            Map.of(Price.STANDARD, "", "priority", "_priority", "flex", "_flex", "batch", "_batches");

    /// From a token to a million.
    private static final int MILLION = 6;

    private final String file;
    private final JsonNode json;

    LiteLlmPriceForm(String file, JsonNode json) {
        this.file = file;
        this.json = json;
    }

    static boolean isIn(JsonNode json) {
        return json.isObject()
                && json.properties().stream()
                        .anyMatch(entry -> !entry.getKey().equals(EXAMPLE)
                                && entry.getValue().path("litellm_provider").isString());
    }

    List<Price> rows() {
        var rows = new ArrayList<Price>();
        json.forEachEntry((model, entry) -> {
            if (!model.equals(EXAMPLE) && entry.path("litellm_provider").isString()) {
                rows.add(row(model, entry));
            }
        });
        return rows;
    }

    private Price row(String model, JsonNode entry) {
        return new Price(
                entry.path("litellm_provider").stringValue(),
                model,
                entry.path("source").asString("LiteLLM's price file"),
                null,
                tariffs(model, entry));
    }

    private Map<String, Tariff> tariffs(String model, JsonNode entry) {
        var tariffs = new LinkedHashMap<String, Tariff>();
        for (String service : Price.SERVICES) {
            Tariff tariff = service.equals(Price.STANDARD) && entry.path(TIERS).isArray()
                    ? byRange(model, entry.path(TIERS))
                    : byName(model, entry, SUFFIXES.getOrDefault(service, ""));
            if (tariff != null) {
                tariffs.put(service, tariff);
            }
        }
        return tariffs.containsKey(Price.STANDARD) ? Price.asFarAsKnown(tariffs) : Map.of();
    }

    private @Nullable Tariff byName(String model, JsonNode entry, String service) {
        Rates base = rates(model, entry, "", service, null);
        if (base == null) {
            return null;
        }
        var thousands = new TreeSet<Long>();
        for (String field : entry.propertyNames()) {
            Matcher matcher = ABOVE.matcher(field);
            if (matcher.matches() && matcher.group(2).equals(service)) {
                thousands.add(Long.valueOf(matcher.group(1)));
            }
        }
        var tiers = new ArrayList<LongContext>();
        for (long length : thousands) {
            Rates rates = rates(model, entry, "_above_" + length + "k_tokens", service, base);
            tiers.add(new LongContext(length * 1_000, rates == null ? base : rates));
        }
        return new Tariff(base, tiers, Long.MAX_VALUE);
    }

    /// `[{"range":[0,256000],"input_cost_per_token":..},{"range":[256000,1000000],..}]`; null where the tiers are
    /// not of tokens.
    private @Nullable Tariff byRange(String model, JsonNode ranges) {
        var tiers = new ArrayList<LongContext>();
        for (JsonNode range : ranges.values()) {
            Rates rates = rates(model, range, "", "", null);
            JsonNode from = range.path("range").path(0);
            if (rates == null || !from.isNumber()) {
                return null;
            }
            tiers.add(new LongContext(from.decimalValue().longValue(), rates));
        }
        tiers.sort(Comparator.comparingLong(LongContext::aboveInputTokens));
        return tiers.isEmpty()
                ? null
                : new Tariff(tiers.getFirst().rates(), tiers.subList(1, tiers.size()), Long.MAX_VALUE);
    }

    /// @param base what holds where a field is missing; without it null is returned where input or output is
    /// missing
    private @Nullable Rates rates(String model, JsonNode entry, String length, String service, @Nullable Rates base) {
        String ending = length + service;
        BigDecimal input = perMillion(model, entry, INPUT + ending, base == null ? null : base.input());
        BigDecimal output = perMillion(model, entry, OUTPUT + ending, base == null ? null : base.output());
        if (input == null || output == null) {
            return null;
        }
        BigDecimal cacheHit =
                ending.isEmpty() ? perMillion(model, entry, CACHE_HIT, null) : base == null ? null : base.cachedRead();
        return new Rates(
                input,
                perMillion(model, entry, CACHED_READ + ending, cacheHit),
                perMillion(model, entry, CACHE_WRITE + ending, base == null ? null : base.cacheWrite5m()),
                perMillion(model, entry, CACHE_WRITE_1H + ending, base == null ? null : base.cacheWrite1h()),
                output,
                perMillion(model, entry, REASONING + ending, base == null ? null : base.reasoning()));
    }

    private @Nullable BigDecimal perMillion(
            String model, JsonNode entry, String field, @Nullable BigDecimal otherwise) {
        JsonNode node = entry.path(field);
        if (node.isMissingNode() || node.isNull()) {
            return otherwise;
        }
        BigDecimal amount = Amount.of(node);
        if (amount == null) {
            throw wrong(model, field, "must be US dollars per token, such as 2.5e-06", node);
        }
        return amount.movePointRight(MILLION);
    }

    private IllegalArgumentException wrong(String model, String field, String rule, JsonNode seen) {
        return OwnPriceForm.wrong(file, "'" + model + "'." + field, rule, seen);
    }
}
