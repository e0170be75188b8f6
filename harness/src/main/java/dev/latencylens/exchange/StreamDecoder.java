package dev.latencylens.exchange;

/// Turns the bytes of one response body into chunks; knows the dialect and nothing of time or sockets.
///
/// Used by one thread at a time. Pure: any split of the same body over calls of [#decode] reports the same events
/// and chunks, each during the call that brought the event's last byte. Never throws for what a server sent: what
/// cannot be understood is [Completion#malformed].
public interface StreamDecoder {
    /// The next bytes of the body. They are not kept after the call.
    void decode(byte[] bytes, int offset, int length, ChunkSink sink);

    /// The body has ended: an event that lacks only its blank line is reported now.
    void end(ChunkSink sink);

    /// What the body said of itself so far; final after [#end].
    Completion completion();
}
