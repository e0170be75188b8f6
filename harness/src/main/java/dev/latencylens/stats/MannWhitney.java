package dev.latencylens.stats;

import java.util.Arrays;
import java.util.List;

/// Whether the values of one side tend to be larger than those of another (Mann and Whitney 1947, Annals of
/// Mathematical Statistics 18), ties counted as half.
///
/// @param superiority the probability that a value of B is larger than one of A, equal ones halved: 0.5 where
/// neither is
/// @param z of independent values, by the normal approximation with the variance reduced for ties
/// @param effect the variance's [DesignEffect]: values of one request, or of neighbouring ones, are not
/// independent
/// @param pValue of neither side tending to be larger
public record MannWhitney(double superiority, double z, double effect, double pValue) {

    public static MannWhitney of(Sample a, Sample b) {
        var ranks = new Ranks(a.sorted(), b.sorted());
        double countA = a.count();
        double countB = b.count();
        double superiority = ranks.superiority();
        double variance = ranks.variance();
        double error = Math.sqrt(variance * (1 / countA + 1 / countB)) / (countA + countB);
        double z = error > 0 ? (superiority - 0.5) / error : 0;
        double effectA = ranks.effect(a);
        double effectB = ranks.effect(b);
        double effect = (effectA * countB + effectB * countA) / (countA + countB);
        return new MannWhitney(superiority, z, effect, Probability.normalTails(Math.abs(z) / Math.sqrt(effect)));
    }

    /// Of sides with several runs: Student's t of the runs' mean ranks among all values, because values of one run
    /// have in common what varies between runs.
    public static MannWhitney ofRuns(List<Sample> a, List<Sample> b, boolean paired) {
        var ranks = new Ranks(together(a), together(b));
        double[] meansA = a.stream().mapToDouble(ranks::mean).toArray();
        double[] meansB = b.stream().mapToDouble(ranks::mean).toArray();
        double pValue = Comparison.ofRuns(meansA, meansB, paired, 0.95, 0.05).pValue();
        return new MannWhitney(ranks.superiority(), Double.NaN, Double.NaN, pValue);
    }

    private static long[] together(List<Sample> runs) {
        long[] all =
                runs.stream().flatMapToLong(run -> Arrays.stream(run.sorted())).toArray();
        Arrays.sort(all);
        return all;
    }

    /// The middle ranks of values among those of both sides.
    private static final class Ranks {
        private final long[] a;
        private final long[] b;
        private double sumOfB;
        /// Sum of t^3 - t over groups of t equal values.
        private double ties;

        Ranks(long[] sortedA, long[] sortedB) {
            a = sortedA;
            b = sortedB;
            int ofA = 0;
            int ofB = 0;
            while (ofA < a.length || ofB < b.length) {
                long value = ofB == b.length || (ofA < a.length && a[ofA] <= b[ofB]) ? a[ofA] : b[ofB];
                int beforeA = ofA;
                int beforeB = ofB;
                while (ofA < a.length && a[ofA] == value) {
                    ofA++;
                }
                while (ofB < b.length && b[ofB] == value) {
                    ofB++;
                }
                double equal = (double) ofA - beforeA + ofB - beforeB;
                sumOfB += (ofB - beforeB) * (beforeA + beforeB + (equal + 1) / 2);
                ties += equal * equal * equal - equal;
            }
        }

        double superiority() {
            double countB = b.length;
            return (sumOfB / countB - (countB + 1) / 2) / a.length;
        }

        /// Of one rank.
        double variance() {
            double count = (double) a.length + b.length;
            return count * (count + 1) / 12 - ties / (12 * (count - 1));
        }

        double effect(Sample sample) {
            double mean = mean(sample);
            double variance = Arrays.stream(sample.sorted())
                            .mapToDouble(value -> (rank(value) - mean) * (rank(value) - mean))
                            .sum()
                    / sample.count();
            return DesignEffect.of(sample.sums(value -> rank(value) - mean), sample.count(), variance)
                    .factor();
        }

        double mean(Sample sample) {
            return Arrays.stream(sample.sorted())
                    .mapToDouble(this::rank)
                    .average()
                    .orElse(0);
        }

        private double rank(long value) {
            double below = (double) firstAtLeast(a, value) + firstAtLeast(b, value);
            double upTo = value == Long.MAX_VALUE
                    ? (double) a.length + b.length
                    : (double) firstAtLeast(a, value + 1) + firstAtLeast(b, value + 1);
            return (below + upTo + 1) / 2;
        }

        private static int firstAtLeast(long[] sorted, long value) {
            int low = 0;
            int high = sorted.length;
            while (low < high) {
                int middle = (low + high) >>> 1;
                if (sorted[middle] < value) {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            return low;
        }
    }
}
