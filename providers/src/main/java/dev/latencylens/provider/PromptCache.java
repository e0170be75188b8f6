package dev.latencylens.provider;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import tools.jackson.databind.node.ObjectNode;

/// How long a provider is asked to keep a prompt in its cache, by a mark in the request (`cache_control` of
/// Anthropic's, `cachePoint` of Converse).
public enum PromptCache {
    FIVE_MINUTES("5m"),
    HOUR("1h");

    private final String label;

    PromptCache(String label) {
        this.label = label;
    }

    public String label() {
        return label;
    }

    /// @throws IllegalArgumentException naming the times there are
    public static PromptCache of(String label) {
        return Arrays.stream(values())
                .filter(cache -> cache.label.equals(label.strip().toLowerCase(Locale.ROOT)))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("prompts are kept for "
                        + Arrays.stream(values()).map(PromptCache::label).collect(Collectors.joining(" or "))
                        + ", not for '" + label + "'"));
    }

    /// Marks a block of a prompt as Anthropic's Messages do; five minutes are their default.
    void mark(ObjectNode block) {
        ObjectNode mark = block.putObject("cache_control").put("type", "ephemeral");
        if (this == HOUR) {
            mark.put("ttl", label);
        }
    }
}
