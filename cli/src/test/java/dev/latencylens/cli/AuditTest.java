package dev.latencylens.cli;

import static dev.latencylens.cli.LensRun.exchanges;
import static dev.latencylens.cli.LensRun.lens;
import static dev.latencylens.cli.LensRun.runFile;
import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.InputFormat;
import dev.latencylens.audit.HostCheck;
import dev.latencylens.clock.Clock;
import dev.latencylens.simulated.Behaviour;
import dev.latencylens.simulated.ServerOptions;
import dev.latencylens.simulated.SimulatedProvider;
import dev.latencylens.simulated.TlsIdentity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/// Runs that are recorded, and what is made of their recordings.
class AuditTest {
    @TempDir
    Path folder;

    @ParameterizedTest(name = "HTTP/{0}, {1}, {2}, {3}")
    @CsvSource({
        "1.1, cleartext, gap=2ms, --warmup 5",
        "1.1, TLS, gap=2ms, --io-threads 2",
        "2, cleartext, gap=2ms, --io-threads 2 --stamps user",
        "2, TLS, gap=2ms, --io-threads 3 --warmup 5",
        "2, TLS, events-per-write=5, --transport nio"
    })
    void everyTokenOfARunIsInItsRecordingExactlyOnce(String http, String tls, String behaviour, String flags)
            throws IOException {
        recordAgainst(http, tls, behaviour, flags);

        assertThat(tokensInRecording()).hasSize(exchanges(folder).size() * 20);
        assertThat(exchanges(folder)).hasSizeGreaterThanOrEqualTo(40);
        assertRecordingAndFileAgree();
    }

    @ParameterizedTest(name = "HTTP/{0}, {1}, {2}, {3}")
    @CsvSource({
        "1.1, cleartext, fault=reset; fault-after=7; fault-rate=0.5, '', reset, true",
        "1.1, TLS, fault=close; fault-after=7; fault-rate=0.5, --io-threads 2, cut, true",
        "2, TLS, fault=rst-stream; fault-after=7; fault-rate=0.5, --io-threads 2, reset, true",
        "2, cleartext, fault=stall; fault-after=7; fault-rate=0.2, --timeout-silence 200ms, timeout, true",
        "2, TLS, fault=error-event; fault-after=7; fault-rate=0.5, '', provider_error, true",
        "1.1, cleartext, fault=http-503; fault-rate=0.5, --retries 20 --retry-backoff 5ms, http_error, false",
        "2, TLS, fault=http-503; fault-rate=0.5, --retries 20 --retry-backoff 5ms --io-threads 2, http_error, false"
    })
    void everyTokenOfAnAnswerThatFailedOrWasTriedAgainIsInItOnceToo(
            String http, String tls, String behaviour, String flags, String outcome, boolean withTokens)
            throws IOException {
        recordAgainst(http, tls, behaviour, flags);

        assertThat(exchanges(folder)).anySatisfy(exchange -> {
            assertThat(exchange.path("outcome").asString()).isEqualTo(outcome);
            assertThat(exchange.at("/chunks/atNs").size() > 0).isEqualTo(withTokens);
        });
        assertRecordingAndFileAgree();
    }

    @Test
    void everyTokenOfAnAnswerThatWasCancelledIsInItOnceToo() throws Exception {
        try (var provider = SimulatedProvider.start(
                        ServerOptions.defaults(), Behaviour.defaults().with("gap=20ms; tokens=500"));
                var run = LensProcess.start(
                        folder,
                        "run",
                        "--url",
                        provider.baseUrl().toString(),
                        "--model",
                        "m",
                        "--concurrency",
                        "4",
                        "--jfr",
                        "on",
                        "--no-calibration",
                        "--output-dir",
                        folder.toString())) {
            while (provider.connectionsAccepted() < 4) {
                Thread.sleep(Duration.ofMillis(10));
            }
            Thread.sleep(Duration.ofMillis(300));
            run.send("INT");
            run.await();
        }

        assertThat(exchanges(folder)).anySatisfy(exchange -> {
            assertThat(exchange.path("outcome").asString()).isEqualTo("cancelled");
            assertThat(exchange.at("/chunks/atNs")).isNotEmpty();
        });
        assertRecordingAndFileAgree();
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
                .contains("The window is from the start of the first measured request to the end of the last.")
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
        assertThat(audit.out())
                .contains("Recording none", "--jfr on", "Noise budget", "-: not known.")
                .containsPattern("\\ncollection +- +- +- +-\\n")
                .containsPattern("\\nloop pause +[0-9]+ +[0-9.]+ +[0-9.]+ +[0-9]+\\n");
        assertThat(audit.out().lines()).allMatch(line -> line.length() <= Report.COLUMNS);
        assertThat(folder.resolve("recording.jfr")).doesNotExist();
    }

