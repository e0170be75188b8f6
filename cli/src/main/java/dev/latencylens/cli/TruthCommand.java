package dev.latencylens.cli;

import dev.latencylens.simulated.TruthRecord;
import dev.latencylens.stats.Distribution;
import dev.latencylens.stats.Percentile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.StreamWriteFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.json.JsonMapper;

/// `lens truth`: lays a run over the simulator's record, and tells how far its stamps were off.
@Command(
        name = "truth",
        mixinStandardHelpOptions = true,
        description = "Compares a run with what the simulated provider truly sent, and when.")
final class TruthCommand implements Callable<Integer> {
    /// Standard output is not its own to close.
    private static final JsonFactory JSON =
            JsonFactory.builder().disable(StreamWriteFeature.AUTO_CLOSE_TARGET).build();

    private static final List<Percentile> PERCENTILES =
            List.of(Percentile.P50, Percentile.P90, Percentile.P99, Percentile.P99_9);

    /// Mismatches told one by one; the rest is counted.
    private static final int MOST_LISTED = 20;

    private static final String RECORD_CURE = "give the file that lens simulate --record wrote";

    private final Console console;

    @Parameters(index = "0", paramLabel = "RUN_DIR", description = "folder of the run")
    private @Nullable Path runDirectory;

    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "RECORD",
            description = "the simulator's record (default RUN_DIR/simulator.jsonl)")
    private @Nullable Path record;

    @Option(names = "--json", description = "print one JSON object instead, errors in nanoseconds")
    private boolean json;

    TruthCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        if (runDirectory == null) {
            throw new IllegalStateException("the command was not parsed by picocli");
        }
        long startNs = RunSamples.timedRunFile(runDirectory)
                .at("/clock/monotonicStartNs")
                .asLong();
        Path exchanges = existing(runDirectory.resolve(RunDirectory.EXCHANGES), "give the folder of a run");
        Path truth = existing(record == null ? runDirectory.resolve(RunDirectory.SIMULATOR) : record, RECORD_CURE);
        long cutLine = cutLine(truth);
        List<TruthRecord> written = read(
                truth,
                RECORD_CURE,
                lines -> (cutLine == 0 ? lines : lines.limit(cutLine - 1))
                        .filter(line -> !line.isBlank())
                        .map(TruthRecord::parse)
                        .toList());
        TruthComparison comparison = read(
                exchanges,
                "give the folder of a run that has ended",
                lines -> TruthComparison.of(startNs, lines, written));
        if (json) {
            printJson(comparison, cutLine);
        } else {
            print(comparison);
            if (cutLine > 0) {
                console.out()
                        .println("CAVEAT line " + cutLine
                                + ", the last of the record, is cut, and left out: the disk was"
                                + " full, or lens simulate was killed");
            }
        }
        console.out().flush();
        return comparison.mismatches().isEmpty() && comparison.matched() > 0 ? ExitCode.GOOD : ExitCode.MISSED;
    }

    private void print(TruthComparison comparison) {
        var out = console.out();
        out.printf(
                Locale.ROOT,
                "%s requests matched%s, %s in the run alone, %s in the record alone; %s chunks, %s of them coalesced%n",
                Figures.count(comparison.matched()),
                comparison.warmups() == 0
                        ? ""
                        : " (errors without the " + Figures.count(comparison.warmups()) + " for warm-up)",
                Figures.count(comparison.onlyInRun()),
                Figures.count(comparison.onlyInRecord()),
                Figures.count(comparison.chunks()),
                Figures.count(comparison.coalesced()));
        out.println();
        out.printf(
                Locale.ROOT, "%-22s%9s%9s%9s%9s%9s%9s%n", "error in us", "count", "p50", "p90", "p99", "p99.9", "max");
        row("ttft", comparison.ttftErrorNs());
        row("chunk arrival", comparison.arrivalErrorNs());
        boolean merged = comparison.aloneErrorNs().count() < comparison.chunks();
        if (merged) {
            row("  of those alone", comparison.aloneErrorNs());
        }
        row("chunk read", comparison.readErrorNs());
        row("gap, |error|", comparison.gapErrorNs());
        out.println();
        out.println(
                "arrival error = measured stamp - instant of the write that carried the chunk, both CLOCK_MONOTONIC");
        if (merged) {
            out.println("alone = sharing its read with no other; of several merged ones only the last is stamped");
        }
        out.println("read error = instant after the read call that brought it - that same instant");
        out.println("gap error = |measured gap - true gap|, chunks with a gap of their own (not coalesced)");
        out.println("n/a N: the percentile needs N samples");
        comparison.mismatches().stream().limit(MOST_LISTED).forEach(mismatch -> out.println("MISMATCH " + mismatch));
        int more = comparison.mismatches().size() - MOST_LISTED;
        if (more > 0) {
            out.println("MISMATCH " + more + " more");
        }
    }

    private void row(String name, Distribution errorNs) {
        var line = new StringBuilder(String.format(Locale.ROOT, "%-22s%9d", name, errorNs.count()));
        for (Percentile percentile : PERCENTILES) {
            OptionalLong value = errorNs.percentile(percentile);
            line.append(String.format(
                    Locale.ROOT,
                    " %8s",
                    value.isPresent() ? Figures.micros(value.getAsLong()) : "n/a " + percentile.floor()));
        }
        OptionalLong max = errorNs.max();
        line.append(String.format(Locale.ROOT, " %8s", max.isPresent() ? Figures.micros(max.getAsLong()) : "-"));
        console.out().println(line);
    }

    private void printJson(TruthComparison comparison, long cutLine) {
        try (JsonGenerator out = JSON.createGenerator(ObjectWriteContext.empty(), console.out())) {
            out.writeStartObject();
            out.writeNumberProperty("matched", comparison.matched());
            out.writeNumberProperty("warmups", comparison.warmups());
            out.writeNumberProperty("onlyInRun", comparison.onlyInRun());
            out.writeNumberProperty("onlyInRecord", comparison.onlyInRecord());
            out.writeNumberProperty("cutLines", cutLine == 0 ? 0 : 1);
            out.writeNumberProperty("chunks", comparison.chunks());
            out.writeNumberProperty("coalesced", comparison.coalesced());
            writeErrors(out, "ttftErrorNs", comparison.ttftErrorNs());
            writeErrors(out, "arrivalErrorNs", comparison.arrivalErrorNs());
            writeErrors(out, "aloneErrorNs", comparison.aloneErrorNs());
            writeErrors(out, "readErrorNs", comparison.readErrorNs());
            writeErrors(out, "gapErrorNs", comparison.gapErrorNs());
            out.writeArrayPropertyStart("mismatches");
            comparison.mismatches().forEach(out::writeString);
            out.writeEndArray();
            out.writeEndObject();
            out.writeRaw('\n');
        }
    }

    private static void writeErrors(JsonGenerator out, String name, Distribution errorNs) {
        out.writeObjectPropertyStart(name);
        out.writeNumberProperty("count", errorNs.count());
        for (Percentile percentile : PERCENTILES) {
            errorNs.percentile(percentile).ifPresent(value -> out.writeNumberProperty(percentile.label(), value));
        }
        errorNs.min().ifPresent(value -> out.writeNumberProperty("min", value));
        errorNs.max().ifPresent(value -> out.writeNumberProperty("max", value));
        out.writeEndObject();
    }

    /// The number of the last line where it has no end and is the beginning of a record, or else 0.
    private static long cutLine(Path file) throws IOException {
        String last = "";
        long number = 0;
        // A character for each byte: a text may be cut within one of its characters.
        try (var reader = Files.newBufferedReader(file, StandardCharsets.ISO_8859_1);
                var bytes = FileChannel.open(file)) {
            var end = ByteBuffer.allocate(1);
            if (bytes.size() == 0 || bytes.read(end, bytes.size() - 1) < 1 || end.get(0) == '\n') {
                return 0;
            }
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                last = line;
                number++;
            }
        }
        try {
            JsonMapper.shared().readTree(last.getBytes(StandardCharsets.ISO_8859_1));
            return 0;
        } catch (JacksonException cut) {
            return last.startsWith("{") ? number : 0;
        }
    }

    private static <T> T read(Path file, String cure, Function<Stream<String>, T> reading) throws IOException {
        var line = new AtomicLong();
        try (var lines = Files.lines(file)) {
            return reading.apply(lines.peek(_ -> line.incrementAndGet()));
        } catch (JacksonException | IllegalArgumentException e) {
            throw CommandFailure.usage("line " + line + " of '" + file + "' is cut or damaged; " + cure, e);
        } catch (UncheckedIOException e) {
            throw CommandFailure.usage("'" + file + "' is no text; " + cure, e);
        }
    }

    private static Path existing(Path file, String cure) {
        if (!Files.isReadable(file) || Files.isDirectory(file)) {
            throw CommandFailure.usage("cannot read '" + file + "'; " + cure);
        }
        return file;
    }
}
