package dev.latencylens.simulated;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.netty.channel.ManualIoEventLoop;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
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
import org.junit.jupiter.params.provider.CsvSource;

class LoopThreadTest {
    private static final long SHORT_NS = 2_000_000;
    private static final long LONG_NS = 10_000_000;
    private static final int ENTRIES = 100;
    /// They fit into the last 0.1 ms of a rest, and none takes less than a microsecond: it makes two system calls.
    private static final int MOST_REHEARSALS = 100;
    private static final long AT_START_BYTES = (long) Rehearsal.COMPILED_AFTER * Rehearsal.BYTES;

    /// Adds itself again, so many times.
    private static final class Ticks extends DueHeap.Entry {
        private final LoopThread loop;
        private final CountDownLatch done = new CountDownLatch(1);
        private final List<Long> lateNs = new ArrayList<>();
        private final long gapNs;
        private long dueAtNs;

        Ticks(LoopThread loop, long gapNs) {
            this.loop = loop;
            this.gapNs = gapNs;
        }

        void begin() {
            loop.events().execute(() -> addAt(TrueClock.nowNs() + gapNs));
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
                addAt(nowNs + gapNs);
            }
        }
    }

    private static Ticks ticks(LoopThread loop, long gapNs) throws InterruptedException {
        var ticks = new Ticks(loop, gapNs);
        ticks.begin();
        assertThat(ticks.done.await(30, TimeUnit.SECONDS)).isTrue();
        return ticks;
    }

    @ParameterizedTest
    @CsvSource({"true, " + SHORT_NS, "false, " + SHORT_NS, "true, " + LONG_NS, "false, " + LONG_NS})
    void whatIsDueAfterARestIsRehearsedShortlyBeforeAndComesNoSooner(boolean spin, long gapNs) throws Exception {
        Set<Integer> cpus = spin ? Set.of() : Set.of(0);
        long rehearsed = 0;
        long deadlineNs = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        // On a busy machine it may be late each time, and rehearse nothing.
        while (rehearsed <= 0 && System.nanoTime() - deadlineNs < 0) {
            var loop = new LoopThread(cpus, spin);
            loop.start();
            try {
                assertThat(ticks(loop, gapNs).lateNs).allMatch(lateNs -> lateNs >= 0);
            } finally {
                loop.stop();
            }
            rehearsed = loop.rehearsedBytes() - AT_START_BYTES;
        }
        assertThat(rehearsed).isPositive().isLessThanOrEqualTo((long) ENTRIES * MOST_REHEARSALS * Rehearsal.BYTES);
    }

    @Test
    void aThreadWithoutACpuOfItsOwnTakesNoTimeForIt() throws Exception {
        var loop = new LoopThread(Set.of(), false);
        loop.start();
        try {
            assertThat(ticks(loop, SHORT_NS).lateNs).allMatch(lateNs -> lateNs >= 0);
        } finally {
            loop.stop();
        }
        assertThat(loop.rehearsedBytes()).isZero();
    }

    private static void close(ManualIoEventLoop loop) {
        loop.shutdownGracefully(0, 0, TimeUnit.NANOSECONDS);
        while (!loop.isTerminated()) {
            loop.run(1_000_000);
        }
    }

    @Test
    void rehearsalsLeaveNoMoreThanNettysEntryForAWrite() throws IOException {
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        var events = new ManualIoEventLoop(Thread.currentThread(), EpollIoHandler.newFactory());
        try (Rehearsal rehearsal = Rehearsal.open(events, EpollSocketChannel.class)) {
            // The first loads classes.
            rehearsal.compile();
            int runs = 100_000;
            long allocatedBytes = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < runs; i++) {
                rehearsal.run();
            }
            assertThat(threads.getCurrentThreadAllocatedBytes() - allocatedBytes)
                    .isLessThan(100L * runs);
            // Of loopback all but the last has come when the next is sent.
            assertThat(rehearsal.readBytes()).isGreaterThan((long) (runs - 64) * Rehearsal.BYTES + AT_START_BYTES);
        } finally {
            close(events);
        }
    }
}
