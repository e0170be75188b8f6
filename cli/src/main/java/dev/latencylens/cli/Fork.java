package dev.latencylens.cli;

import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Another `lens` in a Java of its own, started as this one was.
final class Fork {
    /// What the launcher left out of this one's class path, each with its separator before it.
    private static final String LEFT_OUT = "lens.libraries";

    private Fork() {}

    /// The command, to which more arguments may be added. Its Java says nothing on its own on standard output.
    static List<String> command(List<String> arguments) {
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(flags());
        command.add("-Xlog:disable");
        command.add("-cp");
        command.add(System.getProperty("java.class.path") + System.getProperty(LEFT_OUT, ""));
        command.add(Lens.class.getName());
        command.addAll(arguments);
        return command;
    }

    /// This Java's flags, without agents, logs and recordings, of which there can be one only.
    static List<String> flags() {
        return ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(flag -> flag.startsWith("-X")
                        || flag.startsWith("--enable-native-access")
                        || flag.startsWith("--sun-misc-unsafe")
                        || flag.startsWith("-Dio.netty."))
                .filter(flag -> !flag.startsWith("-Xlog")
                        && !flag.startsWith("-Xrun")
                        && !flag.startsWith("-XX:AOTCacheOutput")
                        && !flag.startsWith("-XX:StartFlightRecording")
                        && !flag.startsWith("-XX:FlightRecorderOptions"))
                .toList();
    }
}
