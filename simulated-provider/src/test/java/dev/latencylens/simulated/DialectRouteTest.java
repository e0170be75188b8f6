package dev.latencylens.simulated;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// Which path leads to which dialect, and which keys and versions each takes.
class DialectRouteTest {
    @ParameterizedTest
    @CsvSource({
        "/v1/chat/completions, OPENAI_CHAT, '', AS_ASKED",
        "/openai/deployments/my%20dep/chat/completions, AZURE_OPENAI, my dep, AS_ASKED",
        "/openai/v1/chat/completions, AZURE_OPENAI, '', AS_ASKED",
        "/openai/v1/responses, OPENAI_RESPONSES, '', AS_ASKED",
        "/model/anthropic.claude-v2%3A1/converse-stream, BEDROCK_CONVERSE, anthropic.claude-v2:1, STREAM",
        "/model/arn%3Aaws%2Fx/invoke, BEDROCK_INVOKE, arn:aws/x, WHOLE",
        "/v1beta/models/gemini-x:generateContent, GEMINI, gemini-x, WHOLE",
        "/v1beta/models/gemini-x:streamGenerateContent, GEMINI, gemini-x, ARRAY",
        "/api/chat, OLLAMA, '', AS_ASKED"
    })
    void pathTellsTheDialectAndSometimesTheModel(String path, Dialect dialect, String model, Route.Form form) {
        assertThat(Route.of(path, "", Dialect.OPENAI_CHAT)).isEqualTo(new Route(dialect, model, form));
    }

    @ParameterizedTest
    @CsvSource({"/v1/other", "/model/converse", "/model/x/other", "/v1beta/models/x:countTokens", "/v1beta/models/x"})
    void otherPathsLeadNowhere(String path) {
        assertThat(Route.of(path, "", Dialect.OPENAI_CHAT)).isNull();
    }

    @Test
    void openAisOwnPathServesTheDialectThatIsSet() throws Exception {
        try (RunningProvider server = RunningProvider.with("dialect=mistral");
                RawHttp1 client = server.http1()) {
            assertThat(client.chat("").text()).doesNotContain("system_fingerprint");
            assertThat(server.truth().dialect()).isEqualTo("mistral");
            assertThat(client.chat("dialect=meta-llama").text()).contains("\"event_type\":\"start\"");
            assertThat(server.truth().dialect()).isEqualTo("meta-llama");
        }
    }

    @ParameterizedTest
    @EnumSource
    void keyIsTakenWhereTheDialectPutsIt(AskedDialect dialect) throws Exception {
        ServerOptions options = ServerOptions.defaults().withApiKey("k");
        try (RunningProvider server = new RunningProvider(options, Behaviour.defaults());
                RawHttp1 client = server.http1()) {
            String version = "anthropic-version: 2023-06-01\r\n";
            String body = dialect.body.formatted("true");
            client.write(RawHttp1.post("Authorization: Bearer k\r\n" + version, body)
                    .replace("/v1/chat/completions", dialect.streamPath));
            assertThat(client.readResponse().status()).isEqualTo(200);
            client.write(RawHttp1.post("Authorization: Bearer wrong\r\n" + version, body)
                    .replace("/v1/chat/completions", dialect.streamPath));
            assertThat(client.readResponse().status()).isEqualTo(401);
            boolean keyElsewhere = dialect.headers.contains("k\r\n") || dialect.headers.contains("AWS4");
            assertThat(dialect.stream(server, "").status()).isEqualTo(keyElsewhere ? 200 : 401);
        }
    }

