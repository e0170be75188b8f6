package dev.latencylens.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/// `lens baseline`: which run the others are held against. One line in a file beside the runs' folders.
@Command(
        name = "baseline",
        mixinStandardHelpOptions = true,
        description = "Sets or shows the run that the others are held against.")
final class BaselineCommand implements Callable<Integer> {
    static final String FILE = "baseline";

    private final Console console;

    BaselineCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        throw CommandFailure.usage("give set RUN, or show; lens baseline --help tells more");
    }

    @Command(name = "set", mixinStandardHelpOptions = true, description = "Makes a finished run the baseline.")
    int set(
            @Parameters(paramLabel = "RUN_DIR", description = "folder of the run, below the folder of all runs")
                    Path run,
            @Option(
                            names = "--runs-dir",
                            paramLabel = "DIR",
                            description = "folder of the runs' folders (default runs)")
                    @Nullable
                    Path runsDir)
            throws IOException {
        Path folder = runsDir == null ? Path.of(HistoryCommand.RUNS) : runsDir;
        Path there = Files.exists(run) ? run : folder.resolve(run);
        Path inside = folder.toAbsolutePath()
                .normalize()
                .relativize(there.toAbsolutePath().normalize());
        if (inside.startsWith("..")) {
            throw CommandFailure.usage("'" + run + "' is not below '" + folder + "'; give the folder of all runs with"
                    + " --runs-dir, as lens history lists them");
        }
        JsonNode file = RunSamples.runFile(there);
        String state = file.path("state").asString("");
        if (!state.equals(RunFile.State.FINISHED.label())) {
            throw CommandFailure.usage("the run in '" + run + "' is " + state
                    + ", and only one that has finished can be a baseline; measure again");
        }
        if (file.at("/verdict/state").asString("").equals("INVALID")) {
            throw CommandFailure.usage("the run in '" + run
                    + "' is INVALID, so nothing can be held against it; its report says why, measure again");
        }
        RunDirectory.replace(folder.resolve(FILE), (inside + "\n").getBytes(StandardCharsets.UTF_8));
        console.out().println("baseline: " + inside);
        return ExitCode.GOOD;
    }

    @Command(name = "show", mixinStandardHelpOptions = true, description = "Prints the folder of the baseline.")
    int show(
            @Option(
                            names = "--runs-dir",
                            paramLabel = "DIR",
                            description = "folder of the runs' folders (default runs)")
                    @Nullable
                    Path runsDir)
            throws IOException {
        Path folder = runsDir == null ? Path.of(HistoryCommand.RUNS) : runsDir;
        String name = baseline(folder);
        if (name.isEmpty()) {
            throw CommandFailure.usage("'" + folder + "' has no baseline; lens baseline set RUN makes one");
        }
        console.out().println(folder.resolve(name));
        return ExitCode.GOOD;
    }

    /// The baseline's folder as seen from that of all runs, empty where there is none.
    static String baseline(Path runsDir) throws IOException {
        try {
            return Files.readString(runsDir.resolve(FILE)).strip();
        } catch (NoSuchFileException none) {
            return "";
        }
    }
}
