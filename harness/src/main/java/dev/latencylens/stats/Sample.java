package dev.latencylens.stats;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/// All values of one metric in one run, unit after unit in the order in which these started. A unit is a request,
/// or where requests are turns of conversations, a conversation: its values depend on each other.
///
/// Unlike a [Distribution], which a run of any length fills as it goes, it knows which values belong together, and
/// so how much they tell.
public final class Sample {
    private final long[] values;
    /// Where each unit's values end.
    private final int[] ends;
    private final long[] sorted;
    private final int requests;

    /// @param requests the values of each request that has any, in the order in which these started
    public Sample(List<long[]> requests) {
        this(requests, (int)
                requests.stream().filter(values -> values.length > 0).count());
    }

    private Sample(List<long[]> units, int requests) {
        List<long[]> some = units.stream().filter(values -> values.length > 0).toList();
        this.requests = requests;
        values = some.stream().flatMapToLong(Arrays::stream).toArray();
        ends = new int[some.size()];
        int end = 0;
        for (int i = 0; i < ends.length; i++) {
            end += some.get(i).length;
            ends[i] = end;
        }
        sorted = values.clone();
        Arrays.sort(sorted);
    }

    /// Of requests that may be turns of conversations: those of one conversation are one unit, in the place of the
    /// first of them.
    ///
    /// @param requests as for the constructor
    /// @param conversations the number of each request's, below 0 for one that stands for itself
    public static Sample ofTurns(List<long[]> requests, long[] conversations) {
        var units = new LinkedHashMap<Long, List<long[]>>();
        int some = 0;
        for (int i = 0; i < conversations.length; i++) {
            long unit = conversations[i] < 0 ? -1L - i : conversations[i];
            units.computeIfAbsent(unit, _ -> new ArrayList<>()).add(requests.get(i));
            some += requests.get(i).length > 0 ? 1 : 0;
        }
        return new Sample(
                units.values().stream()
                        .map(turns ->
                                turns.stream().flatMapToLong(Arrays::stream).toArray())
                        .toList(),
                some);
    }

    /// One value for each request.
    public static Sample of(long... values) {
        var requests = new ArrayList<long[]>(values.length);
        for (long value : values) {
            requests.add(new long[] {value});
        }
        return new Sample(requests);
    }

    public int count() {
        return values.length;
    }

    /// How many requests the values are from.
    public int requests() {
        return requests;
    }

    /// How many requests, or conversations, do not depend on each other but by their order in time.
    public int units() {
        return ends.length;
    }

    /// By nearest rank; absent when there are fewer values than its floor.
    public OptionalLong percentile(Percentile percentile) {
        return count() < percentile.floor() ? OptionalLong.empty() : OptionalLong.of(valueAt(percentile));
    }

    /// The value at this rank, counted from 1, where values that are missing are larger than all others.
    public double atRank(long rank) {
        return rank > count() ? Double.POSITIVE_INFINITY : sorted[(int) rank - 1];
    }

    /// What the values tell of the true percentile; absent when there are fewer than its floor.
    public Optional<PercentileEstimate> estimate(Percentile percentile) {
        return count() < percentile.floor()
                ? Optional.empty()
                : Optional.of(new PercentileEstimate(this, percentile, designEffect(valueAt(percentile))));
    }

    /// By how much the values' dependence widens what is told of the share at or below this value.
    DesignEffect designEffect(long value) {
        int below = 0;
        for (long each : values) {
            below += each <= value ? 1 : 0;
        }
        double share = (double) below / count();
        double[] sums = sums(each -> (each <= value ? 1 : 0) - share);
        return DesignEffect.of(sums, count(), share * (1 - share));
    }

    /// By how much less the values tell than as many independent ones, whatever is asked of them: the larger of
    /// the
    /// [DesignEffect]s of their mean and of the mean of their ranks. One of 4: as much as a quarter of them.
    ///
    /// That of a share alone would see nothing where all values lie on one side of a limit, and a queue that
    /// has only just begun to grow is just that.
    public double dependence() {
        if (ends.length < 2) {
            return Math.max(1, count());
        }
        double[] ranks = new double[count()];
        for (int from = 0; from < ranks.length; ) {
            int to = from;
            while (to < ranks.length && sorted[to] == sorted[from]) {
                to++;
            }
            Arrays.fill(ranks, from, to, (from + to - 1) / 2.0);
            from = to;
        }
        return Math.max(effect(value -> value), effect(value -> ranks[Arrays.binarySearch(sorted, value)]));
    }

    private double effect(Score score) {
        double mean = Arrays.stream(sorted).mapToDouble(score::of).average().orElse(0);
        double variance = Arrays.stream(sorted)
                .mapToDouble(score::of)
                .map(value -> (value - mean) * (value - mean))
                .average()
                .orElse(0);
        return DesignEffect.of(sums(value -> score.of(value) - mean), count(), variance)
                .factor();
    }

    /// What a value counts for in a sum over its unit.
    interface Score {
        double of(long value);
    }

    /// The sum of each unit's scores, in the order of time.
    double[] sums(Score score) {
        double[] sums = new double[ends.length];
        int at = 0;
        for (int i = 0; i < ends.length; i++) {
            for (; at < ends[i]; at++) {
                sums[i] += score.of(values[at]);
            }
        }
        return sums;
    }

    /// In rising order; not to be changed.
    long[] sorted() {
        return sorted;
    }

    /// The mean of each unit's values, in the order of time.
    double[] unitMeans() {
        double[] means = sums(value -> value);
        for (int i = 0; i < means.length; i++) {
            means[i] /= ends[i] - (i == 0 ? 0 : ends[i - 1]);
        }
        return means;
    }

    long valueAt(Percentile percentile) {
        return sorted[(int) percentile.rank(sorted.length) - 1];
    }
}
