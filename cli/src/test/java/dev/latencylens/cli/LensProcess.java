package dev.latencylens.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// A command line in a process of its own, which signals reach, and what it has said so far.
record LensProcess(Process process, Path folder) implements AutoCloseable {
    static LensProcess start(Path folder, String... args) throws IOException {
        return start(folder, List.of(), args);
    }

    /// @param before words before `java`'s own arguments end, for example `-Xmx64m`
    static LensProcess start(Path folder, List<String> before, String... args) throws IOException {
        Process process = new ProcessBuilder(command(before, args))
                .redirectOutput(folder.resolve("out").toFile())
                .redirectError(folder.resolve("err").toFile())
                .start();
        return new LensProcess(process, folder);
    }

    static List<String> command(List<String> before, String... args) {
        var command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow"));
        command.addAll(before);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Lens.class.getName()));
        command.addAll(List.of(args));
        return command;
    }

    /// @param name for example `INT`
    void send(String name) throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                .start()
                .waitFor();
    }

    /// Waits for its end, and returns its exit code.
    int await() throws InterruptedException {
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
            throw new AssertionError("it has not ended");
        }
        return process.exitValue();
    }

    String out() throws IOException {
        return Files.readString(folder.resolve("out"));
    }

    String err() throws IOException {
        return Files.readString(folder.resolve("err"));
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
