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
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class GeminiTest {
    static final String STREAM = """
            data: {"candidates":[{"content":{"parts":[{"text":"plan","thought":true}]},"index":0}],\
            "usageMetadata":{"promptTokenCount":15,"totalTokenCount":83,"thoughtsTokenCount":68}}

            data: {"candidates":[{"content":{"parts":[{"text":"Hé 漢 😀"},{"executableCode":{"code":"1+1"}}]},"index":1}]}

            data: {"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"a":[1,"}"]}}},\
            {"functionCall":{"name":"g","args":{}}}]}}],"usageMetadata":{"trafficType":"ON_DEMAND"}}

            data: {"candidates":[{"content":{"parts":[{"text":""}]},"finishReason":"STOP","index":0}],\
            "usageMetadata":{"promptTokenCount":13,"cachedContentTokenCount":4,"candidatesTokenCount":30,\
            "thoughtsTokenCount":70,"toolUsePromptTokenCount":2,"totalTokenCount":115}}

            """.replace("\n", "\r\n");

    static final String ARRAY = """
            [{
              "candidates": [{"content": {"parts": [{"text": "a}]\\"\\\\"}]}}]
            }
            ,
            {"candidates": [{"content": {"parts": [{"text": "b"}]}, "finishReason": "STOP"}]}
            ]
            """;

    private static final String TAIL = """
            {
              "error": {
                "code": 503,
                "message": "The model is overloaded.",
                "status": "UNAVAILABLE"
              }
            }
            """;

    private static final ProviderError OVERLOADED = new ProviderError("UNAVAILABLE", "The model is overloaded.");

    private static DialectOptions google() {
        return DialectOptions.at(URI.create("https://generativelanguage.googleapis.com/v1beta"), "gemini-x");
    }

    private static Request request(DialectOptions options) {
        return new Gemini(options).request(new Prompt("u", 16));
    }

    private static JsonNode body(DialectOptions options) {
        return JsonMapper.shared().readTree(request(options).body());
    }

    private static Reading read(ResponseHead head, String body) {
        return Reading.of(new Gemini(google()).decoder(head), body.getBytes(UTF_8));
    }

    @Test
    void bodyIsThePromptAndWhatIsSet() {
        assertThat(body(google()).toString())
                .isEqualTo("{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"u\"}]}],"
                        + "\"generationConfig\":{\"maxOutputTokens\":16}}");
        assertThat(body(google().temperature(0).seed(7).choices(2))
                        .path("generationConfig")
                        .toString())
                .isEqualTo("{\"maxOutputTokens\":16,\"temperature\":0.0,\"seed\":7,\"candidateCount\":2}");
        assertThat(new Gemini(google()).request(new Prompt("u", 0)).body())
                .asString(UTF_8)
                .doesNotContain("generationConfig");
    }

    @Test
    void extraBodyIsMergedOnTop() {
        JsonNode body = body(google().extraBody("""
                {"generationConfig":{"maxOutputTokens":3,"thinkingConfig":{"thinkingBudget":0}},"cachedContent":"c"}
                """));

        assertThat(body.path("generationConfig").toString())
                .isEqualTo("{\"maxOutputTokens\":3,\"thinkingConfig\":{\"thinkingBudget\":0}}");
        assertThat(body.path("cachedContent").stringValue()).isEqualTo("c");
        assertThat(body(google().extraBody("{\"contents\":[]}"))
                        .path("contents")
                        .isEmpty())
                .isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "https://g/v1beta,          gemini-x,           /v1beta/models/gemini-x:streamGenerateContent?alt=sse",
        "https://g,                 gemini-x,           /v1beta/models/gemini-x:streamGenerateContent?alt=sse",
        "https://g/v1beta/,         tunedModels/t,      /v1beta/tunedModels/t:streamGenerateContent?alt=sse",
        "https://g/v1beta?a=b,      m@1 é,              /v1beta/models/m%401%20%C3%A9:streamGenerateContent?a=b&alt=sse",
        "https://g/v1beta?alt=json, gemini-x,           /v1beta/models/gemini-x:streamGenerateContent?alt=json",
        "https://l-aiplatform.googleapis.com/v1/projects/p/locations/l/publishers/google, m,"
                + "/v1/projects/p/locations/l/publishers/google/models/m:streamGenerateContent?alt=sse",
    })
    void methodStandsBehindTheModel(URI baseUrl, String model, String target) {
        assertThat(request(DialectOptions.at(baseUrl, model)).target()).isEqualTo(target);
    }

    @Test
    void answerAtOnceHasAMethodOfItsOwn() {
        Request request = request(google().stream(false));

        assertThat(request.target()).isEqualTo("/v1beta/models/gemini-x:generateContent");
        assertThat(request.headers()).contains(Header.of("accept", "application/json"));
    }

    @Test
    void tokensAreBearersAndKeysAreNot() {
        URI vertex = URI.create("https://europe-west4-AIplatform.googleapis.com/v1/p");

        assertThat(request(google().apiKey(Secret.of("AIza1"))).headers())
                .contains(Header.secret("x-goog-api-key", "AIza1"));
        assertThat(request(google().apiKey(Secret.of("ya29.a"))).headers())
                .contains(Header.secret("authorization", "Bearer ya29.a"));
        assertThat(request(DialectOptions.at(vertex, "m").apiKey(Secret.of("t")))
                        .headers())
                .contains(Header.secret("authorization", "Bearer t"));
        assertThat(new Gemini(google()).name()).isEqualTo("gemini");
    }

    @Test
    void partsAreChunksOfTheirKind() {
        Reading reading = read(Reading.STREAM, STREAM);

        assertThat(reading.events).hasSize(4);
        assertThat(reading.said())
                .containsExactly(
                        "reasoning 0 'plan'",
                        "text 1 'Hé 漢 😀'",
                        "tool 1 '1+1'",
                        "tool 0 'f'",
                        "tool 0 '{\"a\":[1,\"}\"]}'",
                        "tool 0 'g'");
        assertThat(reading.completion().toolCalls()).isEqualTo(2);
        assertThat(reading.completion().finishReasons()).containsExactly("STOP");
        assertThat(reading.completion().whole()).isTrue();
        assertThat(reading.completion().terminatorSeen()).isFalse();
    }

    @Test
    void everyCandidateHasItsReasonForFinishing() {
        Reading reading = read(Reading.STREAM, """
                data: {"candidates":[{"index":0,"finishReason":"STOP"},{"index":1,"content":{"parts":[{"text":"a"}]}}]}

                data: {"candidates":[{"index":1,"finishReason":"STOP"}]}

                """);

        assertThat(reading.completion().finishReasons()).containsExactly("STOP", "STOP");
    }

    @Test
    void lastReasonOfACandidateCounts() {
        Reading reading = read(Reading.STREAM, """
                data: {"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"STOP"}]}

                data: {"candidates":[{"finishReason":"RECITATION"}]}

                """);

        assertThat(reading.completion().finishReasons()).containsExactly("RECITATION");
    }

    @Test
    void lastUsageCountsAndIsBroughtToOneMeaning() {
        Usage usage = requireNonNull(read(Reading.STREAM, STREAM).completion().usage());

        assertThat(usage)
                .isEqualTo(new Usage(
                        15L, 4L, null, null, 100L, 70L, new Usage.Reported(13L, 30L, 4L, null, 70L), usage.raw()));
    }

    @Test
    void streamedArgumentsAreChunksOfOneCall() {
        Reading reading = read(Reading.STREAM, """
                data: {"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","willContinue":true}}]}}]}

                data: {"candidates":[{"content":{"parts":[{"functionCall":{"partialArgs":[\
                {"jsonPath":"$.a","stringValue":"x","willContinue":true},{"jsonPath":"$.a","stringValue":""},\
                {"jsonPath":"$.b","numberValue":7},{"jsonPath":"$.c","boolValue":false}]}}]}}]}

                data: {"candidates":[{"content":{"parts":[{"functionCall":{}}]}}]}

                """);

        assertThat(reading.said()).containsExactly("tool 0 'f'", "tool 0 'x'", "tool 0 '7'", "tool 0 'false'");
        assertThat(reading.completion().toolCalls()).isEqualTo(1);
        assertThat(reading.completion().whole()).isFalse();
    }

    @Test
    void blockedPromptIsAWholeAnswerWithoutOutput() {
        Reading reading = read(Reading.STREAM, "data: {\"promptFeedback\":{\"blockReason\":\"SAFETY\"}}\r\n\r\n");

        assertThat(reading.chunks).isEmpty();
        assertThat(reading.completion().whole()).isTrue();
        assertThat(reading.completion().finishSeen()).isFalse();
    }

    @Test
    void errorsInMidStreamAreSeenInEveryShape() {
        String begin = STREAM.substring(0, STREAM.indexOf("\r\n\r\n") + 4);
        String line = TAIL.replace("\n", "");

        assertThat(read(Reading.STREAM, begin + TAIL).completion().error()).isEqualTo(OVERLOADED);
        assertThat(read(Reading.STREAM, begin + TAIL.replace("\n", "\r\n"))
                        .completion()
                        .error())
                .isEqualTo(OVERLOADED);
        assertThat(read(Reading.STREAM, begin + line).completion().error()).isEqualTo(OVERLOADED);
        assertThat(read(Reading.STREAM, begin + "[" + TAIL + "]").completion().error())
                .isEqualTo(OVERLOADED);
        assertThat(read(Reading.STREAM, begin + "data: " + line + "\r\n\r\n")
                        .completion()
                        .error())
                .isEqualTo(OVERLOADED);
        assertThat(read(Reading.JSON, "[" + TAIL + "]").completion().error()).isEqualTo(OVERLOADED);
        assertThat(read(Reading.STREAM, begin + TAIL).completion().malformed()).isNull();
    }

    @Test
    void errorResponseGivesTheStatusWord() {
        ResponseHead head = Reading.head(503, "application/json");

        assertThat(read(head, TAIL).completion().error()).isEqualTo(OVERLOADED);
        assertThat(read(head, "[" + TAIL + "]").completion().error()).isEqualTo(OVERLOADED);
    }

    @Test
    void arrayIsReadAsItComesWhateverItsSplit() {
        byte[] body = ARRAY.getBytes(UTF_8);
        Reading reading = Reading.of(new Gemini(google()).decoder(Reading.JSON), body, Reading.everyByte(body));

        assertThat(reading.said()).containsExactly("text 0 'a}]\"\\'", "text 0 'b'");
        assertThat(reading.fedWhenReported)
                .isEqualTo(reading.events.stream().map(Reading.Event::endOffset).toList());
        assertThat(reading.completion().whole()).isTrue();
        assertThat(reading.completion().terminatorSeen()).isFalse();
        for (int cut = 0; cut <= body.length; cut++) {
            Reading split = Reading.of(new Gemini(google()).decoder(Reading.JSON), body, cut);
            assertThat(split.events).isEqualTo(reading.events);
            assertThat(split.chunks).isEqualTo(reading.chunks);
        }
    }

    @Test
    void answerThatCameWholeIsOneDocument() {
        String body = "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"Hi\"}]}}]}\n";
        Reading asked = Reading.of(new Gemini(google().stream(false)).decoder(Reading.JSON), body.getBytes(UTF_8));
        Reading unasked = read(Reading.JSON, body);

        assertThat(asked.said()).containsExactly("text 0 'Hi'");
        assertThat(asked.completion().terminatorSeen()).isTrue();
        assertThat(unasked.chunks).isEqualTo(asked.chunks);
        assertThat(unasked.completion()).isEqualTo(asked.completion());
    }
}
