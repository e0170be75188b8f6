package dev.latencylens.provider;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.latencylens.exchange.Header;
import dev.latencylens.exchange.Prompt;
import dev.latencylens.exchange.ProviderError;
import dev.latencylens.exchange.Request;
import dev.latencylens.exchange.ResponseHead;
import dev.latencylens.exchange.Usage;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class OpenAiResponsesTest {
    static final String STREAM = events(
            "{'type':'response.created','response':{'status':'in_progress','output':[],'usage':null}}",
            "{'type':'response.output_item.added','item':{'type':'reasoning','summary':[]}}",
            "{'type':'response.reasoning_summary_text.delta','delta':'hm'}",
            "{'type':'response.reasoning_text.delta','delta':'so'}",
            "{'type':'response.output_item.added','item':{'type':'message','content':[]}}",
            "{'type':'response.content_part.added','part':{'type':'output_text','text':''}}",
            "{'type':'response.output_text.delta','delta':''}",
            "{'type':'response.output_text.delta','delta':'Hi','obfuscation':'x'}",
            "{'type':'response.output_text.done','text':'Hi'}",
            "{'type':'response.refusal.delta','delta':'no'}",
            "{'type':'response.output_item.added','item':{'type':'function_call','name':'f','arguments':''}}",
            "{'type':'response.function_call_arguments.delta','delta':'{}'}",
            "{'type':'response.function_call_arguments.done','arguments':'{}'}",
            "{'type':'response.output_item.added','item':{'type':'custom_tool_call','name':'g','input':''}}",
            "{'type':'response.custom_tool_call_input.delta','delta':'x'}",
            "{'type':'response.output_item.added','item':{'type':'mcp_call','name':'m','arguments':''}}",
            "{'type':'response.mcp_call_arguments.delta','delta':'[1]'}",
            "{'type':'response.code_interpreter_call_code.delta','delta':'1+1'}",
            "{'type':'response.of.next.year','delta':'?'}",
            "{'type':'response.completed','response':{'object':'response','status':'completed','error':null,"
                    + "'output':[{'type':'message','content':[{'type':'output_text','text':'Hi'}]}],"
                    + "'usage':{'input_tokens':9,'input_tokens_details':{'cached_tokens':4,'cache_write_tokens':2},"
                    + "'output_tokens':7,'output_tokens_details':{'reasoning_tokens':3}}}}");

    /// Events named by the types of these documents, whose quotes are single ones.
    private static String events(String... documents) {
        return Arrays.stream(documents)
                .map(document -> document.replace('\'', '"'))
                .map(json -> "event: " + json.split("\"", 5)[3] + "\ndata: " + json + "\n\n")
                .collect(Collectors.joining());
    }

    private static DialectOptions local() {
        return DialectOptions.at(URI.create("http://127.0.0.1:8000/v1"), "m");
    }

    private static Request request(DialectOptions options) {
        return new OpenAiResponses(options).request(new Prompt("Say \"hi\"", 16));
    }

    private static JsonNode body(DialectOptions options) {
        return JsonMapper.shared().readTree(request(options).body());
    }

    private static Reading read(ResponseHead head, String body) {
        return Reading.of(new OpenAiResponses(local()).decoder(head), body.getBytes(StandardCharsets.UTF_8));
    }

    private static Reading read(String... documents) {
        return read(Reading.STREAM, events(documents));
    }

    @Test
    void bodyAsksForAStreamOfOneAnswer() {
        assertThat(body(local())).isEqualTo(JsonMapper.shared().readTree("""
                        {"model":"m","input":[{"role":"user","content":"Say \\"hi\\""}],"max_output_tokens":16,"stream":true}
                        """));
        assertThat(body(local().stream(false).temperature(0.5).seed(1).choices(2)))
                .isEqualTo(JsonMapper.shared().readTree("""
                        {"model":"m","input":[{"role":"user","content":"Say \\"hi\\""}],"max_output_tokens":16,"stream":false,
                         "temperature":0.5}
                        """));
        assertThat(new OpenAiResponses(local()).request(new Prompt("x", 0)).body())
                .asString(StandardCharsets.UTF_8)
                .doesNotContain("max_output_tokens");
    }

    @Test
    void extraBodyIsMergedOnTop() {
        JsonNode body = body(
                local().extraBody(
                                "{\"input\":\"own\",\"max_output_tokens\":3,\"stream\":null,\"reasoning\":{\"effort\":\"low\"}}"));

        assertThat(body.toString())
                .isEqualTo(
                        "{\"model\":\"m\",\"input\":\"own\",\"max_output_tokens\":3,\"reasoning\":{\"effort\":\"low\"}}");
    }

    @Test
    void requestGoesBehindThePathWithABearerToken() {
        Request request = request(
                DialectOptions.at(URI.create("https://api.openai.com/v1/"), "m").apiKey(Secret.of("sk-1")));

        assertThat(new OpenAiResponses(local()).name()).isEqualTo("openai-responses");
        assertThat(request.method()).isEqualTo("POST");
        assertThat(request.target()).isEqualTo("/v1/responses");
        assertThat(request(DialectOptions.at(URI.create("https://h"), "m")).target())
                .isEqualTo("/v1/responses");
        assertThat(request.headers())
                .contains(
                        Header.secret("authorization", "Bearer sk-1"),
                        Header.of("content-type", "application/json"),
                        Header.of("accept", "text/event-stream"));
    }

    @Test
    void deltasAreOutputAndRepetitionsAreNot() {
        Reading reading = read(Reading.STREAM, STREAM);

        assertThat(reading.events).hasSize(20);
        assertThat(reading.said())
                .containsExactly(
                        "reasoning 0 'hm'",
                        "reasoning 0 'so'",
                        "text 0 'Hi'",
                        "refusal 0 'no'",
                        "tool 0 'f'",
                        "tool 0 '{}'",
                        "tool 0 'g'",
                        "tool 0 'x'",
                        "tool 0 'm'",
                        "tool 0 '[1]'",
                        "tool 0 '1+1'");
        assertThat(reading.completion().toolCalls()).isEqualTo(2);
        assertThat(reading.completion().finishReasons()).containsExactly("completed");
        assertThat(reading.completion().whole()).isTrue();
        assertThat(reading.completion().terminatorSeen()).isFalse();
        assertThat(reading.completion().malformed()).isNull();
        Usage usage = requireNonNull(reading.completion().usage());
        assertThat(usage).isEqualTo(new Usage(9L, 4L, 2L, 7L, 3L, usage.raw()));
    }

    @Test
    void everyEndIsAnEnd() {
        assertThat(read("{'type':'response.incomplete','response':{'status':'incomplete',"
                                + "'incomplete_details':{'reason':'max_output_tokens'}}}")
                        .completion()
                        .finishReasons())
                .containsExactly("max_output_tokens");
        assertThat(read("{'type':'response.incomplete','response':{'status':'incomplete'}}")
                        .completion()
                        .finishReasons())
                .containsExactly("incomplete");
        assertThat(read("{'type':'response.cancelled','response':{'status':'cancelled'}}")
                        .completion()
                        .whole())
                .isTrue();
        assertThat(read("{'type':'response.completed','response':{'status':'in_progress'}}")
                        .completion()
                        .whole())
                .isFalse();
        assertThat(read("{'type':'response.output_text.delta','delta':'Hi'}")
                        .completion()
                        .whole())
                .isFalse();
    }

    @Test
    void errorsInMidStreamAreSeenInEveryShape() {
        var quota = new ProviderError("quota", "m");

        assertThat(read("{'type':'error','code':'quota','message':'m','param':null}")
                        .completion()
                        .error())
                .isEqualTo(quota);
        assertThat(read("{'type':'error','error':{'type':'t','code':'quota','message':'m'}}")
                        .completion()
                        .error())
                .isEqualTo(quota);
        assertThat(read(Reading.STREAM, "data: {\"error\":{\"code\":\"quota\",\"message\":\"m\"}}\n\n")
                        .completion()
                        .error())
                .isEqualTo(quota);
        Reading failed = read("{'type':'response.failed','response':{'status':'failed',"
                + "'error':{'code':'quota','message':'m'}}}");
        assertThat(failed.completion().error()).isEqualTo(quota);
        assertThat(failed.completion().finishReasons()).containsExactly("failed");
    }

    @Test
    void responseThatCameWholeIsReadAtOnce() {
        String body = """
                {"object":"response","status":"completed","error":null,"output":[
                  {"type":"reasoning","summary":[{"type":"summary_text","text":"hm"}],
                   "content":[{"type":"reasoning_text","text":"so"}]},
                  {"type":"message","content":[{"type":"output_text","text":"Hi"},{"type":"refusal","refusal":"no"}]},
                  {"type":"function_call","name":"f","arguments":"{}"},
                  {"type":"custom_tool_call","name":"g","input":"x"},
                  {"type":"mcp_call","name":"m","arguments":"[]"},
                  {"type":"code_interpreter_call","code":"1"},
                  {"type":"of_next_year"}],
                 "usage":{"input_tokens":1,"output_tokens":2}}
                """;
        Reading reading = read(Reading.JSON, body);

        assertThat(reading.events).containsExactly(new Reading.Event(body.length(), body.length()));
        assertThat(reading.said())
                .containsExactly(
                        "reasoning 0 'hm'",
                        "reasoning 0 'so'",
                        "text 0 'Hi'",
                        "refusal 0 'no'",
                        "tool 0 'f'",
                        "tool 0 '{}'",
                        "tool 0 'g'",
                        "tool 0 'x'",
                        "tool 0 'm'",
                        "tool 0 '[]'",
                        "tool 0 '1'");
        assertThat(reading.completion().terminatorSeen()).isTrue();
        assertThat(reading.completion().finishReasons()).containsExactly("completed");
        assertThat(reading.completion().toolCalls()).isEqualTo(2);
        assertThat(read(Reading.JSON, "{\"object\":\"response\",\"status\":\"queued\",\"output\":[]}")
                        .completion()
                        .finishReasons())
                .isEmpty();
    }

    @Test
    void whatIsNoJsonIsMalformed() {
        Reading reading = read(Reading.STREAM, "data: {\"type\":\n\ndata: 7\n\n");

        assertThat(reading.events).hasSize(2);
        assertThat(reading.completion().malformed()).startsWith("event at byte 0 is no JSON: ");
    }

    @Test
    void errorResponseIsRead() {
        assertThat(read(Reading.head(429, "application/json"), "{\"error\":{\"code\":\"c\",\"message\":\"m\"}}")
                        .completion()
                        .error())
                .isEqualTo(new ProviderError("c", "m"));
    }
}
