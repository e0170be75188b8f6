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

    long firstByteReadAtNs;
    long readAtNs;

    /// Takes a header whose lower-case name is one that matters; others are passed over.
    void header(String lowerCaseName, String value) {
        switch (lowerCaseName) {
            case "x-request-id" -> id = value;
            case "x-simulate" -> simulate = simulate == null ? value : simulate + ";" + value;
            case "authorization" -> authorization = value;
            default -> {}
        }
    }
}
