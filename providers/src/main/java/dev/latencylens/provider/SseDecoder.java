package dev.latencylens.provider;

import dev.latencylens.exchange.ChunkSink;
import dev.latencylens.exchange.Completion;
import dev.latencylens.exchange.ProviderError;
import dev.latencylens.exchange.StreamDecoder;
import java.nio.charset.StandardCharsets;

/// Reads an answer that comes as server-sent events.
final class SseDecoder implements StreamDecoder, EventFramer.Handler {
    /// Most that is kept of lines outside of any event, where bare JSON or a web page may tell what went wrong.
    private static final int MAX_STRAY_BYTES = 8 << 10;

    private static final byte[] DONE = Bytes.ascii("[DONE]");
    private static final byte[] ERROR_FIELD = Bytes.ascii("error:");

    private final Answer answer;
    private final ErrorReader errors;
    private final EventFramer framer;

    private boolean eventSeen;
    private boolean terminatorSeen;

    private byte[] stray = Bytes.NONE;
    private int strayBytes;

    SseDecoder(Answer answer) {
        this(answer, EventFramer.MAX_EVENT_BYTES);
    }

    SseDecoder(Answer answer, int maxEventBytes) {
        this.errors = answer.errors;
        this.answer = answer;
        this.framer = new EventFramer(this, maxEventBytes);
    }

    @Override
    public void decode(byte[] bytes, int offset, int length, ChunkSink sink) {
        framer.feed(bytes, offset, length, sink);
    }

    @Override
    public void end(ChunkSink sink) {
        framer.end(sink);
        if (strayBytes > 0) {
            String text = new String(stray, 0, strayBytes, StandardCharsets.UTF_8).strip();
            ProviderError error = text.startsWith("{") || text.startsWith("[") ? errors.readJson(text) : null;
            if (error != null) {
                answer.fail(error);
            } else if (!eventSeen && !text.isEmpty() && !answer.hasFailed()) {
                answer.misunderstand("expected server-sent events, was '"
                        + errors.redact(text.lines().findFirst().orElse(""))
                                .codePoints()
                                .limit(100)
                                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                        + "'");
            }
        }
    }

    @Override
    public Completion completion() {
        return answer.completion(terminatorSeen);
    }

    /// Comment lines so far, which some servers send to keep the connection open.
    long comments() {
        return framer.comments();
    }

    @Override
    public void data(byte[] bytes, int from, int to, ChunkSink sink) {
        int first = from;
        while (first < to && Bytes.isBlank(bytes[first])) {
            first++;
        }
        int last = Bytes.stripEnd(bytes, first, to);
        if (first == last) {
            return;
        }
        eventSeen = true;
        if (Bytes.equal(bytes, first, last, DONE)) {
            terminatorSeen = true;
            return;
        }
        boolean understood = answer.read("", bytes, first, last, framer.eventEnd(), framer.eventBytes(), sink);
        if (!understood && !framer.isCutOff()) {
            sink.event(framer.eventEnd(), framer.eventBytes());
            if (!framer.isErrorEvent()) {
                answer.misunderstand("event at byte " + framer.eventStart() + " is no JSON: " + answer.failure());
            }
        }
        if (framer.isErrorEvent() && !answer.hasFailed()) {
            answer.fail(errors.read(bytes, first, last));
        }
    }

    @Override
    public void tooLong(ChunkSink sink) {
        eventSeen = true;
        sink.event(framer.eventEnd(), framer.eventBytes());
        answer.misunderstand(
                "event at byte " + framer.eventStart() + " is longer than " + framer.maxBytes() + " bytes");
    }

    /// llama.cpp sends an error as a field of its own, and others as bare JSON; parsers of events drop both.
    @Override
    public void unknownLine(byte[] bytes, int from, int to) {
        int colon = from + ERROR_FIELD.length;
        if (colon <= to && Bytes.equal(bytes, from, colon, ERROR_FIELD)) {
            answer.fail(errors.read(bytes, colon, to));
            return;
        }
        boolean outside = strayBytes > 0 || !eventSeen || (from < to && (bytes[from] == '{' || bytes[from] == '['));
        if (outside) {
            keepStray(bytes, from, to);
            keepStray(Bytes.LINE_FEED, 0, 1);
        }
    }

    private void keepStray(byte[] bytes, int from, int to) {
        int more = Math.min(to - from, MAX_STRAY_BYTES - strayBytes);
        stray = Bytes.append(stray, strayBytes, bytes, from, more);
        strayBytes += more;
    }
}
