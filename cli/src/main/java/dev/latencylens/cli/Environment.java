package dev.latencylens.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// The machine that a run was made on, as far as it matters for its figures.
///
/// @param cpuModel empty where the system does not tell
/// @param clockSource what CLOCK_MONOTONIC reads, empty where the system does not tell
/// @param governor how the first CPU's frequency is chosen, empty where the system does not tell
record Environment(
        String os,
        String architecture,
        int cpus,
        String cpuModel,
        String clockSource,
        String governor,
        long maxHeapBytes,
        String java) {

    static Environment ofThisMachine() {
        Runtime runtime = Runtime.getRuntime();
        return new Environment(
                System.getProperty("os.name") + " " + System.getProperty("os.version"),
                System.getProperty("os.arch"),
                runtime.availableProcessors(),
                cpuModelOfThisMachine(),
                firstLine("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
                firstLine("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
                runtime.maxMemory(),
                System.getProperty("java.vm.name") + " " + Runtime.version());
    }

    /// One line for the report.
    String summary() {
        return cpus + (cpus == 1 ? " CPU" : " CPUs") + (cpuModel.isEmpty() ? "" : " (" + cpuModel + ")") + ", " + os
                + ", Java " + feature();
    }

    /// `25` of `OpenJDK 64-Bit Server VM 25.0.3+9-LTS`.
    private String feature() {
        return java.substring(java.lastIndexOf(' ') + 1).replaceFirst("[^\\d].*", "");
    }

    private static String cpuModelOfThisMachine() {
        try (var lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.filter(line -> line.startsWith("model name"))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse("");
        } catch (IOException | UncheckedIOException e) {
            return "";
        }
    }

    private static String firstLine(String file) {
        try (var lines = Files.lines(Path.of(file))) {
            return lines.findFirst().orElse("");
        } catch (IOException | UncheckedIOException e) {
            return "";
        }
    }
}
