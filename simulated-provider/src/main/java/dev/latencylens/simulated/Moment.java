package dev.latencylens.simulated;

import org.jspecify.annotations.Nullable;

/// The event that is next in an answer. Changed in place from event to event.
final class Moment {
    Step step = Step.DONE;

    /// Counts the events of one step, from 0.
    int index;

    /// Counts the events of the answer, from 1 while one is being written.
    int events;

    int choice;
    /// Ordinal in the segment of the first token, and how many there are.
    int firstToken;

    int tokens;

    /// Tokens of all events so far, this one included.
    int reasoningSoFar;

    int outputSoFar;

    private @Nullable Segment segment;

    void segment(@Nullable Segment current) {
        segment = current;
    }

    /// The segment that a piece, an opening or a closing belongs to.
    Segment segment() {
        Segment current = segment;
        if (current == null) {
            throw new IllegalStateException("no segment at " + step);
        }
        return current;
    }
}
