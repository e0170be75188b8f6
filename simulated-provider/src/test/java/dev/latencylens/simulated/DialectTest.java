package dev.latencylens.simulated;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;

/// What holds in every dialect.
class DialectTest {
    private RunningProvider server;

    @BeforeEach
    void start() throws IOException {
        server = RunningProvider.with("");
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
    }

    private static final String RICH =
            "tokens=5; thinking=3; tool-calls=2; tokens-per-chunk=2; padding=true; pings=1; pings-between=1";

    @ParameterizedTest
    @EnumSource
    void streamSaysTheTextAndTheRecordSaysTheSame(AskedDialect dialect) throws Exception {
        RawHttp1.Response response = dialect.stream(server, "tokens=5");

        assertThat(response.status()).as(response.text()).isEqualTo(200);
        assertThat(dialect.text(response)).isEqualTo(Vocabulary.text(0, 5));
        TruthRecord truth = server.truth();
        assertThat(truth.dialect()).isEqualTo(dialect.label());
        assertThat(truth.model()).startsWith("m");
        assertThat(truth.promptTokens()).isEqualTo(4);
        assertThat(truth.completionTokens()).isEqualTo(5);
        assertThat(truth.end()).isEqualTo("complete");
        assertThat(List.of(truth.chunks().kind()))
                .filteredOn(kind -> kind == ChunkKind.TEXT)
                .hasSize(5);
    }

    @ParameterizedTest
    @EnumSource
    void everyEventIsJsonWhateverIsAskedFor(AskedDialect dialect) throws Exception {
        RawHttp1.Response response = dialect.stream(server, RICH);

        assertThat(response.end()).isEqualTo(RawHttp1.End.PROPER);
        assertThat(dialect.documents(response)).hasSizeGreaterThan(8);
        TruthRecord truth = server.truth();
        assertThat(truth.completionTokens()).isEqualTo(20);
        assertThat(truth.reasoningTokens()).isEqualTo(3);
        assertThat(IntStream.of(truth.chunks().tokens()).sum()).isEqualTo(20);
        assertThat(truth.chunks().kind())
                .contains(ChunkKind.REASONING, ChunkKind.TEXT, ChunkKind.TOOL, ChunkKind.EMPTY);
    }

    @ParameterizedTest
    @EnumSource
    void wholeAnswerIsOneJsonDocument(AskedDialect dialect) throws Exception {
        for (String settings : new String[] {RICH, "tokens=5", "tokens=0", "tool-call=true; tokens=4"}) {
            RawHttp1.Response response = dialect.whole(server, settings);

            assertThat(response.status()).as(response.text()).isEqualTo(200);
            JsonNode body = AskedDialect.JSON.readTree(response.text());
            assertThat(body.isObject()).isTrue();
            assertThat(response.head()).contains("content-length: ");
            TruthRecord truth = server.truth();
            assertThat(IntStream.of(truth.chunks().tokens()).sum()).isEqualTo(truth.completionTokens());
            assertThat(truth.chunks().kind()[truth.chunks().kind().length - 1]).isEqualTo(ChunkKind.USAGE);
        }
    }

    @ParameterizedTest
    @EnumSource
    void hiddenThinkingTakesItsTimeAndLeavesNoEvent(AskedDialect dialect) throws Exception {
        RawHttp1.Response response = dialect.stream(server, "tokens=2; thinking=4; thinking-shown=false; gap=4ms");

        assertThat(dialect.text(response)).isEqualTo(Vocabulary.text(0, 2));
        TruthRecord truth = server.truth();
        assertThat(truth.chunks().kind()).doesNotContain(ChunkKind.REASONING);
        assertThat(truth.reasoningTokens()).isEqualTo(4);
        int first = List.of(truth.chunks().kind()).indexOf(ChunkKind.TEXT);
        assertThat(truth.chunkAtNs(first) - truth.requestReadAtNs()).isGreaterThanOrEqualTo(16_000_000);
    }

    @ParameterizedTest
    @EnumSource
    void firstEventMayComeBeforeTheFirstTokenAndTheOthersAtTheirGap(AskedDialect dialect) throws Exception {
        dialect.stream(server, "tokens=1; ttft=12ms; prelude=2ms; prelude-gap=2ms");

        TruthRecord truth = server.truth();
        ChunkKind[] kinds = truth.chunks().kind();
        int preludes = List.of(kinds).indexOf(ChunkKind.TEXT);
        for (int i = 0; i < preludes; i++) {
            assertThat(truth.chunkAtNs(i) - truth.requestReadAtNs()).isGreaterThanOrEqualTo(2_000_000L * (i + 1));
        }
        assertThat(truth.chunkAtNs(preludes) - truth.requestReadAtNs()).isGreaterThanOrEqualTo(12_000_000);
    }

