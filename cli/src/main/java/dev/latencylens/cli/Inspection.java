package dev.latencylens.cli;

import dev.latencylens.exchange.ChunkKind;
import dev.latencylens.exchange.ChunkSink;
import dev.latencylens.exchange.Completion;
import dev.latencylens.exchange.ProviderError;
import dev.latencylens.exchange.ResponseHead;
import dev.latencylens.exchange.StreamDecoder;
import dev.latencylens.exchange.Tokenizer;
import dev.latencylens.exchange.Transcript;
import dev.latencylens.provider.DialectName;
import dev.latencylens.provider.DialectOptions;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// What a dialect makes of a recorded body, event by event: the same decoder reads it that reads answers in a run.
final class Inspection {
    /// More than a line of the table can show.
    private static final int MOST_EXCERPT = 200;

    private static final Pattern CALL_PART = Pattern.compile("\"functionCall\"\\s*:");
    private static final Pattern EMPTY_THINKING =
            Pattern.compile("\"thinking_delta\"\\s*,\\s*\"thinking\"\\s*:\\s*\"\"");

    private final DialectName dialect;
    private final int bodyBytes;
    private final List<Event> events;
    private final Map<ChunkKind, Tally> tallies;
    private final long emptyThinking;
    private final long callParts;
    private final Completion completion;
    private final @Nullable ProviderError error;

    private Inspection(
            DialectName dialect, int bodyBytes, Reader read, Completion completion, @Nullable ProviderError error) {
        this.dialect = dialect;
        this.bodyBytes = bodyBytes;
        this.events = List.copyOf(read.events);
        this.tallies = read.tallies;
        this.emptyThinking = read.emptyThinking;
        this.callParts = read.callParts;
        this.completion = completion;
        this.error = error;
    }

    /// @param tokenizer counts the output, null for nobody
    static Inspection of(byte[] body, DialectName dialect, @Nullable Tokenizer tokenizer) {
        StreamDecoder decoder = dialect.decoder(body);
        var reader = new Reader(body, decoder, tokenizer == null ? null : new Transcript(tokenizer));
        decoder.decode(body, 0, body.length, reader);
        reader.closeEvent();
        decoder.end(reader);
        reader.closeEvent();
        reader.countTokens();
        Completion completion = decoder.completion();
        ProviderError error = completion.error();
        if (error == null && reader.tallies.isEmpty() && !completion.finishSeen() && completion.usage() == null) {
            error = errorResponse(body);
        }
        return new Inspection(dialect, body.length, reader, completion, error);
    }

    /// An event of the body.
    ///
    /// @param kinds of the output in it, empty for none
    /// @param excerpt the beginning of its output; of the event itself where it has none
    /// @param mark what it is the first of, or why it does not count
    record Event(long offset, int bytes, Set<ChunkKind> kinds, String excerpt, String mark) {
        String kind() {
            return kinds.isEmpty()
                    ? "none"
                    : kinds.stream().map(ChunkKind::label).collect(Collectors.joining("+"));
        }
    }

    /// How the body ended.
    enum End {
        COMPLETE("complete"),
        /// The model finished, but the dialect's last word is missing.
        UNTERMINATED("finish without terminator"),
        CUT("cut");

        private final String label;

        End(String label) {
            this.label = label;
        }

        String label() {
            return label;
        }
    }

    DialectName dialect() {
        return dialect;
    }

    int bodyBytes() {
        return bodyBytes;
    }

    List<Event> events() {
        return events;
    }

    Completion completion() {
        return completion;
    }

    long chunks(ChunkKind kind) {
        Tally tally = tallies.get(kind);
        return tally == null ? 0 : tally.chunks;
    }

    /// Reasoning as the provider cut it: an empty delta, which ends each of Anthropic's thinking blocks, is one of
    /// them, although it is no output.
    long reasoningDeltas() {
        return chunks(ChunkKind.REASONING) + emptyThinking;
    }

