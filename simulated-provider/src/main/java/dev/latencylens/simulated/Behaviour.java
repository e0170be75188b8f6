package dev.latencylens.simulated;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// How the simulated provider answers: the defaults of a server, and what one request's
/// `X-Simulate: key=value; key=value` header overrides.
///
/// Immutable; [#with] returns a changed copy, and throws an [IllegalArgumentException] whose message
/// names the key, what it expects and the value that was seen.
public final class Behaviour {
    private static final int MOST_TOKENS = 10_000_000;
    private static final int MOST_PER_STEP = 100_000;
    private static final int MOST_TOOL_CALLS = 128;
    private static final Behaviour DEFAULTS = new Behaviour();

    /// Where the reasoning tokens go.
    enum ReasoningField {
        REASONING,
        REASONING_CONTENT,
        HIDDEN
    }

    /// When the stream carries a usage chunk.
    enum Usage {
        ALWAYS,
        ASKED,
        NEVER
    }

    /// The settings, by the names that `X-Simulate` and the command line share.
    public enum Key {
        TTFT("time from the request to the first token: a distribution such as constant:200ms,"
                + " uniform:100ms:300ms, exponential:200ms, lognormal:200ms:0.3, list:200ms,20ms"),
        GAP("time between two chunks of tokens: a distribution"),
        PRELUDE("time from the request to the first event, as the role chunk: a distribution; by default that of the"
                + " first token"),
        PRELUDE_GAP("time between the events before the first token"),
        SEED("seed of all distributions and of fault-rate"),
        TOKENS("length of the visible answer; by default the request's max_tokens, else 16"),
        TOKENS_PER_CHUNK("tokens in one chunk"),
        REASONING_TOKENS("reasoning tokens before the visible answer"),
        THINKING("the same as reasoning-tokens"),
        THINKING_SHOWN("false: reasoning takes its time, leaves no event, and is in the usage"),
        REASONING_FIELD("delta field of the reasoning: reasoning, reasoning_content or hidden"),
        TOOL_CALL("true: the answer is a tool call with streamed arguments"),
        TOOL_CALLS("tool calls after the visible answer"),
        TOOL_TOKENS("tokens of the arguments of each of tool-calls; by default 6"),
        EVENTS_PER_WRITE("events in one write; auto: those that are due at the same instant"),
        SHARED_WRITES("true: over HTTP/2, answers on one connection that are due together leave in one write"),
        WRITES_PER_EVENT("writes for one event, also cut inside a UTF-8 character"),
        SPLIT_GAP("time between the writes of one event"),
        ROLE_CHUNK("false: no role chunk, in OpenAI's dialect and those like it"),
        PINGS("keep-alives, in most dialects empty deltas, before the first token, spread evenly"),
        PINGS_BETWEEN("keep-alives between two chunks"),
        COMMENTS("comment lines, where the dialect has them, before the first token, spread evenly"),
        COMMENTS_BETWEEN("comment lines between two chunks"),
        USAGE("usage chunk: always, asked or never"),
        DONE("false: the dialect's last word, as [DONE], is not said"),
        PADDING("true: letters or blanks that carry nothing in each chunk, as the dialect has them"),
        PROVIDER_HEADERS("true: the provider's headers of timing, with true values, and of rate limits"),
        HEADERS("early: the head leaves at once; late: with the first event"),
        CACHED_TOKENS("cached prompt tokens in the usage"),
        CACHE_FACTOR("prompts whose beginning was seen before hit a cache: the time to first token of what is cached is"
                + " multiplied by this, 0 to 1, and the usage says so; by default there is no cache"),
        CACHE_BLOCK("tokens of a block of the cache, which keeps beginnings in whole ones; by default as the dialect's"
                + " provider: 128 for OpenAI and Azure, 1 for Gemini, 0 for Anthropic and Bedrock, which keep what the"
                + " request marks, 16 for the others, as vLLM"),
        CACHE_MINIMUM(
                "tokens of the shortest beginning that the cache keeps; by default one block where cache-block is given, else"
                        + " 1024 for OpenAI, Azure, Anthropic, Bedrock and Gemini, 16 for the others"),
        DIALECT("dialect of /v1/chat/completions, as openai-chat azure-openai mistral meta-llama"),
        FAULT("what goes wrong: http-400 http-401 http-404 http-429 http-500 http-503 http-529 error-event"
                + " error-named stall reset close no-done cut-clean goaway goaway-refuse refused-stream"
                + " rst-stream garbage garbage-body slow-headers close-after empty no-answer accept-close"),
        FAULT_AFTER("chunks that leave before a fault in mid-stream"),
        FAULT_RATE("share of the requests that get the fault, 0 to 1"),
        STALL_FOR("how long a stall keeps the connection open"),
        HEADER_PACE("time between the bytes of slow-headers"),
        REPLAY("name of the file to replay, inside the server's replay folder"),
        REPLAY_PACE("whole, event:20ms or bytes:7:1ms");

        private final String meaning;

        Key(String meaning) {
            this.meaning = meaning;
        }

