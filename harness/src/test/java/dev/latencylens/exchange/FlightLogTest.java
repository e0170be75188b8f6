package dev.latencylens.exchange;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latencylens.clock.Clock;
import dev.latencylens.clock.FakeClock;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FlightLogTest {
    private final Exchange exchange = ScriptedExchange.planned(7);

    @Test
    void everythingComesOutInTheOrderInWhichItWentIn() {
        var log = new FlightLog(new FakeClock(0), 8, 64);
        log.moment(exchange, Moment.STARTED, 10);
        write(log, "hello", 20, 19);
        log.fact(exchange, TransportEnd.COMPLETE, 30);

        assertThat(drained(log))
                .containsExactly("lens-7 started 10", "lens-7 'hello' 20 kernel 19", "lens-7 COMPLETE 30");
    }

    @Test
    void aMomentMayCarryTheKernelsStamp() {
        var log = new FlightLog(new FakeClock(0), 8, 64);
        log.moment(exchange, Moment.RESPONSE_START, 10, 8);

        assertThat(drained(log)).containsExactly("lens-7 responseStart 10 kernel 8");
    }

    @Test
    void partsOfDifferentAnswersInOneReadAreCountedAsSharingItsStamp() {
        var log = new FlightLog(new FakeClock(0), 32, 64);
        Exchange other = ScriptedExchange.planned(8);
        body(log, exchange, 10);
        body(log, exchange, 20); // of one answer: coalesced, and counted there
        body(log, exchange, 20);
        body(log, exchange, 30); // of two answers: all three share the stamp
        body(log, other, 30);
        body(log, exchange, 30);
        body(log, other, 40);
        log.drain(new Listing(), 5); // in the middle of a read
        log.drain(new Listing(), 5);

        assertThat(log.sharedParts()).isEqualTo(3);
    }

    private static void body(FlightLog log, Exchange exchange, long arrivedAtNs) {
        log.claim(1);
        log.body(exchange, arrivedAtNs, arrivedAtNs - 5, 1);
    }

    @Test
    void noMoreEntriesComeOutThanWereAskedFor() {
        var log = new FlightLog(new FakeClock(0), 8, 64);
        for (int i = 0; i < 5; i++) {
            log.moment(exchange, Moment.STARTED, i);
        }
        var seen = new Listing();

        assertThat(log.drain(seen, 3)).isEqualTo(3);
        assertThat(log.drain(seen, 3)).isEqualTo(2);
        assertThat(log.drain(seen, 3)).isZero();
        assertThat(seen.lines).hasSize(5);
    }

    @Test
    void bytesThatReachTheArraysEndAreGrantedInTwoParts() {
        var log = new FlightLog(new FakeClock(0), 8, 8);
        write(log, "abcdef", 1, FlightLog.NO_STAMP);
        assertThat(drained(log)).containsExactly("lens-7 'abcdef' 1");

        assertThat(log.claim(6)).isEqualTo(2);
        write(log, "ghijkl", 2, FlightLog.NO_STAMP);

        assertThat(drained(log)).containsExactly("lens-7 'gh' 2", "lens-7 'ijkl' 2");
    }

    @Test
    void manyTimesRoundNothingIsLostOrMixedUp() {
        var log = new FlightLog(new FakeClock(0), 4, 16);
        for (int i = 0; i < 1_000; i++) {
            write(log, "n" + i, i, FlightLog.NO_STAMP);
            assertThat(String.join("", drained(log)).replaceAll("lens-7 '|' \\d+", ""))
                    .isEqualTo("n" + i);
        }
        assertThat(log.fullCount()).isZero();
    }

    @Test
    void aFullLogMakesItsWriterWaitAndCountsIt() throws InterruptedException {
        var log = new FlightLog(Clock.monotonic(), 4, 64);
        for (int i = 0; i < 4; i++) {
            log.moment(exchange, Moment.STARTED, i);
        }
        var writer = Thread.ofPlatform().start(() -> log.moment(exchange, Moment.STARTED, 4));
        awaitWaiting(writer);
        var seen = new Listing();
        log.drain(seen, 1);
        writer.join();
        log.drain(seen, 10);

        assertThat(seen.lines).hasSize(5).last().isEqualTo("lens-7 started 4");
        assertThat(log.fullCount()).isEqualTo(1);
        assertThat(log.fullNs()).isPositive();
    }

    @Test
    void aWriterWithoutRoomForItsBytesWaitsTooAndCountsIt() throws InterruptedException {
        var log = new FlightLog(Clock.monotonic(), 8, 8);
        write(log, "abcdefgh", 1, FlightLog.NO_STAMP);
        var writer = Thread.ofPlatform().start(() -> write(log, "ij", 2, FlightLog.NO_STAMP));
        awaitWaiting(writer);
        var seen = new Listing();
        log.drain(seen, 1);
        writer.join();
        log.drain(seen, 10);

        assertThat(seen.lines).containsExactly("lens-7 'abcdefgh' 1", "lens-7 'ij' 2");
        assertThat(log.fullCount()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void aWriterAndAReaderAtFullSpeedLoseNothing(long seed) throws InterruptedException {
        var log = new FlightLog(Clock.monotonic(), 64, 1 << 10);
        int writes = 200_000;
        var failure = new AtomicReference<@Nullable Throwable>();
        var writer = Thread.ofPlatform().start(() -> {
            var random = new SplittableRandom(seed);
            byte next = 0;
            for (int i = 0; i < writes; i++) {
                log.moment(exchange, Moment.LAST_TOKEN, i);
                int left = random.nextInt(1, 40);
                while (left > 0) {
                    int granted = Math.min(log.claim(left), left);
                    for (int b = 0; b < granted; b++) {
                        log.array()[log.position() + b] = next++;
                    }
                    log.body(exchange, i, FlightLog.NO_STAMP, granted);
                    left -= granted;
                }
            }
            log.fact(exchange, TransportEnd.COMPLETE, writes);
        });
        writer.setUncaughtExceptionHandler((thread, thrown) -> failure.set(thrown));
        var check = new Checking();
        while (!check.ended && failure.get() == null) {
            log.drain(check, 1 + (int) (check.moments % 17));
        }
        writer.join();

        assertThat(failure.get()).isNull();
        assertThat(check.moments).isEqualTo(writes);
        assertThat(check.wrong).isZero();
    }

    @Test
    void aLogForgetsTheExchangesThatItHasHandedOver() {
        var log = new FlightLog(new FakeClock(0), 4, 16);
        log.moment(exchange, Moment.STARTED, 1);
        drained(log);

        assertThat(log.retained()).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 3, 100})
    void capacitiesArePowersOfTwo(int capacity) {
        assertThatThrownBy(() -> new FlightLog(new FakeClock(0), capacity, 16))
                .hasMessage("entry capacity must be a power of two, was " + capacity);
    }

    private void write(FlightLog log, String text, long arrivedAtNs, long kernelAtNs) {
        byte[] bytes = text.getBytes(UTF_8);
        int from = 0;
        while (from < bytes.length) {
            int granted = log.claim(bytes.length - from);
            System.arraycopy(bytes, from, log.array(), log.position(), granted);
            log.body(exchange, arrivedAtNs, kernelAtNs, granted);
            from += granted;
        }
    }

    private static List<String> drained(FlightLog log) {
        var seen = new Listing();
        log.drain(seen, Integer.MAX_VALUE);
        return seen.lines;
    }

    private static void awaitWaiting(Thread writer) {
        while (writer.getState() != Thread.State.TIMED_WAITING) {
            Thread.onSpinWait();
        }
    }

    /// Writes down what it is handed.
    private static final class Listing implements FlightLog.Reader {
        final List<String> lines = new ArrayList<>();

        @Override
        public void moment(Exchange exchange, Moment moment, long arrivedAtNs, long kernelAtNs) {
            lines.add(exchange.id() + " " + moment.label() + " " + stamps(arrivedAtNs, kernelAtNs));
        }

        @Override
        public void fact(Exchange exchange, FlightFact fact, long atNs) {
            lines.add(exchange.id() + " " + (fact instanceof TransportEnd end ? end.kind() : fact) + " " + atNs);
        }

        @Override
        public void body(Exchange exchange, long arrivedAtNs, long kernelAtNs, byte[] bytes, int offset, int length) {
            lines.add(exchange.id() + " '" + new String(bytes, offset, length, UTF_8) + "' "
                    + stamps(arrivedAtNs, kernelAtNs));
        }

        private static String stamps(long arrivedAtNs, long kernelAtNs) {
            return arrivedAtNs + (kernelAtNs == FlightLog.NO_STAMP ? "" : " kernel " + kernelAtNs);
        }
    }

    /// Counts what does not follow from what came before.
    private static final class Checking implements FlightLog.Reader {
        long moments;
        long wrong;
        boolean ended;
        private byte next;

        @Override
        public void moment(Exchange exchange, Moment moment, long arrivedAtNs, long kernelAtNs) {
            wrong += arrivedAtNs == moments ? 0 : 1;
            moments++;
        }

        @Override
        public void fact(Exchange exchange, FlightFact fact, long atNs) {
            ended = true;
        }

        @Override
        public void body(Exchange exchange, long arrivedAtNs, long kernelAtNs, byte[] bytes, int offset, int length) {
            wrong += arrivedAtNs == moments - 1 ? 0 : 1;
            for (int i = offset; i < offset + length; i++) {
                wrong += bytes[i] == next++ ? 0 : 1;
            }
        }
    }
}
