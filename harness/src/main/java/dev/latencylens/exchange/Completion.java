package dev.latencylens.exchange;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// What a response body said of its own end.
///
/// @param finishReasons one for each choice that said why it stopped, in the order of arrival
/// @param terminatorSeen whether the dialect's last word came (`[DONE]`); true for a whole JSON body
/// @param usage the last usage seen
/// @param error the provider's error, from the middle of a stream or from an error response
/// @param malformed what could not be understood first, with its byte offset
/// @param toolCalls how many tool calls began
public record Completion(
        List<String> finishReasons,
        boolean terminatorSeen,
        @Nullable Usage usage,
        @Nullable ProviderError error,
        @Nullable String malformed,
        int toolCalls) {
    public Completion {
        finishReasons = List.copyOf(finishReasons);
    }

    public boolean finishSeen() {
        return !finishReasons.isEmpty();
    }
}
