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
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

class MetaLlamaTest {
    private static final String STREAM = """
            data: {"id":"c","event":{"event_type":"start","delta":{"type":"text","text":""}}}

            data: {"id":"c","event":{"event_type":"progress","delta":{"type":"text","text":"Hi 漢"}}}

            data: {"id":"c","event":{"event_type":"progress","delta":{"type":"tool_call","id":"a","function":{"name":"f"}}}}

            data: {"id":"c","event":{"event_type":"progress","delta":{"type":"tool_call","id":"a",\
            "function":{"name":"f","arguments":"{}"}}}}

            data: {"id":"c","event":{"event_type":"progress","delta":{"type":"tool_call","function":{"name":"g"}}}}

            data: {"id":"c","event":{"event_type":"complete","delta":{"type":"text","text":""},"stop_reason":"stop"}}

            data: {"id":"c","event":{"event_type":"metrics","delta":{"type":"text","text":""},"metrics":[\
            {"metric":"num_prompt_tokens","value":11,"unit":"tokens"},\
            {"metric":"num_completion_tokens","value":2.0,"unit":"tokens"},{"metric":"num_total_tokens","value":13}]}}

            """;

    private static final DialectOptions OPTIONS =
            DialectOptions.at(URI.create("https://api.llama.com/v1"), "m").apiKey(Secret.of("k-1"));

    private static Reading read(ResponseHead head, String body, int... cuts) {
        return Reading.of(new MetaLlama(OPTIONS).decoder(head), body.getBytes(UTF_8), cuts);
    }

    @Test
    void requestHasTheFieldsOfTheApi() {
        Request request = new MetaLlama(OPTIONS).request(new Prompt("x", 9));

        assertThat(new MetaLlama(OPTIONS).name()).isEqualTo("meta-llama");
        assertThat(request.target()).isEqualTo("/v1/chat/completions");
        assertThat(request.headers()).contains(Header.secret("authorization", "Bearer k-1"));
        assertThat(JsonMapper.shared().readTree(request.body()))
                .isEqualTo(JsonMapper.shared().readTree("""
                        {"messages":[{"role":"user","content":"x"}],"model":"m","stream":true,
                         "max_completion_tokens":9}"""));
    }

    @Test
    void streamEndsWithItsMetrics() {
        Reading reading = read(Reading.STREAM, STREAM);
        Usage usage = requireNonNull(reading.completion().usage());

        assertThat(reading.said()).containsExactly("text 0 'Hi 漢'", "tool 0 'f'", "tool 0 '{}'", "tool 0 'g'");
        assertThat(reading.events).hasSize(7);
        assertThat(reading.completion().toolCalls()).isEqualTo(2);
        assertThat(reading.completion().finishReasons()).containsExactly("stop");
        assertThat(usage.inputTotal()).isEqualTo(11);
        assertThat(usage.outputTotal()).isEqualTo(2);
        assertThat(usage.raw()).startsWith("{\"metrics\":[");
        assertThat(reading.completion().whole()).isTrue();
        assertThat(reading.completion().terminatorSeen()).isFalse();
    }

    @Test
    void everySplitYieldsTheSame() {
        byte[] body = STREAM.getBytes(UTF_8);
        Reading whole = read(Reading.STREAM, STREAM);
        Random random = new Random(4_711);
        for (int i = 0; i < 50; i++) {
            Reading split = read(Reading.STREAM, STREAM, Reading.randomCuts(body, random));
            assertThat(split.events).isEqualTo(whole.events);
            assertThat(split.chunks).isEqualTo(whole.chunks);
            assertThat(split.completion()).isEqualTo(whole.completion());
        }
    }

    @Test
    void reasoningIsToldFromText() {
        assertThat(read(Reading.STREAM, """
                        data: {"event":{"event_type":"progress","delta":{"type":"reasoning","text":"hm"}}}

                        """).said()).containsExactly("reasoning 0 'hm'");
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"type\":\"text\",\"text\":\"Hi\"}", "\"Hi\""})
    void wholeAnswerIsReadFromItsMessage(String content) {
        Reading reading = read(Reading.JSON, """
                {"id":"c","completion_message":{"role":"assistant","content":%s,"stop_reason":"tool_calls",
                 "tool_calls":[{"id":"a","function":{"name":"f","arguments":"{}"}}]},
                 "metrics":[{"metric":"num_prompt_tokens","value":11}]}""".formatted(content));

        assertThat(reading.said()).containsExactly("text 0 'Hi'", "tool 0 'f'", "tool 0 '{}'");
        assertThat(reading.completion().finishReasons()).containsExactly("tool_calls");
        assertThat(requireNonNull(reading.completion().usage()).inputTotal()).isEqualTo(11);
        assertThat(requireNonNull(reading.completion().usage()).outputTotal()).isNull();
        assertThat(reading.completion().terminatorSeen()).isTrue();
    }

    @Test
    void errorInMidStreamIsKept() {
        assertThat(read(Reading.STREAM, "data: {\"error\":{\"message\":\"bad k-1\",\"code\":\"c\"}}\n\n")
                        .completion()
                        .error())
                .isEqualTo(new ProviderError("c", "bad ***"));
        assertThat(read(Reading.STREAM, "event: error\ndata: {\"title\":\"T\",\"detail\":\"d\",\"status\":500}\n\n")
                        .completion()
                        .error())
                .isEqualTo(new ProviderError("", "d"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"title\":\"Bad Request\",\"detail\":\"no model\",\"status\":400} | no model",
                "{\"error\":{\"message\":\"no\"}} | no",
            })
    void errorResponseIsRead(String body, String message) {
        assertThat(read(Reading.head(400, "application/json"), body)
                        .completion()
                        .error())
                .isEqualTo(new ProviderError("", message));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "[]",
                "{\"event\":7}",
                "{\"error\":null}",
                "{\"event\":{\"event_type\":\"new\"}}",
                "{\"event\":{\"delta\":{\"type\":\"image\",\"text\":\"x\"}}}",
                "{\"event\":{\"delta\":{\"type\":\"tool_call\"}}}",
            })
    void whatIsNotKnownIsSkipped(String document) {
        Reading reading = read(Reading.STREAM, "data: " + document + "\n\n");

        assertThat(reading.events).hasSize(1);
        assertThat(reading.chunks).isEmpty();
        assertThat(reading.completion().malformed()).isNull();
        assertThat(reading.completion().error()).isNull();
        assertThat(reading.completion().whole()).isFalse();
    }

    @Test
    void malformedDocumentIsTold() {
        assertThat(read(Reading.STREAM, "data: {\"event\":\n\n").completion().malformed())
                .startsWith("event at byte 0 is no JSON: ");
    }
}
