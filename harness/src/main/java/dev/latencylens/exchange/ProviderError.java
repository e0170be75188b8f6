package dev.latencylens.exchange;

/// An error in the provider's own words, from an error response or from the middle of a stream.
///
/// @param code the provider's code or type, empty where there is none
/// @param message one line, at most 300 characters
public record ProviderError(String code, String message) {
    static final int MAX_MESSAGE_CHARACTERS = 300;

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
