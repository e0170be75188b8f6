package dev.latencylens.audit;

import java.util.List;

/// What CLOCK_MONOTONIC reads, by Linux's names.
public final class ClockSource {
    /// Counters that a program reads without entering the kernel, with a grain of nanoseconds; those of virtual
    /// machines too. The others (hpet, acpi_pm, jiffies, xen, ...) cost a microsecond and more.
    static final List<String> FIT = List.of(
            "tsc", "kvm-clock", "hyperv_clocksource_tsc_page", "arch_sys_counter", "riscv_clocksource", "timebase");

    private ClockSource() {}

    /// Whether it is known to be unfit; one that the system does not name is given the benefit of the doubt.
    public static boolean isUnfit(String name) {
        return !name.isBlank() && !FIT.contains(name);
    }
}
