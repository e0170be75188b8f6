package dev.latencylens.cli;

import static dev.latencylens.cli.LensRun.exchanges;
import static dev.latencylens.cli.LensRun.lens;
import static dev.latencylens.cli.LensRun.runFile;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.latencylens.exchange.Tokenizer;
import dev.latencylens.provider.DialectName;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;

/// Whole runs in which a tokenizer counts what the provider does not.
class TokenizerTest {
    /// What sixteen words of the simulated model are in OpenAI's newest encoding.
    private static final int O200K_TOKENS = 18;

    private static final int WORDS = 16;

    @TempDir
    Path folder;

    @Test
    void theReportTellsTheRatioByTheTokenizerAndByUsage() {
        var run = run("--model", "gpt-4o", "--dialect", "openai-chat", "--tokenizer", "o200k_base");

        double ratio = (double) O200K_TOKENS / WORDS;
        assertThat(flowing(run)).contains("tokens/chunk by o200k_base, usage says 1.00", "counted by usage; ");
        JsonNode tokens = runFile(folder).at("/summary/tokens");
        assertThat(tokens.at("/source").asString()).isEqualTo("usage");
        assertThat(tokens.at("/tokenizer").asString()).isEqualTo("o200k_base");
        assertThat(tokens.at("/tokensPerChunk/tokenizer").asDouble()).isCloseTo(ratio, within(0.001));
        assertThat(tokens.at("/tokensPerChunk/usage").asDouble()).isEqualTo(1);
        assertThat(chunkTokens())
                .allSatisfy(
                        counts -> assertThat(counts).hasSize(WORDS).contains(2).doesNotContain(-1));
        assertThat(runFile(folder).at("/summary/metrics/itl/count").asInt()).isPositive();
    }

    @Test
    void aTokenizerThatFindsMoreThanTenPercentMoreThanUsageIsDoubted() {
        var run = run("--model", "gpt-4o", "--tokenizer", "o200k_base");

        assertThat(flowing(run)).contains("The tokenizer finds 72 tokens where usage says 64");
    }

    @Test
    void withoutUsageTheTokenizerCountsTheTotal() {
        var run = run("--model", "gpt-4o", "--no-usage");

        assertThat(flowing(run)).contains("72 out, counted by tokenizer; 64 chunks");
        JsonNode tokens = runFile(folder).at("/summary/tokens");
        assertThat(tokens.at("/output_total").asInt()).isEqualTo(4 * O200K_TOKENS);
        assertThat(tokens.at("/answersByTokenizer").asInt()).isEqualTo(4);
        assertThat(tokens.at("/answersByChunks").asInt()).isZero();
        assertThat(tokens.at("/tokensPerChunk").has("usage")).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"llama-3, auto", "simulated, auto", "gpt-4o, none"})
    void unknownStaysUnknown(String model, String tokenizer) {
        var run = run("--model", model, "--tokenizer", tokenizer);

        assertThat(flowing(run)).contains("; 1.00 tokens/chunk by usage").doesNotContain("by o200k_base");
        assertThat(runFile(folder).at("/summary/tokens/tokenizer").isNull()).isTrue();
        assertThat(chunkTokens())
                .allSatisfy(counts -> assertThat(counts).hasSize(WORDS).containsOnly(-1));
    }

    @ParameterizedTest
    @EnumSource(DialectName.class)
    void onlyOpenAisDialectsHaveTheirModels(DialectName dialect) {
        boolean openAis =
                List.of("openai-chat", "openai-responses", "azure-openai").contains(dialect.label());

        assertThat(Optional.ofNullable(TokenizerOption.tokenizer("auto", dialect, "gpt-5")))
                .map(Tokenizer::name)
                .isEqualTo(openAis ? Optional.of("o200k_base") : Optional.empty());
    }

    /// Four answers of sixteen words.
    private LensRun run(String... more) {
        var arguments = new ArrayList<>(List.of(
                "run", "--num-prompts", "4", "--concurrency", "2", "--osl", String.valueOf(WORDS), "--output-dir"));
        arguments.add(folder.toString());
        arguments.addAll(List.of(more));
        var run = lens(arguments.toArray(String[]::new));
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.err()).isEmpty();
        return run;
    }

    /// The report without its line breaks.
    private static String flowing(LensRun run) {
        return run.out().replaceAll("\\s+", " ");
    }

    /// Of each answer, the tokens of its chunks; -1 where they are unknown.
    private List<List<Integer>> chunkTokens() {
        return exchanges(folder).stream()
                .map(exchange -> StreamSupport.stream(
                                exchange.at("/chunks/tokens").spliterator(), false)
                        .map(count -> count.isNull() ? -1 : count.asInt())
                        .toList())
                .toList();
    }
}
