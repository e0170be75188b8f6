package dev.latencylens.simulated;

import io.netty.buffer.ByteBuf;

/// OpenAI's Chat Completions.
final class ChatWire extends Wire {
    private static final byte[] INDEX = ChatText.ascii("{\"index\":");
    private static final byte[] ROLE =
            ChatText.ascii(",\"delta\":{\"role\":\"assistant\",\"content\":\"\",\"refusal\":null}");
    private static final byte[] CONTENT = ChatText.ascii(",\"delta\":{\"content\":\"");
    private static final byte[] REASONING = ChatText.ascii(",\"delta\":{\"reasoning\":\"");
    private static final byte[] REASONING_CONTENT = ChatText.ascii(",\"delta\":{\"reasoning_content\":\"");
    private static final byte[] TEXT_END = ChatText.ascii("\"}");
    private static final byte[] EMPTY = ChatText.ascii(",\"delta\":{\"content\":\"\"}");
    private static final byte[] TOOL_CALLS = ChatText.ascii(",\"delta\":{\"tool_calls\":[{\"index\":");
    private static final byte[] TOOL_ID = ChatText.ascii(",\"id\":\"call_");
    private static final byte[] TOOL_NAME =
            ChatText.ascii("\",\"type\":\"function\",\"function\":{\"name\":\"look_up\",\"arguments\":\"\"}}]}");
    private static final byte[] ARGUMENTS = ChatText.ascii(",\"function\":{\"arguments\":\"");
    private static final byte[] ARGUMENTS_END = ChatText.ascii("\"}}]}");
    private static final byte[] NOT_FINISHED = ChatText.ascii(",\"logprobs\":null,\"finish_reason\":null}]");
    private static final byte[] FINISH = ChatText.ascii(",\"delta\":{},\"logprobs\":null,\"finish_reason\":\"");
    private static final byte[] FINISH_END = ChatText.ascii("\"}]");
    private static final byte[] NO_CHOICES = ChatText.ascii("]");
    private static final byte[] USAGE_NULL = ChatText.ascii(",\"usage\":null");
    private static final byte[] USAGE = ChatText.ascii(",\"usage\":");
    private static final byte[] EVENT_END = ChatText.ascii("}\n\n");
    private static final byte[] UNFINISHED_EVENT = ChatText.joined(NOT_FINISHED, EVENT_END);
    private static final byte[] UNFINISHED_EVENT_WITH_USAGE_NULL = ChatText.joined(NOT_FINISHED, USAGE_NULL, EVENT_END);
    private static final byte[] COMMENT = ChatText.ascii(": SIMULATED PROCESSING\n\n");
    private static final byte[] DONE = ChatText.ascii("data: [DONE]\n\n");
    private static final byte[] GARBAGE =
            ChatText.ascii("data: {\"id\":\"chatcmpl-broken\",\"choices\":[{\"index\":0,\"delta\n\n");

    private final ChatText text;
    private final boolean usage;
    private final boolean padding;
    /// What each event begins with, up to the number of its choice; empty before the first.
    private byte[] start = {};

    ChatWire(Plan plan, ChatText text) {
        super(plan);
        this.text = text;
        this.usage = plan.hasUsage();
        this.padding = plan.pads();
    }

    @Override
    int preludes() {
        return plan.behaviour().roleChunk ? plan.choices() : 0;
    }

    @Override
    int openings(Segment segment) {
        return segment.isTool() ? plan.choices() : 0;
    }

    @Override
    int endings(Step step) {
        return switch (step) {
            case FINISH -> plan.choices();
            case USAGE -> usage ? 1 : 0;
            default -> plan.done() ? 1 : 0;
        };
    }

    @Override
    int choice(Step step, int index) {
        return step == Step.USAGE || step == Step.DONE ? 0 : index;
    }

    @Override
    boolean pingsAtAnyTime() {
        return true;
    }

    @Override
    void event(ByteBuf out, Moment at) {
        switch (at.step) {
            case COMMENT -> out.writeBytes(COMMENT);
            case DONE -> out.writeBytes(DONE);
            default -> chunk(out, at);
        }
    }

