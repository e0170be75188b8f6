package dev.latencylens.simulated;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/// What a path says of a request: its dialect and, in some dialects, the model and whether to stream.
///
/// `model` is empty where the body names it.
record Route(Dialect dialect, String model, Form form) {
    static final Route CHAT = new Route(Dialect.OPENAI_CHAT, "", Form.AS_ASKED);

    /// Whether the answer is streamed.
    enum Form {
        /// As the body's `stream` says.
        AS_ASKED,
        STREAM,
        /// Gemini without `alt=sse`: one JSON array, sent in pieces.
        ARRAY,
        WHOLE
    }

    /// The route of a path, or null. OpenAI's own path is shared by other dialects: `shared` says which.
    static @Nullable Route of(String path, String query, Dialect shared) {
        return switch (path) {
            case "/v1/chat/completions", "/chat/completions" ->
                shared == Dialect.OPENAI_CHAT ? CHAT : new Route(shared, "", Form.AS_ASKED);
            case "/openai/v1/chat/completions" -> new Route(Dialect.AZURE_OPENAI, "", Form.AS_ASKED);
            case "/mistral/v1/chat/completions" -> new Route(Dialect.MISTRAL, "", Form.AS_ASKED);
            case "/llama/v1/chat/completions" -> new Route(Dialect.META_LLAMA, "", Form.AS_ASKED);
            case "/v1/responses", "/responses", "/openai/v1/responses" ->
                new Route(Dialect.OPENAI_RESPONSES, "", Form.AS_ASKED);
            case "/v1/messages", "/anthropic/v1/messages" -> new Route(Dialect.ANTHROPIC, "", Form.AS_ASKED);
            case "/v2/chat", "/cohere/v2/chat" -> new Route(Dialect.COHERE, "", Form.AS_ASKED);
            case "/api/chat", "/ollama/api/chat" -> new Route(Dialect.OLLAMA, "", Form.AS_ASKED);
            default -> withModel(path, query);
        };
    }

    private static @Nullable Route withModel(String path, String query) {
        String deployments = "/openai/deployments/";
        String completions = "/chat/completions";
        if (path.startsWith(deployments) && path.endsWith(completions)) {
            String name = path.substring(deployments.length(), path.length() - completions.length());
            return new Route(Dialect.AZURE_OPENAI, decoded(name), Form.AS_ASKED);
        }
        if (path.startsWith("/model/")) {
            int slash = path.lastIndexOf('/');
            return slash <= 7 ? null : bedrock(decoded(path.substring(7, slash)), path.substring(slash + 1));
        }
        int models = path.lastIndexOf("/models/");
        int colon = path.lastIndexOf(':');
        return models < 0 || colon < models + 8
                ? null
                : gemini(decoded(path.substring(models + 8, colon)), path.substring(colon + 1), query);
    }

    private static @Nullable Route bedrock(String model, String operation) {
        return switch (operation) {
            case "converse-stream" -> new Route(Dialect.BEDROCK_CONVERSE, model, Form.STREAM);
            case "converse" -> new Route(Dialect.BEDROCK_CONVERSE, model, Form.WHOLE);
            case "invoke-with-response-stream" -> new Route(Dialect.BEDROCK_INVOKE, model, Form.STREAM);
            case "invoke" -> new Route(Dialect.BEDROCK_INVOKE, model, Form.WHOLE);
            default -> null;
        };
    }

    private static @Nullable Route gemini(String model, String method, String query) {
        return switch (method) {
            case "streamGenerateContent" ->
                new Route(Dialect.GEMINI, model, "sse".equals(parameter(query, "alt")) ? Form.STREAM : Form.ARRAY);
            case "generateContent" -> new Route(Dialect.GEMINI, model, Form.WHOLE);
            default -> null;
        };
    }

    /// The value of a query parameter, or null.
    static @Nullable String parameter(String query, String name) {
        for (String pair : query.split("&", -1)) {
            if (pair.startsWith(name) && pair.length() > name.length() && pair.charAt(name.length()) == '=') {
                return decoded(pair.substring(name.length() + 1));
            }
        }
        return null;
    }

    private static String decoded(String text) {
        return text.indexOf('%') < 0 ? text : URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
    }
}
