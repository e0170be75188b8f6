package dev.latencylens.provider;

import dev.latencylens.exchange.ChunkKind;
import java.nio.CharBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Finds model output, finish reasons, tool calls, usage, timings and errors in one JSON document of the chat
/// dialect.
///
/// Checks the whole document against RFC 8259, but builds nothing: what it finds are places in the bytes, good
/// until the next [#scan]. It stands beside the measurement, so an ordinary chunk allocates nothing here and costs
/// little: the
/// chunks of a stream differ in one text, and perhaps in padding, so most are told by comparing their bytes with
/// those of the chunk before, and only the rest is parsed. The tests hold both ways to Jackson's reading of the
/// same bytes.
///
/// Positions go from method to method; a negative one means that the document is malformed.
final class ChatScanner {
    /// Deepest nesting, the same as Jackson's.
    static final int MAX_DEPTH = 500;

    private static final int MALFORMED = -1;
    /// Longer documents than this are no ordinary chunks.
    private static final int MAX_PATTERN_BYTES = 4096;

    private static final char REPLACEMENT = '\uFFFD';

    /// Numbers that describe one piece, finish reason or tool call fragment in their arrays.
    private static final int PIECE = 3;

    private static final int FINISH = 3;
    private static final int FRAGMENT = 5;

    /// What an object is, by its place in the document; the members of one that is `OTHER` are only checked.
    private enum Place {
        OTHER,
        DOCUMENT,
        GROQ,
        USAGE,
        CHOICE,
        DELTA,
        PART,
        THINKING,
        TOOL_CALL,
        FUNCTION
    }

    private enum Key {
        UNKNOWN(""),
        ID("id"),
        NAME("name"),
        TEXT("text"),
        DELTA("delta"),
        ERROR("error"),
        INDEX("index"),
        USAGE("usage"),
        OBJECT("object"),
        X_GROQ("x_groq"),
        CHOICES("choices"),
        CONTENT("content"),
        MESSAGE("message"),
        REFUSAL("refusal"),
        TIMINGS("timings"),
        FUNCTION("function"),
        THINKING("thinking"),
        ARGUMENTS("arguments"),
        REASONING("reasoning"),
        TOOL_CALLS("tool_calls"),
        FINISH_REASON("finish_reason"),
        FUNCTION_CALL("function_call"),
        COMPLETION_TOKENS("completion_tokens"),
        REASONING_CONTENT("reasoning_content");

        private static final int LONGEST = 17;
        private static final Key[][] BY_LENGTH = new Key[LONGEST + 1][];

        static {
            for (int length = 0; length <= LONGEST; length++) {
                int wanted = length;
                BY_LENGTH[length] = Arrays.stream(values())
                        .filter(key -> key != UNKNOWN && key.bytes.length == wanted)
                        .toArray(Key[]::new);
            }
        }

        @SuppressWarnings("ImmutableEnumChecker") // never written
        private final byte[] bytes;

        Key(String name) {
            bytes = Bytes.ascii(name);
        }

        static Key of(byte[] json, int from, int to) {
            int length = to - from;
            if (length > LONGEST) {
                return UNKNOWN;
            }
            for (Key key : BY_LENGTH[length]) {
                if (json[from] == key.bytes[0] && Bytes.equal(json, from, to, key.bytes)) {
                    return key;
                }
            }
            return UNKNOWN;
        }
    }

    private static final byte[] ERROR_VALUE = Bytes.ascii("\"error\"");
    private static final byte[] TRUE = Bytes.ascii("true");
    private static final byte[] FALSE = Bytes.ascii("false");
    private static final byte[] NULL = Bytes.ascii("null");

    private byte[] json = Bytes.NONE;
    private int start;
    private int end;

    /// Each piece: choice, from, to; and its kind, null where it repeats another piece.
    private int[] pieces = new int[2 * PIECE];

    private @Nullable ChunkKind[] kinds = new @Nullable ChunkKind[2];

    private int pieceNumbers;

    /// Each finish reason: choice, from, to.
    private int[] finishes = new int[FINISH];

    private int finishNumbers;

    /// Each fragment of a tool call: choice, index or -1, id from, id to, 1 where it has a name.
    private int[] fragments = {};

