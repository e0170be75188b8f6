package dev.latencylens.exchange;

/// Cuts text into tokens as a model does. Used by one thread at a time, and never by an I/O thread.
public interface Tokenizer {
    /// The name in reports and files, for example `o200k_base`.
    String name();

    /// For each token, in order, the place behind the last character that it holds a byte of. Never descending:
    /// the tokens that share a character all end with it.
    ///
    /// @param text without lone surrogates
    /// @throws IllegalArgumentException if there are no tokens for some of it
    int[] ends(String text);
}
