package dev.latencylens.transport;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TokenStreamTest {
    private static final byte[] EVENT = "data: {\"a\":\"token's event\"}\n\n".getBytes(US_ASCII);

    /// More bytes than the flight log holds, so that it is filled from its beginning again.
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

    @Test
    void recordsAreOpenedByTheReadThatBringsThem() {
        try (var records = new TlsRecords(EVENT)) {
            records.prepare(100);
            for (int i = 0; i < 100; i++) {
                records.open();
                records.check();
            }
        }
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
