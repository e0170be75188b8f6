package dev.latencylens.simulated;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A request in each dialect, and what comes back in pieces that a test can read.
enum AskedDialect {
    OPENAI_CHAT(
            "/v1/chat/completions",
            "/v1/chat/completions",
            "",
            messages("\"stream_options\":{\"include_usage\":true}")),
    AZURE_OPENAI(
            "/openai/deployments/m/chat/completions?api-version=2024-10-21",
            "/openai/v1/chat/completions",
            "api-key: k\r\n",
            messages("\"stream_options\":{\"include_usage\":true}")),
    MISTRAL("/mistral/v1/chat/completions", "/mistral/v1/chat/completions", "", messages("\"max_tokens\":900")),
    META_LLAMA("/llama/v1/chat/completions", "/llama/v1/chat/completions", "", messages("\"n\":1")),
    OPENAI_RESPONSES(
            "/v1/responses", "/v1/responses", "", "{\"model\":\"m\",\"input\":\"how late are you\",\"stream\":%s}"),
    ANTHROPIC(
            "/v1/messages",
            "/v1/messages",
            "anthropic-version: 2026-10-21\r\nx-api-key: k\r\n",
            messages("\"max_tokens\":900")),
    GEMINI(
            "/v1beta/models/m:streamGenerateContent?alt=sse",
            "/v1beta/models/m:generateContent",
            "x-goog-api-key: k\r\n",
            "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"how late are you\"}]}]}"),
    BEDROCK_CONVERSE(
            "/model/m%3A1/converse-stream",
            "/model/m%3A1/converse",
            "Authorization: AWS4-HMAC-SHA256 Credential=a, Signature=b\r\n",
            "{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"how late are you\"}]}]}"),
    BEDROCK_INVOKE(
            "/model/m%3A1/invoke-with-response-stream",
            "/model/m%3A1/invoke",
            "",
            "{\"anthropic_version\":\"bedrock-2023-05-31\",\"max_tokens\":900,"
                    + "\"messages\":[{\"role\":\"user\",\"content\":\"how late are you\"}]}"),
    COHERE("/v2/chat", "/v2/chat", "", messages("\"p\":0.9")),
    OLLAMA("/api/chat", "/api/chat", "", messages("\"options\":{\"num_predict\":900}"));

    static final JsonMapper JSON = new JsonMapper();

    final String streamPath;
    final String wholePath;
    final String headers;
    final String body;

    AskedDialect(String streamPath, String wholePath, String headers, String body) {
        this.streamPath = streamPath;
        this.wholePath = wholePath;
        this.headers = headers;
        this.body = body;
    }

    private static String messages(String member) {
        return "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"how late are you\"}],\"stream\":%s,"
                + member + "}";
    }

    String label() {
        return Dialect.valueOf(name()).label();
    }

    RawHttp1.Response stream(RunningProvider server, String simulate) throws IOException {
        return ask(server, streamPath, simulate, body.formatted("true"));
    }

    RawHttp1.Response whole(RunningProvider server, String simulate) throws IOException {
        return ask(server, wholePath, simulate, body.formatted("false"));
    }

    RawHttp1.Response ask(RunningProvider server, String path, String simulate, String json) throws IOException {
        try (RawHttp1 client = server.http1()) {
            String settings = simulate.isEmpty() ? "" : "X-Simulate: " + simulate + "\r\n";
            client.write(RawHttp1.post(headers + settings, json).replace("/v1/chat/completions", path));
            return client.readResponse();
        }
    }

    /// A message of an event stream, checksums verified.
    record Frame(Map<String, String> headers, String payload) {
        String type() {
            return headers.getOrDefault(":event-type", "");
        }
    }

    static List<Frame> frames(byte[] body) {
        List<Frame> frames = new ArrayList<>();
        ByteBuffer in = ByteBuffer.wrap(body);
        while (in.hasRemaining()) {
            int start = in.position();
            int length = in.getInt();
            int headersLength = in.getInt();
            check(body, start, 8, in.getInt());
            Map<String, String> headers = new LinkedHashMap<>();
            int headersEnd = in.position() + headersLength;
            while (in.position() < headersEnd) {
                String name = text(in, in.get());
                if (in.get() != 7) {
                    throw new AssertionError("a header that is no string: " + name);
                }
                headers.put(name, text(in, in.getShort()));
            }
            String payload = text(in, start + length - 4 - in.position());
            check(body, start, length - 4, in.getInt());
            frames.add(new Frame(headers, payload));
        }
        return frames;
    }

    private static String text(ByteBuffer in, int length) {
        byte[] bytes = new byte[length];
        in.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static void check(byte[] body, int from, int length, int expected) {
        CRC32 crc = new CRC32();
        crc.update(body, from, length);
        if ((int) crc.getValue() != expected) {
            throw new AssertionError("wrong checksum at " + from);
        }
    }

    /// The JSON documents of a stream, in order.
    List<JsonNode> documents(RawHttp1.Response response) {
        List<JsonNode> documents = new ArrayList<>();
        if (this == BEDROCK_CONVERSE || this == BEDROCK_INVOKE) {
            for (Frame frame : frames(response.body())) {
                JsonNode payload = JSON.readTree(frame.payload());
                documents.add(this == BEDROCK_CONVERSE ? payload : inner(payload));
            }
            return documents;
        }
        for (String line : response.text().split("\r?\n")) {
            String json = line.startsWith("data: ") ? line.substring(6) : line;
            if (json.startsWith("{")) {
                documents.add(JSON.readTree(json));
            }
        }
        return documents;
    }

    static JsonNode inner(JsonNode payload) {
        byte[] bytes = java.util.Base64.getDecoder().decode(payload.get("bytes").asString());
        return JSON.readTree(bytes);
    }

    /// Where a document has visible text.
    String textPointer() {
        return switch (this) {
            case OPENAI_CHAT, AZURE_OPENAI, MISTRAL -> "/choices/0/delta/content";
            case META_LLAMA -> "/event/delta/text";
            case OPENAI_RESPONSES -> "/delta";
            case ANTHROPIC, BEDROCK_INVOKE, BEDROCK_CONVERSE -> "/delta/text";
            case GEMINI -> "/candidates/0/content/parts/0/text";
            case COHERE -> "/delta/message/content/text";
            case OLLAMA -> "/message/content";
        };
    }

    /// The visible text of a stream without reasoning or tool calls.
    String text(RawHttp1.Response response) {
        StringBuilder text = new StringBuilder();
        for (JsonNode document : documents(response)) {
            JsonNode piece = document.at(textPointer());
            text.append(piece.isString() ? piece.stringValue() : "");
        }
        return text.toString();
    }

    /// The normalised counts of the last usage: input with and without cache, output, reasoning.
    JsonNode lastWith(RawHttp1.Response response, String pointer) {
        List<JsonNode> documents = documents(response);
        for (int i = documents.size() - 1; i >= 0; i--) {
            JsonNode found = documents.get(i).at(pointer);
            if (!found.isMissingNode() && !found.isNull()) {
                return found;
            }
        }
        throw new AssertionError("no " + pointer + " in " + response.text());
    }
}
