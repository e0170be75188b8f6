package dev.latencylens.simulated;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/// What one answer holds, whichever dialect writes it: decided once, when the request has been read.
///
/// @param cachedTokens prompt tokens read from the cache
/// @param cacheWriteTokens prompt tokens written to it
/// @param ttftFactor what the time to first token is multiplied with, 1 unless the cache was hit
/// @param done whether the dialect's last word is said
/// @param truth the record of the exchange, for what the server tells of its own times
record Plan(
        Route route,
        ChatRequest request,
        Behaviour behaviour,
        AnswerShape shape,
        List<Segment> segments,
        long number,
        long createdSeconds,
        int cachedTokens,
        int cacheWriteTokens,
        double ttftFactor,
        boolean done,
        Truth truth) {

    static List<Segment> segments(Behaviour behaviour, AnswerShape shape, boolean stream) {
        List<Segment> segments = new ArrayList<>(3);
        if (!behaviour.hidesReasoning() && shape.reasoning() > 0) {
            segments.add(new Segment(ChunkKind.REASONING, shape.reasoning(), 0, 0));
        }
        if (shape.visible() > 0 || !stream) {
            ChunkKind kind = behaviour.toolCall ? ChunkKind.TOOL : ChunkKind.TEXT;
            segments.add(new Segment(kind, shape.visible(), segments.size(), 0));
        }
        for (int call = 0; call < shape.toolCalls(); call++) {
            segments.add(new Segment(ChunkKind.TOOL, shape.toolTokens(), segments.size(), call));
        }
        return List.copyOf(segments);
    }

    int choices() {
        return request.choices();
    }

    int promptTokens() {
        return request.promptTokens();
    }

    /// Tokens of all choices, reasoning included.
    int completionTokens() {
        return shape.total() * choices();
    }

    int reasoningTokens() {
        return shape.reasoning() * choices();
    }

    boolean isLast(Segment segment) {
        return segment.order() == segments.size() - 1;
    }

    /// The request's number in twelve hexadecimal digits, for ids.
    String hex() {
        return HexFormat.of().toHexDigits(number, 12);
    }

    /// The model's name, to stand between quotes.
    String quotedModel() {
        return Json.quoted(request.model());
    }

    boolean hasUsage() {
        return switch (behaviour.usage) {
            case ALWAYS -> true;
            case ASKED ->
                request.includeUsage()
                        || (route.dialect() != Dialect.OPENAI_CHAT && route.dialect() != Dialect.AZURE_OPENAI);
            case NEVER -> false;
        };
    }

    /// Whether the events carry letters that mean nothing.
    boolean pads() {
        return behaviour.padding && request.obfuscate();
    }

    /// Nanoseconds from the request to now.
    long elapsedNs() {
        return TrueClock.nowNs() - truth.requestReadAtNs;
    }

    /// Nanoseconds from the request to the write with the first output, or to now if that is still to leave.
    long firstOutputNs() {
        long atNs = truth.firstOutputAtNs();
        return atNs < 0 ? elapsedNs() : atNs - truth.requestReadAtNs;
    }
}
