package dev.latencylens.provider;

import dev.latencylens.exchange.ChunkSink;
import java.util.Arrays;

/// Cuts a response body into server-sent events, as the HTML standard defines them, whatever the split of its
/// bytes.
///
/// Used by one thread at a time. The data of an event that lies in one call's bytes is handed on where it lies;
/// only what a call leaves unfinished is copied. Memory is bounded by the limit on an event.
///
/// An event ends at the last byte of its blank line. Whether a line feed still follows a blank line's carriage
/// return is taken from the line before; only where a body changes from CRLF to CR in between does the next byte
/// tell.
final class EventFramer {
    /// Room for an image or a whole tool call in one event; ordinary ones have some hundred bytes.
    static final int MAX_EVENT_BYTES = 4 << 20;

    /// What is kept of a line beyond the limit: one byte to see that it is longer, and a byte order mark.
    private static final int BEYOND = 4;

    private static final byte[] DATA = Bytes.ascii("data");
    private static final byte[] EVENT = Bytes.ascii("event");
    private static final byte[] ERROR = Bytes.ascii("error");
    private static final byte[] ID = Bytes.ascii("id");
    private static final byte[] RETRY = Bytes.ascii("retry");

    /// Receives what the framer finds. The arrays are valid during the call only.
    interface Handler {
        /// An event with at least one data line; several are joined by line feeds.
        void data(byte[] bytes, int from, int to, ChunkSink sink);

        /// An event whose data is longer than the limit; it was not kept.
        void tooLong(ChunkSink sink);

        /// A line whose field the standard does not know, colon and value included.
        void unknownLine(byte[] bytes, int from, int to);
    }

    private final Handler handler;
    private final int maxBytes;

    private long consumed;
    private long eventStart = -1;
    private long eventEnd;
    private long comments;

    /// The beginning of a line whose end has not come, up to a little more than the limit.
    private byte[] line = Bytes.NONE;

    private long lineBytes;
    private long lineStart;
    private boolean firstLine = true;

    /// The data of the event so far: a slice of the present call's bytes, or of [#joined].
    private byte[] data = Bytes.NONE;

    private int dataFrom;
    private int dataTo;
    private boolean dataIsOfThisCall;
    private byte[] joined = Bytes.NONE;
    private boolean hasData;
    private boolean tooLong;
    private boolean errorEvent;
    private boolean dataCutOff;

    private boolean afterCarriageReturn;
    private boolean blankLineAwaitsLineFeed;
    private boolean lastLineEndedInBoth;

    EventFramer(Handler handler) {
        this(handler, MAX_EVENT_BYTES);
    }

    EventFramer(Handler handler, int maxBytes) {
        this.handler = handler;
        this.maxBytes = maxBytes;
    }

    /// Bytes of the body up to and including the blank line of the event being handled.
    long eventEnd() {
        return eventEnd;
    }

    /// Where the first line of the event being handled begins in the body.
    long eventStart() {
        return eventStart;
    }

    /// Length of the event being handled, its blank line included.
    int eventBytes() {
        return Math.toIntExact(eventEnd - eventStart);
    }

    /// Whether the event being handled is named `error`.
    boolean isErrorEvent() {
        return errorEvent;
    }

    /// Whether the body ended inside the data of the event being handled.
    boolean isCutOff() {
        return dataCutOff;
    }

    /// Comment lines so far.
    long comments() {
        return comments;
    }

    int maxBytes() {
        return maxBytes;
    }

    void feed(byte[] bytes, int offset, int length, ChunkSink sink) {
        int end = offset + length;
        int at = offset;
        while (at < end) {
            if (afterCarriageReturn) {
                afterCarriageReturn = false;
                boolean lineFeed = bytes[at] == '\n';
                if (lineFeed) {
                    at++;
                }
                if (blankLineAwaitsLineFeed) {
                    blankLineAwaitsLineFeed = false;
                    dispatch(consumed + at - offset, sink);
                }
                lastLineEndedInBoth = lineFeed;
                if (lineFeed) {
                    continue;
                }
            }
            int lineEnd = Bytes.lineEnd(bytes, at, end);
            if (lineEnd == end) {
                keepLine(bytes, at, end, consumed + at - offset);
                break;
            }
            boolean carriageReturn = bytes[lineEnd] == '\r';
            boolean blank = lineEnd == at && lineBytes == 0;
            if (!blank) {
                if (lineBytes == 0) {
                    line(bytes, at, lineEnd, lineEnd - at, consumed + at - offset, true);
                } else {
                    keepLine(bytes, at, lineEnd, lineStart);
                    finishKeptLine();
                }
            }
            at = lineEnd + 1;
            afterCarriageReturn = carriageReturn;
            if (blank && carriageReturn && lastLineEndedInBoth) {
                blankLineAwaitsLineFeed = true;
            } else {
                lastLineEndedInBoth = false;
                if (blank) {
                    dispatch(consumed + at - offset, sink);
                }
            }
        }
        consumed += length;
        keepData();
    }

