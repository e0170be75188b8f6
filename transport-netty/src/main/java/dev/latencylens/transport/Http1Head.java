package dev.latencylens.transport;

import dev.latencylens.exchange.Header;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/// Reads the head of an HTTP/1.1 response, however the reads cut it, and knows what it says of the body's length.
final class Http1Head {
    /// Larger heads are refused; the largest seen from a provider is 4 KB.
    static final int MAX_BYTES = 64 * 1024;

    private static final byte[] PREFIX = "HTTP/1.".getBytes(StandardCharsets.US_ASCII);

    private byte[] bytes = new byte[2048];
    private int length;
    private int lineStart;
    private int status;
    private int minorVersion;
    private boolean chunked;
    private boolean close;
    private boolean keepAlive;
    private long contentLength;
    private List<Header> headers = List.of();

    void reset() {
        length = 0;
        lineStart = 0;
        chunked = false;
        close = false;
        keepAlive = false;
        contentLength = -1;
        headers = List.of();
    }

    /// Takes bytes up to and including the head's blank line; true when it is whole.
    boolean read(ByteBuf buffer) throws MalformedHttp {
        while (buffer.isReadable()) {
            byte next = buffer.readByte();
            if (length == bytes.length) {
                if (length == MAX_BYTES) {
                    throw new MalformedHttp("the response head is larger than " + MAX_BYTES + " bytes");
                }
                bytes = Arrays.copyOf(bytes, length * 2);
            }
            if (length < PREFIX.length && next != PREFIX[length]) {
                throw new MalformedHttp("expected an HTTP/1.1 status line, saw '"
                        + new String(bytes, 0, length, StandardCharsets.ISO_8859_1) + MalformedHttp.printable(next)
                        + "'");
            }
            bytes[length++] = next;
            if (next == '\n') {
                int lineEnd = length - (length >= 2 && bytes[length - 2] == '\r' ? 2 : 1);
                if (lineEnd == lineStart) {
                    parse();
                    return true;
                }
                lineStart = length;
            }
        }
        return false;
    }

    int status() {
        return status;
    }

    List<Header> headers() {
        return headers;
    }

    boolean isInterim() {
        return status >= 100 && status < 200;
    }

    boolean hasNoBody() {
        return status == 204 || status == 304;
    }

    boolean isChunked() {
        return chunked;
    }

    /// -1 where none was given.
    long contentLength() {
        return contentLength;
    }

    boolean keepsAlive() {
        return !close && (minorVersion >= 1 || keepAlive) && (hasNoBody() || chunked || contentLength >= 0);
    }

    private void parse() throws MalformedHttp {
        String head = new String(bytes, 0, length, StandardCharsets.ISO_8859_1);
        int end = head.indexOf('\n');
        parseStatus(line(head, 0, end));
        var fields = new ArrayList<Header>();
        for (int start = end + 1; ; start = end + 1) {
            end = head.indexOf('\n', start);
            String line = line(head, start, end);
            if (line.isEmpty()) {
                break;
            }
            int colon = line.indexOf(':');
            if (colon <= 0) {
                throw new MalformedHttp("expected a header field, saw '" + abbreviated(line) + "'");
            }
            Header field;
            try {
                field = Header.of(
                        line.substring(0, colon), line.substring(colon + 1).strip());
            } catch (IllegalArgumentException e) {
                throw new MalformedHttp("in the response, " + e.getMessage());
            }
            fields.add(field);
            note(field);
        }
        headers = fields;
    }

    private static String line(String head, int start, int end) {
        return head.substring(start, end > start && head.charAt(end - 1) == '\r' ? end - 1 : end);
    }

    private void parseStatus(String line) throws MalformedHttp {
        boolean good = line.length() >= 12
                && (line.length() == 12 || line.charAt(12) == ' ')
                && line.startsWith("HTTP/1.")
                && (line.charAt(7) == '0' || line.charAt(7) == '1')
                && line.charAt(8) == ' '
                && line.charAt(9) >= '1'
                && line.charAt(9) <= '5'
                && isDigit(line.charAt(10))
                && isDigit(line.charAt(11));
        if (!good) {
            throw new MalformedHttp("expected an HTTP/1.1 status line, saw '" + abbreviated(line) + "'");
        }
        minorVersion = line.charAt(7) - '0';
        status = Integer.parseInt(line, 9, 12, 10);
    }

    /// Reads up to 15 digits, -1 for anything else.
    private static long lengthOf(String text) {
        if (text.isEmpty() || text.length() > 15) {
            return -1;
        }
        long value = 0;
        for (int i = 0; i < text.length(); i++) {
            if (!isDigit(text.charAt(i))) {
                return -1;
            }
            value = value * 10 + (text.charAt(i) - '0');
        }
        return value;
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    private void note(Header field) throws MalformedHttp {
        switch (field.name()) {
            case "transfer-encoding" -> {
                if (!field.value().equalsIgnoreCase("chunked")) {
                    throw new MalformedHttp(
                            "expected no transfer encoding but chunked, saw '" + abbreviated(field.value()) + "'");
                }
                chunked = true;
            }
            case "content-length" -> {
                long given = lengthOf(field.value());
                if (given < 0 || (contentLength >= 0 && contentLength != given)) {
                    throw new MalformedHttp("expected one content length, saw '" + abbreviated(field.value()) + "'");
                }
                contentLength = given;
            }
            case "connection" -> {
                String value = field.value().toLowerCase(Locale.ROOT);
                close |= value.contains("close");
                keepAlive |= value.contains("keep-alive");
            }
            default -> {}
        }
    }

    private static String abbreviated(String text) {
        return text.length() <= 60 ? text : text.substring(0, 57) + "...";
    }
}
