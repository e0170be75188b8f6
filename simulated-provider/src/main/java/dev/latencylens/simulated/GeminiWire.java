package dev.latencylens.simulated;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

/// Google's Gemini: server-sent events with CRLF, or one indented JSON array in pieces.
///
/// Every chunk carries the usage so far. There is no terminator but the end of the body, or the array's bracket.
final class GeminiWire extends Wire {
    private static final String FAILURE = """
        {
          "error": {
            "code": 503,
            "message": "The model is overloaded. Please try again later.",
            "status": "UNAVAILABLE"
          }
        }
        """;

    private final boolean array;
    private final ByteBuf compact = Unpooled.buffer(512);

    GeminiWire(Plan plan) {
        super(plan);
        this.array = plan.route().form() == Route.Form.ARRAY;
    }

    @Override
    String streamType() {
        return array ? "application/json; charset=UTF-8" : "text/event-stream";
    }

    @Override
    String wholeType() {
        return "application/json; charset=UTF-8";
    }

    @Override
    boolean hasComments() {
        return !array;
    }

    @Override
    boolean hasWholeToolCalls() {
        return true;
    }

    @Override
    int preludes() {
        return 0;
    }

    @Override
    int endings(Step step) {
        return step == Step.FINISH ? 1 : 0;
    }

    @Override
    void event(ByteBuf out, Moment at) {
        if (at.step == Step.COMMENT) {
            put(out, ": SIMULATED PROCESSING\r\n\r\n");
        } else if (array) {
            compact.clear();
            chunk(compact, at);
            put(out, at.events == 1 ? "[" : ",\r\n");
            Json.pretty(compact, out);
            put(out, at.step == Step.FINISH ? "\n]" : "\n");
        } else {
            put(out, "data: ");
            chunk(out, at);
            put(out, "\r\n\r\n");
        }
    }

    private void chunk(ByteBuf out, Moment at) {
        put(out, "{\"candidates\":[{\"content\":{\"parts\":[");
        if (at.step == Step.PIECE) {
            piece(out, at.segment(), at.firstToken, at.tokens);
        } else {
            put(out, "{\"text\":\"\"}");
        }
        put(out, "],\"role\":\"model\"}");
        boolean last = at.step == Step.FINISH;
        ending(out, last, at.reasoningSoFar, at.outputSoFar);
    }

    private static void piece(ByteBuf out, Segment segment, int firstToken, int tokens) {
        if (segment.isTool()) {
            put(out, "{\"functionCall\":{\"name\":\"look_up\",\"args\":");
            Json.arguments(out, segment.tokens());
            put(out, "}}");
            return;
        }
        put(out, "{\"text\":\"");
        Vocabulary.write(out, firstToken, tokens);
        put(out, segment.isReasoning() ? "\",\"thought\":true}" : "\"}");
    }

    /// Ends the candidate and the chunk. Thoughts are no candidate's tokens, and the total counts both.
    private void ending(ByteBuf out, boolean last, int thoughtsSoFar, int outputSoFar) {
        int thoughts = last ? plan.reasoningTokens() : thoughtsSoFar;
        int output = last ? plan.completionTokens() - plan.reasoningTokens() : outputSoFar;
        put(out, last ? ",\"finishReason\":\"" + finish("STOP", "MAX_TOKENS", "STOP") + "\"" : "");
        put(out, ",\"index\":0}]");
        if (plan.hasUsage()) {
            put(out, ",\"usageMetadata\":{\"promptTokenCount\":" + plan.promptTokens());
            put(out, plan.cachedTokens() > 0 ? ",\"cachedContentTokenCount\":" + plan.cachedTokens() : "");
            put(out, output > 0 ? ",\"candidatesTokenCount\":" + output : "");
            put(out, ",\"totalTokenCount\":" + (plan.promptTokens() + output + thoughts));
            put(out, ",\"promptTokensDetails\":[{\"modality\":\"TEXT\",\"tokenCount\":" + plan.promptTokens() + "}]");
            put(out, thoughts > 0 ? ",\"thoughtsTokenCount\":" + thoughts + "}" : "}");
        }
        put(out, ",\"modelVersion\":\"" + plan.quotedModel() + "\",\"responseId\":\"r" + plan.hex() + "\"}");
    }

    @Override
    void part(ByteBuf out, Moment at) {
        if (at.step == Step.USAGE) {
            put(out, "],\"role\":\"model\"}");
            ending(out, true, 0, 0);
            return;
        }
        put(out, at.segment().order() == 0 ? "{\"candidates\":[{\"content\":{\"parts\":[" : ",");
        piece(out, at.segment(), 0, at.tokens);
    }

    /// An object without `data:`; `named` puts it into an event. In an array it is the last element.
    @Override
    byte[] failure(boolean named, int events) {
        if (array) {
            return ChatText.ascii((events == 0 ? "[" : ",\r\n") + FAILURE + "]");
        }
        return named
                ? ChatText.ascii("data: {\"error\": {\"code\": 503,\"message\": \"The model is overloaded.\","
                        + "\"status\": \"UNAVAILABLE\"}}\r\n\r\n")
                : ChatText.ascii(FAILURE);
    }

    @Override
    byte[] garbage() {
        return ChatText.ascii(array ? ",\r\n{\n  \"candi" : "data: {\"candidates\": [{\"cont\r\n\r\n");
    }
}
