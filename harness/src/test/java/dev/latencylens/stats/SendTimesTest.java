package dev.latencylens.stats;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class SendTimesTest {
    private final SendTimes sends = new SendTimes();

    @Test
    void everyGapOfAFewIsKeptInTheOrderOfTheSchedule() {
        add(List.of(2L, 0L, 1L, 3L));

        assertThat(gaps()).containsExactly("0 1000", "1000 2000", "2000 3000");
    }

    @Test
    void ofManyGapsAnEvenSampleIsKeptInWhateverOrderRequestsEnd() {
        List<Long> numbers =
                new ArrayList<>(LongStream.range(0, 100_000).boxed().toList());
        Collections.shuffle(numbers, new Random(3));
        add(numbers);

        assertThat(gaps()).hasSize(3_125).startsWith("0 1000", "32000 33000").endsWith("99968000 99969000");
    }

    @Test
    void aRequestThatWasNotMeasuredLeavesNoGap() {
        add(List.of(5L, 6L, 8L));

        assertThat(gaps()).containsExactly("5000 6000");
    }

    @Test
    void theScheduleHasARateOfItsOwn() {
        assertThat(sends.plannedPerSecond()).isEmpty();
        add(LongStream.range(0, 101).boxed().toList());

        // Due every 500 ns, sent every 1,000.
        assertThat(sends.plannedPerSecond()).hasValue(2e6);
    }

    private void add(List<Long> numbers) {
        numbers.forEach(number -> sends.add(number, number * 500, number * 1_000));
    }

    private List<String> gaps() {
        var gaps = new ArrayList<String>();
        sends.gaps((fromAtNs, toAtNs) -> gaps.add(fromAtNs + " " + toAtNs));
        return gaps;
    }
}
