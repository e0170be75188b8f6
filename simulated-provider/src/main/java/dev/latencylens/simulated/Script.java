package dev.latencylens.simulated;

import io.netty.buffer.ByteBuf;
import java.util.List;

/// A streamed answer: what comes when, in any dialect.
///
/// Every chunk of tokens is due at an instant that is the sum of the time to first token and the
/// gaps so far, so that a late write delays no later one. A gap is the time between two chunks,
/// however many tokens they hold. With several choices each step sends one chunk for each of them.
final class Script extends PlannedAnswer {
    private static final long NEVER = Long.MAX_VALUE;

    private enum Stage {
        WAIT,
        OPEN,
        PIECE,
        CLOSE,
        FINISH,
        USAGE,
        DONE,
        END
    }

    private final Behaviour behaviour;
    private final Dice dice;
    private final List<Segment> segments;
    private final long preludeDueNs;

    private Stage stage = Stage.WAIT;
    private int part;
    private int sentOfPart;
    private int chunk;
    private int gaps;
    private int index;
    private int turn;
    private int preludesSent;
    private int commentsSent;
    private int pingsSent;
    private int reasoningSent;
    private int outputSent;
    private long previousDueNs;
    private long chunkDueNs;
    private long dueNs;
    private ChunkKind kind = ChunkKind.EMPTY;

    Script(Plan plan, Wire wire, Dice dice) {
        super(plan, wire);
        this.behaviour = plan.behaviour();
        this.dice = dice;
        this.segments = plan.segments();
        this.chunkDueNs = firstDueNs();
        this.preludeDueNs = preludeDueNs();
        moveOn();
    }

    /// Reasoning that is thought and not shown takes the time that it would take if it were.
    private long firstDueNs() {
        long dueNs = (long) (behaviour.ttft.sampleNs(dice, plan.number()) * plan.ttftFactor());
        int hidden = behaviour.thinkingShown ? 0 : ceilDiv(plan.shape().reasoning(), behaviour.tokensPerChunk);
        for (int i = 0; i < hidden; i++) {
            dueNs += behaviour.gap.sampleNs(dice, gaps++);
        }
        return dueNs;
    }

    /// With the first keep-alive where there is one, else with the first token, unless a prelude says.
    private long preludeDueNs() {
        if (behaviour.prelude != null) {
            return Math.min(chunkDueNs, behaviour.prelude.sampleNs(dice, plan.number()));
        }
        return behaviour.pings > 0 ? spread(chunkDueNs, 0, behaviour.pings) : chunkDueNs;
    }

    private static int ceilDiv(int a, int b) {
        return (a + b - 1) / b;
    }

    private static long spread(long lengthNs, int index, int count) {
        return index < count ? (long) (lengthNs * ((index + 1.0) / (count + 1))) : NEVER;
    }

    @Override
    boolean hasNext() {
        return stage != Stage.END;
    }

    @Override
    long dueNs() {
        return dueNs;
    }

    @Override
    ChunkKind kind() {
        return kind;
    }

    @Override
    int chunk() {
        return chunk;
    }

    @Override
    int tokensDue() {
        boolean comesNow = switch (stage) {
            case WAIT -> part < segments.size() && dueNs == chunkDueNs;
            case OPEN, PIECE -> true;
            case CLOSE, FINISH, USAGE, DONE, END -> false;
        };
        return comesNow ? tokensOfPiece() * plan.choices() : 0;
    }

    private int tokensOfPiece() {
        Segment segment = segments.get(part);
        boolean whole = segment.isTool() && wire.hasWholeToolCalls();
        return whole ? segment.tokens() : Math.min(behaviour.tokensPerChunk, segment.tokens() - sentOfPart);
    }

    @Override
    String contentType() {
        return wire.streamType();
    }

    @Override
    boolean isStreamed() {
        return true;
    }

    @Override
    byte[] failure(boolean named) {
        return wire.failure(named, at.events);
    }

    @Override
    byte[] garbage() {
        return wire.garbage();
    }

    @Override
    void encode(ByteBuf out) {
        at.events++;
        wire.event(out, at);
        leave();
        moveOn();
    }

