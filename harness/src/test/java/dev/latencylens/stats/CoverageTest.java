package dev.latencylens.stats;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What the intervals and tests promise, held to simulated data whose truth is known. Seeds are fixed, and are the
/// trials' numbers.
class CoverageTest {
    private static final int TRIALS = 2_000;
    private static final int PAIRS = 1_000;
    private static final double ALPHA = 0.05;
    private static final List<Percentile> PERCENTILES = List.of(Percentile.P50, Percentile.P90, Percentile.P99);

    /// Latencies of requests, one after the other, in nanoseconds.
    enum Data {
        /// Independent, sigma 0.5; 2,000 requests.
        LOGNORMAL(2_000) {
            @Override
            long[] values(SplittableRandom random, int requests) {
                return IntStream.range(0, requests)
                        .mapToLong(_ -> lognormal(random.nextGaussian()))
                        .toArray();
            }

            @Override
            double truth(double percent) {
                return lognormal(Probability.normalQuantile(percent / 100));
            }
        },
        /// Three of ten answers five times as slow, as behind a cache; 2,000 requests.
        BIMODAL(2_000) {
            @Override
            long[] values(SplittableRandom random, int requests) {
                return IntStream.range(0, requests)
                        .mapToLong(_ -> random.nextDouble() < 0.7
                                ? Math.round(MEDIAN_NS * Math.exp(0.3 * random.nextGaussian()))
                                : Math.round(5 * MEDIAN_NS * Math.exp(0.2 * random.nextGaussian())))
                        .toArray();
            }

            @Override
            double truth(double percent) {
                double low = 1;
                double high = 100 * MEDIAN_NS;
                while (high - low > 1) {
                    double middle = (low + high) / 2;
                    double below = 0.7 * Probability.normal(Math.log(middle / MEDIAN_NS) / 0.3)
                            + 0.3 * Probability.normal(Math.log(middle / MEDIAN_NS / 5) / 0.2);
                    if (below < percent / 100) {
                        low = middle;
                    } else {
                        high = middle;
                    }
                }
                return high;
            }
        },
        /// Lognormal, the logarithms autoregressive with a coefficient of 0.6; 4,000 requests.
        AUTOCORRELATED(4_000) {
            @Override
            long[] values(SplittableRandom random, int requests) {
                double state = random.nextGaussian();
                long[] values = new long[requests];
                for (int i = 0; i < requests; i++) {
                    values[i] = lognormal(state);
                    state = 0.6 * state + 0.8 * random.nextGaussian();
                }
                return values;
            }

            @Override
            double truth(double percent) {
                return LOGNORMAL.truth(percent);
            }
        };

        private static final double MEDIAN_NS = 100e6;
        private final int requests;

        Data(int requests) {
            this.requests = requests;
        }

        abstract long[] values(SplittableRandom random, int requests);

        abstract double truth(double percent);

        Sample sample(long seed) {
            return sample(seed, requests);
        }

        Sample sample(long seed, int requests) {
            return Sample.of(values(new SplittableRandom(seed), requests));
        }

        private static long lognormal(double normal) {
            return Math.round(MEDIAN_NS * Math.exp(0.5 * normal));
        }
    }

    @ParameterizedTest
    @EnumSource
    void ninetyFivePercentIntervalsCoverAsOftenAsTheySay(Data data) {
        assertCoverage(data::sample, data::truth);
    }

    /// 200 answers of 30 gaps, which have an answer's own pace in common: half of the logarithms' variance.
    @Test
    void intervalsOfGapsCoverThoughGapsOfOneAnswerAreAlike() {
        assertCoverage(
                seed -> {
                    var random = new SplittableRandom(seed);
                    var answers = new ArrayList<long[]>();
                    for (int i = 0; i < 200; i++) {
                        double pace = random.nextGaussian();
                        answers.add(IntStream.range(0, 30)
                                .mapToLong(_ -> Data.lognormal(Math.sqrt(0.5) * (pace + random.nextGaussian())))
                                .toArray());
                    }
                    return new Sample(answers);
                },
                Data.LOGNORMAL::truth);
    }

    private static void assertCoverage(Function<Long, Sample> samples, Function<Double, Double> truth) {
        int[] covered = new int[PERCENTILES.size()];
        for (long seed = 0; seed < TRIALS; seed++) {
            Sample sample = samples.apply(seed);
            for (int i = 0; i < covered.length; i++) {
                Percentile percentile = PERCENTILES.get(i);
                Interval interval = sample.estimate(percentile).orElseThrow().interval(0.95);
                covered[i] += interval.contains(truth.apply(percentile.percent())) ? 1 : 0;
            }
        }
        for (int i = 0; i < covered.length; i++) {
            assertThat(covered[i] / (double) TRIALS)
                    .as(PERCENTILES.get(i).label())
                    .isBetween(0.935, 0.965);
        }
    }

    /// All that a comparison tells of one metric: three percentiles and both tests, corrected for being five, of
    /// half as many requests.
    @ParameterizedTest
    @EnumSource
    void nothingChangedRaisesAnAlarmNoMoreOftenThanAlpha(Data data) {
        int alarms = 0;
        for (long seed = 0; seed < PAIRS; seed++) {
            Sample a = data.sample(2 * seed, data.requests / 2);
            alarms += differs(a, data.sample(2 * seed + 1, data.requests / 2)) ? 1 : 0;
        }

        assertThat(alarms).isLessThanOrEqualTo((int) (ALPHA * PAIRS));
    }

    private static boolean differs(Sample a, Sample b) {
        double[] pValues = new double[PERCENTILES.size() + 2];
        for (int i = 0; i < PERCENTILES.size(); i++) {
            pValues[i] = compare(a, b, PERCENTILES.get(i)).pValue();
        }
        pValues[pValues.length - 2] = MannWhitney.of(a, b).pValue();
        pValues[pValues.length - 1] = KolmogorovSmirnov.of(a, b).pValue();
        return Arrays.stream(Holm.adjusted(pValues)).anyMatch(p -> p <= ALPHA);
    }

    /// Twenty pilots say how many requests a change of 5 % needs; of so many it is found as often as is promised.
    @ParameterizedTest
    @EnumSource
    void aTrueChangeOfFivePercentIsFoundWithThePowerThatWasPromised(Data data) {
        for (Percentile percentile : List.of(Percentile.P50, Percentile.P90)) {
            int requests = needed(data, percentile);
            int tried = 400;
            int found = 0;
            for (long seed = 0; seed < tried; seed++) {
                Sample a = data.sample(seed, requests);
                Sample b = Sample.of(slower(data.values(new SplittableRandom(~seed), requests)));
                found += compare(a, b, percentile).pValue() <= ALPHA ? 1 : 0;
            }
            assertThat(found / (double) tried)
                    .as("%s with %d requests", percentile.label(), requests)
                    .isBetween(Comparison.POWER - 0.05, Comparison.POWER + 0.1);
        }
    }

    private static int needed(Data data, Percentile percentile) {
        return (int) LongStream.range(0, 20)
                .map(seed -> data.requests
                        + compare(data.sample(seed), data.sample(~seed), percentile)
                                .more(0.05))
                .average()
                .orElseThrow();
    }

    private static long[] slower(long[] values) {
        return Arrays.stream(values).map(value -> Math.round(1.05 * value)).toArray();
    }

    private static Comparison compare(Sample a, Sample b, Percentile percentile) {
        return Comparison.of(
                a.estimate(percentile).orElseThrow(), b.estimate(percentile).orElseThrow(), 0.95, ALPHA);
    }
}
