package dev.latencylens.cli;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.ToIntFunction;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// One call of the command line inside this JVM, and what it said.
record LensRun(int exitCode, String out, String err) {
    static LensRun lens(String... args) {
        return lens(Map.of(), args);
    }

    static LensRun lens(Map<String, String> environment, String... args) {
        return lens("", environment, args);
    }

    static LensRun lens(String standardInput, Map<String, String> environment, String... args) {
        return judged(standardInput, environment, lenient(args));
    }

    /// One call whose exit code is the run's verdict too.
    static LensRun judged(String... args) {
        var more = new ArrayList<>(List.of(args));
        more.add(1, "--no-calibration");
        return judged("", Map.of(), more.toArray(String[]::new));
    }

    /// One call that measures its own error too.
    static LensRun calibrated(Map<String, String> environment, String... args) {
        var more = new ArrayList<>(List.of(args));
        more.add(1, "--lenient");
        return judged("", environment, more.toArray(String[]::new));
    }

    /// A test JVM that shares its CPUs with the rest of a build is no instrument: what a test wants of a run is
    /// not to depend on whether the machine was quiet. Nor does it want of every run that it measures its error.
    private static String[] lenient(String[] args) {
        if (args.length == 0 || !args[0].equals("run")) {
            return args;
        }
        var more = new ArrayList<>(List.of(args));
        more.addAll(1, List.of("--lenient", "--no-calibration"));
        return more.toArray(String[]::new);
    }

    private static LensRun judged(String standardInput, Map<String, String> environment, String... args) {
        return told(standardInput, environment, console -> Lens.run(console, args));
    }

    /// What a command says on a console of its own.
    static LensRun told(Map<String, String> environment, ToIntFunction<Console> command) {
        return told("", environment, command);
    }

    private static LensRun told(String standardInput, Map<String, String> environment, ToIntFunction<Console> command) {
        var out = new ByteArrayOutputStream();
        var err = new ByteArrayOutputStream();
        var console = new Console(
                new ByteArrayInputStream(standardInput.getBytes(StandardCharsets.UTF_8)),
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                environment,
                false,
                80);
        int exitCode = command.applyAsInt(console);
        return new LensRun(exitCode, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    static JsonNode runFile(Path directory) {
        try {
            return JsonMapper.shared().readTree(Files.readString(directory.resolve(RunDirectory.RUN)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static List<JsonNode> exchanges(Path directory) {
        try (var lines = Files.lines(directory.resolve(RunDirectory.EXCHANGES))) {
            return lines.map(line -> JsonMapper.shared().readTree(line)).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
