package dev.latencylens.simulated;

import io.netty.buffer.ByteBuf;

/// Anthropic's Messages.
///
/// `message_start`, the opening of the first block and a ping are the prelude, as long as that block is no
/// tool call.
class AnthropicWire extends Wire {
    private static final byte[] COMMENT = ChatText.ascii(": SIMULATED PROCESSING\n\n");
    private static final String BLANKS = "               ";
    private static final String OVERLOADED =
            "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}";

    AnthropicWire(Plan plan) {
        super(plan);
    }

    boolean hasPing() {
        return true;
    }

    /// The member of a tool call that says who calls: the model itself, and no code that it runs.
    String caller() {
        return ",\"caller\":{\"type\":\"direct\"}";
    }

    @Override
    final int preludes() {
        return !opensEarly() ? 1 : hasPing() ? 3 : 2;
    }

    /// A tool call's block is followed by an empty piece of its arguments.
    @Override
    final int openings(Segment segment) {
        return opensEarly(segment) ? 0 : segment.isTool() ? 2 : 1;
    }

    /// Thinking is signed before its block ends.
    @Override
    final int closings(Segment segment) {
        return segment.isReasoning() ? 2 : 1;
    }

    @Override
    final int endings(Step step) {
        return step == Step.USAGE || (step == Step.DONE && !plan.done()) ? 0 : 1;
    }

    @Override
    final ChunkKind kind(Moment at) {
        boolean second = at.step == Step.OPEN && at.index == 1;
        boolean ping = at.step == Step.PRELUDE && at.index == 2;
        if (second || ping) {
            return ChunkKind.EMPTY;
        }
        return at.step == Step.PRELUDE && at.index == 1 ? ChunkKind.STRUCTURE : super.kind(at);
    }

    @Override
    void event(ByteBuf out, Moment at) {
        if (at.step == Step.COMMENT) {
            out.writeBytes(COMMENT);
            return;
        }
        put(out, "event: ");
        put(out, type(at));
        put(out, "\ndata: ");
        json(out, at);
        if (plan.pads()) {
            put(out, BLANKS.substring(0, at.events * 7 % BLANKS.length()));
        }
        put(out, "\n\n");
    }

    private static String type(Moment at) {
        return switch (at.step) {
            case PRELUDE -> at.index == 0 ? "message_start" : at.index == 1 ? "content_block_start" : "ping";
            case PING -> "ping";
            case OPEN -> at.index == 0 ? "content_block_start" : "content_block_delta";
            case CLOSE -> isSignature(at) ? "content_block_delta" : "content_block_stop";
            case FINISH, USAGE -> "message_delta";
            case DONE -> "message_stop";
            case PIECE, COMMENT -> "content_block_delta";
        };
    }

    private static boolean isSignature(Moment at) {
        return at.segment().isReasoning() && at.index == 0;
    }