    @ParameterizedTest
    @EnumSource
    void repeatedPromptHitsTheCacheAndAnswersSooner(AskedDialect dialect) throws Exception {
        String settings = "tokens=1; ttft=20ms; cache-factor=0.1; cache-block=1";
        dialect.stream(server, settings);
        RawHttp1.Response hit = dialect.stream(server, settings);

        TruthRecord first = server.truth();
        TruthRecord second = server.truth();
        assertThat(first.writes().atNs()[first.writes().atNs().length - 1] - first.requestReadAtNs())
                .isGreaterThanOrEqualTo(20_000_000);
        assertThat(second.promptTokens()).isEqualTo(4);
        String pointer = cachedPointer(dialect);
        if (!pointer.isEmpty()) {
            assertThat(dialect.lastWith(hit, pointer).intValue()).isEqualTo(4);
        }
    }

    private static String cachedPointer(AskedDialect dialect) {
        return switch (dialect) {
            case OPENAI_CHAT, AZURE_OPENAI, MISTRAL -> "/usage/prompt_tokens_details/cached_tokens";
            case OPENAI_RESPONSES -> "/response/usage/input_tokens_details/cached_tokens";
            case ANTHROPIC, BEDROCK_INVOKE -> "/usage/cache_read_input_tokens";
            case BEDROCK_CONVERSE -> "/usage/cacheReadInputTokens";
            case GEMINI -> "/usageMetadata/cachedContentTokenCount";
            case COHERE -> "/delta/usage/cached_tokens";
            case META_LLAMA, OLLAMA -> "";
        };
    }

