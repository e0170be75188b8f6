package dev.latencylens.simulated;

import java.nio.charset.StandardCharsets;
import java.util.Locale;

/// Finds one request at the front of a byte array: head, then a body by length or in chunks.
///
/// Called again with more bytes until it is complete; it looks again only at what it has not seen.
final class Http1RequestParser {
    /// Longest head accepted.
    private static final int MOST_HEAD_BYTES = 65_536;
    /// Longest body accepted; the longest prompts of today are a few megabytes.
    static final int MOST_BODY_BYTES = 64 << 20;

    private Request request = new Request();
    private final ByteArray unchunked = new ByteArray(0);
    private int scanned;
    private int headEnd;
    private long contentLength;
    private boolean chunked;
    private boolean http10;
    private boolean keptAlive;
    private boolean expects;
    private int chunkAt;

    void reset() {
        request = new Request();
        unchunked.drop(unchunked.length());
        scanned = 0;
        headEnd = 0;
        contentLength = 0;
        chunked = false;
        http10 = false;
        keptAlive = false;
        expects = false;
        chunkAt = 0;
    }

    Request request() {
        return request;
    }

    boolean isHttp10() {
        return http10;
    }

    boolean isKeptAlive() {
        return keptAlive;
    }

    /// Whether the client waits for `100 Continue`; true once.
    boolean takeExpectation() {
        boolean expected = headEnd > 0 && expects;
        expects = false;
        return expected;
    }

    byte[] body(byte[] input) {
        return chunked ? unchunked.array() : input;
    }

    int bodyOffset() {
        return chunked ? 0 : headEnd;
    }

    int bodyLength() {
        return chunked ? unchunked.length() : (int) contentLength;
    }

    /// The length of the request at the front of `input`, or 0 while it is incomplete.
    int parse(byte[] input, int length) {
        if (headEnd == 0 && !findHeadEnd(input, length)) {
            return 0;
        }
        if (chunked) {
            return parseChunks(input, length);
        }
        return length - headEnd >= contentLength ? headEnd + (int) contentLength : 0;
    }

    private boolean findHeadEnd(byte[] input, int length) {
        int i = Math.max(0, scanned - 3);
        while (i + 3 < length) {
            if (input[i + 3] != '\n') {
                i += input[i + 3] == '\r' ? 1 : 2;
                continue;
            }
            if (input[i + 2] == '\r' && input[i + 1] == '\n' && input[i] == '\r') {
                headEnd = i + 4;
                parseHead(input);
                return true;
            }
            i++;
        }
        scanned = length;
        if (length > MOST_HEAD_BYTES) {
            throw new IllegalArgumentException("the request head is longer than " + MOST_HEAD_BYTES + " bytes");
        }
        return false;
    }

    private void parseHead(byte[] input) {
        int lineEnd = lineEnd(input, 0);
        parseRequestLine(new String(input, 0, lineEnd, StandardCharsets.ISO_8859_1));
        keptAlive = !http10;
        for (int from = lineEnd + 2; from < headEnd - 2; from = lineEnd + 2) {
            lineEnd = lineEnd(input, from);
            parseHeader(input, from, lineEnd);
        }
    }

    private static int lineEnd(byte[] input, int from) {
        int end = from;
        while (input[end] != '\r' || input[end + 1] != '\n') {
            end++;
        }
        return end;
    }

    private void parseRequestLine(String line) {
        int first = line.indexOf(' ');
        int second = line.indexOf(' ', first + 1);
        if (first <= 0 || second < 0 || !line.startsWith("HTTP/1.", second + 1)) {
            throw new IllegalArgumentException("not an HTTP/1 request line: '" + line + "'");
        }
        request.method = line.substring(0, first);
        request.path = line.substring(first + 1, second);
        http10 = line.endsWith("HTTP/1.0");
    }

