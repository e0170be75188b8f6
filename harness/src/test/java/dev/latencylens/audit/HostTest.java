package dev.latencylens.audit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latencylens.clock.Clock;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A machine made of files.
class HostTest {
    private static final String CPU = "sys/devices/system/cpu/";

    @TempDir
    Path root;

    @Test
    void aMachineThatTellsNothingIsUnknownAndNotBlamed() {
        assertThat(HostCheck.all(root))
                .filteredOn(check -> !check.name().equals("CPUs"))
                .allSatisfy(check -> {
                    assertThat(check.finding()).isEqualTo(HostCheck.Finding.UNKNOWN);
                    assertThat(check.advice()).isEmpty();
                });
    }

    @Test
    void aQuietMachineIsGood() {
        has("sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc");
        has(CPU + "cpu0/cpufreq/scaling_governor", "performance");
        has(CPU + "intel_pstate/no_turbo", "1");
        has(CPU + "cpu0/cpuidle/state0/latency", "0");
        has(CPU + "cpu0/cpuidle/state1/latency", "2");
        has(CPU + "smt/active", "0");
        has("proc/stat", "cpu  100000 0 0 0 0 0 0 10 0 0");
        has("proc/pressure/cpu", "some avg10=0.50 avg60=0.00 avg300=0.00 total=1");
        has("sys/fs/cgroup/cpu.max", "max 100000");
        has("sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never");
        has(
                "proc/interrupts",
                "     CPU0  CPU1\n  1:   50   40  eth0-rx\n 24:   40   50  eth0-tx\nLOC:  900    1  timer");

        assertThat(found(HostCheck.Finding.GOOD)).hasSize(10);
        assertThat(found(HostCheck.Finding.UNKNOWN)).isEmpty();
    }

