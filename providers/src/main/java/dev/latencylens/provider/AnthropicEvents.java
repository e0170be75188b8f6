package dev.latencylens.provider;

import static dev.latencylens.exchange.ChunkKind.REASONING;
import static dev.latencylens.exchange.ChunkKind.TEXT;
import static dev.latencylens.exchange.ChunkKind.TOOL;

import dev.latencylens.exchange.Usage;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What the documents of Anthropic's Messages dialect mean, whether Anthropic sends them or Bedrock.
///
/// Usage comes in pieces: `message_start` has some counts, and later ones replace those of the same name.
/// `input_tokens` leaves out what was read from or written to a cache, `output_tokens` includes thinking.
final class AnthropicEvents {
    private final JsonAnswer answer;

    /// @param answer is told what they mean
    AnthropicEvents(JsonAnswer answer) {
        this.answer = answer;
    }

    /// One event, or the one document of an answer that came whole.
    void document(JsonNode json) {
        switch (json.path("type").asString("")) {
            case "message_start" -> mergeUsage(json.path("message").path("usage"));
            case "content_block_start" -> block(json.path("content_block"));
            case "content_block_delta" -> delta(json.path("delta"));
            case "message_delta" -> {
                answer.finish(0, json.path("delta").path("stop_reason"));
                mergeUsage(json.path("usage"));
            }
            case "message_stop" -> answer.terminate();
            case "error" -> answer.fail(json);
            case "message" -> whole(json);
            case "" -> {
                if (json.hasNonNull("error")) {
                    answer.fail(json);
                }
            }
            default -> {}
        }
    }

    private void whole(JsonNode message) {
        for (JsonNode block : message.path("content").values()) {
            block(block);
        }
        answer.finish(0, message.path("stop_reason"));
        mergeUsage(message.path("usage"));
        answer.terminate();
    }

    /// A block begins, empty in a stream and filled in a message that came whole. Calls of tools that the server
    /// runs itself are output, because the model wrote them, but no calls for the client to make.
    private void block(JsonNode block) {
        switch (block.path("type").asString("")) {
            case "text" -> answer.output(TEXT, 0, block.path("text"));
            case "thinking" -> answer.output(REASONING, 0, block.path("thinking"));
            case "tool_use" -> {
                answer.beginToolCall(0, block.path("name"));
                input(block.path("input"));
            }
            case "server_tool_use", "mcp_tool_use" -> {
                answer.output(TOOL, 0, block.path("name"));
                input(block.path("input"));
            }
            default -> {}
        }
    }

    private void input(JsonNode input) {
        if (!input.isEmpty()) {
            answer.arguments(0, input);
        }
    }

    private void delta(JsonNode delta) {
        switch (delta.path("type").asString("")) {
            case "text_delta" -> answer.output(TEXT, 0, delta.path("text"));
            case "thinking_delta" -> answer.output(REASONING, 0, delta.path("thinking"));
            case "input_json_delta" -> answer.output(TOOL, 0, delta.path("partial_json"));
            default -> {}
        }
    }

    private void mergeUsage(JsonNode later) {
        if (!(later instanceof ObjectNode pieces)) {
            return;
        }
        if (answer.keptUsage() instanceof ObjectNode before) {
            pieces.forEachEntry((name, value) -> {
                if (!value.isNull()) {
                    before.set(name, value);
                }
            });
        } else {
            answer.keepUsage(pieces);
        }
    }

    static Usage usage(JsonNode raw) {
        Long input = JsonAnswer.count(raw.path("input_tokens"));
        Long read = JsonAnswer.count(raw.path("cache_read_input_tokens"));
        Long written = JsonAnswer.count(raw.path("cache_creation_input_tokens"));
        Long output = JsonAnswer.count(raw.path("output_tokens"));
        @Nullable
        Long thinking = JsonAnswer.count(raw.path("output_tokens_details").path("thinking_tokens"));
        return new Usage(
                JsonAnswer.sum(input, read, written),
                read,
                written,
                JsonAnswer.count(raw.path("cache_creation").path("ephemeral_1h_input_tokens")),
                output,
                thinking,
                new Usage.Reported(input, output, read, written, thinking),
                raw.toString());
    }
}
