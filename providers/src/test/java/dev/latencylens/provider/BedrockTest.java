package dev.latencylens.provider;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latencylens.exchange.Header;
import dev.latencylens.exchange.Prompt;
import dev.latencylens.exchange.ProviderError;
import dev.latencylens.exchange.Request;
import dev.latencylens.exchange.ResponseHead;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class BedrockTest {
    private static final URI URL = URI.create("https://bedrock-runtime.us-east-1.amazonaws.com");
    private static final Clock CLOCK = Clock.fixed(Instant.parse("2026-01-02T03:04:05Z"), ZoneOffset.UTC);
    private static final AwsCredentials KEYS =
            new AwsCredentials("AKIDEXAMPLE", Secret.of("topsecret"), Secret.of("temporary"));
    private static final Prompt PROMPT = new Prompt("Hi", 16);

    private static DialectOptions options(String model) {
        return DialectOptions.at(URL, model);
    }

    private static Bedrock converse(DialectOptions options) {
        return new Bedrock(options, Bedrock.Api.CONVERSE, CLOCK);
    }

    private static Bedrock invoke(DialectOptions options) {
        return new Bedrock(options, Bedrock.Api.INVOKE, CLOCK);
    }

    private static String body(String invokedModel, Prompt prompt) {
        return new String(invoke(options(invokedModel)).request(prompt).body(), UTF_8);
    }

    private static Map<String, String> fields(Request request) {
        return request.headers().stream().collect(toMap(Header::name, Header::value));
    }

    @Test
    void pathHoldsTheModelEncoded() {
        String arn = "arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-v2:1";

        assertThat(converse(options("us.anthropic.claude-v2:1")).request(PROMPT).target())
                .isEqualTo("/model/us.anthropic.claude-v2%3A1/converse-stream");
        assertThat(converse(options("m").stream(false)).request(PROMPT).target())
                .isEqualTo("/model/m/converse");
        assertThat(invoke(DialectOptions.at(URI.create("http://127.0.0.1:8000/aws/"), arn))
                        .request(PROMPT)
                        .target())
                .isEqualTo("/aws/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2F"
                        + "us.anthropic.claude-v2%3A1/invoke-with-response-stream");
        assertThat(invoke(options("meta.llama3").stream(false)).request(PROMPT).target())
                .isEqualTo("/model/meta.llama3/invoke");
    }

    @Test
    void nameTellsTheApi() {
        assertThat(converse(options("m")).name()).isEqualTo("bedrock-converse");
        assertThat(invoke(options("amazon.nova-lite")).name()).isEqualTo("bedrock-invoke");
    }

    @Test
    void converseBodyHoldsThePromptAndItsLimit() {
        Bedrock dialect = converse(options("m"));

        assertThat(new String(dialect.request(PROMPT).body(), UTF_8))
                .isEqualTo("{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"Hi\"}]}],"
                        + "\"inferenceConfig\":{\"maxTokens\":16}}");
        assertThat(new String(dialect.request(new Prompt("Hi", 0)).body(), UTF_8))
                .doesNotContain("inferenceConfig");
        assertThat(new String(dialect.request(new Prompt("\ud83d", 0)).body(), UTF_8))
                .contains("\"text\":\"?\"");
    }

    @Test
    void invokeBodyIsThatOfTheModelsFamily() {
        assertThat(body("global.anthropic.claude-x", PROMPT))
                .isEqualTo("{\"anthropic_version\":\"bedrock-2023-05-31\",\"max_tokens\":16,\"messages\":"
                        + "[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"Hi\"}]}]}");
        assertThat(body("anthropic.claude-x", new Prompt("Hi", 0))).contains("\"max_tokens\":4096");
        assertThat(body("eu.amazon.nova-lite-v1:0", PROMPT))
                .isEqualTo("{\"schemaVersion\":\"messages-v1\",\"messages\":[{\"role\":\"user\",\"content\":"
                        + "[{\"text\":\"Hi\"}]}],\"inferenceConfig\":{\"maxTokens\":16}}");
        assertThat(body("amazon.titan-text-express-v1", PROMPT))
                .isEqualTo("{\"inputText\":\"Hi\",\"textGenerationConfig\":{\"maxTokenCount\":16}}");
        assertThat(body("apac.meta.llama3-2-1b", PROMPT)).isEqualTo("{\"prompt\":\"Hi\",\"max_gen_len\":16}");
        assertThat(body("meta.llama3", new Prompt("Hi", 0))).isEqualTo("{\"prompt\":\"Hi\"}");
        assertThat(body("amazon.titan-x", new Prompt("Hi", 0))).isEqualTo("{\"inputText\":\"Hi\"}");
    }

    @Test
    void familyThatIsNotKnownIsRefusedWithAWayOut() {
        assertThatThrownBy(() -> body("us.mistral.large", PROMPT))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("model 'us.mistral.large'")
                .hasMessageContaining("use bedrock-converse");
    }

    @Test
    void extraBodyIsMergedOverThePrompt() {
        String extra = """
                {"inferenceConfig":{"temperature":0,"maxTokens":null},"serviceTier":{"type":"default"}}""";
        Bedrock dialect = converse(options("m").extraBody(extra));

        for (int i = 0; i < 2; i++) {
            assertThat(new String(dialect.request(PROMPT).body(), UTF_8))
                    .endsWith("\"inferenceConfig\":{\"temperature\":0},\"serviceTier\":{\"type\":\"default\"}}");
        }
    }

    @Test
    void aPromptIsMarkedToBeKeptAsTheApiMarksIt() {
        assertThat(new String(
                        converse(options("m").promptCache(PromptCache.FIVE_MINUTES))
                                .request(PROMPT)
                                .body(),
                        UTF_8))
                .contains("\"content\":[{\"text\":\"Hi\"},{\"cachePoint\":{\"type\":\"default\"}}]");
        assertThat(new String(
                        invoke(options("anthropic.claude-x").promptCache(PromptCache.HOUR))
                                .request(PROMPT)
                                .body(),
                        UTF_8))
                .contains("\"text\":\"Hi\",\"cache_control\":{\"type\":\"ephemeral\",\"ttl\":\"1h\"}");
        assertThatThrownBy(() -> invoke(options("meta.llama3").promptCache(PromptCache.FIVE_MINUTES)))
                .hasMessageContaining("meta.llama models");
        assertThatThrownBy(() -> converse(options("m").promptCache(PromptCache.HOUR)))
                .hasMessageContaining("give 5m");
    }

    @Test
    void apiKeyIsSentInsteadOfASignature() {
        Request request = converse(options("m").aws(KEYS, null).apiKey(Secret.of("bedrock-key")))
                .request(PROMPT);

        assertThat(fields(request))
                .isEqualTo(Map.of(
                        "content-type", "application/json",
                        "accept", "application/vnd.amazon.eventstream",
                        "authorization", "Bearer bedrock-key"));
        assertThat(request.headers().toString()).doesNotContain("bedrock-key");
    }

    @Test
    void signedRequestHidesItsSecrets() {
        Request request = converse(options("m").aws(KEYS, null)).request(PROMPT);

        assertThat(fields(request))
                .containsEntry("x-amz-date", "20260102T030405Z")
                .containsEntry("x-amz-security-token", "temporary")
                .hasEntrySatisfying(
                        "authorization",
                        value -> assertThat(value)
                                .startsWith(
                                        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/us-east-1/bedrock/aws4_request, "
                                                + "SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date;"
                                                + "x-amz-security-token, Signature="));
        assertThat(request.headers().toString())
                .doesNotContain("temporary")
                .doesNotContain("AKIDEXAMPLE")
                .doesNotContain("topsecret");
    }

    @Test
    void eachRequestIsSignedWhenItIsMade() {
        var now = new Instant[] {CLOCK.instant()};
        Bedrock dialect = new Bedrock(
                options("m").aws(KEYS, null),
                Bedrock.Api.CONVERSE,
                ((InstantSource) () -> now[0]).withZone(ZoneOffset.UTC));

        assertThat(fields(dialect.request(PROMPT))).containsEntry("x-amz-date", "20260102T030405Z");
        now[0] = now[0].plus(Duration.ofHours(21));
        assertThat(fields(dialect.request(PROMPT))).containsEntry("x-amz-date", "20260103T000405Z");
    }

    @Test
    void regionIsTakenFromTheHostUnlessItIsGiven() {
        URI loopback = URI.create("http://127.0.0.1:8000");

        assertThat(fields(converse(DialectOptions.at(loopback, "m").aws(KEYS, "eu-west-3"))
                                .request(PROMPT))
                        .get("authorization"))
                .contains("/eu-west-3/bedrock/");
        assertThatThrownBy(() -> converse(DialectOptions.at(loopback, "m").aws(KEYS, null)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("host '127.0.0.1:8000' does not name it");
    }

    @Test
    void ownHeadersTakeThePlaceOfTheDialects() {
        Request request = converse(options("m")
                        .aws(KEYS, null)
                        .headers(List.of(Header.of("Accept", "*/*"), Header.secret("authorization", "Custom x"))))
                .request(PROMPT);

        assertThat(fields(request))
                .isEqualTo(Map.of("content-type", "application/json", "accept", "*/*", "authorization", "Custom x"));
    }

    @Test
    void streamedInvokeAsksForJsonInsideTheFrames() {
        assertThat(fields(invoke(options("meta.llama3")).request(PROMPT)))
                .containsEntry("x-amzn-bedrock-accept", "application/json");
    }

    @Test
    void errorDoesNotRepeatASecret() {
        var head = new ResponseHead(403, List.of(Header.of("x-amzn-errortype", "com.amazon#AccessDeniedException")));
        Reading reading = Reading.of(
                converse(options("m").aws(KEYS, null)).decoder(head),
                "{\"Message\":\"no topsecret with temporary\"}".getBytes(UTF_8));

        assertThat(reading.completion().error())
                .isEqualTo(new ProviderError("AccessDeniedException", "no *** with ***"));
    }

    @Test
    void errorWithoutATypeOfItsOwnIsReadFromItsBody() {
        Reading reading = Reading.of(
                converse(options("m").apiKey(Secret.of("bedrock-key"))).decoder(Reading.head(500, "text/html")),
                "<html>bedrock-key".getBytes(UTF_8));

        assertThat(reading.completion().error()).isEqualTo(new ProviderError("", "<html>***"));
    }
}
