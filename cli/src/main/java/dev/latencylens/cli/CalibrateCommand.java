package dev.latencylens.cli;

import static dev.latencylens.cli.Flags.named;

import dev.latencylens.audit.Reason;
import dev.latencylens.clock.Clock;
import dev.latencylens.clock.ClockAnchor;
import dev.latencylens.clock.ClockGrain;
import dev.latencylens.stats.Percentile;
import dev.latencylens.transport.Cpus;
import dev.latencylens.transport.HttpVersion;
import dev.latencylens.transport.SocketKind;
import dev.latencylens.transport.Stamps;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;

/// `lens calibrate`: measures this client's own error on this machine, and keeps it for the reports of later runs.
final class CalibrateCommand implements Callable<Integer> {
    private static final List<String> WAITS = List.of("park", "spin");
    private static final Pattern FULL = Pattern.compile("No space left|[Qq]uota exceeded");
    private static final int NAME_WIDTH = 22;
    private static final int VALUE_WIDTH = 10;

    private final Console console;
    private final CalibrationRun.Effort effort;

    private final IoOptions io = new IoOptions();
    private Set<Integer> concurrencies = Set.of(32);
    private boolean json;
    private boolean full;

    /// Calibrations that are still to be made.
    private int left;

    CalibrateCommand(Console console, CalibrationRun.Effort effort) {
        this.console = console;
        this.effort = effort;
    }

    static CommandLine line(CalibrateCommand calibrate) {
        CommandSpec command = CommandSpec.wrapWithoutInspection(calibrate).name("calibrate");
        command.usageMessage()
                .description(
                        "Measures how far off this client's own figures are.",
                        "A provider in another process knows when it truly wrote. What is found is stored, as the error bar of later"
                                + " runs of the same shape.")
                .sortOptions(false);
        var flags = new Flags(command);
        calibrate.declare(flags);
        flags.addHelp();
        return new CommandLine(command).setCaseInsensitiveEnumValuesAllowed(true);
    }

    private void declare(Flags flags) {
        flags.addList(
                named("--concurrency")
                        .paramLabel("N")
                        .splitRegex(",")
                        .description(
                                "streams, each rounded up to a power of two, which is how runs find it (default 32)"),
                Integer.class,
                value -> concurrencies = new LinkedHashSet<>(value));
        io.declare(flags);
        flags.add(
                named("--json").description("print what is stored instead, in nanoseconds"),
                Boolean.class,
                value -> json = value);
        flags.add(
                named("--full")
                        .description(
                                "as the first argument: measure instead what a token event costs, by JMH, and write"
                                        + " jmh-results and docs/overhead.md; half an hour, -s for a quarter (./lens alone does this)"),
                Boolean.class,
                value -> full = value);
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        try {
            return calibrate();
        } catch (IllegalArgumentException wrong) {
            throw CommandFailure.usage(String.valueOf(wrong.getMessage()), wrong);
        }
    }

    private int calibrate() throws InterruptedException {
        if (full) {
            throw CommandFailure.usage(
                    "--full is carried out by the lens script, as the first argument; give ./lens calibrate --full [-s]");
        }
        Cpus cpus = io.cpus();
        List<Shape> shapes = shapes(cpus);
        CalibrationStore store = CalibrationStore.of(console.environment());
        try {
            store.prepare();
        } catch (IOException e) {
            throw unkept(e);
        }
        Environment environment = Environment.ofThisMachine();
        var fingerprint = Fingerprint.of(environment);
        if (cpus != null) {
            cpus.reserve();
        }
        Clock clock = Clock.monotonic();
        ClockGrain grain = ClockGrain.measure(clock);
        var calibrations = new ArrayList<Calibration>();
        left = shapes.size() + WAITS.size();
        long offsetUncertaintyNs = ClockAnchor.take(clock).offsetUncertaintyNs();
        for (Shape shape : shapes) {
            calibrations.add(measured(shape.load(), new CalibrationRun(shape, effort)));
            // At once, for whoever ends it keeps what has been measured.
            keep(store, CalibrationStore.contents(fingerprint, grain, offsetUncertaintyNs, Map.of(), calibrations));
        }
        var fresh = CalibrationStore.contents(
                fingerprint, grain, offsetUncertaintyNs, wakeUps(shapes.getFirst()), calibrations);
        CommandFailure unkept = keep(store, fresh);
        List<String> doubts = calibrations.stream()
                .flatMap(calibration -> doubt(calibration).stream())
                .toList();
        if (json) {
            console.out().println(fresh.json());
            doubts.forEach(doubt -> console.err().println("lens: " + doubt));
        } else {
            print(fresh, environment, kept(unkept == null ? store.file() : null), doubts);
        }
        if (unkept != null) {
            throw unkept;
        }
        return ExitCode.GOOD;
    }

