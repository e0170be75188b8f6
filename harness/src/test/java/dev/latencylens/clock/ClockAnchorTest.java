package dev.latencylens.clock;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class ClockAnchorTest {
    @Test
    void theNarrowestPairOfReadingsCounts() {
        var clock = new Clock() {
            private int readings;
            private long nowNs = 1_000;

            @Override
            public long nowNs() {
                readings++;
                // The pair of the third wall reading is 20 ns apart, all others 500.
                nowNs += readings == 6 ? 20 : 500;
                return nowNs;
            }
        };

        var anchor = ClockAnchor.take(clock);

        assertThat(anchor.offsetUncertaintyNs()).isEqualTo(10);
        assertThat(anchor.monotonicStartNs()).isEqualTo(1_000 + 5 * 500 + 10);
        assertThat(anchor.wallStart()).isBetween(Instant.now().minus(Duration.ofMinutes(1)), Instant.now());
    }

    @Test
    void theMonotonicClockNeverRunsBackwards() {
        Clock clock = Clock.monotonic();
        long earlier = clock.nowNs();

        assertThat(clock.nowNs() - earlier).isNotNegative();
    }
}
