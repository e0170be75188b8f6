package dev.latencylens.provider;

import dev.latencylens.exchange.ChunkSink;
import dev.latencylens.exchange.Completion;
import dev.latencylens.exchange.ProviderError;
import org.jspecify.annotations.Nullable;

/// What the documents of one answer say, be they the events of a stream or one whole body: the meaning of a
/// dialect, apart from how its documents are framed.
abstract class Answer {
    final ErrorReader errors;
    private @Nullable ProviderError error;
    private @Nullable String malformed;

    Answer(ErrorReader errors) {
        this.errors = errors;
    }

    /// Reads one document and reports it as one event; false, and nothing reported, where it is no JSON.
    ///
    /// @param type what the framing calls the event, empty where it does not say
    abstract boolean read(String type, byte[] bytes, int from, int to, long endOffset, int eventBytes, ChunkSink sink);

    /// What the last document that was no JSON lacked.
    abstract String failure();

    /// @param terminatorSeen whether `[DONE]` came, or whether a body that is one document was read
    abstract Completion completion(boolean terminatorSeen);

    /// The document just read was the whole body, so nothing can follow it.
    void wholeBodyRead() {}

    /// Keeps the first of them.
    final void fail(ProviderError providerError) {
        if (error == null) {
            error = providerError;
        }
    }

    /// Keeps the first of them.
    final void misunderstand(String what) {
        if (malformed == null) {
            malformed = errors.redact(what);
        }
    }

    final boolean hasFailed() {
        return error != null;
    }

    final @Nullable ProviderError error() {
        return error;
    }

    final @Nullable String malformed() {
        return malformed;
    }
}
