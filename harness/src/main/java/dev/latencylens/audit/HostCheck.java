package dev.latencylens.audit;

import dev.latencylens.clock.Clock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// Looks at a machine for what would make its measurements uneven, before anything is measured.
///
/// @param name what was looked at
/// @param seen what the system says of it, or why it says nothing
/// @param advice what to do; empty for a good or an unknown one
public record HostCheck(String name, Finding finding, String seen, String advice) {
    /// How a check came out.
    public enum Finding {
        GOOD,
        DOUBTFUL,
        /// The system does not tell, which is common in virtual machines and containers.
        UNKNOWN
    }

    /// Share of the CPUs' time since the machine was started from which on steal is worth a word.
    private static final double MUCH_STEAL = 0.001;

    /// Share of the time in which some thread waited for a CPU from which on the machine is busy, in percent.
    private static final double MUCH_PRESSURE = 10;

    /// How many times its fair share of the devices' interrupts one CPU may take.
    private static final double MUCH_INTERRUPTED = 1.5;

    /// Pages of a rested thousand that may come back late: any that a busy moment of the machine makes late.
    private static final double MANY_LATE_PAGES = 5;

    /// CPUs that an advice names.
    private static final int MOST_NAMED = 4;

    private static final String CPU = "sys/devices/system/cpu/";

    /// Looks at this machine, which takes a second.
    public static List<HostCheck> all() {
        var checks = new ArrayList<>(all(Path.of("/")));
        checks.add(memory(MemoryLook.take(Clock.monotonic())));
        return List.copyOf(checks);
    }

    static HostCheck memory(MemoryLook look) {
        if (look.late() == 0) {
            return good("memory", "at once there after a rest of 1 s, all of " + look.pages() + " pages");
        }
        String seen = String.format(
                Locale.ROOT,
                "%d of %d pages took %d us or more to come back after a rest of 1 s, %.0f us at p50",
                look.late(),
                look.pages(),
                MemoryLook.LATE_NS / 1_000,
                look.typicalLateNs() / 1e3);
        return look.late() <= look.pages() * MANY_LATE_PAGES / 1_000
                ? good("memory", seen)
                : doubtful(
                        "memory",
                        seen,
                        "The host takes memory away from this virtual machine unseen, and whoever needs it next waits: it is"
                                + " in read_lag and in what the server itself does. Take a machine whose memory is its own.");
    }

    static List<HostCheck> all(Path root) {
        var host = new Host(root);
        var checks = new ArrayList<HostCheck>();
        checks.add(host.clockSource());
        checks.add(host.governor());
        checks.add(host.turbo());
        checks.add(host.idleStates());
        checks.add(host.siblings());
        checks.add(host.cpus());
        checks.add(host.steal());
        checks.add(host.pressure());
        checks.add(host.quota());
        checks.add(host.hugePages());
        checks.add(host.interrupts());
        return List.copyOf(checks);
    }

    private record Host(Path root) {
        HostCheck clockSource() {
            return line("sys/devices/system/clocksource/clocksource0/current_clocksource")
                    .map(name -> ClockSource.isUnfit(name)
                            ? doubtful(
                                    "clock source",
                                    name,
                                    "It is slow to read and coarse; see available_clocksource beside it and the"
                                            + " kernel's log for why the CPU's counter is not used.")
                            : good("clock source", name))
                    .orElseGet(() -> unknown("clock source"));
        }

        HostCheck governor() {
            return line(CPU + "cpu0/cpufreq/scaling_governor")
                    .map(name -> name.equals("performance")
                            ? good("frequency governor", name)
                            : doubtful(
                                    "frequency governor",
                                    name,
                                    "A CPU that has slowed down makes the first work after a wait slower: cpupower"
                                            + " frequency-set -g performance."))
                    .orElseGet(() -> unknown("frequency governor"));
        }

        HostCheck turbo() {
            Optional<Boolean> on = line(CPU + "intel_pstate/no_turbo")
                    .map("0"::equals)
                    .or(() -> line(CPU + "cpufreq/boost").map("1"::equals));
            return on.map(boosting -> boosting
                            ? doubtful(
                                    "turbo",
                                    "on",
                                    "The speed changes with heat and neighbours; switch it off to compare runs"
                                            + " (intel_pstate/no_turbo, cpufreq/boost).")
                            : good("turbo", "off"))
                    .orElseGet(() -> unknown("turbo"));
        }

