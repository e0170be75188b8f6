package dev.latencylens.cli;

import dev.latencylens.exchange.Moment;
import dev.latencylens.stats.Metric;
import dev.latencylens.stats.Sample;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A run as its folder tells it.
///
/// @param run its `run.json`
/// @param samples of the metrics that were asked for, of the answered requests that were no warm-up
/// @param measured requests that were no warm-up
/// @param failed those of them that were neither answered nor cancelled by this client
/// @param outputTokens of the answered ones
/// @param unreadLines of `exchanges.jsonl`, such as the last one of a run that was killed
record RunSamples(
        Path folder,
        JsonNode run,
        Map<Metric, Sample> samples,
        long measured,
        long answered,
        long failed,
        long outputTokens,
        long unreadLines) {
    /// Leaves out what the run has cut.
    ///
    /// @throws CommandFailure where the folder holds no run
    static RunSamples read(Path folder, Collection<Metric> metrics) {
        return read(folder, metrics, SteadyPart.cutAtNs(runFile(folder)));
    }

    /// @param fromAtNs requests that started before are left out, whatever the run has cut
    static RunSamples read(Path folder, Collection<Metric> metrics, long fromAtNs) {
        JsonNode run = runFile(folder);
        var starts = new ArrayList<long[]>();
        var values = new ArrayList<long[][]>();
        List<Metric> asked = List.copyOf(metrics);
        long[] counts = new long[4];
        long unread = exchanges(folder, fromAtNs, exchange -> {
            if (exchange.isWarmup()) {
                return;
            }
            if (exchange.isAnswered()) {
                long[] start = {exchange.atNs(Moment.STARTED), values.size(), exchange.conversation()};
                long[][] each = asked.stream().map(exchange::values).toArray(long[][]::new);
                counts[2] += exchange.outputTokens();
                counts[1]++;
                starts.add(start);
                values.add(each);
            }
            counts[0] += exchange.isRetry() ? 0 : 1;
            counts[3] += exchange.isCancelled() ? 1 : 0;
        });
        starts.sort(Comparator.comparingLong(start -> start[0]));
        long[] conversations = starts.stream().mapToLong(start -> start[2]).toArray();
        var samples = new EnumMap<Metric, Sample>(Metric.class);
        for (int i = 0; i < asked.size(); i++) {
            int metric = i;
            samples.put(
                    asked.get(i),
                    Sample.ofTurns(
                            starts.stream()
                                    .map(start -> values.get((int) start[1])[metric])
                                    .toList(),
                            conversations));
        }
        long failed = counts[0] - counts[1] - counts[3];
        return new RunSamples(folder, run, samples, counts[0], counts[1], failed, counts[2], unread);
    }

    /// @throws CommandFailure where it is damaged, or a newer version has written it
    static JsonNode runFile(Path folder) {
        Path file = existing(folder.resolve(RunDirectory.RUN));
        JsonNode run;
        try {
            run = JsonMapper.shared().readTree(Files.readString(file));
        } catch (JacksonException | CharacterCodingException e) {
            throw damaged(folder);
        } catch (IOException e) {
            throw CommandFailure.usage("cannot read '" + file + "'; give the folder of a run", e);
        }
        refuseNewer(file, run);
        if (run.path("state").asString("").isEmpty()) {
            throw damaged(folder);
        }
        return run;
    }

    /// @throws CommandFailure where a newer version has written it, for what it means by its members is not known
    static void refuseNewer(Path file, JsonNode run) {
        if (isNewer(run)) {
            throw CommandFailure.usage("a newer lens wrote '" + file + "', in format "
                    + run.path("formatVersion") + "; lens " + Lens.Version.number() + " reads format "
                    + RunFile.FORMAT_VERSION + ", so use the one that wrote it");
        }
    }

    /// Also where the version is none that this one knows, such as 1.5.
    static boolean isNewer(JsonNode run) {
        JsonNode version = run.path("formatVersion");
        return !version.isMissingNode()
                && !(version.isIntegralNumber()
                        && version.canConvertToInt()
                        && version.intValue() >= 1
                        && version.intValue() <= RunFile.FORMAT_VERSION);
    }

    /// `run.json` of a run whose instants are wanted, which count from one that it tells.
    static JsonNode timedRunFile(Path folder) {
        JsonNode run = runFile(folder);
        if (!run.at("/clock/monotonicStartNs").isIntegralNumber()) {
            throw damaged(folder);
        }
        return run;
    }

    private static CommandFailure damaged(Path folder) {
        return CommandFailure.usage("'" + folder.resolve(RunDirectory.RUN)
                + "' is empty or damaged, so what was planned, and when it began, is not known; exchanges.jsonl beside it"
                + " keeps what was measured, but give the folder of another run");
    }

    /// How many answers `run.json` tells of beyond those that were read, where nothing more was to be left out.
    long missingAnswers() {
        return Math.max(0, run.at("/summary/answered").asLong(0) - answered);
    }

    /// Hands over each exchange, and returns how many lines could not be read.
    static long exchanges(Path folder, Consumer<ExchangeLine> each) {
        return exchanges(folder, SteadyPart.cutAtNs(runFile(folder)), each);
    }

    /// @param fromAtNs requests that started before are cut, with all their attempts
    static long exchanges(Path folder, long fromAtNs, Consumer<ExchangeLine> each) {
        Path file = existing(folder.resolve(RunDirectory.EXCHANGES));
        var before = new SteadyPart.Cut(fromAtNs);
        try {
            return lines(file, exchange -> each.accept(new ExchangeLine(exchange, before.covers(exchange))));
        } catch (IOException e) {
            throw CommandFailure.usage(
                    "cannot read '" + file + "': " + CommandFailure.reason(e) + "; give the folder of a run", e);
        }
    }

    /// Hands over what each line holds, and returns how many could not be read: they are damaged, or no text.
    static long lines(Path file, Consumer<JsonNode> each) throws IOException {
        long unread = 0;
        // A character for each byte, so that a line which is no text costs no other.
        try (var reader = Files.newBufferedReader(file, StandardCharsets.ISO_8859_1)) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                try {
                    each.accept(JsonMapper.shared().readTree(line.getBytes(StandardCharsets.ISO_8859_1)));
                } catch (JacksonException damaged) {
                    unread++;
                }
            }
        }
        return unread;
    }

    Sample sample(Metric metric) {
        return samples.getOrDefault(metric, new Sample(List.of()));
    }

    /// A text of `run.json`, empty where there is none.
    String text(String pointer) {
        JsonNode found = run.at(pointer);
        return found.isMissingNode() || found.isNull() ? "" : found.isValueNode() ? found.asString() : found.toString();
    }

    /// `VALID`, `INVALID` or `INCONCLUSIVE`; `none` of a run that did not end.
    String verdict() {
        String state = text("/verdict/state");
        return state.isEmpty() ? "none" : state;
    }

    double tokensPerAnswer() {
        return answered == 0 ? 0 : (double) outputTokens / answered;
    }

    /// When the first measured request was started; the beginning of time where that is not told.
    Instant startedAt() {
        try {
            return Instant.parse(text("/clock/wallStart"))
                    .plusNanos(run.at("/summary/windowStartAtNs").asLong(0));
        } catch (DateTimeParseException untold) {
            return Instant.EPOCH;
        }
    }

    String label(String name) {
        return text("/plan/labels/" + name.replace("~", "~0").replace("/", "~1"));
    }

    /// A file of a run, which can be read.
    static Path existing(Path file) {
        if (!Files.isReadable(file) || Files.isDirectory(file)) {
            throw CommandFailure.usage("cannot read '" + file + "'; give the folder of a run");
        }
        return file;
    }
}
