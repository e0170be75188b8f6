package dev.latencylens.simulated;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Connections of HTTP/1.1 and 1.0, and the errors that are no simulated fault.
class Http1Test {
    private RunningProvider server;

    @BeforeEach
    void start() throws IOException {
        ServerOptions options =
                ServerOptions.defaults().withApiKey("sk-right").withModels(List.of("m", "quoted\"model"));
        server = new RunningProvider(options, Behaviour.defaults().with("tokens", "2"));
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
    }

    private static final String KEY = "Authorization: Bearer sk-right\r\n";

    @Test
    void connectionServesOneRequestAfterAnother() throws Exception {
        try (RawHttp1 client = server.http1()) {
            assertThat(client.send(KEY, RawHttp1.CHAT).status()).isEqualTo(200);
            assertThat(client.send(KEY, RawHttp1.WHOLE).status()).isEqualTo(200);
        }
        TruthRecord first = server.truth();
        TruthRecord second = server.truth();
        assertThat(second.connection()).isEqualTo(first.connection());
        assertThat(second.requestFirstByteReadAtNs()).isGreaterThan(first.requestReadAtNs());
    }

    @Test
    void pipelinedRequestsAreAnsweredInOrder() throws Exception {
        try (RawHttp1 client = server.http1()) {
            client.write(RawHttp1.post(KEY + "X-Request-Id: a\r\nX-Simulate: ttft=5ms\r\n", RawHttp1.CHAT)
                    + RawHttp1.post(KEY + "X-Request-Id: b\r\n", RawHttp1.CHAT));
            assertThat(client.readResponse().head()).contains("x-request-id: a");
            assertThat(client.readResponse().head()).contains("x-request-id: b");
        }
        assertThat(server.truth().id()).isEqualTo("a");
        assertThat(server.truth().id()).isEqualTo("b");
    }

    @Test
    void clientThatExpectsContinueIsTold() throws Exception {
        try (RawHttp1 client = server.http1()) {
            String request = RawHttp1.post(KEY + "Expect: 100-continue\r\n", RawHttp1.CHAT);
            int body = request.indexOf("\r\n\r\n") + 4;
            client.write(request.substring(0, body));
            assertThat(client.readHead()).startsWith("HTTP/1.1 100 Continue");
            client.write(request.substring(body));
            assertThat(client.readResponse().status()).isEqualTo(200);
        }
        server.truth();
    }

    @Test
    void bodyInChunksIsRead() throws Exception {
        try (RawHttp1 client = server.http1()) {
            String half = RawHttp1.CHAT.substring(0, 20);
            String rest = RawHttp1.CHAT.substring(20);
            client.write("POST /v1/chat/completions?x=1 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + KEY + "\r\n"
                    + Integer.toHexString(half.length()) + "\r\n" + half + "\r\n");
            client.write(Integer.toHexString(rest.length()) + "\r\n" + rest + "\r\n0\r\n\r\n");
            assertThat(client.readResponse().status()).isEqualTo(200);
        }
        assertThat(server.truth().promptTokens()).isEqualTo(4);
    }

    @Test
    void http10StreamsUntilTheConnectionCloses() throws Exception {
        try (RawHttp1 client = server.http1()) {
            client.write(RawHttp1.post(KEY, RawHttp1.CHAT).replace("HTTP/1.1", "HTTP/1.0"));
            RawHttp1.Response response = client.readResponse();
            assertThat(response.head()).contains("connection: close").doesNotContain("chunked");
            assertThat(response.text()).endsWith("data: [DONE]\n\n");
        }
        server.truth();
    }

    @Test
    void http10KeepsTheConnectionForABodyOfKnownLength() throws Exception {
        try (RawHttp1 client = server.http1()) {
            String request = RawHttp1.post(KEY + "Connection: keep-alive\r\n", RawHttp1.WHOLE)
                    .replace("HTTP/1.1", "HTTP/1.0");
            client.write(request);
            assertThat(client.readResponse().head()).contains("connection: keep-alive");
            client.write(request);
            assertThat(client.readResponse().status()).isEqualTo(200);
        }
        server.truth();
        server.truth();
    }

    @Test
    void connectionIsClosedWhenTheClientAsks() throws Exception {
        try (RawHttp1 client = server.http1()) {
            RawHttp1.Response response = client.send(KEY + "Connection: close\r\n", RawHttp1.CHAT);
            assertThat(response.head()).contains("connection: close");
            assertThat(client.isClosedByServer()).isTrue();
        }
        server.truth();
    }

