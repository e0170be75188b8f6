package dev.latencylens.provider;

import static dev.latencylens.exchange.ChunkKind.REASONING;
import static dev.latencylens.exchange.ChunkKind.REFUSAL;
import static dev.latencylens.exchange.ChunkKind.TEXT;
import static dev.latencylens.exchange.ChunkKind.TOOL;

import dev.latencylens.exchange.Usage;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// An answer in OpenAI's Responses dialect.
///
/// Each event has a type of its own; the last one tells how the response ended, and no terminator follows. Calls
/// of tools that the server runs itself are output, because the model wrote them, but no calls for the client to
/// make. Input includes what was cached, and output what was reasoning.
final class ResponsesAnswer extends JsonAnswer {
    /// Statuses that no other follows.
    private static final Set<String> ENDS = Set.of("completed", "incomplete", "failed", "cancelled");

    ResponsesAnswer(ErrorReader errors) {
        super(errors);
    }

    @Override
    void document(String type, JsonNode json) {
        JsonNode delta = json.path("delta");
        switch (json.path("type").asString("")) {
            case "response.output_text.delta" -> output(TEXT, 0, delta);
            case "response.reasoning_text.delta", "response.reasoning_summary_text.delta" ->
                output(REASONING, 0, delta);
            case "response.refusal.delta" -> output(REFUSAL, 0, delta);
            case "response.function_call_arguments.delta",
                    "response.custom_tool_call_input.delta",
                    "response.mcp_call_arguments.delta",
                    "response.code_interpreter_call_code.delta" -> output(TOOL, 0, delta);
            case "response.output_item.added" -> begin(json.path("item"));
            case "response.completed", "response.incomplete", "response.failed", "response.cancelled" ->
                ended(json.path("response"));
            case "error" -> fail(json);
            case "" -> untyped(json);
            default -> {}
        }
    }

    /// No event: a response that came whole, or an error.
    private void untyped(JsonNode json) {
        if (json.path("object").asString("").equals("response")) {
            for (JsonNode item : json.path("output").values()) {
                whole(item);
            }
            ended(json);
            terminate();
        } else if (json.hasNonNull("error")) {
            fail(json);
        }
    }

    /// An item begins. Of a tool call only its name is there yet.
    private void begin(JsonNode item) {
        switch (item.path("type").asString("")) {
            case "function_call", "custom_tool_call" -> beginToolCall(0, item.path("name"));
            case "mcp_call" -> output(TOOL, 0, item.path("name"));
            default -> {}
        }
    }

    private void whole(JsonNode item) {
        begin(item);
        switch (item.path("type").asString("")) {
            case "message" -> {
                for (JsonNode part : item.path("content").values()) {
                    output(TEXT, 0, part.path("text"));
                    output(REFUSAL, 0, part.path("refusal"));
                }
            }
            case "reasoning" -> {
                reasoning(item.path("summary"));
                reasoning(item.path("content"));
            }
            case "function_call", "mcp_call" -> output(TOOL, 0, item.path("arguments"));
            case "custom_tool_call" -> output(TOOL, 0, item.path("input"));
            case "code_interpreter_call" -> output(TOOL, 0, item.path("code"));
            default -> {}
        }
    }

    private void reasoning(JsonNode parts) {
        for (JsonNode part : parts.values()) {
            output(REASONING, 0, part.path("text"));
        }
    }

    /// The status is why it stopped, but for `incomplete`, which has a reason of its own.
    private void ended(JsonNode response) {
        JsonNode status = response.path("status");
        if (!ENDS.contains(status.asString(""))) {
            return;
        }
        JsonNode reason = response.path("incomplete_details").path("reason");
        finish(0, reason.isString() ? reason : status);
        keepUsage(response.path("usage"));
        if (response.hasNonNull("error")) {
            fail(response.path("error"));
        }
        end();
    }

    @Override
    Usage usage(JsonNode raw) {
        JsonNode input = raw.path("input_tokens_details");
        @Nullable Long reasoning = count(raw.path("output_tokens_details").path("reasoning_tokens"));
        return new Usage(
                count(raw.path("input_tokens")),
                count(input.path("cached_tokens")),
                count(input.path("cache_write_tokens")),
                count(raw.path("output_tokens")),
                reasoning,
                raw.toString());
    }
}
