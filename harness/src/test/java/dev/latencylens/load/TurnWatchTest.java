package dev.latencylens.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class TurnWatchTest {
    private final TurnWatch watch = new TurnWatch();

    @Test
    void whatWasMeantWaitingIsNoLag() {
        watch.turn(50_000_000, 50_000_000, 50_000_000);

        assertThat(watch.lag(0)).isEqualTo(new LoopLag(50_000_000, 0, 0, 0, 0, 0, List.of()));
    }

    @Test
    void aPercentileIsOverTimeSoThatTurnsWithoutWorkDoNotHideALongOne() {
        for (int i = 0; i < 970; i++) {
            watch.turn(i, 1_000, 0);
        }
        watch.turn(1_000_000, 30_000, 0);

        // 3 % of the time were in one turn out of 971.
        assertThat(watch.lag(0).p99Ns()).isEqualTo(30_000);
    }

    @Test
    void aTurnThatTakesAHundredthOfTheTimeDoesNotDecide() {
        for (int i = 0; i < 995; i++) {
            watch.turn(i, 1_000, 0);
        }
        watch.turn(1_000_000, 5_000, 0);

        assertThat(watch.lag(0).p99Ns()).isCloseTo(1_000, within(10L));
        assertThat(watch.lag(0).p999Ns()).isEqualTo(5_000);
        assertThat(watch.lag(0).longestNs()).isEqualTo(5_000);
    }

    @Test
    void aTurnOfMoreThanAMillisecondBeyondItsWaitIsAPause() {
        watch.turn(7_000_000, 7_000_000, 6_000_000);
        watch.turn(20_000_000, 13_000_000, 3_000_000);

        assertThat(watch.lag(2).shown()).containsExactly(new LoopLag.Pause(2, 20_000_000, 10_000_000));
        assertThat(watch.lag(2).pausedNs()).isEqualTo(10_000_000);
    }

    @Test
    void pausesBeyondWhatIsKeptAreCounted() {
        for (int i = 0; i < 5_000; i++) {
            watch.turn(i, 2_000_000, 0);
        }

        assertThat(watch.lag(0).pauses()).isEqualTo(5_000);
        assertThat(watch.lag(0).shown()).hasSize(4_096);
    }

    @Test
    void ofSeveralThreadsTheWorstCountsAndPausesStandInOrder() {
        watch.turn(9_000_000, 4_000_000, 0);
        var other = new TurnWatch();
        other.turn(2_000_000, 2_000_000, 0);
        other.turn(12_000_000, 5_000_000, 0);

        LoopLag both = watch.lag(0).and(other.lag(1));

        assertThat(both.longestNs()).isEqualTo(5_000_000);
        assertThat(both.pauses()).isEqualTo(3);
        assertThat(both.shown())
                .extracting(LoopLag.Pause::endAtNs)
                .containsExactly(2_000_000L, 9_000_000L, 12_000_000L);
    }
}
