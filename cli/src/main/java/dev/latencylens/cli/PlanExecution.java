package dev.latencylens.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// Carries out a plan: one run, or several one after the other, each in a folder of its own.
///
/// The folders are all that is remembered: which runs of a plan are still to be made is read from them.
final class PlanExecution {
    /// Beside the runs' folders: a copy of the plan, and what was said beside it.
    static final String PLAN = "plan.yaml";

    static final String SETTINGS = "plan.json";

    private static final String OUTPUT_DIR = "output-dir";

    private final Console console;
    private final Secrets secrets;
    private final PlanKeys keys;

    PlanExecution(Console console, Secrets secrets) {
        this.console = console;
        this.secrets = secrets;
        keys = keys(console);
    }

    static PlanKeys keys(Console console) {
        return new PlanKeys(
                RunCommand.line(new RunCommand(console, new Secrets())).getCommandSpec());
    }

    /// @param flags given on the command line; they count instead of the plan's
    int run(Path file, ParseResult flags) throws IOException, InterruptedException {
        Map<String, List<String>> given = given(flags);
        PlanFile plan = PlanFile.read(file, keys);
        if (plan.single()) {
            return command(plan, plan.runs().getFirst(), given, null).call();
        }
        noSecrets(given);
        Path folder = folder(plan, given);
        checkAll(plan, given, folder);
        if (isDryRun(plan, given)) {
            for (PlanFile.Run run : plan.runs()) {
                console.out().println("Run '" + run.name() + "'");
                command(plan, run, given, folder).call();
            }
            return ExitCode.GOOD;
        }
        keep(file, plan, given, folder);
        return carryOut(plan, given, folder);
    }

    /// What is given beside a plan of several runs is kept, so that the others of them are made alike.
    private static void noSecrets(Map<String, List<String>> given) {
        given.forEach((key, values) -> {
            if (values.stream().anyMatch(value -> PlanFile.holdsSecret(key, value))) {
                throw CommandFailure.usage("--" + key + " holds a secret, and flags beside a plan of several runs are"
                        + " kept for lens resume; write '" + key + "' with ${env:NAME} into the plan");
            }
        });
    }

    /// Says everything that can be said against a plan, and makes nothing; returns the plans of its runs.
    Map<PlanFile.Run, Plan> check(PlanFile plan) throws IOException {
        return checkAll(plan, Map.of(), Path.of("runs"));
    }

    /// Goes on with a plan that was interrupted.
    int resume(Path folder) throws IOException, InterruptedException {
        JsonNode settings;
        try {
            settings = JsonMapper.shared().readTree(Files.readString(folder.resolve(SETTINGS)));
        } catch (JacksonException e) {
            throw CommandFailure.usage(
                    "'" + folder.resolve(SETTINGS) + "' is no JSON; start the plan anew with lens run", e);
        }
        Map<String, List<String>> given = new LinkedHashMap<>();
        settings.path("flags")
                .propertyStream()
                .forEach(flag -> given.put(
                        flag.getKey(),
                        flag.getValue().valueStream().map(JsonNode::asString).toList()));
        Path copy = folder.resolve(PLAN);
        PlanFile plan = PlanFile.parse(
                copy.toString(), Path.of(settings.path("base").asString("")), Files.readString(copy), keys);
        checkAll(plan, given, folder);
        return carryOut(plan, given, folder);
    }

    private Map<PlanFile.Run, Plan> checkAll(PlanFile plan, Map<String, List<String>> given, Path folder)
            throws IOException {
        Map<PlanFile.Run, Plan> plans = new LinkedHashMap<>();
        for (PlanFile.Run run : plan.runs()) {
            try {
                plans.put(run, command(plan, run, given, folder).check());
            } catch (CommandFailure wrong) {
                throw plan.single()
                        ? wrong
                        : CommandFailure.usage("run '" + run.name() + "' of the plan: " + wrong.line(), wrong);
            }
        }
        return plans;
    }

