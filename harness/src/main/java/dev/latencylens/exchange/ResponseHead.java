package dev.latencylens.exchange;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// Status and header fields of a response, names in lower case, in the order in which they came.
public record ResponseHead(int status, List<Header> headers) {
    public ResponseHead {
        headers = List.copyOf(headers);
    }

    /// The first field of this name (given in lower case).
    public Optional<String> header(String name) {
        return headers.stream()
                .filter(header -> header.name().equals(name))
                .map(Header::value)
                .findFirst();
    }

    /// Whether the body is one JSON document, by its type.
    public boolean isJson() {
        return header("content-type")
                .map(type -> type.strip().toLowerCase(Locale.ROOT).startsWith("application/json"))
                .orElse(false);
    }

    public boolean isRedirection() {
        return status >= 300 && status < 400;
    }

    public boolean isSuccess() {
        return status >= 200 && status < 300;
    }
}
