package dev.latencylens.simulated;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Which beginnings of prompts were seen before. Used on the loop thread.
final class PromptCache {
    /// Forgets everything when this many are known.
    private static final int MOST_KNOWN = 200_000;

    private final Set<Long> known = new HashSet<>();

    /// Tokens of the longest beginning that was seen before; from now on, all of this prompt's are.
    int look(ChatRequest request) {
        List<Long> prefixes = request.prefixes();
        int longest = 0;
        for (int i = prefixes.size() - 1; i >= 0 && longest == 0; i--) {
            if (known.contains(prefixes.get(i))) {
                longest = Math.min(1 << i, request.promptTokens());
            }
        }
        if (known.size() >= MOST_KNOWN) {
            known.clear();
        }
        known.addAll(prefixes);
        return longest;
    }
}
