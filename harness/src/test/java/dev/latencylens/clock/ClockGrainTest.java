package dev.latencylens.clock;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ClockGrainTest {
    @Test
    void theGrainIsTheSmallestStepAndNotTheCostOfAReading() {
        var readings = new AtomicLong();

        // Each reading takes 20 ns, and the clock moves on by 100 ns at every fifth.
        ClockGrain grain = ClockGrain.measure(() -> readings.getAndIncrement() / 5 * 100);

        assertThat(grain.stepNs()).isEqualTo(100);
        assertThat(grain.readingNs()).isEqualTo(20);
    }

    @Test
    void aClockThatStandsHasNoGrain() {
        assertThat(ClockGrain.measure(() -> 7)).isEqualTo(new ClockGrain(0, 0));
    }

    @Test
    void thisMachinesClockMoves() {
        ClockGrain grain = ClockGrain.measure(Clock.monotonic());

        assertThat(grain.stepNs()).isPositive();
        assertThat(grain.readingNs()).isPositive();
    }
}
