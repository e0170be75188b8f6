package dev.latencylens.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.latencylens.stats.AndersonDarling;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class ThinkTimeTest {
    @Test
    void timesFollowTheirDistribution() {
        assertThat(fit(new ThinkTime.Uniform(100, 300_000_100), ns -> (ns - 100) / 3e8))
                .isGreaterThan(0.01);
        assertThat(fit(new ThinkTime.Exponential(200_000_000), ns -> -Math.expm1(-ns / 2e8)))
                .isGreaterThan(0.01);
        long below = LongStream.generate(new ThinkTime("", new ThinkTime.Lognormal(200_000_000, 0.3), 5).drawn())
                .limit(10_000)
                .filter(ns -> ns < 2e8 * Math.exp(0.3))
                .count();
        assertThat(below / 10_000.0).isCloseTo(0.8413, within(0.015));
    }

    @Test
    void aSeedDrawsTheSameAgain() {
        var think = new ThinkTime("", new ThinkTime.Exponential(1_000_000), 9);

        assertThat(LongStream.generate(think.drawn()).limit(50))
                .containsExactlyElementsOf(
                        LongStream.generate(think.drawn()).limit(50).boxed().toList());
    }

    @Test
    void wrongTimesAreNamed() {
        assertThatThrownBy(() -> new ThinkTime.Uniform(2, 1)).hasMessage("the upper bound is below the lower one");
        assertThatThrownBy(() -> new ThinkTime.Lognormal(2, 11)).hasMessage("sigma must be between 0 and 10, was 11.0");
    }

    private static double fit(ThinkTime.Spread spread, DoubleUnaryOperator share) {
        return AndersonDarling.of(LongStream.generate(new ThinkTime("", spread, 5).drawn())
                        .limit(2_000)
                        .mapToDouble(ns -> share.applyAsDouble((double) ns))
                        .toArray())
                .pValue();
    }
}