    /// Appends the event as JSON, without framing.
    final void json(ByteBuf out, Moment at) {
        switch (at.step) {
            case PRELUDE -> {
                switch (at.index) {
                    case 0 -> messageStart(out);
                    case 1 -> blockStart(out, at.segment());
                    default -> ping(out, at);
                }
            }
            case PING, COMMENT -> ping(out, at);
            case OPEN -> {
                if (at.index == 0) {
                    blockStart(out, at.segment());
                } else {
                    delta(out, at, "input_json_delta\",\"partial_json", "");
                }
            }
            case PIECE -> piece(out, at);
            case CLOSE -> {
                if (isSignature(at)) {
                    delta(out, at, "signature_delta\",\"signature", "c2lnbmVk");
                } else {
                    put(
                            out,
                            "{\"type\":\"content_block_stop\",\"index\":"
                                    + at.segment().order() + "}");
                }
            }
            case FINISH, USAGE -> {
                put(out, "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"" + stopReason());
                put(out, "\",\"stop_sequence\":null},\"usage\":{" + inputCounts());
                put(out, outputCounts() + "}}");
            }
            case DONE -> done(out);
        }
    }

    /// A keep-alive; where the dialect has no ping, an empty piece.
    void ping(ByteBuf out, Moment at) {
        put(out, "{\"type\": \"ping\"}");
    }

    void done(ByteBuf out) {
        put(out, "{\"type\":\"message_stop\"}");
    }

    String messageId() {
        return "msg_" + plan.hex();
    }

    private void messageStart(ByteBuf out) {
        put(out, "{\"type\":\"message_start\",\"message\":{\"id\":\"" + messageId());
        put(out, "\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"" + plan.quotedModel());
        put(out, "\",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{" + inputCounts());
        put(out, "\"output_tokens\":1,\"service_tier\":\"standard\"}}}");
    }

    private void blockStart(ByteBuf out, Segment segment) {
        put(out, "{\"type\":\"content_block_start\",\"index\":" + segment.order() + ",\"content_block\":{\"type\":\"");
        put(
                out,
                switch (segment.kind()) {
                    case REASONING -> "thinking\",\"thinking\":\"\",\"signature\":\"\"}}";
                    case TOOL ->
                        "tool_use\",\"id\":\"toolu_" + segment.call() + "\",\"name\":\"look_up\",\"input\":{}"
                                + caller() + "}}";
                    default -> "text\",\"text\":\"\"}}";
                });
    }

    private static void delta(ByteBuf out, Moment at, String field, String text) {
        put(out, "{\"type\":\"content_block_delta\",\"index\":" + at.segment().order() + ",\"delta\":{\"type\":\"");
        put(out, field);
        put(out, "\":\"" + text + "\"}}");
    }

    final void piece(ByteBuf out, Moment at) {
        put(out, "{\"type\":\"content_block_delta\",\"index\":");
        put(out, at.segment().order());
        put(
                out,
                switch (at.segment().kind()) {
                    case REASONING -> ",\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"";
                    case TOOL -> ",\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"";
                    default -> ",\"delta\":{\"type\":\"text_delta\",\"text\":\"";
                });
        tokens(out, at);
        put(out, "\"}}");
    }

    private String stopReason() {
        return finish("end_turn", "max_tokens", "tool_use");
    }

    /// What was read from or written to the cache is not among the input tokens.
    private String inputCounts() {
        int written = plan.cacheWriteTokens();
        int rest = Math.max(0, plan.promptTokens() - plan.cachedTokens() - written);
        boolean hour = plan.request().prompt().keptForAnHour();
        return "\"input_tokens\":" + rest + ",\"cache_creation_input_tokens\":" + written
                + ",\"cache_read_input_tokens\":" + plan.cachedTokens()
                + ",\"cache_creation\":{\"ephemeral_5m_input_tokens\":" + (hour ? 0 : written)
                + ",\"ephemeral_1h_input_tokens\":" + (hour ? written : 0) + "},";
    }

    private String outputCounts() {
        String thinking = plan.reasoningTokens() == 0
                ? ""
                : ",\"output_tokens_details\":{\"thinking_tokens\":" + plan.reasoningTokens() + "}";
        return "\"output_tokens\":" + plan.completionTokens() + thinking;
    }

    @Override
    final void part(ByteBuf out, Moment at) {
        if (at.step == Step.USAGE) {
            put(out, "],\"stop_reason\":\"" + stopReason() + "\",\"stop_sequence\":null,\"usage\":{" + inputCounts());
            put(out, outputCounts() + "}}");
            return;
        }
        Segment segment = at.segment();
        if (segment.order() > 0) {
            put(out, ",");
        } else {
            put(out, "{\"id\":\"" + messageId() + "\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"");
            put(out, plan.quotedModel() + "\",\"content\":[");
        }
        switch (segment.kind()) {
            case REASONING -> {
                put(out, "{\"type\":\"thinking\",\"thinking\":\"");
                Vocabulary.write(out, 0, at.tokens);
                put(out, "\",\"signature\":\"c2lnbmVk\"}");
            }
            case TOOL -> {
                put(out, "{\"type\":\"tool_use\",\"id\":\"toolu_" + segment.call());
                put(out, "\",\"name\":\"look_up\",\"input\":");
                Json.arguments(out, at.tokens);
                put(out, caller() + "}");
            }
            default -> {
                put(out, "{\"type\":\"text\",\"text\":\"");
                Vocabulary.write(out, 0, at.tokens);
                put(out, "\"}");
            }
        }
    }

    @Override
    byte[] failure(boolean named, int events) {
        return ChatText.ascii("event: error\ndata: " + OVERLOADED + "\n\n");
    }

    @Override
    byte[] garbage() {
        return ChatText.ascii("event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"inde\n\n");
    }
}
