package dev.latencylens.provider;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.latencylens.provider.Price.LongContext;
import dev.latencylens.provider.Price.Tariff;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PricesTest {
    /// Other people's price files; not part of the project, beside the recordings that `lens.fixtures` names.
    private static final Path FOLDER =
            Path.of(System.getProperty("lens.fixtures", "fixtures")).resolveSibling("pricing");

    private static final Path LITELLM = FOLDER.resolve("litellm_model_prices_and_context_window.2026-08-01.json");

    private static final Prices BUILT_IN = Prices.builtIn();

    private static final String OWN = """
            {"form":"latencylens-prices/1","date":"2026-11-01","sources":{"us":"our contract"},"prices":[
              {"provider":"here","model":"m","source":"us","input":1.50,"cachedRead":"0.1","output":"3e0",
               "note":"by hand","above":[{"inputTokens":1000,"input":"2"}],
               "services":{"flex":{"input":"0.75","output":"1.5"}}},
              {"provider":"there","model":"there/m","source":"a letter","input":"9","output":"9"},
              {"provider":"there","model":"only-there","source":"a letter","input":"9","output":"9"},
              {"provider":"there","model":"free","source":"a letter"}]}
            """;

    private static final String LITELLM_FORM = """
            {"sample_spec":{"litellm_provider":"one of ...","input_cost_per_token":"a number"},
             "m":{"litellm_provider":"openai","input_cost_per_token":1.25e-06,"output_cost_per_token":1e-5,
               "cache_read_input_token_cost":1.25e-07,"cache_creation_input_token_cost":1.5e-06,
               "cache_creation_input_token_cost_above_1hr":3e-06,
               "output_cost_per_reasoning_token":2e-05,
               "input_cost_per_token_above_200k_tokens":2.5e-06,"output_cost_per_token_above_200k_tokens":1.5e-05,
               "cache_creation_input_token_cost_above_1hr_above_200k_tokens":6e-06,
               "input_cost_per_token_priority":2.5e-06,"output_cost_per_token_priority":2e-05,
               "input_cost_per_token_above_200k_tokens_priority":5e-06,
               "output_cost_per_token_above_200k_tokens_priority":3e-05,
               "input_cost_per_token_flex":6e-07,"output_cost_per_token_flex":5e-06,
               "input_cost_per_token_batches":6e-07,"output_cost_per_token_batches":5e-06,
               "source":"https://example.com/prices"},
             "deepseek/d":{"litellm_provider":"deepseek","input_cost_per_token":1e-06,"output_cost_per_token":1e-06,
               "input_cost_per_token_cache_hit":1e-07},
             "dashscope/q":{"litellm_provider":"dashscope","tiered_pricing":[
               {"range":[256000.0,1000000.0],"input_cost_per_token":2.5e-07,"output_cost_per_token":2e-06},
               {"range":[0,256000.0],"input_cost_per_token":5e-08,"output_cost_per_token":4e-07}]},
             "odd":{"litellm_provider":"x","input_cost_per_token":1e-06,"output_cost_per_token":1e-06,
               "cache_read_input_token_cost":2e-06},
             "meta_llama/l":{"litellm_provider":"meta_llama","max_tokens":4028}}
            """;

    @TempDir
    Path folder;

    @Test
    void theBuiltInTableHasADateAndASourceForEveryPrice() {
        assertThat(BUILT_IN.name()).isEqualTo("the table of 2026-08-01");
        assertThat(BUILT_IN.date()).hasValue(LocalDate.of(2026, 8, 1));
        assertThat(BUILT_IN.rows()).hasSizeGreaterThanOrEqualTo(50);
        assertThat(BUILT_IN.rows())
                .allSatisfy(row -> assertThat(row.source()).contains("BerriAI/litellm", "2026-08-01", "MIT"));
        assertThat(BUILT_IN.rows().stream().map(row -> row.provider() + " " + row.model()))
                .doesNotHaveDuplicates();
    }

    @Test
    void noBuiltInPriceIsOneThatNoProviderAsks() {
        assertThat(BUILT_IN.rows())
                .allSatisfy(row -> assertThat(row.doubt()).as(row.model()).isEqualTo(Optional.ofNullable(row.note())));
        for (Price row : BUILT_IN.rows()) {
            for (Tariff tariff : row.tariffs().values()) {
                assertThat(tariff.rates().input()).as(row.model()).isPositive();
                assertThat(tariff.rates().output())
                        .as(row.model())
                        .isGreaterThanOrEqualTo(tariff.rates().input());
            }
        }
    }

    @Test
    void theBuiltInTableTellsWhereSourcesDisagree() {
        assertThat(found(BUILT_IN, null, "deepseek-chat").price().doubt())
                .hasValueSatisfying(doubt -> assertThat(doubt).contains("sources disagree", "0.27"));
    }

    @ParameterizedTest
    @CsvSource(textBlock = """
            , gpt-5, openai
            , gpt-5-2026-03-01, openai
            openai, gpt-5, openai
            azure, gpt-5, azure
            azure-openai, gpt-5, azure
            , azure/gpt-5, azure
            , openai/gpt-5, openai
            , gemini-2.5-pro, gemini
            , gemini/gemini-2.5-pro, gemini
            google, gemini-2.5-pro, gemini
            , claude-haiku-4-5-20251001, anthropic
            , anthropic.claude-opus-5, bedrock
            , us.anthropic.claude-opus-5, bedrock
            bedrock-converse, ca.anthropic.claude-opus-5, bedrock
            cohere, command-a-03-2025, cohere
            , mistral-large-latest, mistral
            """)
    void aModelIsFoundByTheFormsOfItsName(@Nullable String provider, String model, String at) {
        assertThat(found(BUILT_IN, provider, model).price().provider()).isEqualTo(at);
    }

    @ParameterizedTest
    @CsvSource(textBlock = """
            , gpt-5-turbo
            , gpt-5-2026
            , gpt-5-2026-13-01
            , gpt
            , us.gpt-5
            , GPT-5
            , somebody/gpt-5
            vllm, gpt-5
            anthropic, gpt-5
            openai, azure/gpt-5
            , simulated
            """)
    void aNameThatTheTableDoesNotHaveIsNotGuessed(@Nullable String provider, String model) {
        assertThat(unknown(BUILT_IN, provider, model))
                .startsWith("no price for model '" + model + "'")
                .endsWith(" in the table of 2026-08-01");
    }

    @Test
    void aRegionHasItsOwnPriceWhereTheTableHasOneAndARemarkWhereNot() {
        assertThat(found(BUILT_IN, null, "us.anthropic.claude-opus-5")
                        .price()
                        .tariff(Price.STANDARD)
                        .orElseThrow()
                        .rates()
                        .input())
                .isEqualByComparingTo("5.5");
        assertThat(found(BUILT_IN, null, "us.anthropic.claude-opus-5").remark()).isEmpty();
        assertThat(found(BUILT_IN, null, "ca.anthropic.claude-opus-5").remark())
                .isEqualTo("priced as 'anthropic.claude-opus-5', though prices can differ by region");
        assertThat(found(BUILT_IN, null, "gpt-5.5-2026-03-01").remark()).isEqualTo("priced as 'gpt-5.5'");
    }

    @Test
    void aModelThatIsListedWithoutAPriceIsUnknown() {
        assertThat(unknown(BUILT_IN, null, "Llama-3.3-70B-Instruct"))
                .isEqualTo("model 'Llama-3.3-70B-Instruct' is listed without a price in the table of 2026-08-01");
    }

    @Test
    void ownTablesHaveTiersServicesNotesAndSources() throws IOException {
        Prices prices = Prices.read(file(OWN));
        Price price = found(prices, null, "m").price();

        assertThat(prices.name()).startsWith("'").endsWith("prices.json' of 2026-11-01");
        assertThat(price.source()).isEqualTo("our contract");
        assertThat(price.doubt()).hasValue("by hand");
        Tariff standard = price.tariff(Price.STANDARD).orElseThrow();
        assertThat(standard.rates()).isEqualTo(rates("1.50", "0.1", "3"));
        assertThat(standard.longContext()).containsExactly(new LongContext(1_000, rates("2", "0.1", "3")));
        assertThat(price.tariff("flex").orElseThrow().knownUpToInputTokens()).isEqualTo(1_000);
        assertThat(price.tariff("priority")).isEmpty();
    }

    @Test
    void withoutAProviderAnAmbiguousNameIsUnknown() throws IOException {
        Prices prices = Prices.read(file(OWN.replace("\"model\":\"m\"", "\"model\":\"here/m\"")));

        assertThat(unknown(prices, null, "m"))
                .startsWith("model 'm' has different prices in ")
                .endsWith(", as here/m and there/m");
        assertThat(found(prices, "there", "m").price().model()).isEqualTo("there/m");
        assertThat(found(prices, null, "only-there").price().provider()).isEqualTo("there");
    }

    @Test
    void liteLlmsFormIsReadExactlyWithItsTiersAndServices() throws IOException {
        Prices prices = Prices.read(file(LITELLM_FORM));
        Price price = found(prices, null, "m").price();

        assertThat(prices.rows()).hasSize(5);
        assertThat(prices.name()).endsWith("(undated)");
        assertThat(price.source()).isEqualTo("https://example.com/prices");
        Tariff standard = price.tariff(Price.STANDARD).orElseThrow();
        assertThat(standard.rates().input()).isEqualByComparingTo("1.25");
        assertThat(standard.rates().cachedRead()).isEqualByComparingTo("0.125");
        assertThat(standard.rates().cacheWrite5m()).isEqualByComparingTo("1.5");
        assertThat(standard.rates().cacheWrite1h()).isEqualByComparingTo("3");
        assertThat(standard.rates().reasoning()).isEqualByComparingTo("20");
        assertThat(standard.longContext()).hasSize(1);
        LongContext tier = standard.longContext().getFirst();
        assertThat(tier.aboveInputTokens()).isEqualTo(200_000);
        assertThat(tier.rates().input()).isEqualByComparingTo("2.5");
        assertThat(tier.rates().cachedRead()).isEqualByComparingTo("0.125");
        assertThat(tier.rates().cacheWrite1h()).isEqualByComparingTo("6");
        Tariff priority = price.tariff("priority").orElseThrow();
        assertThat(priority.rates().output()).isEqualByComparingTo("20");
        assertThat(priority.longContext().getFirst().rates().input()).isEqualByComparingTo("5");
        assertThat(priority.longContext().getFirst().rates().output()).isEqualByComparingTo("30");
        assertThat(price.tariff("flex").orElseThrow().rates().input()).isEqualByComparingTo("0.6");
        assertThat(price.tariff("batch").orElseThrow().rates().output()).isEqualByComparingTo("5");
        assertThat(found(prices, null, "odd").price().doubt()).hasValue("a cached token costs more than another here");
    }

    @Test
    void liteLlmsOlderAndGeneralFieldsAreRead() throws IOException {
        Prices prices = Prices.read(file(LITELLM_FORM));

        Tariff deepSeek =
                found(prices, null, "d").price().tariff(Price.STANDARD).orElseThrow();
        assertThat(deepSeek.rates().cachedRead()).isEqualByComparingTo("0.1");
        Tariff dashScope =
                found(prices, "dashscope", "q").price().tariff(Price.STANDARD).orElseThrow();
        assertThat(dashScope.rates().input()).isEqualByComparingTo("0.05");
        assertThat(dashScope.longContext().getFirst().aboveInputTokens()).isEqualTo(256_000);
        assertThat(dashScope.longContext().getFirst().rates().output()).isEqualByComparingTo("2");
        assertThat(unknown(prices, null, "l")).contains("listed without a price");
    }

    @Test
    void aFileWithAMistakeIsRefusedWithItsPlaceAndACure() {
        var mistakes = Map.of(
                OWN.replace("1.50", "-1"),
                        "prices[0].input must be US dollars per million tokens, such as \"2.50\", was -1",
                OWN.replace("\"0.1\"", "\"cheap\""), "prices[0].cachedRead must be US dollars per million tokens",
                OWN.replace("\"0.1\"", "1e-999999"), "prices[0].cachedRead must be",
                OWN.replace("\"0.75\"", "1e99"), "prices[0].services.flex.input must be",
                OWN.replace("\"flex\"", "\"cheap\""),
                        "prices[0].services.cheap must be one of priority, flex and batch",
                OWN.replace("cachedRead", "cached"), "prices[0].cached is no key of this form",
                OWN.replace(",\"output\":\"3e0\"", ""), "prices[0].output is missing; a price needs input and output",
                OWN.replace("2026-11-01", "today"),
                        "date must be the table's day, such as \"2026-08-01\", was \"today\"",
                OWN.replace("prices/1", "prices/2"), "form must be \"latencylens-prices/1\"",
                OWN.replace("there/m", "free"), "prices[3].model must be listed once");
        assertThat(mistakes).hasSize(10);
        mistakes.forEach((text, says) -> assertThatThrownBy(() -> Prices.read(file(text)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("bad prices in '")
                .hasMessageContaining(says)
                .hasMessageEndingWith("docs/prices.md shows the form")
                .hasMessageNotContainingAny("\n"));
        assertThatThrownBy(() -> Prices.read(file(LITELLM_FORM.replace("1.25e-06", "\"little\""))))
                .hasMessageContaining(
                        "'m'.input_cost_per_token must be US dollars per token, such as 2.5e-06, was \"little\"");
    }

    @Test
    void aFileThatIsNoTableIsRefusedWithACure() throws IOException {
        assertThatThrownBy(() -> Prices.read(folder.resolve("none.json")))
                .hasMessageContaining("cannot read the prices in '")
                .hasMessageEndingWith("none.json'; give a JSON file, docs/prices.md shows its form");
        Path csv = file("model,price\n");
        assertThatThrownBy(() -> Prices.read(csv)).hasMessageContaining("are no JSON (");
        Path other = file("{\"a\":1}");
        assertThatThrownBy(() -> Prices.read(other)).hasMessageContaining("have neither 'form'");
        Path list = file("[1]");
        assertThatThrownBy(() -> Prices.read(list)).hasMessageContaining("have neither 'form'");
    }

    @Test
    void liteLlmsWholeFileIsReadAndAgreesWithTheBuiltInTable() {
        assumeTrue(Files.isReadable(LITELLM), "no copy of LiteLLM's price file beside the recordings");
        Prices prices = Prices.read(LITELLM);

        assertThat(prices.rows()).hasSizeGreaterThan(2_900);
        var compared = new HashSet<String>();
        for (Price ours : BUILT_IN.rows()) {
            if (!ours.tariffs().isEmpty()) {
                Price theirs = found(prices, null, ours.model()).price();
                assertThat(theirs.tariffs().keySet())
                        .as(ours.model())
                        .isEqualTo(ours.tariffs().keySet());
                ours.tariffs().forEach((service, tariff) -> {
                    agree(
                            ours.model(),
                            tariff.rates(),
                            theirs.tariff(service).orElseThrow().rates());
                    List<LongContext> tiers =
                            theirs.tariff(service).orElseThrow().longContext();
                    assertThat(tiers).as(ours.model()).hasSameSizeAs(tariff.longContext());
                    for (int i = 0; i < tiers.size(); i++) {
                        agree(
                                ours.model(),
                                tariff.longContext().get(i).rates(),
                                tiers.get(i).rates());
                    }
                });
                compared.add(ours.model());
            }
        }
        assertThat(compared).hasSizeGreaterThanOrEqualTo(75);
    }

    @Test
    void everyDefaultModelIsInTheBuiltInTable() throws IOException {
        Path models = FOLDER.resolve("default_models.tsv");
        assumeTrue(Files.isReadable(models), "no list of default models beside the recordings");
        List<String> names = Files.readAllLines(models).stream()
                .skip(1)
                .map(line -> line.substring(0, line.indexOf('\t')))
                .toList();

        assertThat(names)
                .hasSize(50)
                .allSatisfy(name -> assertThat(BUILT_IN.rows())
                        .extracting(Price::model)
                        .contains(name.replace("meta_llama/", "meta-llama/")));
    }

    private static void agree(String model, Price.Rates ours, Price.Rates theirs) {
        assertThat(ours.input()).as(model).isEqualByComparingTo(theirs.input());
        assertThat(ours.output()).as(model).isEqualByComparingTo(theirs.output());
        assertThat(ours.ofCachedRead()).as(model).isEqualByComparingTo(theirs.ofCachedRead());
        assertThat(ours.ofReasoning()).as(model).isEqualByComparingTo(theirs.ofReasoning());
        if (theirs.ofCacheWrite5m().signum() > 0) {
            assertThat(ours.ofCacheWrite5m()).as(model).isEqualByComparingTo(theirs.ofCacheWrite5m());
            assertThat(ours.ofCacheWrite1h()).as(model).isEqualByComparingTo(theirs.ofCacheWrite1h());
        }
    }

    private static Price.Rates rates(String input, String cachedRead, String output) {
        return new Price.Rates(
                new BigDecimal(input), new BigDecimal(cachedRead), null, null, new BigDecimal(output), null);
    }

    private static Prices.Found found(Prices prices, @Nullable String provider, String model) {
        return switch (prices.find(provider, model)) {
            case Prices.Found found -> found;
            case Prices.Unknown(String why) -> throw new AssertionError(why);
        };
    }

    private static String unknown(Prices prices, @Nullable String provider, String model) {
        return switch (prices.find(provider, model)) {
            case Prices.Found(Price price, String _) -> throw new AssertionError("found " + price);
            case Prices.Unknown(String why) -> why;
        };
    }

    private Path file(String text) throws IOException {
        return Files.writeString(folder.resolve("prices.json"), text);
    }
}
