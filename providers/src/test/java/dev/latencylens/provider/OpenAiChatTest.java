package dev.latencylens.provider;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latencylens.exchange.Header;
import dev.latencylens.exchange.Prompt;
import dev.latencylens.exchange.Request;
import java.net.URI;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class OpenAiChatTest {
    private static final Prompt PROMPT = new Prompt("Say \"hi\"\n\t\\ é 漢 😀 \u0001", 16);

    private static DialectOptions local() {
        return DialectOptions.at(URI.create("http://127.0.0.1:8000/v1"), "m");
    }

    private static Request request(DialectOptions options) {
        return new OpenAiChat(options).request(PROMPT);
    }

    private static JsonNode body(DialectOptions options) {
        return JsonMapper.shared().readTree(request(options).body());
    }

    @ParameterizedTest
    @CsvSource({
        "https://api.openai.com/v1,       /v1/chat/completions",
        "https://api.openai.com/v1/,      /v1/chat/completions",
        "http://127.0.0.1:8000,           /v1/chat/completions",
        "http://127.0.0.1:8000/,          /v1/chat/completions",
        "https://openrouter.ai/api/v1,    /api/v1/chat/completions",
        "https://h/v1/chat/completions,   /v1/chat/completions",
        "https://h/a%20b?api-version=1,   /a%20b/chat/completions?api-version=1",
    })
    void endpointComesBehindThePathOfTheBaseUrl(URI baseUrl, String target) {
        Request request = request(DialectOptions.at(baseUrl, "m"));

        assertThat(request.target()).isEqualTo(target);
        assertThat(request.method()).isEqualTo("POST");
    }

    @Test
    void bodyAsksForAStreamWithUsage() {
        assertThat(body(local())).isEqualTo(JsonMapper.shared().readTree("""
                        {"messages":[{"role":"user","content":"Say \\"hi\\"\\n\\t\\\\ é 漢 😀 \\u0001"}],"max_tokens":16,
                         "model":"m","stream":true,"stream_options":{"include_usage":true}}"""));
    }

    @Test
    void optionsAreSentOnlyWhenSet() {
        JsonNode body =
                body(local().stream(false).temperature(0.5).seed(7).choices(2).ignoreEos(true));

        assertThat(body.path("stream").booleanValue()).isFalse();
        assertThat(body.has("stream_options")).isFalse();
        assertThat(body.path("temperature").doubleValue()).isEqualTo(0.5);
        assertThat(body.path("seed").intValue()).isEqualTo(7);
        assertThat(body.path("n").intValue()).isEqualTo(2);
        assertThat(body.path("ignore_eos").booleanValue()).isTrue();
        assertThat(body(local().includeUsage(false)).has("stream_options")).isFalse();
    }

    @Test
    void tokenLimitGoesByTheHostUnlessChosen() {
        URI openAi = URI.create("https://API.openai.com/v1");

        assertThat(body(DialectOptions.at(openAi, "m"))
                        .path("max_completion_tokens")
                        .intValue())
                .isEqualTo(16);
        assertThat(body(DialectOptions.at(openAi, "m")).has("max_tokens")).isFalse();
        assertThat(body(DialectOptions.at(openAi, "m").tokenLimit(DialectOptions.TokenLimit.MAX_TOKENS))
                        .path("max_tokens")
                        .intValue())
                .isEqualTo(16);
        assertThat(new OpenAiChat(local()).request(new Prompt("x", 0)).body())
                .asString(UTF_8)
                .doesNotContain("max_");
    }

    @Test
    void extraBodyIsMergedOnTop() {
        JsonNode body = body(local().extraBody("{\"stream_options\":{\"continuous_usage_stats\":true},\"top_k\":5}")
                .extraBody("{\"model\":\"other\",\"stream\":null,\"a\":{\"b\":null,\"c\":1}}"));

        assertThat(body.path("stream_options").toString())
                .isEqualTo("{\"include_usage\":true,\"continuous_usage_stats\":true}");
        assertThat(body.path("top_k").intValue()).isEqualTo(5);
        assertThat(body.path("model").stringValue()).isEqualTo("other");
        assertThat(body.has("stream")).isFalse();
        assertThat(body.path("a").toString()).isEqualTo("{\"c\":1}");
    }

    @Test
    void ownMessagesAndLimitAreSentInsteadOfThePrompts() {
        JsonNode body = body(local().extraBody("{\"messages\":[],\"max_completion_tokens\":3}"));

        assertThat(body.path("messages").toString()).isEqualTo("[]");
        assertThat(body.path("max_completion_tokens").intValue()).isEqualTo(3);
        assertThat(body.has("max_tokens")).isFalse();
    }

    @Test
    void headersOfTheUserReplaceTheDialects() {
        List<Header> headers = request(local().apiKey(Secret.of(" sk-1\n"))
                        .headers(List.of(Header.of("Accept", "*/*"), Header.of("x-a", "1"), Header.of("x-a", "2"))))
                .headers();

        assertThat(headers)
                .containsExactly(
                        Header.of("content-type", "application/json"),
                        Header.secret("authorization", "Bearer sk-1"),
                        Header.of("accept", "*/*"),
                        Header.of("x-a", "1"),
                        Header.of("x-a", "2"));
        assertThat(request(local()).headers())
                .containsExactly(
                        Header.of("content-type", "application/json"), Header.of("accept", "text/event-stream"));
        assertThat(request(local().stream(false)).headers()).contains(Header.of("accept", "application/json"));
    }

    @Test
    void keysDoNotPrint() {
        Secret key = Secret.of("sk-1");

        assertThat(key).hasToString("***");
        assertThat(request(local().apiKey(key)).toString()).doesNotContain("sk-1");
    }

    @Test
    void promptWithHalfACharacterIsStillSent() {
        Request request = new OpenAiChat(local()).request(new Prompt("a\uD83Db", 1));

        assertThat(JsonMapper.shared()
                        .readTree(request.body())
                        .at("/messages/0/content")
                        .stringValue())
                .isEqualTo("a?b");
    }

    @Test
    void optionsThatCannotBeMeantAreRefused() {
        assertThatThrownBy(() -> local().temperature(-1))
                .hasMessage("temperature must be a number from 0 on, was -1.0");
        assertThatThrownBy(() -> local().choices(0)).hasMessage("n must be at least 1, was 0");
        assertThatThrownBy(() -> local().extraBody("[1]")).hasMessage("extra body must be a JSON object, was [1]");
        assertThatThrownBy(() -> local().extraBody("{")).hasMessageStartingWith("extra body is no JSON: ");
        assertThatThrownBy(() -> Secret.of(" "))
                .hasMessage("key is blank; leave it out for a server that asks for none");
    }

    @Test
    void dialectIsNamedAndChoosesTheDecoderByTheHead() {
        assertThat(new OpenAiChat(local()).name()).isEqualTo("openai-chat");
        assertThat(new OpenAiChat(local()).decoder(Reading.STREAM)).isInstanceOf(SseDecoder.class);
        assertThat(new OpenAiChat(local()).decoder(Reading.head(200, "text/plain")))
                .isInstanceOf(SseDecoder.class);
        assertThat(new OpenAiChat(local()).decoder(Reading.head(200, "Application/JSON; charset=utf-8")))
                .isInstanceOf(WholeBodyDecoder.class);
        assertThat(new OpenAiChat(local()).decoder(Reading.head(500, "text/event-stream")))
                .isInstanceOf(WholeBodyDecoder.class);
    }
}