    @Test
    void whatMakesFiguresUnevenIsToldWithWhatToDo() {
        has("sys/devices/system/clocksource/clocksource0/current_clocksource", "hpet");
        has(CPU + "cpu0/cpufreq/scaling_governor", "powersave");
        has(CPU + "cpufreq/boost", "1");
        has(CPU + "cpu0/cpuidle/state0/latency", "0");
        has(CPU + "cpu0/cpuidle/state1/latency", "133");
        has(CPU + "cpu0/cpuidle/state1/name", "C6");
        has(CPU + "smt/active", "1");
        has("proc/stat", "cpu  1000 0 0 0 0 0 0 10 0 0");
        has("proc/pressure/cpu", "some avg10=31.61 avg60=0.00 avg300=0.00 total=1");
        has("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "50000");
        has("sys/kernel/mm/transparent_hugepage/enabled", "[always] madvise never");
        has("proc/interrupts", "     CPU0  CPU1\n  1:   95    5  eth0-rx\nLOC:    1  900  timer");

        assertThat(found(HostCheck.Finding.DOUBTFUL))
                .hasSize(10)
                .allSatisfy(check -> assertThat(check.advice()).endsWith("."));
        assertThat(HostCheck.all(root))
                .extracting(HostCheck::seen)
                .contains("hpet", "powersave", "C6 133 us", "always", "CPU 0 takes 95 % of those of devices");
    }

    @Test
    void adviceAboutInterruptsNamesOnlyCpusThatThisProcessMayUse() {
        has("proc/interrupts", "     CPU0  CPU2  CPU3\n  1:   5   95    0  eth0-rx");

        assertThat(interrupts().seen()).startsWith("CPU 2 takes 95 %");
        assertThat(interrupts().advice()).startsWith("Spread them over other CPUs: ");
        has("proc/self/status", "Name:\tjava\nCpus_allowed_list:\t0,2-3\n");
        assertThat(interrupts().advice()).startsWith("Give I/O threads another CPU (--io-cpus 0 or 3), or spread");
        has("proc/self/status", "Cpus_allowed_list:\t2");
        assertThat(interrupts().advice()).startsWith("Spread them over other CPUs: ");
        has("proc/self/status", "Cpus_allowed_list:\t0,3");
        assertThat(interrupts().finding()).isEqualTo(HostCheck.Finding.GOOD);
        assertThat(interrupts().seen()).endsWith("of those of devices, which this process may not use");
    }

    private HostCheck interrupts() {
        return HostCheck.all(root).getLast();
    }

    @Test
    void thisMachineCanBeLookedAt() {
        assertThat(HostCheck.all()).hasSize(12);
    }

    @Test
    void useIsTheDifferenceOfTwoLooks() {
        has("stat", "cpu  1 2 3 4 5 6 7 8 0 0\nintr 100 3 4");
        has("pressure/cpu", "some avg10=0.00 avg60=0.00 avg300=0.00 total=1000\nfull avg10=0.00 total=7");
        has("net/snmp", "Ip: A B\nIp: 1 2\nTcp: InSegs RetransSegs OutRsts\nTcp: 50 4 0");
        HostUse before = HostUse.read(root);
        has("stat", "cpu  1 2 3 4 5 6 7 11 0 0\nintr 140 3 4");
        has("pressure/cpu", "some avg10=0.00 avg60=0.00 avg300=0.00 total=1500");
        has("net/snmp", "Tcp: InSegs RetransSegs OutRsts\nTcp: 90 6 0");

        assertThat(HostUse.read(root).since(before))
                .isEqualTo(new HostUse(
                        OptionalLong.of(30_000_000),
                        OptionalLong.of(500_000),
                        OptionalLong.of(40),
                        OptionalLong.of(2)));
    }

    @Test
    void whatTheSystemDoesNotTellIsAbsent() {
        has("net/snmp", "Tcp: InSegs\nTcp: 90");
        has("stat", "cpu  1 2");
        HostUse nothing = HostUse.read(root);

        assertThat(nothing)
                .isEqualTo(new HostUse(
                        OptionalLong.empty(), OptionalLong.empty(), OptionalLong.empty(), OptionalLong.empty()));
        assertThat(nothing.since(nothing)).isEqualTo(nothing);
        assertThat(HostUse.soFar().since(HostUse.soFar())).isNotNull();
    }

    @Test
    void filesThatCannotBeReadAreNamed() {
        has("stat", "cpu  1 2 3 4 5 6 7 8 0 0");
        has("pressure/cpu/which is a folder here", "");

        assertThat(HostUse.read(root).untold())
                .containsExactly(
                        "CPU pressure (/proc/pressure/cpu)", "interrupts (/proc/stat)", "retransmits (/proc/net/snmp)");
        assertThat(new Caveat.HostUntold(HostUse.read(root).untold()).text())
                .startsWith("The system does not tell CPU pressure (/proc/pressure/cpu), interrupts (/proc/stat),");
        has("proc/pressure/cpu/which is a folder too", "");
        assertThat(HostCheck.all(root))
                .filteredOn(check -> check.name().equals("CPU pressure"))
                .extracting(HostCheck::finding)
                .containsExactly(HostCheck.Finding.UNKNOWN);
    }

    private List<HostCheck> found(HostCheck.Finding finding) {
        return HostCheck.all(root).stream()
                .filter(check -> !check.name().equals("CPUs"))
                .filter(check -> check.finding() == finding)
                .toList();
    }

    private void has(String file, String content) {
        try {
            Path path = root.resolve(file);
            Files.createDirectories(path.getParent());
            Files.writeString(path, content + "\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void memoryThatTheHostTakesAwayIsSeenByHowItComesBack() {
        long[] tookNs = new long[2_000];
        assertThat(HostCheck.memory(MemoryLook.of(tookNs)))
                .returns(HostCheck.Finding.GOOD, HostCheck::finding)
                .returns("at once there after a rest of 1 s, all of 2000 pages", HostCheck::seen);
        Arrays.fill(tookNs, 0, 10, 130_000);
        assertThat(HostCheck.memory(MemoryLook.of(tookNs)).finding()).isEqualTo(HostCheck.Finding.GOOD);
        Arrays.fill(tookNs, 0, 44, 130_000);
        assertThat(HostCheck.memory(MemoryLook.of(tookNs)))
                .returns(HostCheck.Finding.DOUBTFUL, HostCheck::finding)
                .returns(
                        "44 of 2000 pages took 50 us or more to come back after a rest of 1 s, 130 us at p50",
                        HostCheck::seen);
    }

    @Test
    void memoryIsLookedAtForReal() {
        long sinceNs = System.nanoTime();
        MemoryLook look = MemoryLook.take(Clock.monotonic());

        assertThat(look.pages()).isEqualTo(2_000);
        assertThat(System.nanoTime() - sinceNs).isGreaterThanOrEqualTo(1_000_000_000);
        assertThat(look.typicalLateNs()).isGreaterThanOrEqualTo(look.late() == 0 ? 0 : MemoryLook.LATE_NS);
    }
}
