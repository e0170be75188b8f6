package dev.latencylens.simulated;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;

/// Amazon Bedrock's Converse and ConverseStream.
final class ConverseWire extends Wire {
    private static final long NANOS_PER_MILLI = 1_000_000;

    ConverseWire(Plan plan) {
        super(plan);
    }

    @Override
    String streamType() {
        return EventFrame.TYPE;
    }

    @Override
    boolean hasComments() {
        return false;
    }

    @Override
    int preludes() {
        return 1;
    }

    @Override
    int openings(Segment segment) {
        return segment.isTool() ? 1 : 0;
    }

    /// Reasoning is signed before its block ends.
    @Override
    int closings(Segment segment) {
        return segment.isReasoning() ? 2 : 1;
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
        int start = EventFrame.event(out, type(at));
        switch (at.step) {
            case PRELUDE -> put(out, "{\"role\":\"assistant\"");
            case PING -> put(out, "{\"contentBlockIndex\":0,\"delta\":{\"text\":\"\"}");
            case OPEN -> {
                block(out, at);
                put(
                        out,
                        ",\"start\":{\"toolUse\":{\"toolUseId\":\"tooluse_"
                                + at.segment().call());
                put(out, "\",\"name\":\"look_up\"}}");
            }
            case PIECE -> {
                block(out, at);
                piece(out, at);
            }
            case CLOSE -> {
                block(out, at);
                put(out, isSignature(at) ? ",\"delta\":{\"reasoningContent\":{\"signature\":\"c2lnbmVk\"}}" : "");
            }
            case FINISH -> put(out, "{\"stopReason\":\"" + stopReason() + "\"");
            default -> put(out, "{\"usage\":" + usage() + ",\"metrics\":" + metrics());
        }
        if (plan.pads()) {
            Json.padding(out, at.events);
        }
        put(out, "}");
        EventFrame.end(out, start);
    }

    private static String type(Moment at) {
        return switch (at.step) {
            case PRELUDE -> "messageStart";
            case OPEN -> "contentBlockStart";
            case PIECE, PING, COMMENT -> "contentBlockDelta";
            case CLOSE -> isSignature(at) ? "contentBlockDelta" : "contentBlockStop";
            case FINISH -> "messageStop";
            case USAGE, DONE -> "metadata";
        };
    }

    private static boolean isSignature(Moment at) {
        return at.segment().isReasoning() && at.index == 0;
    }

    private static void block(ByteBuf out, Moment at) {
        put(out, "{\"contentBlockIndex\":");
        put(out, at.segment().order());
    }

    private static void piece(ByteBuf out, Moment at) {
        boolean text = at.segment().isText();
        put(
                out,
                switch (at.segment().kind()) {
                    case REASONING -> ",\"delta\":{\"reasoningContent\":{\"text\":\"";
                    case TOOL -> ",\"delta\":{\"toolUse\":{\"input\":\"";
                    default -> ",\"delta\":{\"text\":\"";
                });
        tokens(out, at);
        put(out, text ? "\"}" : "\"}}");
    }

    private String stopReason() {
        return finish("end_turn", "max_tokens", "tool_use");
    }

    /// The input leaves out what was read from or written to the cache; the total does not.
    private String usage() {
        int cache = plan.cachedTokens() + plan.cacheWriteTokens();
        return "{\"inputTokens\":" + Math.max(0, plan.promptTokens() - cache) + ",\"outputTokens\":"
                + plan.completionTokens() + ",\"totalTokens\":" + (plan.promptTokens() + plan.completionTokens())
                + ",\"cacheReadInputTokens\":" + plan.cachedTokens() + ",\"cacheWriteInputTokens\":"
                + plan.cacheWriteTokens() + "}";
    }

    private String metrics() {
        return "{\"latencyMs\":" + plan.elapsedNs() / NANOS_PER_MILLI + "}";
    }

    @Override
    void part(ByteBuf out, Moment at) {
        if (at.step == Step.USAGE) {
            put(out, "]}},\"stopReason\":\"" + stopReason() + "\",\"usage\":" + usage());
            put(out, ",\"metrics\":" + metrics() + "}");
            return;
        }
        Segment segment = at.segment();
        put(out, segment.order() > 0 ? "," : "{\"output\":{\"message\":{\"role\":\"assistant\",\"content\":[");
        switch (segment.kind()) {
            case REASONING -> {
                put(out, "{\"reasoningContent\":{\"reasoningText\":{\"text\":\"");
                Vocabulary.write(out, 0, at.tokens);
                put(out, "\",\"signature\":\"c2lnbmVk\"}}}");
            }
            case TOOL -> {
                put(out, "{\"toolUse\":{\"toolUseId\":\"tooluse_" + segment.call());
                put(out, "\",\"name\":\"look_up\",\"input\":");
                Json.arguments(out, at.tokens);
                put(out, "}}");
            }
            default -> {
                put(out, "{\"text\":\"");
                Vocabulary.write(out, 0, at.tokens);
                put(out, "\"}");
            }
        }
    }

    @Override
    byte[] failure(boolean named, int events) {
        return failureFrame(named);
    }

    @Override
    byte[] garbage() {
        return garbageFrame("contentBlockDelta");
    }

    /// A modelled exception; `named` gives an error that no model knows.
    static byte[] failureFrame(boolean named) {
        ByteBuf frame = Unpooled.buffer();
        int start = named
                ? EventFrame.error(frame, "InternalFailure", "The simulated model failed in mid-stream")
                : EventFrame.exception(frame, "modelStreamErrorException");
        if (!named) {
            put(frame, "{\"message\":\"The simulated model failed in mid-stream\",\"originalStatusCode\":500,");
            put(frame, "\"originalMessage\":\"failed\"}");
        }
        EventFrame.end(frame, start);
        return ByteBufUtil.getBytes(frame);
    }

    static byte[] garbageFrame(String type) {
        ByteBuf frame = Unpooled.buffer();
        int start = EventFrame.event(frame, type);
        put(frame, "{\"contentBlo");
        EventFrame.end(frame, start);
        return ByteBufUtil.getBytes(frame);
    }
}
