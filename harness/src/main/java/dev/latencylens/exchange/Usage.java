package dev.latencylens.exchange;

import org.jspecify.annotations.Nullable;

/// Token counts as the provider reported them, brought to one meaning; null where the provider did not say.
///
/// @param inputTotal all tokens of the prompt, cached ones included
/// @param cachedRead those of them read from a cache
/// @param cacheWrite those of them written to a cache
/// @param outputTotal all tokens of the answer, reasoning included
/// @param reasoning those of them that were reasoning
/// @param raw the provider's own usage object, as JSON text
public record Usage(
        @Nullable Long inputTotal,
        @Nullable Long cachedRead,
        @Nullable Long cacheWrite,
        @Nullable Long outputTotal,
        @Nullable Long reasoning,
        String raw) {}
