package dev.latencylens.simulated;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class DueHeapTest {
    private static final class Waiting extends DueHeap.Entry {
        private final long atNs;

        Waiting(long atNs) {
            this.atNs = atNs;
        }

        @Override
        void due(long nowNs) {}
    }

    @Test
    void entriesComeOutInTheOrderOfTheirInstantsWhateverWasRemoved() {
        Random random = new Random(5);
        DueHeap heap = new DueHeap();
        List<Waiting> kept = new ArrayList<>();
        List<Waiting> removed = new ArrayList<>();
        for (int i = 0; i < 5_000; i++) {
            Waiting entry = new Waiting(random.nextLong(1_000));
            heap.add(entry, entry.atNs);
            (random.nextInt(3) == 0 ? removed : kept).add(entry);
        }
        removed.forEach(heap::remove);
        removed.forEach(heap::remove);

        List<Long> seen = new ArrayList<>();
        while (!heap.isEmpty()) {
            long nextNs = heap.nextDueAtNs();
            assertThat(heap.takeDue(nextNs - 1)).isNull();
            assertThat(heap.takeDue(nextNs))
                    .isInstanceOfSatisfying(
                            Waiting.class, entry -> assertThat(entry.atNs).isEqualTo(nextNs));
            seen.add(nextNs);
        }
        assertThat(seen).hasSize(kept.size()).isSorted();
        assertThat(heap.nextDueAtNs()).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void entryThatIsAddedAgainMoves() {
        DueHeap heap = new DueHeap();
        Waiting entry = new Waiting(0);
        heap.add(entry, 10);
        heap.add(entry, 5);

        assertThat(heap.nextDueAtNs()).isEqualTo(5);
        assertThat(heap.takeDue(5)).isSameAs(entry);
        assertThat(heap.isEmpty()).isTrue();
    }
}
