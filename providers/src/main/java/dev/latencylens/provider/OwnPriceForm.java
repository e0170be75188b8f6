package dev.latencylens.provider;

import dev.latencylens.provider.Price.LongContext;
import dev.latencylens.provider.Price.Rates;
import dev.latencylens.provider.Price.Tariff;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// This project's own form of a table of prices, as docs/prices.md has it: US dollars per million tokens.
final class OwnPriceForm {
    static final String NAME = "latencylens-prices/1";

    private static final Set<String> TABLE = Set.of("form", "date", "currency", "per", "sources", "prices");
    private static final Set<String> RATES =
            Set.of("input", "cachedRead", "cacheWrite5m", "cacheWrite1h", "output", "reasoning");
    private static final Set<String> TARIFF = and(RATES, "above");
    private static final Set<String> TIER = and(RATES, "inputTokens");
    private static final Set<String> ROW = and(TARIFF, "provider", "model", "source", "page", "note", "services");

    private final String file;
    private final JsonNode json;

    OwnPriceForm(String file, JsonNode json) {
        this.file = file;
        this.json = json;
    }

    static boolean isIn(JsonNode json) {
        return json.isObject()
                && (json.path("form").isString() || json.path("prices").isArray());
    }

    Prices prices(String name) {
        only(TABLE, json, "");
        if (!json.path("form").asString("").equals(NAME)) {
            throw wrong("form", "must be \"" + NAME + "\"", json.path("form"));
        }
        if (!json.path("currency").asString("USD").equals("USD")) {
            throw wrong("currency", "must be \"USD\"", json.path("currency"));
        }
        if (!json.path("prices").isArray()) {
            throw wrong("prices", "must be an array", json.path("prices"));
        }
        var rows = new ArrayList<Price>();
        var seen = new HashSet<String>();
        for (JsonNode row : json.path("prices").values()) {
            String place = "prices[" + rows.size() + "].";
            Price price = row(row, place);
            if (!seen.add(price.provider() + "\n" + price.model())) {
                throw wrong(place + "model", "must be listed once for a provider", row.path("model"));
            }
            rows.add(price);
        }
        return new Prices(name, date(), rows);
    }

    private LocalDate date() {
        try {
            return LocalDate.parse(json.path("date").asString(""));
        } catch (DateTimeParseException e) {
            throw wrong("date", "must be the table's day, such as \"2026-08-01\"", json.path("date"));
        }
    }

    private Price row(JsonNode row, String place) {
        only(ROW, row, place);
        String source = text(row, place, "source");
        String page = row.path("page").asString("");
        return new Price(
                text(row, place, "provider"),
                text(row, place, "model"),
                json.path("sources").path(source).asString(source) + (page.isEmpty() ? "" : "; " + page),
                row.path("note").asString(null),
                tariffs(row, place));
    }

    /// None for a row without any figure.
    private Map<String, Tariff> tariffs(JsonNode row, String place) {
        if (RATES.stream().noneMatch(rate -> row.has(rate)) && !row.has("services") && !row.has("above")) {
            return Map.of();
        }
        var tariffs = new LinkedHashMap<String, Tariff>();
        tariffs.put(Price.STANDARD, tariff(row, place));
        row.path("services").forEachEntry((service, node) -> {
            String inner = place + "services." + service;
            if (service.equals(Price.STANDARD) || !Price.SERVICES.contains(service)) {
                throw wrong(inner, "must be one of priority, flex and batch", row.path("services"));
            }
            only(TARIFF, node, inner + ".");
            tariffs.put(service, tariff(node, inner + "."));
        });
        return Price.asFarAsKnown(tariffs);
    }

    private Tariff tariff(JsonNode node, String place) {
        Rates rates = rates(node, place, null);
        var tiers = new ArrayList<LongContext>();
        for (JsonNode tier : node.path("above").values()) {
            String inner = place + "above[" + tiers.size() + "].";
            only(TIER, tier, inner);
            if (!tier.path("inputTokens").isIntegralNumber()
                    || tier.path("inputTokens").longValue() < 1) {
                throw wrong(inner + "inputTokens", "must be a number of tokens", tier.path("inputTokens"));
            }
            tiers.add(new LongContext(tier.path("inputTokens").longValue(), rates(tier, inner, rates)));
        }
        // Not Comparator's own, for which every start would make a class.
        tiers.sort((one, other) -> Long.compare(one.aboveInputTokens(), other.aboveInputTokens()));
        return new Tariff(rates, tiers, Long.MAX_VALUE);
    }

    /// @param base what holds where a rate is not given, null where input and output must be
    private Rates rates(JsonNode node, String place, @Nullable Rates base) {
        return new Rates(
                base == null ? needed(node, place, "input") : or(amount(node, place, "input"), base.input()),
                amountOr(node, place, "cachedRead", base == null ? null : base.cachedRead()),
                amountOr(node, place, "cacheWrite5m", base == null ? null : base.cacheWrite5m()),
                amountOr(node, place, "cacheWrite1h", base == null ? null : base.cacheWrite1h()),
                base == null ? needed(node, place, "output") : or(amount(node, place, "output"), base.output()),
                amountOr(node, place, "reasoning", base == null ? null : base.reasoning()));
    }

    private BigDecimal needed(JsonNode node, String place, String key) {
        BigDecimal amount = amount(node, place, key);
        if (amount == null) {
            throw wrong(place + key, "is missing; a price needs input and output", node);
        }
        return amount;
    }

    private @Nullable BigDecimal amountOr(JsonNode node, String place, String key, @Nullable BigDecimal other) {
        BigDecimal amount = amount(node, place, key);
        return amount == null ? other : amount;
    }

    private static BigDecimal or(@Nullable BigDecimal amount, BigDecimal other) {
        return amount == null ? other : amount;
    }

    private @Nullable BigDecimal amount(JsonNode node, String place, String key) {
        if (!node.has(key)) {
            return null;
        }
        BigDecimal amount = Amount.of(node.path(key));
        if (amount == null) {
            throw wrong(place + key, "must be US dollars per million tokens, such as \"2.50\"", node.path(key));
        }
        return amount;
    }

    private String text(JsonNode row, String place, String key) {
        String text = row.path(key).asString("");
        if (text.isBlank()) {
            throw wrong(place + key, "must be a text", row.path(key));
        }
        return text;
    }

    private void only(Set<String> known, JsonNode node, String place) {
        if (!node.isObject()) {
            throw wrong(place.isEmpty() ? "table" : place.substring(0, place.length() - 1), "must be an object", node);
        }
        for (String key : node.propertyNames()) {
            if (!known.contains(key)) {
                throw wrong(place + key, "is no key of this form", node.path(key));
            }
        }
    }

    private IllegalArgumentException wrong(String key, String rule, JsonNode seen) {
        return wrong(file, key, rule, seen);
    }

    /// One line with file, key, rule, what was seen and the cure.
    static IllegalArgumentException wrong(String file, String key, String rule, JsonNode seen) {
        String text = seen.isMissingNode() ? "missing" : seen.toString();
        return new IllegalArgumentException("bad prices in '" + file + "': " + key + " " + rule + ", was "
                + (text.length() > 80 ? text.substring(0, 80) + "..." : text) + "; docs/prices.md shows the form");
    }

    private static Set<String> and(Set<String> keys, String... more) {
        var all = new HashSet<>(keys);
        all.addAll(List.of(more));
        return Set.copyOf(all);
    }
}
