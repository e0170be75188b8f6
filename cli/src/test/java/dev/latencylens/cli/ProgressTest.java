package dev.latencylens.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latencylens.load.Load;
import dev.latencylens.stats.Summary;
import java.time.Duration;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class ProgressTest {
    private static final Load COUNTED = new Load(null, 8, 640, 16, null, Duration.ofSeconds(1));

    @Test
    void aLineTellsHowFarHowFastAndHowLongStill() {
        var progress = new Summary.Progress(160, 157, 2, 16, 5_056, 2_000_000_000L, OptionalLong.of(41_230_000));

        assertThat(Progress.line(COUNTED, progress, 8, 2_100_000_000L))
                .isEqualTo("160/640  in flight 8  78.50/s  ttft p50 41.23 ms  2528 tokens/s  failed 2  eta 6 s");
    }

    @Test
    void warmUpIsNamed() {
        var progress = new Summary.Progress(0, 0, 0, 3, 0, 0, OptionalLong.empty());

        assertThat(Progress.line(COUNTED, progress, 8, 1)).isEqualTo("warm-up 3/16  in flight 8");
    }

    @Test
    void aDurationCountsDown() {
        var timed = new Load(null, 8, 0, 0, Duration.ofSeconds(30), Duration.ofSeconds(1));
        var progress = new Summary.Progress(1, 1, 0, 0, 5, 1_000_000_000L, OptionalLong.empty());

        assertThat(Progress.line(timed, progress, 8, 10_000_000_000L))
                .startsWith("1  in flight 8")
                .endsWith("eta 20 s");
    }
}
