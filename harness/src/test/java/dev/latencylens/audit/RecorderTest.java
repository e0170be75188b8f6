package dev.latencylens.audit;

import static dev.latencylens.exchange.ScriptedExchange.exchange;
import static java.time.Duration.ofMillis;
import static org.assertj.core.api.Assertions.assertThat;

import dev.latencylens.clock.Clock;
import dev.latencylens.exchange.ExchangeResult;
import dev.latencylens.exchange.Moment;
import dev.latencylens.exchange.StampSource;
import dev.latencylens.load.Live;
import dev.latencylens.load.LoadRun;
import dev.latencylens.load.LoopLag;
import java.io.DataInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import jdk.jfr.EventType;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Recordings are read back.
class RecorderTest {
    private static final Clock CLOCK = Clock.monotonic();

    @TempDir
    Path folder;

    private Path file() {
        return folder.resolve("recording.jfr");
    }

    @Test
    void everyTokenIsInItOnceWithItsInstantAndWithoutAStack() throws IOException {
        try (var recorder = Recorder.start(CLOCK, file())) {
            recorder.add(exchange()
                    .intendedAt(ofMillis(0))
                    .startedAt(ofMillis(1))
                    .at(Moment.REQUEST_START, ofMillis(2))
                    .at(Moment.REQUEST_END, ofMillis(3))
                    .at(Moment.RESPONSE_START, ofMillis(9))
                    .tokensAt(ofMillis(10), ofMillis(12))
                    .chunkReadLate(ofMillis(13), ofMillis(15))
                    .endedAt(ofMillis(16))
                    .result());
            assertThat(recorder.tokens()).isEqualTo(3);
        }

        List<RecordedEvent> tokens = events("lens.Token");
        assertThat(tokens).extracting(event -> event.getInt("index")).containsExactly(0, 1, 2);
        assertThat(tokens).allSatisfy(event -> assertThat(event.getStackTrace()).isNull());
        assertThat(tokens.getLast().getLong("readLag")).isEqualTo(ofMillis(2).toNanos());
        assertThat(tokens.get(1).getLong("arrivedAtNs") - tokens.get(0).getLong("arrivedAtNs"))
                .isEqualTo(ofMillis(2).toNanos());
        assertThat(events("lens.Phase"))
                .extracting(event -> event.getString("phase"))
                .containsExactlyInAnyOrder("request", "wait", "response");
        assertThat(events("lens.Schedule").getFirst().getLong("sendLag"))
                .isEqualTo(ofMillis(2).toNanos());
        assertThat(events("lens.Exchange").getFirst().getString("outcome")).isEqualTo("completed");
        assertThat(Evidence.read(file()).tokens()).isEqualTo(3);
    }

    @Test
    void aCollectionLiesWhereTheMonotonicClockSawIt() throws IOException {
        long beforeNs;
        long afterNs;
        try (var recorder = Recorder.start(CLOCK, file())) {
            beforeNs = CLOCK.nowNs();
            System.gc();
            afterNs = CLOCK.nowNs();
            assertThat(recorder.tokens()).isZero();
        }

        Evidence evidence = Evidence.read(file());

        assertThat(evidence.unread()).isEmpty();
        assertThat(evidence.lostBytes()).isZero();
        // The two clocks are tied to within what passes between a field's reading and its event's.
        long toleranceNs = 1_000_000;
        assertThat(evidence.stalls()).anySatisfy(stall -> {
            assertThat(stall.kind()).isEqualTo(Evidence.Kind.COLLECTION);
            assertThat(stall.startAtNs() - beforeNs).isGreaterThan(-toleranceNs);
            assertThat(afterNs - stall.endAtNs()).isGreaterThan(-toleranceNs);
            assertThat(stall.tookNs()).isPositive();
        });
        assertThat(evidence.stalls()).anyMatch(stall -> stall.kind() == Evidence.Kind.SAFEPOINT);
    }

    @Test
    void pausesBackPressureAndVerdictAreInIt() throws IOException {
        try (var recorder = Recorder.start(CLOCK, file())) {
            recorder.ended(new LoadRun.Backlog(
                    0,
                    0,
                    3,
                    4_000,
                    0,
                    StampSource.user(""),
                    new LoopLag(1, 1, 1, 5_000_000, 1, 5_000_000, List.of(new LoopLag.Pause(2, 70, 5_000_000))),
                    List.of(),
                    0,
                    0,
                    0,
                    0,
                    Live.NONE,
                    Live.NONE));
            recorder.judged(Verdict.of(List.of(new Reason.ClockSourceUnfit("hpet"))));
        }

        assertThat(Evidence.read(file()).stalls())
                .contains(new Evidence.Stall(Evidence.Kind.LOOP_PAUSE, "", "io-2", 70 - 5_000_000, 70));
        assertThat(events("lens.BackPressure").getFirst().getLong("waited")).isEqualTo(4_000);
        assertThat(events("lens.Verdict").getFirst().getString("state")).isEqualTo("INVALID");
    }

    @Test
    void theRecorderBeginsNoOtherChunkWhileItRecords() throws IOException {
        Duration[] arrivals = new Duration[40_000];
        Arrays.setAll(arrivals, i -> ofMillis(i));
        ExchangeResult answer =
                exchange().startedAt(ofMillis(0)).tokensAt(arrivals).result();
        try (var recorder = Recorder.start(CLOCK, file())) {
            for (int i = 0; i < 20; i++) {
                recorder.add(answer);
            }
        }

        // A chunk's header: magic and version in 8 bytes, then its size.
        try (var header = new DataInputStream(Files.newInputStream(file()))) {
            header.readLong();
            assertThat(header.readLong())
                    .isEqualTo(Files.size(file()))
                    .as("more than the 12 MB at which a chunk ends by default")
                    .isGreaterThan(12 << 20);
        }
    }

    @Test
    void everyEventHasANameThatPeopleReadAndADescription() throws IOException {
        Recorder.start(CLOCK, file()).close();

        try (var recording = new RecordingFile(file())) {
            List<EventType> own = recording.readEventTypes().stream()
                    .filter(type -> type.getName().startsWith("lens."))
                    .toList();
            assertThat(own).isNotEmpty().allSatisfy(type -> {
                assertThat(type.getLabel()).isNotBlank().doesNotContain("lens");
                assertThat(type.getDescription()).isNotBlank();
                assertThat(type.getCategoryNames()).containsExactly("LLM Latency Lens");
            });
        }
        assertThat(Recorder.unavailable()).isNull();
    }

    @Test
    void aDamagedRecordingIsReadAsFarAsItCanBeAndToldInPlainWords() throws IOException {
        try (var recorder = Recorder.start(CLOCK, file())) {
            recorder.add(exchange().startedAt(ofMillis(0)).tokensAt(ofMillis(1)).result());
        }
        byte[] whole = Files.readAllBytes(file());
        for (int length : List.of(0, 10, 100, whole.length / 2)) {
            Path cut = folder.resolve("cut-" + length + ".jfr");
            Files.write(cut, Arrays.copyOf(whole, length));

            assertThat(Evidence.read(cut).unread())
                    .as("cut after %s bytes", length)
                    .isEqualTo("it is damaged");
        }
        assertThat(Evidence.read(folder.resolve("missing.jfr")).unread()).isNotBlank();
    }

    private List<RecordedEvent> events(String name) throws IOException {
        return RecordingFile.readAllEvents(file()).stream()
                .filter(event -> event.getEventType().getName().equals(name))
                .toList();
    }
}
