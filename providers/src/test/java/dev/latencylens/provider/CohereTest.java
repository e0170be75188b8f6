package dev.latencylens.provider;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.latencylens.exchange.Header;
import dev.latencylens.exchange.Prompt;
import dev.latencylens.exchange.ProviderError;
import dev.latencylens.exchange.Request;
import dev.latencylens.exchange.ResponseHead;
import dev.latencylens.exchange.Usage;
import java.net.URI;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

class CohereTest {
    private static final String START = """
            event: message-start
            data: {"id":"u","type":"message-start","delta":{"message":{"role":"assistant","content":[],"tool_plan":""}}}

            """;

    private static final String END = """
            event: message-end
            data: {"type":"message-end","delta":{"finish_reason":"COMPLETE","usage":{
            data: "billed_units":{"input_tokens":7,"output_tokens":1},
            data: "tokens":{"input_tokens":69,"output_tokens":2.0},"cached_tokens":64}}}

            """;

    private static DialectOptions options() {
        return DialectOptions.at(URI.create("https://api.cohere.com/v2"), "m").apiKey(Secret.of("co-1"));
    }

    private static Reading read(ResponseHead head, String body) {
        return Reading.of(new Cohere(options()).decoder(head), body.getBytes(UTF_8));
    }

    private static Reading read(String... documents) {
        StringBuilder body = new StringBuilder();
        for (String document : documents) {
            body.append(document.startsWith("event:") ? document : "data: " + document + "\n\n");
        }
        return read(Reading.STREAM, body.toString());
    }

    @ParameterizedTest
    @CsvSource({
        "https://api.cohere.com/v2, /v2/chat",
        "https://api.cohere.com, /v2/chat",
        "https://api.cohere.com/v2/chat/, /v2/chat",
        "https://proxy/cohere/v2, /cohere/v2/chat",
    })
    void endpointComesBehindThePathOfTheBaseUrl(URI baseUrl, String target) {
        assertThat(new Cohere(DialectOptions.at(baseUrl, "m"))
                        .request(new Prompt("x", 1))
                        .target())
                .isEqualTo(target);
    }

    @Test
    void requestHasTheFieldsThatCohereNames() {
        var dialect = new Cohere(
                options().temperature(0).seed(3).choices(2).ignoreEos(true).extraBody("{\"safety_mode\":\"OFF\"}"));
        Request request = dialect.request(new Prompt("Say \"hi\"", 9));

        assertThat(dialect.name()).isEqualTo("cohere");
        assertThat(request.method()).isEqualTo("POST");
        assertThat(request.headers())
                .containsExactly(
                        Header.of("content-type", "application/json"),
                        Header.of("accept", "text/event-stream"),
                        Header.secret("authorization", "Bearer co-1"));
        assertThat(JsonMapper.shared().readTree(request.body()))
                .isEqualTo(JsonMapper.shared().readTree("""
                        {"messages":[{"role":"user","content":"Say \\"hi\\""}],"model":"m","stream":true,
                         "max_tokens":9,"temperature":0.0,"seed":3,"safety_mode":"OFF"}"""));
        assertThat(dialect.request(new Prompt("x", 0)).body()).asString(UTF_8).doesNotContain("max_tokens");
    }

    @Test
    void messageEndMakesTheAnswerWholeWithoutATerminator() {
        Reading reading = read(
                START,
                "{\"type\":\"content-start\",\"delta\":{\"message\":{\"content\":{\"type\":\"text\",\"text\":\"\"}}}}",
                "{\"type\":\"content-delta\",\"delta\":{\"message\":{\"content\":{\"text\":\"Hi\"}}}}",
                "{\"type\":\"content-end\",\"index\":0}",
                END,
                "[DONE]");

        assertThat(reading.said()).containsExactly("text 0 'Hi'");
        assertThat(reading.events).hasSize(5);
        assertThat(reading.completion().finishReasons()).containsExactly("COMPLETE");
        assertThat(reading.completion().whole()).isTrue();
        assertThat(reading.completion().terminatorSeen()).isFalse();
        assertThat(reading.completion().error()).isNull();
    }

    @Test
    void processedTokensCountAndCachedOnesArePartOfThem() {
        Usage usage = requireNonNull(read(END).completion().usage());

        assertThat(usage.inputTotal()).isEqualTo(69);
        assertThat(usage.outputTotal()).isEqualTo(2);
        assertThat(usage.cachedRead()).isEqualTo(64);
        assertThat(usage.cacheWrite()).isNull();
        assertThat(usage.reported()).isEqualTo(new Usage.Reported(69L, 2L, 64L, null, null));
        assertThat(usage.raw()).contains("billed_units");
    }

