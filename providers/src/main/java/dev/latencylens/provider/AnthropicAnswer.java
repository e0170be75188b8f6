package dev.latencylens.provider;

import static dev.latencylens.exchange.ChunkKind.REASONING;
import static dev.latencylens.exchange.ChunkKind.TEXT;
import static dev.latencylens.exchange.ChunkKind.TOOL;

import dev.latencylens.exchange.Usage;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// An answer in Anthropic's Messages dialect.
///
/// Usage comes in pieces: `message_start` has some counts, and later ones take the place of those of the same
/// name.
/// `input_tokens` leaves out what was read from or written to a cache, `output_tokens` includes thinking.
final class AnthropicAnswer extends JsonAnswer {
    AnthropicAnswer(ErrorReader errors) {
        super(errors);
    }

    @Override
    void document(String type, JsonNode json) {
        switch (json.path("type").asString("")) {
            case "message_start" -> mergeUsage(json.path("message").path("usage"));
            case "content_block_start" -> block(json.path("content_block"));
            case "content_block_delta" -> delta(json.path("delta"));
            case "message_delta" -> {
                finish(json.path("delta").path("stop_reason"));
                mergeUsage(json.path("usage"));
            }
            case "message_stop" -> terminate();
            case "error" -> fail(json);
            case "message" -> whole(json);
            default -> {}
        }
    }

    private void whole(JsonNode message) {
        for (JsonNode block : message.path("content").values()) {
            block(block);
        }
        finish(message.path("stop_reason"));
        mergeUsage(message.path("usage"));
        terminate();
    }

    /// A block begins, empty in a stream and filled in a message that came whole.
    private void block(JsonNode block) {
        String kind = block.path("type").asString("");
        if (kind.equals("tool_use")) {
            beginToolCall(0, block.path("name"));
            if (!block.path("input").isEmpty()) {
                arguments(0, block.path("input"));
            }
        } else {
            output(TEXT, 0, block.path("text"));
            output(REASONING, 0, block.path("thinking"));
        }
    }

    private void delta(JsonNode delta) {
        output(TEXT, 0, delta.path("text"));
        output(REASONING, 0, delta.path("thinking"));
        output(TOOL, 0, delta.path("partial_json"));
    }

    private void mergeUsage(JsonNode later) {
        if (!(later instanceof ObjectNode pieces)) {
            return;
        }
        if (keptUsage() instanceof ObjectNode before) {
            pieces.forEachEntry((name, value) -> {
                if (!value.isNull()) {
                    before.set(name, value);
                }
            });
        } else {
            keepUsage(pieces);
        }
    }

    @Override
    Usage usage(JsonNode raw) {
        Long input = count(raw.path("input_tokens"));
        Long read = count(raw.path("cache_read_input_tokens"));
        Long written = count(raw.path("cache_creation_input_tokens"));
        Long output = count(raw.path("output_tokens"));
        @Nullable Long thinking = count(raw.path("output_tokens_details").path("thinking_tokens"));
        return new Usage(
                sum(input, read, written),
                read,
                written,
                count(raw.path("cache_creation").path("ephemeral_1h_input_tokens")),
                output,
                thinking,
                new Usage.Reported(input, output, read, written, thinking),
                raw.toString());
    }
}