    @Test
    void aPauseIsAttributedToTheTokensThatWaitedForItsEnd() throws IOException {
        Files.writeString(folder.resolve("run.json"), """
                {"state":"finished","clock":{"monotonicStartNs":-1000},"verdict":{"state":"INVALID","reasons":[{"code":"client_paused",
                "text":"this client stood still"}]},"summary":{"windowStartAtNs":0,"windowNs":1000000000,"client":{
                "stamps":{"arrival":"user"},"loopLag":{"p99Ns":5,"longest":[
                {"thread":0,"endAtNs":110000000,"lagNs":100000000},{"thread":0,"endAtNs":500000000,"lagNs":2000000}]}}}}
                """);
        Files.writeString(folder.resolve("exchanges.jsonl"), """
                {"number":0,"outcome":"completed","startedAtNs":1000000,"requestStartAtNs":1000000,"requestEndAtNs":1000100,"connection":"reused",\
                "firstTokenAtNs":110000100,"chunks":{"atNs":[110000100,130000000],"userAtNs":[110000100,130000000],\
                "coalesced":[false,false]}}
                {"number":1,"outcome":"completed","startedAtNs":60000000,"requestStartAtNs":110900000,"requestEndAtNs":111000000,"connection":"reused",\
                "firstTokenAtNs":112000000,"chunks":{"atNs":[112000000],"userAtNs":[112000000],"coalesced":[false]}}
                {"number":2,"outcome":"comp
                """);

        var audit = lens("audit", folder.toString());

        assertThat(audit.exitCode()).as(audit.err()).isZero();
        assertThat(audit.out())
                .contains("Verdict   INVALID", "- this client stood still")
                .contains("1 line of exchanges.jsonl could not be read")
                .contains("at 0.01 s for 100.0 ms: loop pause of io-0, 1 token touched, 1 request held up\n")
                .contains("for 2.000 ms: loop pause of io-0, 0 tokens touched");
    }

    /// Streams of a chunk each 10 ms; after a stop of 150 ms all that has queued up is read, in 20 ms.
    @ParameterizedTest
    @ValueSource(strings = {"user", "kernel"})
    void whatQueuedUpBehindAPauseIsInTheBudget(String arrival) throws IOException {
        Files.writeString(folder.resolve("run.json"), """
                {"state":"finished","clock":{"monotonicStartNs":0},"verdict":{"state":"INVALID","reasons":[]},"summary":{"windowStartAtNs":0,
                "windowNs":1000000000,"client":{"stamps":{"arrival":"%s"},"loopLag":{"p99Ns":5,"longest":[
                {"thread":0,"endAtNs":351000000,"lagNs":150000000}]}}}}
                """.formatted(arrival));
        var lines = new StringBuilder();
        for (int stream = 0; stream < 70; stream++) {
            var read = new ArrayList<Long>();
            var stamped = new ArrayList<Long>();
            var coalesced = new ArrayList<Boolean>();
            for (int i = 0; i < 20; i++) {
                boolean queued = i >= 10;
                read.add(queued ? 351_000_000L + stream * 500_000L : 110_000_000L + i * 10_000_000L);
                // All ten that waited were merged, but for some microseconds.
                stamped.add(queued ? 350_000_000L : read.get(i));
                coalesced.add(i > 10);
            }
            lines.append(String.format(
                    Locale.ROOT,
                    "{\"number\":%d,\"outcome\":\"completed\",\"startedAtNs\":0,\"requestEndAtNs\":100,\"connection\":\"reused\","
                            + "\"firstTokenAtNs\":110000000,\"chunks\":{\"atNs\":%s,\"userAtNs\":%s,\"coalesced\":%s}}%n",
                    stream,
                    arrival.equals("user") ? read : stamped,
                    read,
                    coalesced));
        }
        Files.writeString(folder.resolve("exchanges.jsonl"), lines);

        var audit = lens("audit", folder.toString());

        assertThat(audit.exitCode()).as(audit.err()).isZero();
        // 70 of the 700 gaps are of 150 ms, the others of 10; without the machine none is.
        Matcher p99 =
                Pattern.compile("of ICL p99 ([\\d.]+) ms, at most ([\\d.]+) ms").matcher(told(audit));
        assertThat(p99.find()).isTrue();
        assertThat(Double.parseDouble(p99.group(1)) - Double.parseDouble(p99.group(2)))
                .isLessThanOrEqualTo(10.0);
    }

