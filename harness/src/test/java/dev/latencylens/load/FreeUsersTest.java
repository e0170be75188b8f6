package dev.latencylens.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class FreeUsersTest {
    @Test
    void theOneWhoseTurnComesFirstIsInFront() {
        var free = new FreeUsers(3);
        free.add(0, 30);
        free.add(1, 10);
        free.add(2, 20);

        assertThat(free.firstDueAtNs()).isEqualTo(10);
        assertThat(free.poll()).isEqualTo(1);
        assertThat(free.poll()).isEqualTo(2);
        assertThat(free.poll()).isEqualTo(0);
        assertThat(free.isEmpty()).isTrue();
    }

    /// Instants of CLOCK_MONOTONIC are compared by difference, so they may pass the end of a long.
    @Test
    void usersComeInTheOrderOfTheirTurnsHoweverManyComeAndGo() {
        var random = new SplittableRandom(4);
        var free = new FreeUsers(500);
        var expected = new PriorityQueue<Long>(Comparator.comparingLong(atNs -> atNs - Long.MAX_VALUE));
        for (int i = 0; i < 20_000; i++) {
            if (expected.size() < 500 && random.nextInt(5) < 3) {
                long atNs = Long.MAX_VALUE - 1_000 + random.nextLong(2_000);
                free.add(i, atNs);
                expected.add(atNs);
            } else if (!expected.isEmpty()) {
                assertThat(free.firstDueAtNs()).isEqualTo(expected.poll());
                free.poll();
            }
        }
    }
}
