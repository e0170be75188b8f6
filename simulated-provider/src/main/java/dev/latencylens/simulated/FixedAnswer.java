package dev.latencylens.simulated;

import io.netty.buffer.ByteBuf;

/// A body that is known beforehand: an error, or the list of models. It is due at once.
final class FixedAnswer extends Answer {
    private final byte[] body;
    private final ChunkKind kind;
    private final String contentType;
    private boolean sent;

    FixedAnswer(byte[] body, ChunkKind kind, String contentType) {
        this.body = body;
        this.kind = kind;
        this.contentType = contentType;
    }

    static FixedAnswer json(byte[] body, ChunkKind kind) {
        return new FixedAnswer(body, kind, "application/json");
    }

    @Override
    boolean hasNext() {
        return !sent;
    }

    @Override
    long dueNs() {
        return 0;
    }

    @Override
    ChunkKind kind() {
        return kind;
    }

    @Override
    int tokens() {
        return 0;
    }

    @Override
    int choice() {
        return 0;
    }

    @Override
    void encode(ByteBuf out) {
        out.writeBytes(body);
        sent = true;
    }

    @Override
    String contentType() {
        return contentType;
    }

    @Override
    boolean isStreamed() {
        return false;
    }
}