    @Test
    void geminiTakesTheKeyFromTheQuery() throws Exception {
        ServerOptions options = ServerOptions.defaults().withApiKey("k y");
        try (RunningProvider server = new RunningProvider(options, Behaviour.defaults())) {
            String path = "/v1beta/models/m:generateContent?key=";
            for (String key : List.of("k%20y", "other")) {
                RawHttp1.Response response = AskedDialect.GEMINI.ask(server, path + key, "", AskedDialect.GEMINI.body);
                assertThat(response.status()).isEqualTo(key.equals("other") ? 401 : 200);
            }
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'' | '' | 400 | anthropic-version: header is required",
                "2024-01-01 | '' | 400 | is not a valid version",
                "2023-06-01 | ,\"temperature\":0 | 200 | text_delta",
                "2026-10-21 | '' | 200 | text_delta",
                "2026-10-21 | ,\"temperature\":0 | 400 | not permitted",
                "2026-10-21 | ,\"top_p\":1 | 400 | not permitted",
                "2026-10-21 | ,\"top_k\":5 | 400 | not permitted",
            })
    void anthropicVersionDecidesWhatIsPermitted(String version, String member, int status, String text)
            throws Exception {
        try (RunningProvider server = RunningProvider.with("");
                RawHttp1 client = server.http1()) {
            String header = version.isEmpty() ? "" : "anthropic-version: " + version + "\r\n";
            String body = "{\"model\":\"m\",\"max_tokens\":9,\"stream\":true,\"messages\":[]" + member + "}";
            client.write(RawHttp1.post(header, body).replace("/v1/chat/completions", "/v1/messages"));
            RawHttp1.Response response = client.readResponse();
            assertThat(response.status()).isEqualTo(status);
            assertThat(response.text()).contains(text);
            if (status == 400) {
                assertThat(response.text())
                        .startsWith("{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\"");
            }
        }
    }

    @Test
    void eventStreamLeavesByHttp2AsByHttp1() throws Exception {
        try (RunningProvider server = RunningProvider.with("tokens=2");
                RawHttp2 client = server.http2()) {
            AskedDialect asked = AskedDialect.BEDROCK_CONVERSE;
            client.send(RawHttp2.HEADERS, 4, 1, client.requestHeaders(asked.streamPath, "provider-headers=true"));
            client.send(RawHttp2.DATA, 1, 1, asked.body.getBytes(StandardCharsets.UTF_8));
            RawHttp2.Frame head = client.next();
            var headers = client.headers(head);
            assertThat(headers.get("content-type")).hasToString("application/vnd.amazon.eventstream");
            assertThat(headers.get("x-amzn-requestid")).hasToString("sim-1");
            assertThat(AskedDialect.frames(client.next().payload())).isNotEmpty();
            assertThat(server.truth().dialect()).isEqualTo("bedrock-converse");
        }
    }

    @Test
    void anthropicNeedsALimit() throws Exception {
        try (RunningProvider server = RunningProvider.with("");
                RawHttp1 client = server.http1()) {
            client.write(RawHttp1.post("anthropic-version: 2023-06-01\r\n", "{\"model\":\"m\",\"messages\":[]}")
                    .replace("/v1/chat/completions", "/v1/messages"));
            assertThat(client.readResponse().text()).contains("max_tokens: Field required");
        }
    }

    @Test
    void limitsAreFoundWhereEachDialectHasThem() {
        assertThat(limit(Dialect.GEMINI, "{\"generationConfig\":{\"temperature\":0,\"maxOutputTokens\":5}}"))
                .isEqualTo(5);
        assertThat(limit(Dialect.BEDROCK_CONVERSE, "{\"inferenceConfig\":{\"maxTokens\":6}}"))
                .isEqualTo(6);
        assertThat(limit(Dialect.OLLAMA, "{\"options\":{\"num_predict\":-1}}")).isEqualTo(-1);
        assertThat(limit(Dialect.OPENAI_RESPONSES, "{\"max_output_tokens\":7}")).isEqualTo(7);
    }

    private static int limit(Dialect dialect, String body) {
        Route route = new Route(dialect, "m", Route.Form.STREAM);
        return PlanTest.plan(route, Behaviour.defaults(), body).request().maxTokens();
    }
}
