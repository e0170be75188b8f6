package dev.latencylens.cli;

import dev.latencylens.exchange.ChunkKind;
import dev.latencylens.exchange.ChunkSink;
import dev.latencylens.exchange.Completion;
import dev.latencylens.exchange.Tokenizer;
import dev.latencylens.exchange.Usage;
import dev.latencylens.provider.DialectName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.StreamWriteFeature;
import tools.jackson.core.json.JsonFactory;

/// `lens inspect`: explains a recorded response body, so that anyone can check by hand what a run would have
/// counted.
@Command(
        name = "inspect",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Explains a recorded response body event by event.",
            "Tells which is the first chunk, the first token and the first visible output, and why the others are not.",
            "The exit code is 0 whatever the body holds; what was not understood stands under 'Malformed'."
        })
final class InspectCommand implements Callable<Integer> {
    /// Standard output is not its own to close.
    private static final JsonFactory JSON =
            JsonFactory.builder().disable(StreamWriteFeature.AUTO_CLOSE_TARGET).build();

    private static final int COLUMNS = 100;

    /// Events shown of a long stream.
    private static final int SHOWN_FIRST = 20;

    private static final int SHOWN_LAST = 5;

    private static final int KIND_WIDTH = 9;
    private static final int LEAST_EXCERPT = 8;

    /// Longer bodies are no answers of a model.
    private static final long MOST_BYTES = 256 << 20;

    private final Console console;

    @Parameters(index = "0", paramLabel = "FILE", description = "the body as it came, without its headers; - for input")
    private String file = "";

    @Option(
            names = "--dialect",
            paramLabel = "NAME",
            completionCandidates = RunCommand.DialectNames.class,
            description = "what it speaks: ${COMPLETION-CANDIDATES}")
    private @Nullable String dialect;

    @Option(
            names = "--tokenizer",
            paramLabel = "NAME|FILE",
            description = "count the output's tokens by an encoding such as o200k_base, or a tokenizer.json")
    private @Nullable String tokenizer;

    @Option(names = "--all", description = "show every event of a long stream")
    private boolean all;

    @Option(names = "--json", description = "print one JSON object instead, without the events")
    private boolean json;

    InspectCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        if (dialect == null) {
            throw CommandFailure.usage(
                    "--dialect is missing; give one of " + String.join(", ", new RunCommand.DialectNames()));
        }
        DialectName spoken;
        Tokenizer counting;
        try {
            spoken = DialectName.of(dialect);
            counting = tokenizer == null ? null : TokenizerOption.named(tokenizer);
        } catch (IllegalArgumentException unknown) {
            throw CommandFailure.usage(String.valueOf(unknown.getMessage()), unknown);
        }
        var inspection = Inspection.of(body(), spoken, counting);
        if (json) {
            printJson(inspection);
        } else {
            print(inspection);
        }
        console.out().flush();
        return ExitCode.GOOD;
    }

    private byte[] body() throws IOException {
        if (file.equals("-")) {
            return console.in().readAllBytes();
        }
        Path path = Path.of(file);
        try {
            if (Files.isDirectory(path)) {
                throw CommandFailure.usage("cannot read '" + file + "': it is a folder; give a file with one body");
            }
            if (Files.size(path) > MOST_BYTES) {
                throw CommandFailure.usage("'" + file + "' is longer than " + MOST_BYTES + " bytes; give one body");
            }
            return Files.readAllBytes(path);
        } catch (NoSuchFileException e) {
            throw CommandFailure.usage("cannot read '" + file + "': there is no such file", e);
        } catch (IOException e) {
            throw CommandFailure.usage("cannot read '" + file + "': " + CommandFailure.reason(e), e);
        }
    }

    private void print(Inspection inspection) {
        table(inspection.events());
        console.out().println();
        summary(inspection);
    }

    private void table(List<Inspection.Event> events) {
        if (events.isEmpty()) {
            return;
        }
        boolean whole = all || events.size() <= SHOWN_FIRST + SHOWN_LAST;
        int head = whole ? events.size() : SHOWN_FIRST;
        int tail = whole ? events.size() : events.size() - SHOWN_LAST;
        int markWidth = 0;
        for (int i = 0; i < events.size(); i++) {
            if (i < head || i >= tail) {
                markWidth = Math.max(markWidth, events.get(i).mark().length());
            }
        }
        line(row("#", "offset", "bytes", "kind", "excerpt", "mark", markWidth));
        for (int i = 0; i < events.size(); i++) {
            if (i == head) {
                line("... " + (tail - head) + " more, --all shows them");
                i = tail;
            }
            line(row(i + 1, events.get(i), markWidth));
        }
    }

    private static String row(int number, Inspection.Event event, int markWidth) {
        return row(
                Integer.toString(number),
                Long.toString(event.offset()),
                Integer.toString(event.bytes()),
                event.kind(),
                event.excerpt(),
                event.mark(),
                markWidth);
    }

    private static String row(
            String number, String offset, String bytes, String kind, String excerpt, String mark, int markWidth) {
        String lead = String.format(Locale.ROOT, "%5s %9s %7s  %-" + KIND_WIDTH + "s  ", number, offset, bytes, kind);
        int columns = Math.max(LEAST_EXCERPT, COLUMNS - lead.length() - 2 - markWidth);
        return (lead + Printable.padded(Printable.cut(excerpt, columns), columns) + "  " + mark).stripTrailing();
    }

    private void summary(Inspection inspection) {
        Completion completion = inspection.completion();
        fact(
                "Body",
                inspection.dialect().label() + ", " + Figures.count(inspection.bodyBytes()) + " bytes, "
                        + Figures.count(inspection.events().size()) + " events");
        fact(
                "Firsts",
                "chunk " + first(inspection, _ -> true)
                        + ", token " + first(inspection, event -> !event.kinds().isEmpty())
                        + ", visible "
                        + first(inspection, event -> event.kinds().stream().anyMatch(ChunkKind::isVisible)));
        fact("Text", output(inspection, ChunkKind.TEXT));
        fact("Reasoning", output(inspection, ChunkKind.REASONING));
        fact("Tool calls", completion.toolCalls() + ", " + output(inspection, ChunkKind.TOOL));
        if (inspection.chunks(ChunkKind.REFUSAL) > 0) {
            fact("Refusal", output(inspection, ChunkKind.REFUSAL));
        }
        usage(completion.usage());
        fact("Finish", orNone(finish(completion)));
        fact(
                "Completion",
                inspection.end().label() + (completion.terminatorSeen() ? ", terminator seen" : ", no terminator"));
        fact("Error", orNone(error(inspection)));
        fact("Malformed", orNone(inspection.malformed()));
        if (inspection.isForeign() && !inspection.events().isEmpty()) {
            fact("", "no answer in these events; is " + inspection.dialect().label() + " the right --dialect?");
        }
    }

    /// Where the first event of a kind is, also when the table leaves it out.
    private static String first(Inspection inspection, Predicate<Inspection.Event> wanted) {
        List<Inspection.Event> events = inspection.events();
        for (int i = 0; i < events.size(); i++) {
            if (wanted.test(events.get(i))) {
                return "in event " + (i + 1);
            }
        }
        return "nowhere";
    }

    private void usage(@Nullable Usage usage) {
        if (usage == null) {
            fact("Usage", "none");
            return;
        }
        Usage.Reported reported = usage.reported();
        fact(
                "Usage",
                "input_total " + orUnsaid(usage.inputTotal())
                        + ", cached_read " + orUnsaid(usage.cachedRead())
                        + ", cache_write " + orUnsaid(usage.cacheWrite())
                        + ", output_total " + orUnsaid(usage.outputTotal())
                        + ", reasoning " + orUnsaid(usage.reasoning()));
        fact(
                "  reported",
                "input " + orUnsaid(reported.input())
                        + ", output " + orUnsaid(reported.output())
                        + ", cached read " + orUnsaid(reported.cachedRead())
                        + ", cache creation " + orUnsaid(reported.cacheCreation())
                        + ", reasoning " + orUnsaid(reported.reasoning()));
    }

    private String output(Inspection inspection, ChunkKind kind) {
        return Figures.count(inspection.codePoints(kind)) + " code points in " + Figures.count(inspection.chunks(kind))
                + " chunks"
                + (tokenizer == null ? "" : ", " + orUnsaid(counted(inspection, kind)) + " tokens by " + tokenizer);
    }

    /// Null where the tokenizer cannot count.
    private static @Nullable Long counted(Inspection inspection, ChunkKind kind) {
        long tokens = inspection.tokens(kind);
        return tokens == ChunkSink.UNKNOWN_TOKENS ? null : (Long) tokens;
    }

    private void fact(String name, String value) {
        line(String.format(Locale.ROOT, "%-12s", name) + Printable.cut(value, COLUMNS - 12));
    }

    private void line(String line) {
        console.out().println(line);
    }

    private void printJson(Inspection inspection) {
        Completion completion = inspection.completion();
        Usage usage = completion.usage();
        Usage.Reported reported = usage == null ? new Usage.Reported(null, null, null, null, null) : usage.reported();
        try (JsonGenerator out = JSON.createGenerator(ObjectWriteContext.empty(), console.out())) {
            out.writeStartObject();
            text(out, "dialect", inspection.dialect().label());
            out.writeNumberProperty("events", inspection.events().size());
            out.writeNumberProperty("text_codepoints", inspection.codePoints(ChunkKind.TEXT));
            out.writeNumberProperty("text_chunks", inspection.chunks(ChunkKind.TEXT));
            out.writeNumberProperty("reasoning_codepoints", inspection.codePoints(ChunkKind.REASONING));
            out.writeNumberProperty("reasoning_chunks", inspection.reasoningDeltas());
            out.writeNumberProperty("tool_calls", inspection.toolCallsSent());
            out.writeNumberProperty("tool_chunks", inspection.chunks(ChunkKind.TOOL));
            count(out, "input_tokens", reported.input());
            count(out, "output_tokens", reported.output());
            count(out, "cached_read_tokens", reported.cachedRead());
            count(out, "cache_creation_tokens", reported.cacheCreation());
            count(out, "reasoning_tokens", reported.reasoning());
            writeUsage(out, usage);
            text(out, "finish", finish(completion));
            text(out, "completion", inspection.end().label());
            out.writeBooleanProperty("terminator_seen", completion.terminatorSeen());
            text(out, "mid_stream_error", error(inspection));
            text(out, "malformed", inspection.malformed());
            if (tokenizer != null) {
                text(out, "tokenizer", tokenizer);
                for (ChunkKind kind : ChunkKind.values()) {
                    count(out, kind.label() + "_tokens_counted", counted(inspection, kind));
                }
            }
            out.writeEndObject();
            out.writeRaw('\n');
        }
    }

    private static void writeUsage(JsonGenerator out, @Nullable Usage usage) {
        if (usage == null) {
            out.writeNullProperty("usage");
            return;
        }
        out.writeObjectPropertyStart("usage");
        count(out, "input_total", usage.inputTotal());
        count(out, "cached_read", usage.cachedRead());
        count(out, "cache_write", usage.cacheWrite());
        count(out, "output_total", usage.outputTotal());
        count(out, "reasoning", usage.reasoning());
        out.writeEndObject();
    }

    private static void count(JsonGenerator out, String name, @Nullable Long value) {
        if (value == null) {
            out.writeNullProperty(name);
        } else {
            out.writeNumberProperty(name, value.longValue());
        }
    }

    private static void text(JsonGenerator out, String name, @Nullable String value) {
        if (value == null) {
            out.writeNullProperty(name);
        } else {
            out.writeStringProperty(name, value);
        }
    }

    private static @Nullable String finish(Completion completion) {
        return completion.finishSeen() ? String.join(",", completion.finishReasons()) : null;
    }

    private static @Nullable String error(Inspection inspection) {
        return inspection.error() == null ? null : inspection.error().toString();
    }

    private static String orNone(@Nullable String value) {
        return value == null ? "none" : value;
    }

    private static String orUnsaid(@Nullable Long count) {
        return count == null ? "-" : count.toString();
    }
}
