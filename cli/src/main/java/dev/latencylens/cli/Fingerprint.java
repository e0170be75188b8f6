package dev.latencylens.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/// What a calibration holds for: another machine, kernel, Java or version of this tool makes it stale.
///
/// @param clockSource empty where the system does not tell
/// @param java name, version and vendor
/// @param lens the version of this tool
/// @param javaFlags those that change how it runs
record Fingerprint(
        String cpuModel,
        int cpus,
        String os,
        String architecture,
        String clockSource,
        String java,
        String lens,
        List<String> javaFlags) {
    Fingerprint {
        javaFlags = List.copyOf(javaFlags);
    }

    static Fingerprint of(Environment environment) {
        return of(environment, Fork.flags());
    }

    /// @param flags all that Java was started with; where its start-up cache lies, and which process this is,
    /// changes nothing
    static Fingerprint of(Environment environment, List<String> flags) {
        return new Fingerprint(
                environment.cpuModel(),
                environment.cpus(),
                environment.os(),
                environment.architecture(),
                environment.clockSource(),
                environment.java() + ", " + System.getProperty("java.vendor"),
                Lens.Version.number(),
                flags.stream()
                        .filter(flag -> !flag.startsWith("-XX:AOTCache=") && !flag.startsWith("-Dio.netty.processId="))
                        .sorted()
                        .toList());
    }

    /// What has changed since, in words: `kernel or system was Linux 6.8, is Linux 6.9`; empty where nothing has.
    String changedSince(Fingerprint earlier) {
        var changes = new ArrayList<String>();
        compare("CPU", earlier.cpuModel, cpuModel, changes);
        compare("number of CPUs", Integer.toString(earlier.cpus), Integer.toString(cpus), changes);
        compare("system", earlier.os, os, changes);
        compare("architecture", earlier.architecture, architecture, changes);
        compare("clock source", earlier.clockSource, clockSource, changes);
        compare("Java", earlier.java, java, changes);
        compare("lens", earlier.lens, lens, changes);
        if (!earlier.javaFlags.equals(javaFlags)) {
            changes.add("Java's flags had " + without(earlier.javaFlags, javaFlags) + ", have "
                    + without(javaFlags, earlier.javaFlags));
        }
        return String.join("; ", changes);
    }

    private static String without(List<String> flags, List<String> others) {
        String only = flags.stream().filter(flag -> !others.contains(flag)).collect(Collectors.joining(" "));
        return only.isEmpty() ? "no more" : only;
    }

    private static void compare(String what, String earlier, String now, List<String> changes) {
        if (!earlier.equals(now)) {
            changes.add(what + " was " + earlier + ", is " + now);
        }
    }
}
