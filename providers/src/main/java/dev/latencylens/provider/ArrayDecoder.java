package dev.latencylens.provider;

import dev.latencylens.exchange.ChunkSink;
import dev.latencylens.exchange.Completion;
import dev.latencylens.exchange.StreamDecoder;

/// Reads an answer that comes as one JSON array, whose objects are its documents, or as one such object alone.
///
/// An event is an object, from its first brace to its last. Only the object that has not ended yet is kept.
final class ArrayDecoder implements StreamDecoder {
    private final Answer answer;
    private final int maxBytes;

    private byte[] object = Bytes.NONE;
    private int kept;
    private long consumed;
    private long objectStart;

    /// How many braces and brackets are open inside the object, 0 between objects.
    private int depth;

    private boolean inString;
    private boolean escaped;
    private boolean arrayBegan;
    private long documents;

    /// Whether something came that is neither an object nor stands between two; what follows it is not read.
    private boolean lost;

    ArrayDecoder(Answer answer) {
        this(answer, EventFramer.MAX_EVENT_BYTES);
    }

    ArrayDecoder(Answer answer, int maxBytes) {
        this.answer = answer;
        this.maxBytes = maxBytes;
    }

    @Override
    public void decode(byte[] bytes, int offset, int length, ChunkSink sink) {
        int end = offset + length;
        int from = offset;
        for (int at = offset; at < end && !lost; at++) {
            if (depth == 0) {
                from = at;
                between(bytes[at], consumed + at - offset);
            } else if (inside(bytes[at])) {
                keep(bytes, from, at + 1);
                finish(consumed + at + 1 - offset, sink);
            }
        }
        if (depth > 0) {
            keep(bytes, from, end);
        }
        consumed += length;
    }

    /// An object that was cut off is none: it shows as an answer that did not end.
    @Override
    public void end(ChunkSink sink) {
        if (!arrayBegan && documents == 1 && depth == 0 && !lost) {
            answer.wholeBodyRead();
        }
    }

    @Override
    public Completion completion() {
        return answer.completion(false);
    }

    private void between(byte b, long offset) {
        if (b == '{') {
            depth = 1;
            objectStart = offset;
        } else if (b == '[') {
            arrayBegan = true;
        } else if (b != ',' && b != ']' && !Bytes.isBlank(b)) {
            lost = true;
            String seen = b > ' ' && b < 127 ? "'" + (char) b + "'" : "the byte " + Byte.toUnsignedInt(b);
            answer.misunderstand("expected a JSON object at byte " + offset + ", was " + seen);
        }
    }

    /// Whether this byte ends the object.
    private boolean inside(byte b) {
        if (escaped) {
            escaped = false;
        } else if (inString) {
            escaped = b == '\\';
            inString = b != '"';
        } else if (b == '"') {
            inString = true;
        } else if (b == '{' || b == '[') {
            depth++;
        } else if (b == '}' || b == ']') {
            depth--;
        }
        return depth == 0;
    }

    /// Keeps one byte more than the limit at most, which tells that there were more.
    private void keep(byte[] bytes, int from, int to) {
        int more = Math.min(to - from, maxBytes + 1 - kept);
        object = Bytes.append(object, kept, bytes, from, more);
        kept += more;
    }

    private void finish(long endOffset, ChunkSink sink) {
        int bytes = (int) Math.min(Integer.MAX_VALUE, endOffset - objectStart);
        if (kept > maxBytes) {
            sink.event(endOffset, bytes);
            answer.misunderstand("object at byte " + objectStart + " is longer than " + maxBytes + " bytes");
        } else if (!answer.read("", object, 0, kept, endOffset, bytes, sink)) {
            sink.event(endOffset, bytes);
            answer.misunderstand("object at byte " + objectStart + " is no JSON: " + answer.failure());
        } else {
            documents++;
        }
        kept = 0;
    }
}
