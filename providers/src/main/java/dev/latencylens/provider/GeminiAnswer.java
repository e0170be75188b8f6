package dev.latencylens.provider;

import static dev.latencylens.exchange.ChunkKind.REASONING;
import static dev.latencylens.exchange.ChunkKind.TEXT;
import static dev.latencylens.exchange.ChunkKind.TOOL;

import dev.latencylens.exchange.Usage;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// An answer in Gemini's dialect, whose every document has the shape of a whole answer.
///
/// No terminator follows the reason for finishing, and a prompt that was blocked has no such reason. Usage is that
/// of the answer so far: the last counts. Its output leaves out what was reasoning, and its input includes what
/// was cached but not what the server's own tools put into the prompt.
final class GeminiAnswer extends JsonAnswer {
    private static final List<String> COUNTS =
            List.of("promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount", "totalTokenCount");

    GeminiAnswer(ErrorReader errors) {
        super(errors);
    }

    @Override
    void document(String type, JsonNode json) {
        if (json.hasNonNull("error")) {
            fail(json);
        }
        for (JsonNode candidate : json.path("candidates").values()) {
            candidate(candidate);
        }
        if (json.path("promptFeedback").hasNonNull("blockReason")) {
            end();
        }
        JsonNode usage = json.path("usageMetadata");
        if (COUNTS.stream().anyMatch(usage::has)) {
            keepUsage(usage);
        }
    }

    @Override
    void wholeBodyRead() {
        terminate();
    }

    private void candidate(JsonNode candidate) {
        int index = Math.max(0, candidate.path("index").asInt(0));
        for (JsonNode part : candidate.path("content").path("parts").values()) {
            part(index, part);
        }
        JsonNode reason = candidate.path("finishReason");
        if (reason.isString()) {
            finish(index, reason);
            end();
        }
    }

    private void part(int index, JsonNode part) {
        boolean thought = part.path("thought").asBoolean(false);
        output(thought ? REASONING : TEXT, index, part.path("text"));
        output(TOOL, index, part.path("executableCode").path("code"));
        if (part.path("functionCall").isObject()) {
            functionCall(index, part.path("functionCall"));
        }
    }

    /// A call comes whole in one part; Vertex can stream it, its name in the first part, its arguments in pieces
    /// in later ones, and an empty object as the last.
    private void functionCall(int index, JsonNode call) {
        if (call.path("name").isString()) {
            beginToolCall(index, call.path("name"));
        }
        if (!call.path("args").isEmpty()) {
            arguments(index, call.path("args"));
        }
        for (JsonNode piece : call.path("partialArgs").values()) {
            output(TOOL, index, piece.path("stringValue"));
            arguments(index, piece.path("numberValue"));
            arguments(index, piece.path("boolValue"));
        }
    }

    @Override
    Usage usage(JsonNode raw) {
        Long input = count(raw.path("promptTokenCount"));
        Long cached = count(raw.path("cachedContentTokenCount"));
        Long output = count(raw.path("candidatesTokenCount"));
        @Nullable Long thoughts = count(raw.path("thoughtsTokenCount"));
        return new Usage(
                sum(input, count(raw.path("toolUsePromptTokenCount"))),
                cached,
                null,
                null,
                sum(output, thoughts),
                thoughts,
                new Usage.Reported(input, output, cached, null, thoughts),
                raw.toString());
    }
}
