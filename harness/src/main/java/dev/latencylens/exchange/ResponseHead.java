package dev.latencylens.exchange;

import java.util.List;
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

    public boolean isSuccess() {
        return status >= 200 && status < 300;
    }
}
