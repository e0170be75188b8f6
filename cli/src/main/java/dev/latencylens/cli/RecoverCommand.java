package dev.latencylens.cli;

import dev.latencylens.audit.Caveats;
import dev.latencylens.audit.Circumstances;
import dev.latencylens.audit.Reason;
import dev.latencylens.audit.Verdict;
import dev.latencylens.provider.CostSummary;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// `lens recover`: the report of a run whose process died, from what it had written.
@Command(
        name = "recover",
        mixinStandardHelpOptions = true,
        description = {
            "Makes the report of a run that was killed, from what it had written.",
            "That is everything up to half a second before its end. Completes the run's folder, and changes no run that"
                    + " has ended by itself."
        },
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:there is a report, whatever its verdict: with --lenient only",
            "2:there is no run, it is complete, or it goes on",
            "3:INVALID",
            "4:INCONCLUSIVE: all that a run which was broken off can be, where it is not INVALID",
            "5:nothing was measured, or the report could not be kept (a full disk)"
        })
final class RecoverCommand implements Callable<Integer> {
    private final Console console;

    @Parameters(index = "0", paramLabel = "RUN_DIR", description = "folder of the run")
    private @Nullable Path runDirectory;

    @Option(
            names = "--lenient",
            description = "exit with 0 where there is a report, whatever its verdict; without it no recovered run does")
    private boolean lenient;

    RecoverCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        if (runDirectory == null) {
            throw new IllegalStateException("the command was not parsed by picocli");
        }
        return recover(console, new RunDirectory(runDirectory), lenient);
    }

    /// Returns the exit code of the report's verdict.
    private static int recover(Console console, RunDirectory directory, boolean lenient) throws IOException {
        ObjectNode recorded = recorded(directory);
        Path exchanges = directory.file(RunDirectory.EXCHANGES);
        try (FileChannel file = FileChannel.open(exchanges, StandardOpenOption.READ, StandardOpenOption.WRITE);
                FileLock lock = lock(file)) {
            if (lock == null) {
                throw CommandFailure.usage("the run in '" + directory.path()
                        + "' is still going on, its process holds exchanges.jsonl; wait for its end, or end it");
            }
            return recover(console, directory, lenient, recorded, file);
        } catch (NoSuchFileException e) {
            throw CommandFailure.usage(
                    "'" + exchanges + "' is missing, so there is nothing to recover from; give the folder of a run", e);
        }
    }

    /// Whether a living process is writing it.
    static boolean goesOn(RunDirectory directory) throws IOException {
        try (FileChannel file = FileChannel.open(directory.file(RunDirectory.EXCHANGES), StandardOpenOption.WRITE);
                FileLock lock = lock(file)) {
            return lock == null;
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    private static int recover(
            Console console, RunDirectory directory, boolean lenient, ObjectNode recorded, FileChannel file)
            throws IOException {
        WrittenRun run;
        try {
            run = WrittenRun.of(recorded);
        } catch (RuntimeException e) {
            throw CommandFailure.usage(
                    "'" + directory.file(RunDirectory.RUN) + "' is of another version of lens (" + e.getMessage()
                            + "); recover it with the one that wrote it",
                    e);
        }
        Plan plan = run.plan();
        var costs = new CostSummary(plan.pricing().tariff().orElse(null));
        Path exchanges = directory.file(RunDirectory.EXCHANGES);
        long startNs = run.clock().monotonicStartNs();
        boolean repeatsAnswers = recorded.at("/plan/turns/history").asString("").equals(Prompts.History.REAL.label());
        long tornBefore = recorded.at("/recovery/tornBytes").longValue(0);
        Recovery recovery = Recovery.of(exchanges, startNs, repeatsAnswers, costs, SteadyPart.NOTHING)
                .afterTorn(tornBefore);
        SteadyPart steady = RunStatistics.steady(directory.path(), plan.steadyOnly());
        if (steady != null && steady.cut()) {
            costs = new CostSummary(plan.pricing().tariff().orElse(null));
            recovery = Recovery.of(exchanges, startNs, repeatsAnswers, costs, steady.fromAtNs())
                    .afterTorn(tornBefore);
        }
        // Not before all has been read: what cannot be read is left as it is.
        file.truncate(recovery.wholeBytes());
        var end =
                new Reason.BrokenOff("the process ended before the run did", recovery.exchanges(), recovery.missing());
        Verdict verdict = Verdict.on(plan.load(), recovery.summary(), end, circumstances(run));
        var caveats = new ArrayList<>(plan.caveats());
        if (recovery.isPartial()) {
            caveats.add(recovery.dropped());
        }
        if (plan.steadyOnly()) {
            SteadyPart.doubt(recovery.summary()).ifPresent(caveats::add);
        }
        caveats.addAll(Caveats.about(plan.load(), recovery.summary()));
        RunCalibration calibration = RunCalibration.skipped("the run did not come to its end");
        RunStatistics statistics = statistics(directory, run, recovery, steady);
        IOException unwritten = null;
        try {
            HistogramFile.write(directory.file(RunDirectory.HISTOGRAMS), recovery.summary(), run.clock());
            var runFile =
                    new RunFile(directory.file(RunDirectory.RUN), plan, run.environment(), run.clock(), new Secrets());
            runFile.tell(statistics);
            runFile.recovered(recorded, recovery, caveats, verdict, calibration);
        } catch (IOException e) {
            unwritten = e;
        }
        if (recovery.summary().answered() == 0) {
            throw CommandFailure.nothingMeasured("the run in '" + directory.path() + "' ended before "
                    + (recovery.exchanges() == 0 ? "any request had ended" : "any measured request was answered")
                    + "; there is no report to make");
        }
        console.out()
                .print(Report.of(
                        plan,
                        recovery.summary(),
                        costs,
                        caveats,
                        verdict,
                        null,
                        null,
                        calibration,
                        run.environment(),
                        directory,
                        statistics));
        if (unwritten != null) {
            throw CommandFailure.nothingMeasured(
                    "the report could not be kept in '" + directory.path() + "': " + unwritten.getMessage()
                            + "; free space there and recover again",
                    unwritten);
        }
        return ExitCode.of(verdict, lenient);
    }

    /// What `run.json` says, of a run that may be recovered.
    private static ObjectNode recorded(RunDirectory directory) {
        Path file = directory.file(RunDirectory.RUN);
        if (!Files.isReadable(file)) {
            throw CommandFailure.usage("cannot read '" + file
                    + "'; give the folder of a run (one without run.json ended before anything was sent)");
        }
        JsonNode json = RunSamples.runFile(directory.path());
        String state = json.path("state").asString("");
        boolean broken = state.equals(RunFile.State.RUNNING.label()) || state.equals(RunFile.State.RECOVERED.label());
        if (!(json instanceof ObjectNode recorded) || !broken) {
            throw CommandFailure.usage("the run in '" + directory.path() + "' is complete (" + state
                    + "), there is nothing to recover; its figures are in run.json");
        }
        return recorded;
    }

    /// Null where a living process holds it.
    private static @Nullable FileLock lock(FileChannel file) throws IOException {
        try {
            return file.tryLock();
        } catch (OverlappingFileLockException ours) {
            return null;
        }
    }

    private static Circumstances circumstances(WrittenRun run) {
        Plan plan = run.plan();
        return new Circumstances(
                plan.embedded(),
                run.environment().clockSource(),
                plan.metrics(),
                plan.percentilesAsked() ? plan.percentiles() : List.of(),
                List.of(),
                List.of(),
                0,
                null);
    }

    private static RunStatistics statistics(
            RunDirectory directory, WrittenRun run, Recovery recovery, @Nullable SteadyPart steady) {
        if (recovery.summary().answered() == 0) {
            return RunStatistics.none("nothing was answered");
        }
        Plan plan = run.plan();
        try {
            return RunStatistics.of(
                    directory.path(),
                    plan.metrics(),
                    plan.confidence(),
                    plan.objectives(),
                    recovery.summary().rates(),
                    run.clock().monotonicStartNs(),
                    steady);
        } catch (CommandFailure unreadable) {
            return RunStatistics.none(unreadable.line());
        }
    }
}
