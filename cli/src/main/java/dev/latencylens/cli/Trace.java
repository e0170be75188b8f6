package dev.latencylens.cli;

import dev.latencylens.load.ArrivalSchedule;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDateTime;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A recorded load: when requests came, and how long they and their answers were.
///
/// Read are BurstGPT's CSV (`Timestamp` in seconds, `Request tokens`, `Response tokens`), Azure's LLM inference
/// CSV
/// (`TIMESTAMP` as a date, `ContextTokens`, `GeneratedTokens`) and Mooncake's JSON lines (`timestamp` in
/// milliseconds,
/// `input_length`, `output_length`, `hash_ids`). Other columns and members do not matter.
///
/// @param form whose form the file has
/// @param requests in the order of the file, which is that of time
record Trace(Path file, String form, List<Request> requests) {
    private static final double NS_PER_S = 1e9;
    private static final double NS_PER_MS = 1e6;
    /// Longest prompt or answer that may be asked for, in tokens.
    private static final long MOST_TOKENS = 10_000_000;

    /// @param afterNs since the trace's first request
    /// @param inputLength tokens of the prompt
    /// @param outputLength tokens of the answer; 0 where the trace has a failure
    /// @param blocks ids of the prompt's blocks of 512 tokens, alike where these are; none where nobody knows
    record Request(long afterNs, int inputLength, int outputLength, List<Long> blocks) {
        Request {
            blocks = List.copyOf(blocks);
        }
    }

    Trace {
        requests = List.copyOf(requests);
    }

    /// @throws CommandFailure that names the line which cannot be read
    static Trace read(Path file) {
        List<String> lines;
        try {
            lines = Files.readAllLines(file);
        } catch (CharacterCodingException e) {
            throw CommandFailure.usage("--trace '" + file + "' is no text in UTF-8", e);
        } catch (IOException e) {
            throw CommandFailure.usage(
                    "cannot read --trace '" + file + "'; give a trace of BurstGPT, Azure or Mooncake", e);
        }
        var reading = new Reading(file);
        for (int i = 0; i < lines.size(); i++) {
            reading.line(i + 1, lines.get(i).strip());
        }
        return reading.trace();
    }

    /// How many rows have no length, because what they tell of failed; they ask for one token.
    long withoutLength() {
        return requests.stream()
                .filter(request -> request.inputLength == 0 || request.outputLength == 0)
                .count();
    }

    /// @param scale what the trace's times are multiplied by
    ArrivalSchedule.Replayed arrivals(double scale) {
        return new ArrivalSchedule.Replayed(requests.stream()
                .map(request -> Math.round(request.afterNs * scale))
                .toList());
    }

    /// Takes in line after line.
    private static final class Reading {
        private final Path file;
        private final List<Request> requests = new ArrayList<>();
        private String form = "";
        private int time;
        private int input;
        private int output;
        private double firstAtNs;
        private double lastAtNs = Double.NEGATIVE_INFINITY;

        Reading(Path file) {
            this.file = file;
        }

        void line(int number, String line) {
            if (line.isEmpty()) {
                return;
            }
            try {
                if (form.isEmpty() && !line.startsWith("{")) {
                    header(line);
                } else if (form.equals("BurstGPT") || form.equals("Azure")) {
                    row(line.split(",", -1));
                } else {
                    form = "Mooncake";
                    object(JsonMapper.shared().readTree(line));
                }
            } catch (IllegalArgumentException | JacksonException | DateTimeParseException wrong) {
                throw CommandFailure.usage(
                        "--trace '" + file + "' line " + number + ": " + firstLine(wrong)
                                + "; correct it or leave it out",
                        wrong);
            }
        }

        Trace trace() {
            if (requests.isEmpty()) {
                throw CommandFailure.usage("--trace '" + file + "' holds no request");
            }
            return new Trace(file, form, requests);
        }

        private void header(String line) {
            List<String> names = Arrays.stream(line.split(",", -1))
                    .map(name -> name.strip().toLowerCase(Locale.ROOT))
                    .toList();
            boolean azure = names.contains("contexttokens");
            time = column(names, "timestamp");
            input = column(names, azure ? "contexttokens" : "request tokens");
            output = column(names, azure ? "generatedtokens" : "response tokens");
            form = azure ? "Azure" : "BurstGPT";
        }

        private static int column(List<String> names, String name) {
            int index = names.indexOf(name);
            if (index < 0) {
                throw new IllegalArgumentException("expected a column '" + name + "', the header has " + names);
            }
            return index;
        }

        private void row(String[] fields) {
            int most = Math.max(time, Math.max(input, output));
            if (fields.length <= most) {
                throw new IllegalArgumentException("expected " + (most + 1) + " fields, was " + fields.length);
            }
            String instant = fields[time].strip();
            add(
                    form.equals("Azure") ? dateNs(instant) : Double.parseDouble(instant) * NS_PER_S,
                    Double.parseDouble(fields[input].strip()),
                    Double.parseDouble(fields[output].strip()),
                    List.of());
        }

        private void object(JsonNode row) {
            var blocks = new ArrayList<Long>();
            row.path("hash_ids").valueStream().forEach(id -> blocks.add(id.asLong()));
            add(
                    number(row, "timestamp") * NS_PER_MS,
                    number(row, "input_length"),
                    number(row, "output_length"),
                    blocks);
        }

        private static double number(JsonNode row, String name) {
            JsonNode value = row.path(name);
            if (!value.isNumber()) {
                throw new IllegalArgumentException(
                        "expected a number '" + name + "', was " + (value.isMissingNode() ? "missing" : value));
            }
            return value.asDouble();
        }

        /// Dates of Azure's traces: `2023-11-16 18:15:46.6805900`, in later ones with an offset of `+00:00`.
        private static double dateNs(String text) {
            String local = text.replaceFirst("(\\+00:00|Z)$", "").replace(' ', 'T');
            return Duration.between(LocalDateTime.of(2020, 1, 1, 0, 0), LocalDateTime.parse(local))
                    .toNanos();
        }

        private void add(double atNs, double inputLength, double outputLength, List<Long> blocks) {
            if (!Double.isFinite(atNs)) {
                throw new IllegalArgumentException("the time is no number");
            }
            if (atNs < lastAtNs) {
                throw new IllegalArgumentException("the time goes back by " + (lastAtNs - atNs) / NS_PER_S + " s");
            }
            firstAtNs = requests.isEmpty() ? atNs : firstAtNs;
            lastAtNs = atNs;
            requests.add(new Request(Math.round(atNs - firstAtNs), tokens(inputLength), tokens(outputLength), blocks));
        }

        private static int tokens(double number) {
            if (!(number >= 0 && number <= MOST_TOKENS) || number != Math.rint(number)) {
                throw new IllegalArgumentException("tokens are a whole number up to 10000000, was " + number);
            }
            return (int) number;
        }

        private static String firstLine(Exception wrong) {
            return String.valueOf(wrong.getMessage()).lines().findFirst().orElse("");
        }
    }
}
