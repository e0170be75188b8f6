package dev.latencylens.cli;

import static dev.latencylens.cli.LensRun.lens;
import static dev.latencylens.cli.LensRun.runFile;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.networknt.schema.InputFormat;
import dev.latencylens.clock.ClockAnchor;
import dev.latencylens.exchange.ChunkKind;
import dev.latencylens.exchange.Completion;
import dev.latencylens.exchange.ExchangeResult;
import dev.latencylens.exchange.Moment;
import dev.latencylens.exchange.Outcome;
import dev.latencylens.exchange.TcpPath;
import dev.latencylens.exchange.WrittenExchange;
import dev.latencylens.simulated.Behaviour;
import dev.latencylens.simulated.ServerOptions;
import dev.latencylens.simulated.SimulatedProvider;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// Runs that never ended, read back.
class RecoverTest {
    @TempDir
    Path folder;

    @Test
    void whatIsReadBackComesToTheSameFiguresAsTheLiveRun() throws IOException {
        JsonNode live = liveAndKilled(
                "--warmup", "3", "--tokenizer", "cl100k_base", "--label", "a=b", "--percentile-metrics", "ttft,icl");

        var recover = lens("recover", run().toString());

        assertThat(recover.exitCode()).as(recover.err()).isEqualTo(ExitCode.INCONCLUSIVE);
        assertThat(recover.err()).isEmpty();
        JsonNode recovered = runFile(run());
        assertThat(withoutClient(recovered)).isEqualTo(withoutClient(live));
        assertThat(recovered.path("state").asString()).isEqualTo("recovered");
        assertThat(recovered.path("plan")).isEqualTo(live.path("plan"));
        assertThat(recovered.at("/recovery/exchanges").asInt()).isEqualTo(43);
        assertThat(recovered.at("/recovery/missing").asInt()).isZero();
        assertThat(recovered.at("/verdict/state").asString()).isEqualTo("INCONCLUSIVE");
        assertThat(recovered.at("/verdict/reasons/0/code").asString()).isEqualTo("broken_off");
        assertThat(MeasuringTest.schema("run").validate(Files.readString(run().resolve("run.json")), InputFormat.JSON))
                .isEmpty();
        assertThat(run().resolve("histograms.hlog")).content().contains("Tag=ttft,");
    }

    @Test
    void theExitCodeIsThatOfTheVerdictUnlessItIsLenient() throws IOException {
        liveAndKilled();

        assertThat(lens("recover", run().toString(), "--lenient").exitCode()).isZero();
        assertThat(lens("recover", run().toString()).exitCode()).isEqualTo(ExitCode.INCONCLUSIVE);
    }

    @Test
    void theReportIsTheLiveOneButForWhatOnlyTheEndTells() throws IOException {
        liveAndKilled("--warmup", "3");

        var recover = lens("recover", run().toString());

        assertThat(recover.out().lines()).allMatch(line -> line.length() <= Report.COLUMNS);
        assertThat(recover.out())
                .contains(
                        "Load      closed loop, concurrency 8, 40 requests, after 3 for warm-up; prompts generated",
                        "Verdict   INCONCLUSIVE; client's pauses and loop lag unknown",
                        "the process ended before the run did",
                        "Error bar none: the run did not come to its end",
                        "40 measured: completed 40; 3 for warm-up left out");
    }

    @Test
    void objectivesAndConfidenceAreThoseOfTheRun() throws IOException {
        JsonNode live = liveAndKilled(
                "--goodput", "ttft:500", "tpot:50", "ttft:0.001", "--confidence-level", "99", "--prime", "1ms");

        var recover = lens("recover", run().toString());

        assertThat(recover.out()).contains("99 % intervals, ms", "Goodput   0 of 40 requests were good");
        JsonNode recovered = runFile(run());
        assertThat(recovered.at("/plan/objectivesNs").toString()).isEqualTo("{\"ttft\":1000,\"tpot\":50000000}");
        assertThat(recovered.at("/summary/goodput")).isEqualTo(live.at("/summary/goodput"));
        assertThat(recovered.at("/summary/intervals")).isEqualTo(live.at("/summary/intervals"));
        assertThat(MeasuringTest.schema("run").validate(Files.readString(run().resolve("run.json")), InputFormat.JSON))
                .isEmpty();
    }