    private int fragmentNumbers;

    private int usageFrom;
    private int usageTo;
    private int groqUsageFrom;
    private int groqUsageTo;
    private long completionTokens;
    private int timingsFrom;
    private int timingsTo;
    private int errorFrom;
    private int errorTo;

    private int choice;
    private int textPiece;
    private int reasoningPiece;
    private int reasoningContentPiece;

    /// The last document that held one piece and nothing else: all of it but the piece, and the last text that
    /// means nothing (`obfuscation`), has to be the same in the next one. Lengths and places count from its start.
    private byte[] pattern = Bytes.NONE;

    private int patternBytes;
    private int patternPieceFrom;
    private int patternPieceTo;
    private int patternPaddingFrom;
    private int patternPaddingTo;
    private int patternChoice;
    private @Nullable ChunkKind patternKind;

    private int paddingFrom;
    private int paddingTo;

    private CharBuffer characters = CharBuffer.allocate(64);
    private boolean foreignBytes;

    private int failedAt;
    private String expected = "";

    /// Reads one document; false where it is malformed, and then nothing was found in it.
    boolean scan(byte[] bytes, int from, int to) {
        json = bytes;
        start = from;
        end = to;
        forget();
        if (patternKind != null && followsPattern()) {
            kinds[0] = patternKind;
            pieces[0] = patternChoice;
            pieceNumbers = PIECE;
            return true;
        }
        int at = value(blanks(from), Place.DOCUMENT, 0);
        if (at >= 0) {
            at = blanks(at);
            if (at != end) {
                at = fail(at, "the end");
            }
        }
        if (at < 0) {
            forget();
            return false;
        }
        learnPattern();
        return true;
    }

    /// Whether this document is the pattern with another piece and other padding: then both are the same but for
    /// them, well-formedness included. Leaves the piece's place in [#pieces].
    private boolean followsPattern() {
        int at = start + patternPieceFrom;
        if (at > end || !Arrays.equals(json, start, at, pattern, 0, patternPieceFrom)) {
            return false;
        }
        int pieceEnd = string(at - 1) - 1;
        if (pieceEnd <= at) {
            return false;
        }
        pieces[1] = at;
        pieces[2] = pieceEnd;
        at = pieceEnd;
        int same = patternPieceTo;
        if (patternPaddingFrom > patternPieceTo) {
            int padding = at + patternPaddingFrom - same;
            if (padding > end || !Arrays.equals(json, at, padding, pattern, same, patternPaddingFrom)) {
                return false;
            }
            at = string(padding - 1) - 1;
            if (at < 0) {
                return false;
            }
            same = patternPaddingTo;
        }
        return Arrays.equals(json, at, end, pattern, same, patternBytes);
    }

    private void learnPattern() {
        boolean onlyPiece = pieces() == 1
                && finishNumbers == 0
                && fragmentNumbers == 0
                && !hasUsage()
                && !hasTimings()
                && !hasError();
        patternKind = onlyPiece && end - start <= MAX_PATTERN_BYTES ? kinds[0] : null;
        if (patternKind != null) {
            patternBytes = end - start;
            pattern = Bytes.append(pattern, 0, json, start, patternBytes);
            patternChoice = pieces[0];
            patternPieceFrom = pieces[1] - start;
            patternPieceTo = pieces[2] - start;
            patternPaddingFrom = paddingFrom - start;
            patternPaddingTo = paddingTo - start;
        }
    }

    private void forget() {
        pieceNumbers = 0;
        finishNumbers = 0;
        fragmentNumbers = 0;
        usageFrom = 0;
        usageTo = 0;
        groqUsageFrom = 0;
        groqUsageTo = 0;
        completionTokens = -1;
        timingsFrom = 0;
        timingsTo = 0;
        errorFrom = 0;
        errorTo = 0;
        paddingFrom = 0;
        paddingTo = 0;
    }

    /// What was expected, what was seen and where, after a scan that returned false.
    String failure() {
        String seen = failedAt >= end ? "the end" : "'" + printable(json[failedAt]) + "'";
        return "expected " + expected + ", was " + seen + " at byte " + (failedAt - start);
    }

