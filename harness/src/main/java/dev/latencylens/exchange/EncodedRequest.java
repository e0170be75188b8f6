package dev.latencylens.exchange;

/// A request in the bytes that will go out, made before it is due.
///
/// @param http1Head request line and header fields up to and including the blank line
/// @param http2Block header block that needs no state of the connection (no dynamic table)
public record EncodedRequest(byte[] http1Head, byte[] http2Block, byte[] body) {}