    @Test
    void aRunOfALensThatWroteNeitherObjectivesNorConfidenceIsReadWithout() throws IOException {
        liveAndKilled("--goodput", "ttft:500", "--confidence-level", "99");
        var older = (ObjectNode) runFile(run());
        ((ObjectNode) older.path("plan")).remove(List.of("objectivesNs", "confidence"));
        Files.writeString(run().resolve(RunDirectory.RUN), older.toPrettyString());

        assertThat(lens("recover", run().toString()).out())
                .contains("95 % intervals, ms")
                .doesNotContain("Goodput");
    }

    /// The stalls are known neither without a recording nor without the run's end.
    @Test
    void anAuditTellsWhatOnlyTheEndKnewAsUnknownAndNotAsNothing() throws IOException {
        JsonNode live = liveAndKilled();
        boolean kernel = live.at("/summary/client/stamps/arrival").asString().equals("kernel");
        for (boolean recovered : new boolean[] {false, true}) {
            if (recovered) {
                lens("recover", run().toString());
            }

            var audit = lens("audit", run().toString());

            assertThat(audit.exitCode()).isZero();
            assertThat(audit.out().lines()).allMatch(line -> line.length() <= Report.COLUMNS);
            assertThat(audit.out())
                    .contains("Host      not known", "Clock     not known")
                    .containsPattern("\ncollection +- +- +- +-\n")
                    .containsPattern("\nloop pause +- +- +- +-\n")
                    .containsPattern("of TTFT p50 [0-9.]+ ms, how much is this machine is not known")
                    .contains(kernel ? "Arrivals are the kernel's stamps" : "Arrivals are this client's own readings")
                    .doesNotContain("at most 0.000 ms is this machine", "was set 0 times", "touched)");
        }
    }

    @Test
    void anOpenLoopIsJudgedByItsScheduleToo() throws IOException {
        JsonNode live = liveAndKilled("--request-rate", "100");

        var recover = lens("recover", run().toString());

        assertThat(recover.out()).contains("constant 100 requests/s, at most 8 in flight, 40 requests");
        assertThat(withoutClient(runFile(run()))).isEqualTo(withoutClient(live));
    }

    @Test
    void aTornLastLineIsDroppedAndNoExchangeIsCountedTwice() throws IOException {
        liveAndKilled();
        Path exchanges = run().resolve(RunDirectory.EXCHANGES);
        List<String> lines = Files.readAllLines(exchanges);
        var damaged = new ArrayList<>(lines.subList(0, 30));
        damaged.add(lines.get(7));
        damaged.add("\0\0\0");
        Files.write(exchanges, damaged);
        Files.writeString(exchanges, lines.get(30).substring(0, 100), StandardOpenOption.APPEND);

        var recover = lens("recover", run().toString());

        JsonNode told = runFile(run()).path("recovery");
        assertThat(told.path("exchanges").asInt()).isEqualTo(30);
        assertThat(told.path("tornBytes").asInt()).isEqualTo(100);
        assertThat(told.path("repeated").asInt()).isEqualTo(1);
        assertThat(told.path("unreadable").asInt()).isEqualTo(1);
        assertThat(runFile(run()).at("/summary/measured").asInt()).isEqualTo(30);
        assertThat(Files.readString(exchanges))
                .endsWith("\n")
                .doesNotContain(lines.get(30).substring(0, 100));
        assertThat(recover.out())
                .contains("Of exchanges.jsonl, 100 bytes of a torn last line, 1 line that cannot be read");

        JsonNode once = runFile(run());
        var again = lens("recover", run().toString());

        assertThat(runFile(run())).as("again").isEqualTo(once);
        assertThat(again.out()).isEqualTo(recover.out());
    }

