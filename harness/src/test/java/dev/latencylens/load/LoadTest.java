package dev.latencylens.load;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LoadTest {
    @Test
    void aLoadHasAnEnd() {
        refuses(null, 1, 0, 0, null, "a load needs an end: a number of requests, a duration, or both");
    }

    @Test
    void aClosedLoopHasAUser() {
        refuses(null, 0, 1, 0, null, "concurrency must be at least 1, was 0");
    }

    @Test
    void anOpenLoopsLimitIsNotNegative() {
        refuses(ArrivalSchedule.constant(1), -1, 1, 0, null, "concurrency must not be negative, was -1");
    }

    @Test
    void countsAreNotNegative() {
        refuses(null, 1, -1, 0, null, "requests must not be negative, were -1");
        refuses(null, 1, 1, -2, null, "requests for warm-up must not be negative, were -2");
    }

    @Test
    void aDurationIsPositive() {
        refuses(null, 1, 1, 0, Duration.ZERO, "duration must be positive, was PT0S");
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, -1, Double.NaN, Double.POSITIVE_INFINITY})
    void aRateIsPositiveAndFinite(double rate) {
        assertThatThrownBy(() -> ArrivalSchedule.constant(rate)).hasMessageEndingWith("was " + rate);
    }

    @Test
    void aLoadIsSharedByNoMoreThreadsThanItHasUsers() {
        assertThatThrownBy(() -> new Load(null, 2, 10, 0, null, Duration.ofSeconds(1)).share(0, 3))
                .hasMessage("3 I/O threads cannot share a concurrency of 2; use at most 2 threads");
    }

    private static void refuses(
            @Nullable ArrivalSchedule arrivals,
            int concurrency,
            long requests,
            long warmups,
            @Nullable Duration duration,
            String message) {
        assertThatThrownBy(() -> new Load(arrivals, concurrency, requests, warmups, duration, Duration.ofSeconds(1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }
}
