package dev.latencylens.audit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latencylens.clock.Clock;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import jdk.jfr.Event;
import jdk.jfr.Name;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EvidenceTest {
    private static final String HOT = "dev.latencylens.transport.Flight.body";

    @TempDir
    Path folder;

    @Test
    void theHotPathChangesWhereItIsCompiledOrGivenUpByAnIoThreadWithinTheWindow() {
        Evidence.Stall compiled = stall(Evidence.Kind.COMPILATION, HOT, "C2 CompilerThread0", 120);
        Evidence.Stall givenUp = stall(Evidence.Kind.DEOPTIMISATION, HOT + ": unstable_if", "io-1", 150);
        var evidence = new Evidence(
                List.of(
                        stall(Evidence.Kind.COMPILATION, HOT, "C2 CompilerThread0", 99),
                        compiled,
                        stall(Evidence.Kind.COMPILATION, "dev.latencylens.transport.FlightPlan.body", "", 130),
                        stall(Evidence.Kind.COLLECTION, HOT, "", 140),
                        givenUp,
                        stall(Evidence.Kind.DEOPTIMISATION, HOT, "interpreter", 160),
                        stall(Evidence.Kind.COMPILATION, HOT, "C2 CompilerThread0", 201)),
                0,
                0,
                "");

        assertThat(evidence.changesOfHotPath(100, 200)).containsExactly(compiled, givenUp);
    }

    @ParameterizedTest
    @CsvSource({
        "DEOPTIMISATION, io-1, true",
        "DEOPTIMISATION, io-0, false",
        "DEOPTIMISATION, interpreter, false",
        "LOOP_PAUSE, io-1, true",
        "LOOP_PAUSE, io-10, false",
        "COLLECTION, '', true",
        "SAFEPOINT, VM Thread, true",
        "COMPILATION, C2 CompilerThread0, true"
    })
    void anIoThreadIsHeldUpByWhatIsItsOwnOrEverybodys(Evidence.Kind kind, String thread, boolean may) {
        assertThat(stall(kind, HOT, thread, 120).mayHoldUp("io-1")).isEqualTo(may);
    }

    @Test
    void whatTheFlightRecorderSaysThatItLostIsAdded() throws IOException {
        Path file = folder.resolve("recording.jfr");
        try (var recorder = Recorder.start(Clock.monotonic(), file)) {
            assertThat(recorder.tokens()).isZero();
            new DataLoss(4_000).commit();
            new DataLoss(96).commit();
        }

        assertThat(Evidence.read(file).lostBytes()).isEqualTo(4_096);
    }

    private static Evidence.Stall stall(Evidence.Kind kind, String what, String thread, long endAtNs) {
        return new Evidence.Stall(kind, what, thread, endAtNs - 10, endAtNs);
    }

    /// Looks like the virtual machine's own, which comes only when its buffers overflow.
    @Name("jdk.DataLoss")
    static final class DataLoss extends Event {
        final long amount;

        DataLoss(long amount) {
            this.amount = amount;
        }
    }
}
