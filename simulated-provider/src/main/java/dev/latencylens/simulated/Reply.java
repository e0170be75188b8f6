package dev.latencylens.simulated;

import org.jspecify.annotations.Nullable;

/// How a request is going to be answered. `dialect` is null where it is not known, or its headers are not wanted.
@SuppressWarnings("ArrayRecordComponent") // name, value, name, value; never compared
record Reply(
        Behaviour behaviour,
        Fault fault,
        int status,
        Answer answer,
        @Nullable Dialect dialect,
        String... extraHeaders) {
    static final String[] NO_HEADERS = {};

    /// Whether the model is needed for it, and not the server alone.
    boolean isOfTheModel() {
        return !(answer instanceof FixedAnswer);
    }

    /// The headers beyond those that HTTP needs, written `elapsedNs` after the request was read.
    String[] headers(String id, long elapsedNs) {
        return dialect == null ? extraHeaders : ProviderHeaders.of(dialect, answer, id, elapsedNs, extraHeaders);
    }
}
