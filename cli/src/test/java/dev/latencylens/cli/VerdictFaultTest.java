package dev.latencylens.cli;

import static dev.latencylens.cli.LensRun.exchanges;
import static dev.latencylens.cli.LensRun.judged;
import static dev.latencylens.cli.LensRun.lens;
import static dev.latencylens.cli.LensRun.runFile;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.latencylens.simulated.Behaviour;
import dev.latencylens.simulated.ServerOptions;
import dev.latencylens.simulated.SimulatedProvider;
import dev.latencylens.transport.Cpus;
import dev.latencylens.transport.SocketKind;
import dev.latencylens.transport.Stamps;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.management.JMException;
import javax.management.ObjectName;
import jdk.jfr.Event;
import jdk.jfr.FlightRecorder;
import jdk.jfr.FlightRecorderListener;
import jdk.jfr.Name;
import jdk.jfr.Recording;
import jdk.jfr.RecordingState;
import jdk.jfr.StackTrace;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// Real faults in real runs.
///
/// A machine that is busy with other things can make a client pause, and a run's level shift, too. Where these are
/// the only other rules that it could break, the test's name says so; `FaultsInTheHarnessTest` sees those faults
/// without a machine's noise.
@Timeout(180)
class VerdictFaultTest {
    /// Closed loops, and open ones of fewer than 101 requests, are judged by no schedule, and gaps that are not
    /// shown by no burst; and the kernel stamps arrivals. So nothing counts but pauses over 50 ms.
    private static final List<String> JUDGED_BY_PAUSES =
            List.of("-n", "100", "--concurrency", "2", "--percentile-metrics", "ttft,tpot,e2e");

    private static final Set<String> WHATEVER_ELSE_THE_MACHINE_DOES = Set.of("client_paused", "never_steady");

    @TempDir
    Path folder;

    @Test
    void aProcessThatStandsStillForAHundredMillisecondsIsInvalidForThatAloneAndTheAuditNamesIt() throws Exception {
        try (var provider = provider("ttft=5ms; gap=1ms");
                var run = LensProcess.start(
                        folder,
                        arguments(
                                provider,
                                "-n",
                                "100",
                                "--request-rate",
                                "40",
                                "--jfr",
                                "on",
                                "--percentile-metrics",
                                "ttft,tpot,e2e"))) {
            awaitExchanges(provider, 10);
            run.send("STOP");
            Thread.sleep(Duration.ofMillis(100));
            run.send("CONT");

            assertThat(run.await()).as(run.err()).isEqualTo(ExitCode.INVALID);
            assertThat(run.out()).contains("INVALID; client's longest pause", "this client stood still for");
        }
        assertThat(codes()).containsExactly("client_paused");

        // The stop lasted 100 ms, and 25 ms of them at the most could be meant as a wait for the next due time.
        long leastNs = Duration.ofMillis(75).toNanos();
        List<JsonNode> all = exchanges(folder.resolve("run"));
        long latestNs = all.stream()
                .mapToLong(each -> between(each, "intendedAtNs", "firstTokenAtNs"))
                .max()
                .orElseThrow();
        long usualNs = all.stream()
                .mapToLong(each -> between(each, "startedAtNs", "firstTokenAtNs"))
                .sorted()
                .skip(all.size() / 2)
                .findFirst()
                .orElseThrow();
        assertThat(latestNs).isGreaterThanOrEqualTo(leastNs);
        assertThat(usualNs).isLessThan(latestNs / 2);
        assertThat(all)
                .anySatisfy(each -> assertThat(between(each, "intendedAtNs", "startedAtNs"))
                        .isGreaterThanOrEqualTo(leastNs - Duration.ofMillis(25).toNanos()));

        var audit = lens("audit", folder.resolve("run").toString());
        assertThat(audit.exitCode()).isZero();
        assertThat(audit.out()).contains("Verdict   INVALID", "- this client stood still for");
        var longest = Pattern.compile("at [\\d.]+ s for ([\\d.]+) ms: loop pause of io-0")
                .matcher(audit.out());
        assertThat(longest.find()).as(audit.out()).isTrue();
        assertThat(Double.parseDouble(longest.group(1))).isGreaterThanOrEqualTo(75);
    }

