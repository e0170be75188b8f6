package dev.latencylens.cli;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// The folder of one run. A folder that holds a run already is left alone.
record RunDirectory(Path path) {
    static final String RUN = "run.json";
    static final String EXCHANGES = "exchanges.jsonl";
    static final String HISTOGRAMS = "histograms.hlog";
    static final String RECORDING = "recording.jfr";
    static final String SIMULATOR = "simulator.jsonl";

    private static final DateTimeFormatter STAMP = DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss", Locale.ROOT);

    /// Makes the folder that was asked for, or `runs/<time>-<id>` under the current one.
    static RunDirectory create(@Nullable Path asked, String runId) {
        if (asked != null && asked.toString().isBlank()) {
            throw CommandFailure.usage("--output-dir is empty; give a folder, or leave it out");
        }
        Path path = asked == null ? usual(runId) : asked;
        if (Files.exists(path.resolve(RUN))) {
            throw CommandFailure.usage(
                    "output folder '" + path + "' holds a run already; give another --output-dir, or remove it");
        }
        writable(path);
        return new RunDirectory(path);
    }

    /// `runs/<time>-<id>` under the current folder.
    static Path usual(String id) {
        return Path.of("runs", STAMP.format(LocalDateTime.now(ZoneId.systemDefault())) + "-" + id);
    }

    /// Makes a folder where it is missing, and says so where nothing can be written in it.
    static void writable(Path path) {
        try {
            Files.createDirectories(path);
            Files.delete(Files.createTempFile(path, "writable", ""));
        } catch (FileAlreadyExistsException e) {
            throw CommandFailure.usage("output folder '" + path + "' is a file; give another --output-dir", e);
        } catch (IOException e) {
            throw CommandFailure.usage(
                    "cannot write to output folder '" + path + "' (" + CommandFailure.kind(e)
                            + "); make it writable or give another --output-dir",
                    e);
        }
    }

    /// Writes a file as a whole: whoever looks sees what was there before, or all of the new. What a full disk
    /// leaves of it is taken away again.
    static void replace(Path file, byte[] content) throws IOException {
        Path whole = file.resolveSibling(file.getFileName() + ".tmp");
        try {
            Files.write(whole, content);
            Files.move(whole, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            Files.deleteIfExists(whole);
            throw e;
        }
    }

    Path file(String name) {
        return path.resolve(name);
    }
}