        HostCheck idleStates() {
            var deep = new ArrayList<String>();
            for (int state = 0; state < 16; state++) {
                String folder = CPU + "cpu0/cpuidle/state" + state + "/";
                Optional<String> latencyUs = line(folder + "latency");
                if (latencyUs.isEmpty()) {
                    if (state == 0) {
                        return unknown("idle states");
                    }
                    break;
                }
                boolean usable = !line(folder + "disable").orElse("0").equals("1");
                // A CPU that needs 50 us and more to wake adds that to what arrives when nothing else happens.
                if (usable && number(latencyUs.get()) >= 50) {
                    deep.add(line(folder + "name").orElse("state" + state) + " " + latencyUs.get() + " us");
                }
            }
            return deep.isEmpty()
                    ? good("idle states", "none that takes 50 us or more to leave")
                    : doubtful(
                            "idle states",
                            String.join(", ", deep),
                            "Waking from them delays what this client sends and reads: --io-wait spin, or cpupower"
                                    + " idle-set -D 50.");
        }

        HostCheck siblings() {
            return line(CPU + "smt/active")
                    .map(active -> active.equals("1")
                            ? doubtful(
                                    "SMT",
                                    "on",
                                    "Two CPUs share a core: keep the sibling of an I/O thread's CPU idle"
                                            + " (thread_siblings_list), or echo off > /sys/devices/system/cpu/smt/control.")
                            : good("SMT", "off"))
                    .orElseGet(() -> unknown("SMT"));
        }

        HostCheck cpus() {
            int count = Runtime.getRuntime().availableProcessors();
            return count == 1
                    ? doubtful(
                            "CPUs",
                            "1",
                            "I/O thread, interpreter and collector take turns on it; measure with two or more.")
                    : good("CPUs", Integer.toString(count));
        }

        HostCheck steal() {
            Optional<String[]> fields =
                    line("proc/stat").map(line -> line.split(" +", -1)).filter(each -> each.length > 8);
            if (fields.isEmpty()) {
                return unknown("steal");
            }
            double all = 0;
            for (int i = 1; i <= 8; i++) {
                all += number(fields.get()[i]);
            }
            double share = all == 0 ? 0 : number(fields.get()[8]) / all;
            String seen = String.format(Locale.ROOT, "%.2f %% of the time since the start", share * 100);
            return share < MUCH_STEAL
                    ? good("steal", seen)
                    : doubtful(
                            "steal",
                            seen,
                            "The host runs others on these CPUs; take a machine with CPUs of its own, or look at"
                                    + " read_lag and the client's pauses in each report.");
        }

        HostCheck pressure() {
            return line("proc/pressure/cpu")
                    .map(line -> line.replaceFirst(".*avg10=([0-9.]+).*", "$1"))
                    .filter(number -> number.matches("\\d{1,3}(\\.\\d+)?"))
                    .map(percent -> Double.parseDouble(percent) < MUCH_PRESSURE
                            ? good("CPU pressure", percent + " % in the last 10 s")
                            : doubtful(
                                    "CPU pressure",
                                    percent + " % in the last 10 s",
                                    "Threads wait for a CPU; end other work before you measure."))
                    .orElseGet(() -> unknown("CPU pressure"));
        }

        HostCheck quota() {
            Optional<String> two = line("sys/fs/cgroup/cpu.max").map(line -> line.startsWith("max") ? "none" : line);
            Optional<String> quota = two.or(() -> line("sys/fs/cgroup/cpu/cpu.cfs_quota_us")
                    .map(micros -> micros.startsWith("-") ? "none" : micros + " us a period"));
            return quota.map(seen -> seen.equals("none")
                            ? good("container quota", seen)
                            : doubtful(
                                    "container quota",
                                    seen,
                                    "When it is used up all threads stand still for the rest of the period, up to"
                                            + " 100 ms: measure without a CPU limit."))
                    .orElseGet(() -> unknown("container quota"));
        }

