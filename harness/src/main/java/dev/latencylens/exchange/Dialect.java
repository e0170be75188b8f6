package dev.latencylens.exchange;

/// A provider's wire format: what a request looks like, and how to read the answer.
///
/// Stateless and shared by threads; each response gets a decoder of its own.
public interface Dialect {
    /// The name that users and files give it, for example `openai-chat`.
    String name();

    /// The request for a prompt, ready but for what the transport adds. Called before the request is due.
    Request request(Prompt prompt);

    /// A reader for the body that follows this head: a stream, a whole JSON body, or an error.
    StreamDecoder decoder(ResponseHead head);
}
