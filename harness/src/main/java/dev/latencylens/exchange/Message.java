package dev.latencylens.exchange;

/// Something that was said before in a conversation, and goes out again with what is asked now.
public record Message(Role role, String text) {
    public enum Role {
        /// Instructions, said once, in front of all else.
        SYSTEM,
        USER,
        ASSISTANT
    }
}
