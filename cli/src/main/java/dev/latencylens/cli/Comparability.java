package dev.latencylens.cli;

import dev.latencylens.audit.Verdict;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/// Whether runs may be laid side by side: what must be the same, what may differ and is named, and whether each
/// run is to be believed at all.
///
/// @param refusals why they may not, in whole clauses
/// @param notes what differs and may
record Comparability(List<String> refusals, List<String> notes) {
    /// Answers that are longer by more than this share are other answers.
    private static final double MOST_LENGTH_APART = 0.1;

    /// How much is measured, and not how.
    private static final Set<String> AMOUNTS = Set.of(
            "requests", "conversations", "durationNs", "warmupRequests", "warmupNs", "warmupMostNs", "drainNs", "seed");

    /// Each what makes figures other figures, in `run.json`.
    private static final Map<String, String> MUST_AGREE = new LinkedHashMap<>();
    /// What a comparison may be about.
    private static final Map<String, String> MAY_DIFFER = new LinkedHashMap<>();

    static {
        MUST_AGREE.put("stream", "/plan/stream");
        MUST_AGREE.put("asked output length", "/plan/outputLength");
        MUST_AGREE.put("stamps", "/summary/client/stamps/arrival");
        MUST_AGREE.put("source of token counts", "/summary/tokens/source");
        MAY_DIFFER.put("model", "/plan/model");
        MAY_DIFFER.put("provider", "/plan/provider");
        MAY_DIFFER.put("URL", "/plan/url");
        MAY_DIFFER.put("dialect", "/plan/dialect");
        MAY_DIFFER.put("extra body", "/plan/extraBody");
        MAY_DIFFER.put("retries", "/plan/retries/most");
        MAY_DIFFER.put("HTTP version", "/plan/network/http");
        MAY_DIFFER.put("connection reuse", "/plan/network/connectionReuse");
        MAY_DIFFER.put("transport", "/plan/network/transport");
        MAY_DIFFER.put("I/O wait", "/plan/network/ioWait");
        MAY_DIFFER.put("I/O priority", "/plan/network/ioPriority");
        MAY_DIFFER.put("CPU", "/environment/cpuModel");
        MAY_DIFFER.put("number of CPUs", "/environment/cpus");
        MAY_DIFFER.put("Java", "/environment/java");
        MAY_DIFFER.put("version of lens", "/tool");
    }

    Comparability {
        refusals = List.copyOf(refusals);
        notes = List.copyOf(notes);
    }

    /// Of all runs against the first, and of the runs of one side also in what sides may differ in.
    static Comparability of(List<ComparedSide> sides) {
        var refusals = new ArrayList<String>();
        var notes = new ArrayList<String>();
        RunSamples first = sides.getFirst().runs().getFirst();
        for (ComparedSide side : sides) {
            RunSamples firstOfSide = side.runs().getFirst();
            for (RunSamples run : side.runs()) {
                refusals.addAll(refusals(first, run));
                for (String name : List.of("model", "provider", "extra body")) {
                    differing(name, MAY_DIFFER.getOrDefault(name, ""), firstOfSide, run)
                            .forEach(text -> refusals.add(text + ", both of side " + side.name()));
                }
            }
        }
        for (ComparedSide side : sides.subList(1, sides.size())) {
            RunSamples firstOfSide = side.runs().getFirst();
            MAY_DIFFER.forEach((name, pointer) -> notes.addAll(differing(name, pointer, first, firstOfSide)));
            notes.addAll(seeds(first, firstOfSide));
        }
        if (first.text("/plan/turns/history").equals(Prompts.History.REAL.label())) {
            notes.add("history real: the prompts of later turns hold what was answered in that run, and so are not the"
                    + " same (--history synthetic makes them so)");
        }
        return new Comparability(refusals, notes);
    }

    /// Runs that are not to be believed, or did not end.
    static List<String> unbelievable(List<ComparedSide> sides) {
        return sides.stream()
                .flatMap(side -> side.runs().stream())
                .filter(run -> run.verdict().equals(Verdict.State.INVALID.label())
                        || run.verdict().equals("none"))
                .map(run -> "'" + run.folder() + "' "
                        + (run.verdict().equals("none") ? withoutVerdict(run) : "is INVALID: " + reasons(run)))
                .toList();
    }