    private static String printable(byte b) {
        return b > ' ' && b < 127 ? String.valueOf((char) b) : String.format("\\x%02x", b);
    }

    /// Pieces of model output, in order.
    int pieces() {
        return pieceNumbers / PIECE;
    }

    /// Null for a piece that repeats another one under an older name, and is to be passed over.
    @Nullable
    ChunkKind kind(int piece) {
        return kinds[piece];
    }

    int choice(int piece) {
        return pieces[piece * PIECE];
    }

    /// The characters of a piece, good until the next call.
    CharSequence text(int piece) {
        return decoded(pieces[piece * PIECE + 1], pieces[piece * PIECE + 2]);
    }

    /// Whether a text decoded since the last call of this method held bytes that are no UTF-8.
    boolean sawForeignBytes() {
        boolean saw = foreignBytes;
        foreignBytes = false;
        return saw;
    }

    int finishes() {
        return finishNumbers / FINISH;
    }

    int finishChoice(int finish) {
        return finishes[finish * FINISH];
    }

    String finishReason(int finish) {
        return decoded(finishes[finish * FINISH + 1], finishes[finish * FINISH + 2])
                .toString();
    }

    int toolFragments() {
        return fragmentNumbers / FRAGMENT;
    }

    int toolChoice(int fragment) {
        return fragments[fragment * FRAGMENT];
    }

    /// The number of the call among those of its choice, -1 where the server gave none.
    int toolIndex(int fragment) {
        return fragments[fragment * FRAGMENT + 1];
    }

    boolean toolNamed(int fragment) {
        return fragments[fragment * FRAGMENT + 4] == 1;
    }

    /// The call's id, empty where this fragment has none.
    String toolId(int fragment) {
        return decoded(fragments[fragment * FRAGMENT + 2], fragments[fragment * FRAGMENT + 3])
                .toString();
    }

    boolean hasUsage() {
        return usageTo > usageFrom || groqUsageTo > groqUsageFrom;
    }

    /// Where the usage object lies; Groq's own one counts only where there is no other.
    int usageFrom() {
        return usageTo > usageFrom ? usageFrom : groqUsageFrom;
    }

    int usageTo() {
        return usageTo > usageFrom ? usageTo : groqUsageTo;
    }

    /// The usage's count of output tokens, -1 where it has none.
    long completionTokens() {
        return completionTokens;
    }

    /// llama.cpp's own times.
    boolean hasTimings() {
        return timingsTo > timingsFrom;
    }

    int timingsFrom() {
        return timingsFrom;
    }

    int timingsTo() {
        return timingsTo;
    }

    boolean hasError() {
        return errorTo > errorFrom;
    }

    int errorFrom() {
        return errorFrom;
    }

    int errorTo() {
        return errorTo;
    }

    private int value(int at, Place place, int depth) {
        return switch (peek(at)) {
            case '{' -> object(at, place, depth + 1);
            case '[' -> array(at, Place.OTHER, depth + 1);
            case '"' -> string(at);
            case 't' -> literal(at, TRUE);
            case 'f' -> literal(at, FALSE);
            case 'n' -> literal(at, NULL);
            default -> number(at);
        };
    }

    private int object(int open, Place place, int depth) {
        if (depth > MAX_DEPTH) {
            return fail(open, "at most " + MAX_DEPTH + " levels");
        }
        int at = blanks(open + 1);
        if (peek(at) == '}') {
            return at + 1;
        }
        while (true) {
            if (peek(at) != '"') {
                return fail(at, "a key");
            }
            int keyEnd = string(at);
            if (keyEnd < 0) {
                return MALFORMED;
            }
            Key key = place == Place.OTHER ? Key.UNKNOWN : key(at + 1, keyEnd - 1);
            at = blanks(keyEnd);
            if (peek(at) != ':') {
                return fail(at, "':'");
            }
            at = blanks(at + 1);
            at = place == Place.OTHER ? value(at, Place.OTHER, depth) : member(place, key, at, depth);
            if (at < 0) {
                return MALFORMED;
            }
            at = blanks(at);
            byte next = peek(at);
            if (next == '}') {
                return at + 1;
            }
            if (next != ',') {
                return fail(at, "',' or '}'");
            }
            at = blanks(at + 1);
        }
    }

