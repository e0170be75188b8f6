package dev.latencylens.exchange;

/// Receives what a [StreamDecoder] finds in a body, in order.
///
/// For every event first [#event], then [#chunk] once for each non-empty piece of model output in it.
public interface ChunkSink {
    /// Tokens of a chunk whose provider does not say how many it holds.
    int UNKNOWN_TOKENS = -1;

    /// A data event, whatever it holds. Comments, pings without data and the terminator are none.
    ///
    /// @param endOffset bytes of the body up to and including the event's last byte, its blank line included
    /// @param bytes the event's own length in the body
    void event(long endOffset, int bytes);

    /// A non-empty piece of model output inside the event just reported.
    ///
    /// @param choice index of the answer it belongs to, from 0
    /// @param tokens how many tokens it holds, or [#UNKNOWN_TOKENS]
    /// @param text the characters, valid during this call only; for a tool call its name or a piece of its
    /// arguments
    void chunk(ChunkKind kind, int choice, int tokens, CharSequence text);
}
