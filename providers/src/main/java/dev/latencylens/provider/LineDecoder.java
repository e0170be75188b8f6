package dev.latencylens.provider;

import dev.latencylens.exchange.ChunkSink;
import dev.latencylens.exchange.Completion;
import dev.latencylens.exchange.StreamDecoder;
import java.nio.charset.StandardCharsets;

/// Reads an answer that comes as one JSON document a line.
final class LineDecoder implements StreamDecoder {
    private static final int MAX_LINE_BYTES = EventFramer.MAX_EVENT_BYTES;
    private static final int QUOTED_CHARACTERS = 100;

    private final Answer answer;
    private byte[] line = Bytes.NONE;
    private int lineBytes;
    private long consumed;
    private long lineStart;
    private boolean tooLong;

    LineDecoder(Answer answer) {
        this.answer = answer;
    }

    @Override
    public void decode(byte[] bytes, int offset, int length, ChunkSink sink) {
        int from = offset;
        int to = offset + length;
        while (from < to) {
            int end = from;
            while (end < to && bytes[end] != '\n') {
                end++;
            }
            keep(bytes, from, end);
            consumed += end - from;
            if (end < to) {
                consumed++;
                end++;
                finish(sink);
            }
            from = end;
        }
    }

    /// A last line without its line feed is a line all the same, unless it was cut off.
    @Override
    public void end(ChunkSink sink) {
        if (lineBytes > 0 || tooLong) {
            boolean cutOff = !read(sink);
            if (cutOff && consumed == lineBytes) {
                misunderstand();
            }
        }
        lineBytes = 0;
        tooLong = false;
    }

    @Override
    public Completion completion() {
        return answer.completion(false);
    }

    private void keep(byte[] bytes, int from, int to) {
        int more = Math.min(to - from, MAX_LINE_BYTES - lineBytes);
        tooLong |= more < to - from;
        line = Bytes.append(line, lineBytes, bytes, from, more);
        lineBytes += more;
    }

    private void finish(ChunkSink sink) {
        if (!read(sink)) {
            sink.event(consumed, (int) Math.min(Integer.MAX_VALUE, consumed - lineStart));
            misunderstand();
        }
        lineBytes = 0;
        tooLong = false;
        lineStart = consumed;
    }

    /// Blank lines are no documents, and well understood.
    private boolean read(ChunkSink sink) {
        int from = 0;
        while (from < lineBytes && (Bytes.isBlank(line[from]) || line[from] == '\r')) {
            from++;
        }
        if (from == lineBytes && !tooLong) {
            return true;
        }
        return !tooLong
                && answer.read("", line, from, lineBytes, consumed, Math.toIntExact(consumed - lineStart), sink);
    }

    private void misunderstand() {
        if (tooLong) {
            answer.misunderstand("line at byte " + lineStart + " is longer than " + MAX_LINE_BYTES + " bytes");
        } else if (!answer.hasFailed()) {
            String text = new String(line, 0, Math.min(lineBytes, 4 * QUOTED_CHARACTERS), StandardCharsets.UTF_8);
            answer.misunderstand("line at byte " + lineStart + " is no JSON, was '"
                    + text.substring(0, Math.min(text.length(), QUOTED_CHARACTERS))
                            .strip() + "'");
        }
    }
}