    @Test
    void thinkingPlansAndToolCallsAreOutput() {
        Reading reading = read(
                "{\"type\":\"content-delta\",\"delta\":{\"message\":{\"content\":{\"thinking\":\"hm\"}}}}",
                "{\"type\":\"tool-plan-delta\",\"delta\":{\"message\":{\"tool_plan\":\"I\"}}}",
                "{\"type\":\"tool-call-start\",\"index\":0,\"delta\":{\"message\":{\"tool_calls\":{\"id\":\"a\","
                        + "\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"\"}}}}}",
                "{\"type\":\"tool-call-delta\",\"delta\":{\"message\":{\"tool_calls\":{\"function\":"
                        + "{\"arguments\":\"{}\"}}}}}",
                "{\"type\":\"tool-call-end\",\"index\":0}",
                "{\"type\":\"message-end\",\"delta\":{\"finish_reason\":\"TOOL_CALL\"}}");

        assertThat(reading.said()).containsExactly("reasoning 0 'hm'", "tool 0 'I'", "tool 0 'f'", "tool 0 '{}'");
        assertThat(reading.completion().toolCalls()).isEqualTo(1);
        assertThat(reading.completion().usage()).isNull();
    }

    @Test
    void wholeAnswerIsReadFromItsMessage() {
        Reading reading = read(Reading.JSON, """
                {"id":"u","finish_reason":"MAX_TOKENS","message":{"role":"assistant","tool_plan":"p",
                 "content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":"Hi"}],
                 "tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]},
                 "usage":{"tokens":{"input_tokens":1,"output_tokens":2}}}""");

        assertThat(reading.said())
                .containsExactly("tool 0 'p'", "reasoning 0 'hm'", "text 0 'Hi'", "tool 0 'f'", "tool 0 '{}'");
        assertThat(reading.completion().finishReasons()).containsExactly("MAX_TOKENS");
        assertThat(reading.completion().terminatorSeen()).isTrue();
        assertThat(reading.completion().whole()).isTrue();
    }

    @Test
    void linesOfVersionOneAreRead() {
        byte[] body = """
                {"is_finished":false,"event_type":"stream-start","generation_id":"g"}
                {"is_finished":false,"event_type":"text-generation","text":"Ar"}
                {"is_finished":true,"event_type":"stream-end","finish_reason":"COMPLETE","response":{"text":"Ar",\
                "meta":{"tokens":{"input_tokens":5,"output_tokens":1}}}}
                """.getBytes(UTF_8);
        Reading reading = Reading.of(DialectName.COHERE.decoder(body), body);

        assertThat(reading.said()).containsExactly("text 0 'Ar'");
        assertThat(requireNonNull(reading.completion().usage()).inputTotal()).isEqualTo(5);
        assertThat(reading.completion().whole()).isTrue();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"type\":\"message-end\",\"delta\":{\"finish_reason\":\"ERROR\",\"error\":\"key co-1 is bad\"}}"
                        + " | ERROR | key *** is bad",
                "{\"type\":\"message-end\",\"delta\":{\"finish_reason\":\"TIMEOUT\"}} | TIMEOUT"
                        + " | the answer ended with TIMEOUT",
                "{\"id\":\"u\",\"message\":\"overloaded\"} | '' | overloaded",
            })
    void errorInMidStreamIsKept(String document, String code, String message) {
        assertThat(read(START, document).completion().error()).isEqualTo(new ProviderError(code, message));
    }

    @Test
    void errorResponseIsReadWithoutTheKey() {
        Reading reading = read(Reading.head(401, "application/json"), "{\"id\":\"u\",\"message\":\"no key co-1\"}");

        assertThat(reading.completion().error()).isEqualTo(new ProviderError("", "no key ***"));
        assertThat(reading.completion().whole()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"type\":\"citation-start\"}", "{\"type\":7}", "[1]", "1e999", "null", "{\"message\":3}"})
    void whatIsNotKnownIsSkipped(String document) {
        Reading reading = read(document, END);

        assertThat(reading.events).hasSize(2);
        assertThat(reading.chunks).isEmpty();
        assertThat(reading.completion().malformed()).isNull();
        assertThat(reading.completion().error()).isNull();
    }

    @Test
    void malformedDocumentIsToldAndTheRestIsRead() {
        Reading reading = read("{\"type\":", END);

        assertThat(reading.completion().malformed()).startsWith("event at byte 0 is no JSON: ");
        assertThat(reading.completion().whole()).isTrue();
    }
}