    /// Tool calls as the provider sent them: of a call of Gemini's that comes in pieces, each piece is one.
    long toolCallsSent() {
        return dialect == DialectName.GEMINI ? callParts : completion.toolCalls();
    }

    /// Characters as Unicode counts them, also where a pair of surrogates came in two chunks.
    long codePoints(ChunkKind kind) {
        Tally tally = tallies.get(kind);
        return tally == null ? 0 : tally.codePoints;
    }

    /// As the tokenizer counts; [ChunkSink#UNKNOWN_TOKENS] where it cannot.
    long tokens(ChunkKind kind) {
        Tally tally = tallies.get(kind);
        return tally == null ? 0 : tally.tokens;
    }

    /// The error in the middle of the stream, or the one that the whole body is.
    @Nullable
    ProviderError error() {
        return error;
    }

    /// What could not be understood first, null where all was.
    @Nullable
    String malformed() {
        boolean isErrorResponse = error != null && completion.error() == null;
        if (completion.malformed() != null && !isErrorResponse) {
            return completion.malformed();
        }
        if (bodyBytes == 0) {
            return "the body is empty";
        }
        return events.isEmpty() && error == null && !completion.whole()
                ? "no event in " + bodyBytes + " bytes of body"
                : null;
    }

    /// An answer that ended in an error before it finished is cut, whatever came after the error.
    End end() {
        if (completion.whole() && (error == null || completion.finishSeen())) {
            return End.COMPLETE;
        }
        return completion.finishSeen() ? End.UNTERMINATED : End.CUT;
    }

    /// Whether there is no answer and no error in the body, so that the dialect may be the wrong one.
    boolean isForeign() {
        return tallies.isEmpty() && !completion.finishSeen() && error == null;
    }

    /// The error of a body that is an error response and no answer; in a run the status tells them apart.
    private static @Nullable ProviderError errorResponse(byte[] body) {
        JsonNode json;
        try {
            json = JsonMapper.shared().readTree(body);
        } catch (JacksonException notOneDocument) {
            return null;
        }
        JsonNode whole = json.isArray() ? json.path(0) : json;
        boolean message = Stream.of("message", "msg", "detail")
                .map(whole::path)
                .anyMatch(said -> said.isString() || said.isArray());
        if (!message && !whole.hasNonNull("error")) {
            return null;
        }
        // Error responses are read alike in every dialect.
        StreamDecoder decoder = DialectName.OPENAI_CHAT
                .with(DialectOptions.at(URI.create("http://localhost"), "any"))
                .decoder(new ResponseHead(400, List.of()));
        decoder.decode(body, 0, body.length, NOWHERE);
        decoder.end(NOWHERE);
        return decoder.completion().error();
    }

    private static final ChunkSink NOWHERE = new ChunkSink() {
        @Override
        public void event(long endOffset, int bytes) {}

        @Override
        public void chunk(ChunkKind kind, int choice, int tokens, CharSequence text) {}
    };

    /// Collects the events. What an event changed in the completion shows when the next one comes.
    private static final class Reader implements ChunkSink {
        private final byte[] body;
        private final StreamDecoder decoder;
        private final List<Event> events = new ArrayList<>();
        private final Map<ChunkKind, Tally> tallies = new EnumMap<>(ChunkKind.class);
        private final Set<ChunkKind> kinds = EnumSet.noneOf(ChunkKind.class);
        private final StringBuilder output = new StringBuilder();
        private final @Nullable Transcript transcript;
        private final List<ChunkKind> chunks = new ArrayList<>();
        private Completion before;
        private long emptyThinking;
        private long callParts;
        private boolean tokenSeen;
        private boolean visibleSeen;
        private boolean open;
        private int offset;
        private int bytes;

        Reader(byte[] body, StreamDecoder decoder, @Nullable Transcript transcript) {
            this.body = body;
            this.decoder = decoder;
            this.transcript = transcript;
            this.before = decoder.completion();
        }

        @Override
        public void event(long endOffset, int eventBytes) {
            closeEvent();
            open = true;
            offset = Math.toIntExact(Math.max(0, endOffset - eventBytes));
            bytes = eventBytes;
        }

