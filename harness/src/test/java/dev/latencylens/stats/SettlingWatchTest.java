package dev.latencylens.stats;

import static dev.latencylens.exchange.ScriptedExchange.exchange;
import static java.time.Duration.ofMillis;
import static org.assertj.core.api.Assertions.assertThat;

import dev.latencylens.exchange.Outcome;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// When a warm-up is over, held to simulated data. Seeds are fixed, and are the trials' numbers.
class SettlingWatchTest {
    private static final int TRIALS = 500;
    private static final int REQUESTS = 2_000;

    @Test
    void whatIsSteadyFromTheFirstOnIsEnoughAtTheSecondLook() {
        long[] alike = new long[200];
        Arrays.fill(alike, 5_000_000);

        assertThat(settled(alike)).isEqualTo(125);
    }

    @ParameterizedTest
    @EnumSource
    void aSteadyTargetIsHardlyEverKeptWarmingUp(CoverageStudy.Data data) {
        int[] ends = ends(data, values -> {});

        assertThat(ends[TRIALS / 2]).isEqualTo(125);
        assertThat(ends[TRIALS * 9 / 10]).isLessThanOrEqualTo(243);
    }

    /// Ends with what is slow among all answers, or nearly, in one of 20 at most.
    @ParameterizedTest(name = "{0}: the first {1} times {2}")
    @CsvSource({
        "LOGNORMAL, 30, 2.0, 156",
        "LOGNORMAL, 30, 3.0, 156",
        "BIMODAL, 30, 3.0, 156",
        "AUTOCORRELATED, 30, 3.0, 125"
    })
    void aSlowBeginningIsWaitedFor(CoverageStudy.Data data, int first, double factor, int earliest) {
        int[] ends = ends(data, values -> {
            for (int i = 0; i < first; i++) {
                values[i] = Math.round(values[i] * factor);
            }
        });

        assertThat(ends[TRIALS / 20]).isGreaterThanOrEqualTo(earliest);
        assertThat(ends[TRIALS / 2]).isBetween(156, 243);
    }

    /// As of a cache that fills: four times as slow at first, half of what is too much after 20 requests, a
    /// hundredth after 133.
    @ParameterizedTest
    @EnumSource(names = {"LOGNORMAL", "AUTOCORRELATED"})
    void aDeclineIsWaitedFor(CoverageStudy.Data data) {
        int[] ends = ends(
                data, values -> Arrays.setAll(values, i -> Math.round(values[i] * (1 + 3 * Math.pow(0.5, i / 20.0)))));

        assertThat(ends[TRIALS / 20]).isGreaterThanOrEqualTo(156);
        assertThat(ends[TRIALS / 2]).isBetween(195, 303);
    }

    @Test
    void whatOnlyDriftsIsNeverEnough() {
        long[] drifting = CoverageStudy.Data.LOGNORMAL.values(new SplittableRandom(7), 1_000);
        Arrays.setAll(drifting, i -> drifting[i] * (100 + 4 * i) / 100);

        assertThat(settled(drifting)).isEqualTo(Integer.MAX_VALUE);
        assertThat(settled(LongStream.range(1_000, 3_000).toArray())).isEqualTo(Integer.MAX_VALUE);
    }

    @Test
    void answersAreTakenInTheOrderOfTheirStarts() {
        var inOrder = new SettlingWatch();
        var shuffled = new SettlingWatch();
        for (int i = 0; i < 119; i++) {
            int other = i / 7 * 7 + 6 - i % 7;
            assertThat(inOrder.add(i, i < 20 ? 50 : 10)).isFalse();
            assertThat(shuffled.add(other, other < 20 ? 50 : 10)).isFalse();
        }
        for (int i = 119; i < 400; i++) {
            assertThat(shuffled.add(i, 10)).isEqualTo(inOrder.add(i, 10));
        }
    }

    @Test
    void failuresTellNothing() {
        var watch = new SettlingWatch();
        for (int i = 0; i < 100; i++) {
            assertThat(watch.add(exchange()
                            .startedAt(ofMillis(i))
                            .ended(Outcome.Kind.RESET, "by peer")
                            .result()))
                    .isFalse();
        }
        for (int i = 100; i < 224; i++) {
            assertThat(watch.add(exchange()
                            .startedAt(ofMillis(i))
                            .tokensAt(ofMillis(i + 3))
                            .result()))
                    .isFalse();
        }
        assertThat(watch.add(exchange()
                        .startedAt(ofMillis(224))
                        .tokensAt(ofMillis(227))
                        .result()))
                .isTrue();
    }

    private static int[] ends(CoverageStudy.Data data, Consumer<long[]> beginning) {
        return LongStream.range(0, TRIALS)
                .mapToInt(seed -> {
                    long[] values = data.values(new SplittableRandom(seed), REQUESTS);
                    beginning.accept(values);
                    return settled(values);
                })
                .sorted()
                .toArray();
    }

    /// After how many it was enough.
    private static int settled(long[] values) {
        var watch = new SettlingWatch();
        for (int i = 0; i < values.length; i++) {
            if (watch.add(i, values[i])) {
                return i + 1;
            }
        }
        return Integer.MAX_VALUE;
    }
}
