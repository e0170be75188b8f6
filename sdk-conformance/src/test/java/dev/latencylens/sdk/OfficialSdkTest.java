package dev.latencylens.sdk;

import static dev.latencylens.sdk.Simulation.SIXTEEN_TOKENS;
import static dev.latencylens.sdk.Simulation.started;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.errors.NotFoundException;
import com.openai.errors.RateLimitException;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionStreamOptions;
import com.openai.models.completions.CompletionUsage;
import dev.latencylens.simulated.Behaviour;
import dev.latencylens.simulated.ServerOptions;
import dev.latencylens.simulated.SimulatedProvider;
import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What the simulated provider says is what OpenAI's own SDKs, for Java and for Node, understand.
class OfficialSdkTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "tokens-per-chunk=3",
                "events-per-write=5",
                "writes-per-event=4",
                "comments=3; pings=2; comments-between=1",
                "padding=true",
                "role-chunk=false",
                "headers=late",
                "fault=no-done"
            })
    void javaSdkReadsTheTextAndTheUsageHoweverTheyAreSent(String behaviour) throws IOException {
        try (var provider = started(behaviour)) {
            var understood = read(javaClient(provider), 16);

            assertThat(understood.text).isEqualTo(SIXTEEN_TOKENS);
            assertThat(understood.finish).isEqualTo("length");
            assertThat(understood.usage.promptTokens()).isEqualTo(3);
            assertThat(understood.usage.completionTokens()).isEqualTo(16);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "tokens-per-chunk=3",
                "writes-per-event=4",
                "comments=3; pings=2",
                "padding=true",
                "fault=no-done"
            })
    void nodeSdkReadsTheTextAndTheUsageHoweverTheyAreSent(String behaviour) throws Exception {
        try (var provider = started(behaviour)) {
            JsonNode understood = readWithNode(provider, 16);

            assertThat(understood.get("error").isNull())
                    .as(understood.toString())
                    .isTrue();
            assertThat(understood.get("text").asText()).isEqualTo(SIXTEEN_TOKENS);
            assertThat(understood.get("finish").asText()).isEqualTo("length");
            assertThat(understood.get("usage").get("prompt_tokens").asInt()).isEqualTo(3);
            assertThat(understood.get("usage").get("completion_tokens").asInt()).isEqualTo(16);
        }
    }

    @Test
    void nodeSdkReadsReasoningAndToolArguments() throws Exception {
        try (var provider = started("reasoning-tokens=4; reasoning-field=reasoning_content; tool-call=true")) {
            JsonNode understood = readWithNode(provider, 16);

            assertThat(understood.get("reasoning").asText()).isNotEmpty();
            assertThat(JSON.readTree(understood.get("toolArguments").asText()).isObject())
                    .isTrue();
            assertThat(understood
                            .get("usage")
                            .get("completion_tokens_details")
                            .get("reasoning_tokens")
                            .asInt())
                    .isEqualTo(4);
        }
    }

    @Test
    void bothSdksSeeAnErrorInMidStreamAsAnError() throws Exception {
        try (var provider = started("fault=error-event; fault-after=3")) {
            assertThatThrownBy(() -> read(javaClient(provider), 16)).isInstanceOf(RuntimeException.class);
            assertThat(readWithNode(provider, 16).get("error").get("message").asText())
                    .isNotEmpty();
        }
    }

    @Test
    void bothSdksSeeARateLimitAndAnUnknownModelByTheirOwnKinds() throws Exception {
        try (var limited = started("fault=http-429")) {
            assertThatThrownBy(() -> read(javaClient(limited), 16)).isInstanceOf(RateLimitException.class);
            assertThat(readWithNode(limited, 16).get("error").get("status").asInt())
                    .isEqualTo(429);
        }
        try (var knowing = SimulatedProvider.start(
                ServerOptions.defaults().withModels(List.of("another")), Behaviour.defaults())) {
            assertThatThrownBy(() -> read(javaClient(knowing), 16)).isInstanceOf(NotFoundException.class);
            assertThat(readWithNode(knowing, 16).get("error").get("code").asText())
                    .isEqualTo("model_not_found");
        }
    }

    @Test
    void javaSdkReadsAWholeAnswerThatIsNotStreamed() throws IOException {
        try (var provider = started("")) {
            ChatCompletion answer = javaClient(provider).chat().completions().create(question(16));

            assertThat(answer.choices().getFirst().message().content()).contains(SIXTEEN_TOKENS);
            assertThat(answer.usage().orElseThrow().completionTokens()).isEqualTo(16);
        }
    }

    private record Understood(String text, String finish, CompletionUsage usage) {}

    private static OpenAIClient javaClient(SimulatedProvider provider) {
        return OpenAIOkHttpClient.builder()
                .apiKey("none")
                .baseUrl(provider.baseUrl().toString())
                .maxRetries(0)
                .build();
    }

    private static ChatCompletionCreateParams question(int maxTokens) {
        return ChatCompletionCreateParams.builder()
                .model(Simulation.MODEL)
                .maxCompletionTokens(maxTokens)
                .addUserMessage(Simulation.PROMPT)
                .build();
    }

    private static Understood read(OpenAIClient client, int maxTokens) {
        var asked = question(maxTokens).toBuilder()
                .streamOptions(
                        ChatCompletionStreamOptions.builder().includeUsage(true).build())
                .build();
        try (var response = client.chat().completions().createStreaming(asked);
                Stream<ChatCompletionChunk> chunks = response.stream()) {
            List<ChatCompletionChunk> all = chunks.toList();
            String text = String.join(
                    "",
                    all.stream()
                            .flatMap(chunk -> chunk.choices().stream())
                            .flatMap(choice -> choice.delta().content().stream())
                            .toList());
            String finish = all.stream()
                    .flatMap(chunk -> chunk.choices().stream())
                    .flatMap(choice -> choice.finishReason().stream())
                    .map(Object::toString)
                    .findFirst()
                    .orElse("none");
            return new Understood(text, finish, all.getLast().usage().orElseThrow());
        } finally {
            client.close();
        }
    }

    private static JsonNode readWithNode(SimulatedProvider provider, int maxTokens) throws Exception {
        return JSON.readTree(Node.run("read-stream.mjs", provider.baseUrl().toString(), Integer.toString(maxTokens)));
    }
}
