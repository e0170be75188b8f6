package dev.latencylens.transport;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.util.Arrays;
import java.util.Random;

/// Any bytes at all, in reads of any size: nothing is thrown, and every flight ends exactly once. Runs over the
/// inputs kept beside it; `JAZZER_FUZZ=1` searches for more.
class WireFuzzTest {
    @FuzzTest(maxDuration = "60s")
    void anyBytesEndAnHttp1FlightOnce(byte[] bytes) {
        Http1ConnectionTest.endsExactlyOnce(bytes, new Random(Arrays.hashCode(bytes)));
    }

    @FuzzTest(maxDuration = "60s")
    void anyBytesEndHttp2FlightsOnce(byte[] bytes) {
        Http2ConnectionTest.endsExactlyOnce(bytes, new Random(Arrays.hashCode(bytes)));
    }
}
