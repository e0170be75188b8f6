package dev.latencylens.provider;

import dev.latencylens.exchange.ProviderError;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Reads a provider's error, whatever the shape in which it comes, and keeps keys out of what it says.
///
/// Knows OpenAI's `{"error":{"message","type","code"}}`, TGI's `{"error":"..","error_type":".."}`, vLLM's flat
/// `{"object":"error","message","type","code"}`, FastAPI's `detail`, and text or HTML, of which it takes the
/// first line. Gemini's `{"error":{"code":429,"message","status":"RESOURCE_EXHAUSTED"}}` has a word beside its
/// number.
final class ErrorReader {
    private static final JsonMapper JSON = JsonMapper.shared();

    /// More than the 300 characters that are kept, so that a key across that border is still found.
    private static final int MAX_CHARACTERS = 4_000;

    private static final int MAX_CODE_CHARACTERS = 100;

    private final List<Secret> secrets;

    ErrorReader(List<Secret> secrets) {
        this.secrets = List.copyOf(secrets);
    }

    ProviderError read(byte[] bytes, int from, int to) {
        String text = new String(bytes, from, to - from, StandardCharsets.UTF_8).strip();
        ProviderError inJson = readJson(text);
        if (inJson != null) {
            return inJson;
        }
        String firstLine = text.lines().findFirst().orElse("");
        return error("", firstLine.isEmpty() ? "(empty body)" : firstLine);
    }

    /// The error in a JSON text, null where there is none.
    @Nullable
    ProviderError readJson(String text) {
        JsonNode json;
        try {
            json = JSON.readTree(jsonOf(text));
        } catch (JacksonException notJson) {
            return null;
        }
        JsonNode whole = json.isArray() ? json.path(0) : json;
        JsonNode inner = whole.path("error");
        if (inner.isObject()) {
            return describe(inner);
        }
        if (inner.isString()) {
            return error(whole.path("error_type").asString(""), inner.stringValue());
        }
        if (whole.isString()) {
            return error("", whole.stringValue());
        }
        return whole.isObject() ? describe(whole) : null;
    }

    /// The text with every key in it replaced by `***`.
    String redact(String text) {
        String redacted = text;
        for (Secret secret : secrets) {
            redacted = redacted.replace(secret.reveal(), "***");
        }
        return redacted;
    }

    /// A body that is one event, or llama.cpp's `error:` line, without its field name.
    private static String jsonOf(String text) {
        for (String field : List.of("data:", "error:")) {
            if (text.startsWith(field)) {
                return text.substring(field.length());
            }
        }
        return text;
    }

    private ProviderError describe(JsonNode error) {
        String message = message(error);
        String upstream = error.path("metadata").path("raw").asString("");
        return error(code(error), upstream.isEmpty() ? message : message + ": " + upstream);
    }

    /// The code where it is a word, else the type, else the status that a number stands for, else the number.
    private static String code(JsonNode error) {
        String code = error.path("code").asString("");
        boolean word = !code.isEmpty() && !code.chars().allMatch(c -> c >= '0' && c <= '9');
        String type = error.path("type").asString("");
        String status = error.path("status").isString() ? error.path("status").stringValue() : "";
        String named = type.isEmpty() && !code.isEmpty() ? status : type;
        return word || named.isEmpty() ? code : named;
    }

    private static String message(JsonNode error) {
        for (String field : List.of("message", "msg", "detail")) {
            JsonNode value = error.path(field);
            if (value.isString()) {
                return value.stringValue();
            }
            if (value.isArray() && value.path(0).has("msg")) {
                return fieldError(value.path(0));
            }
        }
        return error.toString();
    }

    /// FastAPI's form of a field that is wrong, for example `body.model: Field required`.
    private static String fieldError(JsonNode detail) {
        String place =
                detail.path("loc").values().stream().map(JsonNode::asString).collect(Collectors.joining("."));
        String message = detail.path("msg").asString("");
        return place.isEmpty() ? message : place + ": " + message;
    }

    private ProviderError error(String code, String message) {
        return new ProviderError(
                firstOf(redact(firstOf(code, MAX_CHARACTERS)), MAX_CODE_CHARACTERS),
                redact(firstOf(message, MAX_CHARACTERS)));
    }

    private static String firstOf(String text, int length) {
        return text.length() <= length ? text : text.substring(0, length);
    }
}
