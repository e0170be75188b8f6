package dev.latencylens.audit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/// What the whole machine lost or waited for during a run, by proc(5); what it does not tell is absent.
///
/// @param stealNs time that the hypervisor gave to others while this machine's CPUs had work, all CPUs together
/// @param cpuPressureNs time in which some thread of the machine was ready to run and had no CPU
/// @param interrupts that the CPUs took, from devices and timers
/// @param retransmits TCP segments that this machine sent again
public record HostUse(
        OptionalLong stealNs, OptionalLong cpuPressureNs, OptionalLong interrupts, OptionalLong retransmits) {
    /// Linux tells CPU times in hundredths of a second to every program (USER_HZ).
    private static final long TICK_NS = 10_000_000;
    /// Place of steal among the fields of the line `cpu` in /proc/stat.
    private static final int STEAL = 8;

    /// Nobody looked.
    public static final HostUse UNKNOWN =
            new HostUse(OptionalLong.empty(), OptionalLong.empty(), OptionalLong.empty(), OptionalLong.empty());

    /// The machine since it was started.
    public static HostUse soFar() {
        return read(Path.of("/proc"));
    }

    static HostUse read(Path proc) {
        return new HostUse(
                number(field(lines(proc.resolve("stat")), "cpu ", STEAL), TICK_NS),
                number(pressure(lines(proc.resolve("pressure/cpu"))), 1_000),
                number(field(lines(proc.resolve("stat")), "intr ", 1), 1),
                retransmits(lines(proc.resolve("net/snmp"))));
    }

    /// What the system does not tell, by names for people.
    public List<String> untold() {
        var untold = new ArrayList<String>();
        if (stealNs.isEmpty()) {
            untold.add("steal (/proc/stat)");
        }
        if (cpuPressureNs.isEmpty()) {
            untold.add("CPU pressure (/proc/pressure/cpu)");
        }
        if (interrupts.isEmpty()) {
            untold.add("interrupts (/proc/stat)");
        }
        if (retransmits.isEmpty()) {
            untold.add("retransmits (/proc/net/snmp)");
        }
        return untold;
    }

    public HostUse since(HostUse earlier) {
        return new HostUse(
                difference(stealNs, earlier.stealNs),
                difference(cpuPressureNs, earlier.cpuPressureNs),
                difference(interrupts, earlier.interrupts),
                difference(retransmits, earlier.retransmits));
    }

    private static OptionalLong difference(OptionalLong later, OptionalLong earlier) {
        return later.isPresent() && earlier.isPresent()
                ? OptionalLong.of(later.getAsLong() - earlier.getAsLong())
                : OptionalLong.empty();
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (IOException e) {
            return List.of();
        }
    }

    private static String field(List<String> lines, String start, int index) {
        return lines.stream()
                .filter(line -> line.startsWith(start))
                .map(line -> line.split(" +", -1))
                .filter(fields -> fields.length > index)
                .map(fields -> fields[index])
                .findFirst()
                .orElse("");
    }

    /// `some avg10=0.00 avg60=0.00 avg300=0.00 total=12345`, in microseconds.
    private static String pressure(List<String> lines) {
        return lines.stream()
                .filter(line -> line.startsWith("some "))
                .map(line -> line.substring(line.lastIndexOf('=') + 1))
                .findFirst()
                .orElse("");
    }

    /// Two lines begin with `Tcp:`, names and values.
    private static OptionalLong retransmits(List<String> lines) {
        List<String[]> tcp = lines.stream()
                .filter(line -> line.startsWith("Tcp: "))
                .map(line -> line.split(" ", -1))
                .toList();
        if (tcp.size() < 2) {
            return OptionalLong.empty();
        }
        int column = List.of(tcp.get(0)).indexOf("RetransSegs");
        return column < 0 || column >= tcp.get(1).length ? OptionalLong.empty() : number(tcp.get(1)[column], 1);
    }

    private static OptionalLong number(String digits, long unit) {
        return digits.strip().matches("\\d{1,18}")
                ? OptionalLong.of(Long.parseLong(digits.strip()) * unit)
                : OptionalLong.empty();
    }
}
