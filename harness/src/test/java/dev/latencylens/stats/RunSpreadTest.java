package dev.latencylens.stats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class RunSpreadTest {
    /// Of 4, 5, 6, 7 and 8: sd sqrt(2.5), t(0.975, 4) = 2.776445 (any table of Student's t).
    @Test
    void theIntervalOfTheMeanIsStudents() {
        var spread = RunSpread.of(new double[] {4, 5, 6, 7, 8}, 0.95);

        assertThat(spread.mean()).isEqualTo(6);
        assertThat(spread.sd()).isCloseTo(Math.sqrt(2.5), within(1e-12));
        assertThat(spread.half()).isCloseTo(2.776445 * Math.sqrt(2.5 / 5), within(1e-5));
        assertThat(spread.interval().contains(7.9)).isTrue();
        assertThat(spread.interval().contains(8)).isFalse();
    }

    @Test
    void aSingleRunSaysNothingOfTheSpread() {
        var spread = RunSpread.of(new double[] {4}, 0.95);

        assertThat(spread.sd()).isNaN();
        assertThat(spread.interval().isBounded()).isFalse();
        assertThatThrownBy(() -> RunSpread.of(new double[0], 0.95)).hasMessageContaining("at least one run");
    }
}