    /// Null where it is kept.
    private static @Nullable CommandFailure keep(CalibrationStore store, CalibrationStore.Contents contents) {
        try {
            store.write(contents);
            return null;
        } catch (IOException e) {
            return unkept(e);
        }
    }

    static CommandFailure unkept(IOException e) {
        String why = CommandFailure.reason(e);
        String cure = FULL.matcher(why).find()
                ? "free space there, or set XDG_CACHE_HOME to a folder on another disk"
                : "set XDG_CACHE_HOME to a folder that can be written";
        return CommandFailure.nothingMeasured("the calibration cannot be kept (" + why + "); " + cure, e);
    }

    /// @param file null where it could not be written
    static List<String> kept(@Nullable Path file) {
        return file == null
                ? List.of("Kept        nowhere")
                : List.of(
                        "Kept        in " + file,
                        "            for runs of these shapes, until this machine, its kernel, its Java or lens changes");
    }

    /// What speaks against a calibration: a run on so busy a machine would be INVALID where the read is the
    /// arrival.
    static Optional<String> doubt(Calibration calibration) {
        return calibration.loopLagP99Ns() <= Reason.LoopLagged.LIMIT_NS
                ? Optional.empty()
                : Optional.of(calibration.shape().load() + ": the loop lag was "
                        + Figures.millis(calibration.loopLagP99Ns()) + " ms at p99 over time, where a run is allowed "
                        + Figures.millis(Reason.LoopLagged.LIMIT_NS)
                        + " ms; these figures are of a busy machine, calibrate again when it is quiet");
    }

    /// The four ways to carry a stream, at each concurrency.
    private List<Shape> shapes(@Nullable Cpus cpus) {
        SocketKind sockets = io.sockets();
        Stamps stamps = io.stamps(sockets);
        var shapes = new LinkedHashSet<Shape>();
        for (int concurrency : concurrencies) {
            if (concurrency < 1 || concurrency > Shape.MOST_STREAMS) {
                throw CommandFailure.usage(
                        "--concurrency must be from 1 to " + Shape.MOST_STREAMS + ", was " + concurrency);
            }
            int threads = io.threads(concurrency, cpus);
            for (boolean tls : new boolean[] {false, true}) {
                for (HttpVersion http : List.of(HttpVersion.HTTP_1_1, HttpVersion.HTTP_2)) {
                    shapes.add(Shape.of(http, tls, concurrency, sockets, threads, cpus, io.spin(), stamps));
                }
            }
        }
        return List.copyOf(shapes);
    }

    /// A thread that sleeps is woken, one that polls is not; both look at one stream of the first shape's kind.
    private Map<String, Spread> wakeUps(Shape like) throws InterruptedException {
        var wakeUps = new LinkedHashMap<String, Spread>();
        for (String wait : WAITS) {
            var shape = new Shape(like.http(), like.tls(), 1, like.transport(), 1, like.ioCpus(), wait, like.stamps());
            Calibration calibration = measured(
                    "the wake-up of an I/O thread, " + wait,
                    new CalibrationRun(shape, CalibrationRun.Pace.WAKE_UP, effort));
            wakeUps.put(wait, calibration.readErrorNs());
        }
        return wakeUps;
    }

