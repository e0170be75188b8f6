package dev.latencylens.cli;

import static dev.latencylens.cli.LensRun.exchanges;
import static dev.latencylens.cli.LensRun.lens;
import static dev.latencylens.cli.LensRun.runFile;
import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.InputFormat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/// Runs that are recorded, and what is made of their recordings.
class AuditTest {
    @TempDir
    Path folder;

    @Test
    void everyTokenOfARunIsInItsRecordingExactlyOnce() throws IOException {
        record("--warmup", "5");

        var inRecording = new HashSet<String>();
        for (RecordedEvent event : RecordingFile.readAllEvents(folder.resolve("recording.jfr"))) {
            if (event.getEventType().getName().equals("lens.Token")) {
                String token = event.getLong("exchange") + "/" + event.getInt("index") + " at "
                        + (event.getLong("arrivedAtNs") - startNs());
                assertThat(inRecording.add(token)).as(token).isTrue();
            }
        }
        var inFile = new HashSet<String>();
        for (JsonNode exchange : exchanges(folder)) {
            JsonNode atNs = exchange.at("/chunks/atNs");
            for (int i = 0; i < atNs.size(); i++) {
                inFile.add(exchange.path("number").asLong() + "/" + i + " at "
                        + atNs.get(i).asLong());
            }
        }
        assertThat(inFile).hasSize(45 * 20);
        assertThat(inRecording).isEqualTo(inFile);
    }

    @Test
    void aRecordedRunIsAuditedAgainstItsTokens() throws IOException {
        record();

        var audit = lens("audit", folder.toString());

        assertThat(audit.exitCode()).as(audit.err()).isZero();
        assertThat(audit.out().lines()).allMatch(line -> line.length() <= Report.COLUMNS);
        assertThat(told(audit))
                .contains("Recording 800 tokens, 800 in exchanges.jsonl")
                .doesNotContain("DIFFER", "LOST", "damaged")
                .contains("Thread feeder ran", "Thread interpreter ran", "Thread io-0 ran")
                .containsPattern("Network round trip [0-9.]+ ms at p50, .* 0 segments sent again")
                .contains("collection", "safepoint", "compilation", "deoptimisation", "loop pause")
                .containsPattern("of TTFT p50 [0-9.]+ ms, at most [0-9.]+ ms is this machine")
                .containsPattern("of ICL p50 [0-9.]+ ms, at most [0-9.]+ ms is this machine");
        assertThat(MeasuringTest.schema("run").validate(Files.readString(folder.resolve("run.json")), InputFormat.JSON))
                .isEmpty();
        assertThat(runFile(folder).at("/verdict/reasons").toString())
                .doesNotContain("counts_disagree", "recording_lost_data");
    }

    @Test
    void aRunWithoutARecordingIsAuditedByWhatItSawItself() {
        lens("run", "--num-prompts", "20", "--output-dir", folder.toString());

        var audit = lens("audit", folder.toString());

        assertThat(audit.exitCode()).isZero();
        assertThat(audit.out()).contains("Recording none", "--jfr on", "Noise budget");
        assertThat(audit.out().lines()).allMatch(line -> line.length() <= Report.COLUMNS);
        assertThat(folder.resolve("recording.jfr")).doesNotExist();
    }

    @Test
    void aPauseIsAttributedToTheTokensThatWaitedForItsEnd() throws IOException {
        Files.writeString(folder.resolve("run.json"), """
                {"clock":{"monotonicStartNs":-1000},"verdict":{"state":"INVALID","reasons":[{"code":"client_paused",
                "text":"this client stood still"}]},"summary":{"windowStartAtNs":0,"windowNs":1000000000,"client":{
                "stamps":{"arrival":"user"},"loopLag":{"p99Ns":5,"longest":[
                {"thread":0,"endAtNs":110000000,"lagNs":100000000},{"thread":0,"endAtNs":500000000,"lagNs":2000000}]}}}}
                """);
        Files.writeString(folder.resolve("exchanges.jsonl"), """
                {"number":0,"outcome":"completed","startedAtNs":1000000,"requestStartAtNs":1000100,"connection":"reused",\
                "firstTokenAtNs":110000100,"chunks":{"atNs":[110000100,130000000],"userAtNs":[110000100,130000000],\
                "coalesced":[false,false]}}
                {"number":1,"outcome":"completed","startedAtNs":2000000,"requestStartAtNs":2000100,"connection":"reused",\
                "firstTokenAtNs":112000000,"chunks":{"atNs":[112000000],"userAtNs":[112000000],"coalesced":[false]}}
                {"number":2,"outcome":"comp
                """);

        var audit = lens("audit", folder.toString());

        assertThat(audit.exitCode()).as(audit.err()).isZero();
        assertThat(audit.out())
                .contains("Verdict   INVALID", "- this client stood still")
                .contains("1 lines of exchanges.jsonl could not be read")
                .contains("at 0.01 s for 100.0 ms: loop pause of io-0, 1 tokens touched")
                .contains("for 2.000 ms: loop pause of io-0, 0 tokens touched");
    }

    @Test
    void aDamagedRecordingIsToldAndTheAuditGoesOn() throws IOException {
        record();
        Path recording = folder.resolve("recording.jfr");
        byte[] whole = Files.readAllBytes(recording);
        Files.write(recording, Arrays.copyOf(whole, whole.length / 2));

        var audit = lens("audit", folder.toString());

        assertThat(audit.exitCode()).isZero();
        assertThat(told(audit))
                .contains("it is damaged (", " of 800 tokens could be read", "800 in exchanges.jsonl", "Noise budget");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "FLR", "this is no recording", "FLR\0 and then something else, as long as a header is"})
    void whatIsNoRecordingIsToldAndTheAuditGoesOn(String content) throws IOException {
        lens("run", "--num-prompts", "20", "--output-dir", folder.toString());
        Files.writeString(folder.resolve("recording.jfr"), content);

        var audit = lens("audit", folder.toString());

        assertThat(audit.exitCode()).isZero();
        assertThat(audit.err()).isEmpty();
        assertThat(told(audit))
                .contains("Recording 0 tokens, 400 in exchanges.jsonl: THEY DIFFER", "it is damaged (")
                .contains("0 of 400 tokens could be read", "Noise budget");
    }

    @Test
    void theMachineCanBeCheckedBeforeAnythingIsRun() {
        var audit = lens("audit", "--host");

        assertThat(audit.exitCode()).isZero();
        assertThat(audit.out()).contains("clock source", "frequency governor", "container quota");
    }

    /// Without its line breaks.
    private static String told(LensRun audit) {
        return audit.out().replaceAll("\\s+", " ");
    }

    @Test
    void anAuditNeedsARunOrTheHost() {
        assertThat(lens("audit").exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(lens("audit", "--host", folder.toString()).exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(lens("audit", folder.toString()).err()).contains("give the folder of a run");
    }

    private void record(String... more) {
        var arguments = new ArrayList<>(List.of(
                "run", "--num-prompts", "40", "--concurrency", "4", "--jfr", "on", "--output-dir", folder.toString()));
        arguments.addAll(List.of(more));
        var run = lens(arguments.toArray(String[]::new));
        assertThat(run.exitCode()).as(run.err()).isZero();
    }

    private long startNs() {
        return runFile(folder).at("/clock/monotonicStartNs").asLong();
    }
}