    /// The odd number is io-1's: it sent and read while io-0 stood still.
    @Test
    void aLoopPauseTouchesTheTokensOfItsOwnThreadOnly() throws IOException {
        Files.writeString(folder.resolve("run.json"), """
                {"state":"finished","plan":{"network":{"ioThreads":2}},"clock":{"monotonicStartNs":0},"verdict":{"state":"VALID","reasons":[]},
                "summary":{"windowStartAtNs":0,"windowNs":1000000000,"client":{"stamps":{"arrival":"user"},"loopLag":{
                "p99Ns":5,"longest":[{"thread":0,"endAtNs":110000000,"lagNs":30000000}]}}}}
                """);
        Files.writeString(folder.resolve("exchanges.jsonl"), """
                {"number":2,"outcome":"completed","startedAtNs":90000000,"requestEndAtNs":90000100,"connection":"reused",\
                "firstTokenAtNs":110000100,"chunks":{"atNs":[110000100],"userAtNs":[110000100],"coalesced":[false]}}
                {"number":3,"outcome":"completed","startedAtNs":90000000,"requestEndAtNs":90000100,"connection":"reused",\
                "firstTokenAtNs":100000000,"chunks":{"atNs":[100000000,105000000,109000000],\
                "userAtNs":[100000000,105000000,109000000],"coalesced":[false,false,false]}}
                """);

        var audit = lens("audit", folder.toString());

        assertThat(audit.exitCode()).as(audit.err()).isZero();
        assertThat(told(audit))
                .contains("loop pause of io-0, 1 token touched, 1 request held up")
                .contains("loop pause 1 30.00 30.00 1");
    }

    /// Each I/O thread counts its connections from 1: the even numbers went over one, the odd over another.
    @Test
    void segmentsSentAgainAreCountedOfEachThreadsConnections() throws IOException {
        Files.writeString(folder.resolve("run.json"), """
                {"state":"finished","plan":{"network":{"ioThreads":2}},"clock":{"monotonicStartNs":0},"verdict":{"state":"VALID","reasons":[]},
                "summary":{"windowStartAtNs":0,"windowNs":1000000000,"client":{"stamps":{"arrival":"kernel"},"loopLag":{
                "p99Ns":5,"longest":[]}}}}
                """);
        var lines = new StringBuilder();
        for (int number = 0; number < 4; number++) {
            lines.append(String.format(Locale.ROOT, """
                    {"number":%d,"outcome":"completed","connection":"reused","connectionNumber":1,"remoteAddress":"10.0.0.1:443",\
                    "tcp":{"handshakeRttNs":1,"rttNs":1,"retransmits":5},"chunks":{"atNs":[],"userAtNs":[],"coalesced":[]}}
                    """, number));
        }
        Files.writeString(folder.resolve("exchanges.jsonl"), lines);

        var audit = lens("audit", folder.toString());

        assertThat(audit.exitCode()).as(audit.err()).isZero();
        assertThat(told(audit)).contains("; 10 segments sent again on the connections of this run");
    }

