package dev.latencylens.cli;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
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
        var out = new ByteArrayOutputStream();
        var err = new ByteArrayOutputStream();
        var console = new Console(
                new ByteArrayInputStream(standardInput.getBytes(StandardCharsets.UTF_8)),
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                environment,
                false,
                80);
        int exitCode = Lens.run(console, args);
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
