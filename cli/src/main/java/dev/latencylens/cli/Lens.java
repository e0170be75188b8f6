package dev.latencylens.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/// The command line's entrance.
public final class Lens implements Callable<Integer> {
    /// Shows the stack of an unexpected failure.
    private static final String DEBUG = "LENS_DEBUG";

    /// Commands that make runs, or complete one.
    private static final Set<String> WITH_RUNS = Set.of("run", "sweep", "search", "plan", "resume", "recover");

    /// How picocli tells the values of an enum.
    private static final Pattern CONSTANTS =
            Pattern.compile("expected one of \\[([A-Z0-9_, ]+)](?: \\(case-insensitive\\))?");

    public static void main(String[] args) {
        if (args.length > 0 && args[0].equals("run")) {
            if (Arrays.stream(args).anyMatch(Lens::speaksTls)) {
                Priming.begin(true);
            } else if (Arrays.stream(args).anyMatch(argument -> argument.contains("http://"))) {
                Priming.begin(false);
            }
        }
        System.exit(run(Console.ofProcess(), args));
    }

    /// What takes long to get ready for is begun before the arguments are read, on another CPU. To be wrong costs
    /// a start without TLS that work, or one with it a tenth of a second.
    private static boolean speaksTls(String argument) {
        return argument.contains("https://") || argument.startsWith("--provider");
    }

    /// Runs one command and returns its exit code.
    static int run(Console console, String... args) {
        var secrets = new Secrets();
        CommandSpec entrance = CommandSpec.wrapWithoutInspection(new Lens()).name("lens");
        entrance.usageMessage().description("Measures how fast a large language model answers over the network.");
        new Flags(entrance).addHelp();
        var lens = new CommandLine(entrance);
        Map<String, Supplier<Object>> commands = commands(console, secrets);
        // Only the one that is asked for is set up, where that is clear: each costs a start tens of milliseconds.
        boolean clear = args.length > 0 && commands.containsKey(args[0]);
        commands.forEach((name, command) -> {
            if (!clear || name.equals(args[0])) {
                lens.addSubcommand(name, command.get());
            }
        });
        if (!clear) {
            lens.addSubcommand("help", new CommandLine.HelpCommand());
        }
        lens.setOut(new PrintWriter(console.out(), true, StandardCharsets.UTF_8))
                .setErr(new PrintWriter(console.err(), true, StandardCharsets.UTF_8))
                .setUsageHelpWidth(100)
                .setParameterExceptionHandler((wrong, given) -> fail(
                        console,
                        secrets,
                        ExitCode.USAGE,
                        asTyped(saying(wrong), options(wrong.getCommandLine(), console, secrets), args)))
                .setExecutionExceptionHandler((thrown, command, parsed) -> thrown instanceof CommandFailure failure
                        ? explain(
                                console,
                                secrets,
                                failure,
                                asTyped(failure.line(), options(command, console, secrets), args))
                        : explain(console, secrets, thrown));
        int exitCode = lens.execute(SeriesOptions.apart(args));
        // Flushes too. Nobody may take half a report for a whole one.
        if (console.out().checkError()) {
            fail(
                    console,
                    secrets,
                    exitCode,
                    "standard output was closed, or its disk is full, before everything was said"
                            + (measures(lens) ? "; the figures of a run are in its folder all the same" : ""));
            return exitCode == ExitCode.GOOD ? ExitCode.OUTPUT_LOST : exitCode;
        }
        return exitCode;
    }

    private static Map<String, Supplier<Object>> commands(Console console, Secrets secrets) {
        var commands = new LinkedHashMap<String, Supplier<Object>>();
        commands.put("run", () -> RunCommand.line(new RunCommand(console, secrets)));
        commands.put(
                "calibrate", () -> CalibrateCommand.line(new CalibrateCommand(console, CalibrationRun.Effort.FULL)));
        commands.put(
                "compare",
                () -> new CommandLine(new CompareCommand(console)).setCaseInsensitiveEnumValuesAllowed(true));
        commands.put("sweep", () -> series(new SweepCommand(console)));
        commands.put("search", () -> series(new SearchCommand(console)));
        commands.put("audit", () -> new AuditCommand(console));
        commands.put("plan", () -> new PlanCommand(console, secrets));
        commands.put("resume", () -> new ResumeCommand(console, secrets));
        commands.put("history", () -> new HistoryCommand(console));
        commands.put("baseline", () -> new BaselineCommand(console));
        commands.put("recover", () -> new RecoverCommand(console));
        commands.put("truth", () -> new TruthCommand(console));
        commands.put("simulate", SimulateCommand::commandLine);
        commands.put("inspect", () -> new InspectCommand(console));
        return commands;
    }

