package dev.latencylens.stats;

import java.util.Arrays;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/// What was seen of one quantity: count, mean, standard deviation, minimum and maximum exactly, and its
/// percentiles.
///
/// The first 8,192 samples are kept as they are, so that a short run is exact and small; from then on they are
/// counted ([Counts]), so that a run of any length stays within a few megabytes and a percentile within 1 part in
/// 10,000. Negative values are findings and are kept like all others. Used by
/// one thread at a time; recording allocates nothing but, now and then, a larger store.
public final class Distribution {
    /// Samples kept exactly: 64 KiB of them.
    static final int MOST_EXACT = 8_192;

    /// The standard normal distribution's 95th percentile.
    private static final double ONE_SIDED_95 = 1.645;

    private static final int FIRST_CAPACITY = 64;

    private long[] exact = new long[FIRST_CAPACITY];
    private boolean sorted;
    private @Nullable Counts notNegative;
    /// Negative values, their signs turned.
    private @Nullable Counts negative;

    private long count;
    /// Without what each counts for.
    private long values;
    private double mean;
    private double squares;
    private long min = Long.MAX_VALUE;
    private long max = Long.MIN_VALUE;

    public void record(long value) {
        record(value, 1);
    }

    /// Records a value that counts as several.
    public void record(long value, long times) {
        if (times <= 0) {
            throw new IllegalArgumentException("a value must be recorded at least once, was " + times);
        }
        values++;
        moments(value, times);
        Counts counts = notNegative;
        if (counts == null) {
            if (count <= MOST_EXACT) {
                keep(value, times);
                return;
            }
            counts = spill((int) (count - times));
        }
        count(counts, value, times);
    }

    /// Adds everything that another distribution has seen.
    public void add(Distribution other) {
        if (other.count == 0) {
            return;
        }
        long together = values + other.values;
        if (other.notNegative == null) {
            for (int i = 0; i < other.count; i++) {
                record(other.exact[i]);
            }
            values = together;
            return;
        }
        values = together;
        if (notNegative == null) {
            spill((int) count);
        }
        mergeMoments(other);
        other.eachCounted((value, times) -> count(counted(), value, times));
    }

    public long count() {
        return count;
    }

    /// How many were recorded, each once whatever it counts for: as many as a percentile's floor is about.
    public long values() {
        return values;
    }

    public OptionalDouble mean() {
        return count == 0 ? OptionalDouble.empty() : OptionalDouble.of(mean);
    }

    /// The standard deviation of the sample (n - 1 in the denominator); absent below two values.
    public OptionalDouble sd() {
        return count < 2 ? OptionalDouble.empty() : OptionalDouble.of(Math.sqrt(squares / (count - 1)));
    }

    public OptionalLong min() {
        return count == 0 ? OptionalLong.empty() : OptionalLong.of(min);
    }

    public OptionalLong max() {
        return count == 0 ? OptionalLong.empty() : OptionalLong.of(max);
    }

    /// The value at the percentile's nearest rank; absent when there are fewer samples than its floor, whatever
    /// each counts for.
    public OptionalLong percentile(Percentile percentile) {
        return values < percentile.floor() ? OptionalLong.empty() : OptionalLong.of(valueAt(percentile.rank(count)));
    }

    /// What the percentile is no more than, with 95 % confidence: the value whose rank lies 1.645 standard
    /// deviations of the binomial distribution higher, or the largest where there are too few for that. Absent
    /// without samples.
    public OptionalLong upperLimit(Percentile percentile) {
        double share = percentile.percent() / 100;
        long rank = (long) Math.ceil(count * share + ONE_SIDED_95 * Math.sqrt(count * share * (1 - share)));
        return rank <= count && values >= percentile.floor() ? OptionalLong.of(valueAt(rank)) : max();
    }

    /// Receives values in rising order, with how often each was seen.
    @FunctionalInterface
    public interface Counted {
        void value(long value, long times);
    }

    /// Hands over all that was seen, in rising order, as precisely as it is known.
    public void each(Counted receiver) {
        if (notNegative == null) {
            sort();
            for (int i = 0; i < count; i++) {
                receiver.value(exact[i], 1);
            }
        } else {
            eachCounted(receiver);
        }
    }

    private long valueAt(long rank) {
        if (notNegative == null) {
            sort();
            return exact[(int) rank - 1];
        }
        var search = new RankSearch(rank);
        eachCounted(search);
        return Math.clamp(search.found, min, max);
    }

    private void sort() {
        if (!sorted) {
            Arrays.sort(exact, 0, (int) count);
            sorted = true;
        }
    }

    private void moments(long value, long times) {
        count += times;
        double before = value - mean;
        mean += before * times / count;
        squares += times * before * (value - mean);
        min = Math.min(min, value);
        max = Math.max(max, value);
    }

    /// Joins two means and sums of squares (Chan, Golub and LeVeque 1979).
    private void mergeMoments(Distribution other) {
        long both = count + other.count;
        double apart = other.mean - mean;
        squares += other.squares + apart * apart * ((double) count * other.count / both);
        mean += apart * other.count / both;
        count = both;
        min = Math.min(min, other.min);
        max = Math.max(max, other.max);
    }

    private void keep(long value, long times) {
        sorted = false;
        if (count > exact.length) {
            exact = Arrays.copyOf(exact, (int) Math.min(MOST_EXACT, Math.max(count, exact.length * 2L)));
        }
        Arrays.fill(exact, (int) (count - times), (int) count, value);
    }

    private Counts spill(int kept) {
        var counts = new Counts();
        notNegative = counts;
        for (int i = 0; i < kept; i++) {
            count(counts, exact[i], 1);
        }
        exact = new long[0];
        return counts;
    }

    private void count(Counts counts, long value, long times) {
        if (value >= 0) {
            counts.add(value, times);
            return;
        }
        Counts below = negative;
        if (below == null) {
            below = new Counts();
            negative = below;
        }
        below.add(-value, times);
    }

    private Counts counted() {
        Counts counts = notNegative;
        if (counts == null) {
            throw new IllegalStateException("nothing has been counted yet");
        }
        return counts;
    }

    private void eachCounted(Counted receiver) {
        if (negative != null) {
            negative.negated(receiver);
        }
        counted().rising(receiver);
    }

    private static final class RankSearch implements Counted {
        private final long rank;
        private long passed;
        private long found;

        RankSearch(long rank) {
            this.rank = rank;
        }

        @Override
        public void value(long value, long times) {
            if (passed < rank) {
                found = value;
            }
            passed += times;
        }
    }
}
