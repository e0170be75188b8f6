package dev.latencylens.simulated;

import io.netty.buffer.ByteBuf;

/// A streamed chat answer.
///
/// Every chunk of tokens is due at an instant that is the sum of the time to first token and the
/// gaps so far, so that a late write delays no later one. A gap is the time between two chunks,
/// however many tokens they hold. With several choices each step sends one chunk for each of them.
final class ChatStream extends Answer {
    private static final byte[] INDEX = ChatText.ascii("{\"index\":");
    private static final byte[] ROLE =
            ChatText.ascii(",\"delta\":{\"role\":\"assistant\",\"content\":\"\",\"refusal\":null}");
    private static final byte[] CONTENT = ChatText.ascii(",\"delta\":{\"content\":\"");
    private static final byte[] REASONING = ChatText.ascii(",\"delta\":{\"reasoning\":\"");
    private static final byte[] REASONING_CONTENT = ChatText.ascii(",\"delta\":{\"reasoning_content\":\"");
    private static final byte[] TEXT_END = ChatText.ascii("\"}");
    private static final byte[] EMPTY = ChatText.ascii(",\"delta\":{\"content\":\"\"}");
    private static final byte[] TOOL_CALL = ChatText.ascii(",\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"call_");
    private static final byte[] TOOL_NAME =
            ChatText.ascii("\",\"type\":\"function\",\"function\":{\"name\":\"look_up\",\"arguments\":\"\"}}]}");
    private static final byte[] ARGUMENTS =
            ChatText.ascii(",\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"");
    private static final byte[] ARGUMENTS_END = ChatText.ascii("\"}}]}");
    private static final byte[] NOT_FINISHED = ChatText.ascii(",\"logprobs\":null,\"finish_reason\":null}]");
    private static final byte[] FINISH = ChatText.ascii(",\"delta\":{},\"logprobs\":null,\"finish_reason\":\"");
    private static final byte[] FINISH_END = ChatText.ascii("\"}]");
    private static final byte[] NO_CHOICES = ChatText.ascii("]");
    private static final byte[] USAGE_NULL = ChatText.ascii(",\"usage\":null");
    private static final byte[] USAGE = ChatText.ascii(",\"usage\":");
    private static final byte[] EVENT_END = ChatText.ascii("}\n\n");
    private static final byte[] COMMENT = ChatText.ascii(": SIMULATED PROCESSING\n\n");
    private static final byte[] DONE = ChatText.ascii("data: [DONE]\n\n");
    private static final long NEVER = Long.MAX_VALUE;

    private enum Stage {
        BEFORE_CHUNK,
        TOOL_HEAD,
        CHUNK,
        FINISH,
        USAGE,
        DONE,
        END
    }

    private final ChatText text;
    private final long number;
    private final Behaviour behaviour;
    private final ChatRequest request;
    private final AnswerShape shape;
    private final Dice dice;
    private final int reasoningChunks;
    private final int chunks;
    private final boolean usage;
    private final boolean padding;
    private final boolean done;
    private final long roleDueNs;

    private Stage stage = Stage.BEFORE_CHUNK;
    private int chunk;
    private int turn;
    private int rolesLeft;
    private int commentsSent;
    private int pingsSent;
    private long previousDueNs;
    private long chunkDueNs;
    private int events;

    private ChunkKind kind = ChunkKind.EMPTY;
    private long dueNs;
    private int tokens;
    private int choice;
    private int firstToken;

    ChatStream(ChatText text, long number, Behaviour behaviour, ChatRequest request, Dice dice, boolean done) {
        this.text = text;
        this.number = number;
        this.behaviour = behaviour;
        this.request = request;
        this.shape = AnswerShape.of(behaviour, request);
        this.dice = dice;
        this.done = done;
        this.usage = switch (behaviour.usage) {
            case ALWAYS -> true;
            case ASKED -> request.includeUsage();
            case NEVER -> false;
        };
        this.padding = behaviour.padding && request.obfuscate();
        int perChunk = behaviour.tokensPerChunk;
        boolean hidden = behaviour.reasoningField == Behaviour.ReasoningField.HIDDEN;
        this.reasoningChunks = hidden ? 0 : ceilDiv(shape.reasoning(), perChunk);
        this.chunks = reasoningChunks + ceilDiv(shape.visible(), perChunk);
        this.chunkDueNs = behaviour.ttft.sampleNs(dice, number);
        this.roleDueNs = roleDueNs();
        this.rolesLeft = behaviour.roleChunk ? request.choices() : 0;
        moveOn();
    }

    private static int ceilDiv(int a, int b) {
        return (a + b - 1) / b;
    }

    /// With the first keep-alive where there is one, else with the first token, unless a prelude says.
    private long roleDueNs() {
        if (behaviour.prelude != null) {
            return Math.min(chunkDueNs, behaviour.prelude.sampleNs(dice, number));
        }
        return behaviour.pings > 0 ? spread(chunkDueNs, 0, behaviour.pings) : chunkDueNs;
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
    int tokens() {
        return tokens;
    }

    @Override
    int choice() {
        return choice;
    }

    @Override
    String contentType() {
        return "text/event-stream; charset=utf-8";
    }

    @Override
    boolean isStreamed() {
        return true;
    }

    @Override
    int completionTokens() {
        return shape.total() * request.choices();
    }

    @Override
    int reasoningTokens() {
        return shape.reasoning() * request.choices();
    }

    @Override
    int promptTokens() {
        return request.promptTokens();
    }

    /// Sets what the next event is. Each stage either names it and returns, or passes on to the next.
    private void moveOn() {
        tokens = 0;
        choice = 0;
        if (stage == Stage.BEFORE_CHUNK && !moveWithinWait()) {
            dueNs = chunkDueNs;
            turn = 0;
            stage = chunk >= chunks
                    ? Stage.FINISH
                    : chunk == reasoningChunks && behaviour.toolCall ? Stage.TOOL_HEAD : Stage.CHUNK;
        }
        switch (stage) {
            case BEFORE_CHUNK, END -> {}
            case TOOL_HEAD -> {
                kind = ChunkKind.TOOL;
                choice = turn;
            }
            case CHUNK -> moveToTokens();
            case FINISH -> {
                kind = ChunkKind.FINISH;
                choice = turn;
            }
            case USAGE -> {
                if (usage) {
                    kind = ChunkKind.USAGE;
                } else {
                    stage = Stage.DONE;
                    moveOn();
                }
            }
            case DONE -> {
                if (done) {
                    kind = ChunkKind.DONE;
                } else {
                    stage = Stage.END;
                }
            }
        }
    }

    /// Chooses the earliest of role, comment and ping in the wait before a chunk; false when none is left.
    private boolean moveWithinWait() {
        boolean first = chunk == 0;
        boolean last = chunk >= chunks;
        long waitNs = chunkDueNs - previousDueNs;
        long roleNs = rolesLeft > 0 ? roleDueNs : NEVER;
        int comments = last && !first ? 0 : first ? behaviour.comments : behaviour.commentsBetween;
        int pings = last && !first ? 0 : first ? behaviour.pings : behaviour.pingsBetween;
        long commentNs = spread(waitNs, commentsSent, comments);
        long pingNs = spread(waitNs, pingsSent, pings);
        long earliest = Math.min(roleNs, Math.min(commentNs, pingNs));
        if (earliest == NEVER) {
            return false;
        }
        dueNs = previousDueNs + earliest;
        if (commentNs == earliest) {
            kind = ChunkKind.COMMENT;
        } else if (roleNs == earliest) {
            kind = ChunkKind.ROLE;
            choice = request.choices() - rolesLeft;
        } else {
            kind = ChunkKind.EMPTY;
        }
        return true;
    }

    private void moveToTokens() {
        boolean reasoning = chunk < reasoningChunks;
        int step = reasoning ? chunk : chunk - reasoningChunks;
        int all = reasoning ? shape.reasoning() : shape.visible();
        firstToken = step * behaviour.tokensPerChunk;
        tokens = Math.min(behaviour.tokensPerChunk, all - firstToken);
        choice = turn;
        kind = reasoning ? ChunkKind.REASONING : behaviour.toolCall ? ChunkKind.TOOL : ChunkKind.TEXT;
    }

    @Override
    void encode(ByteBuf out) {
        events++;
        switch (kind) {
            case COMMENT -> out.writeBytes(COMMENT);
            case DONE -> out.writeBytes(DONE);
            default -> encodeChunk(out);
        }
        leave();
        moveOn();
    }

    /// Counts the event that was just encoded.
    private void leave() {
        switch (stage) {
            case BEFORE_CHUNK -> {
                switch (kind) {
                    case COMMENT -> commentsSent++;
                    case ROLE -> rolesLeft--;
                    default -> pingsSent++;
                }
            }
            case TOOL_HEAD -> nextTurn(Stage.CHUNK);
            case CHUNK -> {
                if (++turn == request.choices()) {
                    endStep();
                }
            }
            case FINISH -> nextTurn(Stage.USAGE);
            case USAGE -> stage = Stage.DONE;
            case DONE, END -> stage = Stage.END;
        }
    }

    private void nextTurn(Stage after) {
        if (++turn == request.choices()) {
            turn = 0;
            stage = after;
        }
    }

    private void endStep() {
        chunk++;
        commentsSent = 0;
        pingsSent = 0;
        previousDueNs = chunkDueNs;
        if (chunk < chunks) {
            chunkDueNs += behaviour.gap.sampleNs(dice, chunk - 1L);
        }
        stage = Stage.BEFORE_CHUNK;
    }

    private void encodeChunk(ByteBuf out) {
        text.startChunk(out, number);
        if (kind == ChunkKind.USAGE) {
            out.writeBytes(NO_CHOICES);
            out.writeBytes(USAGE);
            out.writeBytes(ChatText.usage(request.promptTokens(), shape, request.choices(), behaviour.cachedTokens));
        } else {
            out.writeBytes(INDEX);
            ChatText.number(out, choice);
            encodeDelta(out);
            if (usage) {
                out.writeBytes(USAGE_NULL);
            }
        }
        if (padding) {
            ChatText.padding(out, events * 7 % 16);
        }
        out.writeBytes(EVENT_END);
    }

    private void encodeDelta(ByteBuf out) {
        switch (kind) {
            case ROLE -> out.writeBytes(ROLE);
            case TEXT -> {
                out.writeBytes(CONTENT);
                Vocabulary.write(out, firstToken, tokens);
                out.writeBytes(TEXT_END);
            }
            case REASONING -> {
                boolean content = behaviour.reasoningField == Behaviour.ReasoningField.REASONING_CONTENT;
                out.writeBytes(content ? REASONING_CONTENT : REASONING);
                Vocabulary.write(out, firstToken, tokens);
                out.writeBytes(TEXT_END);
            }
            case TOOL -> encodeTool(out);
            case FINISH -> {
                out.writeBytes(FINISH);
                out.writeBytes(ChatText.ascii(shape.finishReason()));
                out.writeBytes(FINISH_END);
                return;
            }
            default -> out.writeBytes(EMPTY);
        }
        out.writeBytes(NOT_FINISHED);
    }

    private void encodeTool(ByteBuf out) {
        if (stage == Stage.TOOL_HEAD) {
            out.writeBytes(TOOL_CALL);
            ChatText.number(out, choice);
            out.writeBytes(TOOL_NAME);
        } else {
            out.writeBytes(ARGUMENTS);
            ToolArguments.write(out, firstToken, tokens, shape.visible());
            out.writeBytes(ARGUMENTS_END);
        }
    }
}
