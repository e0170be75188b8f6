package dev.latencylens.simulated;

import io.netty.buffer.ByteBuf;

/// Cohere's Chat, version 2. What is billed leaves out the tokens that Cohere adds to a prompt.
final class CohereWire extends Wire {
    /// Tokens of the preamble, which are processed and not billed.
    private static final int PREAMBLE = 62;

    CohereWire(Plan plan) {
        super(plan);
    }

    @Override
    int preludes() {
        return opensEarly() ? 2 : 1;
    }

    @Override
    int openings(Segment segment) {
        return opensEarly(segment) ? 0 : 1;
    }

    @Override
    int closings(Segment segment) {
        return 1;
    }

    @Override
    int endings(Step step) {
        return step == Step.USAGE || (step == Step.DONE && !plan.done()) ? 0 : 1;
    }

    @Override
    ChunkKind kind(Moment at) {
        return at.step == Step.PRELUDE && at.index == 1 ? ChunkKind.STRUCTURE : super.kind(at);
    }

    @Override
    void event(ByteBuf out, Moment at) {
        switch (at.step) {
            case COMMENT -> put(out, ": SIMULATED PROCESSING\n\n");
            case DONE -> put(out, "data: [DONE]\n\n");
            case PRELUDE -> {
                if (at.index == 0) {
                    put(out, "event: message-start\ndata: {\"id\":\"" + plan.hex());
                    put(
                            out,
                            "\",\"type\":\"message-start\",\"delta\":{\"message\":{\"role\":\"assistant\",\"content\":[],");
                    put(out, "\"tool_plan\":\"\",\"tool_calls\":[],\"citations\":[]}}}\n\n");
                } else {
                    open(out, at.segment());
                }
            }
            case PING -> {
                start(out, "content-delta");
                put(out, ",\"index\":0,\"delta\":{\"message\":{\"content\":{\"text\":\"\"}}}}\n\n");
            }
            case OPEN -> open(out, at.segment());
            case PIECE -> piece(out, at);
            case CLOSE -> {
                start(out, at.segment().isTool() ? "tool-call-end" : "content-end");
                index(out, at.segment());
                put(out, "}\n\n");
            }
            default -> end(out, finish("COMPLETE", "MAX_TOKENS", "TOOL_CALL"), "");
        }
    }

    private static void start(ByteBuf out, String type) {
        put(out, "event: ");
        put(out, type);
        put(out, "\ndata: {\"type\":\"");
        put(out, type);
        put(out, "\"");
    }

    /// Contents and tool calls are counted apart.
    private static void index(ByteBuf out, Segment segment) {
        put(out, ",\"index\":");
        put(out, segment.isTool() ? segment.call() : segment.order());
    }

    private static void open(ByteBuf out, Segment segment) {
        start(out, segment.isTool() ? "tool-call-start" : "content-start");
        index(out, segment);
        put(
                out,
                switch (segment.kind()) {
                    case TOOL ->
                        ",\"delta\":{\"message\":{\"tool_calls\":{\"id\":\"look_up_" + segment.call()
                                + "\",\"type\":\"function\",\"function\":{\"name\":\"look_up\",\"arguments\":\"\"}}}}}\n\n";
                    case REASONING ->
                        ",\"delta\":{\"message\":{\"content\":{\"type\":\"thinking\",\"thinking\":\"\"}}}}\n\n";
                    default -> ",\"delta\":{\"message\":{\"content\":{\"type\":\"text\",\"text\":\"\"}}}}\n\n";
                });
    }

    private static void piece(ByteBuf out, Moment at) {
        Segment segment = at.segment();
        start(out, segment.isTool() ? "tool-call-delta" : "content-delta");
        index(out, segment);
        put(
                out,
                switch (segment.kind()) {
                    case TOOL -> ",\"delta\":{\"message\":{\"tool_calls\":{\"function\":{\"arguments\":\"";
                    case REASONING -> ",\"delta\":{\"message\":{\"content\":{\"thinking\":\"";
                    default -> ",\"delta\":{\"message\":{\"content\":{\"text\":\"";
                });
        tokens(out, at);
        put(out, segment.isTool() ? "\"}}}}}\n\n" : "\"}}}}\n\n");
    }

    private void end(ByteBuf out, String reason, String error) {
        start(out, "message-end");
        put(out, ",\"delta\":{" + error + "\"finish_reason\":\"" + reason + "\"");
        put(out, plan.hasUsage() ? ",\"usage\":" + usage() + "}}\n\n" : "}}\n\n");
    }

    private String usage() {
        return "{\"billed_units\":{\"input_tokens\":" + plan.promptTokens() + ",\"output_tokens\":"
                + plan.completionTokens() + "},\"tokens\":{\"input_tokens\":" + (plan.promptTokens() + PREAMBLE)
                + ",\"output_tokens\":" + plan.completionTokens() + "},\"cached_tokens\":" + plan.cachedTokens() + "}";
    }

    @Override
    void part(ByteBuf out, Moment at) {
        if (at.step == Step.USAGE) {
            put(
                    out,
                    "]},\"finish_reason\":\"" + finish("COMPLETE", "MAX_TOKENS", "TOOL_CALL") + "\",\"usage\":"
                            + usage() + "}");
            return;
        }
        Segment segment = at.segment();
        if (segment.order() == 0) {
            put(out, "{\"id\":\"" + plan.hex() + "\",\"message\":{\"role\":\"assistant\",");
            put(out, segment.isTool() ? "\"tool_calls\":[" : "\"content\":[");
        } else {
            put(out, segment.isTool() && segment.call() == 0 ? "],\"tool_calls\":[" : ",");
        }
        switch (segment.kind()) {
            case TOOL -> {
                put(out, "{\"id\":\"look_up_" + segment.call());
                put(out, "\",\"type\":\"function\",\"function\":{\"name\":\"look_up\",\"arguments\":\"");
                ToolArguments.write(out, 0, at.tokens, at.tokens);
                put(out, "\"}}");
            }
            default -> {
                String name = segment.isReasoning() ? "thinking" : "text";
                put(out, "{\"type\":\"" + name + "\",\"" + name + "\":\"");
                Vocabulary.write(out, 0, at.tokens);
                put(out, "\"}");
            }
        }
    }

    /// A message that ends with an error; `named` gives a named error event.
    @Override
    byte[] failure(boolean named, int events) {
        return ChatText.ascii(
                named
                        ? "event: error\ndata: {\"id\":\"" + plan.hex()
                                + "\",\"message\":\"the simulated model failed\"}\n\n"
                        : "event: message-end\ndata: {\"type\":\"message-end\",\"delta\":{\"error\":"
                                + "\"the simulated model failed\",\"finish_reason\":\"ERROR\"}}\n\n");
    }
}
