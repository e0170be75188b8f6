package dev.latencylens.cli;

import dev.latencylens.exchange.Message;
import dev.latencylens.exchange.Prompt;
import dev.latencylens.exchange.Turn;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.function.LongFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// What each request asks, by its number, and how long its answer may be.
///
/// A salt makes every prompt of every run begin like no other, behind what they are to share, so that no
/// provider's prefix cache makes an answer look fast.
///
/// @param answers the most tokens of an answer, 0 for the provider's default
/// @param seed what lengths of answers are drawn by
/// @param runSalt what tells this run's prompts from those of others, null for none
/// @param turns null where every request stands for itself, and else the number is that of a conversation
record Prompts(
        Texts texts,
        Lengths answers,
        long seed,
        @Nullable Long runSalt,
        @Nullable Turns turns) implements LongFunction<Prompt> {
    private static final int SALT_WORDS = 8;
    private static final long GOLDEN = 0x9E3779B97F4A7C15L;
    /// Words of a stand-in for an answer whose length is left to the server.
    private static final int USUAL_ANSWER = 128;
    /// What a salt before a given text adds to its length, brackets and line break included.
    private static final int SALT_TOKENS = SALT_WORDS + 4;

    /// Of requests that stand for themselves.
    Prompts(Texts texts, Lengths answers, long seed, @Nullable Long runSalt) {
        this(texts, answers, seed, runSalt, null);
    }

    /// How conversations go on.
    ///
    /// @param lengths turns of a conversation, null for all that the file has
    /// @param followUps words of a generated follow-up
    record Turns(@Nullable Lengths lengths, Lengths followUps, History history) {}

    /// What stands for the assistant's part when a conversation goes on.
    enum History {
        /// What the server answered in this very conversation.
        REAL,
        /// The file's own answers, or words of the length that was asked for.
        SYNTHETIC;

        String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /// Where texts come from.
    sealed interface Texts {
        /// @param salt bits that no other prompt has, null for none
        String text(long number, @Nullable Long salt);

        /// The most tokens that the text's own source allows its answer, 0 where it says nothing.
        default int answerLength(long number) {
            return 0;
        }

        /// The largest of these for any number.
        default int mostAnswerLength() {
            return 0;
        }

        /// Where the prompts come from, for the report; never their text.
        String source();

        /// About how many tokens the longest prompt has, rather too many than too few.
        long inputTokens();

        /// How many turns a conversation can have.
        default int turns(long conversation) {
            return Integer.MAX_VALUE;
        }

        /// What the model is told before a conversation, salted where the conversation begins with it.
        default @Nullable String system(long conversation, @Nullable Long salt) {
            return null;
        }

        /// What is asked in a later turn.
        String followUp(long conversation, int turn, Lengths words);

        /// The answer that the source has for a turn, null where it has none.
        default @Nullable String answer(long conversation, int turn) {
            return null;
        }

        /// As [#inputTokens], of the last turn of the longest conversation, with all that was said before.
        ///
        /// @param most turns of a conversation at most
        /// @param answer tokens of an answer at most
        default long inputTokens(int most, Lengths followUps, long answer) {
            return inputTokens() + (most - 1) * (answer + inputTokens());
        }
    }

    /// Whether later turns of conversations repeat what the server has answered.
    boolean repeatAnswers() {
        return turns != null && turns.history() == History.REAL;
    }

    /// What a request of its own asks, or the first turn of a conversation.
    @Override
    public Prompt apply(long number) {
        Long salt = salt(number);
        String system = turns == null ? null : texts.system(number, salt);
        return new Prompt(
                system == null ? List.of() : List.of(new Message(Message.Role.SYSTEM, system)),
                texts.text(number, system == null ? salt : null),
                answerLength(number, 1));
    }

    /// What a turn of a conversation asks, behind all that was said before.
    ///
    /// @param answered what the server answered to the turns before, for [History#REAL]
    Prompt turn(Turn turn, List<String> answered) {
        Prompt first = apply(turn.conversation());
        if (turns == null || turn.isFirst()) {
            return first;
        }
        var history = new ArrayList<>(first.history());
        history.add(new Message(Message.Role.USER, first.text()));
        String next = "";
        for (int number = 2; number <= turn.number(); number++) {
            String answer = turns.history() == History.REAL
                    ? answered.get(number - 2)
                    : standIn(turn.conversation(), number - 1);
            history.add(new Message(Message.Role.ASSISTANT, answer));
            next = texts.followUp(turn.conversation(), number, turns.followUps());
            if (number < turn.number()) {
                history.add(new Message(Message.Role.USER, next));
            }
        }
        return new Prompt(history, next, answerLength(turn.conversation(), turn.number()));
    }

    /// How many turns a conversation is to have.
    int turns(long conversation) {
        if (turns == null) {
            return 1;
        }
        Lengths lengths = turns.lengths();
        int drawn = lengths == null
                ? Integer.MAX_VALUE
                : lengths.draw(new SplittableRandom(mixed(mixed(seed) ^ ~conversation)));
        return Math.min(drawn, texts.turns(conversation));
    }

    private @Nullable Long salt(long number) {
        return runSalt == null ? null : mixed(mixed(runSalt) + number);
    }

    private int answerLength(long number, int turn) {
        int said = texts.answerLength(number);
        return said > 0 ? said : answers.draw(new SplittableRandom(mixed(~seed * GOLDEN + number) + (turn - 1)));
    }

    private String standIn(long conversation, int turn) {
        String answer = texts.answer(conversation, turn);
        if (answer != null) {
            return answer;
        }
        int asked = answerLength(conversation, turn);
        var text = new StringBuilder();
        words(text, mixed(mixed(~seed * GOLDEN + conversation) - turn), null, asked == 0 ? USUAL_ANSWER : asked);
        return text.toString();
    }

    /// Where the prompts come from, for the report; never their text.
    String source() {
        return texts.source() + (runSalt == null ? "" : ", salted") + (turns == null ? "" : source(turns));
    }

    private String source(Turns told) {
        Lengths lengths = told.lengths();
        return ", in conversations of " + (lengths == null ? "all their" : lengths.label()) + " turns"
                + (texts instanceof Generated
                        ? ", follow-ups of " + told.followUps().label() + " words"
                        : "")
                + ", history " + told.history().label();
    }

    /// The most tokens to answer with, of any request, 0 for the provider's default.
    int outputLength() {
        return Math.max(answers.most(), texts.mostAnswerLength());
    }

    /// About how many tokens a prompt has at most, rather too many than too few, and with all that was said
    /// before.
    long inputTokens() {
        if (turns == null) {
            return texts.inputTokens();
        }
        Lengths lengths = turns.lengths();
        long answer = outputLength() == 0 ? USUAL_ANSWER : outputLength();
        return texts.inputTokens(lengths == null ? Integer.MAX_VALUE : lengths.most(), turns.followUps(), (long)
                Math.ceil(answer * Generated.TOKENS_PER_WORD));
    }

    /// How long answers may get, as the report says it.
    String answerLengths() {
        if (texts.mostAnswerLength() > 0) {
            return "answers as long as the file says";
        }
        return answers.most() == 0
                ? "answers as long as the server likes"
                : "answers up to " + answers.label() + " tokens";
    }

    /// The same text each time. The provider may answer it from a cache.
    record Repeated(String text, String source) implements Texts {
        @Override
        public String text(long number, @Nullable Long salt) {
            return salted(text, salt);
        }

        @Override
        public long inputTokens() {
            return tokensOf(text);
        }

        @Override
        public String followUp(long conversation, int turn, Lengths words) {
            return text;
        }
    }

    /// The rows of a file in their order, and again from its top when they are used up.
    record Dataset(List<Row> rows, String source) implements Texts {
        public Dataset {
            rows = List.copyOf(rows);
        }

        /// @param system what the model is told first, null for nothing
        /// @param text what is asked, first of all where it is a conversation
        /// @param answerLength the most tokens of its answers, 0 where the file does not say
        /// @param later the turns of a conversation after its first
        record Row(@Nullable String system, String text, int answerLength, List<Later> later) {
            Row {
                later = List.copyOf(later);
            }

            Row(String text, int answerLength) {
                this(null, text, answerLength, List.of());
            }

            long tokens(int most, long answer) {
                long tokens = tokensOf(text) + (system == null ? 0 : tokensOf(system));
                for (Later turn : later.subList(0, Math.min(later.size(), most - 1))) {
                    tokens += Math.max(answer, tokensOf(turn.answer())) + tokensOf(turn.text());
                }
                return tokens;
            }
        }

        /// @param answer what was answered to the turn before
        /// @param text what is asked then
        record Later(String answer, String text) {}

        @Override
        public String text(long number, @Nullable Long salt) {
            return salted(row(number).text(), salt);
        }

        @Override
        public int answerLength(long number) {
            return row(number).answerLength();
        }

        @Override
        public int mostAnswerLength() {
            return rows.stream().mapToInt(Row::answerLength).max().orElse(0);
        }

        @Override
        public long inputTokens() {
            return rows.stream().mapToLong(row -> tokensOf(row.text())).max().orElse(0);
        }

        @Override
        public long inputTokens(int most, Lengths followUps, long answer) {
            return rows.stream()
                    .mapToLong(row -> row.tokens(most, answer))
                    .max()
                    .orElse(0);
        }

        @Override
        public int turns(long conversation) {
            return row(conversation).later().size() + 1;
        }

        @Override
        public @Nullable String system(long conversation, @Nullable Long salt) {
            String system = row(conversation).system();
            return system == null ? null : salted(system, salt);
        }

        @Override
        public String followUp(long conversation, int turn, Lengths words) {
            return row(conversation).later().get(turn - 2).text();
        }

        @Override
        public @Nullable String answer(long conversation, int turn) {
            return row(conversation).later().get(turn - 1).answer();
        }

        private Row row(long number) {
            return rows.get((int) (number % rows.size()));
        }
    }

    /// Words at random, the same again for the same seed, but for the salt.
    ///
    /// Length counts words: each is a short English word, which common tokenizers make one token of, so the real
    /// number of tokens is a little higher by what the chat template adds; the report shows the provider's own
    /// count. What all prompts share stands first, then eight words that spell the request's number, mixed with
    /// seed and salt.
    ///
    /// @param lengths words in a prompt
    /// @param shared part of a prompt that all begin with, from 0 to 1
    record Generated(long seed, Lengths lengths, double shared) implements Texts {
        /// With the chat template, and words that some tokenizers cut in two.
        private static final double TOKENS_PER_WORD = 1.5;

        @Override
        public String source() {
            return "generated, " + lengths.label() + " words each"
                    + (shared > 0 ? ", the first " + Math.round(100 * shared) + " % of them shared" : "") + ", seed "
                    + seed;
        }

        @Override
        public long inputTokens() {
            return (long) Math.ceil(lengths.most() * TOKENS_PER_WORD);
        }

        @Override
        public String text(long number, @Nullable Long salt) {
            long own = mixed(seed * GOLDEN + number);
            int length = lengths.draw(new SplittableRandom(own));
            int sharedWords = (int) Math.round(shared * length);
            var text = new StringBuilder(length * 6);
            words(text, mixed(seed), null, sharedWords);
            words(text, own, salt, length - sharedWords);
            return text.toString();
        }

        @Override
        public String followUp(long conversation, int turn, Lengths words) {
            long own = mixed(mixed(seed * GOLDEN + conversation) + turn);
            int length = words.draw(new SplittableRandom(own));
            var text = new StringBuilder(length * 6);
            words(text, own, null, length);
            return text.toString();
        }

        @Override
        public long inputTokens(int most, Lengths followUps, long answer) {
            long followUp = (long) Math.ceil(followUps.most() * TOKENS_PER_WORD);
            return inputTokens() + (most - 1) * (answer + followUp);
        }
    }

    /// Words at random in the lengths of a trace, the same again for the same seed, but for the salt.
    ///
    /// Where the trace tells the blocks of its prompts, equal blocks are equal words, so that the provider's
    /// prefix cache finds what it found when the trace was taken; the salt stands behind them.
    record Traced(Trace trace, long seed) implements Texts {
        /// Tokens of a block in Mooncake's traces.
        private static final int BLOCK = 512;

        @Override
        public String source() {
            long without = trace.withoutLength();
            return "of the lengths in " + trace.file() + " (" + trace.form() + ", "
                    + Figures.count(trace.requests().size()) + " requests), seed " + seed
                    + (without == 0 ? "" : "; " + Figures.count(without) + " have none and ask for 1 token");
        }

        @Override
        public int answerLength(long number) {
            return Math.max(1, request(number).outputLength());
        }

        @Override
        public int mostAnswerLength() {
            return trace.requests().stream()
                    .mapToInt(request -> Math.max(1, request.outputLength()))
                    .max()
                    .orElse(1);
        }

        @Override
        public long inputTokens() {
            int longest = trace.requests().stream()
                    .mapToInt(Trace.Request::inputLength)
                    .max()
                    .orElse(1);
            return (long) Math.ceil(longest * Generated.TOKENS_PER_WORD);
        }

        @Override
        public String text(long number, @Nullable Long salt) {
            Trace.Request request = request(number);
            int left = Math.max(1, request.inputLength());
            var text = new StringBuilder(left * 6);
            for (long block : request.blocks()) {
                int words = Math.min(left, BLOCK);
                words(text, mixed(seed * GOLDEN + block), null, words);
                left -= words;
            }
            words(text, mixed(~seed * GOLDEN + number), salt, left);
            return text.toString();
        }

        /// A trace knows nothing of conversations.
        @Override
        public String followUp(long conversation, int turn, Lengths words) {
            throw new UnsupportedOperationException("a trace has no conversations");
        }

        /// Priming asks for more than a short trace has.
        private Trace.Request request(long number) {
            return trace.requests().get((int) (number % trace.requests().size()));
        }
    }

    /// Adds words, of which the first eight spell the salt, or where there is none what they are drawn by.
    private static void words(StringBuilder text, long own, @Nullable Long salt, int count) {
        long first = salt == null ? own : salt;
        var random = new SplittableRandom(own);
        for (int i = 0; i < count; i++) {
            int word = i < SALT_WORDS ? (int) (first >>> (8 * i)) & 0xFF : random.nextInt(Vocabulary.SIZE);
            text.append(text.isEmpty() ? "" : " ").append(Vocabulary.word(word));
        }
    }

    private static String salted(String text, @Nullable Long salt) {
        if (salt == null) {
            return text;
        }
        return IntStream.range(0, SALT_WORDS)
                .mapToObj(i -> Vocabulary.word((int) (salt >>> (8 * i)) & 0xFF))
                .collect(Collectors.joining(" ", "[", "]\n" + text));
    }

    /// Common tokenizers make a token of three characters or more, in all but the rarest scripts.
    private static long tokensOf(String text) {
        return Math.ceilDiv(text.length(), 3L) + SALT_TOKENS;
    }

    /// A bijection of the 64-bit numbers (the finaliser of SplitMix64), so that different numbers stay different.
    private static long mixed(long value) {
        long z = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