        /// The name in `X-Simulate`, and as a flag after two dashes.
        public String label() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }

        /// One line of help.
        public String meaning() {
            return meaning;
        }

        private static Key parse(String text) {
            for (Key key : values()) {
                if (key.label().equals(text)) {
                    return key;
                }
            }
            List<String> known = Arrays.stream(values()).map(Key::label).toList();
            throw new IllegalArgumentException(
                    "unknown setting '" + text + "', expected one of " + String.join(" ", known));
        }
    }

    Distribution ttft = Distribution.ZERO;
    Distribution gap = Distribution.ZERO;

    @Nullable
    Distribution prelude;

    long preludeGapNs;
    long seed = 1;
    int tokens = -1;
    int tokensPerChunk = 1;
    int reasoningTokens;
    ReasoningField reasoningField = ReasoningField.REASONING;
    boolean thinkingShown = true;
    boolean toolCall;
    int toolCalls;
    int toolTokens = 6;
    int eventsPerWrite;
    boolean sharedWrites;
    int writesPerEvent = 1;
    long splitGapNs;
    boolean roleChunk = true;
    int pings;
    int pingsBetween;
    int comments;
    int commentsBetween;
    Usage usage = Usage.ASKED;
    boolean done = true;
    boolean padding;
    boolean headersEarly = true;
    int cachedTokens;

    /// Negative without a cache.
    double cacheFactor = -1;

    /// Negative: the dialect's, as is the other one.
    int cacheBlock = -1;

    int cacheMinimum = -1;

    boolean providerHeaders;
    Dialect dialect = Dialect.OPENAI_CHAT;
    Fault fault = Fault.NONE;
    int faultAfter = 3;
    double faultRate = 1;
    long stallForNs = 60_000_000_000L;
    long headerPaceNs = 2_000_000;

    @Nullable
    String replay;

    ReplayPace replayPace = ReplayPace.WHOLE;

    private Behaviour() {}

    private Behaviour(Behaviour other) {
        ttft = other.ttft;
        gap = other.gap;
        prelude = other.prelude;
        preludeGapNs = other.preludeGapNs;
        seed = other.seed;
        tokens = other.tokens;
        tokensPerChunk = other.tokensPerChunk;
        reasoningTokens = other.reasoningTokens;
        reasoningField = other.reasoningField;
        thinkingShown = other.thinkingShown;
        toolCall = other.toolCall;
        toolCalls = other.toolCalls;
        toolTokens = other.toolTokens;
        eventsPerWrite = other.eventsPerWrite;
        sharedWrites = other.sharedWrites;
        writesPerEvent = other.writesPerEvent;
        splitGapNs = other.splitGapNs;
        roleChunk = other.roleChunk;
        pings = other.pings;
        pingsBetween = other.pingsBetween;
        comments = other.comments;
        commentsBetween = other.commentsBetween;
        usage = other.usage;
        done = other.done;
        padding = other.padding;
        headersEarly = other.headersEarly;
        cachedTokens = other.cachedTokens;
        cacheFactor = other.cacheFactor;
        cacheBlock = other.cacheBlock;
        cacheMinimum = other.cacheMinimum;
        providerHeaders = other.providerHeaders;
        dialect = other.dialect;
        fault = other.fault;
        faultAfter = other.faultAfter;
        faultRate = other.faultRate;
        stallForNs = other.stallForNs;
        headerPaceNs = other.headerPaceNs;
        replay = other.replay;
        replayPace = other.replayPace;
    }

    /// Answers at once, with 16 tokens or as many as the request allows, without faults.
    public static Behaviour defaults() {
        return DEFAULTS;
    }

    /// A copy with one setting changed.
    public Behaviour with(String key, String value) {
        Behaviour copy = new Behaviour(this);
        copy.set(Key.parse(key), value.strip());
        return copy.checked();
    }

    /// A copy with the settings of `key=value; key=value` changed.
    public Behaviour with(String settings) {
        Behaviour copy = new Behaviour(this);
        for (String setting : settings.split(";", -1)) {
            if (setting.isBlank()) {
                continue;
            }
            int equals = setting.indexOf('=');
            if (equals < 0) {
                throw new IllegalArgumentException("expected key=value, was '" + setting.strip() + "'");
            }
            copy.set(
                    Key.parse(setting.substring(0, equals).strip()),
                    setting.substring(equals + 1).strip());
        }
        return copy.checked();
    }

    boolean hidesReasoning() {
        return !thinkingShown || reasoningField == ReasoningField.HIDDEN;
    }

    private Behaviour checked() {
        if (writesPerEvent > 1 && eventsPerWrite > 1) {
            throw new IllegalArgumentException("writes-per-event and events-per-write exclude each other, were "
                    + writesPerEvent + " and " + eventsPerWrite);
        }
        return this;
    }

    private void set(Key key, String value) {
        switch (key) {
            case TTFT -> ttft = Distribution.parse(key.label(), value);
            case GAP -> gap = Distribution.parse(key.label(), value);
            case PRELUDE -> prelude = Distribution.parse(key.label(), value);
            case PRELUDE_GAP -> preludeGapNs = Durations.parseNs(key.label(), value);
            case SEED -> seed = whole(key, value, Long.MIN_VALUE, Long.MAX_VALUE);
            case TOKENS -> tokens = (int) whole(key, value, 0, MOST_TOKENS);
            case TOKENS_PER_CHUNK -> tokensPerChunk = (int) whole(key, value, 1, MOST_PER_STEP);
            case REASONING_TOKENS, THINKING -> reasoningTokens = (int) whole(key, value, 0, MOST_TOKENS);
            case REASONING_FIELD -> reasoningField = oneOf(key, value, ReasoningField.values());
            case THINKING_SHOWN -> thinkingShown = yesOrNo(key, value);
            case TOOL_CALLS -> toolCalls = (int) whole(key, value, 0, MOST_TOOL_CALLS);
            case TOOL_TOKENS -> toolTokens = (int) whole(key, value, 1, MOST_PER_STEP);
            case TOOL_CALL -> toolCall = yesOrNo(key, value);
            case EVENTS_PER_WRITE ->
                eventsPerWrite = value.equals("auto") ? 0 : (int) whole(key, value, 1, MOST_PER_STEP);
            case SHARED_WRITES -> sharedWrites = yesOrNo(key, value);
            case WRITES_PER_EVENT -> writesPerEvent = (int) whole(key, value, 1, MOST_PER_STEP);
            case SPLIT_GAP -> splitGapNs = Durations.parseNs(key.label(), value);
            case ROLE_CHUNK -> roleChunk = yesOrNo(key, value);
            case PINGS -> pings = (int) whole(key, value, 0, MOST_PER_STEP);
            case PINGS_BETWEEN -> pingsBetween = (int) whole(key, value, 0, MOST_PER_STEP);
            case COMMENTS -> comments = (int) whole(key, value, 0, MOST_PER_STEP);
            case COMMENTS_BETWEEN -> commentsBetween = (int) whole(key, value, 0, MOST_PER_STEP);
            case USAGE -> usage = oneOf(key, value, Usage.values());
            case DONE -> done = yesOrNo(key, value);
            case PADDING -> padding = yesOrNo(key, value);
            case HEADERS -> headersEarly = early(value);
            case CACHED_TOKENS -> cachedTokens = (int) whole(key, value, 0, MOST_TOKENS);
            case CACHE_FACTOR -> cacheFactor = share(key, value);
            case CACHE_BLOCK -> cacheBlock = (int) whole(key, value, 0, MOST_TOKENS);
            case CACHE_MINIMUM -> cacheMinimum = (int) whole(key, value, 0, MOST_TOKENS);
            case PROVIDER_HEADERS -> providerHeaders = yesOrNo(key, value);
            case DIALECT -> dialect = Dialect.parse(value);
            case FAULT -> fault = Fault.parse(value);
            case FAULT_AFTER -> faultAfter = (int) whole(key, value, 0, MOST_TOKENS);
            case FAULT_RATE -> faultRate = share(key, value);
            case STALL_FOR -> stallForNs = Durations.parseNs(key.label(), value);
            case HEADER_PACE -> headerPaceNs = Durations.parseNs(key.label(), value);
            case REPLAY -> replay = value;
            case REPLAY_PACE -> replayPace = ReplayPace.parse(key.label(), value);
        }
    }

    private static boolean early(String value) {
        return switch (value) {
            case "early" -> true;
            case "late" -> false;
            default -> throw new IllegalArgumentException("headers: expected early or late, was '" + value + "'");
        };
    }

    private static long whole(Key key, String value, long least, long most) {
        long number;
        try {
            number = Long.parseLong(value);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(key.label() + ": expected a whole number, was '" + value + "'", e);
        }
        if (number < least || number > most) {
            throw new IllegalArgumentException(
                    key.label() + ": expected " + least + " to " + most + ", was '" + value + "'");
        }
        return number;
    }

    private static double share(Key key, String value) {
        double share;
        try {
            share = Double.parseDouble(value);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(key.label() + ": expected a number, was '" + value + "'", e);
        }
        if (!(share >= 0 && share <= 1)) {
            throw new IllegalArgumentException(key.label() + ": expected 0 to 1, was '" + value + "'");
        }
        return share;
    }

    private static boolean yesOrNo(Key key, String value) {
        return switch (value) {
            case "true" -> true;
            case "false" -> false;
            default ->
                throw new IllegalArgumentException(key.label() + ": expected true or false, was '" + value + "'");
        };
    }

    private static <E extends Enum<E>> E oneOf(Key key, String value, E[] known) {
        for (E one : known) {
            if (one.name().toLowerCase(Locale.ROOT).equals(value)) {
                return one;
            }
        }
        throw new IllegalArgumentException(key.label() + ": expected one of "
                + Arrays.toString(known).toLowerCase(Locale.ROOT) + ", was '" + value + "'");
    }
}
