package dev.latencylens.calibration;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latencylens.calibration.Floors.Floor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/// The short form of the benchmarks: no stage of a token's way may cost more than its floor allows.
///
/// Times are never compared with a number of nanoseconds but with a control that is measured between them, and of
/// each the best of many short iterations counts: whatever else runs on the machine can only make one slower. What
/// is beyond its allowance is measured again, because a slow stage stays slow and a disturbed one does not.
class OverheadGateTest {
    private static final Path ROOT = Path.of(System.getProperty("lens.root"));
    private static final int ATTEMPTS = 3;
    /// Stages between two measurements of the control, which tell when the machine is slower for a while.
    private static final int STAGES_A_CONTROL = 3;

    /// Shorter than the turn that a thread has on a busy CPU, so that one of many goes through undisturbed.
    private static final int ITERATION_MS = 2;

    private static final int ITERATIONS = 150;

    private double controlNs = Double.MAX_VALUE;
    private final Map<Floor, Cost> costs = new LinkedHashMap<>();

    /// The best that was seen of a stage.
    private record Cost(double ns, double bytes) {
        Cost best(Cost other) {
            return new Cost(Math.min(ns, other.ns), Math.min(bytes, other.bytes));
        }
    }

    @Test
    void noStageOfATokensWayCostsMoreThanItsFloorAllows() throws IOException, RunnerException {
        Path cpuinfo = Path.of("/proc/cpuinfo");
        Floors floors = Floors.read(
                ROOT.resolve("jmh-results/floors.json"),
                Files.isReadable(cpuinfo) ? Files.readAllLines(cpuinfo) : List.of());
        List<Floor> doubtful = floors.floors();
        List<String> broken = List.of();
        for (int attempt = 1; attempt <= ATTEMPTS && !doubtful.isEmpty(); attempt++) {
            measure(floors.control(), doubtful);
            doubtful = doubtful.stream()
                    .filter(floor -> broken(floors, floor).isPresent())
                    .toList();
            broken = doubtful.stream()
                    .flatMap(floor -> broken(floors, floor).stream())
                    .toList();
        }
        costs.forEach((floor, cost) -> System.out.printf(
                Locale.ROOT,
                "%-42s %8.1f ns, control %6.1f ns, ratio %6.3f, floor %6.3f, %7.3f B%n",
                floor.name(),
                cost.ns(),
                controlNs,
                cost.ns() / controlNs,
                floor.ratio(),
                cost.bytes()));

        System.out.printf(Locale.ROOT, "%.2f times a floor is allowed on this CPU%n", floors.allowance());
        assertThat(floors.allowance()).isGreaterThan(1);
        assertThat(floors.floors()).hasSizeGreaterThan(8);
        assertThat(broken).isEmpty();
    }

    private Optional<String> broken(Floors floors, Floor floor) {
        Cost cost = Objects.requireNonNull(costs.get(floor));
        return floor.broken(cost.ns() / controlNs, cost.bytes(), floors.allowance());
    }

    private void measure(String control, List<Floor> stages) throws RunnerException {
        for (int i = 0; i < stages.size(); i++) {
            if (i % STAGES_A_CONTROL == 0) {
                controlNs = Math.min(controlNs, bestNs(run(control, Map.of())));
            }
            Floor floor = stages.get(i);
            RunResult run = run(floor.benchmark(), floor.params());
            costs.merge(floor, new Cost(bestNs(run), bytes(run)), Cost::best);
        }
    }

    /// Benchmarks of a JVM that nobody runs would prove nothing.
    @Test
    void benchmarksRunWithTheFlagsOfTheLauncher() throws Exception {
        String launcher = Files.readString(ROOT.resolve("lens"));
        int from = launcher.indexOf("\nflags=(");
        List<String> flags = launcher.substring(from, launcher.indexOf("\n)", from))
                .lines()
                .filter(line -> !line.strip().startsWith("#"))
                .flatMap(line -> Stream.of(line.strip().split(" ")))
                .filter(word -> word.startsWith("-"))
                // Where the launcher has put something is no flag that changes what code costs.
                .filter(word -> !word.contains("$"))
                .toList();
        List<String> jvmArgs =
                Arrays.asList(Benchmarks.class.getAnnotation(Fork.class).jvmArgs());

        assertThat(flags).hasSizeGreaterThan(8);
        assertThat(jvmArgs)
                .startsWith(flags.toArray(String[]::new))
                .allMatch(arg -> flags.contains(arg) || arg.startsWith("-Djmh."));
    }

    private static RunResult run(String benchmark, Map<String, String> params) throws RunnerException {
        ChainedOptionsBuilder options = new OptionsBuilder()
                .include("\\." + benchmark.replace(".", "\\.") + "$")
                .forks(1)
                // Compiled code when the run-in is over, however little of the machine is left for the compiler.
                .jvmArgsAppend("-Xbatch")
                .warmupIterations(0)
                .measurementIterations(ITERATIONS)
                .measurementTime(TimeValue.milliseconds(ITERATION_MS))
                .addProfiler(GCProfiler.class)
                .shouldFailOnError(true)
                .verbosity(VerboseMode.SILENT);
        params.forEach(options::param);
        return new Runner(options.build()).runSingle();
    }

    private static double bestNs(RunResult run) {
        return run.getBenchmarkResults().stream()
                .flatMap(fork -> fork.getIterationResults().stream())
                .mapToDouble(iteration -> iteration.getPrimaryResult().getScore())
                .min()
                .orElseThrow();
    }

    /// What the I/O thread allocated an event where the benchmark counts that, else what the JVM did.
    private static double bytes(RunResult run) {
        return run.getSecondaryResults().containsKey("tokenEvents")
                ? secondary(run, "allocatedBytes") / secondary(run, "tokenEvents")
                : secondary(run, "gc.alloc.rate.norm");
    }

    /// A counter's or profiler's figure by the end of its name.
    private static double secondary(RunResult run, String nameEnd) {
        for (String name : run.getSecondaryResults().keySet()) {
            if (name.endsWith(nameEnd)) {
                return run.getSecondaryResults().get(name).getScore();
            }
        }
        throw new AssertionError(
                "no " + nameEnd + " among " + run.getSecondaryResults().keySet());
    }
}
