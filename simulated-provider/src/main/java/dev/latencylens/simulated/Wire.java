package dev.latencylens.simulated;

import io.netty.buffer.ByteBuf;

/// Writes one answer in one dialect: which events a step takes, and the bytes of each.
///
/// When events are due is the affair of [Script]. Used on the loop thread, by one answer.
abstract class Wire {
    static final String EVENT_STREAM = "text/event-stream; charset=utf-8";
    static final String JSON = "application/json";

    final Plan plan;

    Wire(Plan plan) {
        this.plan = plan;
    }

    static Wire of(Plan plan, ChatText text) {
        return switch (plan.route().dialect()) {
            case OPENAI_CHAT -> new ChatWire(plan, text);
            case OPENAI_RESPONSES -> new ResponsesWire(plan);
            case ANTHROPIC -> new AnthropicWire(plan);
            case GEMINI -> new GeminiWire(plan);
            case BEDROCK_CONVERSE -> new ConverseWire(plan);
            case BEDROCK_INVOKE -> new InvokeWire(plan);
            case AZURE_OPENAI -> new AzureWire(plan);
            case COHERE -> new CohereWire(plan);
            case MISTRAL -> new MistralWire(plan);
            case META_LLAMA -> new LlamaWire(plan);
            case OLLAMA -> new OllamaWire(plan);
        };
    }

    String streamType() {
        return EVENT_STREAM;
    }

    String wholeType() {
        return JSON;
    }

    /// How many events there are before the first output that do not belong to a wait.
    abstract int preludes();

    int openings(Segment segment) {
        return 0;
    }

    int closings(Segment segment) {
        return 0;
    }

    /// How many events `step` takes, behind the last segment.
    abstract int endings(Step step);

    /// The finish reason in the dialect's words.
    final String finish(String stop, String length, String toolCalls) {
        return switch (plan.shape().finishReason()) {
            case "length" -> length;
            case "tool_calls" -> toolCalls;
            default -> stop;
        };
    }

    /// What an event is in the record.
    ChunkKind kind(Moment at) {
        return switch (at.step) {
            case PRELUDE -> ChunkKind.ROLE;
            case COMMENT -> ChunkKind.COMMENT;
            case PING -> ChunkKind.EMPTY;
            case OPEN -> at.segment().isTool() ? ChunkKind.TOOL : ChunkKind.STRUCTURE;
            case PIECE -> at.segment().kind();
            case CLOSE -> ChunkKind.STRUCTURE;
            case FINISH -> ChunkKind.FINISH;
            case USAGE -> ChunkKind.USAGE;
            case DONE -> ChunkKind.DONE;
        };
    }

    /// Which of several choices an event that is no piece belongs to.
    int choice(Step step, int index) {
        return 0;
    }

    /// Whether a tool call comes in one event.
    boolean hasWholeToolCalls() {
        return false;
    }

    boolean hasComments() {
        return true;
    }

    /// Whether keep-alives may come before the prelude.
    boolean pingsAtAnyTime() {
        return false;
    }

    /// Appends one event of a stream.
    abstract void event(ByteBuf out, Moment at);

    /// Appends one part of an answer that is not streamed: a segment, or at [Step#USAGE] the rest.
    abstract void part(ByteBuf out, Moment at);

    /// What tells of an error in mid-stream; `named` asks for the second form where there are two.
    abstract byte[] failure(boolean named, int events);

    /// An event that is no JSON.
    byte[] garbage() {
        return ChatText.ascii("data: {\"id\":\"broken\",\"content\":[{\"te\n\n");
    }

    /// Whether a segment's opening belongs to the prelude: the first one's, unless it is a tool call.
    final boolean opensEarly(Segment segment) {
        return segment.order() == 0 && !segment.isTool();
    }

    /// Whether the first segment's opening belongs to the prelude.
    final boolean opensEarly() {
        return !plan.segments().isEmpty() && opensEarly(plan.segments().getFirst());
    }

    /// The segment's tokens of this event; a tool call's are quoted.
    static void tokens(ByteBuf out, Moment at) {
        if (at.segment().isTool()) {
            ToolArguments.write(out, at.firstToken, at.tokens, at.segment().tokens());
        } else {
            Vocabulary.write(out, at.firstToken, at.tokens);
        }
    }

    static void put(ByteBuf out, String text) {
        Json.put(out, text);
    }

    static void put(ByteBuf out, long number) {
        Json.put(out, number);
    }
}