    private int array(int open, Place elements, int depth) {
        if (depth > MAX_DEPTH) {
            return fail(open, "at most " + MAX_DEPTH + " levels");
        }
        int at = blanks(open + 1);
        if (peek(at) == ']') {
            return at + 1;
        }
        while (true) {
            at = switch (elements) {
                case CHOICE -> choice(at, depth);
                case TOOL_CALL -> toolCall(at, Place.TOOL_CALL, depth);
                case PART -> peek(at) == '"' ? piece(at, ChunkKind.TEXT, depth) : value(at, elements, depth);
                default -> value(at, elements, depth);
            };
            if (at < 0) {
                return MALFORMED;
            }
            at = blanks(at);
            byte next = peek(at);
            if (next == ']') {
                return at + 1;
            }
            if (next != ',') {
                return fail(at, "',' or ']'");
            }
            at = blanks(at + 1);
        }
    }

    private int member(Place place, Key key, int at, int depth) {
        return switch (place) {
            case DOCUMENT -> documentMember(key, at, depth);
            case CHOICE -> choiceMember(key, at, depth);
            case DELTA -> deltaMember(key, at, depth);
            case GROQ -> key == Key.USAGE ? groqUsage(at, depth) : value(at, Place.OTHER, depth);
            case USAGE -> key == Key.COMPLETION_TOKENS ? completionTokens(at, depth) : value(at, Place.OTHER, depth);
            case PART -> partMember(key, at, depth);
            case THINKING -> key == Key.TEXT ? piece(at, ChunkKind.REASONING, depth) : value(at, Place.OTHER, depth);
            case TOOL_CALL -> toolCallMember(key, at, depth);
            case FUNCTION -> functionMember(key, at, depth);
            case OTHER -> value(at, Place.OTHER, depth);
        };
    }

    private int documentMember(Key key, int at, int depth) {
        return switch (key) {
            case CHOICES -> peek(at) == '[' ? array(at, Place.CHOICE, depth + 1) : value(at, Place.OTHER, depth);
            case USAGE -> usage(at, depth);
            case X_GROQ -> value(at, Place.GROQ, depth);
            case TIMINGS -> timings(at, depth);
            case ERROR -> error(at, depth);
            case OBJECT -> objectName(at, depth);
            case UNKNOWN -> padding(at, depth);
            default -> value(at, Place.OTHER, depth);
        };
    }

    private int padding(int at, int depth) {
        int after = value(at, Place.OTHER, depth);
        if (peek(at) == '"') {
            paddingFrom = at + 1;
            paddingTo = after - 1;
        }
        return after;
    }

    private int choiceMember(Key key, int at, int depth) {
        return switch (key) {
            case DELTA, MESSAGE -> delta(at, depth);
            case INDEX -> {
                int after = value(at, Place.OTHER, depth);
                choice = index(at, after, choice);
                yield after;
            }
            case TEXT -> {
                int before = pieces();
                int after = piece(at, ChunkKind.TEXT, depth);
                textPiece = pieceSince(before);
                yield after;
            }
            case FINISH_REASON -> finishReason(at, depth);
            default -> value(at, Place.OTHER, depth);
        };
    }

    private int deltaMember(Key key, int at, int depth) {
        return switch (key) {
            case CONTENT -> peek(at) == '[' ? array(at, Place.PART, depth + 1) : piece(at, ChunkKind.TEXT, depth);
            case REASONING -> {
                int before = pieces();
                int after = piece(at, ChunkKind.REASONING, depth);
                reasoningPiece = pieceSince(before);
                yield after;
            }
            case REASONING_CONTENT -> {
                int before = pieces();
                int after = piece(at, ChunkKind.REASONING, depth);
                reasoningContentPiece = pieceSince(before);
                yield after;
            }
            case REFUSAL -> piece(at, ChunkKind.REFUSAL, depth);
            case TOOL_CALLS -> peek(at) == '[' ? array(at, Place.TOOL_CALL, depth + 1) : value(at, Place.OTHER, depth);
            case FUNCTION_CALL -> toolCall(at, Place.FUNCTION, depth);
            default -> value(at, Place.OTHER, depth);
        };
    }

