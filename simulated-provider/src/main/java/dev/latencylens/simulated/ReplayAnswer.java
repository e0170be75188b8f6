package dev.latencylens.simulated;

import io.netty.buffer.ByteBuf;

/// A recorded body, sent byte for byte in the pieces and at the pace that were asked for.
final class ReplayAnswer extends Answer {
    private final ReplayFile file;
    private final int[] ends;
    private final long firstNs;
    private final long gapNs;
    private int piece;

    ReplayAnswer(ReplayFile file, ReplayPace pace, long firstNs) {
        this.file = file;
        this.ends = file.ends(pace);
        this.firstNs = firstNs;
        this.gapNs = pace.gapNs();
    }

    @Override
    boolean hasNext() {
        return piece < ends.length;
    }

    @Override
    long dueNs() {
        return firstNs + piece * gapNs;
    }

    @Override
    ChunkKind kind() {
        return ChunkKind.BODY;
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
        int from = piece == 0 ? 0 : ends[piece - 1];
        out.writeBytes(file.bytes(), from, ends[piece] - from);
        piece++;
    }

    @Override
    String contentType() {
        return file.contentType();
    }

    @Override
    boolean isStreamed() {
        return true;
    }
}