    private void refused(String request, int status, String code) throws IOException, InterruptedException {
        try (RawHttp1 client = server.http1()) {
            client.write(request);
            RawHttp1.Response response = client.readResponse();
            assertThat(response.status()).isEqualTo(status);
            assertThat(response.text()).startsWith("{\"error\":{\"message\":\"").contains("\"code\":\"" + code + "\"");
        }
        TruthRecord truth = server.truth();
        assertThat(truth.status()).isEqualTo(status);
        assertThat(truth.chunks().kind()).containsExactly(ChunkKind.ERROR);
    }

    @Test
    void wrongKeyIsUnauthorised() throws Exception {
        refused(RawHttp1.post("", RawHttp1.CHAT), 401, "invalid_api_key");
        refused(RawHttp1.post("Authorization: Bearer sk-wrong\r\n", RawHttp1.CHAT), 401, "invalid_api_key");
    }

    @Test
    void unknownModelPathAndMethodAreNamed() throws Exception {
        refused(RawHttp1.post(KEY, RawHttp1.CHAT.replace("\"m\"", "\"other\"")), 404, "model_not_found");
        refused(RawHttp1.post(KEY, RawHttp1.CHAT).replace("/v1/chat/completions", "/v1/other"), 404, "unknown_url");
        refused("GET /v1/chat/completions HTTP/1.1\r\n" + KEY + "\r\n", 405, "method_not_supported");
        refused("DELETE /v1/models HTTP/1.1\r\n" + KEY + "\r\n", 405, "method_not_supported");
    }

    @Test
    void wrongBodyAndWrongSettingAreBadRequests() throws Exception {
        refused(RawHttp1.post(KEY, "{\"model\":"), 400, "invalid_request");
        refused(RawHttp1.post(KEY + "X-Simulate: ttft=soon\r\n", RawHttp1.CHAT), 400, "invalid_request");
        refused(RawHttp1.post(KEY + "X-Simulate: fault=goaway\r\n", RawHttp1.CHAT), 400, "invalid_request");
        refused(RawHttp1.post(KEY + "X-Simulate: replay=x\r\n", RawHttp1.CHAT), 400, "invalid_request");
    }

    @Test
    void settingErrorSaysWhatWasExpected() throws Exception {
        try (RawHttp1 client = server.http1()) {
            assertThat(client.send(KEY + "X-Simulate: tokens=many\r\n", RawHttp1.CHAT)
                            .text())
                    .contains("tokens: expected a whole number, was 'many'");
        }
        server.truth();
    }

    @Test
    void bytesThatAreNoRequestAreRefusedAndTheConnectionCloses() throws Exception {
        try (RawHttp1 client = server.http1()) {
            client.write("hello\r\n\r\n");
            assertThat(client.readResponse().status()).isEqualTo(400);
            assertThat(client.isClosedByServer()).isTrue();
        }
    }

    @Test
    void modelsAreListed() throws Exception {
        try (RawHttp1 client = server.http1()) {
            client.write("GET /v1/models HTTP/1.1\r\n" + KEY + "\r\n");
            assertThat(client.readResponse().text()).contains("\"id\":\"m\"").contains("\"id\":\"quoted\\\"model\"");
        }
        assertThat(server.truth().chunks().kind()).containsExactly(ChunkKind.BODY);
    }

    @Test
    void clientThatLeavesIsRecordedWithWhatHadLeft() throws Exception {
        try (RawHttp1 client = server.http1()) {
            client.write(RawHttp1.post(KEY + "X-Simulate: ttft=1ms; gap=30s; tokens=5\r\n", RawHttp1.CHAT));
            String head = client.readHead();
            assertThat(head).startsWith("HTTP/1.1 200");
            assertThat(client.readByte()).isPositive();
        }
        TruthRecord truth = server.truth();
        assertThat(truth.end()).isEqualTo("client-closed");
        assertThat(truth.completionTokens()).isEqualTo(1);
        assertThat(truth.chunks().kind()).containsExactly(ChunkKind.ROLE, ChunkKind.TEXT);
    }

    @Test
    void acceptedConnectionsAreCounted() throws Exception {
        long before = server.provider.connectionsAccepted();
        try (RawHttp1 client = server.http1()) {
            client.send(KEY, RawHttp1.CHAT);
        }
        server.truth();
        assertThat(server.provider.connectionsAccepted()).isEqualTo(before + 1);
    }
}
