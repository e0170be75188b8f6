package dev.latencylens.simulated;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;

/// Bytes that have been read and not yet understood: appended at the end, dropped from the front.
final class ByteArray {
    private byte[] bytes;
    private int length;

    ByteArray(int firstSize) {
        bytes = new byte[firstSize];
    }

    /// The backing array; the content is at 0 to [#length].
    byte[] array() {
        return bytes;
    }

    int length() {
        return length;
    }

    byte at(int index) {
        return bytes[index];
    }

    void append(ByteBuf from) {
        int count = from.readableBytes();
        reserve(count);
        from.readBytes(bytes, length, count);
        length += count;
    }

    void append(byte[] from, int offset, int count) {
        reserve(count);
        System.arraycopy(from, offset, bytes, length, count);
        length += count;
    }

    private void reserve(int count) {
        if (length + count > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.max(length + count, bytes.length * 2));
        }
    }

    void drop(int count) {
        length -= count;
        if (length > 0 && count > 0) {
            System.arraycopy(bytes, count, bytes, 0, length);
        }
    }
}
