package dev.latencylens.provider;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.latencylens.exchange.ProviderError;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class WholeBodyDecoderTest {
    private static final String ANSWER = """
            {"object": "chat.completion",
             "choices": [{"index": 0, "finish_reason": "stop",
                          "message": {"role": "assistant", "reasoning": "hm", "content": "Hi", "tool_calls": [
                              {"id": "a", "function": {"name": "f", "arguments": "{}"}}]}}],
             "usage": {"prompt_tokens": 3, "completion_tokens": 4}}
            """;

    private static ProviderError error(int status, String body) {
        return requireNonNull(Reading.of(Reading.head(status, "text/plain"), body)
                .completion()
                .error());
    }

    @Test
    void wholeAnswerIsOneEventThatEndsWithTheBody() {
        Reading reading = Reading.of(Reading.JSON, ANSWER);

        assertThat(reading.events).containsExactly(new Reading.Event(ANSWER.length(), ANSWER.length()));
        assertThat(reading.said()).containsExactly("reasoning 0 'hm'", "text 0 'Hi'", "tool 0 'f'", "tool 0 '{}'");
        assertThat(reading.completion().finishReasons()).containsExactly("stop");
        assertThat(reading.completion().toolCalls()).isEqualTo(1);
        assertThat(reading.completion().terminatorSeen()).isTrue();
        assertThat(requireNonNull(reading.completion().usage()).outputTotal()).isEqualTo(4);
    }

    @Test
    void everySplitYieldsTheSame() {
        byte[] body = ANSWER.getBytes(UTF_8);
        Reading whole = Reading.of(Reading.JSON, body);
        for (int cut = 0; cut <= body.length; cut++) {
            Reading split = Reading.of(Reading.JSON, body, cut);
            assertThat(split.events).isEqualTo(whole.events);
            assertThat(split.chunks).isEqualTo(whole.chunks);
            assertThat(split.completion()).isEqualTo(whole.completion());
        }
    }

    @Test
    void cutAnswerIsMalformedAndUnterminated() {
        Reading reading = Reading.of(Reading.JSON, "{\"choices\":[");

        assertThat(reading.completion().terminatorSeen()).isFalse();
        assertThat(reading.completion().malformed())
                .isEqualTo("body is no JSON: expected a value, was the end at byte 12");
        assertThat(Reading.of(Reading.JSON, "").completion().terminatorSeen()).isFalse();
    }

    @Test
    void answerBeyondTheLimitIsMalformed() {
        var decoder = WholeBodyDecoder.ofAnswer(new ChatAnswer(new ErrorReader(List.of())), 10);
        Reading reading = Reading.of(decoder, ANSWER.getBytes(UTF_8), 5, 20);

        assertThat(reading.events).isEmpty();
        assertThat(reading.completion().malformed()).isEqualTo("body is longer than 10 bytes");
    }

    @Test
    void errorInASuccessfulResponseIsSeen() {
        assertThat(Reading.of(Reading.JSON, "{\"error\":{\"message\":\"m\",\"code\":\"c\"}}")
                        .completion()
                        .error())
                .isEqualTo(new ProviderError("c", "m"));
    }

    @Test
    void endingTwiceChangesNothing() {
        var decoder = WholeBodyDecoder.ofAnswer(new ChatAnswer(new ErrorReader(List.of())), 10);
        Reading reading = Reading.of(decoder, "{}".getBytes(UTF_8));
        decoder.end(reading);

        assertThat(reading.events).hasSize(1);
    }

    @Test
    void errorResponseIsReadInEveryShape() {
        assertThat(
                        error(
                                404,
                                "{\"error\":{\"message\":\"no such model\",\"type\":\"invalid_request_error\",\"param\":null,\"code\":\"model_not_found\"}}"))
                .isEqualTo(new ProviderError("model_not_found", "no such model"));
        assertThat(error(422, "{\"error\":\"Input validation\",\"error_type\":\"validation\"}"))
                .isEqualTo(new ProviderError("validation", "Input validation"));
        assertThat(
                        error(
                                400,
                                "{\"object\":\"error\",\"message\":\"too long\",\"type\":\"BadRequestError\",\"param\":null,\"code\":400}"))
                .isEqualTo(new ProviderError("BadRequestError", "too long"));
        assertThat(error(404, "{\"detail\":\"Not Found\"}")).isEqualTo(new ProviderError("", "Not Found"));
        assertThat(
                        error(
                                422,
                                "{\"detail\":[{\"type\":\"missing\",\"loc\":[\"body\",\"model\"],\"msg\":\"Field required\"}]}"))
                .isEqualTo(new ProviderError("", "body.model: Field required"));
        assertThat(error(422, "{\"detail\":[{\"msg\":\"Bad\"}]}")).isEqualTo(new ProviderError("", "Bad"));
        assertThat(
                        error(
                                429,
                                "{\"error\":{\"code\":429,\"message\":\"Provider returned error\",\"metadata\":{\"raw\":\"slow down\"}}}"))
                .isEqualTo(new ProviderError("429", "Provider returned error: slow down"));
        assertThat(
                        error(
                                429,
                                "{\"error\":{\"code\":429,\"message\":\"m\",\"status\":\"RESOURCE_EXHAUSTED\",\"details\":[]}}"))
                .isEqualTo(new ProviderError("RESOURCE_EXHAUSTED", "m"));
        assertThat(error(400, "{\"status\":\"error\",\"message\":\"m\"}")).isEqualTo(new ProviderError("", "m"));
        assertThat(error(400, "[{\"error\":{\"message\":\"m\"}}]")).isEqualTo(new ProviderError("", "m"));
        assertThat(error(500, "\"plain JSON text\"")).isEqualTo(new ProviderError("", "plain JSON text"));
        assertThat(error(500, "{\"reason\":7}")).isEqualTo(new ProviderError("", "{\"reason\":7}"));
        assertThat(error(500, "data: {\"error\":{\"message\":\"m\"}}\n\n")).isEqualTo(new ProviderError("", "m"));
    }

    @Test
    void geminiSaysAmongTheDetailsWhenToComeAgain() {
        assertThat(error(429, """
                {
                  "error": {
                    "code": 429,
                    "message": "You exceeded your current quota",
                    "status": "RESOURCE_EXHAUSTED",
                    "details": [
                      {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": []},
                      {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.074824224s"}
                    ]
                  }
                }
                """))
                .isEqualTo(new ProviderError(
                        "RESOURCE_EXHAUSTED", "You exceeded your current quota", Duration.ofNanos(34_074_824_224L)));
        assertThat(error(429, """
                {"error":{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED","details":[
                  {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"soon"}]}}
                """).retryAfter()).isNull();
    }

    @Test
    void anthropicsDetailSaysMoreThanItsType() {
        assertThat(error(429, """
                {"type":"error","error":{"type":"rate_limit_error","message":"m",
                  "details":{"error_code":"enforced_spend_limit_reached"}},"request_id":"req_1"}
                """)).isEqualTo(new ProviderError("enforced_spend_limit_reached", "m"));
    }

    @Test
    void errorResponseThatIsNoJsonGivesItsFirstLine() {
        assertThat(error(503, "upstream connect error\nreset\n").message()).isEqualTo("upstream connect error");
        assertThat(error(502, "\n<html>\n<h1>Bad Gateway</h1>").message()).isEqualTo("<html>");
        assertThat(error(502, "502").message()).isEqualTo("502");
        assertThat(error(503, "").message()).isEqualTo("(empty body)");
    }

    @Test
    void errorResponseIsBounded() {
        Reading reading = Reading.of(Reading.head(500, "text/plain"), "x".repeat(1_000_000));

        assertThat(requireNonNull(reading.completion().error()).message())
                .hasSize(300)
                .endsWith("...");
        assertThat(reading.events).isEmpty();
    }

    @Test
    void keysInAnErrorAreNotRepeated() {
        OpenAiChat dialect = new OpenAiChat(
                DialectOptions.at(URI.create("https://h/v1"), "m").apiKey(Secret.of("sk-verysecret")));
        var head = Reading.head(401, "application/json");
        String body = "{\"error\":{\"message\":\"" + "x".repeat(290)
                + " key sk-verysecret is wrong\",\"code\":\"sk-verysecret\"}}";

        Reading reading = Reading.of(dialect.decoder(head), body.getBytes(UTF_8));
        Reading page = Reading.of(dialect.decoder(Reading.STREAM), "your key sk-verysecret".getBytes(UTF_8));

        assertThat(reading.completion().toString()).doesNotContain("sk-").contains("***");
        assertThat(page.completion().toString()).doesNotContain("sk-").contains("your key ***");
    }
}
