package dev.latencylens.cli;

import static dev.latencylens.cli.LensRun.exchanges;
import static dev.latencylens.cli.LensRun.lens;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openjdk.jmc.common.IDisplayable;
import org.openjdk.jmc.common.item.IAccessorKey;
import org.openjdk.jmc.common.item.IItem;
import org.openjdk.jmc.common.item.IType;
import org.openjdk.jmc.common.unit.IQuantity;
import org.openjdk.jmc.flightrecorder.internal.EventArray;
import org.openjdk.jmc.flightrecorder.internal.FlightRecordingLoader;

/// A run's recording as JDK Mission Control's own reader takes it, which decides what its tables show.
class MissionControlTest {
    /// What every event has, whoever wrote it.
    private static final Set<String> COMMON = Set.of("startTime", "duration", "eventThread", "stackTrace");

    @TempDir
    Path folder;

    private List<EventArray> own = List.of();

    @BeforeEach
    void readWhatARunWrote() throws Exception {
        lens(
                "run",
                "--num-prompts",
                "40",
                "--concurrency",
                "4",
                "--warmup",
                "4",
                "--jfr",
                "on",
                "--output-dir",
                folder.toString());
        try (InputStream recording = Files.newInputStream(folder.resolve("recording.jfr"))) {
            own = Arrays.stream(FlightRecordingLoader.loadStream(recording, false, false)
                            .getArrays())
                    .filter(events -> events.getType().getIdentifier().startsWith("lens."))
                    // There where the machine made the run pause.
                    .filter(events -> !events.getType().getIdentifier().equals("lens.Pause"))
                    .sorted(Comparator.comparing(events -> events.getType().getIdentifier()))
                    .toList();
        }
    }

    /// Instants have no unit, so that all their digits are shown: of a timespan since the machine's start it shows
    /// the minutes.
    @Test
    void everyTypeAndFieldHasANameAndTheUnitThatItIsIn() {
        var shown = new StringBuilder();
        var types = new HashSet<String>();
        for (EventArray events : own) {
            if (!types.add(events.getType().getIdentifier())) {
                continue;
            }
            IType<IItem> type = events.getType();
            shown.append("%s: %s. %s%n"
                    .formatted(
                            String.join(" / ", events.getTypeCategory()),
                            type.getName(),
                            type.getDescription().replace(" [" + type.getIdentifier() + "]", "")));
            type.getAccessorKeys().entrySet().stream()
                    .filter(field -> !COMMON.contains(field.getKey().getIdentifier()))
                    .map(field -> "    %s: %s%n"
                            .formatted(
                                    field.getValue().getName(),
                                    field.getKey().getContentType().getIdentifier()))
                    .sorted()
                    .forEach(shown::append);
        }

        assertThat(shown.toString()).isEqualToNormalizingNewlines("""
                LLM Latency Lens: Back-Pressure. How often, and for how long, I/O threads waited for the interpreter because the flight log was full
                    Times: raw number
                    Waited: timespan
                LLM Latency Lens: Clock. CLOCK_MONOTONIC at this event's own time; the closest of several readings ties the two clocks
                    Monotonic Time: raw number
                LLM Latency Lens: Exchange. A request has come to its end
                    Attempt: number
                    Chunks: number
                    Connection: text
                    Exchange: raw number
                    Outcome: text
                    Size: memory
                    Started At: raw number
                    Time to First Token: timespan
                    Warm-up: boolean
                    Whole Latency: timespan
                LLM Latency Lens: Phase. A phase of a connection or of a request on it
                    Attempt: number
                    Exchange: raw number
                    Phase: text
                    Started At: raw number
                    Took: timespan
                LLM Latency Lens: Schedule. A request was due, and was sent
                    Attempt: number
                    Exchange: raw number
                    Intended At: raw number
                    Queue: timespan
                    Send Lag: timespan
                LLM Latency Lens: Token. A chunk of output has arrived
                    Arrived At: raw number
                    Attempt: number
                    Coalesced: boolean
                    Exchange: raw number
                    Index: number
                    Kind: text
                    Read Lag: timespan
                    Size: memory
                    Tokens: number
                LLM Latency Lens: Verdict. Whether the run's figures may be believed
                    Judged At: raw number
                    Reasons: text
                    State: text
                """);
    }

    @Test
    void everyInstantSaysWhichClockItIsOf() {
        assertThat(own)
                .isNotEmpty()
                .allSatisfy(events -> assertThat(events.getType().getAccessorKeys().entrySet().stream()
                                .filter(field -> field.getKey().getIdentifier().endsWith("AtNs")))
                        .allSatisfy(field ->
                                assertThat(field.getValue().getDescription()).contains("CLOCK_MONOTONIC")));
    }

    @Test
    void aValueIsShownWithItsUnit() {
        EventArray exchanges = own.stream()
                .filter(events -> events.getType().getIdentifier().equals("lens.Exchange"))
                .findFirst()
                .orElseThrow();

        assertThat(exact(exchanges, "timeToFirstToken")).matches("[0-9,]+.ns");
        assertThat(exact(exchanges, "size")).matches("[0-9,]+.B");
        assertThat(exact(exchanges, "chunks")).isEqualTo("20");
    }

    @Test
    void thereAreAsManyEventsAsTheRunHadChunksAndExchanges() {
        int chunks = exchanges(folder).stream()
                .mapToInt(exchange -> exchange.at("/chunks/atNs").size())
                .sum();

        assertThat(chunks).isEqualTo(44 * 20);
        assertThat(count("lens.Token")).isEqualTo(chunks);
        assertThat(count("lens.Exchange")).isEqualTo(44);
        assertThat(count("lens.Verdict")).isEqualTo(1);
    }

    /// Its reader keeps events of one type that overlap in time in arrays of their own.
    private long count(String type) {
        return own.stream()
                .filter(events -> events.getType().getIdentifier().equals(type))
                .mapToLong(events -> events.getEvents().length)
                .sum();
    }

    private static String exact(EventArray events, String field) {
        IAccessorKey<?> key = events.getType().getAccessorKeys().keySet().stream()
                .filter(each -> each.getIdentifier().equals(field))
                .findFirst()
                .orElseThrow();
        IQuantity value = (IQuantity)
                Objects.requireNonNull(events.getType().getAccessor(key).getMember(events.getEvents()[0]));
        return value.displayUsing(IDisplayable.EXACT);
    }
}
