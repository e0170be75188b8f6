package dev.latencylens.provider;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.latencylens.exchange.ResponseHead;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Whatever Bedrock sends, decoding it does not throw and does not depend on how its bytes were split.
class EventStreamFuzzTest {
    private static final ResponseHead STREAM = Reading.head(200, "application/vnd.amazon.eventstream");

    /// Payloads of both APIs.
    private static final List<String> DOCUMENTS = List.of(
            "{\"contentBlockIndex\":1,\"start\":{\"toolUse\":{\"toolUseId\":\"t1\",\"name\":\"f\"}},\"p\":\"a\"}",
            "{\"contentBlockIndex\":0,\"delta\":{\"reasoningContent\":{\"text\":\"h\\u00e9\"}}}",
            "{\"stopReason\":\"end_turn\",\"p\":\"abcd\"}",
            "{\"usage\":{\"inputTokens\":8,\"outputTokens\":10,\"cacheReadInputTokens\":0},\"metrics\":{\"latencyMs\":6}}",
            "{\"outputText\":\"a\",\"index\":0.0,\"inputTextTokenCount\":28.0,\"completionReason\":\"FINISH\"}",
            "{\"generation\":\"a\",\"prompt_token_count\":3,\"generation_token_count\":4,\"stop_reason\":null}",
            "{\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":392,\"output_tokens\":4}}}",
            "{\"type\":\"message_stop\",\"amazon-bedrock-invocationMetrics\":{\"inputTokenCount\":392}}",
            "{\"message\":\"Too many requests\",\"originalMessage\":\"x\"}");

    private static final List<String> TYPES =
            List.of("contentBlockStart", "contentBlockDelta", "messageStop", "metadata", "chunk");

    @FuzzTest(maxDuration = "2m")
    void anyBodyIsReadAlikeWhateverItsSplit(FuzzedDataProvider data) {
        Bedrock.Api api = data.pickValue(Bedrock.Api.values());
        var random = new Random(data.consumeLong());
        boolean framed = data.consumeBoolean();
        byte[] bytes = data.consumeRemainingAsBytes();
        assertSplitDoesNotMatter(api, framed ? Frames.message(Bytes.NONE, bytes) : bytes, random);
    }

    @Test
    void changedStreamsAreReadAlikeWhateverTheirSplit() {
        var random = new Random(314_159);
        for (int i = 0; i < 1_500; i++) {
            Bedrock.Api api = Bedrock.Api.values()[random.nextInt(2)];
            byte[] body = body(random);
            for (int changes = random.nextInt(3); changes > 0; changes--) {
                body[random.nextInt(body.length)] = (byte) random.nextInt(256);
            }
            assertSplitDoesNotMatter(api, body, random);
        }
    }

    /// Messages with right CRCs around documents that are changed.
    private static byte[] body(Random random) {
        byte[] body = Bytes.NONE;
        for (int messages = 1 + random.nextInt(4); messages > 0; messages--) {
            var document = new StringBuilder(DOCUMENTS.get(random.nextInt(DOCUMENTS.size())));
            for (int changes = random.nextInt(3); changes > 0; changes--) {
                document.setCharAt(random.nextInt(document.length()), "{}[]\",:1e ".charAt(random.nextInt(10)));
            }
            String json = document.toString();
            byte[] message = switch (random.nextInt(4)) {
                case 0 -> Frames.event(TYPES.get(random.nextInt(TYPES.size())), json);
                case 1 -> Frames.exception("throttlingException", json);
                case 2 -> Frames.error("code", json);
                default -> Frames.chunk(json);
            };
            body = Frames.joined(body, message);
        }
        return body;
    }

    private static void assertSplitDoesNotMatter(Bedrock.Api api, byte[] body, Random random) {
        Bedrock dialect = RecordedBedrockTest.dialect(api);
        Reading whole = Reading.of(dialect.decoder(STREAM), body);
        for (int[] cuts : new int[][] {Reading.everyByte(body), Reading.randomCuts(body, random)}) {
            RecordedAnswersTest.assertSame(Reading.of(dialect.decoder(STREAM), body, cuts), whole);
        }
        long last = 0;
        for (Reading.Event event : whole.events) {
            assertThat(event.endOffset()).isGreaterThan(last).isLessThanOrEqualTo(body.length);
            assertThat(event.bytes()).isEqualTo((int) (event.endOffset() - last));
            last = event.endOffset();
        }
    }
}
