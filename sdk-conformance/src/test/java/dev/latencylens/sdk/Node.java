package dev.latencylens.sdk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// Runs this module's scripts with the SDKs that their package file names.
final class Node {
    /// Long enough for npm to fetch the packages on a slow line.
    private static final int NPM_MINUTES = 10;

    private static final List<String> FILES = List.of("package.json", "read-stream.mjs", "read-dialect.mjs");

    private Node() {}

    /// What the script prints on standard output and error. Needs Node and npm, and says so where they are
    /// missing.
    static String run(String script, String... words) throws IOException, InterruptedException {
        var command = new ArrayList<>(List.of("node", script));
        command.addAll(List.of(words));
        return execute(folder(), command);
    }

    /// The folder of the scripts and of the SDKs, which are installed once for each package file.
    private static synchronized Path folder() throws IOException, InterruptedException {
        assumeTrue(isThere("node") && isThere("npm"), "skipped: needs node and npm on the PATH");
        Path module = Path.of(System.getProperty("lens.root"), "sdk-conformance");
        Path folder = module.resolve("target/node");
        Files.createDirectories(folder);
        for (String name : FILES) {
            Files.write(
                    folder.resolve(name),
                    Files.readAllBytes(module.resolve("src/test/node").resolve(name)));
        }
        Path installed = folder.resolve("node_modules/installed.json");
        if (!Files.exists(installed) || Files.mismatch(installed, folder.resolve("package.json")) >= 0) {
            execute(
                    folder,
                    List.of("npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"));
            Files.copy(folder.resolve("package.json"), installed);
        }
        return folder;
    }

    private static boolean isThere(String command) {
        return Stream.of(System.getenv("PATH").split(":", -1))
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, command)));
    }

    private static String execute(Path folder, List<String> command) throws IOException, InterruptedException {
        Path output = Files.createTempFile(folder, "output", ".txt");
        Process process = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        boolean ended = process.waitFor(NPM_MINUTES, TimeUnit.MINUTES);
        process.destroyForcibly();
        String said = Files.readString(output, StandardCharsets.UTF_8);
        Files.delete(output);
        assertThat(ended && process.exitValue() == 0)
                .as(String.join(" ", command) + ": " + said)
                .isTrue();
        return said;
    }
}
