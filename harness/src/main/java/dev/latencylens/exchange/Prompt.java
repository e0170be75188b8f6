package dev.latencylens.exchange;

import java.util.List;

/// What is asked of the model, and how long the answer may be.
///
/// @param history what was said before, oldest first: instructions, if any, then user and assistant by turns
/// @param text the user's message
/// @param maxOutputTokens the most tokens to answer with, 0 for the provider's default
public record Prompt(List<Message> history, String text, int maxOutputTokens) {
    public Prompt {
        if (maxOutputTokens < 0) {
            throw new IllegalArgumentException("output length must not be negative, was " + maxOutputTokens);
        }
        history = List.copyOf(history);
    }

    /// Without anything before it.
    public Prompt(String text, int maxOutputTokens) {
        this(List.of(), text, maxOutputTokens);
    }
}