    @Test
    void theTimeOfAddressesThatDidNotConnectIsReadBack() throws IOException {
        JsonNode live = liveAndKilled();
        assumeThat(live.at("/summary/metrics/connect_lag").isObject()).isTrue();
        Path exchanges = run().resolve(RunDirectory.EXCHANGES);
        String lines = Files.readString(exchanges);
        assertThat(lines).doesNotContain("earlierAttemptsNs");
        Files.writeString(exchanges, lines.replace("\"tcp\":{", "\"tcp\":{\"earlierAttemptsNs\":1000000000,"));

        lens("recover", run().toString());

        assertThat(runFile(run()).at("/summary/metrics/connect_lag/max").asLong())
                .isCloseTo(live.at("/summary/metrics/connect_lag/max").asLong() - 1_000_000_000, within(10_000_000L));
    }

    @Test
    void onlyATimeOfAddressesThatDidNotConnectIsWritten() throws IOException {
        assertThat(written(new TcpPath(0, 2, 3, 4)).path("tcp").has("earlierAttemptsNs"))
                .isFalse();

        JsonNode line = written(new TcpPath(1, 2, 3, 4));

        assertThat(line.at("/tcp/earlierAttemptsNs").asLong()).isEqualTo(1);
        assertThat(MeasuringTest.schema("exchange").validate(line.toString(), InputFormat.JSON))
                .isEmpty();
    }

    @Test
    void onlyAHandshakeThatTheKernelTimedIsWritten() throws IOException {
        JsonNode line = written(new TcpPath(0, TcpPath.UNKNOWN, 3, 4));

        assertThat(line.path("tcp").has("handshakeRttNs")).isFalse();
        assertThat(MeasuringTest.schema("exchange").validate(line.toString(), InputFormat.JSON))
                .isEmpty();
        assertThat(written(new TcpPath(0, 2, 3, 4)).at("/tcp/handshakeRttNs").asLong())
                .isEqualTo(2);
    }

    @Test
    void aByteThatIsNoTextCostsItsLineAlone() throws IOException {
        liveAndKilled("--steady");
        Path exchanges = run().resolve(RunDirectory.EXCHANGES);
        byte[] bytes = Files.readAllBytes(exchanges);
        bytes[40] = (byte) 0xff;
        Files.write(exchanges, bytes);
        Files.writeString(exchanges, "{\"id\":\"torn", StandardOpenOption.APPEND);

        var recover = lens("recover", run().toString());

        assertThat(recover.exitCode()).as(recover.err()).isEqualTo(ExitCode.INCONCLUSIVE);
        JsonNode told = runFile(run()).path("recovery");
        assertThat(told.path("unreadable").asInt()).isEqualTo(1);
        assertThat(told.path("tornBytes").asInt()).isEqualTo(11);
        assertThat(exchanges).hasBinaryContent(bytes);
        assertThat(runFile(run()).at("/summary/intervals").has("absentBecause")).isFalse();
    }

    private static JsonNode written(TcpPath path) throws IOException {
        var out = new ByteArrayOutputStream();
        try (var file = new ExchangeFile("x", out, new ClockAnchor(0, Instant.EPOCH, 1), new Secrets())) {
            file.write(anExchange(path), Optional.empty());
        }
        return JsonMapper.shared().readTree(out.toByteArray());
    }

