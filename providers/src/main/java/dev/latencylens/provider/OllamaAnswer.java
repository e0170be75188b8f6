package dev.latencylens.provider;

import static dev.latencylens.exchange.ChunkKind.REASONING;
import static dev.latencylens.exchange.ChunkKind.TEXT;
import static dev.latencylens.exchange.ChunkKind.TOOL;

import dev.latencylens.exchange.Usage;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// An answer in Ollama's own dialect, of `/api/chat` or `/api/generate`.
///
/// The document with `done` ends it and has counts and times, the latter in nanoseconds. A prompt that was in the
/// cache as a whole is not counted.
final class OllamaAnswer extends JsonAnswer {
    private static final JsonMapper JSON = JsonMapper.shared();

    OllamaAnswer(ErrorReader errors) {
        super(errors);
    }

    @Override
    void document(String type, JsonNode json) {
        if (json.hasNonNull("error")) {
            fail(json);
        }
        JsonNode message = json.path("message");
        output(REASONING, 0, message.path("thinking"));
        output(TEXT, 0, message.path("content"));
        message.path("tool_calls").values().forEach(this::toolCall);
        output(REASONING, 0, json.path("thinking"));
        output(TEXT, 0, json.path("response"));
        if (json.path("done").asBoolean(false)) {
            finish(0, json.path("done_reason"));
            figures(json);
            terminate();
        }
    }

    /// Arguments are an object here, and some versions have had text.
    private void toolCall(JsonNode call) {
        JsonNode function = call.path("function");
        JsonNode arguments = function.path("arguments");
        beginToolCall(0, function.path("name"));
        if (arguments.isString()) {
            output(TOOL, 0, arguments);
        } else if (!arguments.isEmpty()) {
            arguments(0, arguments);
        }
    }

    /// The last document's numbers alone, for it may hold text as well, and the tokens of the whole conversation.
    private void figures(JsonNode json) {
        ObjectNode figures = JSON.createObjectNode();
        if (json instanceof ObjectNode members) {
            members.forEachEntry((name, value) -> {
                if (name.endsWith("_duration")) {
                    timing(name, value, 1);
                }
                if (name.endsWith("_duration") || name.endsWith("_count")) {
                    figures.set(name, value);
                }
            });
        }
        if (!figures.isEmpty()) {
            keepUsage(figures);
        }
    }

    @Override
    Usage usage(JsonNode raw) {
        return new Usage(
                count(raw.path("prompt_eval_count")), null, null, count(raw.path("eval_count")), null, raw.toString());
    }
}
