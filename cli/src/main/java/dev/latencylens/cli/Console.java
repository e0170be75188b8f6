package dev.latencylens.cli;

import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/// The world around a command: its streams, its environment and the terminal that it may draw on.
///
/// @param terminal whether standard error is a terminal that progress may be drawn on
/// @param columns the terminal's width
record Console(
        InputStream in,
        PrintStream out,
        PrintStream err,
        Map<String, String> environment,
        boolean terminal,
        int columns) {
    /// Width of a terminal that does not tell it.
    private static final int USUAL_COLUMNS = 100;

    /// This process's own. The launcher tells by `lens.stderr.terminal` whether standard error is a terminal,
    /// which Java
    /// cannot ask; `NO_COLOR` and `CI` ask for plain output and are obeyed.
    static Console ofProcess() {
        Map<String, String> environment = System.getenv();
        boolean plain = isSet(environment, "NO_COLOR") || isSet(environment, "CI");
        return new Console(
                System.in,
                new PrintStream(System.out, false, StandardCharsets.UTF_8),
                new PrintStream(System.err, true, StandardCharsets.UTF_8),
                environment,
                Boolean.getBoolean("lens.stderr.terminal") && !plain,
                columns(environment.getOrDefault("COLUMNS", "")));
    }

    private static boolean isSet(Map<String, String> environment, String name) {
        return !environment.getOrDefault(name, "").isEmpty();
    }

    private static int columns(String value) {
        return value.matches("[1-9]\\d{1,3}") ? Integer.parseInt(value) : USUAL_COLUMNS;
    }
}