    private int partMember(Key key, int at, int depth) {
        return switch (key) {
            case TEXT -> piece(at, ChunkKind.TEXT, depth);
            case THINKING ->
                peek(at) == '[' ? array(at, Place.THINKING, depth + 1) : piece(at, ChunkKind.REASONING, depth);
            default -> value(at, Place.OTHER, depth);
        };
    }

    private int toolCallMember(Key key, int at, int depth) {
        int after = key == Key.FUNCTION ? value(at, Place.FUNCTION, depth) : value(at, Place.OTHER, depth);
        int fragment = fragmentNumbers - FRAGMENT;
        if (key == Key.INDEX) {
            fragments[fragment + 1] = index(at, after, -1);
        } else if (key == Key.ID && peek(at) == '"' && after >= 0) {
            fragments[fragment + 2] = at + 1;
            fragments[fragment + 3] = after - 1;
        }
        return after;
    }

    private int functionMember(Key key, int at, int depth) {
        if (key == Key.NAME) {
            int before = pieceNumbers;
            int after = piece(at, ChunkKind.TOOL, depth);
            if (pieceNumbers > before) {
                fragments[fragmentNumbers - 1] = 1;
            }
            return after;
        }
        return key == Key.ARGUMENTS ? piece(at, ChunkKind.TOOL, depth) : value(at, Place.OTHER, depth);
    }

    /// One choice; its index may come behind what it holds, so its pieces get it at the end.
    private int choice(int at, int depth) {
        int firstPiece = pieceNumbers;
        int firstFinish = finishNumbers;
        int firstFragment = fragmentNumbers;
        choice = 0;
        textPiece = -1;
        int after = value(at, Place.CHOICE, depth);
        if (hasTextBeside(textPiece, firstPiece / PIECE)) {
            kinds[textPiece] = null;
        }
        for (int i = firstPiece; i < pieceNumbers; i += PIECE) {
            pieces[i] = choice;
        }
        for (int i = firstFinish; i < finishNumbers; i += FINISH) {
            finishes[i] = choice;
        }
        for (int i = firstFragment; i < fragmentNumbers; i += FRAGMENT) {
            fragments[i] = choice;
        }
        return after;
    }

    /// Whether the choice's own `text`, of the older API, stands beside text in its delta. Together's servers send
    /// the same under both.
    private boolean hasTextBeside(int piece, int first) {
        for (int other = first; piece >= 0 && other < pieces(); other++) {
            if (other != piece && kinds[other] == ChunkKind.TEXT) {
                return true;
            }
        }
        return false;
    }

    private int delta(int at, int depth) {
        reasoningPiece = -1;
        reasoningContentPiece = -1;
        int after = value(at, Place.DELTA, depth);
        if (reasoningPiece >= 0
                && reasoningContentPiece >= 0
                && text(reasoningPiece).toString().contentEquals(text(reasoningContentPiece))) {
            kinds[Math.max(reasoningPiece, reasoningContentPiece)] = null;
        }
        return after;
    }

    private int pieceSince(int before) {
        return pieces() > before ? before : -1;
    }

    /// A fragment of a tool call: an element of `tool_calls`, or the older `function_call`.
    private int toolCall(int at, Place place, int depth) {
        if (peek(at) != '{') {
            return value(at, Place.OTHER, depth);
        }
        if (fragments.length < fragmentNumbers + FRAGMENT) {
            fragments = Arrays.copyOf(fragments, Math.max(2 * FRAGMENT, fragments.length * 2));
        }
        Arrays.fill(fragments, fragmentNumbers, fragmentNumbers + FRAGMENT, 0);
        fragments[fragmentNumbers + 1] = -1;
        fragmentNumbers += FRAGMENT;
        return value(at, place, depth);
    }

    private int finishReason(int at, int depth) {
        int after = value(at, Place.OTHER, depth);
        if (peek(at) == '"' && after - at > 2) {
            if (finishes.length < finishNumbers + FINISH) {
                finishes = Arrays.copyOf(finishes, finishes.length * 2);
            }
            finishes[finishNumbers + 1] = at + 1;
            finishes[finishNumbers + 2] = after - 1;
            finishNumbers += FINISH;
        }
        return after;
    }

