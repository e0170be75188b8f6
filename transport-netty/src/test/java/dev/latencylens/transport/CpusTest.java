package dev.latencylens.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ThreadFactory;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CpusTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {"1 | 1", "0,2 | 0 2", "2-5 | 2 3 4 5", " 3 , 1-2 | 1 2 3", "1,1,1-1 | 1", "1023 | 1023"})
    void aListIsReadIntoNumbers(String list, String numbers) {
        assertThat(Cpus.parse(list).numbers().stream().map(String::valueOf)).containsExactly(numbers.split(" "));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'' | bad CPU list '': '' is neither a number nor a range",
                "1, | bad CPU list '1,': '' is neither a number nor a range",
                "a | bad CPU list 'a': 'a' is neither a number nor a range",
                "-1 | bad CPU list '-1': '-1' is neither a number nor a range",
                "1-2-3 | bad CPU list '1-2-3': '1-2-3' is neither",
                "3-1 | bad CPU list '3-1': the range '3-1' runs backwards",
                "1024 | CPUs must be numbers from 0 to 1023, at least one, were [1024]"
            })
    void aBadListIsQuoted(String list, String message) {
        assertThatThrownBy(() -> Cpus.parse(list))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(message);
    }

    /// On a CPU that others use, the ends of their slices are when a thread with long ones gets its turn.
    @Test
    void aThreadOfTheTransportHasTheShortestSlicesAndElseWhatItHad() throws InterruptedException {
        Map<String, String> usual = scheduling(Thread::new);
        assumeThat(usual)
                .as("this kernel tells slices (/proc/thread-self/sched)")
                .containsKey("se.slice");

        Map<String, String> io = scheduling(NettyTransport.threads());

        assertThat(usual.get("se.slice")).isNotEqualTo("100000");
        assertThat(io.get("se.slice")).isEqualTo("100000");
        assertThat(io.get("prio")).isEqualTo(usual.get("prio"));
        assertThat(io.get("policy")).isEqualTo(usual.get("policy"));
    }

    /// As where the whole client was started with `chrt --idle 0`.
    @Test
    void aThreadOfTheTransportDoesNotGiveWayWhereAllElseDoes() throws InterruptedException {
        assumeThat(System.getProperty("user.name")).as("this takes a privilege").isEqualTo("root");
        var policies = new HashMap<String, String>();
        Thread giving = new Thread(() -> {
            try {
                String thread =
                        Path.of("/proc/thread-self").toRealPath().getFileName().toString();
                int refused = new ProcessBuilder("chrt", "--idle", "--pid", "0", thread)
                        .inheritIO()
                        .start()
                        .waitFor();
                assertThat(refused).isZero();
                policies.put("other", scheduling(Thread::new).get("policy"));
                policies.put("io", scheduling(NettyTransport.threads()).get("policy"));
            } catch (IOException | InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        giving.start();
        giving.join();

        assertThat(policies).containsEntry("other", "5").containsEntry("io", "0");
    }

    @Test
    void aThreadThatGoesFirstDoesSoAloneAndNotWhatItStarts() throws InterruptedException {
        assumeThat(Cpus.mayGoFirst()).as("this takes a privilege and two CPUs").isTrue();
        var ofChild = new HashMap<String, String>();

        Map<String, String> io = scheduling(NettyTransport.realTimeThreads());
        Thread parent = NettyTransport.realTimeThreads().newThread(() -> {
            try {
                ofChild.putAll(scheduling(Thread::new));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        parent.start();
        parent.join();

        assertThat(io).containsEntry("policy", "2");
        assertThat(ofChild).containsEntry("policy", "0");
        assertThat(scheduling(Thread::new))
                .as("asking whether it may leaves no trace")
                .containsEntry("policy", "0");
    }

    @Test
    void aThreadThatGoesFirstStepsBackWhileItIsBusy() throws InterruptedException {
        assumeThat(Cpus.mayGoFirst()).as("this takes a privilege and two CPUs").isTrue();
        var seen = new ArrayList<String>();
        Thread[] io = new Thread[1];
        io[0] = new RealTimeThread(
                () -> {
                    var thread = (RealTimeThread) io[0];
                    long look = RealTimeThread.LOOK_NS;
                    seen.add(policyOfThisThread());
                    for (double asleep : new double[] {0.5, 0.3, 0.5, 0.7}) {
                        thread.turned(look, Math.round(RealTimeThread.LOOK_NS * asleep));
                        seen.add(policyOfThisThread());
                        look += RealTimeThread.LOOK_NS;
                    }
                },
                0);
        io[0].start();
        io[0].join();

        assertThat(seen).containsExactly("2", "2", "0", "0", "2");
    }

    private static Map<String, String> scheduling(ThreadFactory threads) throws InterruptedException {
        var told = new HashMap<String, String>();
        Thread thread = threads.newThread(() -> told.putAll(schedulingOfThisThread()));
        thread.start();
        thread.join();
        return told;
    }

    private static Map<String, String> schedulingOfThisThread() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/thread-self/sched"))) {
            return lines.map(line -> line.split(" *: *"))
                    .filter(parts -> parts.length == 2)
                    .collect(Collectors.toMap(parts -> parts[0], parts -> parts[1].strip(), (first, _) -> first));
        } catch (IOException | UncheckedIOException notTold) {
            return Map.of();
        }
    }

    private static String policyOfThisThread() {
        return schedulingOfThisThread().getOrDefault("policy", "not told");
    }

    @Test
    void aPinnedThreadMayRunOnItsCpuOnlyCountedRound() {
        Cpus allowed = Cpus.allowed();
        List<Integer> numbers = List.copyOf(allowed.numbers());
        try {
            for (int index = 0; index < numbers.size() + 1; index++) {
                allowed.pinCurrentThread(index);
                assertThat(Cpus.allowed().numbers()).isEqualTo(Set.of(numbers.get(index % numbers.size())));
                allowed.bind(0);
            }
        } finally {
            allowed.bind(0);
        }
        assertThat(Cpus.allowed()).isEqualTo(allowed);
    }

    @Test
    void aCpuThatTheMachineDoesNotHaveIsRefused() {
        assumeThat(Runtime.getRuntime().availableProcessors()).isLessThan(1000);
        assertThatThrownBy(() -> Cpus.parse("1023").pinCurrentThread(0))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageStartingWith("the kernel refused to bind a thread to CPU [1023]; this process may use ");
    }

    @Test
    void reservedCpusAreLeftByEveryThreadAndItsChildren() throws InterruptedException {
        Cpus allowed = Cpus.allowed();
        assumeThat(allowed.numbers()).as("needs a machine with two CPUs").hasSizeGreaterThan(1);
        var reserved = new Cpus(new TreeSet<>(Set.of(allowed.numbers().last())));
        try {
            assertThat(reserved.reserve()).isTrue();
            assertThat(Cpus.allowed().numbers()).doesNotContainAnyElementsOf(reserved.numbers());
            var seen = new Cpus[1];
            Thread child = Thread.ofPlatform().start(() -> seen[0] = Cpus.allowed());
            child.join();
            assertThat(seen[0]).isEqualTo(Cpus.allowed());
            // The I/O thread comes back by pinning itself.
            reserved.pinCurrentThread(0);
            assertThat(Cpus.allowed()).isEqualTo(reserved);
        } finally {
            allowed.bind(0);
            for (String thread : new File("/proc/self/task").list()) {
                allowed.bind(Integer.parseInt(thread));
            }
        }
    }

    @Test
    void compilersGiveWayAndNothingElseDoes() throws IOException {
        int usual = nice(Path.of("/proc/thread-self"));
        Cpus.makeCompilersGiveWay();

        int compilers = 0;
        for (String thread : new File("/proc/self/task").list()) {
            Path folder = Path.of("/proc/self/task", thread);
            try {
                boolean compiler = Files.readString(folder.resolve("comm")).matches("C[12] Compiler.*\\s");
                assertThat(nice(folder)).as("nice of %s", folder).isEqualTo(compiler ? 19 : usual);
                compilers += compiler ? 1 : 0;
            } catch (IOException hasEnded) {
                assertThat(folder).as("a thread that has ended meanwhile").doesNotExist();
            }
        }
        assertThat(compilers).isPositive();
    }

    @Test
    void theSecondCompilerHasOnlyWhatNobodyWantsUntilItIsAsUsual() throws IOException {
        boolean root = System.getProperty("user.name").equals("root");
        int nice = nice(Path.of("/proc/thread-self"));

        boolean changed = Cpus.secondCompilerOnlyWhenIdle();
        Set<Integer> meanwhile = policiesOfSecondCompiler();
        Cpus.secondCompilerAsUsual();

        // What cannot be undone is not done.
        assertThat(changed).isEqualTo(root);
        assertThat(meanwhile).containsExactly(root ? 5 : 0);
        assertThat(policiesOfSecondCompiler()).containsExactly(0);
        assertThat(nice(Path.of("/proc/thread-self"))).isEqualTo(nice);
    }

    private static Set<Integer> policiesOfSecondCompiler() throws IOException {
        var policies = new TreeSet<Integer>();
        for (String thread : new File("/proc/self/task").list()) {
            Path folder = Path.of("/proc/self/task", thread);
            try {
                if (Files.readString(folder.resolve("comm")).startsWith("C2 Compiler")) {
                    policies.add(stat(folder, 41));
                }
            } catch (IOException hasEnded) {
                assertThat(folder).as("a thread that has ended meanwhile").doesNotExist();
            }
        }
        return policies;
    }

    private static int nice(Path thread) throws IOException {
        return stat(thread, 19);
    }

    /// A field of proc_pid_stat(5), counted from 1; the name in brackets is the second.
    private static int stat(Path thread, int field) throws IOException {
        String stat = Files.readString(thread.resolve("stat"));
        return Integer.parseInt(stat.substring(stat.lastIndexOf(')') + 2).split(" ")[field - 3]);
    }

    @Test
    void reservingEveryCpuDoesNothing() {
        Cpus allowed = Cpus.allowed();

        assertThat(allowed.reserve()).isFalse();
        assertThat(Cpus.allowed()).isEqualTo(allowed);
    }
}