    private static String withoutVerdict(RunSamples run) {
        return run.text("/state").equals(RunFile.State.RUNNING.label())
                ? "has no verdict, for it did not end; lens recover makes one of what it left"
                : "has no verdict in its run.json, which is not as lens wrote it";
    }

    /// Runs whose exchanges are not all there any more.
    static List<String> incomplete(List<ComparedSide> sides) {
        return sides.stream()
                .flatMap(side -> side.runs().stream())
                .filter(run -> run.missingAnswers() > 0)
                .map(run -> "'" + run.folder() + "' is not whole: its exchanges.jsonl has "
                        + Figures.count(run.answered()) + " of the "
                        + Figures.count(run.answered() + run.missingAnswers(), "answer") + " that run.json tells of")
                .toList();
    }

    static String reasons(RunSamples run) {
        var reasons = new ArrayList<String>();
        run.run()
                .at("/verdict/reasons")
                .forEach(reason -> reasons.add(reason.path("text").asString("")));
        return String.join("; ", reasons);
    }

    private static List<String> refusals(RunSamples first, RunSamples other) {
        var found = new ArrayList<String>();
        String prompts = withoutSeed(first.text("/plan/prompts"));
        String otherPrompts = withoutSeed(other.text("/plan/prompts"));
        if (!prompts.equals(otherPrompts)) {
            found.add(apart("prompts", first, prompts, other, otherPrompts));
        }
        MUST_AGREE.forEach((name, pointer) -> found.addAll(differing(name, pointer, first, other)));
        String load = load(first.run());
        String otherLoad = load(other.run());
        if (!load.equals(otherLoad)) {
            found.add(apart("load", first, load, other, otherLoad));
        }
        double length = first.tokensPerAnswer();
        double otherLength = other.tokensPerAnswer();
        if (Math.abs(length - otherLength) > MOST_LENGTH_APART * Math.min(length, otherLength)) {
            found.add(apart("tokens per answer", first, tokens(length), other, tokens(otherLength)));
        }
        return found;
    }

    private static String tokens(double perAnswer) {
        return String.format(Locale.ROOT, "%.1f", perAnswer);
    }

    private static List<String> differing(String name, String pointer, RunSamples first, RunSamples other) {
        String one = told(first, pointer);
        String two = told(other, pointer);
        return one.equals(two) ? List.of() : List.of(apart(name, first, one, other, two));
    }

    /// The embedded provider has another port each time.
    private static String told(RunSamples run, String pointer) {
        return pointer.equals("/plan/url") && run.text("/plan/embeddedProvider").equals("true")
                ? "the embedded provider"
                : run.text(pointer);
    }

    private static List<String> seeds(RunSamples first, RunSamples other) {
        String one = first.text("/plan/prompts");
        String two = other.text("/plan/prompts");
        return one.equals(two) || !withoutSeed(one).equals(withoutSeed(two))
                ? List.of()
                : List.of("other seeds: the prompts are of one kind but not the same (--seed N makes them so)");
    }

    private static String apart(String name, RunSamples first, String one, RunSamples other, String two) {
        return "other " + name + ": " + said(one) + " in '" + first.folder() + "', " + said(two) + " in '"
                + other.folder() + "'";
    }

    private static String said(String value) {
        return value.isEmpty() ? "none" : value;
    }

    private static String withoutSeed(String prompts) {
        return prompts.replaceFirst(", seed -?\\d+", "");
    }

    private static String load(JsonNode run) {
        var parts = new ArrayList<String>();
        for (String of : List.of("/plan/load", "/plan/limits")) {
            run.at(of).propertyStream().forEach(part -> {
                if (!AMOUNTS.contains(part.getKey())) {
                    parts.add(part.getKey() + " "
                            + part.getValue().asString(part.getValue().toString()));
                }
            });
        }
        return String.join(", ", parts);
    }
}