    /// A string with something in it is a piece of this kind; anything else is none.
    private int piece(int at, ChunkKind kind, int depth) {
        if (peek(at) != '"') {
            return value(at, Place.OTHER, depth);
        }
        int after = string(at);
        if (after - at > 2) {
            if (pieces.length < pieceNumbers + PIECE) {
                pieces = Arrays.copyOf(pieces, pieces.length * 2);
                kinds = Arrays.copyOf(kinds, kinds.length * 2);
            }
            kinds[pieces()] = kind;
            pieces[pieceNumbers + 1] = at + 1;
            pieces[pieceNumbers + 2] = after - 1;
            pieceNumbers += PIECE;
        }
        return after;
    }

    private int usage(int at, int depth) {
        if (peek(at) != '{') {
            return value(at, Place.OTHER, depth);
        }
        completionTokens = -1;
        int after = value(at, Place.USAGE, depth);
        usageFrom = at;
        usageTo = after;
        return after;
    }

    private int groqUsage(int at, int depth) {
        if (peek(at) != '{' || usageTo > usageFrom) {
            return value(at, Place.OTHER, depth);
        }
        completionTokens = -1;
        int after = value(at, Place.USAGE, depth);
        groqUsageFrom = at;
        groqUsageTo = after;
        return after;
    }

    private int timings(int at, int depth) {
        int after = value(at, Place.OTHER, depth);
        if (after >= 0 && peek(at) == '{') {
            timingsFrom = at;
            timingsTo = after;
        }
        return after;
    }

    private int completionTokens(int at, int depth) {
        int after = value(at, Place.OTHER, depth);
        completionTokens = wholeNumber(at, after);
        return after;
    }

    private int error(int at, int depth) {
        int after = value(at, Place.OTHER, depth);
        byte first = peek(at);
        boolean empty = first == 'n' || first == 'f' || (after - at == 2 && (first == '{' || first == '"'));
        if (after >= 0 && !empty) {
            errorFrom = at;
            errorTo = after;
        }
        return after;
    }

    /// `"object":"error"` marks the whole document as an error, in the flat form of older vLLM servers.
    private int objectName(int at, int depth) {
        int after = value(at, Place.OTHER, depth);
        if (after >= 0 && errorTo == errorFrom && Bytes.equal(json, at, after, ERROR_VALUE)) {
            errorFrom = start;
            errorTo = end;
        }
        return after;
    }

    private int index(int from, int to, int otherwise) {
        long number = wholeNumber(from, to);
        return number >= 0 && number <= Integer.MAX_VALUE ? (int) number : otherwise;
    }

    /// The value of these digits; -1 where they are anything else.
    private long wholeNumber(int from, int to) {
        if (to <= from || to - from > 18) {
            return -1;
        }
        long number = 0;
        for (int i = from; i < to; i++) {
            int digit = json[i] - '0';
            if (digit < 0 || digit > 9) {
                return -1;
            }
            number = number * 10 + digit;
        }
        return number;
    }

    private int string(int open) {
        int at = open + 1;
        while (true) {
            at = Bytes.stringEnd(json, at, end);
            byte b = peek(at);
            if (b == '"') {
                return at + 1;
            }
            if (b != '\\' || at >= end) {
                return fail(at, "'\"'");
            }
            at = escape(at + 1);
            if (at < 0) {
                return MALFORMED;
            }
        }
    }

    private int escape(int at) {
        return switch (peek(at)) {
            case '"', '\\', '/', 'b', 'f', 'n', 'r', 't' -> at + 1;
            case 'u' -> hexadecimal(at + 1);
            default -> fail(at, "an escape");
        };
    }

    private int hexadecimal(int from) {
        for (int at = from; at < from + 4; at++) {
            if (Character.digit(peek(at), 16) < 0) {
                return fail(at, "a hexadecimal digit");
            }
        }
        return from + 4;
    }

    private int literal(int at, byte[] word) {
        for (int i = 0; i < word.length; i++) {
            if (peek(at + i) != word[i]) {
                return fail(at + i, "a value");
            }
        }
        return at + word.length;
    }

