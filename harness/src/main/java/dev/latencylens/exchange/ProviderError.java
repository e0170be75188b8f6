package dev.latencylens.exchange;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// An error in the provider's own words, from an error response or from the middle of a stream.
///
/// @param code the provider's code or type, empty where there is none
/// @param message one line, at most 300 characters
/// @param retryAfter when to come again, where the error itself says so and no header does; null where it does not
public record ProviderError(
        String code, String message, @Nullable Duration retryAfter) {
    static final int MAX_MESSAGE_CHARACTERS = 300;

    public ProviderError(String code, String message) {
        this(code, message, null);
    }

    public ProviderError {
        message = message.replaceAll("\\s+", " ").strip();
        if (message.length() > MAX_MESSAGE_CHARACTERS) {
            message = message.substring(0, MAX_MESSAGE_CHARACTERS - 3) + "...";
        }
    }

    @Override
    public String toString() {
        return code.isEmpty() ? message : code + ": " + message;
    }
}
