package dev.latencylens.simulated;

import io.netty.buffer.ByteBuf;

/// An answer that is not streamed: one body, due when the last token of a stream would be.
///
/// For the record it is a sequence of parts that leave together: for each choice its reasoning, its
/// text and its tool calls, at the end the usage.
final class WholeAnswer extends PlannedAnswer {
    private final long dueNs;
    private int part;
    private boolean ended;

    WholeAnswer(Plan plan, Wire wire, Dice dice) {
        super(plan, wire);
        this.dueNs = dueNs(plan, wire, dice);
        name();
    }

    private static long dueNs(Plan plan, Wire wire, Dice dice) {
        Behaviour behaviour = plan.behaviour();
        int perChunk = behaviour.tokensPerChunk;
        int chunks = behaviour.thinkingShown ? 0 : (plan.shape().reasoning() + perChunk - 1) / perChunk;
        for (Segment segment : plan.segments()) {
            boolean whole = segment.isTool() && wire.hasWholeToolCalls();
            chunks += whole ? 1 : (segment.tokens() + perChunk - 1) / perChunk;
        }
        long sumNs = (long) (behaviour.ttft.sampleNs(dice, plan.number()) * plan.ttftFactor());
        for (int i = 1; i < chunks; i++) {
            sumNs += behaviour.gap.sampleNs(dice, i - 1L);
        }
        return sumNs;
    }

    private void name() {
        int count = plan.segments().size();
        boolean usage = part >= count * plan.choices();
        Segment segment = usage ? null : plan.segments().get(part % count);
        at.step = usage ? Step.USAGE : Step.PIECE;
        at.choice = usage ? 0 : part / count;
        at.tokens = segment == null ? 0 : segment.tokens();
        at.segment(segment);
    }

    @Override
    boolean hasNext() {
        return !ended;
    }

    @Override
    long dueNs() {
        return dueNs;
    }

    @Override
    int tokensDue() {
        return plan.completionTokens();
    }

    @Override
    ChunkKind kind() {
        return at.step == Step.USAGE ? ChunkKind.USAGE : at.segment().kind();
    }

    @Override
    String contentType() {
        return wire.wholeType();
    }

    @Override
    boolean isStreamed() {
        return false;
    }

    @Override
    void encode(ByteBuf out) {
        at.events++;
        wire.part(out, at);
        ended = at.step == Step.USAGE;
        part++;
        name();
    }
}
