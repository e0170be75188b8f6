package dev.latencylens.simulated;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LoopThreadTest {
    private static final long GAP_NS = 2_000_000;
    private static final int ENTRIES = 100;

    /// Adds itself again, so many times.
    private static final class Ticks extends DueHeap.Entry {
        private final LoopThread loop;
        private final CountDownLatch done = new CountDownLatch(1);
        private final List<Long> lateNs = new ArrayList<>();
        private long dueAtNs;

        Ticks(LoopThread loop) {
            this.loop = loop;
        }

        void begin() {
            loop.events().execute(() -> addAt(TrueClock.nowNs() + GAP_NS));
        }

        private void addAt(long atNs) {
            dueAtNs = atNs;
            loop.heap().add(this, atNs);
        }

        @Override
        void due(long nowNs) {
            lateNs.add(nowNs - dueAtNs);
            if (lateNs.size() == ENTRIES) {
                done.countDown();
            } else {
                addAt(nowNs + GAP_NS);
            }
        }
    }

    private static Ticks ticks(LoopThread loop) throws InterruptedException {
        var ticks = new Ticks(loop);
        ticks.begin();
        assertThat(ticks.done.await(30, TimeUnit.SECONDS)).isTrue();
        return ticks;
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whatIsDueAfterARestIsRehearsedOnceAndComesNoSooner(boolean spin) throws Exception {
        Set<Integer> cpus = spin ? Set.of() : Set.of(0);
        long rehearsed = 0;
        long deadlineNs = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        // On a busy machine it may be late each time, and rehearse nothing.
        while (rehearsed == 0 && System.nanoTime() - deadlineNs < 0) {
            var loop = new LoopThread(cpus, spin);
            loop.start();
            try {
                assertThat(ticks(loop).lateNs).allMatch(lateNs -> lateNs >= 0);
            } finally {
                loop.stop();
            }
            rehearsed = loop.rehearsedBytes();
        }
        assertThat(rehearsed).isPositive().isLessThanOrEqualTo((long) ENTRIES * Rehearsal.BYTES);
    }

    @Test
    void aThreadWithoutACpuOfItsOwnTakesNoTimeForIt() throws Exception {
        var loop = new LoopThread(Set.of(), false);
        loop.start();
        try {
            assertThat(ticks(loop).lateNs).allMatch(lateNs -> lateNs >= 0);
        } finally {
            loop.stop();
        }
        assertThat(loop.rehearsedBytes()).isZero();
    }

    @Test
    void rehearsalsLeaveNothingBehindThatCouldFillUp() throws IOException {
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (Rehearsal rehearsal = Rehearsal.open()) {
            int runs = 100_000;
            // The first loads classes.
            rehearsal.run();
            long allocatedBytes = threads.getCurrentThreadAllocatedBytes();
            for (int i = 1; i < runs; i++) {
                rehearsal.run();
            }
            assertThat(threads.getCurrentThreadAllocatedBytes() - allocatedBytes)
                    .isLessThan(runs);
            // Of loopback all but the last has come when the next is sent.
            assertThat(rehearsal.readBytes()).isGreaterThan((long) (runs - 64) * Rehearsal.BYTES);
        }
    }
}
