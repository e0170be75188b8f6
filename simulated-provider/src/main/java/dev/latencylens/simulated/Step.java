package dev.latencylens.simulated;

/// What an event of an answer does, in whichever dialect it is written.
enum Step {
    /// Before any output: the role, the message's start.
    PRELUDE,
    COMMENT,
    /// A keep-alive in the dialect's own form.
    PING,
    /// A segment begins; of a tool call, its name.
    OPEN,
    /// Tokens.
    PIECE,
    /// A segment ends.
    CLOSE,
    /// Why the answer ends.
    FINISH,
    USAGE,
    /// The dialect's last word.
    DONE
}