    private int number(int from) {
        int at = peek(from) == '-' ? from + 1 : from;
        if (peek(at) == '0') {
            at++;
        } else {
            int digits = digits(at);
            if (digits == at) {
                return fail(at, "a value");
            }
            at = digits;
        }
        if (peek(at) == '.') {
            int digits = digits(at + 1);
            if (digits == at + 1) {
                return fail(digits, "a digit");
            }
            at = digits;
        }
        if (peek(at) == 'e' || peek(at) == 'E') {
            at++;
            if (peek(at) == '+' || peek(at) == '-') {
                at++;
            }
            int digits = digits(at);
            if (digits == at) {
                return fail(at, "a digit");
            }
            at = digits;
        }
        return at;
    }

    private int digits(int at) {
        int i = at;
        while (peek(i) >= '0' && peek(i) <= '9') {
            i++;
        }
        return i;
    }

    private int blanks(int at) {
        int i = at;
        while (i < end && Bytes.isBlank(json[i])) {
            i++;
        }
        return i;
    }

    private byte peek(int at) {
        return at < end ? json[at] : 0;
    }

    private int fail(int at, String what) {
        failedAt = at;
        expected = what;
        return MALFORMED;
    }

    private Key key(int from, int to) {
        Key key = Key.of(json, from, to);
        if (key == Key.UNKNOWN && Bytes.stringEnd(json, from, to) < to) {
            byte[] unescaped = Bytes.ascii(decoded(from, to).toString());
            return Key.of(unescaped, 0, unescaped.length);
        }
        return key;
    }

    /// The characters of a JSON string between its quotes. A byte that is no UTF-8 becomes U+FFFD.
    private CharBuffer decoded(int from, int to) {
        if (characters.capacity() < to - from) {
            characters = CharBuffer.allocate(Math.max(to - from, characters.capacity() * 2));
        }
        char[] target = characters.array();
        int length = 0;
        int at = from;
        while (at < to) {
            byte b = json[at];
            if (b >= 0) {
                if (b != '\\') {
                    target[length++] = (char) b;
                    at++;
                } else if (json[at + 1] != 'u') {
                    target[length++] = unescaped(json[at + 1]);
                    at += 2;
                } else {
                    target[length++] = (char) ((Character.digit(json[at + 2], 16) << 12)
                            | (Character.digit(json[at + 3], 16) << 8)
                            | (Character.digit(json[at + 4], 16) << 4)
                            | Character.digit(json[at + 5], 16));
                    at += 6;
                }
                continue;
            }
            int size = sequenceLength(at, to);
            switch (size) {
                case 2 -> target[length++] = (char) ((b & 0x1F) << 6 | low(at + 1));
                case 3 -> target[length++] = (char) ((b & 0x0F) << 12 | low(at + 1) << 6 | low(at + 2));
                case 4 -> {
                    int codePoint = (b & 0x07) << 18 | low(at + 1) << 12 | low(at + 2) << 6 | low(at + 3);
                    target[length++] = Character.highSurrogate(codePoint);
                    target[length++] = Character.lowSurrogate(codePoint);
                }
                default -> {
                    target[length++] = REPLACEMENT;
                    foreignBytes = true;
                }
            }
            at += size;
        }
        return characters.clear().limit(length);
    }

    private int low(int at) {
        return json[at] & 0x3F;
    }

    /// Bytes of the well-formed UTF-8 sequence of several bytes here (Unicode, table 3-7), 1 where there is none.
    private int sequenceLength(int at, int to) {
        int lead = json[at] & 0xFF;
        int size = lead < 0xC2 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 1;
        if (at + size > to || size == 1) {
            return 1;
        }
        int second = json[at + 1] & 0xFF;
        int least = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
        int most = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
        if (second < least || second > most) {
            return 1;
        }
        for (int i = at + 2; i < at + size; i++) {
            if ((json[i] & 0xC0) != 0x80) {
                return 1;
            }
        }
        return size;
    }

    private static char unescaped(byte escape) {
        return switch (escape) {
            case 'b' -> '\b';
            case 'f' -> '\f';
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            default -> (char) escape;
        };
    }
}
