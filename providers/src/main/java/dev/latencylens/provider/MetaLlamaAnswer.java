package dev.latencylens.provider;

import static dev.latencylens.exchange.ChunkKind.REASONING;
import static dev.latencylens.exchange.ChunkKind.TEXT;
import static dev.latencylens.exchange.ChunkKind.TOOL;

import dev.latencylens.exchange.Usage;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// An answer in the dialect of Meta's Llama API.
///
/// It is whole with the event `complete`; its usage follows in the event `metrics`, a list of names and values.
final class MetaLlamaAnswer extends JsonAnswer {
    private static final JsonMapper JSON = JsonMapper.shared();

    /// The id of the call last begun, empty where it had none.
    private String call = "";

    MetaLlamaAnswer(ErrorReader errors) {
        super(errors);
    }

    @Override
    void document(String type, JsonNode json) {
        if (json.hasNonNull("error")) {
            fail(json);
        } else if (json.path("event").isObject()) {
            event(json.path("event"));
        } else if (json.path("completion_message").isObject()) {
            whole(json.path("completion_message"));
            metrics(json.path("metrics"));
            terminate();
        }
    }

    private void event(JsonNode event) {
        delta(event.path("delta"));
        finish(0, event.path("stop_reason"));
        metrics(event.path("metrics"));
        switch (event.path("event_type").asString("")) {
            case "complete", "metrics" -> end();
            default -> {}
        }
    }

    private void delta(JsonNode delta) {
        switch (delta.path("type").asString("text")) {
            case "text" -> output(TEXT, 0, delta.path("text"));
            case "reasoning" -> output(REASONING, 0, delta.path("text"));
            case "tool_call" -> toolCall(delta);
            default -> {}
        }
    }

    /// A call begins with its name; a server may repeat that under the same id.
    private void toolCall(JsonNode fragment) {
        JsonNode function = fragment.path("function");
        String id = fragment.path("id").asString("");
        boolean repeated = !id.isEmpty() && id.equals(call);
        if (!function.path("name").asString("").isEmpty() && !repeated) {
            call = id;
            beginToolCall(0, function.path("name"));
        }
        output(TOOL, 0, function.path("arguments"));
    }

    private void whole(JsonNode message) {
        JsonNode content = message.path("content");
        output(TEXT, 0, content.isString() ? content : content.path("text"));
        message.path("tool_calls").values().forEach(this::toolCall);
        finish(0, message.path("stop_reason"));
    }

    private void metrics(JsonNode metrics) {
        if (metrics.isArray()) {
            keepUsage(JSON.createObjectNode().set("metrics", metrics));
        }
    }

    @Override
    Usage usage(JsonNode raw) {
        JsonNode metrics = raw.path("metrics");
        return new Usage(
                metric(metrics, "num_prompt_tokens"),
                null,
                null,
                metric(metrics, "num_completion_tokens"),
                null,
                raw.toString());
    }

    private static @Nullable Long metric(JsonNode metrics, String name) {
        for (JsonNode metric : metrics.values()) {
            if (metric.path("metric").asString("").equals(name)) {
                return count(metric.path("value"));
            }
        }
        return null;
    }
}