    /// For 50 ms nothing is due, so the thread means to sleep; only the kernel's stamps tell that it overslept.
    @Test
    void aStopOfAClientThatSleepsIsAPauseFromTheArrivalOn() throws Exception {
        assumeThat(Stamps.kernelUnavailable(SocketKind.best())).isNull();
        int stops = 5;
        try (var provider = provider("ttft=8ms; gap=0ms; tokens=1");
                var run = LensProcess.start(
                        folder, arguments(provider, "-n", "200", "--concurrency", "1", "--no-calibration"))) {
            for (int stop = 1; stop <= stops; stop++) {
                awaitExchanges(provider, 20L * stop);
                run.send("STOP");
                Thread.sleep(Duration.ofMillis(30));
                run.send("CONT");
            }
            run.await();
        }

        assertThat(runFile(folder.resolve("run"))
                        .at("/summary/client/loopLag/longest")
                        .valueStream()
                        .filter(pause -> pause.path("lagNs").asLong() > 15_000_000))
                .hasSizeGreaterThanOrEqualTo(stops - 1);
    }

    @Test
    void aStormOfAllocationsIsInvalidForThePausesOfItsCollectionsAlone() throws Exception {
        try (var provider = provider("ttft=20ms; gap=1ms");
                var _ = Repeated.of(VerdictFaultTest::allocateAndCollect)) {
            run(provider, JUDGED_BY_PAUSES);
        }

        assertThat(codes()).containsExactly("client_paused");
    }

    @Test
    void aForcedSafepointIsInvalidForThePauseAlone() throws Exception {
        try (var provider = provider("ttft=20ms; gap=1ms");
                var _ = new DeepThreads();
                var _ = Repeated.of(VerdictFaultTest::printThreads)) {
            run(provider, JUDGED_BY_PAUSES);
        }

        assertThat(codes()).containsExactly("client_paused");
    }

    @Test
    void otherWorkOnTheIoThreadsCpuMakesRequestsLateWhateverElseTheMachineDoes() throws Exception {
        Cpus cpu = Cpus.parse(Cpus.allowed().numbers().first().toString());
        try (var provider = provider("ttft=5ms; gap=1ms");
                var _ = Hogs.on(cpu);
                var run = LensProcess.start(
                        folder,
                        arguments(
                                provider,
                                "-n",
                                "670",
                                "--request-rate",
                                "400",
                                "--percentile-metrics",
                                "ttft,queue,send_lag",
                                "--io-wait",
                                "spin",
                                "--io-cpus",
                                cpu.numbers().first().toString()))) {
            assertThat(run.await()).as(run.err()).isEqualTo(ExitCode.INVALID);
        }

        assertThat(codesOfTheFault()).contains("sent_late").isSubsetOf("sent_late", "rate_not_reached");
    }

    @Test
    void writesOfManyChunksAreInconclusiveForTheirGapsWhateverElseTheMachineDoes() throws Exception {
        try (var provider = provider("ttft=lognormal:5ms:0.3; events-per-write=10; tokens=20")) {
            run(provider, List.of("-n", "100", "--concurrency", "2"));
            assertThat(codesOfTheFault()).containsExactly("chunks_coalesced");
        }
        assertThat(runFile(folder.resolve("run")).at("/verdict/state").asString())
                .isIn("INCONCLUSIVE", "INVALID");
    }

    @Test
    void aServerThatAnswersAMinorityIsInvalidForThatWhateverElseTheMachineDoes() throws Exception {
        try (var provider = provider("ttft=lognormal:5ms:0.3; gap=1ms; fault=http-503; fault-rate=0.8; seed=5")) {
            run(provider, JUDGED_BY_PAUSES);
        }

        assertThat(codesOfTheFault()).containsExactly("mostly_failed");
    }

