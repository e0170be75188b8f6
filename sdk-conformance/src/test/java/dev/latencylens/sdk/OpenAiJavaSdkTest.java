package dev.latencylens.sdk;

import static dev.latencylens.sdk.Simulation.FOUR_TOKENS;
import static dev.latencylens.sdk.Simulation.SIXTEEN_TOKENS;
import static dev.latencylens.sdk.Simulation.SIX_TOKENS_OF_ARGUMENTS;
import static dev.latencylens.sdk.Simulation.started;
import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.errors.BadRequestException;
import com.openai.errors.InternalServerException;
import com.openai.errors.NotFoundException;
import com.openai.errors.OpenAIServiceException;
import com.openai.errors.RateLimitException;
import com.openai.errors.SseException;
import com.openai.errors.UnauthorizedException;
import com.openai.helpers.ChatCompletionAccumulator;
import com.openai.helpers.ResponseAccumulator;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionStreamOptions;
import com.openai.models.completions.CompletionUsage;
import com.openai.models.responses.Response;
import com.openai.models.responses.ResponseCreateParams;
import com.openai.models.responses.ResponseFunctionToolCall;
import com.openai.models.responses.ResponseStatus;
import com.openai.models.responses.ResponseStreamEvent;
import dev.latencylens.simulated.SimulatedProvider;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What OpenAI's SDK for Java understands beyond [OfficialSdkTest]: reasoning and tool calls of Chat Completions,
/// and the Responses. The SDK also validates each answer against its model of the API.
class OpenAiJavaSdkTest {
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void chatsReasoningAndToolCallsAreRead(boolean stream) throws IOException {
        try (var provider = started("thinking=4; reasoning-field=reasoning_content; tool-calls=2; cached-tokens=2")) {
            ChatCompletion answer = stream ? streamedChat(provider) : wholeChat(provider);

            var message = answer.choices().getFirst().message();
            assertThat(message.content()).contains(SIXTEEN_TOKENS);
            assertThat(message.toolCalls().orElseThrow()).hasSize(2).allSatisfy(call -> {
                assertThat(call.asFunction().function().name()).isEqualTo("look_up");
                assertThat(call.asFunction().function().arguments()).isEqualTo(SIX_TOKENS_OF_ARGUMENTS);
            });
            assertThat(answer.choices().getFirst().finishReason())
                    .isEqualTo(ChatCompletion.Choice.FinishReason.TOOL_CALLS);
            CompletionUsage usage = answer.usage().orElseThrow();
            assertThat(usage.completionTokens()).isEqualTo(32);
            assertThat(usage.completionTokensDetails().orElseThrow().reasoningTokens())
                    .contains(4L);
            assertThat(usage.promptTokensDetails().orElseThrow().cachedTokens()).contains(2L);
        }
    }

