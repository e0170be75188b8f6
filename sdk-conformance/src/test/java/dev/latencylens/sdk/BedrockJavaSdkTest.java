package dev.latencylens.sdk;

import static dev.latencylens.sdk.Simulation.FOUR_TOKENS;
import static dev.latencylens.sdk.Simulation.SIXTEEN_TOKENS;
import static dev.latencylens.sdk.Simulation.SIX_TOKENS_OF_ARGUMENTS;
import static dev.latencylens.sdk.Simulation.started;
import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.joining;
import static java.util.stream.Collectors.mapping;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.latencylens.simulated.SimulatedProvider;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletionException;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.document.Document;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.http.Protocol;
import software.amazon.awssdk.http.async.SdkAsyncHttpClient;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.retries.DefaultRetryStrategy;
import software.amazon.awssdk.services.bedrockruntime.BedrockRuntimeAsyncClient;
import software.amazon.awssdk.services.bedrockruntime.model.AccessDeniedException;
import software.amazon.awssdk.services.bedrockruntime.model.BedrockRuntimeException;
import software.amazon.awssdk.services.bedrockruntime.model.ContentBlock;
import software.amazon.awssdk.services.bedrockruntime.model.ContentBlockDelta;
import software.amazon.awssdk.services.bedrockruntime.model.ContentBlockDeltaEvent;
import software.amazon.awssdk.services.bedrockruntime.model.ContentBlockStartEvent;
import software.amazon.awssdk.services.bedrockruntime.model.ConversationRole;
import software.amazon.awssdk.services.bedrockruntime.model.ConverseResponse;
import software.amazon.awssdk.services.bedrockruntime.model.ConverseStreamMetadataEvent;
import software.amazon.awssdk.services.bedrockruntime.model.ConverseStreamOutput;
import software.amazon.awssdk.services.bedrockruntime.model.ConverseStreamResponseHandler;
import software.amazon.awssdk.services.bedrockruntime.model.InternalServerException;
import software.amazon.awssdk.services.bedrockruntime.model.InvokeModelWithResponseStreamResponseHandler;
import software.amazon.awssdk.services.bedrockruntime.model.Message;
import software.amazon.awssdk.services.bedrockruntime.model.MessageStopEvent;
import software.amazon.awssdk.services.bedrockruntime.model.ModelStreamErrorException;
import software.amazon.awssdk.services.bedrockruntime.model.PayloadPart;
import software.amazon.awssdk.services.bedrockruntime.model.ResourceNotFoundException;
import software.amazon.awssdk.services.bedrockruntime.model.ServiceUnavailableException;
import software.amazon.awssdk.services.bedrockruntime.model.StopReason;
import software.amazon.awssdk.services.bedrockruntime.model.ThrottlingException;
import software.amazon.awssdk.services.bedrockruntime.model.TokenUsage;
import software.amazon.awssdk.services.bedrockruntime.model.ValidationException;

/// What the simulated provider says in Bedrock's dialects is what Amazon's own SDK for Java understands, by
/// HTTP/1.1 and by HTTP/2. It streams with its asynchronous client only.
class BedrockJavaSdkTest {
    private static final String CLAUDE = "anthropic.claude-v2:1";
    private static final ObjectMapper JSON = new ObjectMapper();

    /// Two seconds, the SDK's default, can pass before a busy machine connects.
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    /// One for all tests: Amazon lets each take two seconds to end.
    private static final SdkAsyncHttpClient HTTP_1 = http(Protocol.HTTP1_1);
    private static final SdkAsyncHttpClient HTTP_2 = http(Protocol.HTTP2);

