package dev.latencylens.transport;

import java.util.Locale;

/// What becomes of a connection when its exchange has ended.
public enum Reuse {
    /// Any later exchange may have it.
    POOLED,
    /// It is closed; every exchange pays for a new one.
    NEVER,
    /// It belongs to one user of the load, who comes back to it; in an open loop to a request, or a conversation,
    /// while that is under way, and then to a later one.
    STICKY;

    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
