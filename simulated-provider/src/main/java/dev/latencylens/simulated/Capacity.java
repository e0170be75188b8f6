package dev.latencylens.simulated;

/// How much a simulated provider can do at a time, as an inference server can: the model that its load is known
/// by.
///
/// @param maxNumSeqs requests that are answered at the same time, 0 for any number; the others wait in line
/// @param maxWaiting requests that may wait, negative for any number; the next one is refused
/// @param tokensPerSecond output tokens of all answers together, 0 for any number
/// @param refusal the status of the refusal
public record Capacity(int maxNumSeqs, int maxWaiting, double tokensPerSecond, int refusal) {
    private static final double MOST_PER_SECOND = 1e9;

    /// As many as come, each at its own pace.
    public static final Capacity UNLIMITED = new Capacity(0, -1, 0, 429);

    public Capacity {
        if (maxNumSeqs < 0) {
            throw new IllegalArgumentException("max-num-seqs: expected a number above 0, was " + maxNumSeqs);
        }
        if (maxWaiting >= 0 && maxNumSeqs == 0) {
            throw new IllegalArgumentException(
                    "max-waiting-queue-length: nothing waits without max-num-seqs; give that too");
        }
        if (!(tokensPerSecond >= 0 && tokensPerSecond <= MOST_PER_SECOND)) {
            throw new IllegalArgumentException(
                    "tokens-per-second: expected a rate above 0 and up to 1e9, was " + tokensPerSecond);
        }
        if (refusal != 429 && refusal != 503 && refusal != 529) {
            throw new IllegalArgumentException("queue-full: expected 429, 503 or 529, was " + refusal);
        }
    }
}