        HostCheck hugePages() {
            return line("sys/kernel/mm/transparent_hugepage/enabled")
                    .map(line -> line.replaceFirst(".*\\[(\\w+)].*", "$1"))
                    .map(mode -> mode.equals("always")
                            ? doubtful(
                                    "transparent huge pages",
                                    mode,
                                    "The kernel may stop a thread to make one: echo madvise >"
                                            + " /sys/kernel/mm/transparent_hugepage/enabled.")
                            : good("transparent huge pages", mode))
                    .orElseGet(() -> unknown("transparent huge pages"));
        }

        /// Which CPU the devices interrupt; timers and calls between CPUs hit each of them. One that this process
        /// may not use does not matter to it.
        HostCheck interrupts() {
            List<String> lines = lines("proc/interrupts");
            // Those that are online, which need not be all.
            String[] names =
                    lines.isEmpty() ? new String[0] : lines.getFirst().strip().split(" +", -1);
            int cpus = names.length;
            double[] ofCpu = new double[cpus];
            double all = 0;
            for (String line : lines) {
                String[] fields = line.strip().split(" +", -1);
                for (int cpu = 0; fields[0].matches("\\d+:") && cpu < cpus && cpu + 1 < fields.length; cpu++) {
                    ofCpu[cpu] += number(fields[cpu + 1]);
                    all += number(fields[cpu + 1]);
                }
            }
            if (all == 0) {
                return unknown("interrupts");
            }
            int most = 0;
            for (int cpu = 1; cpu < cpus; cpu++) {
                most = ofCpu[cpu] > ofCpu[most] ? cpu : most;
            }
            double share = ofCpu[most] / all;
            String cpu = names[most].replaceFirst("^CPU", "");
            String seen = String.format(Locale.ROOT, "CPU %s takes %.0f %% of those of devices", cpu, share * 100);
            List<String> allowed = allowedCpus();
            if (!allowed.isEmpty() && !allowed.contains(cpu)) {
                return good("interrupts", seen + ", which this process may not use");
            }
            String others = allowed.stream()
                    .filter(other -> !other.equals(cpu))
                    .limit(MOST_NAMED)
                    .collect(Collectors.joining(" or "));
            return cpus > 1 && share > MUCH_INTERRUPTED / cpus
                    ? doubtful(
                            "interrupts",
                            seen,
                            (others.isEmpty()
                                            ? "Spread them over other CPUs"
                                            : "Give I/O threads another CPU (--io-cpus " + others + "), or spread them")
                                    + ": /proc/irq/*/smp_affinity_list.")
                    : good("interrupts", seen);
        }

        /// What this process may use, by number; empty where the system does not tell.
        private List<String> allowedCpus() {
            return lines("proc/self/status").stream()
                    .filter(line -> line.startsWith("Cpus_allowed_list:"))
                    .flatMap(line -> Arrays.stream(
                            line.substring(line.indexOf(':') + 1).strip().split(",", -1)))
                    .filter(range -> range.matches("\\d{1,5}(-\\d{1,5})?"))
                    .flatMapToInt(range -> IntStream.rangeClosed(
                            Integer.parseInt(range.replaceFirst("-.*", "")),
                            Integer.parseInt(range.replaceFirst(".*-", ""))))
                    .mapToObj(Integer::toString)
                    .toList();
        }

        private List<String> lines(String file) {
            try {
                return Files.readAllLines(root.resolve(file));
            } catch (IOException e) {
                return List.of();
            }
        }

        private Optional<String> line(String file) {
            try (var lines = Files.lines(root.resolve(file))) {
                return lines.findFirst().map(String::strip);
            } catch (IOException | java.io.UncheckedIOException e) {
                return Optional.empty();
            }
        }

        private static double number(String digits) {
            return digits.matches("\\d{1,18}") ? Double.parseDouble(digits) : 0;
        }
    }

    private static HostCheck good(String name, String seen) {
        return new HostCheck(name, Finding.GOOD, seen, "");
    }

    private static HostCheck doubtful(String name, String seen, String advice) {
        return new HostCheck(name, Finding.DOUBTFUL, seen, advice);
    }

    private static HostCheck unknown(String name) {
        return new HostCheck(name, Finding.UNKNOWN, "the system does not tell", "");
    }
}