    @Test
    void aServerThatDiesIsInconclusiveForThatWhateverElseTheMachineDoes() throws Exception {
        SimulatedProvider mortal = provider("ttft=5ms; gap=1ms");
        try (var run = LensProcess.start(
                folder, arguments(mortal, "-n", "1000000", "--concurrency", "2", "--percentile-metrics", "ttft"))) {
            awaitExchanges(mortal, 300);
            mortal.close();
            assertThat(run.await()).as(run.err()).isIn(ExitCode.INCONCLUSIVE, ExitCode.INVALID);
            assertThat(run.out()).contains("requests all failed", "connect_failed");
        }

        // How many fail before the run has ended is up to this machine.
        assertThat(codesOfTheFault()).contains("nothing_succeeded").isSubsetOf("nothing_succeeded", "mostly_failed");
        JsonNode run = runFile(folder.resolve("run"));
        assertThat(run.get("state").asString()).isEqualTo("ended_early");
        assertThat(run.at("/summary/outcomes/connect_failed").asLong()).isGreaterThanOrEqualTo(50);
    }

    @Test
    void gapsThatNobodyAskedForAreNotJudgedWhateverElseTheMachineDoes() throws Exception {
        try (var provider = provider("ttft=lognormal:5ms:0.3; events-per-write=10; tokens=20")) {
            run(provider, JUDGED_BY_PAUSES);
        }

        assertThat(codesOfTheFault()).isEmpty();
    }

    /// What is lost is told here by the test: a recording to disk of JDK 25 takes more memory where it falls
    /// behind, and where there is none it ends the process (ADR 16).
    @Test
    void aRecordingThatTellsOfLostDataIsInvalidForThatWhateverElseTheMachineDoes() throws Exception {
        var losses = new Losses();
        FlightRecorder.addListener(losses);
        try (var provider = provider("ttft=5ms; gap=1ms")) {
            run(
                    provider,
                    Stream.concat(JUDGED_BY_PAUSES.stream(), Stream.of("--jfr", "on"))
                            .toList());
        } finally {
            FlightRecorder.removeListener(losses);
        }

        assertThat(codesOfTheFault()).containsExactly("recording_lost_data");
        assertThat(runFile(folder.resolve("run"))
                        .at("/verdict/reasons")
                        .valueStream()
                        .filter(reason -> reason.path("code").asString().equals("recording_lost_data"))
                        .map(reason -> reason.path("text").asString()))
                .singleElement()
                .asString()
                .contains("4096 bytes");
        assertThat(lens("audit", folder.resolve("run").toString()).out())
                .contains("the Flight Recorder LOST 4,096 bytes");
    }

    private static SimulatedProvider provider(String settings) throws IOException {
        return SimulatedProvider.start(
                ServerOptions.defaults(), Behaviour.defaults().with(settings));
    }

    private void run(SimulatedProvider provider, List<String> more) {
        var run = judged(arguments(provider, more.toArray(String[]::new)));
        assertThat(run.err()).doesNotContain("lens: ");
        assertThat(run.exitCode()).isIn(ExitCode.GOOD, ExitCode.INVALID, ExitCode.INCONCLUSIVE);
    }

    private String[] arguments(SimulatedProvider provider, String... more) {
        return Stream.concat(
                        Stream.of(
                                "run",
                                "--url",
                                provider.baseUrl().toString(),
                                "--model",
                                "m",
                                "--osl",
                                "20",
                                "--output-dir",
                                folder.resolve("run").toString()),
                        Stream.of(more))
                .toArray(String[]::new);
    }

    private List<String> codes() {
        return runFile(folder.resolve("run"))
                .at("/verdict/reasons")
                .valueStream()
                .map(reason -> reason.path("code").asString())
                .toList();
    }

    private List<String> codesOfTheFault() {
        return codes().stream()
                .filter(code -> !WHATEVER_ELSE_THE_MACHINE_DOES.contains(code))
                .toList();
    }

