package dev.latencylens.provider;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// Searching and growing byte arrays, eight bytes at a time where it counts.
///
/// The searches use the well-known test for a zero byte in a word, `(w - 0x01..) & ~w & 0x80..`: its lowest bit is
/// exact, and the byte order makes the lowest bit the first byte.
final class Bytes {
    static final byte[] NONE = {};
    static final byte[] LINE_FEED = {'\n'};

    private static final VarHandle WORD = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long ONES = 0x0101_0101_0101_0101L;
    private static final long HIGHS = 0x8080_8080_8080_8080L;

    private Bytes() {}

    static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /// The first line feed or carriage return, or `to`.
    static int lineEnd(byte[] bytes, int from, int to) {
        int at = from;
        for (; at <= to - Long.BYTES; at += Long.BYTES) {
            long word = (long) WORD.get(bytes, at);
            long found = zeros(word ^ ('\n' * ONES)) | zeros(word ^ ('\r' * ONES));
            if (found != 0) {
                return at + (Long.numberOfTrailingZeros(found) >>> 3);
            }
        }
        while (at < to && bytes[at] != '\n' && bytes[at] != '\r') {
            at++;
        }
        return at;
    }

    /// The first byte that is no plain character of a JSON string (a quote, a backslash, a control character), or
    /// `to`.
    static int stringEnd(byte[] bytes, int from, int to) {
        int at = from;
        for (; at <= to - Long.BYTES; at += Long.BYTES) {
            long word = (long) WORD.get(bytes, at);
            long found =
                    zeros(word ^ ('"' * ONES)) | zeros(word ^ ('\\' * ONES)) | ((word - ' ' * ONES) & ~word & HIGHS);
            if (found != 0) {
                return at + (Long.numberOfTrailingZeros(found) >>> 3);
            }
        }
        while (at < to && bytes[at] != '"' && bytes[at] != '\\' && (bytes[at] < 0 || bytes[at] >= ' ')) {
            at++;
        }
        return at;
    }

    static boolean equal(byte[] bytes, int from, int to, byte[] other) {
        return Arrays.equals(bytes, from, to, other, 0, other.length);
    }

    /// The end of the range without blanks, tabs and line ends.
    static int stripEnd(byte[] bytes, int from, int to) {
        int end = to;
        while (end > from && isBlank(bytes[end - 1])) {
            end--;
        }
        return end;
    }

    static boolean isBlank(byte b) {
        return b == ' ' || b == '\n' || b == '\r' || b == '\t';
    }

    /// The array, or a larger copy, with these bytes behind its first `length`.
    static byte[] append(byte[] array, int length, byte[] more, int from, int count) {
        byte[] target = array.length - length >= count
                ? array
                : Arrays.copyOf(array, Math.max(length + count, Math.max(256, array.length * 2)));
        System.arraycopy(more, from, target, length, count);
        return target;
    }

    private static long zeros(long word) {
        return (word - ONES) & ~word & HIGHS;
    }

    /// Where the wanted bytes begin, from this place on; -1 where they do not.
    static int indexOf(byte[] bytes, byte[] wanted, int from) {
        for (int at = from; at <= bytes.length - wanted.length; at++) {
            if (equal(bytes, at, at + wanted.length, wanted)) {
                return at;
            }
        }
        return -1;
    }
}