    /// Kernel stamps, one request a second: 2 ms of connecting of which 0.5 are the network's, 9 of a TLS
    /// handshake, 1 until it has left; and two chunks in one read, 4 ms after their stamp: half of the gaps are
    /// lost.
    @Test
    void whatANewConnectionAndALateReadHoldOfThisClientIsInTheBudget() throws IOException {
        Files.writeString(folder.resolve("run.json"), """
                {"state":"finished","clock":{"monotonicStartNs":0},"verdict":{"state":"VALID","reasons":[]},"summary":{"windowStartAtNs":0,
                "windowNs":20000000000,"client":{"stamps":{"arrival":"kernel"},"loopLag":{"p99Ns":5,"longest":[]}}}}
                """);
        var lines = new StringBuilder();
        for (int i = 0; i < 13; i++) {
            long atNs = i * 1_000_000_000L;
            lines.append(String.format(
                    Locale.ROOT,
                    """
                    {"number":%d,"outcome":"completed","connection":"new","tcp":{"handshakeRttNs":500000,"rttNs":1,"retransmits":0},\
                    "startedAtNs":%d,"connectStartAtNs":%d,"connectEndAtNs":%d,"secureConnectionStartAtNs":%d,\
                    "secureConnectionEndAtNs":%d,"requestStartAtNs":%d,"requestEndAtNs":%d,"firstTokenAtNs":%d,"chunks":\
                    {"atNs":[%d,%d,%d],"userAtNs":[%d,%d,%d],"coalesced":[false,false,true]}}
                    """,
                    i,
                    atNs,
                    atNs,
                    atNs + 2_000_000,
                    atNs + 2_000_000,
                    atNs + 11_000_000,
                    atNs + 11_500_000,
                    atNs + 12_000_000,
                    atNs + 112_000_000,
                    atNs + 112_000_000,
                    atNs + 122_000_000,
                    atNs + 122_000_000,
                    atNs + 112_000_100,
                    atNs + 126_000_000,
                    atNs + 126_000_000));
        }
        Files.writeString(folder.resolve("exchanges.jsonl"), lines);

        var audit = lens("audit", folder.toString());

        assertThat(audit.exitCode()).as(audit.err()).isZero();
        assertThat(told(audit))
                .contains("of TTFT p50 112.0 ms, at most 2.500 ms is this machine")
                .contains("of ICL p50 10.00 ms, at most 10.00 ms is this machine");
    }

    /// Of 1,033 ms of connecting nobody knows how much.
    @Test
    void aHandshakeWhoseSynWasLostIsNotInTheBudget() throws IOException {
        Files.writeString(folder.resolve("run.json"), """
                {"state":"finished","clock":{"monotonicStartNs":0},"verdict":{"state":"VALID","reasons":[]},"summary":{"windowStartAtNs":0,
                "windowNs":20000000000,"client":{"stamps":{"arrival":"kernel"},"loopLag":{"p99Ns":5,"longest":[]}}}}
                """);
        String line = """
                {"number":0,"outcome":"completed","connection":"new","tcp":{"rttNs":1,"retransmits":1},\
                "startedAtNs":0,"connectStartAtNs":0,"connectEndAtNs":1033000000,\
                "requestStartAtNs":1033000000,"requestEndAtNs":1033500000,"firstTokenAtNs":1134000000,\
                "chunks":{"atNs":[1134000000],"userAtNs":[1134000000],"coalesced":[false]}}
                """;
        Files.writeString(folder.resolve("exchanges.jsonl"), line.repeat(13));

        var audit = lens("audit", folder.toString());

        assertThat(audit.exitCode()).as(audit.err()).isZero();
        assertThat(told(audit)).contains("of TTFT p50 1134 ms, at most 0.500 ms is this machine");
    }

    /// Of 302 ms of connecting 300 went to an address that did not answer and 0.5 are the network's.
    @Test
    void anAddressThatDidNotConnectIsNotInTheBudget() throws IOException {
        Files.writeString(folder.resolve("run.json"), """
                {"state":"finished","clock":{"monotonicStartNs":0},"verdict":{"state":"VALID","reasons":[]},"summary":{"windowStartAtNs":0,
                "windowNs":20000000000,"client":{"stamps":{"arrival":"kernel"},"loopLag":{"p99Ns":5,"longest":[]}}}}
                """);
        String line = """
                {"number":0,"outcome":"completed","connection":"new","tcp":{"earlierAttemptsNs":300000000,"handshakeRttNs":500000,\
                "rttNs":1,"retransmits":0},"startedAtNs":0,"connectStartAtNs":0,"connectEndAtNs":302000000,\
                "requestStartAtNs":302000000,"requestEndAtNs":302500000,"firstTokenAtNs":402000000,\
                "chunks":{"atNs":[402000000],"userAtNs":[402000000],"coalesced":[false]}}
                """;
        Files.writeString(folder.resolve("exchanges.jsonl"), line.repeat(13));

        var audit = lens("audit", folder.toString());

        assertThat(audit.exitCode()).as(audit.err()).isZero();
        assertThat(told(audit)).contains("of TTFT p50 402.0 ms, at most 2.000 ms is this machine");
    }

