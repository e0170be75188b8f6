package dev.latencylens.exchange;

/// What is asked of the model, and how long the answer may be.
///
/// @param text the user's message
/// @param maxOutputTokens the most tokens to answer with, 0 for the provider's default
public record Prompt(String text, int maxOutputTokens) {
    public Prompt {
        if (maxOutputTokens < 0) {
            throw new IllegalArgumentException("output length must not be negative, was " + maxOutputTokens);
        }
    }
}
