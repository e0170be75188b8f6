package dev.latencylens.simulated;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.util.Base64;

/// Claude behind Amazon Bedrock's InvokeModel: Anthropic's events, in Amazon's frames and without pings. The last
/// one carries the server's own times.
final class InvokeWire extends AnthropicWire {
    private static final long NANOS_PER_MILLI = 1_000_000;

    private final ByteBuf inner = Unpooled.buffer(256);

    InvokeWire(Plan plan) {
        super(plan);
    }

    @Override
    String streamType() {
        return EventFrame.TYPE;
    }

    @Override
    boolean hasPing() {
        return false;
    }

    @Override
    String caller() {
        return "";
    }

    @Override
    boolean hasComments() {
        return false;
    }

    @Override
    String messageId() {
        return "msg_bdrk_" + plan.hex();
    }

    @Override
    void event(ByteBuf out, Moment at) {
        inner.clear();
        json(inner, at);
        int start = EventFrame.event(out, "chunk");
        put(out, "{\"bytes\":\"");
        out.writeBytes(Base64.getEncoder().encode(ByteBufUtil.getBytes(inner)));
        put(out, "\"");
        if (plan.pads()) {
            Json.padding(out, at.events);
        }
        put(out, "}");
        EventFrame.end(out, start);
    }

    @Override
    void ping(ByteBuf out, Moment at) {
        put(out, "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"\"}}");
    }

    @Override
    void done(ByteBuf out) {
        put(out, "{\"type\":\"message_stop\",\"amazon-bedrock-invocationMetrics\":{\"inputTokenCount\":");
        put(out, plan.promptTokens());
        put(out, ",\"outputTokenCount\":" + plan.completionTokens());
        put(out, ",\"invocationLatency\":" + plan.elapsedNs() / NANOS_PER_MILLI);
        put(out, ",\"firstByteLatency\":" + plan.firstOutputNs() / NANOS_PER_MILLI + "}}");
    }

    @Override
    byte[] failure(boolean named, int events) {
        return ConverseWire.failureFrame(named);
    }

    @Override
    byte[] garbage() {
        return ConverseWire.garbageFrame("chunk");
    }
}
