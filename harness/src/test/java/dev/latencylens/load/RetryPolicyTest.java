package dev.latencylens.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class RetryPolicyTest {
    private final RetryPolicy policy = new RetryPolicy(9, Duration.ofMillis(100), Duration.ofMinutes(1), 7);

    @Test
    void aWaitIsDrawnEvenlyFromNothingUpToABackoffThatDoubles() {
        for (int attempt = 2; attempt <= 5; attempt++) {
            long mostNs = 100_000_000L << (attempt - 2);
            int which = attempt;
            List<Long> waits = LongStream.range(0, 4_000)
                    .mapToObj(number -> policy.jitterNs(number, which))
                    .toList();

            assertThat(waits).allMatch(wait -> wait >= 0 && wait < mostNs);
            assertThat(waits.stream().mapToLong(Long::longValue).average().orElseThrow())
                    .isCloseTo(mostNs / 2.0, within(mostNs * 0.02));
        }
    }

    @Test
    void theBackoffEndsAtAMinute() {
        assertThat(LongStream.range(0, 1_000).map(number -> policy.jitterNs(number, 60)))
                .allMatch(wait -> wait < RetryPolicy.LONGEST_BACKOFF.toNanos());
    }

    @Test
    void theSameSeedDrawsTheSameWaitsWhateverHappenedBefore() {
        var other = new RetryPolicy(1, Duration.ofMillis(100), Duration.ofMinutes(5), 7);

        assertThat(other.jitterNs(12, 3)).isEqualTo(policy.jitterNs(12, 3));
        assertThat(new RetryPolicy(9, Duration.ofMillis(100), Duration.ofMinutes(1), 8).jitterNs(12, 3))
                .isNotEqualTo(policy.jitterNs(12, 3));
    }
}
