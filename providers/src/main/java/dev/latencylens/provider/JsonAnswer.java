package dev.latencylens.provider;

import dev.latencylens.exchange.ChunkKind;
import dev.latencylens.exchange.ChunkSink;
import dev.latencylens.exchange.Completion;
import dev.latencylens.exchange.ProviderError;
import dev.latencylens.exchange.Usage;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.TokenStreamFactory;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// An answer whose documents are read by the JSON library. It runs beside the measurement, where a microsecond
/// more for each event is no error.
abstract class JsonAnswer extends Answer {
    /// JSON between systems is UTF-8 (RFC 8259, 8.1). Looking for other encodings would take four odd bytes for
    /// UTF-32.
    static final JsonMapper JSON = JsonMapper.builder(JsonFactory.builder()
                    .disable(TokenStreamFactory.Feature.CHARSET_DETECTION)
                    .build())
            .build();

    /// No answer has more; a larger count is a mistake of the server's, and sums of such counts overflow.
    private static final long MOST_TOKENS = 1_000_000_000_000L;

    private static final byte[] BYTE_ORDER_MARK = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};

    private final Map<Integer, String> finishReasons = new LinkedHashMap<>();
    private final Map<String, Long> serverTimingsNs = new LinkedHashMap<>();
    private @Nullable JsonNode usage;
    private int toolCalls;
    private boolean ended;
    private boolean terminated;
    private String failure = "";
    private @Nullable ChunkSink sink;

    JsonAnswer(ErrorReader errors) {
        super(errors);
    }

    /// One event of a stream, or the one document of an answer that came whole; which of them, its members tell.
    /// What is not known is skipped. Nothing here may throw for what a server sent.
    ///
    /// @param type what the framing calls the event, empty where it does not say
    abstract void document(String type, JsonNode json);

    /// Brings the dialect's usage to the one meaning.
    abstract Usage usage(JsonNode raw);

    @Override
    final boolean read(String type, byte[] bytes, int from, int to, long endOffset, int eventBytes, ChunkSink into) {
        JsonNode json;
        try {
            int start = beginsWithMark(bytes, from, to) ? from + BYTE_ORDER_MARK.length : from;
            json = JSON.readTree(bytes, start, to - start);
        } catch (JacksonException notJson) {
            failure = notJson.getOriginalMessage();
            return false;
        }
        if (json.isMissingNode()) {
            failure = "nothing is there";
            return false;
        }
        into.event(endOffset, eventBytes);
        sink = into;
        document(type, json);
        return true;
    }

    private static boolean beginsWithMark(byte[] bytes, int from, int to) {
        int length = BYTE_ORDER_MARK.length;
        return to - from >= length && Arrays.equals(bytes, from, from + length, BYTE_ORDER_MARK, 0, length);
    }

    @Override
    final String failure() {
        return failure;
    }

    @Override
    final Completion completion(boolean doneSeen) {
        return new Completion(
                List.copyOf(finishReasons.values()),
                terminated,
                ended || terminated,
                usage == null ? null : usage(usage),
                error(),
                malformed(),
                toolCalls,
                serverTimingsNs);
    }

    /// Reports model output, unless it is empty or no text.
    final void output(ChunkKind kind, int choice, JsonNode text) {
        if (text.isString() && !text.stringValue().isEmpty() && sink != null) {
            sink.chunk(kind, choice, ChunkSink.UNKNOWN_TOKENS, text.stringValue());
        }
    }

    /// A tool call begins; its name is its first piece of output.
    final void beginToolCall(int choice, JsonNode name) {
        toolCalls++;
        output(ChunkKind.TOOL, choice, name);
    }

    /// Arguments that came as JSON and not as text.
    final void arguments(int choice, JsonNode arguments) {
        if (sink != null && !arguments.isMissingNode() && !arguments.isNull()) {
            sink.chunk(ChunkKind.TOOL, choice, ChunkSink.UNKNOWN_TOKENS, arguments.toString());
        }
    }

    /// Keeps one reason for each choice, its last: Gemini may say `STOP` with every piece, and then why it ended.
    final void finish(int choice, JsonNode reason) {
        if (reason.isString() && !reason.stringValue().isEmpty()) {
            finishReasons.put(choice, errors.redact(reason.stringValue()));
        }
    }

    /// The answer is whole now, whether or not the dialect has a terminator that is still to come.
    final void end() {
        ended = true;
    }

    /// The dialect's last word came.
    final void terminate() {
        terminated = true;
    }

    /// The usage object itself; a later one takes its place.
    final void keepUsage(JsonNode raw) {
        if (raw.isObject()) {
            usage = raw;
        }
    }

    /// What was kept before, for dialects that add to it.
    final @Nullable JsonNode keptUsage() {
        return usage;
    }

    /// The server's own timing, given in band.
    final void timing(String name, JsonNode value, double nsPerUnit) {
        if (value.isNumber() && !value.isBigInteger()) {
            serverTimingsNs.put(name, Math.round(value.doubleValue() * nsPerUnit));
        }
    }

    /// The error in this document, in whichever shape.
    final void fail(JsonNode json) {
        var read = errors.readJson(json.toString());
        fail(read == null ? new ProviderError("", errors.redact(json.toString())) : read);
    }

    /// A count of tokens, null where it is none. Amazon's Titan writes `28.0`.
    static @Nullable Long count(JsonNode node) {
        return node.isNumber()
                        && node.canConvertToExactIntegral()
                        && node.canConvertToLong()
                        && Math.abs(node.longValue()) <= MOST_TOKENS
                ? (Long) node.longValue()
                : null;
    }

    /// The sum of the counts that are there, null where none is.
    static @Nullable Long sum(@Nullable Long... counts) {
        Long sum = null;
        for (Long count : counts) {
            if (count != null) {
                sum = sum == null ? count : Long.valueOf(sum + count);
            }
        }
        return sum;
    }
}
