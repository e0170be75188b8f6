package dev.latencylens.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class LiveCountTest {
    private final LiveCount count = new LiveCount();
    private final LiveCount.Part one = count.part();
    private final LiveCount.Part other = count.part();

    @Test
    void aMeanIsOverTimeAndOverAllThreads() {
        one.open(100);
        one.rise(100);
        other.rise(200);
        other.rise(250);
        one.fall(300);
        one.close(400);

        // 1 for 100 ns, 2 for 50, 3 for 50, 2 for 100.
        assertThat(count.live()).isEqualTo(new Live(300, (100 + 100 + 150 + 200) / 300.0, 2, 3));
    }

    @Test
    void warmUpAndTheEbbAtTheEndDoNotCount() {
        one.rise(0);
        one.rise(10);
        one.open(1_000);
        other.open(1_500);
        one.close(2_000);
        other.close(9_000);
        one.fall(9_500);

        assertThat(count.live()).isEqualTo(new Live(1_000, 2, 2, 2));
    }

    @Test
    void whoHasMeasuredNothingTellsNothing() {
        assertThat(count.live()).isEqualTo(Live.NONE);
        one.rise(5);
        one.close(9);

        assertThat(count.live()).isEqualTo(Live.NONE);
    }

    @Test
    void manyMoreThanExpectedAreCountedToo() {
        one.open(0);
        for (int i = 0; i < 10_000; i++) {
            one.rise(i);
        }
        one.close(10_000);

        assertThat(count.live().max()).isEqualTo(10_000);
        assertThat(count.live().mean()).isCloseTo(5_000.5, within(1e-6));
    }

    /// Each thread goes up and down on a time scale of its own, which makes the sum exact whatever their
    /// interleaving.
    @Test
    void threadsThatCountAtOnceLoseNothing() throws InterruptedException {
        one.open(0);
        var started = new CountDownLatch(2);
        Thread first = Thread.ofPlatform().start(() -> walk(one, started, 1));
        Thread second = Thread.ofPlatform().start(() -> walk(other, started, 2));
        first.join();
        second.join();
        one.close(2_000_000);

        // Either is at 1 for every second of a million units.
        assertThat(count.live().watchedNs()).isEqualTo(2_000_000);
        assertThat(count.live().mean() * 2_000_000).isCloseTo(1_000_000, within(1e-3));
    }

    private static void walk(LiveCount.Part part, CountDownLatch started, long seed) {
        var random = new SplittableRandom(seed);
        started.countDown();
        while (started.getCount() > 0) {
            Thread.onSpinWait();
        }
        for (long atNs = 0; atNs < 1_000_000; atNs += 2) {
            part.rise(atNs);
            if (random.nextInt(64) == 0) {
                Thread.onSpinWait();
            }
            part.fall(atNs + 1);
        }
    }
}
