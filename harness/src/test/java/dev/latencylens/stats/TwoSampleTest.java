package dev.latencylens.stats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/// Tests and intervals on small data, against SciPy 1.17.1.
class TwoSampleTest {
    private static final Sample A = Sample.of(12, 15, 11, 18, 18, 22, 9, 14, 30, 17);
    private static final Sample B = Sample.of(21, 18, 25, 19, 33, 28, 15, 24, 40, 26, 31, 18);

    /// `hutson(x, p, 0.95)` by `brentq` over `scipy.special.betainc`, for x = 10, 40, 90, ..., 100,000.
    @Test
    void intervalsOfIndependentValuesAreThoseOfFractionalOrderStatistics() {
        // Alternating from both ends, so that no value goes with the one before it.
        long[] values = new long[100];
        for (int i = 0; i < 100; i++) {
            long k = i % 2 == 0 ? i / 2 + 1 : 100 - i / 2;
            values[i] = 10 * k * k;
        }
        Sample sample = Sample.of(values);

        Interval median = sample.estimate(Percentile.P50).orElseThrow().interval(0.95);
        assertThat(sample.estimate(Percentile.P50).orElseThrow().designEffect()).isEqualTo(1);
        assertThat(median.low()).isCloseTo(16585.971975782275, within(0.01));
        assertThat(median.high()).isCloseTo(36334.65914728821, within(0.01));
    }

    @Test
    void aPercentileBelowItsFloorHasNoEstimateAndOneWithFewBeyondItNoEnd() {
        long[] values = LongStream.rangeClosed(1, 64).map(i -> i * 37 % 64).toArray();

        assertThat(Sample.of(values).estimate(Percentile.P95)).isEmpty();
        Interval p90 = Sample.of(values).estimate(Percentile.P90).orElseThrow().interval(0.9999);
        assertThat(p90.low()).isFinite();
        assertThat(p90.high()).isInfinite();
        assertThat(p90.isBounded()).isFalse();
    }

    @Test
    void valuesOfOneRequestTellLittleMoreThanOneOfThem() {
        var alike = LongStream.range(0, 200)
                .mapToObj(i -> {
                    long[] same = new long[10];
                    Arrays.fill(same, new SplittableRandom(i).nextLong(1_000_000));
                    return same;
                })
                .toList();

        PercentileEstimate estimate = new Sample(alike).estimate(Percentile.P50).orElseThrow();
        assertThat(estimate.designEffect()).isBetween(9.0, 14.0);
        assertThat(estimate.requests()).isEqualTo(200);
        var oneRequest = new Sample(List.of(LongStream.range(0, 100).toArray()));
        assertThat(oneRequest.estimate(Percentile.P50).orElseThrow().interval(0.95))
                .isEqualTo(Interval.UNBOUNDED);
    }

    /// Two answers, each of 600 tokens in one read: two gaps are known, and not 1,200.
    @Test
    void valuesOfTwoRequestsThatAreAllTheSameTellNoMoreThanTwo() {
        var same = new long[600];
        Arrays.fill(same, 119);
        var sample = new Sample(List.of(same, same));

        PercentileEstimate estimate = sample.estimate(Percentile.P90).orElseThrow();

        assertThat(estimate.designEffect()).isEqualTo(600);
    }

    /// `mannwhitneyu(a, b, use_continuity=False, method='asymptotic')`: U = 19.5 of A, p = 0.007388139205486068.
    @Test
    void mannWhitneyIsScipys() {
        MannWhitney test = MannWhitney.of(A, B);

        assertThat(test.superiority()).isCloseTo(1 - 19.5 / 120, within(1e-12));
        assertThat(Probability.normalTails(test.z())).isCloseTo(0.007388139205486068, within(1e-10));
        assertThat(test.pValue()).isGreaterThanOrEqualTo(0.007388139205486068 - 1e-10);
        assertThat(MannWhitney.of(A, A).superiority()).isEqualTo(0.5);
        Sample same = Sample.of(5, 5, 5);
        assertThat(MannWhitney.of(same, same).pValue()).isEqualTo(1);
    }

    /// `ks_2samp(a, b).statistic` = 0.55, `scipy.special.kolmogorov(0.55 * sqrt(120 / 22))` = 0.0737626336003375.
    @Test
    void kolmogorovSmirnovIsScipys() {
        KolmogorovSmirnov test = KolmogorovSmirnov.of(A, B);

        assertThat(test.distance()).isCloseTo(0.55, within(1e-12));
        assertThat(test.independentPValue()).isCloseTo(0.0737626336003375, within(1e-10));
        assertThat(test.pValue()).isGreaterThanOrEqualTo(test.independentPValue());
    }

    /// As `p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm")` of R.
    @Test
    void holmsCorrectionIsThatOfR() {
        assertThat(Holm.adjusted(0.01, 0.04, 0.03, 0.005))
                .containsExactly(new double[] {0.03, 0.06, 0.06, 0.02}, within(1e-12));
        assertThat(Holm.adjusted(0.7, 0.6)).containsExactly(1, 1);
        assertThat(Holm.adjusted()).isEmpty();
    }

