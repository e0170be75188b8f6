package dev.latencylens.exchange;

import org.jspecify.annotations.Nullable;

/// Token counts as the provider reported them, brought to one meaning; null where the provider did not say.
///
/// @param inputTotal all tokens of the prompt, cached ones included
/// @param cachedRead those of them read from a cache
/// @param cacheWrite those of them written to a cache, for whatever time
/// @param cacheWriteHour those of the written ones that are kept for an hour and cost more
/// @param outputTotal all tokens of the answer, reasoning included
/// @param reasoning those of them that were reasoning
/// @param reported the same counts under the provider's own rule
/// @param billed what is paid for, where the provider tells it apart from what it processed
/// @param raw the provider's own usage object, as JSON text
public record Usage(
        @Nullable Long inputTotal,
        @Nullable Long cachedRead,
        @Nullable Long cacheWrite,
        @Nullable Long cacheWriteHour,
        @Nullable Long outputTotal,
        @Nullable Long reasoning,
        Reported reported,
        @Nullable Billed billed,
        String raw) {

    /// Of a provider that bills what it counts.
    public Usage(
            @Nullable Long inputTotal,
            @Nullable Long cachedRead,
            @Nullable Long cacheWrite,
            @Nullable Long cacheWriteHour,
            @Nullable Long outputTotal,
            @Nullable Long reasoning,
            Reported reported,
            String raw) {
        this(inputTotal, cachedRead, cacheWrite, cacheWriteHour, outputTotal, reasoning, reported, null, raw);
    }

    /// Of a provider that also counts as this record does.
    public Usage(
            @Nullable Long inputTotal,
            @Nullable Long cachedRead,
            @Nullable Long cacheWrite,
            @Nullable Long outputTotal,
            @Nullable Long reasoning,
            String raw) {
        this(
                inputTotal,
                cachedRead,
                cacheWrite,
                null,
                outputTotal,
                reasoning,
                new Reported(inputTotal, outputTotal, cachedRead, cacheWrite, reasoning),
                raw);
    }

    /// The tokens of the prompt that have a price, null where the provider did not say.
    public @Nullable Long pricedInput() {
        return billed == null ? inputTotal : (Long) billed.input();
    }

    /// Counts as the provider gives them: whether input includes what was cached, and output what was reasoning,
    /// is its own affair.
    public record Reported(
            @Nullable Long input,
            @Nullable Long output,
            @Nullable Long cachedRead,
            @Nullable Long cacheCreation,
            @Nullable Long reasoning) {}

    /// Counts that have their price as they are, whatever of the tokens was cached or reasoning.
    public record Billed(long input, long output) {}
}
