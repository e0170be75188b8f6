package dev.latencylens.cli;

import static dev.latencylens.cli.Flags.named;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The flags that say what is asked and how long answers may be.
final class PromptOptions {
    /// Words of a generated prompt, and tokens of an answer, unless asked otherwise.
    private static final String DEFAULT_LENGTH = "128";

    private static final String EMBEDDED_OUTPUT = "20";

    private @Nullable String prompt;
    private @Nullable String promptFile;
    private @Nullable Path dataset;
    private @Nullable String inputLength;
    private @Nullable String outputLength;
    private double sharedPrefix;
    private @Nullable Boolean salt;
    private @Nullable Long seed;
    private @Nullable String turns;
    private @Nullable Double turnsDeviation;
    private @Nullable String followUpLength;
    private Prompts.@Nullable History history;
    private @Nullable String standardInput;
    private Prompts.@Nullable Dataset read;

    void declare(Flags flags) {
        flags.add(
                named("--prompt").paramLabel("TEXT").description("ask this, each time"),
                String.class,
                value -> prompt = value);
        flags.add(
                named("--prompt-file")
                        .paramLabel("FILE")
                        .description("ask what this file says; - reads standard input"),
                String.class,
                value -> promptFile = value);
        flags.add(
                named("--dataset", "--input-file", "--dataset-path")
                        .paramLabel("FILE")
                        .description(
                                "ask the rows of this file in their order: CSV with a heading line, JSON lines or a JSON array,"
                                        + " with prompt, text, messages or ShareGPT's conversations, and maybe output_tokens"),
                Path.class,
                value -> dataset = value);
        flags.add(
                named("--input-len", "--isl")
                        .paramLabel("WORDS")
                        .description(
                                "length of generated prompts in words, each about one token (default 128): a number,"
                                        + " uniform:64:256, normal:550:150 or lognormal:200:0.5"),
                String.class,
                value -> inputLength = value);
        flags.add(
                named("--output-len", "--osl")
                        .paramLabel("TOKENS")
                        .description(
                                "most tokens of an answer (default 128), a number or a distribution as for --isl; 0 leaves it to"
                                        + " the server"),
                String.class,
                value -> outputLength = value);
        flags.add(
                named("--shared-prefix")
                        .paramLabel("RATIO")
                        .description("part of each generated prompt that all begin with, from 0 (default) to 1"),
                Double.class,
                value -> sharedPrefix = value);
        flags.add(
                named("--salt")
                        .negatable(true)
                        .description(
                                "begin each prompt, behind --shared-prefix, with words that no other prompt of any run has, so"
                                        + " that no cache answers (default, but not with --cache-control); --no-salt sends texts as they"
                                        + " are, the same again for the same --seed"),
                Boolean.class,
                value -> salt = value);
        flags.add(
                named("--seed")
                        .paramLabel("N")
                        .description("seed of generated prompts, lengths and gaps; another each time by default"),
                Long.class,
                value -> seed = value);
        flags.add(
                named("--turns", "--conversation-turn-mean", "--session-turns-mean")
                        .paramLabel("N|FORM|all")
                        .description(
                                "conversations of so many turns, a number or a distribution as for --isl; with --dataset, all"
                                        + " those of each conversation or the first N of them (default: every request stands for itself)"),
                String.class,
                value -> turns = value);
        flags.add(
                named("--turns-stddev", "--conversation-turn-stddev", "--session-turns-stddev")
                        .paramLabel("SD")
                        .description("standard deviation of --turns N, for a normal distribution (default 0)"),
                Double.class,
                value -> turnsDeviation = value);
        flags.add(
                named("--turn-isl")
                        .paramLabel("WORDS")
                        .description(
                                "words of a generated conversation's later prompts, a number or a distribution as for --isl"
                                        + " (default that of --isl)"),
                String.class,
                value -> followUpLength = value);
        flags.add(
                named("--history")
                        .paramLabel("real|synthetic")
                        .description(
                                "what later turns repeat as the assistant's part: what the server answered in this"
                                        + " conversation (default), or the dataset's answers and words in their place, the same in each run"),
                Prompts.History.class,
                value -> history = value);
    }

    /// @param runId hexadecimal, another one for each run
    /// @param caching whether the provider is asked to keep prompts in its cache
    /// @param trace brings the lengths, null for none
    /// @param in what `--prompt-file -` reads
    Prompts prompts(boolean embedded, String runId, boolean caching, @Nullable Trace trace, InputStream in)
            throws IOException {
        var answers = Lengths.parse(
                "--output-len", outputLength != null ? outputLength : embedded ? EMBEDDED_OUTPUT : DEFAULT_LENGTH, 0);
        if (Stream.of(prompt, promptFile, dataset, inputLength)
                        .filter(source -> source != null)
                        .count()
                > 1) {
            throw CommandFailure.usage(
                    "--prompt, --prompt-file, --dataset and --input-len exclude each other; give one of them");
        }
        if (!(sharedPrefix >= 0 && sharedPrefix <= 1)) {
            throw CommandFailure.usage("--shared-prefix must be from 0 to 1, was " + sharedPrefix);
        }
        if (sharedPrefix > 0 && (prompt != null || promptFile != null || dataset != null || trace != null)) {
            throw CommandFailure.usage("--shared-prefix goes with generated prompts; leave it out, or give --isl");
        }
        boolean salted = salt != null ? salt : !caching;
        return new Prompts(texts(trace, in), answers, seed(), salted ? salt(runId) : null, turns());
    }

