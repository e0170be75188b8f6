package dev.latencylens.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import tools.jackson.databind.json.JsonMapper;

/// `lens history`: the runs that there are, newest first.
@Command(
        name = "history",
        mixinStandardHelpOptions = true,
        description = "Lists the runs below a folder, newest first, with their p50 in ms; * is the baseline.")
final class HistoryCommand implements Callable<Integer> {
    static final String RUNS = "runs";

    private static final int MODEL_WIDTH = 20;

    private final Console console;

    @Option(names = "--runs-dir", paramLabel = "DIR", description = "folder of the runs' folders (default runs)")
    private Path runsDir = Path.of(RUNS);

    @Option(names = "--last", paramLabel = "N", description = "so many runs (default all)")
    private int last = Integer.MAX_VALUE;

    @Option(names = "--json", description = "print a JSON object for each run, in nanoseconds")
    private boolean json;

    HistoryCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        if (last < 1) {
            throw CommandFailure.usage("--last must be at least 1, was " + last);
        }
        if (!Files.isDirectory(runsDir)) {
            throw CommandFailure.usage("there is no folder '" + runsDir
                    + "'; lens run makes runs/ where it is started, --runs-dir names another");
        }
        History.Listing listing = listing();
        List<String> newer = listing.newer();
        if (!newer.isEmpty()) {
            console.err()
                    .println("lens: " + Figures.count(newer.size(), "run") + (newer.size() == 1 ? " is" : " are")
                            + " left out, for a newer lens wrote " + (newer.size() == 1 ? "it" : "them") + ": "
                            + String.join(", ", newer));
        }
        List<History.Entry> entries = listing.entries();
        List<History.Entry> shown = entries.subList(0, Math.min(last, entries.size()));
        if (json) {
            shown.forEach(entry -> console.out().println(JsonMapper.shared().writeValueAsString(entry)));
            return ExitCode.GOOD;
        }
        if (shown.isEmpty()) {
            console.out().println("no runs in '" + runsDir + "'");
            return ExitCode.GOOD;
        }
        int width = Math.max(
                4,
                shown.stream().mapToInt(entry -> entry.folder().length()).max().orElse(0));
        line(width, " ", "run", "model", "state", "verdict", "answered", "ttft", "e2e");
        String baseline = BaselineCommand.baseline(runsDir);
        for (History.Entry entry : shown) {
            History.Facts facts = entry.facts();
            line(
                    width,
                    entry.folder().equals(baseline) ? "*" : " ",
                    entry.folder(),
                    cut(facts.model()),
                    facts.state(),
                    facts.verdict(),
                    facts.answered() + "/" + facts.measured(),
                    millis(facts.ttftP50Ns()),
                    millis(facts.e2eP50Ns()));
        }
        return ExitCode.GOOD;
    }

    /// By the index where it can be had; without one each run's file is read, which is as right and slower.
    private History.Listing listing() throws IOException {
        var history = new History(runsDir);
        try (var index = new HistoryIndex(runsDir)) {
            Map<String, History.Entry> known = History.byFolder(index.read());
            History.Listing listing = history.list(known);
            index.write(listing.entries(), known);
            return listing;
        } catch (SQLException | LinkageError noIndex) {
            console.err()
                    .println("lens: every run.json was read, for the index in '" + runsDir + "' cannot be used ("
                            + String.valueOf(noIndex.getMessage())
                                    .lines()
                                    .findFirst()
                                    .orElse("") + ")");
            return history.list(Map.of());
        }
    }

    private void line(
            int width,
            String mark,
            String run,
            String model,
            String state,
            String verdict,
            String answered,
            String ttft,
            String e2e) {
        console.out()
                .println(String.format(
                        Locale.ROOT,
                        "%s %-" + width + "s  %-" + MODEL_WIDTH + "s  %-11s  %-12s  %13s  %8s  %8s",
                        mark,
                        run,
                        model,
                        state,
                        verdict,
                        answered,
                        ttft,
                        e2e));
    }

    private static String millis(@Nullable Long ns) {
        return ns == null ? "-" : Figures.millis(ns);
    }

    private static String cut(String model) {
        return model.length() <= MODEL_WIDTH ? model : model.substring(0, MODEL_WIDTH - 3) + "...";
    }
}