    @AfterAll
    static void endClients() {
        HTTP_1.close();
        HTTP_2.close();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "tokens-per-chunk=3",
                "events-per-write=5",
                "writes-per-event=4",
                "pings=2; pings-between=1",
                "padding=true; provider-headers=true",
                "headers=late"
            })
    void textAndUsageAreReadHoweverTheyAreSent(String behaviour) throws IOException {
        try (var provider = started(behaviour)) {
            Understood understood = converse(provider, 16);

            assertThat(understood.text()).isEqualTo(SIXTEEN_TOKENS);
            assertThat(understood.finish()).isEqualTo(StopReason.MAX_TOKENS);
            assertThat(understood.metadata().usage()).isEqualTo(usage(3, 16, 0, 0));
            assertThat(understood.metadata().metrics().latencyMs()).isNotNegative();
        }
    }

    @Test
    void streamIsTheSameByHttp2() throws IOException {
        try (var provider = started("thinking=4; tool-calls=2; padding=true")) {
            Understood byOne = read(provider, Protocol.HTTP1_1, 32, new ArrayList<>());
            Understood byTwo = read(provider, Protocol.HTTP2, 32, new ArrayList<>());

            assertThat(byTwo.untimed()).isEqualTo(byOne.untimed());
        }
    }

    @Test
    void reasoningTextAndToolCallsAreBlocks() throws IOException {
        try (var provider = started("thinking=4; tool-calls=2; writes-per-event=3")) {
            Understood understood = converse(provider, 32);

            assertThat(understood.reasoning()).isEqualTo(FOUR_TOKENS);
            assertThat(understood.text()).isEqualTo(SIXTEEN_TOKENS);
            assertThat(understood.toolNames()).containsExactly("look_up", "look_up");
            assertThat(understood.toolArguments())
                    .containsExactly(Map.entry(2, SIX_TOKENS_OF_ARGUMENTS), Map.entry(3, SIX_TOKENS_OF_ARGUMENTS));
            assertThat(understood.finish()).isEqualTo(StopReason.TOOL_USE);
            assertThat(understood.metadata().usage()).isEqualTo(usage(3, 32, 0, 0));
        }
    }

    @Test
    void wholeAnswerIsThatOfTheStream() throws IOException {
        try (var provider = started("thinking=4; tool-calls=2")) {
            ConverseResponse answer = whole(provider, 32);

            List<ContentBlock> blocks = answer.output().message().content();
            assertThat(blocks).hasSize(4);
            assertThat(blocks.getFirst().reasoningContent().reasoningText().text())
                    .isEqualTo(FOUR_TOKENS);
            assertThat(blocks.get(1).text()).isEqualTo(SIXTEEN_TOKENS);
            assertThat(blocks.subList(2, 4)).allSatisfy(block -> {
                assertThat(block.toolUse().name()).isEqualTo("look_up");
                assertThat(block.toolUse().input())
                        .isEqualTo(Document.fromMap(Map.of("text", Document.fromString(FOUR_TOKENS))));
            });
            assertThat(answer.stopReason()).isEqualTo(StopReason.TOOL_USE);
            assertThat(answer.usage()).isEqualTo(usage(3, 32, 0, 0));
            assertThat(answer.metrics().latencyMs()).isNotNegative();
        }
    }

    @Test
    void whatIsWrittenToTheCacheIsReadTheNextTime() throws IOException {
        try (var provider = started("cache-factor=0.5; cache-block=1")) {
            TokenUsage first = converse(provider, 16).metadata().usage();
            TokenUsage second = converse(provider, 16).metadata().usage();
            TokenUsage third = whole(provider, 16).usage();

            assertThat(first).isEqualTo(usage(0, 16, 0, 3));
            assertThat(second).isEqualTo(usage(0, 16, 3, 0));
            assertThat(third).isEqualTo(second);
        }
    }

    static Stream<Arguments> errors() {
        return Stream.of(
                Arguments.of(400, ValidationException.class),
                Arguments.of(401, AccessDeniedException.class),
                Arguments.of(404, ResourceNotFoundException.class),
                Arguments.of(429, ThrottlingException.class),
                Arguments.of(500, InternalServerException.class),
                Arguments.of(503, ServiceUnavailableException.class));
    }

    @ParameterizedTest
    @MethodSource("errors")
    void httpErrorsAreOfTheirOwnKind(int status, Class<? extends BedrockRuntimeException> kind) throws IOException {
        try (var provider = started("fault=http-" + status)) {
            var streamed = catchThrowableOfType(BedrockRuntimeException.class, () -> converse(provider, 16));
            var whole = catchThrowableOfType(BedrockRuntimeException.class, () -> whole(provider, 16));

            assertThat(List.of(streamed, whole)).allSatisfy(error -> {
                assertThat(error).isInstanceOf(kind);
                assertThat(error.statusCode()).isEqualTo(status);
                assertThat(error.awsErrorDetails().errorMessage()).isNotEmpty();
            });
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"HTTP1_1", "HTTP2"})
    void modelledErrorInMidStreamIsThatException(Protocol protocol) throws IOException {
        try (var provider = started("fault=error-event; fault-after=5")) {
            List<ConverseStreamOutput> events = new ArrayList<>();

            var error =
                    catchThrowableOfType(ModelStreamErrorException.class, () -> read(provider, protocol, 16, events));

            assertThat(new Understood(events).text()).isEqualTo(FOUR_TOKENS);
            assertThat(error.originalStatusCode()).isEqualTo(500);
            assertThat(error.originalMessage()).isEqualTo("failed");
        }
    }

    @Test
    void unmodelledErrorInMidStreamCarriesItsCode() throws IOException {
        try (var provider = started("fault=error-named; fault-after=5")) {
            var error = catchThrowableOfType(BedrockRuntimeException.class, () -> converse(provider, 16));

            assertThat(error.awsErrorDetails().errorCode()).isEqualTo("InternalFailure");
            assertThat(error.awsErrorDetails().errorMessage()).isEqualTo("The simulated model failed in mid-stream");
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"HTTP1_1", "HTTP2"})
    void streamWhoseConnectionIsResetIsAnError(Protocol protocol) throws IOException {
        try (var provider = started("fault=reset; fault-after=5")) {
            assertThat(catchThrowableOfType(
                            SdkClientException.class, () -> read(provider, protocol, 16, new ArrayList<>())))
                    .isNotNull();
        }
    }

    /// By HTTP/1.1 the SDK takes the end of a connection between two events for the end of the answer.
    @Test
    void streamWhoseConnectionIsClosedIsAnErrorByHttp2Only() throws IOException {
        try (var provider = started("fault=close; fault-after=5")) {
            Understood byOne = read(provider, Protocol.HTTP1_1, 16, new ArrayList<>());
            List<ConverseStreamOutput> byTwo = new ArrayList<>();
            var error = catchThrowableOfType(SdkClientException.class, () -> read(provider, Protocol.HTTP2, 16, byTwo));

            assertThat(error).isNotNull();
            assertThat(byOne.text()).isEqualTo(FOUR_TOKENS);
            assertThat(byOne.events()).hasSize(5).isEqualTo(byTwo);
        }
    }

    @Test
    void modelsOwnEventsComeThroughInvokeModel() throws IOException {
        try (var provider = started("thinking=4; padding=true")) {
            List<JsonNode> events = new ArrayList<>();
            invoke(provider, 20, events);

            assertThat(joined(events, "/delta/thinking")).isEqualTo(FOUR_TOKENS);
            assertThat(joined(events, "/delta/text")).isEqualTo(SIXTEEN_TOKENS);
            assertThat(events.getLast()
                            .at("/amazon-bedrock-invocationMetrics/outputTokenCount")
                            .asInt())
                    .isEqualTo(20);
        }
    }

    @Test
    void errorInMidStreamOfInvokeModelIsThatException() throws IOException {
        try (var provider = started("fault=error-event; fault-after=6")) {
            List<JsonNode> events = new ArrayList<>();

            var error = catchThrowableOfType(ModelStreamErrorException.class, () -> invoke(provider, 16, events));

            assertThat(error.originalStatusCode()).isEqualTo(500);
            assertThat(joined(events, "/delta/text")).isEqualTo(FOUR_TOKENS);
        }
    }

    /// The events of one stream.
    private record Understood(List<ConverseStreamOutput> events) {
        private <T> Stream<T> all(Class<T> type) {
            return events.stream().filter(type::isInstance).map(type::cast);
        }

        private String joined(Function<ContentBlockDelta, @Nullable String> member) {
            return all(ContentBlockDeltaEvent.class)
                    .flatMap(event -> Stream.ofNullable(member.apply(event.delta())))
                    .collect(joining());
        }

        String text() {
            return joined(ContentBlockDelta::text);
        }

        String reasoning() {
            return joined(delta -> delta.reasoningContent() == null
                    ? null
                    : delta.reasoningContent().text());
        }

        List<String> toolNames() {
            return all(ContentBlockStartEvent.class)
                    .map(event -> event.start().toolUse().name())
                    .toList();
        }

        /// By the index of the block.
        Map<Integer, String> toolArguments() {
            return all(ContentBlockDeltaEvent.class)
                    .filter(event -> event.delta().toolUse() != null)
                    .collect(groupingBy(
                            ContentBlockDeltaEvent::contentBlockIndex,
                            TreeMap::new,
                            mapping(event -> event.delta().toolUse().input(), joining())));
        }

        StopReason finish() {
            return all(MessageStopEvent.class).findFirst().orElseThrow().stopReason();
        }

        ConverseStreamMetadataEvent metadata() {
            return all(ConverseStreamMetadataEvent.class).findFirst().orElseThrow();
        }

        /// All but the last event, which tells how long the answer took.
        List<ConverseStreamOutput> untimed() {
            return events.subList(0, events.size() - 1);
        }
    }

    private static Understood converse(SimulatedProvider provider, int maxTokens) {
        return read(provider, Protocol.HTTP1_1, maxTokens, new ArrayList<>());
    }

    private static Understood read(
            SimulatedProvider provider, Protocol protocol, int maxTokens, List<ConverseStreamOutput> events) {
        return ask(provider, protocol, client -> {
            client.converseStream(
                            asked -> asked.modelId(CLAUDE)
                                    .messages(question())
                                    .inferenceConfig(limits -> limits.maxTokens(maxTokens)),
                            ConverseStreamResponseHandler.builder()
                                    .subscriber(events::add)
                                    .build())
                    .join();
            return new Understood(events);
        });
    }

    private static ConverseResponse whole(SimulatedProvider provider, int maxTokens) {
        return ask(
                provider,
                Protocol.HTTP1_1,
                client -> client.converse(asked -> asked.modelId(CLAUDE)
                                .messages(question())
                                .inferenceConfig(limits -> limits.maxTokens(maxTokens)))
                        .join());
    }

    private static void invoke(SimulatedProvider provider, int maxTokens, List<JsonNode> events) {
        String body = """
                {"anthropic_version": "bedrock-2023-05-31", "max_tokens": %d,
                 "messages": [{"role": "user", "content": "%s"}]}""".formatted(maxTokens, Simulation.PROMPT);
        ask(
                provider,
                Protocol.HTTP1_1,
                client -> client.invokeModelWithResponseStream(
                                asked -> asked.modelId(CLAUDE)
                                        .contentType("application/json")
                                        .body(SdkBytes.fromUtf8String(body)),
                                InvokeModelWithResponseStreamResponseHandler.builder()
                                        .subscriber(event -> events.add(json((PayloadPart) event)))
                                        .build())
                        .join());
    }

    private static JsonNode json(PayloadPart part) {
        try {
            return JSON.readTree(part.bytes().asByteArray());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String joined(List<JsonNode> events, String pointer) {
        return events.stream().map(event -> event.at(pointer).asText()).collect(joining());
    }

    private static SdkAsyncHttpClient http(Protocol protocol) {
        return NettyNioAsyncHttpClient.builder()
                .protocol(protocol)
                .connectionTimeout(PATIENCE)
                .connectionAcquisitionTimeout(PATIENCE)
                .build();
    }

    /// What the client makes of an answer, or its own exception.
    private static <T> T ask(
            SimulatedProvider provider, Protocol protocol, Function<BedrockRuntimeAsyncClient, T> question) {
        try (BedrockRuntimeAsyncClient client = BedrockRuntimeAsyncClient.builder()
                .endpointOverride(URI.create(Simulation.origin(provider)))
                .region(Region.US_EAST_1)
                .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("none", "none")))
                .httpClient(protocol == Protocol.HTTP2 ? HTTP_2 : HTTP_1)
                .overrideConfiguration(options -> options.retryStrategy(DefaultRetryStrategy.doNotRetry()))
                .build()) {
            return question.apply(client);
        } catch (CompletionException e) {
            throw e.getCause() instanceof SdkException own ? own : e;
        }
    }

    private static Message question() {
        return Message.builder()
                .role(ConversationRole.USER)
                .content(ContentBlock.fromText(Simulation.PROMPT))
                .build();
    }

    /// The total counts what the input leaves out.
    private static TokenUsage usage(int input, int output, int cacheRead, int cacheWrite) {
        return TokenUsage.builder()
                .inputTokens(input)
                .outputTokens(output)
                .totalTokens(input + cacheRead + cacheWrite + output)
                .cacheReadInputTokens(cacheRead)
                .cacheWriteInputTokens(cacheWrite)
                .build();
    }
}
