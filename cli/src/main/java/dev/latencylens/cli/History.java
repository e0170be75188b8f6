package dev.latencylens.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.MissingNode;

/// The runs in the folders below one, and those of the plans below it.
///
/// The folders are the truth: what the index knows of one counts as long as its `run.json` has not changed, and
/// the index may be deleted at any time.
final class History {
    private final Path folder;

    History(Path folder) {
        this.folder = folder;
    }

    /// One run.
    ///
    /// @param folder its folder, as seen from that of all runs
    /// @param modifiedMs when its `run.json` was last written, on the wall clock
    /// @param bytes the length of that
    /// @param facts what is told of it
    record Entry(String folder, long modifiedMs, long bytes, Facts facts) {}

    /// What a list tells of a run.
    ///
    /// @param startedAt on the wall clock, as ISO 8601 has it
    /// @param verdict empty where it was not judged
    /// @param ttftP50Ns null where there are too few samples
    record Facts(
            String startedAt,
            String model,
            String provider,
            String arrivals,
            long concurrency,
            String state,
            String verdict,
            long measured,
            long answered,
            @Nullable Long ttftP50Ns,
            @Nullable Long e2eP50Ns) {
        static Facts of(JsonNode run) {
            JsonNode plan = run.path("plan");
            JsonNode summary = run.path("summary");
            return new Facts(
                    run.at("/clock/wallStart").asString(""),
                    plan.path("model").asString(""),
                    plan.path("provider").asString(""),
                    plan.at("/load/arrivals").asString(""),
                    plan.at("/load/concurrency").longValue(0),
                    run.path("state").asString(""),
                    run.at("/verdict/state").asString(""),
                    summary.path("measured").longValue(0),
                    summary.path("answered").longValue(0),
                    p50(summary, "ttft"),
                    p50(summary, "e2e"));
        }

        private static @Nullable Long p50(JsonNode summary, String metric) {
            JsonNode value =
                    summary.path("metrics").path(metric).path("percentiles").path("p50");
            return value.isNumber() ? value.longValue() : null;
        }
    }

    /// The runs that there are.
    ///
    /// @param entries the newest first
    /// @param newer folders of those that a newer version has written, which are not among them
    record Listing(List<Entry> entries, List<String> newer) {}

    /// Folders that are no runs, or whose `run.json` cannot be read, are left out.
    ///
    /// @param known what an index remembers, by folder
    Listing list(Map<String, Entry> known) throws IOException {
        var entries = new ArrayList<Entry>();
        var newer = new ArrayList<String>();
        for (Path run : runs()) {
            Path file = run.resolve(RunDirectory.RUN);
            var attributes = Files.readAttributes(file, BasicFileAttributes.class);
            String name = folder.relativize(run).toString();
            long modifiedMs = attributes.lastModifiedTime().toMillis();
            Entry earlier = known.get(name);
            if (earlier != null && earlier.modifiedMs() == modifiedMs && earlier.bytes() == attributes.size()) {
                entries.add(earlier);
                continue;
            }
            JsonNode json = read(file);
            if (RunSamples.isNewer(json)) {
                newer.add(name);
            } else if (!json.path("state").asString("").isEmpty()) {
                entries.add(new Entry(name, modifiedMs, attributes.size(), Facts.of(json)));
            }
        }
        entries.sort(Comparator.comparing((Entry entry) -> entry.facts().startedAt())
                .thenComparing(Entry::folder)
                .reversed());
        newer.sort(Comparator.naturalOrder());
        return new Listing(entries, newer);
    }

    /// The missing node for somebody else's file of this name, and for one that is damaged.
    private static JsonNode read(Path file) {
        try {
            return JsonMapper.shared().readTree(Files.readString(file));
        } catch (JacksonException | IOException notOurs) {
            return MissingNode.getInstance();
        }
    }

    private List<Path> runs() throws IOException {
        var runs = new ArrayList<Path>();
        for (Path child : children(folder)) {
            if (Files.isReadable(child.resolve(RunDirectory.RUN))) {
                runs.add(child);
            } else if (Files.exists(child.resolve(PlanExecution.SETTINGS))) {
                children(child).stream()
                        .filter(run -> Files.isReadable(run.resolve(RunDirectory.RUN)))
                        .forEach(runs::add);
            }
        }
        return runs;
    }

    private static List<Path> children(Path parent) throws IOException {
        try (Stream<Path> children = Files.list(parent)) {
            return children.filter(Files::isDirectory).toList();
        }
    }

    static Map<String, Entry> byFolder(List<Entry> entries) {
        Map<String, Entry> byFolder = new LinkedHashMap<>();
        entries.forEach(entry -> byFolder.put(entry.folder(), entry));
        return byFolder;
    }
}
