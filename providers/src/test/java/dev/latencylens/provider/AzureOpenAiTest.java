package dev.latencylens.provider;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.latencylens.exchange.Header;
import dev.latencylens.exchange.Prompt;
import dev.latencylens.exchange.ProviderError;
import dev.latencylens.exchange.ResponseHead;
import java.net.URI;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class AzureOpenAiTest {
    private static final Prompt PROMPT = new Prompt("x", 9);

    private static DialectOptions options() {
        return DialectOptions.at(URI.create("https://res.openai.azure.com"), "dep");
    }

    private static Reading read(ResponseHead head, String body) {
        return Reading.of(new AzureOpenAi(options()).decoder(head), body.getBytes(UTF_8));
    }

    @ParameterizedTest
    @CsvSource({
        "https://r, my dep, , /openai/deployments/my%20dep/chat/completions?api-version=2024-10-21",
        "https://r/, d, 2025-01-01-preview, /openai/deployments/d/chat/completions?api-version=2025-01-01-preview",
        "https://r/openai, d, , /openai/deployments/d/chat/completions?api-version=2024-10-21",
        "https://r/gateway, d, , /gateway/openai/deployments/d/chat/completions?api-version=2024-10-21",
        "https://r/openai/deployments/e, d, , /openai/deployments/e/chat/completions?api-version=2024-10-21",
        "https://r?api-version=1, d, , /openai/deployments/d/chat/completions?api-version=1",
        "https://r?a=b, d, , /openai/deployments/d/chat/completions?a=b&api-version=2024-10-21",
        "https://r/openai/v1, d, , /openai/v1/chat/completions",
        "https://r/openai/v1/, d, preview, /openai/v1/chat/completions?api-version=preview",
        "https://r/openai/v1/chat/completions, d, , /openai/v1/chat/completions",
    })
    void deploymentIsInThePathUnlessTheApiHasNoDate(
            URI baseUrl, String model, @Nullable String version, String target) {
        var dialect = new AzureOpenAi(DialectOptions.at(baseUrl, model).apiVersion(version));

        assertThat(dialect.name()).isEqualTo("azure-openai");
        assertThat(dialect.request(PROMPT).target()).isEqualTo(target);
    }

    @Test
    void keyIsItsOwnHeaderAndATokenIsABearer() {
        assertThat(new AzureOpenAi(options().apiKey(Secret.of("k")))
                        .request(PROMPT)
                        .headers())
                .contains(Header.secret("api-key", "k"));
        assertThat(new AzureOpenAi(options().apiKey(Secret.of("eyJ0.a.b")))
                        .request(PROMPT)
                        .headers())
                .contains(Header.secret("authorization", "Bearer eyJ0.a.b"))
                .noneMatch(header -> header.name().equals("api-key"));
        assertThat(new AzureOpenAi(options()).request(PROMPT).headers()).hasSize(2);
    }

    @Test
    void bodyIsOpenAisWithTheLimitThatAllItsModelsTake() {
        JsonNode body = JsonMapper.shared()
                .readTree(new AzureOpenAi(options()).request(PROMPT).body());

        assertThat(body).isEqualTo(JsonMapper.shared().readTree("""
                        {"messages":[{"role":"user","content":"x"}],"model":"dep","stream":true,
                         "max_completion_tokens":9,"stream_options":{"include_usage":true}}"""));
        assertThat(new AzureOpenAi(options().tokenLimit(DialectOptions.TokenLimit.MAX_TOKENS))
                        .request(PROMPT)
                        .body())
                .asString(UTF_8)
                .contains("\"max_tokens\":9");
    }

    @Test
    void promptFilterIsAnEventWithoutOutput() {
        Reading reading = read(Reading.STREAM, """
                data: {"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":\
                [{"prompt_index":0,"content_filter_results":{"hate":{"filtered":false,"severity":"safe"}}}]}

                data: {"choices":[{"content_filter_results":{},"delta":{"content":"Hi"},"finish_reason":null,"index":0}]}

                data: {"choices":[{"content_filter_offsets":{"check_offset":1},"delta":{},"finish_reason":null,"index":0}]}

                data: {"choices":[{"delta":{},"finish_reason":"content_filter","index":0}]}

                data: [DONE]

                """);

        assertThat(reading.events).hasSize(4);
        assertThat(reading.said()).containsExactly("text 0 'Hi'");
        assertThat(reading.completion().finishReasons()).containsExactly("content_filter");
        assertThat(reading.completion().terminatorSeen()).isTrue();
    }

    @Test
    void filteredPromptIsAnErrorResponse() {
        assertThat(read(Reading.head(400, "application/json"), """
                        {"error":{"message":"filtered","type":null,"code":"content_filter","innererror":{}}}""").completion().error())
                .isEqualTo(new ProviderError("content_filter", "filtered"));
        assertThat(read(Reading.head(401, "application/json"), """
                        {"error":{"code":"401","message":"no"}}""").completion().error())
                .isEqualTo(new ProviderError("401", "no"));
    }
}
