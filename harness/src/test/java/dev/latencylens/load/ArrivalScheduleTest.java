package dev.latencylens.load;

import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.latencylens.load.ArrivalSchedule.Paced;
import dev.latencylens.load.RateCourse.Shape;
import dev.latencylens.load.RateCourse.Stage;
import dev.latencylens.stats.AndersonDarling;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ArrivalScheduleTest {
    @Test
    void aConstantRateHasEqualGapsThatNeverDrift() {
        assertThat(due(ArrivalSchedule.constant(3), 1_000_001))
                .startsWith(0L, 333_333_333L, 666_666_667L, 1_000_000_000L)
                .endsWith(333_333_333_333_333L);
    }

    @Test
    void aSeedAlwaysDrawsTheSameInstantsOnEveryMachine() {
        var schedule = new Paced(RateCourse.constant(1_000), new Gaps.Gamma(0.5, 7));

        assertThat(due(schedule, 100)).isEqualTo(due(schedule, 100));
        assertThat(due(new Paced(RateCourse.constant(1_000), new Gaps.Gamma(0.5, 8)), 100))
                .isNotEqualTo(due(schedule, 100));
    }

    /// Rescaled draws would all end at the nominal instant, and a Poisson process does not.
    @Test
    void whatWasDrawnIsNeverRescaled() {
        double[] lastAfterS = IntStream.range(0, 400)
                .mapToDouble(seed -> due(new Paced(RateCourse.constant(100), new Gaps.Exponential(seed)), 100)
                                .getLast()
                        / 1e9)
                .toArray();
        double mean = IntStream.range(0, 400)
                .mapToDouble(i -> lastAfterS[i])
                .average()
                .orElseThrow();
        double variance = IntStream.range(0, 400)
                .mapToDouble(i -> (lastAfterS[i] - mean) * (lastAfterS[i] - mean))
                .average()
                .orElseThrow();

        assertThat(mean).isCloseTo(1, within(0.02));
        assertThat(Math.sqrt(variance)).isCloseTo(0.1, within(0.02));
    }

    /// At level 0.001 one of a thousand seeds is rejected by right; more than six of 1,000 would be a fault of the
    /// draw (the probability of more is 1 in 12,000).
    @ParameterizedTest
    @ValueSource(doubles = {0.25, 0.5, 1, 4, 30})
    void gapsFollowTheirDistribution(double shape) {
        long rejected = IntStream.range(0, 1_000)
                .filter(seed -> fit(new Gaps.Gamma(shape, seed)).pValue() < 0.001)
                .count();

        assertThat(rejected).isLessThanOrEqualTo(6);
    }

    @Test
    void aPoissonProcessIsNeitherEvenNorBursty() {
        var exponential = new Gaps.Exponential(1);

        assertThat(fit(exponential).pValue()).isGreaterThan(0.01);
        assertThat(fit(new Gaps.Gamma(0.7, 1), exponential).pValue()).isLessThan(1e-3);
        assertThat(fit(new Gaps.Gamma(1.4, 1), exponential).pValue()).isLessThan(1e-3);
        assertThat(fit(new Gaps.Gamma(1, 1), exponential).pValue()).isGreaterThan(0.01);
    }

    @Test
    void burstsComeAllAtOnceAndAgain() {
        assertThat(due(new ArrivalSchedule.Bursts(3, ofSeconds(2)), 7))
                .containsExactly(0L, 0L, 0L, 2_000_000_000L, 2_000_000_000L, 2_000_000_000L, 4_000_000_000L);
    }

    @Test
    void aLinearRampHasTheMeanOfItsRates() {
        var ramp = new Paced(new RateCourse(List.of(new Stage(0, 100, ofSeconds(10), Shape.LINEAR))), new Gaps.Equal());
        List<Long> due = due(ramp, 1_000);

        // 100 / 10 s^2 / 2 t^2 requests are due in t.
        assertThat(due).hasSize(500).element(125).isEqualTo(5_000_000_000L);
        assertThat(due).element(320).isEqualTo(8_000_000_000L);
    }

    @Test
    void anExponentialRampMultipliesItsRateByEqualFactors() {
        var course = new RateCourse(List.of(new Stage(1, 100, ofSeconds(2), Shape.EXPONENTIAL)));
        double firstHalf = course.expected(1_000_000_000);
        double whole = course.expected(2_000_000_000);

        assertThat(whole).isCloseTo(99 / Math.log(10), within(1e-9));
        assertThat((whole - firstHalf) / firstHalf).isCloseTo(10, within(1e-9));
    }

    @Test
    void stagesFollowEachOtherAndEnd() {
        var stages = new Paced(
                new RateCourse(List.of(
                        new Stage(10, 10, ofSeconds(6), Shape.LINEAR), new Stage(20, 20, ofSeconds(3), Shape.LINEAR))),
                new Gaps.Equal());
        List<Long> due = due(stages, 1_000);

        assertThat(due).hasSize(120).element(60).isEqualTo(6_000_000_000L);
        assertThat(due.getLast()).isEqualTo(8_950_000_000L);
    }

    @ParameterizedTest
    @CsvSource({"LINEAR, 5, 80", "LINEAR, 80, 5", "LINEAR, 0, 9", "LINEAR, 9, 0", "EXPONENTIAL, 5, 80", "LINEAR, 7, 7"})
    void anInstantIsWhenItsNumberIsExpected(Shape shape, double from, double to) {
        var course =
                new RateCourse(List.of(new Stage(from, to, ofSeconds(30), shape), new Stage(3, 3, null, Shape.LINEAR)));

        for (double number = 0; number < 3_000; number += 7.3) {
            assertThat(course.expected(Math.round(course.afterNs(number)))).isCloseTo(number, within(1e-6));
        }
    }

    @Test
    void wrongSchedulesAreNamed() {
        assertThatThrownBy(() -> new Gaps.Gamma(0, 1)).hasMessage("burstiness must be between 0.01 and 10000, was 0.0");
        assertThatThrownBy(() -> new Stage(0, 0, ofSeconds(1), Shape.LINEAR))
                .hasMessage("request rate must be positive and at most 1e9 per second, was 0.0");
        assertThatThrownBy(() -> new Stage(0, 5, ofSeconds(1), Shape.EXPONENTIAL))
                .hasMessageEndingWith("was 0.0");
        assertThatThrownBy(() -> new Stage(1, 5, null, Shape.LINEAR))
                .hasMessage("a rate that changes needs a time to do so");
        assertThatThrownBy(() -> new ArrivalSchedule.Bursts(0, ofSeconds(1)))
                .hasMessage("a burst has at least 1 request, was 0");
        assertThatThrownBy(() -> new ArrivalSchedule.Replayed(List.of(5L, 4L)))
                .hasMessage("a trace goes on in time; request 1 is earlier");
    }

    private static AndersonDarling fit(Gaps.Random gaps) {
        return fit(gaps, gaps);
    }

    private static AndersonDarling fit(Gaps.Random drawn, Gaps.Random asked) {
        List<Long> due = due(new Paced(RateCourse.constant(1), drawn), 1_001);
        return AndersonDarling.of(IntStream.range(1, due.size())
                .mapToDouble(i -> asked.cdf((due.get(i) - due.get(i - 1)) / 1e9))
                .toArray());
    }

    private static List<Long> due(ArrivalSchedule schedule, int most) {
        var all = new ArrayList<Long>();
        var due = schedule.due();
        for (int i = 0; i < most; i++) {
            long afterNs = due.nextAfterNs();
            if (afterNs == ArrivalSchedule.NONE) {
                return all;
            }
            all.add(afterNs);
        }
        return all;
    }
}
