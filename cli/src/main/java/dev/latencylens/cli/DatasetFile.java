package dev.latencylens.cli;

import dev.latencylens.cli.Prompts.Dataset.Later;
import dev.latencylens.cli.Prompts.Dataset.Row;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.MappingIterator;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.dataformat.csv.CsvMapper;
import tools.jackson.dataformat.csv.CsvSchema;

/// Reads prompts from a file: CSV with a heading line, JSON lines, or one JSON array.
///
/// A row is an object with the text as `prompt`, `text`, `question` or `input`, and maybe the most tokens of its
/// answer as
/// `output_tokens`, `output_length` or `max_tokens`; or with OpenAI's `messages`, of which the user's last is
/// asked; or with ShareGPT's `conversations`, of which the human's first is. A single string is a row too.
///
/// Where conversations are asked for, `messages` and `conversations` are taken whole: what the system says first,
/// and then what user and assistant say by turns. Who says two things in a row says them in one. What cannot be
/// sent as text, such as a tool's answer, ends the conversation before it.
final class DatasetFile {
    private static final List<String> TEXTS = List.of("prompt", "text", "question", "input");
    private static final List<String> LENGTHS = List.of("output_tokens", "output_length", "max_tokens");

    private static final List<String> SYSTEMS = List.of("system", "developer");
    private static final List<String> USERS = List.of("user", "human");
    private static final List<String> SPEAKERS =
            List.of("system", "developer", "user", "human", "assistant", "gpt", "chatgpt", "model", "bing", "bard");

    private static final int BYTE_ORDER_MARK = 0xFEFF;

    private final Path file;
    private final boolean whole;
    private final List<Row> rows = new ArrayList<>();
    private long read;
    /// Conversations in which no human says anything first.
    private long mute;
    /// Conversations that end before what is no text.
    private long cut;

    private DatasetFile(Path file, boolean whole) {
        this.file = file;
        this.whole = whole;
    }

    /// @param whole whether conversations are taken whole, and not one thing asked of each
    static Prompts.Dataset read(Path file, boolean whole) {
        var dataset = new DatasetFile(file, whole);
        if (!Files.isReadable(file) || Files.isDirectory(file)) {
            throw CommandFailure.usage("cannot read --dataset '" + file + "'; give a CSV, JSON or JSONL file");
        }
        try {
            if (file.toString().toLowerCase(Locale.ROOT).endsWith(".csv")) {
                dataset.csv();
            } else {
                dataset.json();
            }
        } catch (JacksonException wrong) {
            if (wrong.getCause() instanceof CharacterCodingException) {
                throw noText(file, wrong);
            }
            throw CommandFailure.usage(
                    dataset.where(
                                    wrong.getLocation() == null
                                            ? 0
                                            : wrong.getLocation().getLineNr())
                            + " is not what it should be: " + wrong.getOriginalMessage()
                            + "; give CSV with a heading line, JSON lines or a JSON array",
                    wrong);
        } catch (CharacterCodingException e) {
            throw noText(file, e);
        } catch (IOException e) {
            throw CommandFailure.usage("cannot read --dataset '" + file + "': " + CommandFailure.reason(e), e);
        }
        if (dataset.rows.isEmpty()) {
            throw CommandFailure.usage("--dataset '" + file + "' has no prompt in it; give one with rows");
        }
        return new Prompts.Dataset(dataset.rows, dataset.source());
    }

    private static CommandFailure noText(Path file, Exception cause) {
        return CommandFailure.usage("--dataset '" + file + "' is no text in UTF-8", cause);
    }

    private String source() {
        return "of " + file.getFileName() + ", " + Figures.count(rows.size()) + " in their order"
                + (mute > 0 ? " (" + Figures.count(mute) + " conversations without a human's word left out)" : "")
                + (cut > 0 ? " (" + Figures.count(cut) + " conversations end before what is no text)" : "");
    }

    private void csv() throws IOException {
        var mapper = CsvMapper.builder().build();
        var reader =
                mapper.readerForMapOf(String.class).with(CsvSchema.emptySchema().withHeader());
        try (var in = reader();
                MappingIterator<Map<String, String>> lines = reader.readValues(in)) {
            while (lines.hasNext()) {
                add(mapper.valueToTree(lines.next()), 0);
            }
        }
    }

    /// Behind the mark that some programs put before UTF-8.
    private BufferedReader reader() throws IOException {
        BufferedReader text = Files.newBufferedReader(file);
        text.mark(1);
        if (text.read() != BYTE_ORDER_MARK) {
            text.reset();
        }
        return text;
    }