    @Test
    void aLineWithAWrongNumberIsLeftOutAndCounted() throws IOException {
        lens("run", "--num-prompts", "20", "--output-dir", folder.toString());
        Path exchanges = folder.resolve("exchanges.jsonl");
        List<String> lines = new ArrayList<>(Files.readAllLines(exchanges));
        lines.set(4, lines.get(4).replaceFirst("\"startedAtNs\":\\d+", "\"startedAtNs\":\"soon\""));
        Files.write(exchanges, lines);

        var audit = lens("audit", folder.toString());

        assertThat(audit.exitCode()).as(audit.err()).isZero();
        assertThat(told(audit)).contains("1 line of exchanges.jsonl could not be read, and left out");
    }

    @Test
    void whatTheMachineDidNotTellIsCalledByItsName() throws IOException {
        lens(
                "run",
                "--num-prompts",
                "3",
                "--osl",
                "4",
                "--output-dir",
                folder.resolve("r").toString());
        Path run = folder.resolve("r").resolve(RunDirectory.RUN);
        Files.writeString(
                run, Files.readString(run).replace("\"stealNs\"", "\"x\"").replace("\"cpuPressureNs\"", "\"y\""));

        assertThat(lens("audit", folder.resolve("r").toString()).out().replaceAll("\\s+", " "))
                .contains("Host steal not told, CPU pressure not told, ");
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
                .contains("Recording cannot be read: it is damaged, so collections, safepoints and compilations are")
                .contains("Noise budget")
                .doesNotContain("could be read in part");
        assertThat(audit.out()).containsPattern("\ncollection +- +- +- +-\n");
    }

    /// The virtual machine's parser looks at all of a recording's constants first, so not every damage leaves a
    /// part.
    @Test
    void countsFromPartOfARecordingAreMarkedAsTheLeast() throws IOException {
        record();
        Path recording = folder.resolve("recording.jfr");
        byte[] whole = Files.readAllBytes(recording);
        int inPart = 0;
        for (int i = 1; i < 40 && inPart < 3; i++) {
            byte[] damaged = whole.clone();
            int at = whole.length / 40 * i;
            Arrays.fill(damaged, at, at + 64, (byte) 0);
            Files.write(recording, damaged);

            var audit = lens("audit", folder.toString());

            assertThat(audit.exitCode()).as(audit.err()).isZero();
            assertThat(audit.out()).doesNotContain("Exception", "Index ", "zero size");
            if (told(audit).contains("it is damaged, so what the virtual machine did is known in part at most")) {
                assertThat(audit.out())
                        .doesNotContainPattern("\n(collection|safepoint|compilation|deoptimisation) .*\\d\n")
                        .containsPattern("\nloop pause .*\\d\n");
                inPart +=
                        audit.out().contains("  +: at least, for the recording could be read in part only.\n") ? 1 : 0;
            }
        }
        assertThat(inPart).isPositive();
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
                .contains("Recording cannot be read: "
                        + (content.isEmpty()
                                ? "it is empty, as a process leaves it that is killed, so"
                                : "it is damaged, so"))
                .contains("Noise budget");
    }

    @Test
    void theMachineCanBeCheckedBeforeAnythingIsRun() {
        var audit = lens("audit", "--host");

        assertThat(audit.exitCode()).isZero();
        assertThat(audit.out()).contains("clock source", "frequency governor", "container quota");
    }

