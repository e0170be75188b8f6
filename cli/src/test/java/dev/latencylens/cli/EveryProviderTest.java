package dev.latencylens.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latencylens.provider.Provider;
import dev.latencylens.simulated.Behaviour;
import dev.latencylens.simulated.ServerOptions;
import dev.latencylens.simulated.SimulatedProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;

/// Every preset against the simulated provider, which writes down what it truly sent.
class EveryProviderTest {
    @TempDir
    Path folder;

    /// A model in the built-in table that the preset's dialect accepts.
    private static String model(Provider provider) {
        return switch (provider.dialect()) {
            case BEDROCK_CONVERSE, BEDROCK_INVOKE -> "anthropic.claude-sonnet-4-6";
            case ANTHROPIC -> "claude-sonnet-5";
            case GEMINI -> "gemini-2.5-flash";
            default -> "gpt-4.1-mini";
        };
    }

    /// Where the simulated provider speaks the dialect.
    private static String base(SimulatedProvider simulated, Provider provider) {
        String origin = "http://127.0.0.1:" + simulated.port();
        return switch (provider.dialect()) {
            case OPENAI_CHAT, OPENAI_RESPONSES, ANTHROPIC -> origin + "/v1";
            case GEMINI -> origin + "/v1beta";
            case BEDROCK_CONVERSE, BEDROCK_INVOKE, AZURE_OPENAI, OLLAMA -> origin;
            case COHERE -> origin + "/v2";
            case MISTRAL -> origin + "/mistral/v1";
            case META_LLAMA -> origin + "/llama/v1";
        };
    }

    private static Map<String, String> keys(Provider provider) {
        var environment = new HashMap<String, String>();
        provider.keyVariables().forEach(variable -> environment.put(variable, "a-key-of-" + provider.label()));
        environment.put("AWS_REGION", "us-east-1");
        return environment;
    }

    private Path prices(Provider provider) throws IOException {
        return Files.writeString(folder.resolve("prices.json"), """
                {"form":"latencylens-prices/1","date":"2026-11-01","prices":[
                  {"provider":"%s","model":"%s","source":"made up","input":"1","output":"10"}]}
                """.formatted(provider.label(), model(provider)));
    }

    private LensRun run(SimulatedProvider simulated, Provider provider, String... more) throws IOException {
        var arguments = new ArrayList<>(List.of(
                "run",
                "--provider",
                provider.label(),
                "--url",
                base(simulated, provider),
                "-m",
                model(provider),
                "--prices",
                prices(provider).toString(),
                "-n",
                "12",
                "--concurrency",
                "4",
                "--osl",
                "12",
                "--prime",
                "1ms",
                "--output-dir",
                folder.resolve("run").toString()));
        arguments.addAll(List.of(more));
        return LensRun.lens(keys(provider), arguments.toArray(String[]::new));
    }

    @ParameterizedTest
    @EnumSource(Provider.class)
    void isMeasuredWithItsCostAndAsManyChunksAsWereSent(Provider provider) throws IOException {
        Path record = folder.resolve("record.jsonl");
        Behaviour behaviour =
                Behaviour.defaults().with("ttft=constant:5ms; gap=constant:1ms; thinking=3; tool-calls=2");
        LensRun measured;
        try (var simulated = SimulatedProvider.start(ServerOptions.defaults().withRecord(record), behaviour)) {
            measured = run(simulated, provider);
        }

        assertThat(measured.exitCode()).as(measured.err() + measured.out()).isZero();
        assertThat(measured.out())
                .contains("provider " + provider.label(), "completed 12", " USD together", " USD per request");
        assertThat(LensRun.runFile(folder.resolve("run"))
                        .at("/summary/cost/perMillionTokens")
                        .asString())
                .isNotEmpty();
        LensRun truth = LensRun.lens("truth", folder.resolve("run").toString(), record.toString());
        assertThat(truth.exitCode()).as(truth.out() + truth.err()).isZero();
        assertThat(truth.out()).contains("12 requests matched", "0 in the run alone, 0 in the record alone");
    }

    @ParameterizedTest(name = "{0}: hint {1}, code {2}")
    @CsvSource({
        "OPENAI_RESPONSES, retry-after-ms, rate_limit_exceeded",
        "ANTHROPIC, retry-after, rate_limit_error",
        "GEMINI, retryDelay, RESOURCE_EXHAUSTED",
        "BEDROCK, backoff, ThrottlingException",
        "AZURE, retry-after-ms, 429",
    })
    void whatItSaysOfARateLimitIsKeptAndItsHintIsWaitedOut(Provider provider, String by, String code)
            throws IOException {
        LensRun measured;
        Behaviour behaviour = Behaviour.defaults()
                .with("ttft=constant:1ms; gap=constant:1ms; fault=http-429; fault-rate=0.4; seed=4");
        try (var simulated = SimulatedProvider.start(ServerOptions.defaults(), behaviour)) {
            measured = run(simulated, provider, "--retries", "20", "--retry-backoff", "1ms");
        }

        List<JsonNode> all = LensRun.exchanges(folder.resolve("run"));
        assertThat(all).as(measured.err()).hasSizeGreaterThan(12);
        for (JsonNode exchange : all) {
            boolean completed = exchange.get("outcome").asString().equals("completed");
            assertThat(exchange.path("errorCode").asString("")).isEqualTo(completed ? "" : code);
            if (exchange.get("attempt").asInt() > 1) {
                assertThat(exchange.get("retryWaitBy").asString()).isEqualTo(by);
                assertThat(exchange.get("retryWaitNs").asLong())
                        .isGreaterThanOrEqualTo(by.equals("backoff") ? 0 : 1_000_000_000L);
            }
        }
    }

    @Test
    void aPromptThatIsToBeKeptForAnHourIsBilledAsThatAndThenReadFromTheCache() throws IOException {
        Behaviour behaviour = Behaviour.defaults().with("ttft=constant:5ms; gap=constant:1ms; cache-factor=0.1");
        try (var simulated = SimulatedProvider.start(ServerOptions.defaults(), behaviour)) {
            LensRun measured =
                    run(simulated, Provider.ANTHROPIC, "--cache-control", "1h", "--prompt", "word ".repeat(2_000));

            assertThat(measured.exitCode()).as(measured.err() + measured.out()).isZero();
        }
        List<JsonNode> usages = LensRun.exchanges(folder.resolve("run")).stream()
                .map(exchange -> exchange.path("usage"))
                .toList();
        // Hits answer sooner, so who wrote need not have ended first.
        assertThat(usages).anyMatch(usage -> usage.path("cache_write_hour").asLong() > 0);
        assertThat(usages.getLast().path("cache_write_hour").asLong()).isZero();
        assertThat(usages.getLast().path("cached_read").asLong()).isPositive();
        assertThat(LensRun.runFile(folder.resolve("run"))
                        .at("/plan/cacheControl")
                        .asString())
                .isEqualTo("1h");
    }

    @ParameterizedTest
    @EnumSource(Provider.class)
    void isMeasuredInOnePieceToo(Provider provider) throws IOException {
        Behaviour behaviour = Behaviour.defaults().with("ttft=constant:5ms; gap=constant:1ms");
        try (var simulated = SimulatedProvider.start(ServerOptions.defaults(), behaviour)) {
            LensRun measured = run(simulated, provider, "--no-stream");

            assertThat(measured.exitCode()).as(measured.err() + measured.out()).isZero();
            assertThat(measured.out()).contains("completed 12", " USD together");
        }
    }
}