    private void chunk(ByteBuf out, Moment at) {
        if (start.length == 0) {
            start = ChatText.joined(text.chunkStart(plan.number()), INDEX);
        }
        if (at.step == Step.USAGE) {
            out.writeBytes(start, 0, start.length - INDEX.length);
            out.writeBytes(NO_CHOICES);
            out.writeBytes(USAGE);
            out.writeBytes(ChatText.usage(plan));
        } else {
            out.writeBytes(start);
            put(out, at.choice);
            delta(out, at);
            if (!padding && at.step != Step.FINISH) {
                out.writeBytes(usage ? UNFINISHED_EVENT_WITH_USAGE_NULL : UNFINISHED_EVENT);
                return;
            }
            out.writeBytes(at.step == Step.FINISH ? FINISH_END : NOT_FINISHED);
            if (usage) {
                out.writeBytes(USAGE_NULL);
            }
        }
        if (padding) {
            ChatText.padding(out, at.events * 7 % 16);
        }
        out.writeBytes(EVENT_END);
    }

    private void delta(ByteBuf out, Moment at) {
        switch (at.step) {
            case PRELUDE -> out.writeBytes(ROLE);
            case OPEN -> {
                startCall(out, at);
                out.writeBytes(TOOL_ID);
                callId(out, at);
                out.writeBytes(TOOL_NAME);
            }
            case PIECE -> piece(out, at);
            case FINISH -> {
                out.writeBytes(FINISH);
                out.writeBytes(ChatText.ascii(plan.shape().finishReason()));
            }
            default -> out.writeBytes(EMPTY);
        }
    }

    private void piece(ByteBuf out, Moment at) {
        if (at.segment().isTool()) {
            startCall(out, at);
            out.writeBytes(ARGUMENTS);
            ToolArguments.write(out, at.firstToken, at.tokens, at.segment().tokens());
            out.writeBytes(ARGUMENTS_END);
            return;
        }
        boolean content = plan.behaviour().reasoningField == Behaviour.ReasoningField.REASONING_CONTENT;
        out.writeBytes(at.segment().isText() ? CONTENT : content ? REASONING_CONTENT : REASONING);
        Vocabulary.write(out, at.firstToken, at.tokens);
        out.writeBytes(TEXT_END);
    }

    private static void startCall(ByteBuf out, Moment at) {
        out.writeBytes(TOOL_CALLS);
        put(out, at.segment().call());
    }

    private static void callId(ByteBuf out, Moment at) {
        put(out, at.choice);
        if (at.segment().call() > 0) {
            out.writeByte('_');
            put(out, at.segment().call());
        }
    }

    @Override
    void part(ByteBuf out, Moment at) {
        if (at.step == Step.USAGE) {
            put(out, "],\"usage\":");
            out.writeBytes(ChatText.usage(plan));
            put(out, "}");
            return;
        }
        Segment segment = at.segment();
        if (segment.order() == 0) {
            startChoice(out, at);
        }
        switch (segment.kind()) {
            case REASONING -> {
                boolean content = plan.behaviour().reasoningField == Behaviour.ReasoningField.REASONING_CONTENT;
                put(out, content ? ",\"reasoning_content\":\"" : ",\"reasoning\":\"");
                Vocabulary.write(out, 0, segment.tokens());
                put(out, "\"");
            }
            case TOOL -> wholeCall(out, at);
            default -> {
                put(out, ",\"content\":\"");
                Vocabulary.write(out, 0, segment.tokens());
                put(out, "\"");
            }
        }
        if (plan.isLast(segment)) {
            put(out, "},\"logprobs\":null,\"finish_reason\":\"" + plan.shape().finishReason() + "\"}");
        }
    }

    private void startChoice(ByteBuf out, Moment at) {
        if (at.choice == 0) {
            out.writeBytes(text.wholeStart(plan.number()));
        } else {
            put(out, ",");
        }
        put(out, "{\"index\":" + at.choice + ",\"message\":{\"role\":\"assistant\",\"refusal\":null");
    }

    private void wholeCall(ByteBuf out, Moment at) {
        boolean first = at.segment().call() == 0;
        put(out, !first ? "," : plan.behaviour().toolCall ? ",\"content\":null,\"tool_calls\":[" : ",\"tool_calls\":[");
        put(out, "{\"id\":\"call_");
        callId(out, at);
        put(out, "\",\"type\":\"function\",\"function\":{\"name\":\"look_up\",\"arguments\":\"");
        ToolArguments.write(out, 0, at.tokens, at.tokens);
        put(out, plan.isLast(at.segment()) ? "\"}}]" : "\"}}");
    }

    @Override
    byte[] failure(boolean named, int events) {
        return ChatText.ascii((named ? "event: error\ndata: " : "data: ")
                + "{\"error\":{\"message\":\"The simulated model failed in mid-stream\","
                + "\"type\":\"server_error\",\"param\":null,\"code\":\"server_error\"}}\n\n");
    }

    @Override
    byte[] garbage() {
        return GARBAGE;
    }
}
