package dev.latencylens.transport;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.sun.management.ThreadMXBean;
import io.netty.handler.ssl.OpenSsl;
import io.netty.util.ResourceLeakDetector;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class TokenStreamTest {
    private static final byte[] EVENT = "data: {\"a\":\"token's event\"}\n\n".getBytes(US_ASCII);

    /// More bytes than the flight log holds, so that it is filled from its beginning again.
    private static final int ROUNDS = 10;
    private static final int RECORDS = 100;
    /// An object without fields, of which each record would leave one at the least.
    private static final int LEAST_OBJECT_BYTES = 16;

    @ParameterizedTest
    @EnumSource
    void everyEventComesOutOfTheFlightLogOnceAndUnchanged(Wire wire) {
        try (var stream = new TokenStream(wire, new byte[8_000])) {
            for (int batch = 0; batch < 5; batch++) {
                stream.prepare(256);
                while (stream.ready() > 0) {
                    stream.receive();
                }
            }

            stream.check();
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Wire.class,
            names = {"HTTP_1_1", "HTTP_2"})
    void framingAloneBringsEventsIntoTheFlightLogToo(Wire wire) {
        try (var stream = new TokenStream(wire, EVENT)) {
            for (int i = 0; i < 1_000; i++) {
                stream.frame();
            }

            stream.check();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void recordsAreOpenedByTheReadThatBringsThem(String version) {
        try (var records = new TlsRecords(EVENT, version)) {
            records.prepare(100);
            for (int i = 0; i < 100; i++) {
                records.open();
                records.check();
            }
        }
    }

    /// Few records, so that they are opened by the interpreter or the first compiler, which take no object away.
    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void openingARecordAllocatesNothingWhateverTheCompilersDo(String version) throws Exception {
        assumeThat(OpenSsl.isAvailable())
                .as("BoringSSL is not available on this machine")
                .isTrue();
        ResourceLeakDetector.Level level = ResourceLeakDetector.getLevel();
        // What looks for leaks keeps an object for each buffer.
        ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.DISABLED);
        try {
            var allocatedBytes = new FutureTask<>(() -> allocatedBytes(version));
            NettyTransport.threads().newThread(allocatedBytes).start();

            // What the virtual machine allocates once, at a moment of its own, is in one round or two.
            assertThat(allocatedBytes.get().stream().filter(bytes -> bytes >= RECORDS * LEAST_OBJECT_BYTES))
                    .hasSizeLessThan(3);
        } finally {
            ResourceLeakDetector.setLevel(level);
        }
    }

    /// Of each round.
    private static List<Long> allocatedBytes(String version) {
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        var allocatedBytes = new ArrayList<Long>();
        try (var records = new TlsRecords(EVENT, version)) {
            for (int round = 0; round <= ROUNDS; round++) {
                records.prepare(RECORDS);
                long beforeBytes = threads.getCurrentThreadAllocatedBytes();
                while (records.ready() > 0) {
                    records.open();
                }
                allocatedBytes.add(threads.getCurrentThreadAllocatedBytes() - beforeBytes);
            }
            records.check();
        }
        // The first of all makes what the following ones use.
        return allocatedBytes.subList(1, allocatedBytes.size());
    }

    @Test
    void aWaitingSegmentCanBeLookedAtAsOftenAsOneLikes() {
        assumeThat(WaitingSegment.isPossible()).isTrue();
        try (var waiting = new WaitingSegment(EVENT)) {
            long kernelAtNs = waiting.look();

            assertThat(waiting.look()).isEqualTo(kernelAtNs);
        }
    }
}