    /// Whether requests are turns of conversations.
    boolean talks() {
        return turns != null;
    }

    /// How many turns a conversation has on average, rather too many than too few; 1 where there are none.
    double meanTurns() {
        Prompts.Turns asked = turns();
        if (asked == null) {
            return 1;
        }
        Lengths lengths = asked.lengths();
        if (dataset == null) {
            return lengths == null ? 1 : lengths.mean();
        }
        int most = lengths == null ? Integer.MAX_VALUE : lengths.most();
        return dataset(dataset).rows().stream()
                .mapToInt(row -> Math.min(most, row.later().size() + 1))
                .average()
                .orElse(1);
    }

    private Prompts.@Nullable Turns turns() {
        if (turns == null) {
            List<String> idle = Stream.of(
                            turnsDeviation == null ? "" : "--turns-stddev",
                            followUpLength == null ? "" : "--turn-isl",
                            history == null ? "" : "--history")
                    .filter(flag -> !flag.isEmpty())
                    .toList();
            if (!idle.isEmpty()) {
                throw CommandFailure.usage(
                        String.join(" and ", idle) + " belongs to conversations; give --turns with it");
            }
            return null;
        }
        boolean all = turns.strip().equals("all");
        if (all && (dataset == null || turnsDeviation != null)) {
            throw CommandFailure.usage(
                    dataset == null
                            ? "--turns all means those of a --dataset; give one, or a number of turns"
                            : "--turns all has no deviation; leave out --turns-stddev");
        }
        if (followUpLength != null && (dataset != null || prompt != null || promptFile != null)) {
            throw CommandFailure.usage("--turn-isl goes with generated prompts; leave it out, or give --isl");
        }
        String each = followUpLength != null ? followUpLength : inputLength != null ? inputLength : DEFAULT_LENGTH;
        return new Prompts.Turns(
                all ? null : turnLengths(turns),
                Lengths.parse("--turn-isl", each, 1),
                history == null ? Prompts.History.REAL : history);
    }

    private Lengths turnLengths(String text) {
        if (turnsDeviation != null && !(turnsDeviation >= 0 && turnsDeviation < Double.POSITIVE_INFINITY)) {
            throw CommandFailure.usage("--turns-stddev must be at least 0 and finite, was " + turnsDeviation);
        }
        boolean spread = turnsDeviation != null && turnsDeviation != 0;
        if (spread && text.contains(":")) {
            throw CommandFailure.usage(
                    "--turns-stddev goes with --turns N, not with '" + text + "'; leave out one of them");
        }
        return Lengths.parse("--turns", spread ? "normal:" + text.strip() + ":" + turnsDeviation : text, 1);
    }

    private Prompts.Texts texts(@Nullable Trace trace, InputStream in) throws IOException {
        if (trace != null) {
            if (turns != null) {
                throw CommandFailure.usage("--trace has requests without conversations; leave out --turns");
            }
            if (prompt != null
                    || promptFile != null
                    || dataset != null
                    || inputLength != null
                    || outputLength != null) {
                throw CommandFailure.usage("--trace brings the lengths of prompts and answers; leave out --prompt,"
                        + " --prompt-file, --dataset, --input-len and --output-len");
            }
            return new Prompts.Traced(trace, seed());
        }
        if (prompt != null) {
            return new Prompts.Repeated(said("--prompt", prompt), "the text of --prompt, each time");
        }
        if (promptFile != null) {
            return new Prompts.Repeated(
                    said("--prompt-file '" + promptFile + "'", read(promptFile, in)),
                    "the text of --prompt-file " + promptFile + ", each time");
        }
        if (dataset != null) {
            return dataset(dataset);
        }
        var lengths = Lengths.parse("--input-len", inputLength != null ? inputLength : DEFAULT_LENGTH, 1);
        return new Prompts.Generated(seed(), lengths, sharedPrefix);
    }

    private Prompts.Dataset dataset(Path file) {
        if (read == null) {
            read = DatasetFile.read(file, turns != null);
        }
        return read;
    }

    /// A plan that is only looked at has no id yet.
    private static long salt(String runId) {
        return runId.isEmpty() ? 0 : Long.parseUnsignedLong(runId, 16);
    }

    private static String said(String where, String text) {
        if (text.isBlank()) {
            throw CommandFailure.usage(where + " is empty; give what is to be asked, or --isl for generated prompts");
        }
        return text;
    }

    /// What everything that is drawn at random is drawn by.
    long seed() {
        if (seed == null) {
            seed = (long) new SecureRandom().nextInt(1_000_000);
        }
        return seed;
    }

    private String read(String file, InputStream in) throws IOException {
        if (file.equals("-")) {
            if (standardInput == null) {
                standardInput = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            }
            return standardInput;
        }
        try {
            return Files.readString(Path.of(file));
        } catch (IOException e) {
            throw CommandFailure.usage(
                    "cannot read --prompt-file '" + file + "'; give a text file in UTF-8, or - for standard input", e);
        }
    }
}
