package dev.latencylens.simulated;

/// A stretch of one kind of output: the reasoning, the text, or one tool call.
///
/// `order` counts all segments of an answer, `call` the tool calls among them; both from 0.
record Segment(ChunkKind kind, int tokens, int order, int call) {
    boolean isTool() {
        return kind == ChunkKind.TOOL;
    }

    boolean isReasoning() {
        return kind == ChunkKind.REASONING;
    }

    boolean isText() {
        return kind == ChunkKind.TEXT;
    }
}
