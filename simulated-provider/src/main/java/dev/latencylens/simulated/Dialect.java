package dev.latencylens.simulated;

import java.util.Locale;

/// The wire formats that the simulated provider speaks.
enum Dialect {
    OPENAI_CHAT,
    OPENAI_RESPONSES,
    ANTHROPIC,
    GEMINI,
    BEDROCK_CONVERSE,
    BEDROCK_INVOKE,
    AZURE_OPENAI,
    COHERE,
    MISTRAL,
    META_LLAMA,
    OLLAMA;

    /// The name in settings and in the record.
    String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    boolean isBedrock() {
        return this == BEDROCK_CONVERSE || this == BEDROCK_INVOKE;
    }

    static Dialect parse(String text) {
        StringBuilder known = new StringBuilder();
        for (Dialect dialect : values()) {
            if (dialect.label().equals(text)) {
                return dialect;
            }
            known.append(' ').append(dialect.label());
        }
        throw new IllegalArgumentException("dialect: expected one of" + known + ", was '" + text + "'");
    }
}