        @Override
        public void chunk(ChunkKind kind, int choice, int tokens, CharSequence text) {
            kinds.add(kind);
            output.append(text, 0, Math.min(text.length(), Math.max(0, MOST_EXCERPT - output.length())));
            tallies.computeIfAbsent(kind, any -> new Tally()).add(choice, text);
            if (transcript != null) {
                transcript.add(kind, choice, text);
                chunks.add(kind);
            }
        }

        void countTokens() {
            if (transcript == null) {
                return;
            }
            int[] tokens = transcript.tokens();
            for (int i = 0; i < tokens.length; i++) {
                Tally tally = tallies.get(chunks.get(i));
                if (tally != null) {
                    tally.tokens = tokens[i] == UNKNOWN_TOKENS ? UNKNOWN_TOKENS : tally.tokens + tokens[i];
                }
            }
        }

        void closeEvent() {
            if (!open) {
                return;
            }
            Completion after = decoder.completion();
            String event = new String(body, offset, Math.min(bytes, body.length - offset), StandardCharsets.UTF_8);
            String excerpt = kinds.isEmpty() ? beginning(event) : '"' + output.toString() + '"';
            String mark = mark(event, after);
            events.add(new Event(
                    offset,
                    bytes,
                    kinds.isEmpty() ? Set.of() : Collections.unmodifiableSet(EnumSet.copyOf(kinds)),
                    excerpt,
                    mark));
            if (kinds.isEmpty() && EMPTY_THINKING.matcher(event).find()) {
                emptyThinking++;
            }
            callParts += CALL_PART.matcher(event).results().count();
            before = after;
            open = false;
            kinds.clear();
            output.setLength(0);
        }

        private String mark(String event, Completion after) {
            var firsts = new ArrayList<String>();
            boolean visible = kinds.stream().anyMatch(ChunkKind::isVisible);
            if (events.isEmpty()) {
                firsts.add("first chunk");
            }
            if (!kinds.isEmpty() && !tokenSeen) {
                firsts.add("first token");
                tokenSeen = true;
            }
            if (visible && !visibleSeen) {
                firsts.add("first visible");
                visibleSeen = true;
            }
            String why = kinds.isEmpty() ? without(event, after) : visible ? "" : "reasoning is not visible";
            return Stream.of(String.join(", ", firsts), why)
                    .filter(part -> !part.isEmpty())
                    .collect(Collectors.joining("; "));
        }

        /// What an event without output is good for.
        private String without(String event, Completion after) {
            if (!Objects.equals(before.malformed(), after.malformed())) {
                return "not understood";
            }
            if (!Objects.equals(before.error(), after.error())) {
                return "error";
            }
            boolean finish = !before.finishReasons().equals(after.finishReasons());
            boolean usage = !Objects.equals(before.usage(), after.usage());
            if (finish || usage) {
                return finish && usage ? "finish, usage" : finish ? "finish" : "usage";
            }
            return event.contains("\"role\"") || event.contains(":\"\"") || event.contains(": \"\"")
                    ? "role only/empty"
                    : "no output";
        }

        /// The event's JSON, or whatever else it begins with.
        private static String beginning(String event) {
            int json = Math.max(0, event.indexOf('{'));
            return event.substring(json, Math.min(event.length(), json + MOST_EXCERPT))
                    .strip();
        }
    }

    /// Output of one kind.
    private static final class Tally {
        private final Set<Integer> halfPairs = new HashSet<>();
        private long chunks;
        private long codePoints;
        private long tokens;

        void add(int choice, CharSequence text) {
            chunks++;
            codePoints += Character.codePointCount(text, 0, text.length());
            boolean halfBefore = halfPairs.remove(choice);
            if (halfBefore && Character.isLowSurrogate(text.charAt(0))) {
                codePoints--;
            }
            if (Character.isHighSurrogate(text.charAt(text.length() - 1))) {
                halfPairs.add(choice);
            }
        }
    }
}
