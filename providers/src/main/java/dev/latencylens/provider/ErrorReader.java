package dev.latencylens.provider;

import dev.latencylens.exchange.ProviderError;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Reads a provider's error, whatever the shape in which it comes, and keeps keys out of what it says.
///
/// Knows OpenAI's `{"error":{"message","type","code"}}`, TGI's `{"error":"..","error_type":".."}`, vLLM's flat
/// `{"object":"error","message","type","code"}`, FastAPI's `detail`, which Mistral puts into a `message`, AWS's
/// `{"message"}` (or `Message`) with the `originalMessage` of a model, and text or HTML, of which it takes the
/// first line. Gemini's `{"error":{"code":429,"message","status":"RESOURCE_EXHAUSTED","details":[..]}}` has a word
/// beside its number, and says among the details when to come again; Anthropic's `details` may hold an
/// `error_code` that says more than its type.
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

    /// The error in a body whose code came beside it; without that, the code is the body's own.
    ProviderError read(String code, byte[] bytes, int from, int to) {
        ProviderError error = read(bytes, from, to);
        return code.isEmpty() ? error : error(code, error.message(), error.retryAfter());
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
        String upstream = error.path("metadata")
                .path("raw")
                .asString(error.path("originalMessage").asString(""));
        return error(code(error), upstream.isEmpty() ? message : message + ": " + upstream, retryDelay(error));
    }

    /// Of a `google.rpc.RetryInfo` among the details.
    private static @Nullable Duration retryDelay(JsonNode error) {
        for (JsonNode detail : error.path("details").values()) {
            if (detail.path("@type").asString("").endsWith("google.rpc.RetryInfo")) {
                return RetryAdvice.length(detail.path("retryDelay").asString(""))
                        .orElse(null);
            }
        }
        return null;
    }

    /// The word among the details, else the code where it is a word, else the type, else the status that a number
    /// stands for, else the number.
    private static String code(JsonNode error) {
        String detailed = error.path("details").path("error_code").asString("");
        if (!detailed.isEmpty()) {
            return detailed;
        }
        String code = error.path("code").asString("");
        boolean word = !code.isEmpty() && !code.chars().allMatch(c -> c >= '0' && c <= '9');
        String type = error.path("type").asString("");
        String status = error.path("status").isString() ? error.path("status").stringValue() : "";
        String named = type.isEmpty() && !code.isEmpty() ? status : type;
        return word || named.isEmpty() ? code : named;
    }

    private static String message(JsonNode error) {
        for (String field : List.of("message", "Message", "msg", "detail")) {
            JsonNode value = error.path(field);
            if (value.isString()) {
                return value.stringValue();
            }
            if (value.isArray() && value.path(0).has("msg")) {
                return fieldError(value.path(0));
            }
            if (value.isObject()) {
                return message(value);
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

    /// Of a code and a message that came apart from each other.
    ProviderError error(String code, String message) {
        return error(code, message, null);
    }

    private ProviderError error(String code, String message, @Nullable Duration retryAfter) {
        return new ProviderError(
                firstOf(redact(firstOf(code, MAX_CHARACTERS)), MAX_CODE_CHARACTERS),
                redact(firstOf(message, MAX_CHARACTERS)),
                retryAfter);
    }

    private static String firstOf(String text, int length) {
        return text.length() <= length ? text : text.substring(0, length);
    }
}
