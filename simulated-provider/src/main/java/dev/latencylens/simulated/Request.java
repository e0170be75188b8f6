package dev.latencylens.simulated;

import org.jspecify.annotations.Nullable;

/// The head of a request: the little that the simulated provider looks at.
final class Request {
    String method = "";
    String path = "";

    @Nullable
    String id;

    @Nullable
    String simulate;

    @Nullable
    String authorization;

    /// The key, where it is not in `authorization`.
    @Nullable
    String key;

    @Nullable
    String anthropicVersion;

    long firstByteReadAtNs;
    long readAtNs;

    /// Takes a header whose lower-case name is one that matters; others are passed over.
    void header(String lowerCaseName, String value) {
        switch (lowerCaseName) {
            case "x-request-id" -> id = value;
            case "x-simulate" -> simulate = simulate == null ? value : simulate + ";" + value;
            case "authorization" -> authorization = value;
            case "x-api-key", "x-goog-api-key", "api-key" -> key = value;
            case "anthropic-version" -> anthropicVersion = value;
            default -> {}
        }
    }
}