    /// Looks at the length of the name first, so that the many headers that do not matter cost little.
    private void parseHeader(byte[] input, int from, int to) {
        int colon = from;
        while (colon < to && input[colon] != ':') {
            colon++;
        }
        if (colon == to || colon == from) {
            throw new IllegalArgumentException(
                    "not a header line: '" + new String(input, from, to - from, StandardCharsets.ISO_8859_1) + "'");
        }
        switch (colon - from) {
            case 6, 7, 9, 10, 12, 13, 14, 17 -> {
                String name =
                        new String(input, from, colon - from, StandardCharsets.ISO_8859_1).toLowerCase(Locale.ROOT);
                String value = new String(input, colon + 1, to - colon - 1, StandardCharsets.ISO_8859_1).strip();
                takeHeader(name, value);
            }
            default -> {}
        }
    }

    private void takeHeader(String name, String value) {
        switch (name) {
            case "content-length" -> contentLength = contentLength(value);
            case "transfer-encoding" -> chunked = chunked(value);
            case "connection" -> {
                String options = value.toLowerCase(Locale.ROOT);
                keptAlive = http10 ? options.contains("keep-alive") : !options.contains("close");
            }
            case "expect" -> expects = value.equalsIgnoreCase("100-continue");
            default -> request.header(name, value);
        }
    }

    private static boolean chunked(String value) {
        if (!value.equalsIgnoreCase("chunked")) {
            throw new IllegalArgumentException("transfer-encoding: only chunked is understood, was '" + value + "'");
        }
        return true;
    }

    private static long contentLength(String value) {
        long length = 0;
        for (int i = 0; i < value.length(); i++) {
            int digit = value.charAt(i) - '0';
            if (digit < 0 || digit > 9 || i > 17) {
                throw new IllegalArgumentException("content-length must be a number, was '" + value + "'");
            }
            length = length * 10 + digit;
        }
        if (length > MOST_BODY_BYTES) {
            throw new IllegalArgumentException(
                    "the request body may have " + MOST_BODY_BYTES + " bytes, content-length was " + length);
        }
        return length;
    }

    private int parseChunks(byte[] input, int length) {
        int at = chunkAt == 0 ? headEnd : chunkAt;
        while (true) {
            int lineEnd = at;
            while (lineEnd + 1 < length && !(input[lineEnd] == '\r' && input[lineEnd + 1] == '\n')) {
                lineEnd++;
            }
            if (lineEnd + 1 >= length) {
                return 0;
            }
            long size = chunkSize(input, at, lineEnd);
            int dataAt = lineEnd + 2;
            if (size == 0) {
                return trailersEnd(input, dataAt, length);
            }
            if (unchunked.length() + size > MOST_BODY_BYTES) {
                throw new IllegalArgumentException("the request body is longer than " + MOST_BODY_BYTES + " bytes");
            }
            if (dataAt + size + 2 > length) {
                return 0;
            }
            unchunked.append(input, dataAt, (int) size);
            at = dataAt + (int) size + 2;
            chunkAt = at;
        }
    }

    private static long chunkSize(byte[] input, int from, int to) {
        long size = 0;
        int at = from;
        for (; at < to && input[at] != ';' && input[at] != ' '; at++) {
            int digit = Character.digit(input[at], 16);
            if (digit < 0 || at - from > 7) {
                throw new IllegalArgumentException("not a chunk size: '"
                        + new String(input, from, Math.min(32, to - from), StandardCharsets.ISO_8859_1) + "'");
            }
            size = size * 16 + digit;
        }
        if (at == from) {
            throw new IllegalArgumentException("a chunk has no size");
        }
        return size;
    }

    private static int trailersEnd(byte[] input, int from, int length) {
        int lineStart = from;
        for (int i = from; i + 1 < length; i++) {
            if (input[i] == '\r' && input[i + 1] == '\n') {
                if (i == lineStart) {
                    return i + 2;
                }
                lineStart = i + 2;
            }
        }
        return 0;
    }
}