    private int carryOut(PlanFile plan, Map<String, List<String>> given, Path folder)
            throws IOException, InterruptedException {
        int worst = ExitCode.GOOD;
        int number = 0;
        for (PlanFile.Run run : plan.runs()) {
            String place = "Run " + ++number + " of " + plan.runs().size() + ", '" + run.name() + "'";
            List<Path> attempts = attempts(folder, number, run);
            Optional<Path> complete =
                    attempts.stream().filter(PlanExecution::isComplete).findFirst();
            if (complete.isPresent()) {
                console.out().println(place + ": is complete, in " + complete.get());
                continue;
            }
            if (!attempts.isEmpty() && RecoverCommand.goesOn(new RunDirectory(attempts.getLast()))) {
                throw CommandFailure.usage("run '" + run.name() + "' is still going on in '" + attempts.getLast()
                        + "'; wait for its end, or end it");
            }
            Path next =
                    folder.resolve(folderName(number, run) + (attempts.isEmpty() ? "" : "." + (attempts.size() + 1)));
            console.out().println(place);
            int exitCode = one(command(plan, run, given, next), run);
            console.out().println();
            if (exitCode > ExitCode.SIGNALLED) {
                console.err()
                        .println("lens: the plan was interrupted in run " + number + " of "
                                + plan.runs().size() + "; lens resume " + folder + " goes on with it");
                return exitCode;
            }
            worst = ExitCode.worseOf(worst, exitCode);
        }
        console.out().println("Plan      " + folder);
        return worst;
    }

    /// What goes wrong in one run is told, and the next one has its turn.
    private int one(RunCommand command, PlanFile.Run run) throws IOException, InterruptedException {
        try {
            return command.call();
        } catch (CommandFailure failure) {
            console.err().println(secrets.redact("lens: run '" + run.name() + "': " + failure.line()));
            return failure.exitCode();
        }
    }

    private static String folderName(int number, PlanFile.Run run) {
        return String.format(Locale.ROOT, "%02d-%s", number, run.name());
    }

    /// The folders in which a run has been begun, the first first.
    private static List<Path> attempts(Path folder, int number, PlanFile.Run run) {
        String name = folderName(number, run);
        return Stream.iterate(1, i -> i + 1)
                .map(i -> folder.resolve(i == 1 ? name : name + "." + i))
                .takeWhile(Files::exists)
                .toList();
    }

    /// Whether a run came to its end by itself; one that a signal ended did not.
    ///
    /// @throws CommandFailure where a newer version has written it
    private static boolean isComplete(Path folder) {
        try {
            Path file = folder.resolve(RunDirectory.RUN);
            JsonNode run = JsonMapper.shared().readTree(Files.readString(file));
            RunSamples.refuseNewer(file, run);
            String state = run.path("state").asString("");
            boolean interrupted = run.path("caveats")
                    .valueStream()
                    .anyMatch(caveat -> caveat.path("code").asString("").equals("ended_early"));
            return state.equals(RunFile.State.FINISHED.label())
                    || (state.equals(RunFile.State.ENDED_EARLY.label()) && !interrupted);
        } catch (IOException | JacksonException e) {
            return false;
        }
    }

    private Path folder(PlanFile plan, Map<String, List<String>> given) {
        PlanFile.Run any = plan.runs().getFirst();
        String asked = given.containsKey(OUTPUT_DIR)
                ? given.getOrDefault(OUTPUT_DIR, List.of()).getFirst()
                : plan.words(any, Set.of(), keys, console.environment()).stream()
                        .filter(word -> word.startsWith("--" + OUTPUT_DIR + "="))
                        .map(word -> word.substring(OUTPUT_DIR.length() + 3))
                        .findFirst()
                        .orElse(null);
        return asked == null ? RunDirectory.usual("plan") : Path.of(asked);
    }

