package dev.latencylens.simulated;

import org.jspecify.annotations.Nullable;

/// One stream of an HTTP/2 connection.
final class Http2Stream {
    final int id;
    final Request request = new Request();
    final ByteArray body = new ByteArray(0);
    /// How many bytes the client still accepts on this stream; may be negative after new settings.
    long sendWindow;
    /// Bytes received since the last WINDOW_UPDATE for this stream.
    int unacknowledged;
    boolean held;
    /// Whether it waits to be written together with others, and how many bytes of its body are in that write.
    boolean gathered;

    int sharedBytes;

    @Nullable
    Exchange exchange;

    Http2Stream(int id, long sendWindow) {
        this.id = id;
        this.sendWindow = sendWindow;
    }
}
