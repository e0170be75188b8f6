package dev.latencylens.cli;

import dev.latencylens.stats.Proportion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Makes runs one after the other, each in a Java and with connections of its own, so that no run inherits what
/// the one before it had compiled, connected or collected.
///
/// Each run's report stands in its folder beside its files, and what it complained of.
final class Series implements AutoCloseable {
    static final String REPORT = "report.txt";
    private static final String COMPLAINTS = "complaints.txt";

    private final Console console;
    private final Path folder;
    private final List<String> common;
    private final Interrupts interrupts = new Interrupts(this::interrupted);
    private volatile @Nullable Process current;
    private volatile boolean stopped;
    private int made;
    private int worst = ExitCode.GOOD;
    private @Nullable CommandFailure failure;

    /// @param folder of the runs' folders
    /// @param common flags of all runs
    Series(Console console, Path folder, List<String> common) {
        this.console = console;
        this.folder = folder;
        this.common = List.copyOf(common);
    }

    /// Lets `lens run` say what there is to say against the flags, before anything is sent.
    ///
    /// @throws CommandFailure as it says
    void check(List<String> own) throws IOException, InterruptedException {
        Path said = Files.createTempFile("lens", ".txt");
        try {
            var flags = new ArrayList<>(own);
            flags.add("--dry-run");
            int exitCode = start(flags, ProcessBuilder.Redirect.DISCARD, said);
            if (exitCode != ExitCode.GOOD) {
                throw CommandFailure.usage(complaint(said).orElse("lens run does not take these flags"));
            }
        } finally {
            Files.deleteIfExists(said);
        }
    }

    /// Makes one run; empty where nothing could be measured or somebody interrupts.
    ///
    /// @param name of its folder
    /// @param place what it is, for the line that tells of it
    /// @param own flags that it has beside those of all
    Optional<RunPoint> run(String name, String place, List<String> own) throws IOException, InterruptedException {
        Path run = folder.resolve(name);
        Files.createDirectories(run);
        var flags = new ArrayList<>(own);
        flags.add("--output-dir=" + run);
        console.err().print("lens: " + place + " ... ");
        console.err().flush();
        int exitCode =
                start(flags, ProcessBuilder.Redirect.to(run.resolve(REPORT).toFile()), run.resolve(COMPLAINTS));
        made++;
        if (stopped) {
            console.err().println("interrupted");
            return Optional.empty();
        }
        worst = ExitCode.worseOf(worst, exitCode);
        if (exitCode == ExitCode.USAGE || exitCode == ExitCode.NOTHING_MEASURED || exitCode > ExitCode.SIGNALLED) {
            String complaint = complaint(run.resolve(COMPLAINTS)).orElse("see " + run);
            console.err().println("failed (exit code " + exitCode + "): " + complaint);
            failed(exitCode, place + ": " + complaint);
            return Optional.empty();
        }
        var point = RunPoint.read(run);
        Proportion good = point.good();
        console.err()
                .println(point.verdict() + ", " + Figures.rate(point.answersPerSecond()) + " answers/s, "
                        + Figures.rate(point.tokensPerSecond()) + " tokens/s"
                        + (good == null ? "" : ", " + Figures.share(good.share()) + " good"));
        return Optional.of(point);
    }

    /// That no more can be measured, because of this.
    void failed(int exitCode, String why) {
        worst = ExitCode.worseOf(worst, exitCode);
        failure = CommandFailure.ended(
                exitCode, "ended early, what was measured before is in '" + folder + "'; at " + why);
    }

    /// Ends the command with what its last run failed of, where one did: after all has been told.
    void refuse() {
        if (failure != null && !stopped) {
            throw failure;
        }
    }

    boolean isStopped() {
        return stopped;
    }

    /// The worst exit code of its runs, or that of the signal that ended it.
    int exitCode() {
        return stopped ? ExitCode.SIGNALLED + interrupts.signal() : worst;
    }

    /// What to say where no run has told anything.
    CommandFailure nothing(String what) {
        return stopped
                ? CommandFailure.ended(
                        exitCode(), "interrupted before " + what + " had ended; what there is lies in " + folder)
                : CommandFailure.nothingMeasured(
                        "no run of " + what + " could measure anything; " + folder + " says why");
    }

    int made() {
        return made;
    }

    Path folder() {
        return folder;
    }

    @Override
    public void close() {
        interrupts.close();
    }

    private int start(List<String> own, ProcessBuilder.Redirect output, Path complaints)
            throws IOException, InterruptedException {
        var arguments = new ArrayList<String>();
        arguments.add("run");
        arguments.addAll(common);
        arguments.addAll(own);
        Process process = new ProcessBuilder(Fork.command(arguments))
                .redirectOutput(output)
                .redirectError(complaints.toFile())
                .start();
        process.getOutputStream().close();
        current = process;
        if (stopped) {
            process.destroy();
        }
        try {
            return process.waitFor();
        } finally {
            // Whatever ends this process ends what it has started.
            process.destroy();
            current = null;
        }
    }

    private void interrupted() {
        stopped = true;
        Process process = current;
        if (process != null) {
            process.destroy();
        }
    }

    private static Optional<String> complaint(Path file) throws IOException {
        try (var lines = Files.lines(file)) {
            return lines.filter(line -> line.startsWith("lens: "))
                    .reduce((_, last) -> last)
                    .map(line -> line.substring("lens: ".length()));
        }
    }
}
