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
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class AnthropicMessagesTest {
    static final String STREAM = """
            event: message_start
            data: {"type":"message_start","message":{"content":[],"usage":{"input_tokens":4,\
            "cache_creation_input_tokens":5,"cache_read_input_tokens":6,\
            "cache_creation":{"ephemeral_5m_input_tokens":3,"ephemeral_1h_input_tokens":2},"output_tokens":1}}}

            event: content_block_start
            data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}}

            event: ping
            data: {"type": "ping"}

            event: content_block_delta
            data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}

            data: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"c2ln"}}

            data: {"type":"content_block_start","index":1,"content_block":{"type":"redacted_thinking","data":"eA=="}}

            data: {"type":"content_block_start","index":2,"content_block":{"type":"text","text":""}}

            data: {"type":"content_block_delta","index":2,"delta":{"type":"text_delta","text":"Hi"}}

            data: {"type":"content_block_delta","index":2,"delta":{"type":"of_next_year","text":"?"}}

            data: {"type":"content_block_start","index":3,"content_block":{"type":"tool_use","name":"f","input":{}}}

            data: {"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":""}}

            data: {"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":"{}"}}

            data: {"type":"content_block_start","index":4,"content_block":{"type":"server_tool_use","name":"s","input":{}}}

            data: {"type":"content_block_start","index":5,"content_block":{"type":"of_next_year","text":"?"}}

            data: {"type":"of_next_year","text":"?"}

            data: {"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"input_tokens":null,\
            "output_tokens":30,"output_tokens_details":{"thinking_tokens":22}}}

            data: {"type":"message_stop" }

            """.replace("}}}\n", "}}}   \n");

    private static DialectOptions options() {
        return DialectOptions.at(URI.create("https://api.anthropic.com/v1"), "claude-x")
                .apiKey(Secret.of("sk-ant-1"));
    }

    private static Request request(DialectOptions options) {
        return new AnthropicMessages(options).request(new Prompt("u", 16));
    }

    private static JsonNode body(DialectOptions options) {
        return JsonMapper.shared().readTree(request(options).body());
    }

    private static Reading read(ResponseHead head, String body) {
        return Reading.of(new AnthropicMessages(options()).decoder(head), body.getBytes(UTF_8));
    }

    @Test
    void bodyAsksForAStreamWithALimit() {
        assertThat(body(options()).toString())
                .isEqualTo("{\"model\":\"claude-x\",\"max_tokens\":16,\"stream\":true,"
                        + "\"messages\":[{\"role\":\"user\",\"content\":\"u\"}]}");
        assertThat(request(options()).target()).isEqualTo("/v1/messages");
        assertThat(request(options()).method()).isEqualTo("POST");
        assertThat(new AnthropicMessages(options()).name()).isEqualTo("anthropic");
    }

    @Test
    void limitIsSentEvenIfNoneWasAskedFor() {
        byte[] body =
                new AnthropicMessages(options()).request(new Prompt("u", 0)).body();

        assertThat(JsonMapper.shared().readTree(body).path("max_tokens").intValue())
                .isEqualTo(4096);
    }

    @Test
    void keyIsABearerTokenUnderTheVersionOf2026() {
        assertThat(request(options()).headers())
                .contains(
                        Header.of("anthropic-version", "2026-10-21"), Header.secret("authorization", "Bearer sk-ant-1"))
                .noneMatch(header -> header.name().equals("x-api-key"));
    }

    @Test
    void keyIsAFieldOfItsOwnUnderTheVersionOf2023() {
        assertThat(request(options().apiVersion("2023-06-01")).headers())
                .contains(Header.of("anthropic-version", "2023-06-01"), Header.secret("x-api-key", "sk-ant-1"))
                .noneMatch(header -> header.name().equals("authorization"));
    }

    @Test
    void requestThatSteersTheSamplingSpeaksTheOlderVersion() {
        Header older = Header.of("anthropic-version", "2023-06-01");
        Header newer = Header.of("anthropic-version", "2026-10-21");

        assertThat(request(options().temperature(0)).headers()).contains(older);
        assertThat(request(options().extraBody("{\"top_p\":0.5}")).headers()).contains(older);
        assertThat(request(options().extraBody("{\"top_k\":5}")).headers()).contains(older);
        assertThat(request(options().temperature(0).extraBody("{\"temperature\":null}"))
                        .headers())
                .contains(newer);
        assertThat(request(options().temperature(0).apiVersion("2026-10-21")).headers())
                .contains(newer);
        assertThat(body(options().temperature(0)).path("temperature").doubleValue())
                .isZero();
    }

    @Test
    void extraBodyAndHeadersOfTheUserCountMost() {
        DialectOptions options = options()
                .extraBody("{\"max_tokens\":3,\"messages\":[],\"thinking\":{\"type\":\"adaptive\"}}")
                .headers(List.of(Header.of("anthropic-version", "x"), Header.of("anthropic-beta", "a,b")));

        assertThat(body(options).toString())
                .isEqualTo("{\"model\":\"claude-x\",\"max_tokens\":3,\"stream\":true,\"messages\":[],"
                        + "\"thinking\":{\"type\":\"adaptive\"}}");
        assertThat(request(options).headers())
                .contains(Header.of("anthropic-version", "x"), Header.of("anthropic-beta", "a,b"))
                .doesNotContain(Header.of("anthropic-version", "2026-10-21"));
    }

    @Test
    void blocksAreChunksOfTheirKind() {
        Reading reading = read(Reading.STREAM, STREAM);

        assertThat(reading.said())
                .containsExactly("reasoning 0 'hm'", "text 0 'Hi'", "tool 0 'f'", "tool 0 '{}'", "tool 0 's'");
        assertThat(reading.completion().toolCalls()).isEqualTo(1);
        assertThat(reading.completion().finishReasons()).containsExactly("tool_use");
        assertThat(reading.completion().terminatorSeen()).isTrue();
        assertThat(reading.completion().malformed()).isNull();
    }

    @Test
    void laterCountsTakeThePlaceOfEarlierOnes() {
        Usage usage = requireNonNull(read(Reading.STREAM, STREAM).completion().usage());

        assertThat(usage)
                .isEqualTo(new Usage(15L, 6L, 5L, 2L, 30L, 22L, new Usage.Reported(4L, 30L, 6L, 5L, 22L), usage.raw()));
    }

    @Test
    void streamWithoutItsLastWordIsNotWhole() {
        Reading reading = read(Reading.STREAM, STREAM.substring(0, STREAM.indexOf("data: {\"type\":\"message_stop\"")));

        assertThat(reading.completion().finishSeen()).isTrue();
        assertThat(reading.completion().whole()).isFalse();
    }

    @Test
    void errorsInMidStreamAreSeenInEveryShape() {
        var overloaded = new ProviderError("overloaded_error", "Overloaded");
        String error = "{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}";

        assertThat(read(Reading.STREAM, "event: error\ndata: {\"type\":\"error\",\"error\":" + error + "}\n\n")
                        .completion()
                        .error())
                .isEqualTo(overloaded);
        assertThat(read(Reading.STREAM, "data: {\"error\":" + error + "}\n\n")
                        .completion()
                        .error())
                .isEqualTo(overloaded);
        assertThat(read(Reading.STREAM, "event: error\ndata: Overloaded\n\n")
                        .completion()
                        .error())
                .isEqualTo(new ProviderError("", "Overloaded"));
        assertThat(read(Reading.head(529, "application/json"), "{\"type\":\"error\",\"error\":" + error + "}")
                        .completion()
                        .error())
                .isEqualTo(overloaded);
    }

    @Test
    void messageThatCameWholeIsReadAtOnce() {
        Reading reading = read(Reading.JSON, """
                {"type":"message","content":[{"type":"thinking","thinking":"hm","signature":"x"},
                  {"type":"text","text":"Hi"},{"type":"tool_use","name":"f","input":{"a":1}},
                  {"type":"mcp_tool_use","name":"m","input":{"b":2}},{"type":"mcp_tool_result","content":[]}],
                 "stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":2}}
                """);

        assertThat(reading.said())
                .containsExactly(
                        "reasoning 0 'hm'",
                        "text 0 'Hi'",
                        "tool 0 'f'",
                        "tool 0 '{\"a\":1}'",
                        "tool 0 'm'",
                        "tool 0 '{\"b\":2}'");
        assertThat(reading.completion().toolCalls()).isEqualTo(1);
        assertThat(reading.completion().finishReasons()).containsExactly("end_turn");
        assertThat(reading.completion().terminatorSeen()).isTrue();
    }

    @Test
    void whatIsNoJsonIsMalformed() {
        assertThat(read(Reading.STREAM, "data: {\"type\"\n\n").completion().malformed())
                .startsWith("event at byte 0 is no JSON: ");
        assertThat(read(Reading.STREAM, "data: [7]\n\ndata: \"x\"\n\n")
                        .completion()
                        .malformed())
                .isNull();
    }
}
