package dev.latencylens.cli;

import dev.latencylens.audit.Evidence;
import dev.latencylens.audit.HostCheck;
import dev.latencylens.stats.Percentile;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/// `lens audit`: how much of a run's figures is this machine's, or whether a machine is fit to measure on.
@Command(
        name = "audit",
        mixinStandardHelpOptions = true,
        description = "Lays what the machine did over a run's tokens, or checks this machine before a run (--host).")
final class AuditCommand implements Callable<Integer> {
    private static final List<Percentile> PERCENTILES =
            List.of(Percentile.P50, Percentile.P90, Percentile.P99, Percentile.P99_9);

    private static final long NO_RECORDING = -1;

    /// Pauses told one by one.
    private static final int MOST_LISTED = 5;

    private static final String LEFT = "          ";

    /// Of a run that broke off.
    private static final String AT_THE_END = "not known, for a run tells it at its end";
    private final Console console;

    @Parameters(index = "0", arity = "0..1", paramLabel = "RUN_DIR", description = "folder of the run")
    private @Nullable Path runDirectory;

    @Option(names = "--host", description = "check this machine instead")
    private boolean host;

    AuditCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        if (host == (runDirectory != null)) {
            throw CommandFailure.usage("lens audit needs the folder of a run, or --host; give one of them");
        }
        if (runDirectory == null) {
            checkHost();
        } else {
            audit(runDirectory);
        }
        console.out().flush();
        return ExitCode.GOOD;
    }

    private void checkHost() {
        List<HostCheck> checks = HostCheck.all();
        for (HostCheck check : checks) {
            String mark = switch (check.finding()) {
                case GOOD -> "good";
                case DOUBTFUL -> "DOUBTFUL";
                case UNKNOWN -> "unknown";
            };
            say(String.format(Locale.ROOT, "%-10s%-24s", mark, check.name()), check.seen());
            if (!check.advice().isEmpty()) {
                say(LEFT, check.advice());
            }
        }
        say("", said(checks));
    }

    /// What all of them come to.
    static String said(List<HostCheck> checks) {
        long doubtful = count(checks, HostCheck.Finding.DOUBTFUL);
        long unknown = count(checks, HostCheck.Finding.UNKNOWN);
        String untold = unknown + " of " + checks.size() + " could not be looked at";
        return doubtful == 0
                ? "Nothing speaks against measuring here" + (unknown == 0 ? "" : ", but " + untold) + "."
                : doubtful + " of " + checks.size() + " may make figures uneven"
                        + (unknown == 0 ? "" : ", and " + untold) + "; each report's verdict tells whether they did.";
    }

    private static long count(List<HostCheck> checks, HostCheck.Finding finding) {
        return checks.stream().filter(check -> check.finding() == finding).count();
    }

    private void audit(Path folder) throws IOException {
        RunSamples.timedRunFile(folder);
        Path run = folder.resolve(RunDirectory.RUN);
        Path exchanges = RunSamples.existing(folder.resolve(RunDirectory.EXCHANGES));
        Path recording = folder.resolve(RunDirectory.RECORDING);
        boolean recorded = Files.exists(recording);
        long recordedBytes = recorded ? Files.size(recording) : NO_RECORDING;
        Evidence evidence = Files.isReadable(recording)
                ? Evidence.read(recording)
                : new Evidence(List.of(), 0, 0, recorded ? "it may not be read" : "");
        Audit audit;
        try {
            audit = Audit.of(run, exchanges, evidence);
        } catch (JacksonException e) {
            throw CommandFailure.usage("'" + run + "' is damaged; give the folder of another run", e);
        }
        print(folder, audit, recordedBytes);
    }

    private void print(Path folder, Audit audit, long recordedBytes) {
        PrintStream out = console.out();
        say("Audited   ", folder.toString());
        JsonNode verdict = audit.run.path("verdict");
        out.println("Verdict   " + verdict.path("state").asString("none: the run did not end"));
        verdict.path("reasons")
                .forEach(reason -> say("          - ", reason.path("text").asString("")));
        recording(audit, recordedBytes);
        if (audit.unreadLines > 0) {
            say(LEFT, Figures.count(audit.unreadLines, "line") + " of exchanges.jsonl could not be read, and left out");
        }
        machine(audit);
        stalls(audit);
        budget(audit);
    }

    private void recording(Audit audit, long recordedBytes) {
        if (recordedBytes == NO_RECORDING) {
            say(
                    "Recording ",
                    "none, so collections, safepoints and compilations are not known; give lens run" + " --jfr on");
            return;
        }
        Evidence evidence = audit.evidence;
        String unread = recordedBytes == 0 ? "it is empty, as a process leaves it that is killed" : evidence.unread();
        if (!unread.isEmpty() && evidence.tokens() == 0 && evidence.stalls().isEmpty()) {
            say(
                    "Recording ",
                    "cannot be read: " + unread + ", so collections, safepoints and compilations are not known;"
                            + " all here is from the run's other files");
            return;
        }
        say(
                "Recording ",
                Figures.count(evidence.tokens()) + " tokens, " + Figures.count(audit.tokens)
                        + " in exchanges.jsonl"
                        + (evidence.tokens() == audit.tokens ? "" : ": THEY DIFFER")
                        + (evidence.lostBytes() == 0
                                ? ""
                                : "; the Flight Recorder LOST " + Figures.count(evidence.lostBytes()) + " bytes"));
        if (!unread.isEmpty()) {
            say(
                    LEFT,
                    unread + ", so what the virtual machine did is known in part at most; all else is from the run's"
                            + " other files");
        }
    }

    private void machine(Audit audit) {
        JsonNode client = audit.run.at("/summary/client");
        for (JsonNode thread : client.path("threads")) {
            say(
                    "Thread    ",
                    thread.path("name").asString("") + " ran "
                            + Figures.millis(thread.path("ranNs").asLong()) + " ms, waited "
                            + Figures.millis(thread.path("runQueueNs").asLong()) + " ms for a CPU, was switched out "
                            + thread.path("involuntarySwitches").asLong() + " times");
        }
        JsonNode machine = client.path("host");
        say(
                "Host      ",
                machine.isMissingNode()
                        ? AT_THE_END
                        : told(machine, "stealNs", "steal", " ms stolen by the hypervisor") + ", "
                                + told(machine, "cpuPressureNs", "CPU pressure", " ms with a thread waiting for a CPU")
                                + ", "
                                + (machine.has("interrupts")
                                        ? Figures.count(machine.path("interrupts")
                                                        .asLong()) + " interrupts"
                                        : "interrupts not told")
                                + ", "
                                + (machine.has("retransmits")
                                        ? machine.path("retransmits").asLong() + " TCP segments sent again"
                                        : "retransmits not told"));
        path(audit);
        JsonNode stamps = client.path("stamps");
        say(
                "Clock     ",
                stamps.isMissingNode()
                        ? AT_THE_END
                        : "the wall clock was set " + stamps.path("clockSteps").asInt() + " times; flight log full "
                                + client.path("flightLogFull").asLong() + " times, "
                                + Figures.millis(client.path("flightLogFullNs").asLong()) + " ms; loop lag "
                                + Figures.millis(client.at("/loopLag/p99Ns").asLong()) + " ms at p99 over time");
    }

    /// The network under the connections, by TCP_INFO.
    private void path(Audit audit) {
        OptionalLong p50Ns = audit.rtt.percentile(Percentile.P50);
        if (audit.rtt.count() > 0) {
            say(
                    "Network   ",
                    "round trip "
                            + (p50Ns.isPresent() ? Figures.millis(p50Ns.getAsLong()) + " ms at p50, " : "")
                            + Figures.millis(audit.rtt.max().orElse(0)) + " ms at most, smoothed by the kernel; "
                            + audit.retransmits + " segments sent again on the connections of this run");
        }
    }

    private static String told(JsonNode machine, String member, String name, String unit) {
        return machine.has(member) ? Figures.millis(machine.path(member).asLong()) + unit : name + " not told";
    }

    private void stalls(Audit audit) {
        PrintStream out = console.out();
        out.println();
        out.printf(
                Locale.ROOT,
                "%-22s%8s%12s%12s%16s%n",
                "in the window",
                "count",
                "total ms",
                "longest ms",
                "tokens touched");
        audit.byKind.forEach((kind, touched) -> {
            boolean known = isKnown(audit, kind);
            String least = isInPart(audit, kind) ? "+" : "";
            out.printf(
                    Locale.ROOT,
                    "%-22s%8s%12s%12s%16s%n",
                    kind.name().toLowerCase(Locale.ROOT).replace('_', ' '),
                    known ? touched.count + least : "-",
                    known ? Figures.millis(touched.totalNs) + least : "-",
                    known ? Figures.millis(touched.longestNs) + least : "-",
                    known ? touched.tokens + least : "-");
        });
        out.println("  The window is from the start of the first measured request to the end of the last.");
        if (!audit.byKind.keySet().stream().allMatch(kind -> isKnown(audit, kind))) {
            out.println("  -: not known. Loop pauses are told at a run's end, the others by a recording (--jfr on).");
        }
        if (audit.byKind.keySet().stream().anyMatch(kind -> isKnown(audit, kind) && isInPart(audit, kind))) {
            out.println("  +: at least, for the recording could be read in part only.");
        }
        for (Audit.Pause pause : audit.longest(MOST_LISTED)) {
            Evidence.Stall stall = pause.stall();
            say(
                    "  ",
                    String.format(
                            Locale.ROOT,
                            "at %s s for %s ms: %s%s, %s touched%s",
                            Figures.seconds(stall.startAtNs() - audit.startNs),
                            Figures.millis(stall.tookNs()),
                            stall.kind().name().toLowerCase(Locale.ROOT).replace('_', ' '),
                            stall.what().isEmpty() ? " of " + stall.thread() : " (" + stall.what() + ")",
                            Figures.count(pause.tokens(), "token"),
                            pause.requests() == 0
                                    ? ""
                                    : ", " + Figures.count(pause.requests(), "request") + " held up"));
        }
        out.println("  Compilations run beside Java's threads: what one touches need not have waited for it.");
        out.println();
    }

    /// Of a part of a recording, what it does not have may have been in the rest.
    private static boolean isKnown(Audit audit, Evidence.Kind kind) {
        Audit.Touched touched = audit.byKind.get(kind);
        return audit.isKnown(kind) && !(isInPart(audit, kind) && touched != null && touched.count == 0);
    }

    /// Loop pauses are then those of `run.json`.
    private static boolean isInPart(Audit audit, Evidence.Kind kind) {
        return kind != Evidence.Kind.LOOP_PAUSE && !audit.evidence.unread().isEmpty();
    }

    private void budget(Audit audit) {
        PrintStream out = console.out();
        out.println("Noise budget");
        lines(audit, "TTFT", audit.ttft);
        lines(audit, "ICL", audit.icl);
        say(
                "",
                audit.kernelStamps
                        ? "Arrivals are the kernel's stamps, which no pause of this client moves: what counts is its part"
                                + " of the time until the request had left, and how long what came together had waited,"
                                + " which the kernel may have merged."
                        : "Arrivals are this client's own readings: the time since a pause that touched one began, or"
                                + " since the read before, counts.");
    }

    private void lines(Audit audit, String name, Audit.Budget budget) {
        for (Percentile percentile : PERCENTILES) {
            OptionalLong measured = budget.measured.percentile(percentile);
            if (measured.isEmpty()) {
                continue;
            }
            if (!audit.pausesKnown) {
                say(
                        "  ",
                        "of " + name + " " + percentile.label() + " " + Figures.millis(measured.getAsLong())
                                + " ms, how much is this machine is not known");
                continue;
            }
            long withoutNs = budget.withoutMachine.percentile(percentile).orElse(measured.getAsLong());
            OptionalLong untouched = budget.untouched.percentile(percentile);
            say(
                    "  ",
                    "of " + name + " " + percentile.label() + " " + Figures.millis(measured.getAsLong())
                            + " ms, at most " + Figures.millis(measured.getAsLong() - withoutNs)
                            + " ms is this machine; without touched tokens "
                            + (untouched.isPresent()
                                    ? Figures.millis(untouched.getAsLong()) + " ms"
                                    : "n/a " + percentile.floor())
                            + " ("
                            + Figures.count(budget.measured.count() - budget.untouched.count()) + " of "
                            + Figures.count(budget.measured.count()) + " touched)");
        }
    }

    private void say(String lead, String words) {
        console.out().print(Paragraph.of(lead, words, Report.COLUMNS));
    }
}
