package dev.latencylens.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import tools.jackson.databind.node.ObjectNode;

/// What commands that make many runs have in common: their folder, and the flags that are for `lens run`.
final class SeriesOptions {
    private static final List<String> LIMITS = List.of("--max-requests-per-minute", "--max-tokens-per-minute");

    private static final List<String> CONVERSATIONS =
            List.of("--num-conversations", "--conversation-num", "--num-sessions");

    /// Flags that make conversations, whose beginnings a rate counts, and not their requests.
    private static final List<String> TURNS = List.of("--turns", "--conversation-turn-mean", "--session-turns-mean");

    /// Flags that such a command sets for each of its runs.
    private static final List<String> OF_A_SERIES = List.of(
            "--request-rate",
            "--duration",
            "--ramp",
            "--stages",
            "--bursts",
            "--trace",
            "-n",
            "--num-prompts",
            "--request-count",
            "--dry-run");

    @Option(
            names = "--output-dir",
            paramLabel = "DIR",
            description = "folder for the runs' folders (default runs/<time>-<command>)")
    private @Nullable Path outputDir;

    /// The flags for `lens run`, with one seed for all runs, so that all ask for the same prompts.
    ///
    /// @param given what the command itself does not know
    /// @param more flags that the command sets itself, beside those that all such commands do
    /// @throws CommandFailure where one of these is among them
    static List<String> runFlags(String command, List<String> given, List<String> more) {
        for (String flag : given) {
            String name = flag.contains("=") ? flag.substring(0, flag.indexOf('=')) : flag;
            if (OF_A_SERIES.contains(name) || more.contains(name)) {
                throw CommandFailure.usage("lens " + command + " sets " + name + " itself; leave it out");
            }
            if (CONVERSATIONS.contains(name)) {
                throw CommandFailure.usage(
                        "lens " + command + " ends each run itself, which " + name + " would do before; leave it out");
            }
            if (command.equals("search") && TURNS.contains(name)) {
                throw CommandFailure.usage("lens search finds a rate of requests, and with " + name
                        + " a rate is one of conversations; leave it out, or use lens sweep, whose users talk");
            }
            if (LIMITS.contains(name)) {
                throw CommandFailure.usage("lens " + command + " finds what the server can do, which " + name
                        + " would hide; leave it out");
            }
        }
        var flags = new ArrayList<>(given);
        if (given.stream().noneMatch(flag -> flag.equals("--seed") || flag.startsWith("--seed="))) {
            flags.add("--seed=" + new SecureRandom().nextInt(1_000_000));
        }
        return flags;
    }

    /// Gives each objective behind `--goodput` a flag of its own: where any flag of `lens run` may follow, nobody
    /// can know how many values a flag takes.
    static String[] apart(String[] args) {
        if (args.length == 0 || !List.of("sweep", "search").contains(args[0])) {
            return args;
        }
        var words = new ArrayList<String>();
        boolean goodput = false;
        boolean first = false;
        for (String word : args) {
            if (word.equals("--goodput")) {
                goodput = true;
                first = true;
                continue;
            }
            if (goodput && !word.startsWith("-")) {
                words.add("--goodput=" + word);
                first = false;
                continue;
            }
            if (first) {
                words.add("--goodput");
            }
            goodput = false;
            first = false;
            words.add(word);
        }
        if (first) {
            words.add("--goodput");
        }
        return words.toArray(String[]::new);
    }

    /// The flags that let a run tell how many of its requests were good.
    static List<String> goodput(List<String> objectives) {
        return objectives.stream().map(objective -> "--goodput=" + objective).toList();
    }

    Path folder(String command) {
        Path folder = outputDir == null ? RunDirectory.usual(command) : outputDir;
        if (Files.exists(folder.resolve(command + ".json"))) {
            throw CommandFailure.usage("output folder '" + folder + "' holds a " + command
                    + " already; give another --output-dir, or remove it");
        }
        RunDirectory.writable(folder);
        return folder;
    }

    static void write(Path file, ObjectNode json) throws IOException {
        RunDirectory.replace(file, (json.toPrettyString() + "\n").getBytes(StandardCharsets.UTF_8));
    }

    /// What a program wants to know of a run.
    static void add(ObjectNode json, RunPoint point) {
        json.put("folder", point.folder().getFileName().toString());
        json.put("verdict", point.verdict());
        json.put("measured", point.measured());
        json.put("answered", point.answered());
        json.put("answersPerSecond", rounded(point.answersPerSecond()));
        json.put("tokensPerSecond", rounded(point.tokensPerSecond()));
        var good = point.good();
        if (good != null) {
            json.put("good", good.good());
            json.put("goodput", rounded(point.goodput()));
        }
    }

    private static double rounded(double value) {
        return Double.parseDouble(String.format(Locale.ROOT, "%.6g", value));
    }
}
