package dev.latencylens.exchange;

/// Where a request stands in its conversation.
///
/// @param conversation counts the run's conversations from 0
/// @param number of the turn, from 1
/// @param of how many turns the conversation is to have
public record Turn(long conversation, int number, int of) {
    public Turn {
        if (number < 1 || of < number) {
            throw new IllegalArgumentException("turn " + number + " of " + of + " is none");
        }
    }

    public boolean isFirst() {
        return number == 1;
    }

    public boolean isLast() {
        return number == of;
    }

    /// The one that follows; there is none after the last.
    public Turn next() {
        return new Turn(conversation, number + 1, of);
    }
}