    /// Whether there is a run that it was about.
    private static boolean measures(CommandLine lens) {
        CommandLine.ParseResult subcommand = lens.getParseResult().subcommand();
        return subcommand != null
                && !subcommand.isUsageHelpRequested()
                && !subcommand.isVersionHelpRequested()
                && WITH_RUNS.contains(subcommand.commandSpec().name());
    }

    /// Takes what it does not know for a flag of `lens run`, and never for a value.
    private static CommandLine series(Callable<Integer> command) {
        return new CommandLine(command).setUnmatchedOptionsAllowedAsOptionParameters(false);
    }

    @Override
    public Integer call() {
        throw CommandFailure.usage(
                "give a command: run, sweep, search, compare, plan, resume, recover, history, baseline, calibrate, audit, truth,"
                        + " simulate or inspect; lens --help tells more");
    }

    /// `lens 0.1.0 (Java 25.0.3)`.
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"lens " + number() + " (Java " + Runtime.version() + ")"};
        }

        /// The version that the build wrote into the jar.
        static String number() {
            String version = Lens.class.getPackage().getImplementationVersion();
            return version == null ? "0.1.0-SNAPSHOT" : version;
        }
    }

    /// What is wrong, in the words of the command line: picocli's are Java's.
    static String said(ParameterException wrong) {
        String what = String.valueOf(wrong.getMessage()).lines().findFirst().orElse("");
        return CONSTANTS
                .matcher(what)
                .replaceAll(found -> "expected one of " + found.group(1).toLowerCase(Locale.ROOT))
                .replace("option option ", "option ")
                .replaceFirst("(is not) an int$", "$1 a whole number of at most " + Integer.MAX_VALUE)
                .replaceFirst("(is not) a long$", "$1 a whole number")
                .replaceFirst("(is not) a double$", "$1 a number");
    }

    private static String saying(ParameterException wrong) {
        String what = said(wrong);
        String where = wrong.getCommandLine().getCommandSpec().qualifiedName();
        if (wrong instanceof UnmatchedArgumentException unmatched
                && !unmatched.getUnmatched().isEmpty()) {
            List<String> suggestions = unmatched.getSuggestions();
            String cure = suggestions.isEmpty()
                    ? where + " --help lists what there is"
                    : "did you mean " + String.join(" or ", suggestions) + "?";
            return "unknown argument '" + unmatched.getUnmatched().getFirst() + "'; " + cure;
        }
        return what + (what.endsWith(".") ? " " : "; ") + where + " --help tells more";
    }

    /// A message names a flag by one of its names; the user knows it by the one that was typed.
    private static String asTyped(String message, List<OptionSpec> options, String... args) {
        String told = message;
        for (OptionSpec option : options) {
            String typed = Arrays.stream(option.names())
                    .filter(name -> Arrays.stream(args).anyMatch(arg -> arg.equals(name) || arg.startsWith(name + "=")))
                    .findFirst()
                    .orElse("");
            if (typed.isEmpty()) {
                continue;
            }
            for (String name : option.names()) {
                told = told.replaceAll(
                        "(?<![\\w-])" + Pattern.quote(name) + "(?![\\w-])", Matcher.quoteReplacement(typed));
            }
        }
        return told;
    }

    /// Sweep and search hand on what they do not know to a run.
    private static List<OptionSpec> options(CommandLine command, Console console, Secrets secrets) {
        var options = new ArrayList<>(command.getCommandSpec().options());
        if (command.isUnmatchedArgumentsAllowed()) {
            options.addAll(RunCommand.line(new RunCommand(console, secrets))
                    .getCommandSpec()
                    .options());
        }
        return options;
    }

    private static int explain(Console console, Secrets secrets, CommandFailure failure, String message) {
        debug(console, secrets, failure);
        return fail(console, secrets, failure.exitCode(), message);
    }

    private static int explain(Console console, Secrets secrets, Exception thrown) {
        debug(console, secrets, thrown);
        if (thrown instanceof IOException broken) {
            return fail(
                    console,
                    secrets,
                    ExitCode.NOTHING_MEASURED,
                    "a file could not be read or written: " + CommandFailure.reason(broken)
                            + "; is its disk full, or may you not?");
        }
        return fail(
                console,
                secrets,
                ExitCode.NOTHING_MEASURED,
                "unexpected failure: " + thrown + "; please report it, with what LENS_DEBUG=1 shows");
    }

    private static void debug(Console console, Secrets secrets, Exception thrown) {
        if (console.environment().getOrDefault(DEBUG, "").equals("1")) {
            var stack = new StringWriter();
            thrown.printStackTrace(new PrintWriter(stack));
            console.err().print(secrets.redact(stack.toString()));
        }
    }

    private static int fail(Console console, Secrets secrets, int exitCode, String message) {
        console.err().println("lens: " + secrets.redact(String.valueOf(message).replaceAll("\\s*\\R\\s*", " ")));
        return exitCode;
    }
}
