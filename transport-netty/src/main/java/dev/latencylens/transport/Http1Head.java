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
        var lines = new String(bytes, 0, length, StandardCharsets.ISO_8859_1).split("\r?\n", -1);
        parseStatus(lines[0]);
        var fields = new ArrayList<Header>(lines.length - 2);
        for (int i = 1; i < lines.length && !lines[i].isEmpty(); i++) {
            int colon = lines[i].indexOf(':');
            if (colon <= 0) {
                throw new MalformedHttp("expected a header field, saw '" + abbreviated(lines[i]) + "'");
            }
            Header field;
            try {
                field = Header.of(
                        lines[i].substring(0, colon),
                        lines[i].substring(colon + 1).strip());
            } catch (IllegalArgumentException e) {
                throw new MalformedHttp("in the response, " + e.getMessage());
            }
            fields.add(field);
            note(field);
        }
        headers = fields;
    }

    private void parseStatus(String line) throws MalformedHttp {
        if (!line.matches("HTTP/1\\.[01] [1-5]\\d\\d( .*)?")) {
            throw new MalformedHttp("expected an HTTP/1.1 status line, saw '" + abbreviated(line) + "'");
        }
        minorVersion = line.charAt(7) - '0';
        status = Integer.parseInt(line.substring(9, 12));
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
                if (!field.value().matches("\\d{1,15}")
                        || (contentLength >= 0 && contentLength != Long.parseLong(field.value()))) {
                    throw new MalformedHttp("expected one content length, saw '" + abbreviated(field.value()) + "'");
                }
                contentLength = Long.parseLong(field.value());
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