    /// Mann-Kendall: S = 83, variance 406.33, p = 3.829531976505157e-05 as `kendalltau(method='asymptotic')`;
    /// Ljung-Box of the ranks with 3 lags: Q = 13.570830044013357.
    @Test
    void trendAndAutocorrelationAreScipys() {
        double[] series = {5, 7, 6, 9, 8, 12, 11, 9, 13, 15, 14, 16, 12, 17, 20};
        double[] variance = new double[1];

        assertThat(Steadiness.kendall(series, variance)).isEqualTo(83);
        assertThat(variance[0]).isCloseTo(406.3333333333333, within(1e-9));
        assertThat(Steadiness.ljungBox(Steadiness.ranks(series), 3)).isCloseTo(13.570830044013357, within(1e-9));
        Steadiness steadiness = Steadiness.of(Sample.of(LongStream.range(0, 200).toArray()));
        assertThat(steadiness.tau()).isEqualTo(1);
        assertThat(steadiness.trendPValue()).isLessThan(1e-9);
        assertThat(steadiness.independencePValue()).isLessThan(1e-9);
        assertThat(Steadiness.of(Sample.of(new long[30])).trendPValue()).isEqualTo(1);
        assertThat(Steadiness.of(Sample.of(new long[30])).independencePValue()).isEqualTo(1);
    }

    /// `ttest_ind(b, a, equal_var=False)` and `ttest_rel`, of the values and of their logarithms.
    @Test
    void runsAreComparedByStudentsT() {
        double[] a = {100, 104, 98, 101};
        double[] b = {109, 112, 105, 115};

        Comparison apart = Comparison.ofRuns(a, b, false, 0.95, 0.05);
        assertThat(apart.difference().low()).isCloseTo(3.0739808809749523, within(1e-8));
        assertThat(apart.difference().high()).isCloseTo(15.926019119025048, within(1e-8));
        assertThat(apart.pValue()).isCloseTo(0.011083202519110718, within(1e-9));
        assertThat(apart.ratioInterval().low()).isCloseTo(1.03131799, within(1e-8));

        Comparison paired = Comparison.ofRuns(a, b, true, 0.95, 0.05);
        assertThat(paired.pValue()).isCloseTo(0.007414010178422578, within(1e-9));
        assertThat(paired.ratio()).isCloseTo(1.0939254287747917, within(1e-12));
        assertThat(paired.ratioInterval().high()).isCloseTo(1.14312593, within(1e-8));
        assertThat(paired.units()).isEqualTo(4);
        assertThat(paired.ofRuns()).isTrue();
        assertThat(Comparison.ofRuns(a, a, true, 0.95, 0.05).pValue()).isEqualTo(1);
    }

    @Test
    void theIntervalAndTheProbabilityOfChanceNeverDisagree() {
        long[] values =
                LongStream.range(0, 300).map(i -> 1_000 + i * 7919 % 300).toArray();
        PercentileEstimate a = Sample.of(values).estimate(Percentile.P50).orElseThrow();
        for (int more = 0; more < 60; more += 5) {
            int shift = more;
            PercentileEstimate b = Sample.of(
                            Arrays.stream(values).map(value -> value + shift).toArray())
                    .estimate(Percentile.P50)
                    .orElseThrow();

            Comparison comparison = Comparison.of(a, b, 0.95, 0.05);
            assertThat(comparison.pValue() <= 0.05)
                    .isEqualTo(!comparison.ratioInterval().contains(1));
            assertThat(comparison.ratio()).isEqualTo((double) b.value() / a.value());
        }
    }

    @Test
    void aSmallerChangeNeedsMoreRequests() {
        Comparison comparison = new Comparison(1, 1, Interval.UNBOUNDED, 1, Interval.UNBOUNDED, 1, 0.1025, 100, false);

        assertThat(comparison.more(0.2)).isZero();
        assertThat(comparison.more(0.05)).isEqualTo(300);
        assertThat(new Comparison(
                                1, 1, Interval.UNBOUNDED, 1, Interval.UNBOUNDED, 1, Double.POSITIVE_INFINITY, 9, false)
                        .more(0.05))
                .isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void runsWithMoreBetweenThemThanBetweenSidesShowNothing() {
        var a = List.of(Sample.of(1, 2, 3), Sample.of(101, 102, 103));
        var b = List.of(Sample.of(4, 5, 6), Sample.of(104, 105, 106));

        assertThat(MannWhitney.ofRuns(a, b, false).pValue()).isGreaterThan(0.5);
        assertThat(MannWhitney.ofRuns(a, b, false).superiority()).isEqualTo(0.75);
    }

    @Test
    void percentilesThatMayBeNegativeHaveNoRatio() {
        long[] values = LongStream.range(-50, 50).map(i -> i * 37 % 50).toArray();
        PercentileEstimate estimate = Sample.of(values).estimate(Percentile.P50).orElseThrow();

        Comparison comparison = Comparison.of(estimate, estimate, 0.95, 0.05);
        assertThat(comparison.ratio()).isNaN();
        assertThat(comparison.pValue()).isEqualTo(1);
        assertThat(comparison.more(0.05)).isEqualTo(Long.MAX_VALUE);
    }
}
