package dev.latencylens.simulated;

import io.netty.buffer.ByteBuf;

/// A chat answer that is not streamed: one body, due when the last token of a stream would be.
///
/// For the record it is a sequence of parts that leave together: for each choice its reasoning and
/// its text or tool call, at the end the usage.
final class WholeAnswer extends Answer {
    private final ChatText text;
    private final long number;
    private final Behaviour behaviour;
    private final ChatRequest request;
    private final AnswerShape shape;
    private final long dueNs;
    private final boolean shownReasoning;
    private int choice;
    private boolean reasoningSent;
    private boolean ended;

    WholeAnswer(ChatText text, long number, Behaviour behaviour, ChatRequest request, Dice dice) {
        this.text = text;
        this.number = number;
        this.behaviour = behaviour;
        this.request = request;
        this.shape = AnswerShape.of(behaviour, request);
        this.shownReasoning = shape.reasoning() > 0 && behaviour.reasoningField != Behaviour.ReasoningField.HIDDEN;
        int shown = shape.visible() + (shownReasoning ? shape.reasoning() : 0);
        int chunks = (shown + behaviour.tokensPerChunk - 1) / behaviour.tokensPerChunk;
        long sumNs = behaviour.ttft.sampleNs(dice, number);
        for (int i = 1; i < chunks; i++) {
            sumNs += behaviour.gap.sampleNs(dice, i - 1L);
        }
        this.dueNs = sumNs;
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
    ChunkKind kind() {
        if (choice == request.choices()) {
            return ChunkKind.USAGE;
        }
        if (shownReasoning && !reasoningSent) {
            return ChunkKind.REASONING;
        }
        return behaviour.toolCall ? ChunkKind.TOOL : ChunkKind.TEXT;
    }

    @Override
    int tokens() {
        return switch (kind()) {
            case USAGE -> 0;
            case REASONING -> shape.reasoning();
            default -> shape.visible();
        };
    }

    @Override
    int choice() {
        return choice == request.choices() ? 0 : choice;
    }

    @Override
    String contentType() {
        return "application/json";
    }

    @Override
    boolean isStreamed() {
        return false;
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

    @Override
    void encode(ByteBuf out) {
        switch (kind()) {
            case USAGE -> {
                write(out, "],\"usage\":");
                out.writeBytes(
                        ChatText.usage(request.promptTokens(), shape, request.choices(), behaviour.cachedTokens));
                write(out, "}");
                ended = true;
            }
            case REASONING -> {
                start(out);
                boolean content = behaviour.reasoningField == Behaviour.ReasoningField.REASONING_CONTENT;
                write(out, content ? ",\"reasoning_content\":\"" : ",\"reasoning\":\"");
                Vocabulary.write(out, 0, shape.reasoning());
                write(out, "\"");
                reasoningSent = true;
            }
            default -> {
                if (!reasoningSent) {
                    start(out);
                }
                encodeOutput(out);
                write(out, "},\"logprobs\":null,\"finish_reason\":\"" + shape.finishReason() + "\"}");
                reasoningSent = false;
                choice++;
            }
        }
    }

    private void start(ByteBuf out) {
        if (choice == 0) {
            text.startWhole(out, number);
        } else {
            write(out, ",");
        }
        write(out, "{\"index\":" + choice + ",\"message\":{\"role\":\"assistant\",\"refusal\":null");
    }

    private void encodeOutput(ByteBuf out) {
        if (behaviour.toolCall) {
            write(
                    out,
                    ",\"content\":null,\"tool_calls\":[{\"id\":\"call_" + choice
                            + "\",\"type\":\"function\",\"function\":{\"name\":\"look_up\",\"arguments\":\"");
            ToolArguments.write(out, 0, shape.visible(), shape.visible());
            write(out, "\"}}]");
        } else {
            write(out, ",\"content\":\"");
            Vocabulary.write(out, 0, shape.visible());
            write(out, "\"");
        }
    }

    private static void write(ByteBuf out, String ascii) {
        out.writeBytes(ChatText.ascii(ascii));
    }
}
