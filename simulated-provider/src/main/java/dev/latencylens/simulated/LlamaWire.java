package dev.latencylens.simulated;

import io.netty.buffer.ByteBuf;

/// Meta's Llama API: events of its own, at the end the metrics.
final class LlamaWire extends Wire {
    LlamaWire(Plan plan) {
        super(plan);
    }

    @Override
    int preludes() {
        return 1;
    }

    @Override
    int openings(Segment segment) {
        return segment.isTool() ? 1 : 0;
    }

    @Override
    int endings(Step step) {
        return switch (step) {
            case FINISH -> 1;
            case USAGE -> plan.hasUsage() ? 1 : 0;
            default -> 0;
        };
    }

    @Override
    void event(ByteBuf out, Moment at) {
        if (at.step == Step.COMMENT) {
            put(out, ": SIMULATED PROCESSING\n\n");
            return;
        }
        put(out, "data: {\"id\":\"" + plan.hex() + "\",\"event\":{\"event_type\":\"");
        put(out, type(at.step));
        put(out, "\",\"delta\":{\"type\":\"");
        switch (at.step) {
            case OPEN -> {
                put(out, "tool_call\",\"id\":\"call_" + at.segment().call());
                put(out, "\",\"function\":{\"name\":\"look_up\",\"arguments\":\"\"}}");
            }
            case PIECE -> piece(out, at);
            default -> put(out, "text\",\"text\":\"\"}");
        }
        if (at.step == Step.FINISH) {
            put(out, ",\"stop_reason\":\"" + plan.shape().finishReason() + "\"");
        } else if (at.step == Step.USAGE) {
            put(out, ",\"metrics\":" + metrics());
        }
        put(out, "}}\n\n");
    }

    private static String type(Step step) {
        return switch (step) {
            case PRELUDE -> "start";
            case FINISH -> "complete";
            case USAGE -> "metrics";
            default -> "progress";
        };
    }

    private static void piece(ByteBuf out, Moment at) {
        put(
                out,
                switch (at.segment().kind()) {
                    case TOOL -> "tool_call\",\"function\":{\"arguments\":\"";
                    case REASONING -> "reasoning\",\"text\":\"";
                    default -> "text\",\"text\":\"";
                });
        tokens(out, at);
        put(out, at.segment().isTool() ? "\"}}" : "\"}");
    }

    private String metrics() {
        int all = plan.promptTokens() + plan.completionTokens();
        return "[{\"metric\":\"num_prompt_tokens\",\"value\":" + plan.promptTokens()
                + ",\"unit\":\"tokens\"},{\"metric\":\"num_completion_tokens\",\"value\":" + plan.completionTokens()
                + ",\"unit\":\"tokens\"},{\"metric\":\"num_total_tokens\",\"value\":" + all
                + ",\"unit\":\"tokens\"}]";
    }

    @Override
    void part(ByteBuf out, Moment at) {
        if (at.step == Step.USAGE) {
            put(out, ",\"stop_reason\":\"" + plan.shape().finishReason() + "\"},\"metrics\":" + metrics() + "}");
            return;
        }
        Segment segment = at.segment();
        if (segment.order() == 0) {
            put(out, "{\"id\":\"" + plan.hex() + "\",\"completion_message\":{\"role\":\"assistant\"");
        }
        switch (segment.kind()) {
            case TOOL -> {
                put(out, segment.call() == 0 ? ",\"tool_calls\":[" : ",");
                put(out, "{\"id\":\"call_" + segment.call() + "\",\"function\":{\"name\":\"look_up\",\"arguments\":\"");
                ToolArguments.write(out, 0, at.tokens, at.tokens);
                put(out, plan.isLast(segment) ? "\"}}]" : "\"}}");
            }
            default -> {
                put(out, segment.isText() ? ",\"content\":" : ",\"reasoning\":");
                put(out, "{\"type\":\"text\",\"text\":\"");
                Vocabulary.write(out, 0, at.tokens);
                put(out, "\"}");
            }
        }
    }

    @Override
    byte[] failure(boolean named, int events) {
        return ChatText.ascii(
                (named ? "event: error\ndata: " : "data: ")
                        + "{\"error\":{\"message\":\"The simulated model failed in mid-stream\",\"type\":\"server_error\"}}\n\n");
    }
}
