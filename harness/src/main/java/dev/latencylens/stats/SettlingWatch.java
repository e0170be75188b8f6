package dev.latencylens.stats;

import dev.latencylens.exchange.ExchangeResult;
import dev.latencylens.exchange.Moment;
import java.util.Arrays;
import java.util.OptionalLong;

/// Watches the answers of a warm-up until their time to first token keeps its level.
///
/// Looks for a [SteadyState] in all answers so far, in the order of their starts: at the first [#LEAST_ANSWERS],
/// and again whenever they have become a quarter more. It is reached where the last level lasted for that many
/// answers, and for half of all, at [#LOOKS] looks in a row. Used by one thread.
///
/// To end too early is the worse error here, so a shift counts from [#ALPHA] on, ten times as lightly as where one
/// is told: a false one costs a quarter more answers (docs/adr/0014).
public final class SettlingWatch {
    /// Fewer answers miss a decline to half within as many.
    public static final int LEAST_ANSWERS = 100;
    /// Below which p there is a shift.
    static final double ALPHA = 0.1;
    /// One look at few answers misses a slow decline; the answers of a second one mostly show it.
    public static final int LOOKS = 2;
    /// Warm-ups in which more are answered end by their longest time: a megabyte, and looks of milliseconds.
    private static final int MOST_ANSWERS = 32_768;

    private final long[] startedAtNs = new long[MOST_ANSWERS];
    private final long[] ttftNs = new long[MOST_ANSWERS];
    private int size;
    private int nextLook = LEAST_ANSWERS;
    private int kept;

    /// Takes in an exchange that has ended, and says whether it is enough; from then on it says so of none.
    public boolean add(ExchangeResult result) {
        OptionalLong ttft = result.timeline().betweenNs(Moment.STARTED, Moment.FIRST_TOKEN);
        if (kept == LOOKS || size == MOST_ANSWERS || !result.outcome().isAnswered() || ttft.isEmpty()) {
            return false;
        }
        return add(result.timeline().atNs(Moment.STARTED).orElseThrow(), ttft.getAsLong());
    }

    boolean add(long startAtNs, long firstTokenNs) {
        int place = size;
        while (place > 0 && startedAtNs[place - 1] - startAtNs > 0) {
            startedAtNs[place] = startedAtNs[place - 1];
            ttftNs[place] = ttftNs[place - 1];
            place--;
        }
        startedAtNs[place] = startAtNs;
        ttftNs[place] = firstTokenNs;
        size++;
        if (size < nextLook) {
            return false;
        }
        nextLook += nextLook / 4;
        SteadyState steady = SteadyState.of(ALPHA, Arrays.copyOf(ttftNs, size));
        boolean lasts = steady.isReached() && size - steady.from() >= LEAST_ANSWERS;
        kept = lasts ? kept + 1 : 0;
        return kept == LOOKS;
    }
}
