package dev.latencylens.provider;

import static dev.latencylens.provider.Frames.chunk;
import static dev.latencylens.provider.Frames.event;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.latencylens.exchange.ProviderError;
import dev.latencylens.exchange.ResponseHead;
import dev.latencylens.exchange.Usage;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// What the documents of Bedrock mean, in a stream and whole.
class BedrockAnswersTest {
    private static final ResponseHead STREAM = Reading.head(200, "application/vnd.amazon.eventstream");

    private static Reading converse(byte[]... messages) {
        return stream(Bedrock.Api.CONVERSE, messages);
    }

    private static Reading invoke(byte[]... messages) {
        return stream(Bedrock.Api.INVOKE, messages);
    }

    private static Reading stream(Bedrock.Api api, byte[]... messages) {
        return Reading.of(RecordedBedrockTest.dialect(api).decoder(STREAM), Frames.joined(messages));
    }

    private static Reading whole(Bedrock.Api api, String json) {
        return Reading.of(RecordedBedrockTest.dialect(api).decoder(Reading.JSON), json.getBytes(UTF_8));
    }

    private static Usage usage(Reading reading) {
        return requireNonNull(reading.completion().usage());
    }

    @Test
    void converseStreamTellsReasoningTextAndToolCallsApart() {
        Reading reading = converse(
                event("messageStart", "{\"role\":\"assistant\"}"),
                event("contentBlockDelta", "{\"delta\":{\"reasoningContent\":{\"text\":\"hm\"}}}"),
                event("contentBlockDelta", "{\"delta\":{\"reasoningContent\":{\"signature\":\"c2ln\"}}}"),
                event("contentBlockDelta", "{\"delta\":{\"text\":\"\"}}"),
                event("contentBlockDelta", "{\"delta\":{\"text\":\"Hi\"}}"),
                event("contentBlockStart", "{\"start\":{\"toolUse\":{\"toolUseId\":\"t1\",\"name\":\"f\"}}}"),
                event("contentBlockDelta", "{\"delta\":{\"toolUse\":{\"input\":\"{}\"}}}"),
                event("somethingNew", "{\"delta\":{\"text\":\"no\"}}"),
                event("messageStop", "{\"stopReason\":\"tool_use\"}"));

        assertThat(reading.said()).containsExactly("reasoning 0 'hm'", "text 0 'Hi'", "tool 0 'f'", "tool 0 '{}'");
        assertThat(reading.events).hasSize(9);
        assertThat(reading.completion().toolCalls()).isEqualTo(1);
        assertThat(reading.completion().finishReasons()).containsExactly("tool_use");
        assertThat(reading.completion().whole()).isFalse();
    }

    @Test
    void inputOfConverseLeavesOutWhatWasCached() {
        Usage usage = usage(converse(event("metadata", """
                {"usage":{"inputTokens":3,"outputTokens":44,"totalTokens":11514,"cacheReadInputTokens":9511,
                 "cacheWriteInputTokens":1956,"cacheDetails":[{"inputTokens":1900,"ttl":"5m"},
                 {"inputTokens":56,"ttl":"1h"}]}}""")));

        assertThat(usage.inputTotal()).isEqualTo(3 + 9_511 + 1_956);
        assertThat(usage.cachedRead()).isEqualTo(9_511);
        assertThat(usage.cacheWrite()).isEqualTo(1_956);
        assertThat(usage.cacheWriteHour()).isEqualTo(56);
        assertThat(usage.reported()).isEqualTo(new Usage.Reported(3L, 44L, 9_511L, 1_956L, null));
    }

    @Test
    void whatConverseDoesNotCountIsAbsent() {
        Usage usage = usage(converse(event("metadata", "{\"usage\":{\"inputTokens\":3,\"outputTokens\":\"4\"}}")));

        assertThat(usage.inputTotal()).isEqualTo(3);
        assertThat(usage.outputTotal()).isNull();
        assertThat(usage.cachedRead()).isNull();
        assertThat(usage.cacheWriteHour()).isNull();
    }

    @Test
    void converseAnswerComesWhole() {
        Reading reading = whole(Bedrock.Api.CONVERSE, """
                {"output":{"message":{"role":"assistant","content":[
                   {"reasoningContent":{"reasoningText":{"text":"hm","signature":"s"}}},
                   {"text":"Hi"},{"toolUse":{"toolUseId":"t","name":"f","input":{"a":1}}}]}},
                 "stopReason":"tool_use","usage":{"inputTokens":3,"outputTokens":4},"metrics":{"latencyMs":12}}""");

        assertThat(reading.said())
                .containsExactly("reasoning 0 'hm'", "text 0 'Hi'", "tool 0 'f'", "tool 0 '{\"a\":1}'");
        assertThat(reading.completion().terminatorSeen()).isTrue();
        assertThat(reading.completion().finishReasons()).containsExactly("tool_use");
        assertThat(reading.completion().serverTimingsNs()).isEqualTo(Map.of("latencyMs", 12_000_000L));
        assertThat(usage(reading).outputTotal()).isEqualTo(4);
    }

