package dev.latencylens.simulated;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;

/// A recorded response body, and where it may be cut.
@SuppressWarnings("ArrayRecordComponent") // never compared; the bytes are sent as they are
record ReplayFile(byte[] bytes, String contentType) {
    static ReplayFile read(Path path) throws IOException {
        String name = path.getFileName().toString().toLowerCase(Locale.ROOT);
        return new ReplayFile(Files.readAllBytes(path), contentType(name));
    }

    private static String contentType(String name) {
        String extension = name.substring(name.lastIndexOf('.') + 1);
        return switch (extension) {
            case "sse" -> "text/event-stream; charset=utf-8";
            case "json" -> "application/json";
            case "ndjson" -> "application/x-ndjson";
            default -> "application/octet-stream";
        };
    }

    /// The offset behind each piece, in order; the last one is the length, and no piece is empty.
    int[] ends(ReplayPace pace) {
        return switch (pace.unit()) {
            case WHOLE -> bytes.length == 0 ? new int[0] : new int[] {bytes.length};
            case BYTES -> everyBytes(pace.bytes());
            case EVENT -> everyEvent();
        };
    }

    private int[] everyBytes(int size) {
        int pieces = (int) ((bytes.length + (long) size - 1) / size);
        int[] ends = new int[pieces];
        for (int i = 0; i < pieces; i++) {
            ends[i] = (int) Math.min(bytes.length, (i + 1L) * size);
        }
        return ends;
    }

    private int[] everyEvent() {
        boolean blankLineEnds = contentType.startsWith("text/event-stream");
        int[] ends = new int[16];
        int count = 0;
        int lineStart = 0;
        int last = 0;
        for (int i = 0; i < bytes.length; i++) {
            if (bytes[i] != '\n' && !(bytes[i] == '\r' && (i + 1 == bytes.length || bytes[i + 1] != '\n'))) {
                continue;
            }
            boolean blank = i == lineStart || (i == lineStart + 1 && bytes[lineStart] == '\r');
            lineStart = i + 1;
            if (blankLineEnds ? blank : !blank) {
                ends = count == ends.length ? Arrays.copyOf(ends, count * 2) : ends;
                ends[count++] = i + 1;
                last = i + 1;
            }
        }
        if (last < bytes.length) {
            ends = count == ends.length ? Arrays.copyOf(ends, count + 1) : ends;
            ends[count++] = bytes.length;
        }
        return Arrays.copyOf(ends, count);
    }
}
