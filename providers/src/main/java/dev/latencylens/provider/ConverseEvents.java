package dev.latencylens.provider;

import static dev.latencylens.exchange.ChunkKind.REASONING;
import static dev.latencylens.exchange.ChunkKind.TEXT;
import static dev.latencylens.exchange.ChunkKind.TOOL;

import tools.jackson.databind.JsonNode;

/// What the documents of Bedrock's Converse mean, and those of Amazon's Nova models, which have the same shape.
final class ConverseEvents {
    private static final double NS_PER_MS = 1e6;

    private final JsonAnswer answer;

    /// @param answer is told what they mean
    ConverseEvents(JsonAnswer answer) {
        this.answer = answer;
    }

    /// One event of a stream; `metadata` is the last.
    void event(String type, JsonNode json) {
        switch (type) {
            case "contentBlockStart" -> start(json.path("start").path("toolUse"));
            case "contentBlockDelta" -> delta(json.path("delta"));
            case "messageStop" -> answer.finish(0, json.path("stopReason"));
            case "metadata" -> {
                account(json);
                answer.end();
            }
            default -> {}
        }
    }

    /// An answer that came whole.
    void whole(JsonNode json) {
        for (JsonNode block :
                json.path("output").path("message").path("content").values()) {
            answer.output(TEXT, 0, block.path("text"));
            answer.output(
                    REASONING,
                    0,
                    block.path("reasoningContent").path("reasoningText").path("text"));
            start(block.path("toolUse"));
            answer.arguments(0, block.path("toolUse").path("input"));
        }
        answer.finish(0, json.path("stopReason"));
        account(json);
        answer.terminate();
    }

    private void start(JsonNode toolUse) {
        if (toolUse.isObject()) {
            answer.beginToolCall(0, toolUse.path("name"));
        }
    }

    private void delta(JsonNode delta) {
        answer.output(TEXT, 0, delta.path("text"));
        answer.output(REASONING, 0, delta.path("reasoningContent").path("text"));
        answer.output(TOOL, 0, delta.path("toolUse").path("input"));
    }

    private void account(JsonNode json) {
        answer.keepUsage(json.path("usage"));
        answer.timing("latencyMs", json.path("metrics").path("latencyMs"), NS_PER_MS);
    }
}
