package dev.latencylens.simulated;

import io.netty.buffer.ByteBuf;

/// The body of one response, event by event, in the order in which the events are due.
///
/// Used on the loop thread. The accessors describe the next event; [#encode] appends it and moves on.
abstract sealed class Answer permits PlannedAnswer, ReplayAnswer, FixedAnswer {
    private static final byte[] FAILURE = ChatText.ascii("data: {\"error\":{\"message\":\"failed\"}}\n\n");
    private static final byte[] GARBAGE = ChatText.ascii("data: {\"id\":\"broken\n\n");

    /// Whether an event is left.
    abstract boolean hasNext();

    /// When the next event is due, counted from the instant at which the request was read.
    abstract long dueNs();

    abstract ChunkKind kind();

    abstract int tokens();

    abstract int choice();

    /// Which chunk of tokens the next event belongs to or comes before.
    int chunk() {
        return 0;
    }

    /// Tokens of that chunk, of all choices, where it is due together with the next event; else 0.
    int tokensDue() {
        return 0;
    }

    /// Appends the next event and moves to the one after it.
    abstract void encode(ByteBuf out);

    abstract String contentType();

    /// Whether the body is sent event by event; otherwise its length is announced, and it leaves whole.
    abstract boolean isStreamed();

    /// Tokens of all choices together, reasoning included.
    int completionTokens() {
        return 0;
    }

    int reasoningTokens() {
        return 0;
    }

    int promptTokens() {
        return 0;
    }

    /// What tells of an error in mid-stream; `named` asks for the second form where the dialect has two.
    byte[] failure(boolean named) {
        return FAILURE;
    }

    /// An event that is no JSON.
    byte[] garbage() {
        return GARBAGE;
    }
}