    @Test
    void aRunThatIsCompleteIsLeftAlone() throws IOException {
        live();
        String before = Files.readString(run().resolve(RunDirectory.RUN));

        var recover = lens("recover", run().toString());

        assertThat(recover.exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(recover.err())
                .contains("is complete (finished), there is nothing to recover")
                .hasLineCount(1);
        assertThat(run().resolve(RunDirectory.RUN)).hasContent(before);
    }

    @Test
    void aRunThatGoesOnIsLeftAlone() throws IOException {
        liveAndKilled();
        try (var file = FileChannel.open(run().resolve(RunDirectory.EXCHANGES), StandardOpenOption.WRITE);
                var _ = file.lock()) {
            var recover = lens("recover", run().toString());

            assertThat(recover.exitCode()).isEqualTo(ExitCode.USAGE);
            assertThat(recover.err()).contains("is still going on").hasLineCount(1);
            assertThat(runFile(run()).path("state").asString()).isEqualTo("running");
        }
    }

    @Test
    void whatIsNoRunIsNamed() throws IOException {
        assertThat(lens("recover", folder.toString()).err()).contains("cannot read '", "give the folder of a run");

        liveAndKilled();
        Files.write(run().resolve(RunDirectory.EXCHANGES), new byte[0]);
        var empty = lens("recover", run().toString());
        assertThat(empty.exitCode()).isEqualTo(ExitCode.NOTHING_MEASURED);
        assertThat(empty.err()).contains("ended before any request had ended").hasLineCount(1);

        Files.delete(run().resolve(RunDirectory.EXCHANGES));
        assertThat(lens("recover", run().toString()).err()).contains("exchanges.jsonl' is missing");
    }

    @Test
    void aFailedWriteIsNotTriedAgain() {
        var disk = new FullDisk();
        var file = new ExchangeFile("e.jsonl", disk, new ClockAnchor(0, Instant.EPOCH, 1), new Secrets());
        file.write(anExchange(), Optional.empty());
        disk.full = true;
        assertThat(failureOf(file::flush)).contains("cannot write 'e.jsonl': No space left");

        disk.full = false;
        assertThat(failureOf(file::flush)).as("half of it is there already").contains("No space left");
        assertThat(failureOf(() -> file.write(anExchange(), Optional.empty()))).contains("No space left");
        assertThat(disk.written).isZero();
    }

    private static String failureOf(Runnable work) {
        try {
            work.run();
            return "";
        } catch (UncheckedIOException e) {
            return String.valueOf(e.getMessage());
        }
    }

    private static ExchangeResult anExchange() {
        return anExchange(null);
    }

    private static ExchangeResult anExchange(@Nullable TcpPath path) {
        var recorded = new WrittenExchange();
        recorded.at(Moment.INTENDED, 1);
        recorded.chunk(2, 3, ChunkKind.TEXT, 1, 10);
        return recorded.ended(
                0,
                "x-0",
                false,
                null,
                null,
                new Outcome(Outcome.Kind.COMPLETED, ""),
                null,
                path,
                null,
                new Completion(List.of("stop"), true, null, null, null, 0),
                10);
    }

    /// A disk that can be full.
    private static final class FullDisk extends OutputStream {
        private boolean full;
        private int written;

        @Override
        public void write(int b) throws IOException {
            if (full) {
                throw new IOException("No space left on device");
            }
            written++;
        }
    }

    private Path run() {
        return folder.resolve("r");
    }

    /// A run of its own, and its `run.json`.
    private JsonNode live(String... more) throws IOException {
        try (var provider = SimulatedProvider.start(
                ServerOptions.defaults(),
                Behaviour.defaults().with("ttft", "2ms").with("gap", "1ms"))) {
            var words = new ArrayList<>(List.of(
                    "run",
                    "--url",
                    provider.baseUrl().toString(),
                    "-m",
                    "m",
                    "-n",
                    "40",
                    "--concurrency",
                    "8",
                    "--osl",
                    "6",
                    "--output-dir",
                    run().toString()));
            words.addAll(List.of(more));
            var live = lens(words.toArray(String[]::new));
            assertThat(live.exitCode()).as(live.err()).isZero();
        }
        return runFile(run());
    }

    /// The same, brought back to what it was before it ended.
    private JsonNode liveAndKilled(String... more) throws IOException {
        JsonNode live = live(more);
        var begun = (ObjectNode) live.deepCopy();
        begun.put("state", "running");
        begun.putNull("summary");
        begun.putNull("calibration");
        begun.putArray("caveats");
        begun.putNull("verdict");
        Files.writeString(run().resolve(RunDirectory.RUN), begun.toPrettyString());
        Files.delete(run().resolve(RunDirectory.HISTOGRAMS));
        return live;
    }

    private static JsonNode withoutClient(JsonNode run) {
        var summary = (ObjectNode) run.path("summary").deepCopy();
        summary.remove("client");
        return summary;
    }
}
