package dev.latencylens.simulated;

import io.netty.buffer.ByteBuf;

/// Mistral's chat: like OpenAI's, but the usage comes in the last chunk of content, reasoning in a list, and a
/// tool call in one chunk without an index.
final class MistralWire extends Wire {
    MistralWire(Plan plan) {
        super(plan);
    }

    @Override
    int preludes() {
        return plan.behaviour().roleChunk ? 1 : 0;
    }

    @Override
    int endings(Step step) {
        return step == Step.USAGE || (step == Step.DONE && !plan.done()) ? 0 : 1;
    }

    @Override
    boolean hasWholeToolCalls() {
        return true;
    }

    @Override
    void event(ByteBuf out, Moment at) {
        switch (at.step) {
            case COMMENT -> put(out, ": SIMULATED PROCESSING\n\n");
            case DONE -> put(out, "data: [DONE]\n\n");
            default -> chunk(out, at);
        }
    }

    private void head(ByteBuf out, String object) {
        put(out, "{\"id\":\"" + plan.hex() + "\",\"object\":\"" + object + "\",\"created\":");
        put(out, plan.createdSeconds());
        put(out, ",\"model\":\"" + plan.quotedModel() + "\",\"choices\":[{\"index\":0,");
    }

    private void chunk(ByteBuf out, Moment at) {
        put(out, "data: ");
        head(out, "chat.completion.chunk");
        put(out, "\"delta\":{");
        switch (at.step) {
            case PRELUDE -> put(out, "\"role\":\"assistant\",\"content\":\"\"");
            case PIECE -> piece(out, at);
            default -> put(out, "\"content\":\"\"");
        }
        if (at.step == Step.FINISH) {
            put(out, "},\"finish_reason\":\"" + plan.shape().finishReason() + "\"}]");
            put(out, plan.hasUsage() ? ",\"usage\":" + usage() : "");
        } else {
            put(out, "},\"finish_reason\":null}]");
        }
        if (plan.pads()) {
            Json.padding(out, at.events);
        }
        put(out, "}\n\n");
    }

    private static void piece(ByteBuf out, Moment at) {
        Segment segment = at.segment();
        if (segment.isTool()) {
            put(out, "\"content\":null,\"tool_calls\":[");
            call(out, segment);
            put(out, "]");
        } else {
            put(out, segment.isReasoning() ? THINKING : "\"content\":\"");
            tokens(out, at);
            put(out, segment.isReasoning() ? "\"}]}]" : "\"");
        }
    }

    private static final String THINKING =
            "\"content\":[{\"type\":\"thinking\",\"thinking\":[{\"type\":\"text\",\"text\":\"";

    private static void call(ByteBuf out, Segment segment) {
        put(out, "{\"id\":\"call" + segment.call() + "\",\"function\":{\"name\":\"look_up\",\"arguments\":\"");
        ToolArguments.write(out, 0, segment.tokens(), segment.tokens());
        put(out, "\"}}");
    }

    private String usage() {
        return "{\"prompt_tokens\":" + plan.promptTokens() + ",\"total_tokens\":"
                + (plan.promptTokens() + plan.completionTokens()) + ",\"completion_tokens\":"
                + plan.completionTokens() + ",\"prompt_tokens_details\":{\"cached_tokens\":" + plan.cachedTokens()
                + "}}";
    }

    @Override
    void part(ByteBuf out, Moment at) {
        if (at.step == Step.USAGE) {
            put(out, "},\"finish_reason\":\"" + plan.shape().finishReason() + "\"}],\"usage\":" + usage() + "}");
            return;
        }
        Segment segment = at.segment();
        if (segment.order() == 0) {
            head(out, "chat.completion");
            put(out, "\"message\":{\"role\":\"assistant\",");
        }
        boolean thought = segment.order() == 1 && plan.segments().getFirst().isReasoning();
        switch (segment.kind()) {
            case REASONING -> {
                put(out, THINKING);
                Vocabulary.write(out, 0, at.tokens);
                put(out, "\"}]}");
            }
            case TOOL -> {
                boolean first = segment.call() == 0;
                put(out, thought ? "],\"tool_calls\":[" : !first ? "," : toolStart(segment));
                call(out, segment);
                put(out, plan.isLast(segment) ? "]" : "");
            }
            default -> {
                put(out, thought ? ",{\"type\":\"text\",\"text\":\"" : "\"content\":\"");
                Vocabulary.write(out, 0, at.tokens);
                put(out, thought ? "\"}]" : "\"");
            }
        }
    }

    private static String toolStart(Segment segment) {
        return segment.order() == 0 ? "\"content\":\"\",\"tool_calls\":[" : ",\"tool_calls\":[";
    }

    @Override
    byte[] failure(boolean named, int events) {
        return ChatText.ascii((named ? "event: error\ndata: " : "data: ")
                + "{\"error\":{\"message\":\"The simulated model failed in mid-stream\","
                + "\"type\":\"internal_server_error\",\"code\":\"1000\"}}\n\n");
    }
}
