package dev.latencylens.exchange;

import java.util.Locale;

/// What a chunk of model output holds. Role-only, empty, usage and ping events are no chunks.
public enum ChunkKind {
    TEXT,
    REASONING,
    TOOL,
    REFUSAL;

    static final ChunkKind[] VALUES = values();

    /// Whether a person would see it: reasoning is output, but not visible output.
    public boolean isVisible() {
        return this != REASONING;
    }

    /// Whether it is what the assistant says, which is repeated in a conversation's later turns: no reasoning,
    /// which no API wants back as text, and no tool call.
    public boolean isText() {
        return this == TEXT || this == REFUSAL;
    }

    /// @throws IllegalArgumentException if no kind has this name
    public static ChunkKind of(String label) {
        return valueOf(label.toUpperCase(Locale.ROOT));
    }

    /// The name in files: `text`, `reasoning`, `tool`, `refusal`.
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
