package dev.latencylens.transport;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Guesses where the frame at a place ends, without knowing which protocol it is of: a TLS record (RFC 8446, 5.1),
/// an HTTP/2 frame (RFC 9113, 4.1) or an HTTP/1.1 chunk (RFC 9112, 7.1). A hint, and no more is made of it.
final class LikelyFrame {
    private static final int TLS_HEADER_BYTES = 5;
    private static final int HTTP_2_HEADER_BYTES = 9;
    /// The largest frame that this client allows, and more than the largest TLS record.
    private static final int MOST_BYTES = 1 << 15;
    /// Frame types of HTTP/2 end here.
    private static final int CONTINUATION = 9;

    private LikelyFrame() {}

    /// The frame's length with its header, or 0 if there is none to be seen.
    static int length(MemorySegment bytes, int at, int end) {
        if (end - at < HTTP_2_HEADER_BYTES) {
            return 0;
        }
        int first = at(bytes, at);
        int length;
        if (first >= 0x14 && first <= 0x17 && at(bytes, at + 1) == 3) {
            length = TLS_HEADER_BYTES + (at(bytes, at + 3) << 8 | at(bytes, at + 4));
        } else if (first == 0 && at(bytes, at + 3) <= CONTINUATION) {
            length = HTTP_2_HEADER_BYTES + (at(bytes, at + 1) << 8 | at(bytes, at + 2));
        } else {
            length = chunk(bytes, at, end);
        }
        return length <= MOST_BYTES ? length : 0;
    }

    private static int chunk(MemorySegment bytes, int at, int end) {
        int size = 0;
        for (int i = at; i < end; i++) {
            int character = at(bytes, i);
            int digit = Character.digit(character, 16);
            if (digit < 0 || size > MOST_BYTES) {
                return i > at && character == '\r' ? i - at + 2 + size + 2 : 0;
            }
            size = size << 4 | digit;
        }
        return 0;
    }

    private static int at(MemorySegment bytes, int index) {
        return Byte.toUnsignedInt(bytes.get(ValueLayout.JAVA_BYTE, index));
    }
}