    /// Tells how long all that is left takes; each may end early, when two rounds agree.
    private Calibration measured(String what, CalibrationRun run) throws InterruptedException {
        console.err()
                .println("lens: calibrating " + what + " ... (" + left + " to go, "
                        + effort.least().multipliedBy(left).toSeconds() + " to "
                        + effort.most().multipliedBy(left).toSeconds() + " s)");
        left--;
        try {
            return run.measure();
        } catch (IOException e) {
            throw CommandFailure.nothingMeasured(
                    "the calibration failed: " + CommandFailure.reason(e)
                            + "; see whether ./lens simulate starts, and give the machine less to do",
                    e);
        }
    }

    private void print(
            CalibrationStore.Contents contents, Environment environment, List<String> kept, List<String> doubts) {
        PrintStream out = console.out();
        Shape first = contents.calibrations().getFirst().shape();
        out.println("Calibrated  " + environment.summary());
        out.println("Client      " + first.client());
        out.println();
        out.println(heading("error in us"));
        for (Calibration calibration : contents.calibrations()) {
            out.println(calibration.shape().load() + ": " + calibration.basis() + ", "
                    + Figures.count(calibration.lostChunks()) + " chunks lost");
            row("  ttft", calibration.ttftErrorNs());
            row("  gap, either way", calibration.gapErrorNs());
            row("  chunk arrival", calibration.arrivalErrorNs());
            row("  read lag", calibration.readLagNs());
            out.println(String.format(Locale.ROOT, "  %-" + (NAME_WIDTH - 2) + "s", "loop lag, over time")
                    + " ".repeat(3 * VALUE_WIDTH)
                    + right(Figures.micros(calibration.loopLagP99Ns()))
                    + right("-")
                    + right(Figures.micros(calibration.loopLagLongestNs())));
        }
        out.println("wake-up of an I/O thread, 1 stream: from a write to the instant after the read call");
        contents.wakeUps().entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .forEach(wakeUp ->
                        row(wakeUp.getKey().equals("park") ? "  parked" : "  busy-polling", wakeUp.getValue()));
        out.println();
        out.printf(
                Locale.ROOT,
                "Clock       %.1f ns a reading, %d ns the smallest step; the wall clock is known within %d ns%n",
                contents.clock().readingNs(),
                contents.clock().stepNs(),
                Math.max(1, contents.offsetUncertaintyNs()));
        out.println("Formulas    ttft, chunk arrival: measured arrival - instant of the write that carried it");
        out.println("            gap: |measured - true|; read lag: instant after the read call - kernel's stamp");
        out.println("            n/a N: the percentile needs N samples");
        doubts.forEach(doubt -> out.print(Paragraph.of("Doubt       ", doubt, Report.COLUMNS)));
        kept.forEach(out::println);
    }

    private static String heading(String first) {
        var line = new StringBuilder(String.format(Locale.ROOT, "%-" + NAME_WIDTH + "s", first)).append(right("count"));
        Spread.PERCENTILES.forEach(percentile -> line.append(right(percentile.label())));
        return line.append(right("max")).toString();
    }

    private void row(String name, Spread spread) {
        if (spread.count() == 0) {
            return;
        }
        var line = new StringBuilder(String.format(Locale.ROOT, "%-" + NAME_WIDTH + "s", name))
                .append(right(Long.toString(spread.count())));
        for (Percentile percentile : Spread.PERCENTILES) {
            OptionalLong value = spread.percentile(percentile);
            line.append(right(value.isPresent() ? Figures.micros(value.getAsLong()) : "n/a " + percentile.floor()));
        }
        console.out().println(line.append(right(Figures.micros(spread.max()))));
    }

    private static String right(String value) {
        return String.format(Locale.ROOT, "%" + VALUE_WIDTH + "s", value);
    }
}