    @Test
    void llamaCountsInEachEvent() {
        Reading reading = invoke(
                chunk("{\"generation\":\"He\",\"prompt_token_count\":9,\"generation_token_count\":1,"
                        + "\"stop_reason\":null}"),
                chunk("""
                        {"generation":"llo","prompt_token_count":null,"generation_token_count":2,"stop_reason":"stop",
                         "amazon-bedrock-invocationMetrics":{"inputTokenCount":9,"outputTokenCount":2,
                         "invocationLatency":90,"firstByteLatency":40}}"""));

        assertThat(reading.said()).containsExactly("text 0 'He'", "text 0 'llo'");
        assertThat(usage(reading).reported()).isEqualTo(new Usage.Reported(9L, 2L, null, null, null));
        assertThat(reading.completion().finishReasons()).containsExactly("stop");
        assertThat(reading.completion().whole()).isTrue();
        assertThat(reading.completion().serverTimingsNs())
                .isEqualTo(Map.of("invocationLatency", 90_000_000L, "firstByteLatency", 40_000_000L));
    }

    @Test
    void metricsCountWhereTheFamilyDoesNot() {
        Reading reading = invoke(chunk("""
                {"outputText":"Hi","amazon-bedrock-invocationMetrics":{"inputTokenCount":14,"outputTokenCount":10,
                 "cacheReadInputTokenCount":2,"cacheWriteInputTokenCount":1}}"""));

        assertThat(usage(reading).reported()).isEqualTo(new Usage.Reported(14L, 10L, 2L, 1L, null));
        assertThat(usage(reading).inputTotal()).isEqualTo(17);
        assertThat(reading.completion().whole()).isTrue();
    }

    @Test
    void titanAnswerComesWhole() {
        Reading reading = whole(Bedrock.Api.INVOKE, """
                {"inputTextTokenCount":5.0,"results":[{"tokenCount":2,"outputText":"Hi","completionReason":"FINISH"}]}
                """);

        assertThat(reading.said()).containsExactly("text 0 'Hi'");
        assertThat(reading.completion().finishReasons()).containsExactly("FINISH");
        assertThat(reading.completion().terminatorSeen()).isTrue();
        assertThat(usage(reading).reported()).isEqualTo(new Usage.Reported(5L, 2L, null, null, null));
    }

    @Test
    void llamaAndNovaAnswersComeWhole() {
        Reading llama = whole(Bedrock.Api.INVOKE, """
                {"generation":"Hi","prompt_token_count":5,"generation_token_count":2,"stop_reason":"length"}""");
        Reading nova = whole(Bedrock.Api.INVOKE, """
                {"output":{"message":{"content":[{"text":"Hi"}],"role":"assistant"}},"stopReason":"end_turn",
                 "usage":{"inputTokens":1,"outputTokens":2,"cacheReadInputTokenCount":0}}""");

        assertThat(llama.said()).containsExactly("text 0 'Hi'");
        assertThat(llama.completion().terminatorSeen()).isTrue();
        assertThat(nova.said()).containsExactly("text 0 'Hi'");
        assertThat(nova.completion().finishReasons()).containsExactly("end_turn");
        assertThat(usage(nova).cachedRead()).isZero();
    }

    @Test
    void errorOfClaudeInAChunkIsTheProvidersError() {
        Reading reading = invoke(
                chunk("{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}"));

        assertThat(reading.completion().error()).isEqualTo(new ProviderError("overloaded_error", "Overloaded"));
    }

    @Test
    void chunkThatIsNoBase64OrNoJsonIsNotUnderstood() {
        assertThat(invoke(event("chunk", "{\"bytes\":\"?\"}")).completion().malformed())
                .startsWith("chunk is no Base64: ");
        assertThat(invoke(chunk("{")).completion().malformed()).startsWith("chunk is no JSON: ");
        assertThat(invoke(chunk("[1]"), chunk("null"), chunk("")).completion().malformed())
                .isNull();
    }

    @Test
    void exceptionEndsAnInvokeStreamToo() {
        Reading reading = invoke(
                chunk("{\"generation\":\"He\"}"),
                Frames.exception("modelTimeoutException", "{\"message\":\"Timed out\"}"));

        assertThat(reading.completion().error()).isEqualTo(new ProviderError("modelTimeoutException", "Timed out"));
        assertThat(reading.completion().whole()).isFalse();
    }
}
