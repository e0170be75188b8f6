package dev.latencylens.sdk;

import static dev.latencylens.sdk.Simulation.FOUR_TOKENS;
import static dev.latencylens.sdk.Simulation.SIXTEEN_TOKENS;
import static dev.latencylens.sdk.Simulation.started;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.anthropic.client.AnthropicClient;
import com.anthropic.client.okhttp.AnthropicOkHttpClient;
import com.anthropic.core.http.StreamResponse;
import com.anthropic.errors.AnthropicIoException;
import com.anthropic.errors.AnthropicServiceException;
import com.anthropic.errors.BadRequestException;
import com.anthropic.errors.InternalServerException;
import com.anthropic.errors.NotFoundException;
import com.anthropic.errors.OverloadedException;
import com.anthropic.errors.RateLimitException;
import com.anthropic.errors.ServiceUnavailableException;
import com.anthropic.errors.SseException;
import com.anthropic.errors.UnauthorizedException;
import com.anthropic.helpers.MessageAccumulator;
import com.anthropic.models.ErrorType;
import com.anthropic.models.messages.Message;
import com.anthropic.models.messages.MessageCreateParams;
import com.anthropic.models.messages.RawMessageStreamEvent;
import com.anthropic.models.messages.StopReason;
import com.anthropic.models.messages.ToolUseBlock;
import com.fasterxml.jackson.core.type.TypeReference;
import dev.latencylens.simulated.SimulatedProvider;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What the simulated provider says in Anthropic's Messages is what Anthropic's own SDK for Java understands. The
/// SDK also validates each answer against its model of the API.
class AnthropicJavaSdkTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "tokens-per-chunk=3",
                "events-per-write=5",
                "writes-per-event=4",
                "comments=3; pings=2; pings-between=1",
                "padding=true; provider-headers=true",
                "headers=late"
            })
    void textAndUsageAreReadHoweverTheyAreSent(String behaviour) throws IOException {
        try (var provider = started(behaviour)) {
            Message message = streamed(provider, 16);

            assertThat(texts(message)).containsExactly(SIXTEEN_TOKENS);
            assertThat(message.stopReason()).contains(StopReason.MAX_TOKENS);
            assertThat(message.usage().inputTokens()).isEqualTo(3);
            assertThat(message.usage().outputTokens()).isEqualTo(16);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void thinkingTextAndToolCallsAreBlocksInTheirOrder(boolean stream) throws IOException {
        try (var provider = started("thinking=4; tool-calls=2; writes-per-event=3")) {
            Message message = stream ? streamed(provider, 32) : whole(provider, 32);

            assertThat(message.content()).hasSize(4);
            assertThat(message.content().getFirst().asThinking().thinking()).isEqualTo(FOUR_TOKENS);
            assertThat(message.content().getFirst().asThinking().signature()).isNotEmpty();
            assertThat(message.content().get(1).asText().text()).isEqualTo(SIXTEEN_TOKENS);
            List<ToolUseBlock> calls = message.content().stream()
                    .flatMap(block -> block.toolUse().stream())
                    .toList();
            assertThat(calls).extracting(ToolUseBlock::id).hasSize(2).doesNotHaveDuplicates();
            assertThat(calls).allSatisfy(call -> {
                assertThat(call.name()).isEqualTo("look_up");
                assertThat(call.caller().isDirect()).isTrue();
                assertThat(call._input().convert(new TypeReference<Map<String, String>>() {}))
                        .isEqualTo(Map.of("text", FOUR_TOKENS));
            });
            assertThat(message.stopReason()).contains(StopReason.TOOL_USE);
            assertThat(message.usage().outputTokens()).isEqualTo(32);
            assertThat(message.usage().outputTokensDetails().orElseThrow().thinkingTokens())
                    .isEqualTo(4);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whatIsWrittenToTheCacheIsReadTheNextTime(boolean stream) throws IOException {
        try (var provider = started("cache-factor=0.5; cache-block=1")) {
            Message first = stream ? streamed(provider, 16) : whole(provider, 16);
            Message second = stream ? streamed(provider, 16) : whole(provider, 16);

            assertThat(first.usage().cacheCreationInputTokens()).contains(3L);
            assertThat(first.usage().cacheReadInputTokens()).contains(0L);
            assertThat(second.usage().cacheCreationInputTokens()).contains(0L);
            assertThat(second.usage().cacheReadInputTokens()).contains(3L);
            assertThat(second.usage().inputTokens()).isZero();
        }
    }

    @Test
    void wholeAnswerIsThatOfTheStream() throws IOException {
        try (var provider = started("")) {
            Message message = whole(provider, 16);

            assertThat(texts(message)).containsExactly(SIXTEEN_TOKENS);
            assertThat(message.stopReason()).contains(StopReason.MAX_TOKENS);
            assertThat(message.usage().inputTokens()).isEqualTo(3);
            assertThat(message.usage().outputTokens()).isEqualTo(16);
        }
    }

    static Stream<Arguments> errors() {
        return Stream.of(
                Arguments.of(400, BadRequestException.class, ErrorType.INVALID_REQUEST_ERROR),
                Arguments.of(401, UnauthorizedException.class, ErrorType.AUTHENTICATION_ERROR),
                Arguments.of(404, NotFoundException.class, ErrorType.NOT_FOUND_ERROR),
                Arguments.of(429, RateLimitException.class, ErrorType.RATE_LIMIT_ERROR),
                Arguments.of(500, InternalServerException.class, ErrorType.API_ERROR),
                Arguments.of(503, ServiceUnavailableException.class, ErrorType.API_ERROR),
                Arguments.of(529, OverloadedException.class, ErrorType.OVERLOADED_ERROR));
    }

    @ParameterizedTest
    @MethodSource("errors")
    void httpErrorsAreOfTheirOwnKind(int status, Class<? extends AnthropicServiceException> kind, ErrorType type)
            throws IOException {
        try (var provider = started("fault=http-" + status)) {
            var streamed = catchThrowableOfType(AnthropicServiceException.class, () -> streamed(provider, 16));
            var whole = catchThrowableOfType(AnthropicServiceException.class, () -> whole(provider, 16));

            assertThat(List.of(streamed, whole)).allSatisfy(error -> {
                assertThat(error).isInstanceOf(kind);
                assertThat(error.statusCode()).isEqualTo(status);
                assertThat(error.type()).contains(type);
                assertThat(error.apiMessage()).isPresent();
            });
        }
    }

    @Test
    void errorInMidStreamIsAnOverloadBehindTheTextBeforeIt() throws IOException {
        try (var provider = started("fault=error-event; fault-after=7")) {
            var text = new StringBuilder();

            var error = catchThrowableOfType(
                    SseException.class, () -> read(provider, 16, event -> text.append(text(event))));

            assertThat(text).hasToString(FOUR_TOKENS);
            assertThat(error.type()).contains(ErrorType.OVERLOADED_ERROR);
            assertThat(error.apiMessage()).contains("Overloaded");
        }
    }

    @Test
    void streamWhoseConnectionIsCutIsAnError() throws IOException {
        try (var provider = started("fault=close; fault-after=7")) {
            var text = new StringBuilder();

            var error = catchThrowableOfType(
                    AnthropicIoException.class, () -> read(provider, 16, event -> text.append(text(event))));

            assertThat(error).isNotNull();
            assertThat(text).hasToString(FOUR_TOKENS);
        }
    }

    private static List<String> texts(Message message) {
        return message.content().stream().map(block -> block.asText().text()).toList();
    }

    private static String text(RawMessageStreamEvent event) {
        return event.contentBlockDelta()
                .flatMap(delta -> delta.delta().text())
                .map(delta -> delta.text())
                .orElse("");
    }

    /// Joined by the SDK.
    private static Message streamed(SimulatedProvider provider, int maxTokens) {
        var joined = MessageAccumulator.create();
        read(provider, maxTokens, joined::accumulate);
        return joined.message();
    }

    private static void read(SimulatedProvider provider, int maxTokens, Consumer<RawMessageStreamEvent> eater) {
        AnthropicClient client = client(provider);
        try (StreamResponse<RawMessageStreamEvent> answer = client.messages().createStreaming(question(maxTokens))) {
            answer.stream().forEach(eater);
        } finally {
            client.close();
        }
    }

    private static Message whole(SimulatedProvider provider, int maxTokens) {
        AnthropicClient client = client(provider);
        try {
            return client.messages().create(question(maxTokens));
        } finally {
            client.close();
        }
    }

    private static AnthropicClient client(SimulatedProvider provider) {
        return AnthropicOkHttpClient.builder()
                .apiKey("none")
                .baseUrl(Simulation.origin(provider))
                .maxRetries(0)
                .responseValidation(true)
                .build();
    }

    private static MessageCreateParams question(int maxTokens) {
        return MessageCreateParams.builder()
                .model(Simulation.MODEL)
                .maxTokens(maxTokens)
                .addUserMessage(Simulation.PROMPT)
                .build();
    }
}
