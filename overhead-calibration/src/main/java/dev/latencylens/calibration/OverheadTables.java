package dev.latencylens.calibration;

import dev.latencylens.calibration.Results.Result;
import dev.latencylens.stats.Percentile;
import dev.latencylens.transport.Wire;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Writes the tables of `docs/overhead.md` from JMH's results.
final class OverheadTables {
    private static final List<String> PACES = List.of("1", "10");
    private static final List<Percentile> PERCENTILES = List.of(Percentile.P50, Percentile.P99, Percentile.P99_9);

    private static final Map<String, String> STAGES = Map.of(
            "IoStages.readStamp", "read stamp: the clock, right after read(2)",
            "IoStages.kernelStamp", "kernel stamp: two looks at the socket's queue (system calls)",
            "IoStages.tlsUnwrap", "TLS: one record, with its receive buffer",
            "IoStages.http1Framing", "HTTP/1.1 chunk, with the append",
            "IoStages.http2Framing", "HTTP/2 DATA frame, with the append",
            "IoStages.flightLogAppend", "flight-log append alone",
            "Control.nothing", "control: an empty method",
            "Control.nanoTime", "control: bare System.nanoTime",
            "Control.hash", "control: a hash of the event's bytes");

    private static final List<String> STAGE_ORDER = List.of(
            "Control.nothing",
            "Control.nanoTime",
            "Control.hash",
            "IoStages.readStamp",
            "IoStages.kernelStamp",
            "IoStages.tlsUnwrap",
            "IoStages.http1Framing",
            "IoStages.http2Framing",
            "IoStages.flightLogAppend");

    private static final Map<String, String> READINGS = Map.of(
            "Readings.timeline", "timeline and chunks",
            "Readings.summary", "summary: an answer's gaps enter the distributions",
            "Readings.histogram", "histogram: one value",
            "Readings.wholeWay", "all of it, OpenAI's chat: decoder, timeline, summary");

    private final Results results;
    private final StringBuilder page = new StringBuilder();

    private OverheadTables(Results results) {
        this.results = results;
    }

    /// @param args the file to write, then JMH's JSON files
    public static void main(String[] args) throws IOException {
        List<Path> files = Arrays.stream(args).map(Path::of).toList();
        Files.writeString(files.getFirst(), of(Results.read(files.subList(1, files.size()))));
    }

    static String of(Results results) {
        var tables = new OverheadTables(results);
        tables.wholeWay();
        tables.stages();
        tables.offTheIoThread();
        return tables.page.toString();
    }

    private void wholeWay() {
        line("## A token event's whole way on the I/O thread");
        line("");
        line(
                "| | hot, best ns | mean ns | B an event | 1 ms apart: p50 | p99 | p99.9 | 10 ms apart: p50 | p99 | p99.9 |");
        line("|---|---|---|---|---|---|---|---|---|---|");
        for (Wire wire : Wire.values()) {
            String row = "| " + wire.label() + " | ";
            row += results.of("WholeWay.tokenEvent").stream()
                    .filter(result -> result.param("wire").equals(wire.name()))
                    .findFirst()
                    .map(result -> hot(result) + " | " + bytes(result))
                    .orElse("- | - | -");
            line(row + paced("Cadence.tokenEvent", wire.name()));
        }
        line("| control: nothing | "
                + results.of("Control.nothing").stream()
                        .findFirst()
                        .map(OverheadTables::hot)
                        .orElse("-") + " | "
                + paced("Cadence.nothing", ""));
        line("");
    }

    private String paced(String name, String wire) {
        var cells = new StringBuilder();
        for (String pace : PACES) {
            for (Percentile percentile : PERCENTILES) {
                cells.append(" | ")
                        .append(results.of(name).stream()
                                .filter(result -> result.param("gapMs").equals(pace)
                                        && result.param("wire").equals(wire))
                                .findFirst()
                                .map(result -> percentile(result, percentile))
                                .orElse("-"));
            }
        }
        return cells + " |";
    }

    private void stages() {
        line("## Its stages on the I/O thread, hot");
        line("");
        line("| | best ns | mean ns | B |");
        line("|---|---|---|---|");
        for (String stage : STAGE_ORDER) {
            results.of(stage)
                    .forEach(result ->
                            line("| " + STAGES.get(stage) + " | " + hot(result) + " | " + bytes(result) + " |"));
        }
        line("");
    }

    private void offTheIoThread() {
        line("## Off the I/O thread, a chunk, hot");
        line("");
        line("| | best ns | mean ns | B |");
        line("|---|---|---|---|");
        for (Result result : results.of("Decoders.chunk")) {
            String dialect = result.param("dialect").toLowerCase(Locale.ROOT).replace('_', '-');
            line("| decoder `" + dialect + "` | " + hot(result) + " | " + bytes(result) + " |");
        }
        for (String reading : List.of("timeline", "histogram", "summary", "wholeWay")) {
            results.of("Readings." + reading)
                    .forEach(result -> line(
                            "| " + READINGS.get(result.name()) + " | " + hot(result) + " | " + bytes(result) + " |"));
        }
        results.of("Recordings.token")
                .forEach(result -> line("| Flight Recorder's event, "
                        + (result.param("recording").equals("true") ? "recorded" : "not recorded") + " | " + hot(result)
                        + " | " + bytes(result) + " |"));
        line("");
    }

    /// The best iteration and the mean of all.
    private static String hot(Result result) {
        String error = Double.isNaN(result.errorNs()) ? "" : " ± " + decimals(result.errorNs());
        return decimals(result.bestNs()) + " | " + decimals(result.meanNs()) + error;
    }

    private static String bytes(Result result) {
        return result.allocatedBytes().map(OverheadTables::decimals).orElse("-");
    }

    private static String percentile(Result result, Percentile percentile) {
        return result.samples() < percentile.floor()
                ? "n/a (needs " + percentile.floor() + ")"
                : String.format(Locale.ROOT, "%,.0f", result.percentileNs(Double.toString(percentile.percent())));
    }

    private static String decimals(double value) {
        return String.format(Locale.ROOT, value < 100 ? "%.1f" : "%,.0f", value);
    }

    private void line(String text) {
        page.append(text).append('\n');
    }
}