    /// Sets what the next event is. Each stage either names it and returns, or passes on to the next.
    private void moveOn() {
        at.tokens = 0;
        at.choice = 0;
        boolean named = false;
        while (!named) {
            named = switch (stage) {
                case WAIT -> isNamedInWait();
                case OPEN -> isNamed(Step.OPEN, wire.openings(segments.get(part)), Stage.PIECE);
                case PIECE -> namePiece();
                case CLOSE -> isNamed(Step.CLOSE, wire.closings(segments.get(part)), Stage.WAIT);
                case FINISH -> isNamed(Step.FINISH, wire.endings(Step.FINISH), Stage.USAGE);
                case USAGE -> isNamed(Step.USAGE, wire.endings(Step.USAGE), Stage.DONE);
                case DONE -> isNamed(Step.DONE, wire.endings(Step.DONE), Stage.END);
                case END -> true;
            };
        }
    }

    private boolean isNamed(Step step, int count, Stage after) {
        if (index < count) {
            at.choice = wire.choice(step, index);
            name(step, index);
            return true;
        }
        index = 0;
        stage = after;
        if (step == Step.CLOSE) {
            part++;
            sentOfPart = 0;
            endChunk();
        }
        return false;
    }

    private void name(Step step, int count) {
        at.step = step;
        at.index = count;
        kind = wire.kind(at);
    }

    private boolean isNamedInWait() {
        at.segment(part < segments.size() ? segments.get(part) : null);
        if (moveWithinWait()) {
            return true;
        }
        dueNs = chunkDueNs;
        stage = part >= segments.size() ? Stage.FINISH : sentOfPart == 0 ? Stage.OPEN : Stage.PIECE;
        return false;
    }

    /// Chooses the earliest of prelude, comment and ping in the wait before a chunk; false when none is left.
    private boolean moveWithinWait() {
        boolean first = chunk == 0;
        boolean last = part >= segments.size();
        long waitNs = chunkDueNs - previousDueNs;
        boolean prelude = first && preludesSent < wire.preludes();
        long preludeNs = prelude ? Math.min(chunkDueNs, preludeDueNs + preludesSent * behaviour.preludeGapNs) : NEVER;
        int comments = last && !first ? 0 : first ? behaviour.comments : behaviour.commentsBetween;
        int pings = last && !first ? 0 : first ? behaviour.pings : behaviour.pingsBetween;
        long commentNs = wire.hasComments() ? spread(waitNs, commentsSent, comments) : NEVER;
        long pingNs = prelude && !wire.pingsAtAnyTime() ? NEVER : spread(waitNs, pingsSent, pings);
        long earliest = Math.min(preludeNs, Math.min(commentNs, pingNs));
        if (earliest == NEVER) {
            return false;
        }
        dueNs = Math.max(dueNs, previousDueNs + earliest);
        if (commentNs == earliest) {
            name(Step.COMMENT, commentsSent);
        } else if (preludeNs == earliest) {
            at.choice = wire.choice(Step.PRELUDE, preludesSent);
            name(Step.PRELUDE, preludesSent);
        } else {
            name(Step.PING, pingsSent);
        }
        return true;
    }

    private boolean namePiece() {
        Segment segment = segments.get(part);
        at.firstToken = sentOfPart;
        at.tokens = tokensOfPiece();
        at.choice = turn;
        at.outputSoFar = outputSent + (segment.isReasoning() ? 0 : at.tokens);
        at.reasoningSoFar = reasoningSent + (segment.isReasoning() ? at.tokens : 0);
        name(Step.PIECE, turn);
        return true;
    }

    /// Counts the event that was just encoded.
    private void leave() {
        switch (stage) {
            case WAIT -> {
                switch (at.step) {
                    case COMMENT -> commentsSent++;
                    case PRELUDE -> preludesSent++;
                    default -> pingsSent++;
                }
            }
            case PIECE -> {
                if (++turn == plan.choices()) {
                    endPiece();
                }
            }
            default -> index++;
        }
    }

    private void endPiece() {
        turn = 0;
        sentOfPart += at.tokens;
        outputSent = at.outputSoFar;
        reasoningSent = at.reasoningSoFar;
        if (sentOfPart >= segments.get(part).tokens()) {
            stage = Stage.CLOSE;
        } else {
            stage = Stage.WAIT;
            endChunk();
        }
    }

    private void endChunk() {
        chunk++;
        commentsSent = 0;
        pingsSent = 0;
        previousDueNs = chunkDueNs;
        if (part < segments.size()) {
            chunkDueNs += behaviour.gap.sampleNs(dice, gaps++);
        }
    }
}
