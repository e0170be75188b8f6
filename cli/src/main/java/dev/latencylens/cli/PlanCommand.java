package dev.latencylens.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/// `lens plan`: looks at a plan without carrying it out.
@Command(
        name = "plan",
        mixinStandardHelpOptions = true,
        description = "Checks or explains a plan for lens run, or prints the schema of plans; sends nothing.")
final class PlanCommand implements Callable<Integer> {
    private final Console console;
    private final Secrets secrets;

    PlanCommand(Console console, Secrets secrets) {
        this.console = console;
        this.secrets = secrets;
    }

    @Override
    public Integer call() {
        throw CommandFailure.usage("give validate, explain or schema; lens plan --help tells more");
    }

    @Command(
            name = "validate",
            mixinStandardHelpOptions = true,
            description = "Says what is wrong with a plan, with line and column, or how many runs it is.")
    int validate(@Parameters(paramLabel = "FILE", description = "the plan") Path file) throws IOException {
        int runs = plans(file).size();
        console.out().println(file + " is a plan of " + runs + (runs == 1 ? " run" : " runs"));
        return ExitCode.GOOD;
    }

    @Command(
            name = "explain",
            mixinStandardHelpOptions = true,
            description = "Tells what each run of a plan comes to, where each value stands, and what it would cost.")
    int explain(@Parameters(paramLabel = "FILE", description = "the plan") Path file) throws IOException {
        for (Map.Entry<PlanFile.Run, Plan> planned : plans(file).entrySet()) {
            console.out().println("Run '" + planned.getKey().name() + "'");
            for (PlanFile.Entry entry : planned.getKey().entries()) {
                console.out()
                        .println("  " + entry.key() + ": " + String.join(", ", entry.values()) + "  (line "
                                + entry.line() + ")");
            }
            console.out().println(secrets.redact(DryRun.of(planned.getValue())));
        }
        return ExitCode.GOOD;
    }

    @Command(
            name = "schema",
            mixinStandardHelpOptions = true,
            description = "Prints the JSON Schema of plans, for editors and other checkers.")
    int schema() {
        console.out().print(PlanSchema.of(PlanExecution.keys(console)));
        return ExitCode.GOOD;
    }

    private Map<PlanFile.Run, Plan> plans(Path file) throws IOException {
        return new PlanExecution(console, secrets).check(PlanFile.read(file, PlanExecution.keys(console)));
    }
}