    @ParameterizedTest
    @CsvSource({
        "OPENAI_CHAT, /usage/prompt_tokens, 4, /usage/completion_tokens, 5",
        "AZURE_OPENAI, /usage/prompt_tokens, 4, /usage/completion_tokens, 5",
        "MISTRAL, /usage/prompt_tokens, 4, /usage/completion_tokens, 5",
        "OPENAI_RESPONSES, /response/usage/input_tokens, 4, /response/usage/output_tokens, 5",
        "ANTHROPIC, /usage/input_tokens, 3, /usage/output_tokens, 5",
        "BEDROCK_INVOKE, /usage/input_tokens, 3, /usage/output_tokens, 5",
        "BEDROCK_CONVERSE, /usage/inputTokens, 3, /usage/outputTokens, 5",
        "GEMINI, /usageMetadata/promptTokenCount, 4, /usageMetadata/candidatesTokenCount, 3",
        "COHERE, /delta/usage/tokens/input_tokens, 66, /delta/usage/tokens/output_tokens, 5",
        "META_LLAMA, /event/metrics/0/value, 4, /event/metrics/1/value, 5",
        "OLLAMA, /prompt_eval_count, 4, /eval_count, 5"
    })
    void usageFollowsTheDialectsOwnRule(AskedDialect dialect, String inputAt, int input, String outputAt, int output)
            throws Exception {
        RawHttp1.Response response = dialect.stream(server, "tokens=3; thinking=2; cached-tokens=1");

        assertThat(dialect.lastWith(response, inputAt).intValue()).isEqualTo(input);
        assertThat(dialect.lastWith(response, outputAt).intValue()).isEqualTo(output);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "OPENAI_CHAT | data: {\"error\":{\"message\":",
                "OPENAI_RESPONSES | event: error\\ndata: {\"type\":\"error\",\"code\":\"server_error\"",
                "ANTHROPIC | event: error\\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\"",
                "GEMINI | {\\n  \"error\": {\\n    \"code\": 503,",
                "BEDROCK_CONVERSE | modelStreamErrorException",
                "BEDROCK_INVOKE | modelStreamErrorException",
                "AZURE_OPENAI | data: {\"error\":{\"code\":",
                "COHERE | \"finish_reason\":\"ERROR\"",
                "MISTRAL | data: {\"error\":{\"message\":",
                "META_LLAMA | data: {\"error\":{\"message\":",
                "OLLAMA | {\"error\":\"the simulated"
            })
    void errorInMidStreamHasTheDialectsShape(AskedDialect dialect, String shape) throws Exception {
        for (String fault : new String[] {"error-event", "error-named"}) {
            RawHttp1.Response response = dialect.stream(server, "tokens=9; fault-after=4; fault=" + fault);

            assertThat(response.end()).isEqualTo(RawHttp1.End.PROPER);
            if (fault.equals("error-event")) {
                assertThat(response.text()).contains(shape.replace("\\n", "\n"));
            }
            if (dialect.name().startsWith("BEDROCK")) {
                assertThat(AskedDialect.frames(response.body()).getLast().headers())
                        .containsEntry(":message-type", fault.equals("error-event") ? "exception" : "error");
            }
            TruthRecord truth = server.truth();
            assertThat(truth.chunks().kind()).hasSize(5).endsWith(ChunkKind.ERROR);
            assertThat(truth.end()).isEqualTo(fault);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "OPENAI_CHAT | /error/code | rate_limit_exceeded | retry-after-ms: 1000 | x-ratelimit-reset-tokens: 6m0s",
                "OPENAI_RESPONSES | /error/code | rate_limit_exceeded | retry-after: 1 | x-ratelimit-reset-requests: 1s",
                "ANTHROPIC | /error/type | rate_limit_error | retry-after: 1 | anthropic-ratelimit-requests-remaining: 0",
                "GEMINI | /error/details/1/retryDelay | 1s | content-length | content-type",
                "BEDROCK_CONVERSE | /message | Rate limit reached, try again in 1s"
                        + " | x-amzn-errortype: ThrottlingException:http | content-type",
                "AZURE_OPENAI | /error/code | 429 | retry-after-ms: 1000 | x-ratelimit-reset-tokens: 7",
                "COHERE | /message | Rate limit reached, try again in 1s | x-trial-endpoint-call-remaining: 0 | HTTP",
                "MISTRAL | /message | Rate limit reached, try again in 1s | retry-after: 1 | req-10-second: 0",
                "META_LLAMA | /error/code | rate_limit_exceeded | retry-after: 1 | HTTP",
                "OLLAMA | /error | Rate limit reached, try again in 1s | HTTP | HTTP"
            })
    void rateLimitHasTheDialectsBodyAndHints(
            AskedDialect dialect, String pointer, String value, String header, String another) throws Exception {
        RawHttp1.Response response = dialect.stream(server, "fault=http-429");

        assertThat(response.status()).isEqualTo(429);
        assertThat(AskedDialect.JSON.readTree(response.text()).at(pointer).asString())
                .isEqualTo(value);
        assertThat(response.head()).contains(header).contains(another);
        assertThat(server.truth().dialect()).isEqualTo(dialect.label());
    }

    @ParameterizedTest
    @EnumSource
    void everyStatusHasAJsonBody(AskedDialect dialect) throws Exception {
        for (int status : new int[] {400, 401, 404, 429, 500, 503, 529}) {
            RawHttp1.Response response = dialect.stream(server, "fault=http-" + status);

            assertThat(response.status()).isEqualTo(status);
            assertThat(AskedDialect.JSON.readTree(response.text()).isObject()).isTrue();
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "OPENAI_CHAT | openai-processing-ms: (\\d+)",
                "OPENAI_RESPONSES | openai-processing-ms: (\\d+)",
                "ANTHROPIC | server-timing: x-originResponse;dur=(\\d+)",
                "GEMINI | server-timing: gfet4t7; dur=(\\d+)",
                "BEDROCK_CONVERSE | x-amzn-bedrock-invocation-latency: (\\d+)",
                "AZURE_OPENAI | ms-azureml-model-time: (\\d+)",
                "COHERE | x-envoy-upstream-service-time: (\\d+)",
                "MISTRAL | x-kong-upstream-latency: (\\d+)"
            })
    void timingHeadersTellTheTrueTime(AskedDialect dialect, String form) throws Exception {
        RawHttp1.Response response = dialect.whole(server, "ttft=20ms; provider-headers=true");

        var matcher = java.util.regex.Pattern.compile(form).matcher(response.head());
        assertThat(matcher.find()).as(response.head()).isTrue();
        TruthRecord truth = server.truth();
        long trueMs = (truth.writes().atNs()[0] - truth.requestReadAtNs()) / 1_000_000;
        assertThat(Long.parseLong(matcher.group(1))).isBetween(20L, trueMs);
    }

    @ParameterizedTest
    @CsvSource({
        "BEDROCK_CONVERSE, /metrics/latencyMs, 24, 1000000",
        "BEDROCK_INVOKE, /amazon-bedrock-invocationMetrics/firstByteLatency, 20, 1000000",
        "BEDROCK_INVOKE, /amazon-bedrock-invocationMetrics/invocationLatency, 24, 1000000",
        "OLLAMA, /total_duration, 24000000, 1",
        "OLLAMA, /prompt_eval_duration, 20000000, 1",
        "OLLAMA, /eval_duration, 1, 1"
    })
    void timesInBandAreTrue(AskedDialect dialect, String pointer, long least, long nsPerUnit) throws Exception {
        RawHttp1.Response response = dialect.stream(server, "ttft=20ms; gap=4ms; tokens=2");

        TruthRecord truth = server.truth();
        long wholeNs = truth.writes().atNs()[truth.writes().atNs().length - 1] - truth.requestReadAtNs();
        assertThat(dialect.lastWith(response, pointer).longValue()).isBetween(least, wholeNs / nsPerUnit);
    }
}
