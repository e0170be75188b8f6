package dev.latencylens.exchange;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What a response body said of its own end.
///
/// @param finishReasons one for each choice that said why it stopped, in the order of arrival
/// @param terminatorSeen whether the last word came that the dialect has beside its reason for finishing
/// (`[DONE]`,
/// `message_stop`); true for a whole JSON body
/// @param whole whether the body ended where an answer of this dialect ends, with or without such a word
/// @param usage the last usage seen
/// @param error the provider's error, from the middle of a stream or from an error response
/// @param malformed what could not be understood first, with its byte offset
/// @param toolCalls how many tool calls began
/// @param serverTimingsNs what the server said in the body of its own times, by the names it gives them
public record Completion(
        List<String> finishReasons,
        boolean terminatorSeen,
        boolean whole,
        @Nullable Usage usage,
        @Nullable ProviderError error,
        @Nullable String malformed,
        int toolCalls,
        Map<String, Long> serverTimingsNs) {
    public Completion {
        finishReasons = List.copyOf(finishReasons);
        serverTimingsNs = Collections.unmodifiableMap(new LinkedHashMap<>(serverTimingsNs));
    }

    /// Of a dialect that needs its terminator.
    public Completion(
            List<String> finishReasons,
            boolean terminatorSeen,
            @Nullable Usage usage,
            @Nullable ProviderError error,
            @Nullable String malformed,
            int toolCalls) {
        this(finishReasons, terminatorSeen, terminatorSeen, usage, error, malformed, toolCalls, Map.of());
    }

    /// The same, but not understood.
    Completion but(String why) {
        return new Completion(finishReasons, terminatorSeen, whole, usage, error, why, toolCalls, serverTimingsNs);
    }

    public boolean finishSeen() {
        return !finishReasons.isEmpty();
    }
}