    /// OpenAI itself shows no reasoning here. The SDK keeps the member by which others do.
    @Test
    void chatsReasoningIsAnUnknownMember() throws IOException {
        try (var provider = started("thinking=4; reasoning-field=reasoning_content")) {
            var reasoning = new StringBuilder();
            readChat(
                    provider,
                    chunk -> chunk.choices().forEach(choice -> {
                        var shown = choice.delta()._allProperties().get("reasoning_content");
                        reasoning.append(shown == null ? "" : shown.asStringOrThrow());
                    }));

            assertThat(reasoning).hasToString(FOUR_TOKENS);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void responsesReasoningTextAndToolCallsAreItems(boolean stream) throws IOException {
        try (var provider = started("thinking=4; tool-calls=2; cached-tokens=2")) {
            Response answer = stream ? streamedResponse(provider) : wholeResponse(provider);

            assertThat(answer.output().stream()
                            .flatMap(item -> item.reasoning().stream())
                            .flatMap(item -> item.summary().stream())
                            .map(part -> part.text()))
                    .containsExactly(FOUR_TOKENS);
            assertThat(answer.output().stream()
                            .flatMap(item -> item.message().stream())
                            .flatMap(item -> item.content().stream())
                            .map(part -> part.asOutputText().text()))
                    .containsExactly(SIXTEEN_TOKENS);
            List<ResponseFunctionToolCall> calls = answer.output().stream()
                    .flatMap(item -> item.functionCall().stream())
                    .toList();
            assertThat(calls).hasSize(2).allSatisfy(call -> {
                assertThat(call.name()).isEqualTo("look_up");
                assertThat(call.arguments()).isEqualTo(SIX_TOKENS_OF_ARGUMENTS);
            });
            assertThat(answer.status()).contains(ResponseStatus.COMPLETED);
            var usage = answer.usage().orElseThrow();
            assertThat(usage.inputTokens()).isEqualTo(3);
            assertThat(usage.inputTokensDetails().cachedTokens()).isEqualTo(2);
            assertThat(usage.outputTokens()).isEqualTo(32);
            assertThat(usage.outputTokensDetails().reasoningTokens()).isEqualTo(4);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "tokens-per-chunk=3", "writes-per-event=4", "padding=true; provider-headers=true"})
    void responsesDeltasAreTheTextAndTheArguments(String behaviour) throws IOException {
        try (var provider = started("thinking=4; tool-calls=1; tokens=16; " + behaviour)) {
            List<ResponseStreamEvent> events = new ArrayList<>();
            readResponse(provider, events::add);

            assertThat(events.stream()
                            .flatMap(event -> event.reasoningSummaryTextDelta().stream())
                            .map(delta -> delta.delta())
                            .collect(joining()))
                    .isEqualTo(FOUR_TOKENS);
            assertThat(text(events)).isEqualTo(SIXTEEN_TOKENS);
            assertThat(events.stream()
                            .flatMap(event -> event.functionCallArgumentsDelta().stream())
                            .map(delta -> delta.delta())
                            .collect(joining()))
                    .isEqualTo(SIX_TOKENS_OF_ARGUMENTS);
        }
    }

    static Stream<Arguments> errors() {
        return Stream.of(
                Arguments.of(400, BadRequestException.class, "invalid_request"),
                Arguments.of(401, UnauthorizedException.class, "invalid_api_key"),
                Arguments.of(404, NotFoundException.class, "model_not_found"),
                Arguments.of(429, RateLimitException.class, "rate_limit_exceeded"),
                Arguments.of(500, InternalServerException.class, "internal_error"),
                Arguments.of(503, InternalServerException.class, "service_unavailable"));
    }

    @ParameterizedTest
    @MethodSource("errors")
    void httpErrorsAreOfTheirOwnKind(int status, Class<? extends OpenAIServiceException> kind, String code)
            throws IOException {
        try (var provider = started("fault=http-" + status)) {
            assertThat(List.of(
                            catchThrowableOfType(OpenAIServiceException.class, () -> streamedChat(provider)),
                            catchThrowableOfType(OpenAIServiceException.class, () -> wholeChat(provider)),
                            catchThrowableOfType(OpenAIServiceException.class, () -> streamedResponse(provider)),
                            catchThrowableOfType(OpenAIServiceException.class, () -> wholeResponse(provider))))
                    .allSatisfy(error -> {
                        assertThat(error).isInstanceOf(kind);
                        assertThat(error.statusCode()).isEqualTo(status);
                        assertThat(error.code()).contains(code);
                    });
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"error-event", "error-named"})
    void errorInMidStreamOfAChatIsAnErrorBehindTheTextBeforeIt(String fault) throws IOException {
        try (var provider = started("fault-after=5; fault=" + fault)) {
            var text = new StringBuilder();

            var error = catchThrowableOfType(
                    SseException.class,
                    () -> readChat(
                            provider,
                            chunk -> chunk.choices()
                                    .forEach(choice ->
                                            text.append(choice.delta().content().orElse("")))));

            assertThat(text).hasToString(FOUR_TOKENS);
            assertThat(error.code()).contains("server_error");
        }
    }

    @Test
    void errorInMidStreamOfAResponseIsAnEvent() throws IOException {
        try (var provider = started("fault=error-event; fault-after=8")) {
            List<ResponseStreamEvent> events = new ArrayList<>();
            readResponse(provider, events::add);

            assertThat(text(events)).isEqualTo(FOUR_TOKENS);
            assertThat(events.getLast().asError().code()).contains("server_error");
            assertThat(events.getLast().asError().message()).isEqualTo("The simulated model failed in mid-stream");
        }
    }

    /// The SDK throws at the first of the two events, and so never sees `response.failed`.
    @Test
    void errorInMidStreamOfAResponseWithAnErrorObjectIsAnException() throws IOException {
        try (var provider = started("fault=error-named; fault-after=8")) {
            List<ResponseStreamEvent> events = new ArrayList<>();

            var error = catchThrowableOfType(SseException.class, () -> readResponse(provider, events::add));

            assertThat(text(events)).isEqualTo(FOUR_TOKENS);
            assertThat(error.code()).contains("server_error");
        }
    }

    private static String text(List<ResponseStreamEvent> events) {
        return events.stream()
                .flatMap(event -> event.outputTextDelta().stream())
                .map(delta -> delta.delta())
                .collect(joining());
    }

    private static ChatCompletion streamedChat(SimulatedProvider provider) {
        var joined = ChatCompletionAccumulator.create();
        readChat(provider, joined::accumulate);
        return joined.chatCompletion();
    }

    private static void readChat(SimulatedProvider provider, Consumer<ChatCompletionChunk> eater) {
        OpenAIClient client = client(provider);
        var asked = chat().toBuilder()
                .streamOptions(
                        ChatCompletionStreamOptions.builder().includeUsage(true).build())
                .build();
        try (var answer = client.chat().completions().createStreaming(asked)) {
            answer.stream().forEach(eater);
        } finally {
            client.close();
        }
    }

    private static ChatCompletion wholeChat(SimulatedProvider provider) {
        OpenAIClient client = client(provider);
        try {
            return client.chat().completions().create(chat());
        } finally {
            client.close();
        }
    }

    private static Response streamedResponse(SimulatedProvider provider) {
        var joined = ResponseAccumulator.create();
        readResponse(provider, joined::accumulate);
        return joined.response();
    }

    private static void readResponse(SimulatedProvider provider, Consumer<ResponseStreamEvent> eater) {
        OpenAIClient client = client(provider);
        try (var answer = client.responses().createStreaming(response())) {
            answer.stream().forEach(eater);
        } finally {
            client.close();
        }
    }

    private static Response wholeResponse(SimulatedProvider provider) {
        OpenAIClient client = client(provider);
        try {
            return client.responses().create(response());
        } finally {
            client.close();
        }
    }

    private static OpenAIClient client(SimulatedProvider provider) {
        return OpenAIOkHttpClient.builder()
                .apiKey("none")
                .baseUrl(provider.baseUrl().toString())
                .maxRetries(0)
                .responseValidation(true)
                .build();
    }

    private static ChatCompletionCreateParams chat() {
        return ChatCompletionCreateParams.builder()
                .model(Simulation.MODEL)
                .maxCompletionTokens(32)
                .addUserMessage(Simulation.PROMPT)
                .build();
    }

    private static ResponseCreateParams response() {
        return ResponseCreateParams.builder()
                .model(Simulation.MODEL)
                .maxOutputTokens(32)
                .input(Simulation.PROMPT)
                .build();
    }
}
