package dev.latencylens.clock;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class WallClockOffsetTest {
    private final FakeClock clock = new FakeClock(5_000);
    /// What is added to the monotonic clock to make the wall clock.
    private long aheadNs = 1_000_000_000_000L;

    /// Reading it may be interrupted, which the monotonic clock sees.
    private long interruptedNs;

    private long wallNs() {
        long wallNs = clock.nowNs() + aheadNs;
        clock.advance(Duration.ofNanos(interruptedNs));
        return wallNs;
    }

    private final WallClockOffset offset = new WallClockOffset(clock, this::wallNs);

    @Test
    void aStampOfTheWallClockIsToldOnTheMonotonicOne() {
        assertThat(offset.monotonicAtNs(aheadNs + 7_000)).isEqualTo(7_000);
        assertThat(offset.uncertaintyNs()).isZero();
    }

    @Test
    void timeThatPassesIsNoStep() {
        clock.advance(Duration.ofDays(3));
        offset.check();

        assertThat(offset.steps()).isZero();
        assertThat(offset.monotonicAtNs(aheadNs + 9_000)).isEqualTo(9_000);
    }

    @Test
    void aWallClockThatIsSetIsNoticedAndFollowed() {
        aheadNs += 3_600_000_000_000L;
        offset.check();
        aheadNs -= 250_000;
        offset.check();
        offset.check();

        assertThat(offset.steps()).isEqualTo(2);
        assertThat(offset.largestStepNs()).isEqualTo(3_600_000_000_000L);
        assertThat(offset.monotonicAtNs(aheadNs + 11_000)).isEqualTo(11_000);
    }

    @Test
    void aStepBackwardsKeepsItsSign() {
        aheadNs -= 40_000_000;
        offset.check();

        assertThat(offset.largestStepNs()).isEqualTo(-40_000_000);
    }

    @Test
    void aThreadInterruptedBetweenTwoReadingsIsNotTakenForAStep() {
        interruptedNs = 3_000_000;
        offset.check();

        assertThat(offset.steps()).isZero();
        assertThat(offset.monotonicAtNs(aheadNs + 13_000)).isEqualTo(13_000);
    }
}
