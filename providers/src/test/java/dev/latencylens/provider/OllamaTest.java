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
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

class OllamaTest {
    private static final ResponseHead LINES = Reading.head(200, "application/x-ndjson");

    private static final String STREAM = """
            {"model":"m","created_at":"t","message":{"role":"assistant","content":"","thinking":"hm"},"done":false}
            {"model":"m","message":{"role":"assistant","content":"Hi 漢"},"done":false}
            {"model":"m","message":{"role":"assistant","content":"","tool_calls":[{"function":{"name":"f",\
            "arguments":{"a":1}}},{"function":{"name":"g","arguments":{}}},{"function":{"name":"h","arguments":"{}"}}]}}
            {"model":"m","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop",\
            "context":[1,2],"total_duration":4218611084,"load_duration":3,"prompt_eval_count":17,\
            "prompt_eval_duration":167135000,"eval_count":71,"eval_duration":2252182000}
            """;

    private static DialectOptions options() {
        return DialectOptions.at(URI.create("http://127.0.0.1:11434"), "m");
    }

    private static Reading read(ResponseHead head, String body, int... cuts) {
        return Reading.of(new Ollama(options()).decoder(head), body.getBytes(UTF_8), cuts);
    }

    @ParameterizedTest
    @CsvSource({
        "http://h:11434, /api/chat",
        "http://h:11434/, /api/chat",
        "http://h:11434/api, /api/chat",
        "http://h:11434/api/chat, /api/chat",
        "http://h/ollama, /ollama/api/chat",
    })
    void endpointComesBehindThePathOfTheBaseUrl(URI baseUrl, String target) {
        assertThat(new Ollama(DialectOptions.at(baseUrl, "m"))
                        .request(new Prompt("x", 1))
                        .target())
                .isEqualTo(target);
    }

    @Test
    void limitTemperatureAndSeedAreOptionsOfTheModel() {
        var dialect =
                new Ollama(options().temperature(0).seed(3).extraBody("{\"options\":{\"num_ctx\":9},\"think\":true}"));
        Request request = dialect.request(new Prompt("x", 5));

        assertThat(dialect.name()).isEqualTo("ollama");
        assertThat(request.headers())
                .containsExactly(
                        Header.of("content-type", "application/json"), Header.of("accept", "application/x-ndjson"));
        assertThat(JsonMapper.shared().readTree(request.body()))
                .isEqualTo(JsonMapper.shared().readTree("""
                        {"messages":[{"role":"user","content":"x"}],"model":"m","stream":true,"think":true,
                         "options":{"num_predict":5,"temperature":0.0,"seed":3,"num_ctx":9}}"""));
    }

    @Test
    void requestWithoutOptionsHasNone() {
        Request request = new Ollama(options().stream(false).apiKey(Secret.of("k"))).request(new Prompt("x", 0));

        assertThat(request.headers())
                .contains(Header.of("accept", "application/json"), Header.secret("authorization", "Bearer k"));
        assertThat(JsonMapper.shared().readTree(request.body()))
                .isEqualTo(JsonMapper.shared().readTree("""
                        {"messages":[{"role":"user","content":"x"}],"model":"m","stream":false}"""));
    }

    @Test
    void documentThatIsDoneEndsTheAnswerWithCountsAndTimes() {
        Reading reading = read(LINES, STREAM);
        Usage usage = requireNonNull(reading.completion().usage());

        assertThat(reading.said())
                .containsExactly(
                        "reasoning 0 'hm'",
                        "text 0 'Hi 漢'",
                        "tool 0 'f'",
                        "tool 0 '{\"a\":1}'",
                        "tool 0 'g'",
                        "tool 0 'h'",
                        "tool 0 '{}'");
        assertThat(reading.events).hasSize(4);
        assertThat(reading.completion().toolCalls()).isEqualTo(3);
        assertThat(reading.completion().finishReasons()).containsExactly("stop");
        assertThat(reading.completion().terminatorSeen()).isTrue();
        assertThat(usage.inputTotal()).isEqualTo(17);
        assertThat(usage.outputTotal()).isEqualTo(71);
        assertThat(usage.raw()).doesNotContain("context", "message");
        assertThat(reading.completion().serverTimingsNs())
                .isEqualTo(Map.of(
                        "total_duration", 4_218_611_084L,
                        "load_duration", 3L,
                        "prompt_eval_duration", 167_135_000L,
                        "eval_duration", 2_252_182_000L));
    }

