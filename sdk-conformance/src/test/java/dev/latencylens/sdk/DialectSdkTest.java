package dev.latencylens.sdk;

import static dev.latencylens.sdk.Simulation.SIXTEEN_TOKENS;
import static dev.latencylens.sdk.Simulation.started;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.argumentSet;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// What the simulated provider says in each dialect is what that provider's own SDK for Node understands.
///
/// The SDKs for Java are asked for more, each in a test of its own: [OfficialSdkTest] and [OpenAiJavaSdkTest],
/// [AnthropicJavaSdkTest], [GeminiJavaSdkTest], [BedrockJavaSdkTest].
class DialectSdkTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    /// A dialect, and how its SDK calls an answer that reached its limit and one that calls a tool.
    record Dialect(String name, String atLimit, String forTool) {}

    static Stream<Arguments> dialects() {
        return Stream.of(
                        new Dialect("openai-responses", "incomplete", "completed"),
                        new Dialect("azure-openai", "length", "tool_calls"),
                        new Dialect("anthropic", "max_tokens", "tool_use"),
                        new Dialect("gemini", "MAX_TOKENS", "STOP"),
                        new Dialect("cohere", "MAX_TOKENS", "TOOL_CALL"),
                        new Dialect("mistral", "length", "tool_calls"),
                        new Dialect("bedrock-converse", "max_tokens", "tool_use"),
                        new Dialect("bedrock-invoke", "max_tokens", "tool_use"))
                .map(dialect -> argumentSet(dialect.name, dialect));
    }

    @ParameterizedTest
    @MethodSource("dialects")
    void textUsageAndFinishAreUnderstood(Dialect dialect) throws Exception {
        JsonNode understood = read(dialect, "tokens-per-chunk=3; pings=2; padding=true; provider-headers=true");

        assertThat(understood.get("error").isNull()).as(understood.toString()).isTrue();
        assertThat(understood.get("text").asText()).isEqualTo(SIXTEEN_TOKENS);
        assertThat(understood.get("finish").asText()).isEqualTo(dialect.atLimit);
        assertThat(understood.at("/usage/input").asInt()).isEqualTo(3);
        assertThat(understood.at("/usage/output").asInt()).isEqualTo(16);
    }

    @ParameterizedTest
    @MethodSource("dialects")
    void reasoningAndToolCallsAreUnderstood(Dialect dialect) throws Exception {
        JsonNode understood = read(dialect, "reasoning-tokens=4; reasoning-field=reasoning_content; tool-calls=1");

        assertThat(understood.get("error").isNull()).as(understood.toString()).isTrue();
        assertThat(understood.get("text").asText()).startsWith("The quick naïve 日本 fox sees");
        assertThat(understood.get("reasoning").asText()).isNotEmpty();
        assertThat(understood.get("toolName").asText()).isNotEmpty();
        assertThat(JSON.readTree(understood.get("toolArguments").asText()).isObject())
                .isTrue();
        assertThat(understood.get("finish").asText()).isEqualTo(dialect.forTool);
    }

    @ParameterizedTest
    @MethodSource("dialects")
    void errorInMidStreamIsAnError(Dialect dialect) throws Exception {
        JsonNode understood = read(dialect, "fault=error-event; fault-after=3");

        assertThat(understood.at("/error/message").asText())
                .as(understood.toString())
                .isNotEmpty();
    }

    @ParameterizedTest
    @MethodSource("dialects")
    void rateLimitIsAnErrorBeforeTheStream(Dialect dialect) throws Exception {
        JsonNode understood = read(dialect, "fault=http-429");

        assertThat(understood.at("/error/message").asText())
                .as(understood.toString())
                .isNotEmpty();
        assertThat(understood.get("text").asText()).isEmpty();
    }

    private static JsonNode read(Dialect dialect, String behaviour) throws Exception {
        try (var provider = started(behaviour)) {
            String said = Node.run("read-dialect.mjs", dialect.name, Simulation.origin(provider), "16");
            // Some SDKs warn about the version of Node first.
            return JSON.readTree(said.strip().lines().toList().getLast());
        }
    }
}