    private static void awaitExchanges(SimulatedProvider provider, long ended) throws InterruptedException {
        while (provider.exchangesEnded() < ended) {
            Thread.sleep(Duration.ofMillis(2));
        }
    }

    private static long between(JsonNode exchange, String from, String until) {
        return exchange.path(until).asLong() - exchange.path(from).asLong();
    }

    /// Two million objects that live until the collection has moved them take it far longer than 50 ms.
    private static void allocateAndCollect() {
        var live = new long[2_000_000][];
        for (int i = 0; i < live.length; i++) {
            live[i] = new long[16];
        }
        System.gc();
        assertThat(live[live.length - 1]).hasSize(16);
    }

    /// All threads stand still while the stacks of all are printed, as by `jcmd Thread.print`.
    private static void printThreads() {
        try {
            ManagementFactory.getPlatformMBeanServer()
                    .invoke(
                            new ObjectName("com.sun.management:type=DiagnosticCommand"),
                            "threadPrint",
                            new Object[] {new String[0]},
                            new String[] {String[].class.getName()});
        } catch (JMException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Whatever is recorded has lost 4,096 bytes.
    private static final class Losses implements FlightRecorderListener {
        @Override
        public void recordingStateChanged(Recording recording) {
            if (recording.getState() == RecordingState.RUNNING) {
                new DataLoss(4_096).commit();
            }
        }
    }

    /// As the virtual machine's own event of that name.
    @Name("jdk.DataLoss")
    @StackTrace(false)
    static final class DataLoss extends Event {
        final long amount;

        DataLoss(long amount) {
            this.amount = amount;
        }
    }

    /// Something done over and over on a thread of its own.
    private record Repeated(Thread thread) implements AutoCloseable {
        static Repeated of(Runnable work) {
            return new Repeated(Thread.ofPlatform().daemon().start(() -> {
                while (!Thread.interrupted()) {
                    work.run();
                }
            }));
        }

        @Override
        public void close() {
            thread.interrupt();
        }
    }

    /// Threads whose stacks take long to print, four times the pause that is looked for: hundreds of 900 frames,
    /// as many as this machine needs.
    private static final class DeepThreads implements AutoCloseable {
        private static final Duration PRINTED_IN = Duration.ofMillis(200);
        private static final int THREADS = 150;
        private static final int MOST_THREADS = 3_000;
        private static final int FRAMES = 900;

        private final CountDownLatch end = new CountDownLatch(1);

        DeepThreads() throws InterruptedException {
            long tookNs = 0;
            for (int threads = 0; threads < MOST_THREADS && tookNs < PRINTED_IN.toNanos(); threads += THREADS) {
                more();
                // What the first print takes to get ready for is no pause.
                printThreads();
                long beganAtNs = System.nanoTime();
                printThreads();
                tookNs = System.nanoTime() - beganAtNs;
            }
        }

        private void more() throws InterruptedException {
            var deep = new CountDownLatch(THREADS);
            for (int i = 0; i < THREADS; i++) {
                Thread.ofPlatform().daemon().start(() -> descend(FRAMES, deep));
            }
            deep.await();
        }

        private void descend(int frames, CountDownLatch deep) {
            if (frames > 0) {
                descend(frames - 1, deep);
                return;
            }
            deep.countDown();
            try {
                end.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        @Override
        public void close() {
            end.countDown();
        }
    }

    /// Two threads that never leave a CPU by themselves.
    private record Hogs(List<Thread> threads) implements AutoCloseable {
        static Hogs on(Cpus cpu) {
            Runnable work = () -> {
                cpu.pinCurrentThread(0);
                while (!Thread.currentThread().isInterrupted()) {
                    Thread.onSpinWait();
                }
            };
            return new Hogs(Stream.generate(() -> Thread.ofPlatform().daemon().start(work))
                    .limit(2)
                    .toList());
        }

        @Override
        public void close() {
            threads.forEach(Thread::interrupt);
        }
    }
}