    @Test
    void everySplitYieldsTheSame() {
        byte[] body = STREAM.getBytes(UTF_8);
        Reading whole = read(LINES, STREAM);
        for (int cut = 0; cut <= body.length; cut++) {
            Reading split = read(LINES, STREAM, cut);
            assertThat(split.events).isEqualTo(whole.events);
            assertThat(split.chunks).isEqualTo(whole.chunks);
            assertThat(split.completion()).isEqualTo(whole.completion());
        }
    }

    @Test
    void wholeAnswerIsOneDocument() {
        Reading reading = read(Reading.JSON, """
                {"model":"m",
                 "response":"Hi","thinking":"hm","done":true,"done_reason":"length","eval_count":1}
                """);

        assertThat(reading.said()).containsExactly("reasoning 0 'hm'", "text 0 'Hi'");
        assertThat(reading.completion().finishReasons()).containsExactly("length");
        assertThat(reading.completion().terminatorSeen()).isTrue();
        assertThat(requireNonNull(reading.completion().usage()).inputTotal()).isNull();
    }

    @Test
    void cutStreamIsNotWhole() {
        String body = STREAM.substring(0, STREAM.length() - 20);
        Reading reading = read(LINES, body);

        assertThat(reading.events).hasSize(3);
        assertThat(reading.completion().whole()).isFalse();
        assertThat(reading.completion().malformed()).isNull();
    }

    @Test
    void errorIsALineOrAResponse() {
        String line = "{\"message\":{\"content\":\"Hi\"}}\n{\"error\":\"out of memory\"}\n";

        assertThat(read(LINES, line).said()).containsExactly("text 0 'Hi'");
        assertThat(read(LINES, line).completion().error()).isEqualTo(new ProviderError("", "out of memory"));
        assertThat(read(LINES, line).completion().whole()).isFalse();
        assertThat(read(Reading.head(404, "application/json"), "{\"error\":\"no model\"}")
                        .completion()
                        .error())
                .isEqualTo(new ProviderError("", "no model"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "[]",
                "\"x\"",
                "{\"error\":null}",
                "{\"done\":\"yes\"}",
                "{\"message\":7,\"response\":{}}",
                "{\"message\":{\"tool_calls\":{\"a\":1}}}",
            })
    void whatIsNotKnownIsSkipped(String document) {
        Reading reading = read(LINES, document + "\n");

        assertThat(reading.events).hasSize(1);
        assertThat(reading.chunks).isEmpty();
        assertThat(reading.completion().malformed()).isNull();
        assertThat(reading.completion().error()).isNull();
        assertThat(reading.completion().terminatorSeen()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"1e999", "-1", "0.5", "\"9\"", "99999999999999999999999999", "null"})
    void numbersThatAreNoCountsAndTimesDoNoHarm(String number) {
        String body = "{\"done\":true,\"eval_count\":%s,\"eval_duration\":%s}\n".formatted(number, number);

        assertThat(read(LINES, body).completion().terminatorSeen()).isTrue();
    }

    @Test
    void numberBeyondAllTypesIsNoTime() {
        String body = "{\"done\":true,\"eval_duration\":" + "9".repeat(400) + "}\n";

        assertThat(read(LINES, body).completion().serverTimingsNs()).isEmpty();
    }

    @Test
    void malformedLineIsToldAndTheRestIsRead() {
        Reading reading = read(LINES, "{\"mess\n" + STREAM);

        assertThat(reading.completion().malformed()).isEqualTo("line at byte 0 is no JSON, was '{\"mess'");
        assertThat(reading.completion().terminatorSeen()).isTrue();
    }
}
