package dev.latencylens.stats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Percentage.withPercentage;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.HistogramIterationValue;
import org.junit.jupiter.api.Test;

class CountsTest {
    private record Seen(long value, long times) {}

    private final Counts counts = new Counts();

    @Test
    void slotsAreThoseOfAnHdrHistogramOfFourDigits() {
        var histogram = new Histogram(4);
        histogram.setAutoResize(true);
        var random = new SplittableRandom(1);
        for (int i = 0; i < 100_000; i++) {
            add(histogram, random.nextLong() >>> random.nextInt(2, 64), random.nextInt(1, 5));
        }
        for (int bit = 0; bit < 62; bit++) {
            add(histogram, (1L << bit) - 1, 1);
            add(histogram, 1L << bit, 1);
        }

        var expected = new ArrayList<Seen>();
        for (HistogramIterationValue step : histogram.recordedValues()) {
            expected.add(new Seen(
                    histogram.medianEquivalentValue(step.getValueIteratedTo()),
                    step.getCountAddedInThisIterationStep()));
        }
        assertThat(rising()).isEqualTo(expected);
    }

    @Test
    void negatedValuesComeOutInRisingOrderToo() {
        counts.add(0, 2);
        counts.add(70_000, 1);
        counts.add(3, 5);

        var seen = new ArrayList<Seen>();
        counts.negated((value, times) -> seen.add(new Seen(value, times)));
        assertThat(seen).containsExactly(new Seen(-70_002, 1), new Seen(-3, 5), new Seen(0, 2));
    }

    @Test
    void aCountMayBeLargerThanASlotHolds() {
        long slotful = 1L << Counts.SLOT_BITS;
        counts.add(7, slotful - 1);
        assertThat(rising()).containsExactly(new Seen(7, slotful - 1));

        counts.add(7, 1);
        counts.add(8, Long.MAX_VALUE / 2);
        assertThat(rising()).containsExactly(new Seen(7, slotful), new Seen(8, Long.MAX_VALUE / 2));

        counts.add(7, 3 * slotful + 5);
        counts.add(7, slotful - 1);
        assertThat(rising().getFirst()).isEqualTo(new Seen(7, 5 * slotful + 4));
    }

    @Test
    void theLargestValueHasASlot() {
        counts.add(Long.MAX_VALUE, 1);

        assertThat(rising().getFirst().value()).isCloseTo(Long.MAX_VALUE, withPercentage(0.01));
    }

    private void add(Histogram histogram, long value, long times) {
        histogram.recordValueWithCount(value, times);
        counts.add(value, times);
    }

    private List<Seen> rising() {
        var seen = new ArrayList<Seen>();
        counts.rising((value, times) -> seen.add(new Seen(value, times)));
        return seen;
    }
}
