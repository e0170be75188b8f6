package dev.latencylens.simulated;

import io.netty.buffer.ByteBuf;

/// OpenAI's chat as Azure sends it: members in alphabetical order, the results of the content filter in each
/// choice, and those of the prompt in a first chunk of their own.
final class AzureWire extends Wire {
    private static final String SAFE =
            "{\"hate\":{\"filtered\":false,\"severity\":\"safe\"},\"self_harm\":{\"filtered\":false,\"severity\":\"safe\"},"
                    + "\"sexual\":{\"filtered\":false,\"severity\":\"safe\"},"
                    + "\"violence\":{\"filtered\":false,\"severity\":\"safe\"}}";
    private static final String PROMPT_FILTER =
            "data: {\"choices\":[],\"created\":0,\"id\":\"\",\"model\":\"\",\"object\":\"\",\"prompt_filter_results\":"
                    + "[{\"prompt_index\":0,\"content_filter_results\":" + SAFE + "}]}\n\n";

    AzureWire(Plan plan) {
        super(plan);
    }

    @Override
    int preludes() {
        return 1 + (plan.behaviour().roleChunk ? plan.choices() : 0);
    }

    @Override
    int openings(Segment segment) {
        return segment.isTool() ? plan.choices() : 0;
    }

    @Override
    int endings(Step step) {
        return switch (step) {
            case FINISH -> plan.choices();
            case USAGE -> plan.hasUsage() ? 1 : 0;
            default -> plan.done() ? 1 : 0;
        };
    }

    @Override
    int choice(Step step, int index) {
        return switch (step) {
            case PRELUDE -> Math.max(0, index - 1);
            case OPEN, FINISH -> index;
            default -> 0;
        };
    }

    @Override
    ChunkKind kind(Moment at) {
        return at.step == Step.PRELUDE && at.index == 0 ? ChunkKind.STRUCTURE : super.kind(at);
    }

    @Override
    void event(ByteBuf out, Moment at) {
        switch (at.step) {
            case COMMENT -> put(out, ": SIMULATED PROCESSING\n\n");
            case DONE -> put(out, "data: [DONE]\n\n");
            case PRELUDE -> {
                if (at.index == 0) {
                    put(out, PROMPT_FILTER);
                } else {
                    chunk(out, at);
                }
            }
            default -> chunk(out, at);
        }
    }

    private void chunk(ByteBuf out, Moment at) {
        put(out, "data: {\"choices\":[");
        if (at.step != Step.USAGE) {
            boolean judged = at.step == Step.PIECE && !at.segment().isTool();
            put(out, "{\"content_filter_results\":" + (judged ? SAFE : "{}") + ",\"delta\":{");
            delta(out, at);
            String reason = at.step == Step.FINISH ? "\"" + plan.shape().finishReason() + "\"" : "null";
            put(out, "},\"finish_reason\":" + reason + ",\"index\":");
            put(out, at.choice);
            put(out, ",\"logprobs\":null}");
        }
        put(out, "],\"created\":");
        put(out, plan.createdSeconds());
        put(out, ",\"id\":\"chatcmpl-" + plan.hex() + "\",\"model\":\"" + plan.quotedModel() + "\"");
        if (plan.pads()) {
            ChatText.padding(out, at.events * 7 % 16);
        }
        put(out, ",\"object\":\"chat.completion.chunk\",\"system_fingerprint\":\"fp_simulated\"");
        if (at.step == Step.USAGE) {
            put(out, ",\"usage\":");
            out.writeBytes(ChatText.usage(plan));
        } else if (plan.hasUsage()) {
            put(out, ",\"usage\":null");
        }
        put(out, "}\n\n");
    }

    private static void delta(ByteBuf out, Moment at) {
        switch (at.step) {
            case PRELUDE -> put(out, "\"content\":\"\",\"refusal\":null,\"role\":\"assistant\"");
            case PING -> put(out, "\"content\":\"\"");
            case OPEN -> {
                put(out, "\"tool_calls\":[{\"function\":{\"arguments\":\"\",\"name\":\"look_up\"},\"id\":\"call_");
                put(out, at.choice + "_" + at.segment().call());
                put(out, "\",\"index\":" + at.segment().call() + ",\"type\":\"function\"}]");
            }
            case PIECE -> piece(out, at);
            default -> {}
        }
    }

    private static void piece(ByteBuf out, Moment at) {
        put(
                out,
                switch (at.segment().kind()) {
                    case TOOL -> "\"tool_calls\":[{\"function\":{\"arguments\":\"";
                    case REASONING -> "\"reasoning_content\":\"";
                    default -> "\"content\":\"";
                });
        tokens(out, at);
        put(out, at.segment().isTool() ? "\"},\"index\":" + at.segment().call() + "}]" : "\"");
    }

    @Override
    void part(ByteBuf out, Moment at) {
        if (at.step == Step.USAGE) {
            put(out, "],\"created\":" + plan.createdSeconds() + ",\"id\":\"chatcmpl-" + plan.hex());
            put(out, "\",\"model\":\"" + plan.quotedModel() + "\",\"object\":\"chat.completion\",");
            put(out, "\"prompt_filter_results\":[{\"prompt_index\":0,\"content_filter_results\":" + SAFE + "}],");
            put(out, "\"system_fingerprint\":\"fp_simulated\",\"usage\":");
            out.writeBytes(ChatText.usage(plan));
            put(out, "}");
            return;
        }
        Segment segment = at.segment();
        if (segment.order() == 0) {
            put(out, at.choice == 0 ? "{\"choices\":[" : ",");
            put(
                    out,
                    "{\"content_filter_results\":" + SAFE + ",\"finish_reason\":\""
                            + plan.shape().finishReason());
            put(out, "\",\"index\":" + at.choice + ",\"logprobs\":null,\"message\":{\"refusal\":null,");
            put(out, "\"role\":\"assistant\"");
        }
        boolean firstCall = segment.isTool() && segment.call() == 0;
        put(
                out,
                switch (segment.kind()) {
                    case TOOL -> (firstCall ? ",\"tool_calls\":[" : ",") + "{\"function\":{\"arguments\":\"";
                    case REASONING -> ",\"reasoning_content\":\"";
                    default -> ",\"content\":\"";
                });
        if (segment.isTool()) {
            ToolArguments.write(out, 0, at.tokens, at.tokens);
            put(out, "\",\"name\":\"look_up\"},\"id\":\"call_" + at.choice + "_" + segment.call());
            put(out, "\",\"type\":\"function\"}" + (plan.isLast(segment) ? "]" : ""));
        } else {
            Vocabulary.write(out, 0, at.tokens);
            put(out, "\"");
        }
        put(out, plan.isLast(segment) ? "}}" : "");
    }

    @Override
    byte[] failure(boolean named, int events) {
        return ChatText.ascii((named ? "event: error\ndata: " : "data: ")
                + "{\"error\":{\"code\":\"server_error\",\"message\":\"The simulated model failed in mid-stream\","
                + "\"param\":null,\"type\":\"server_error\"}}\n\n");
    }
}
