package dev.latencylens.provider;

import dev.latencylens.exchange.ChunkKind;
import dev.latencylens.exchange.ChunkSink;
import dev.latencylens.exchange.Completion;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// An answer in the chat dialect. Its documents are most of those that people measure, and far more frequent than
/// any others, so they are read without building a tree of them.
final class ChatAnswer extends Answer {
    /// Groq gives its times in seconds, beside its counts.
    private static final double SECOND_NS = 1e9;

    /// llama.cpp gives them in milliseconds, in an object of their own.
    private static final double MILLISECOND_NS = 1e6;

    private final ChatScanner scanner = new ChatScanner();

    private final Map<Integer, String> finishReasons = new LinkedHashMap<>();
    private int toolCalls;

    /// The id of the call last begun under a choice and index; empty where it had none.
    private @Nullable Map<Long, String> begunCalls;

    private byte[] usage = Bytes.NONE;
    private int usageBytes;

    private byte[] timings = Bytes.NONE;
    private int timingsBytes;

    /// Whether every document with output so far carried usage, so that its growth counts the tokens of a chunk.
    private boolean usageContinuous = true;

    private long tokensCounted;

    ChatAnswer(ErrorReader errors) {
        super(errors);
    }

    @Override
    boolean read(String type, byte[] bytes, int from, int to, long endOffset, int eventBytes, ChunkSink sink) {
        if (!scanner.scan(bytes, from, to)) {
            return false;
        }
        sink.event(endOffset, eventBytes);
        if (scanner.hasUsage()) {
            usageBytes = scanner.usageTo() - scanner.usageFrom();
            usage = Bytes.append(usage, 0, bytes, scanner.usageFrom(), usageBytes);
        }
        if (scanner.hasTimings()) {
            timingsBytes = scanner.timingsTo() - scanner.timingsFrom();
            timings = Bytes.append(timings, 0, bytes, scanner.timingsFrom(), timingsBytes);
        }
        if (scanner.hasError()) {
            fail(errors.read(bytes, scanner.errorFrom(), scanner.errorTo()));
        }
        for (int i = 0; i < scanner.finishes(); i++) {
            finishReasons.putIfAbsent(scanner.finishChoice(i), scanner.finishReason(i));
        }
        for (int i = 0; i < scanner.toolFragments(); i++) {
            countToolCall(i);
        }
        int tokens = tokensOfOnlyChunk();
        for (int i = 0; i < scanner.pieces(); i++) {
            ChunkKind kind = scanner.kind(i);
            if (kind != null) {
                sink.chunk(kind, scanner.choice(i), tokens, scanner.text(i));
            }
        }
        if (scanner.sawForeignBytes()) {
            misunderstand("text is not UTF-8 in the event that ends at byte " + endOffset);
        }
        return true;
    }

    @Override
    String failure() {
        return scanner.failure();
    }

    @Override
    Completion completion(boolean terminatorSeen) {
        return new Completion(
                List.copyOf(finishReasons.values()),
                terminatorSeen,
                terminatorSeen,
                usageBytes == 0 ? null : ChatUsage.read(usage, usageBytes),
                error(),
                malformed(),
                toolCalls,
                serverTimingsNs());
    }

    private Map<String, Long> serverTimingsNs() {
        Map<String, Long> all = new LinkedHashMap<>();
        if (usageBytes > 0) {
            ChatUsage.addTimings(usage, usageBytes, "_time", SECOND_NS, all);
        }
        if (timingsBytes > 0) {
            ChatUsage.addTimings(timings, timingsBytes, "_ms", MILLISECOND_NS, all);
        }
        return all;
    }

    /// How far the count of output tokens grew, where the server sends it with every piece of output (vLLM's and
    /// SGLang's `continuous_usage_stats`) and the document holds one piece. With several choices nobody says whose
    /// count it is.
    private int tokensOfOnlyChunk() {
        int chunks = 0;
        int choice = 0;
        for (int i = 0; i < scanner.pieces(); i++) {
            if (scanner.kind(i) != null) {
                chunks++;
                choice = Math.max(choice, scanner.choice(i));
            }
        }
        if (chunks == 0) {
            return ChunkSink.UNKNOWN_TOKENS;
        }
        long total = scanner.completionTokens();
        usageContinuous &= total >= tokensCounted && choice == 0;
        if (!usageContinuous) {
            return ChunkSink.UNKNOWN_TOKENS;
        }
        long tokens = total - tokensCounted;
        tokensCounted = total;
        return chunks == 1 && tokens <= Integer.MAX_VALUE ? (int) tokens : ChunkSink.UNKNOWN_TOKENS;
    }

    /// A call begins with an index not seen before, or with a name under another id: servers leave the index out,
    /// repeat it for every call, repeat the id, or make up a new id for every fragment.
    private void countToolCall(int fragment) {
        Map<Long, String> begun = begunCalls;
        if (begun == null) {
            begun = new HashMap<>();
            begunCalls = begun;
        }
        int index = scanner.toolIndex(fragment);
        boolean named = scanner.toolNamed(fragment);
        long call = (long) scanner.toolChoice(fragment) << 32 | (index & 0xFFFF_FFFFL);
        String last = begun.get(call);
        String id = named ? scanner.toolId(fragment) : "";
        boolean begins = last == null ? named || index >= 0 : named && !(id.equals(last) && !id.isEmpty());
        if (begins) {
            toolCalls++;
            begun.put(call, scanner.toolId(fragment));
        }
    }
}