    private boolean isDryRun(PlanFile plan, Map<String, List<String>> given) {
        return given.containsKey("dry-run")
                || plan.runs().stream()
                        .flatMap(run -> plan.words(run, Set.of(), keys, console.environment()).stream())
                        .anyMatch("--dry-run"::equals);
    }

    private static void keep(Path file, PlanFile plan, Map<String, List<String>> given, Path folder)
            throws IOException {
        RunDirectory.writable(folder);
        if (Files.exists(folder.resolve(SETTINGS))) {
            throw CommandFailure.usage("output folder '" + folder + "' holds a plan already; give another --output-dir,"
                    + " or go on with that one by lens resume " + folder);
        }
        ObjectNode settings = JsonMapper.shared().createObjectNode();
        settings.put("tool", "lens " + Lens.Version.number());
        settings.put("base", plan.base().toString());
        ObjectNode flags = settings.putObject("flags");
        given.forEach((key, values) -> {
            var list = flags.putArray(key);
            values.forEach(list::add);
        });
        RunDirectory.replace(folder.resolve(PLAN), Files.readAllBytes(file));
        RunDirectory.replace(
                folder.resolve(SETTINGS), (settings.toPrettyString() + "\n").getBytes(StandardCharsets.UTF_8));
    }

    /// Flags that were given, by their keys.
    private Map<String, List<String>> given(ParseResult flags) {
        Map<String, List<String>> given = new LinkedHashMap<>();
        for (OptionSpec flag : flags.matchedOptions()) {
            keys.keyOf(flag).ifPresent(key -> given.put(key, List.copyOf(flag.originalStringValues())));
        }
        return given;
    }

    /// The command that a run of a plan is.
    ///
    /// @param folder where it is to be, null for where plan and flags say
    private RunCommand command(
            PlanFile plan, PlanFile.Run run, Map<String, List<String>> given, @Nullable Path folder) {
        Map<String, List<String>> instead = new LinkedHashMap<>(given);
        if (folder != null) {
            instead.put(OUTPUT_DIR, List.of(folder.toString()));
        }
        var words = new ArrayList<>(plan.words(run, instead.keySet(), keys, console.environment()));
        instead.forEach((key, values) -> words.addAll(words(key, values)));
        List<String> fromPlan = run.entries().stream()
                .map(PlanFile.Entry::key)
                .filter(key -> !given.containsKey(key))
                .toList();
        var command = new RunCommand(console, secrets, fromPlan);
        try {
            RunCommand.line(command).parseArgs(words.toArray(String[]::new));
            return command;
        } catch (ParameterException e) {
            throw explained(plan, run, e);
        }
    }

    private List<String> words(String key, List<String> values) {
        boolean isSwitch =
                keys.flag(key).map(flag -> flag.typeInfo().isBoolean()).orElse(false);
        return isSwitch
                ? List.of("--" + key)
                : values.stream().map(value -> "--" + key + "=" + value).toList();
    }

    /// What the flags' own reading says, at the place in the plan where the value stands.
    private CommandFailure explained(PlanFile plan, PlanFile.Run run, ParameterException wrong) {
        String what = secrets.redact(Lens.said(wrong));
        if (!(wrong.getArgSpec() instanceof OptionSpec flag)) {
            return CommandFailure.usage(what);
        }
        String key = keys.keyOf(flag).orElse("");
        return run.entries().stream()
                .filter(entry -> entry.key().equals(key))
                .findFirst()
                .map(entry -> PlanFile.at(
                        plan.file(),
                        entry.line(),
                        entry.column(),
                        what.replace("option '" + flag.longestName() + "'", "'" + key + "'")))
                .orElseGet(() -> CommandFailure.usage(what));
    }

    /// The folder of the plan that a folder is or belongs to, null where it is of none.
    static @Nullable Path planFolder(Path run) {
        if (Files.exists(run.resolve(SETTINGS))) {
            return run;
        }
        Path parent = run.toAbsolutePath().normalize().getParent();
        return parent != null && Files.exists(parent.resolve(SETTINGS)) ? parent : null;
    }
}
