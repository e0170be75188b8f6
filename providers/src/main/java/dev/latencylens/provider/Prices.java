package dev.latencylens.provider;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A table of prices, and how a model is found in it. docs/prices.md describes its form.
///
/// Prices change, so a table has a date, and every figure made from it names that date.
public final class Prices {
    private static final String BUILT_IN = "prices.json";

    /// Amounts of money are never doubles, not even on their way here.
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .build();

    /// The part of the world that Bedrock's model names may begin with, before the maker's name.
    private static final Pattern REGION = Pattern.compile("^(?:us|eu|apac|global|au|jp|ca|us-gov)\\.(?=[a-z0-9-]+\\.)");

    /// The day at the end of a model's name: `-2026-03-01`, `-20260301`, `@20260301`.
    private static final Pattern DAY = Pattern.compile("[-@]20\\d{2}(-?)(?:0[1-9]|1[0-2])\\1(?:0[1-9]|[12]\\d|3[01])$");

    private final String name;
    private final @Nullable LocalDate date;
    private final List<Price> rows;

    /// @param name for messages, such as `the table` or `'my-prices.json'`
    /// @param date null where the table does not say
    Prices(String name, @Nullable LocalDate date, List<Price> rows) {
        this.name = name;
        this.date = date;
        this.rows = List.copyOf(rows);
    }

    /// What became of looking a model up.
    public sealed interface Lookup {}

    /// @param remark how the name was understood, empty where the table has it as it was asked for
    public record Found(Price price, String remark) implements Lookup {}

    /// @param why in one clause, with the model and the table
    public record Unknown(String why) implements Lookup {}

    /// The table that comes with the program. The first call reads it, tens of milliseconds where that is new.
    public static Prices builtIn() {
        return BuiltIn.TABLE;
    }

    private static Prices readBuiltIn() {
        try (InputStream in = Objects.requireNonNull(Prices.class.getResourceAsStream(BUILT_IN), BUILT_IN)) {
            return read(JSON.readTree(in), "the table", BUILT_IN);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Read once, by whichever thread asks first; another waits for that.
    private static final class BuiltIn {
        static final Prices TABLE = readBuiltIn();
    }

    /// A table of the user's own, in this project's form or in that of LiteLLM's price file.
    ///
    /// @throws IllegalArgumentException if it cannot be read or understood; the message says where and what to do
    public static Prices read(Path file) {
        try {
            return read(JSON.readTree(Files.readAllBytes(file)), "'" + file + "'", file.toString());
        } catch (IOException e) {
            throw new IllegalArgumentException(
                    "cannot read the prices in '" + file + "'; give a JSON file, docs/prices.md shows its form", e);
        } catch (JacksonException e) {
            throw new IllegalArgumentException(
                    "the prices in '" + file + "' are no JSON (" + e.getOriginalMessage()
                            + "); docs/prices.md shows the form",
                    e);
        }
    }

    private static Prices read(JsonNode json, String name, String file) {
        if (OwnPriceForm.isIn(json)) {
            return new OwnPriceForm(file, json).prices(name);
        }
        if (LiteLlmPriceForm.isIn(json)) {
            return new Prices(name, null, new LiteLlmPriceForm(file, json).rows());
        }
        throw new IllegalArgumentException("the prices in '" + file + "' have neither 'form' \"" + OwnPriceForm.NAME
                + "\" nor models with 'litellm_provider'; docs/prices.md shows both forms");
    }

    /// The table and its date, for sentences: `the table of 2026-08-01`, `'my.json' (undated)`.
    public String name() {
        return date == null ? name + " (undated)" : name + " of " + date;
    }

    public Optional<LocalDate> date() {
        return Optional.ofNullable(date);
    }

    public List<Price> rows() {
        return rows;
    }

    /// Finds a model by its name as it stands, else without a region or a day in it, if the table lists that; it
    /// never guesses further.
    ///
    /// @param provider null for whichever provider lists the model, if there is only one price for it
    public Lookup find(@Nullable String provider, String model) {
        for (String name : names(model)) {
            List<Price> listed = provider == null ? listed(name) : listed(canonical(provider), name);
            if (!listed.isEmpty()) {
                return only(listed, model, name);
            }
        }
        String where = provider == null ? "" : " of provider '" + provider + "'";
        return new Unknown("no price for model '" + model + "'" + where + " in " + name());
    }

    private static Set<String> names(String model) {
        var names = new LinkedHashSet<String>();
        String regionless = REGION.matcher(model).replaceFirst("");
        names.add(model);
        names.add(DAY.matcher(model).replaceFirst(""));
        names.add(regionless);
        names.add(DAY.matcher(regionless).replaceFirst(""));
        return names;
    }

    /// What the table lists under this very name comes before what it lists with a provider in front.
    private List<Price> listed(String name) {
        List<Price> exact =
                rows.stream().filter(row -> row.model().equals(name)).toList();
        return exact.isEmpty()
                ? rows.stream()
                        .filter(row -> bare(row).equals(bare(name, row.provider())))
                        .toList()
                : exact;
    }

    private List<Price> listed(String provider, String name) {
        List<Price> ofProvider = rows.stream()
                .filter(row -> canonical(row.provider()).equals(provider))
                .toList();
        List<Price> exact =
                ofProvider.stream().filter(row -> row.model().equals(name)).toList();
        return exact.isEmpty()
                ? ofProvider.stream()
                        .filter(row -> bare(row).equals(bare(name, provider)))
                        .toList()
                : exact;
    }

    private Lookup only(List<Price> listed, String model, String name) {
        Price first = listed.getFirst();
        if (listed.stream().anyMatch(row -> !row.tariffs().equals(first.tariffs()))) {
            return new Unknown("model '" + model + "' has different prices in " + name() + ", as "
                    + listed.stream().map(Price::model).collect(Collectors.joining(" and ")));
        }
        if (first.tariffs().isEmpty()) {
            return new Unknown("model '" + model + "' is listed without a price in " + name());
        }
        return new Found(first, name.equals(model) ? "" : remark(model, name));
    }

    private static String remark(String model, String name) {
        boolean region = REGION.matcher(model).find() && !REGION.matcher(name).find();
        return "priced as '" + name + "'" + (region ? ", though prices can differ by region" : "");
    }

    private static String bare(Price row) {
        return bare(row.model(), row.provider());
    }

    /// The name without this provider in front.
    private static String bare(String model, String provider) {
        int slash = model.indexOf('/');
        return slash > 0 && canonical(model.substring(0, slash)).equals(canonical(provider))
                ? model.substring(slash + 1)
                : model;
    }

    /// One name for a provider that goes by several.
    private static String canonical(String provider) {
        String name = provider.toLowerCase(Locale.ROOT).replace('_', '-');
        return switch (name) {
            case "azure-openai" -> "azure";
            case "bedrock-converse", "bedrock-invoke" -> "bedrock";
            case "cohere-chat" -> "cohere";
            case "google" -> "gemini";
            case "openai-responses" -> "openai";
            default -> name.startsWith("vertex-ai") ? "vertex-ai" : name;
        };
    }
}