    /// The body has ended: what lacks only its blank line is an event.
    void end(ChunkSink sink) {
        if (lineBytes > 0) {
            dataCutOff = startsField(line, 0, keptLineBytes(), DATA);
            finishKeptLine();
        }
        dispatch(consumed, sink);
        dataCutOff = false;
    }

    private int keptLineBytes() {
        return (int) Math.min(lineBytes, (long) maxBytes + BEYOND);
    }

    private void keepLine(byte[] bytes, int from, int to, long startOffset) {
        if (lineBytes == 0) {
            lineStart = startOffset;
        }
        int kept = keptLineBytes();
        int more = Math.min(to - from, maxBytes + BEYOND - kept);
        line = Bytes.append(line, kept, bytes, from, more);
        lineBytes += to - from;
    }

    private void finishKeptLine() {
        long length = lineBytes;
        int kept = keptLineBytes();
        lineBytes = 0;
        line(line, 0, kept, length, lineStart, false);
    }

    /// One line without its end; of one beyond the limit, the beginning.
    private void line(byte[] bytes, int from, int to, long length, long startOffset, boolean ofThisCall) {
        if (firstLine) {
            firstLine = false;
            if (to - from >= 3
                    && bytes[from] == (byte) 0xEF
                    && bytes[from + 1] == (byte) 0xBB
                    && bytes[from + 2] == (byte) 0xBF) {
                line(bytes, from + 3, to, length - 3, startOffset + 3, ofThisCall);
                return;
            }
        }
        if (eventStart < 0) {
            eventStart = startOffset;
        }
        if (startsField(bytes, from, to, DATA)) {
            if (length > maxBytes) {
                tooLong = true;
            } else {
                addData(bytes, valueStart(bytes, from + DATA.length, to), to, ofThisCall);
            }
        } else if (from < to && bytes[from] == ':') {
            comments++;
        } else if (startsField(bytes, from, to, EVENT)) {
            int value = valueStart(bytes, from + EVENT.length, to);
            errorEvent = Bytes.equal(bytes, value, Bytes.stripEnd(bytes, value, to), ERROR);
        } else if (!startsField(bytes, from, to, ID) && !startsField(bytes, from, to, RETRY)) {
            handler.unknownLine(bytes, from, (int) Math.min(to, (long) from + maxBytes));
        }
    }

    private void addData(byte[] bytes, int from, int to, boolean ofThisCall) {
        if (!hasData && ofThisCall) {
            hasData = true;
            dataIsOfThisCall = true;
            data = bytes;
            dataFrom = from;
            dataTo = to;
            return;
        }
        int length = to - from + (hasData ? 1 : 0);
        if (tooLong || length > maxBytes - (dataTo - dataFrom)) {
            tooLong = true;
            return;
        }
        if (hasData) {
            keepData();
            joined = Bytes.append(joined, dataTo, Bytes.LINE_FEED, 0, 1);
            dataTo++;
        }
        hasData = true;
        joined = Bytes.append(joined, dataTo, bytes, from, to - from);
        dataTo += to - from;
        data = joined;
    }

    /// Copies the data that lies in this call's bytes, which must not be kept.
    private void keepData() {
        if (dataIsOfThisCall) {
            dataIsOfThisCall = false;
            joined = Bytes.append(joined, 0, data, dataFrom, dataTo - dataFrom);
            data = joined;
            dataTo -= dataFrom;
            dataFrom = 0;
        }
    }

    private void dispatch(long endOffset, ChunkSink sink) {
        eventEnd = endOffset;
        if (tooLong) {
            handler.tooLong(sink);
        } else if (hasData) {
            handler.data(data, dataFrom, dataTo, sink);
        }
        eventStart = -1;
        hasData = false;
        dataIsOfThisCall = false;
        tooLong = false;
        errorEvent = false;
        dataFrom = 0;
        dataTo = 0;
        data = joined;
    }

    /// Whether the line is this field: its name, then a colon or the end.
    private static boolean startsField(byte[] bytes, int from, int to, byte[] name) {
        int colon = from + name.length;
        return colon <= to
                && Arrays.equals(bytes, from, colon, name, 0, name.length)
                && (colon == to || bytes[colon] == ':');
    }

    /// Behind the colon and one blank.
    private static int valueStart(byte[] bytes, int colon, int to) {
        int value = Math.min(colon + 1, to);
        return value < to && bytes[value] == ' ' ? value + 1 : value;
    }
}