    /// A root array's elements, or one value behind the other.
    private void json() throws IOException {
        try (var in = reader();
                MappingIterator<JsonNode> values =
                        JsonMapper.shared().readerFor(JsonNode.class).readValues(in)) {
            while (values.hasNext()) {
                JsonNode row = values.next();
                add(row, values.currentLocation().getLineNr());
            }
        }
    }

    private void add(JsonNode row, int line) {
        read++;
        if (row.isString()) {
            rows.add(new Row(said(row.asString(), line), 0));
            return;
        }
        if (whole && (row.has("conversations") || row.has("messages"))) {
            conversation(row.path(row.has("conversations") ? "conversations" : "messages"), length(row, line));
            return;
        }
        if (row.has("conversations")) {
            JsonNode first = row.path("conversations").path(0);
            String from = first.path("from").asString("");
            if (!List.of("human", "user").contains(from)
                    || first.path("value").asString("").isBlank()) {
                mute++;
                return;
            }
            rows.add(new Row(first.path("value").asString(), length(row, line)));
            return;
        }
        String text = row.has("messages") ? lastOfUser(row.path("messages")) : member(row, TEXTS);
        if (text == null) {
            throw CommandFailure.usage(where(line) + " has no prompt; give it as '" + String.join("', '", TEXTS)
                    + "', 'messages' or 'conversations'");
        }
        rows.add(new Row(said(text, line), length(row, line)));
    }

    private void conversation(JsonNode messages, int answerLength) {
        String system = null;
        var asked = new ArrayList<String>();
        var answers = new ArrayList<String>();
        for (JsonNode message : messages) {
            String text = text(message.path(message.has("value") ? "value" : "content"));
            String who = message.path(message.has("from") ? "from" : "role").asString("");
            if (text.isBlank() || !SPEAKERS.contains(who)) {
                cut++;
                break;
            }
            if (SYSTEMS.contains(who)) {
                if (asked.isEmpty()) {
                    system = system == null ? text : system + "\n\n" + text;
                }
            } else if (USERS.contains(who)) {
                sayNext(asked, answers.size() + 1, text);
            } else if (!asked.isEmpty()) {
                // What an assistant says before anybody asks is no answer.
                sayNext(answers, asked.size(), text);
            }
        }
        if (asked.isEmpty()) {
            mute++;
            return;
        }
        var later = new ArrayList<Later>();
        for (int turn = 1; turn < asked.size(); turn++) {
            later.add(new Later(answers.get(turn - 1), asked.get(turn)));
        }
        rows.add(new Row(system, asked.getFirst(), answerLength, later));
    }

    /// Adds what is said, to the last thing said where it is not this one's turn yet.
    private static void sayNext(List<String> said, int turn, String text) {
        if (said.size() < turn) {
            said.add(text);
        } else {
            said.set(said.size() - 1, said.getLast() + "\n\n" + text);
        }
    }

    /// The text of a message, empty where it has none or something beside it.
    private static String text(JsonNode content) {
        if (!content.isArray()) {
            return content.asString("");
        }
        var text = new StringBuilder();
        for (JsonNode part : content) {
            if (!part.path("text").isString()) {
                return "";
            }
            text.append(part.path("text").asString());
        }
        return text.toString();
    }

    private String said(String text, int line) {
        if (text.isBlank()) {
            throw CommandFailure.usage(where(line) + " has an empty prompt; give what is to be asked");
        }
        return text;
    }

    private static @Nullable String lastOfUser(JsonNode messages) {
        String last = null;
        for (JsonNode message : messages) {
            if (message.path("role").asString("").equals("user")
                    && message.path("content").isString()) {
                last = message.path("content").asString();
            }
        }
        return last;
    }

    private static @Nullable String member(JsonNode row, List<String> names) {
        return names.stream()
                .filter(name -> row.path(name).isValueNode() && !row.path(name).isNull())
                .map(name -> row.path(name).asString())
                .findFirst()
                .orElse(null);
    }

    private int length(JsonNode row, int line) {
        String length = member(row, LENGTHS);
        if (length == null || length.isBlank()) {
            return 0;
        }
        try {
            int tokens = Integer.parseInt(length.strip());
            if (tokens > 0) {
                return tokens;
            }
        } catch (NumberFormatException e) {
            throw badLength(length, line);
        }
        throw badLength(length, line);
    }

    private CommandFailure badLength(String length, int line) {
        return CommandFailure.usage(
                where(line) + " has the answer length '" + length + "'; give a whole number of tokens from 1 on");
    }

    private String where(int line) {
        return "--dataset '" + file + "', row " + Math.max(1, read) + (line > 0 ? " (line " + line + ")" : "");
    }
}
