package dev.latencylens.provider;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.latencylens.exchange.Prompt;
import dev.latencylens.exchange.ProviderError;
import dev.latencylens.exchange.Request;
import dev.latencylens.exchange.ResponseHead;
import java.net.URI;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.json.JsonMapper;

class MistralTest {
    private static DialectOptions options() {
        return DialectOptions.at(URI.create("https://api.mistral.ai/v1"), "m");
    }

    private static Reading read(ResponseHead head, String body) {
        return Reading.of(new Mistral(options()).decoder(head), body.getBytes(UTF_8));
    }

    @Test
    void requestAsksForNoUsageAndNamesItsSeed() {
        var dialect = new Mistral(options().seed(5).choices(2).extraBody("{\"safe_prompt\":true}"));
        Request request = dialect.request(new Prompt("x", 9));

        assertThat(dialect.name()).isEqualTo("mistral");
        assertThat(request.target()).isEqualTo("/v1/chat/completions");
        assertThat(JsonMapper.shared().readTree(request.body()))
                .isEqualTo(JsonMapper.shared().readTree("""
                        {"messages":[{"role":"user","content":"x"}],"model":"m","stream":true,"max_tokens":9,
                         "random_seed":5,"n":2,"safe_prompt":true}"""));
    }

    @Test
    void contentMayBeAListAndUsageComesWithTheFinish() {
        Reading reading = read(Reading.STREAM, """
                data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}

                data: {"choices":[{"index":0,"delta":{"content":[{"type":"thinking","thinking":\
                [{"type":"text","text":"hm"}]}]}}],"p":"ab"}

                data: {"choices":[{"index":0,"delta":{"content":[{"type":"text","text":"Hi"}]}}],"p":"abc"}

                data: {"choices":[{"index":0,"delta":{"tool_calls":[{"id":"a","function":{"name":"f",\
                "arguments":"{}"}}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":11,"total_tokens":13,\
                "completion_tokens":2,"num_cached_tokens":4}}

                data: [DONE]

                """);

        assertThat(reading.said()).containsExactly("reasoning 0 'hm'", "text 0 'Hi'", "tool 0 'f'", "tool 0 '{}'");
        assertThat(reading.completion().toolCalls()).isEqualTo(1);
        assertThat(reading.completion().finishReasons()).containsExactly("tool_calls");
        assertThat(requireNonNull(reading.completion().usage()).cachedRead()).isEqualTo(4);
        assertThat(reading.completion().terminatorSeen()).isTrue();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"detail\":[{\"loc\":[\"body\",\"n\"],\"msg\":\"too many\"}]} | '' | body.n: too many",
                "{\"message\":\"Unauthorized\",\"request_id\":\"r\"} | '' | Unauthorized",
                "{\"object\":\"error\",\"message\":{\"detail\":[{\"loc\":[\"body\"],\"msg\":\"missing\"}]},\"type\":\"t\"}"
                        + " | t | body: missing",
                "{\"object\":\"error\",\"message\":{\"x\":1},\"type\":\"t\"} | t | {\"x\":1}",
            })
    void errorsOfEitherShapeAreRead(String body, String code, String message) {
        assertThat(read(Reading.head(422, "application/json"), body)
                        .completion()
                        .error())
                .isEqualTo(new ProviderError(code, message));
    }
}
