package dev.latencylens.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LengthsTest {
    /// The error of a mean of 20,000 draws is below a hundredth of the mean in all of these, at four standard
    /// errors.
    @ParameterizedTest
    @CsvSource({
        "128, 128",
        "uniform:64:256, 160",
        "normal:550:150, 550",
        "lognormal:200:0.25, 206.3", // median * exp(sigma^2 / 2)
    })
    void draws(String text, double mean) {
        var lengths = Lengths.parse("--isl", text, 1);
        var random = new SplittableRandom(20261126);

        var drawn = IntStream.range(0, 20_000).map(_ -> lengths.draw(random)).summaryStatistics();

        assertThat(drawn.getAverage()).isCloseTo(mean, within(mean * 0.01));
        assertThat(drawn.getMin()).isGreaterThanOrEqualTo(lengths.least());
        assertThat(drawn.getMax()).isLessThanOrEqualTo(lengths.most());
        assertThat(lengths.label()).isEqualTo(text);
    }

    @Test
    void whatIsDrawnOutsideOfTheBoundsIsDrawnAgainAndDoesNotPileUp() {
        var lengths = Lengths.parse("--isl", "normal:10:20", 1);
        var random = new SplittableRandom(1);

        long ones = IntStream.range(0, 10_000)
                .map(_ -> lengths.draw(random))
                .filter(length -> length == 1)
                .count();

        // Pushed to the bound, a third of all would be 1.
        assertThat(ones).isBetween(100L, 500L);
    }

    @Test
    void onlyAFixedLengthMayBeZeroWhichLeavesItToTheServer() {
        assertThat(Lengths.parse("--osl", "0", 0).most()).isZero();
        assertThatThrownBy(() -> Lengths.parse("--osl", "uniform:0:5", 0))
                .hasMessage("--osl must be at least 1, was 0");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "x", "12x", "uniform:5", "uniform:9:5", "normal:0:5", "normal:5:x", "normal:5:-1", "0", "-3"
            })
    void whatIsNoLengthIsNamed(String text) {
        assertThatThrownBy(() -> Lengths.parse("--isl", text, 1))
                .isInstanceOf(CommandFailure.class)
                .hasMessageStartingWith("--isl");
    }
}
