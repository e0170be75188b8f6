package dev.latencylens.simulated;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class RestsTest {
    private static final long REHEARSAL_TAKES_NS = 6_000;
    private static final long TURN_TAKES_NS = 500;

    private final Rests rests = new Rests(this::rehearse);
    private long nowNs;
    private long dueAtNs;
    /// How long before the entry was due.
    private final List<Long> rehearsedNs = new ArrayList<>();

    private void rehearse() {
        rehearsedNs.add(dueAtNs - nowNs);
        nowNs += REHEARSAL_TAKES_NS;
    }

    /// Rests before what is due in `waitNs` as the loop does; the end of each rest is late by `lateShare` of it.
    ///
    /// @return how late it came to the entry
    private long waitFor(long waitNs, double lateShare) {
        rehearsedNs.clear();
        dueAtNs = nowNs + waitNs;
        while (nowNs < dueAtNs) {
            long restNs = rests.nextNs(dueAtNs, dueAtNs - nowNs);
            nowNs += restNs > 0 ? restNs + (long) (restNs * lateShare) : TURN_TAKES_NS;
        }
        return nowNs - dueAtNs;
    }

    private void assertRehearsedUntilShortlyBefore() {
        assertThat(rehearsedNs).isNotEmpty();
        assertThat(rehearsedNs.getLast())
                .isBetween(Rests.REHEARSED_NS, Rests.REHEARSED_NS + REHEARSAL_TAKES_NS + TURN_TAKES_NS);
    }

    @Test
    void behindAShortRestItRehearsesInTheLastOfItAndComesInTime() {
        assertThat(waitFor(1_000_000, 0.05)).isLessThan(TURN_TAKES_NS);
        assertRehearsedUntilShortlyBefore();
        assertThat(rehearsedNs).allMatch(beforeNs -> beforeNs <= Rests.REHEARSAL_NS);
    }

    @Test
    void behindALongRestFromWhichItWakesLateItRehearsesOnceAtOnceAndAgainShortlyBefore() {
        // As late as a virtual CPU was seen to be behind 100 ms, and more.
        assertThat(waitFor(100_000_000, 0.01)).isLessThan(TURN_TAKES_NS);
        assertThat(rehearsedNs.getFirst()).isBetween(Rests.EARLY_NS / 2 - 100_000, Rests.EARLY_NS);
        assertRehearsedUntilShortlyBefore();
        assertThat(rehearsedNs.stream().filter(beforeNs -> beforeNs > Rests.REHEARSAL_NS))
                .hasSize(1);
    }

    @Test
    void aLongRestThatOthersEndAnewIsStillOne() {
        dueAtNs = 100_000_000;
        assertThat(rests.nextNs(dueAtNs, 100_000_000)).isEqualTo(98_000_000);
        assertThat(rests.nextNs(dueAtNs, 50_000_000)).isEqualTo(48_000_000);
        assertThat(rehearsedNs).isEmpty();
        assertThat(rests.nextNs(dueAtNs, 1_900_000)).isZero();
        assertThat(rehearsedNs).hasSize(1);
        assertThat(rests.nextNs(dueAtNs, 1_890_000)).isEqualTo(1_690_000);
        assertThat(rehearsedNs).hasSize(1);
    }

    @Test
    void wokenSoLateThatTheLongRestIsNearlyOverItRehearsesAllTheSame() {
        dueAtNs = 100_000_000;
        rests.nextNs(dueAtNs, 100_000_000);
        assertThat(rests.nextNs(dueAtNs, 90_000)).isZero();
        assertThat(rehearsedNs).hasSize(1);
    }

    @Test
    void whatIsDueWithoutARestIsNotRehearsed() {
        assertThat(rests.nextNs(1_000_000, 90_000)).isEqualTo(90_000);
        assertThat(rests.nextNs(1_000_000, -5)).isEqualTo(-5);
        assertThat(rehearsedNs).isEmpty();
    }

    @Test
    void whatIsDueNextAfterwardsHasARestOfItsOwn() {
        waitFor(1_000_000, 0);
        rehearsedNs.clear();
        assertThat(rests.nextNs(dueAtNs + 90_000, 90_000)).isEqualTo(90_000);
        assertThat(rehearsedNs).isEmpty();
    }
}
