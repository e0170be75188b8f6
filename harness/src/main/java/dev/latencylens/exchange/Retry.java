package dev.latencylens.exchange;

/// Why a request is sent once more, and when.
///
/// @param attempt counts the request's attempts, 2 for the first retry
/// @param of the id of its first attempt
/// @param after what the attempt before came to
/// @param firstStartedAtNs when the first attempt was started
/// @param dueAtNs when it is to be sent
/// @param waitNs from the decision to try again until then
/// @param waitBy who asked for that wait: `backoff`, or the header field of the provider's hint
public record Retry(
        int attempt, String of, Outcome after, long firstStartedAtNs, long dueAtNs, long waitNs, String waitBy) {
    public Retry {
        if (attempt < 2) {
            throw new IllegalArgumentException("a retry is a request's 2nd attempt or a later one, was " + attempt);
        }
    }

    /// The id of the attempt: that of the first one, a dot, the attempt.
    public String id() {
        return of + "." + attempt;
    }
}
