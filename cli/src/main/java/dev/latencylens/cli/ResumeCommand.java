package dev.latencylens.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/// `lens resume`: goes on with a plan of several runs that was interrupted.
@Command(
        name = "resume",
        mixinStandardHelpOptions = true,
        description = {
            "Goes on with a plan that was interrupted.",
            "Runs that are complete are left as they are, one that broke off is made anew in a folder beside it, the"
                    + " others follow."
        })
final class ResumeCommand implements Callable<Integer> {
    private final Console console;
    private final Secrets secrets;

    @Parameters(index = "0", paramLabel = "PLAN_DIR|RUN_DIR", description = "folder of the plan, or of one of its runs")
    private @Nullable Path folder;

    ResumeCommand(Console console, Secrets secrets) {
        this.console = console;
        this.secrets = secrets;
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (folder == null) {
            throw new IllegalStateException("the command was not parsed by picocli");
        }
        Path plan = PlanExecution.planFolder(folder);
        if (plan != null) {
            return new PlanExecution(console, secrets).resume(plan);
        }
        if (Files.exists(folder.resolve(RunDirectory.RUN))) {
            throw CommandFailure.usage(
                    "'" + folder + "' is a run of its own and no part of a plan, and half a load cannot"
                            + " be gone on with; lens recover makes its report, lens run measures again");
        }
        throw CommandFailure.usage(
                "'" + folder + "' holds no plan; give the folder that lens run PLAN made, with its plan.json");
    }
}