    @Test
    void howManyLooksAtTheMachineSayNothingIsTold() {
        var good = new HostCheck("a", HostCheck.Finding.GOOD, "", "");
        var unknown = new HostCheck("b", HostCheck.Finding.UNKNOWN, "", "");
        var doubtful = new HostCheck("c", HostCheck.Finding.DOUBTFUL, "", "");

        assertThat(AuditCommand.said(List.of(good, good))).isEqualTo("Nothing speaks against measuring here.");
        assertThat(AuditCommand.said(List.of(good, unknown, unknown)))
                .isEqualTo("Nothing speaks against measuring here, but 2 of 3 could not be looked at.");
        assertThat(AuditCommand.said(List.of(good, unknown, doubtful)))
                .startsWith("1 of 3 may make figures uneven, and 1 of 3 could not be looked at; each report's");
    }

    /// Without its line breaks.
    private static String told(LensRun audit) {
        return audit.out().replaceAll("\\s+", " ");
    }

    @Test
    void aDiskThatIsNearlyFullIsToldBeforeTheRecorderEndsTheProcess() throws InterruptedException {
        long[] free = {1L << 40};
        try (var recording = new RunRecording(true, Clock.monotonic(), folder.resolve("r.jfr"), _ -> free[0])) {
            recording.await();
            assertThat(recording.missing()).isEmpty();
            assertThat(recording.outOfSpace()).isEmpty();

            free[0] = RunRecording.LEAST_FREE_BYTES - 1;

            assertThat(recording.outOfSpace())
                    .contains(
                            "has less than the 64 MiB that a recording needs; free space there, or leave out --jfr on");
        }
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

    private void recordAgainst(String http, String tls, String behaviour, String flags) throws IOException {
        var options = ServerOptions.defaults();
        var more = new ArrayList<>(List.of("--http", http, "--model", "m", "--osl", "20"));
        if (tls.equals("TLS")) {
            TlsIdentity identity = TlsIdentity.generate(TlsIdentity.Flaw.VALID);
            Path ca = Files.writeString(folder.resolve("ca.pem"), identity.trustPem());
            more.addAll(List.of("--ca-file", ca.toString()));
            options = options.withTls(identity);
        }
        more.addAll(flags.isEmpty() ? List.of() : List.of(flags.split(" ")));
        try (var provider = SimulatedProvider.start(
                options, Behaviour.defaults().with("ttft=5ms; seed=3").with(behaviour))) {
            more.addAll(List.of("--url", provider.baseUrl().toString()));
            record(more.toArray(String[]::new));
        }
    }

    /// Event by event, and so that none can be there twice.
    private void assertRecordingAndFileAgree() throws IOException {
        var tokens = new ArrayList<String>();
        var ends = new ArrayList<String>();
        for (JsonNode exchange : exchanges(folder)) {
            JsonNode atNs = exchange.at("/chunks/atNs");
            for (int i = 0; i < atNs.size(); i++) {
                tokens.add(exchange.path("number").asLong() + "/" + i + " at "
                        + atNs.get(i).asLong());
            }
            ends.add(exchange.path("number").asLong() + "."
                    + exchange.path("attempt").asInt() + " "
                    + exchange.path("outcome").asString() + " with " + atNs.size());
        }
        assertThat(tokens).isNotEmpty().doesNotHaveDuplicates();
        assertThat(tokensInRecording()).containsExactlyInAnyOrderElementsOf(tokens);
        assertThat(events("lens.Exchange")
                        .map(event -> event.getLong("exchange") + "." + event.getInt("attempt") + " "
                                + event.getString("outcome") + " with " + event.getInt("chunks")))
                .containsExactlyInAnyOrderElementsOf(ends);
        assertThat(runFile(folder).at("/verdict/reasons").toString())
                .doesNotContain("counts_disagree", "recording_lost_data");
    }

    private List<String> tokensInRecording() throws IOException {
        long startNs = runFile(folder).at("/clock/monotonicStartNs").asLong();
        return events("lens.Token")
                .map(event -> event.getLong("exchange") + "/" + event.getInt("index") + " at "
                        + (event.getLong("arrivedAtNs") - startNs))
                .toList();
    }

    private Stream<RecordedEvent> events(String name) throws IOException {
        return RecordingFile.readAllEvents(folder.resolve("recording.jfr")).stream()
                .filter(event -> event.getEventType().getName().equals(name));
    }
}
