package dev.latencylens.provider;

import static dev.latencylens.exchange.ChunkKind.REASONING;
import static dev.latencylens.exchange.ChunkKind.TEXT;
import static dev.latencylens.exchange.ChunkKind.TOOL;

import dev.latencylens.exchange.Usage;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// An answer in Cohere's dialect, of version 2 or, as lines, of version 1.
///
/// It is whole with `message-end` (`stream-end`), whether or not a `[DONE]` follows. A plan for tool calls is a
/// part of them: the model makes it, token by token, before the first call. Of the two counts in usage the
/// processed tokens count, of which `cached_tokens` is a part; the billed ones, often far fewer, are what is paid
/// for.
final class CohereAnswer extends JsonAnswer {
    CohereAnswer(ErrorReader errors) {
        super(errors);
    }

    @Override
    void document(String type, JsonNode json) {
        JsonNode delta = json.path("delta");
        JsonNode message = delta.path("message");
        switch (json.path("type").asString(json.path("event_type").asString(""))) {
            case "content-start", "content-delta" -> content(message.path("content"));
            case "tool-plan-delta" -> output(TOOL, 0, message.path("tool_plan"));
            case "tool-call-start" -> toolCall(message.path("tool_calls"));
            case "tool-call-delta" -> arguments(message.path("tool_calls"));
            case "message-end" -> last(delta, delta.path("usage"));
            case "text-generation" -> output(TEXT, 0, json.path("text"));
            case "stream-end" -> last(json, json.path("response").path("meta"));
            case "" -> untyped(json);
            default -> {}
        }
    }

    /// An answer that came whole, or an error in the middle of a stream.
    private void untyped(JsonNode json) {
        JsonNode message = json.path("message");
        if (message.isString()) {
            fail(json);
        } else if (message.isObject()) {
            output(TOOL, 0, message.path("tool_plan"));
            message.path("content").values().forEach(this::content);
            message.path("tool_calls").values().forEach(this::toolCall);
            last(json, json.path("usage"));
            terminate();
        }
    }

    private void content(JsonNode content) {
        output(TEXT, 0, content.path("text"));
        output(REASONING, 0, content.path("thinking"));
    }

    private void toolCall(JsonNode call) {
        beginToolCall(0, call.path("function").path("name"));
        arguments(call);
    }

    private void arguments(JsonNode call) {
        output(TOOL, 0, call.path("function").path("arguments"));
    }

    private void last(JsonNode end, JsonNode usage) {
        String reason = end.path("finish_reason").asString("");
        String error = end.path("error").asString("");
        if (!error.isEmpty() || reason.startsWith("ERROR") || reason.equals("TIMEOUT")) {
            fail(errors.error(reason, error.isEmpty() ? "the answer ended with " + reason : error));
        }
        finish(0, end.path("finish_reason"));
        keepUsage(usage);
        end();
    }

    @Override
    Usage usage(JsonNode raw) {
        JsonNode processed = raw.path("tokens");
        Long input = count(processed.path("input_tokens"));
        Long output = count(processed.path("output_tokens"));
        Long cached = count(raw.path("cached_tokens"));
        return new Usage(
                input,
                cached,
                null,
                null,
                output,
                null,
                new Usage.Reported(input, output, cached, null, null),
                billed(raw.path("billed_units")),
                raw.toString());
    }

    private static Usage.@Nullable Billed billed(JsonNode units) {
        Long input = count(units.path("input_tokens"));
        Long output = count(units.path("output_tokens"));
        return input == null || output == null ? null : new Usage.Billed(input, output);
    }
}
