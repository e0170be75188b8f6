package dev.latencylens.provider;

import dev.latencylens.exchange.ChunkSink;
import dev.latencylens.exchange.Completion;
import dev.latencylens.exchange.StreamDecoder;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/// Reads an answer that comes as AWS event stream, `application/vnd.amazon.eventstream`.
///
/// A message is a prelude (length of the message, length of its headers, CRC-32 of these two), the headers, the
/// payload, and the CRC-32 of all that, each number in big-endian order. Once a message is not as it should be,
/// nothing says where the next one begins, so the rest of the body is ignored.
final class EventStreamDecoder implements StreamDecoder {
    /// What AWS's own decoders take at most.
    static final int MAX_MESSAGE_BYTES = 24 << 20;

    private static final int PRELUDE_BYTES = 12;
    private static final int CRC_BYTES = 4;
    private static final int MIN_MESSAGE_BYTES = PRELUDE_BYTES + CRC_BYTES;

    /// More than is quoted of a body that is no event stream, so that a key across that border is still found.
    private static final int MAX_FOREIGN_BYTES = 4_000;

    private static final int QUOTED_CHARACTERS = 100;

    private final Answer answer;
    private final CRC32 crc = new CRC32();

    private byte[] message = Bytes.NONE;
    private int messageBytes;

    /// How many bytes the message must have before it can be read on.
    private int wanted = PRELUDE_BYTES;

    private long messageStart;
    private boolean foreign;
    private boolean ignoring;

    EventStreamDecoder(Answer answer) {
        this.answer = answer;
    }

    /// Whether a body begins as a message of this kind does: no text begins with a length below 32 MiB.
    static boolean isBeginning(byte[] body) {
        return body.length > 0 && (body[0] & 0xFF) <= MAX_MESSAGE_BYTES >>> 24;
    }

    @Override
    public void decode(byte[] bytes, int offset, int length, ChunkSink sink) {
        int from = offset;
        int to = offset + length;
        while (from < to && !ignoring) {
            int count = Math.min(to - from, wanted - messageBytes);
            message = Bytes.append(message, messageBytes, bytes, from, count);
            messageBytes += count;
            from += count;
            if (messageBytes == wanted) {
                readOn(sink);
            }
        }
    }

    /// A message that is not complete was cut off, and that is for the completion to show.
    @Override
    public void end(ChunkSink sink) {
        if (messageBytes > 0 && beginsForeign()) {
            String text = new String(message, 0, messageBytes, StandardCharsets.UTF_8).strip();
            answer.misunderstand("expected an AWS event stream at byte 0, was '"
                    + answer.errors
                            .redact(text.lines().findFirst().orElse(""))
                            .codePoints()
                            .limit(QUOTED_CHARACTERS)
                            .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                    + "'");
        }
    }

    @Override
    public Completion completion() {
        return answer.completion(false);
    }

    private void readOn(ChunkSink sink) {
        if (foreign) {
            ignoring = true;
        } else if (wanted > PRELUDE_BYTES) {
            readMessage(sink);
        } else if (beginsForeign()) {
            foreign = true;
            wanted = MAX_FOREIGN_BYTES;
        } else {
            readPrelude();
        }
    }

    /// The first byte of a length that is not too long is 0 or 1; that of any text is more.
    private boolean beginsForeign() {
        return messageStart == 0 && (message[0] & 0xFF) > MAX_MESSAGE_BYTES >>> 24;
    }

    private void readPrelude() {
        int total = intAt(0);
        int headers = intAt(Integer.BYTES);
        int expected = crcOf(PRELUDE_BYTES - CRC_BYTES);
        int found = intAt(PRELUDE_BYTES - CRC_BYTES);
        if (found != expected) {
            giveUp("prelude has CRC " + hex(found) + ", computed " + hex(expected));
        } else if (total < MIN_MESSAGE_BYTES || total > MAX_MESSAGE_BYTES) {
            giveUp("length is " + Integer.toUnsignedString(total) + ", expected " + MIN_MESSAGE_BYTES + " to "
                    + MAX_MESSAGE_BYTES);
        } else if (headers < 0 || headers > total - MIN_MESSAGE_BYTES) {
            giveUp("length of headers is " + Integer.toUnsignedString(headers) + ", expected at most "
                    + (total - MIN_MESSAGE_BYTES));
        } else {
            wanted = total;
        }
    }

    private void readMessage(ChunkSink sink) {
        int end = wanted - CRC_BYTES;
        int expected = crcOf(end);
        int found = intAt(end);
        if (found != expected) {
            giveUp("CRC is " + hex(found) + ", computed " + hex(expected));
            return;
        }
        int payload = PRELUDE_BYTES + intAt(Integer.BYTES);
        Map<String, String> headers = headers(PRELUDE_BYTES, payload);
        if (headers == null) {
            return;
        }
        switch (headers.getOrDefault(":message-type", "event")) {
            case "exception" -> {
                event(sink);
                String type = headers.getOrDefault(":exception-type", "");
                answer.fail(answer.errors.read(type, message, payload, end));
            }
            case "error" -> {
                event(sink);
                answer.fail(answer.errors.error(
                        headers.getOrDefault(":error-code", ""), headers.getOrDefault(":error-message", "")));
            }
            default -> readEvent(headers.getOrDefault(":event-type", ""), payload, end, sink);
        }
        messageStart += wanted;
        messageBytes = 0;
        wanted = PRELUDE_BYTES;
    }

    private void readEvent(String type, int payload, int end, ChunkSink sink) {
        if (payload == end) {
            event(sink);
        } else if (!answer.read(type, message, payload, end, messageStart + wanted, wanted, sink)) {
            event(sink);
            answer.misunderstand("message at byte " + messageStart + " is no JSON: " + answer.failure());
        }
    }

    private void event(ChunkSink sink) {
        sink.event(messageStart + wanted, wanted);
    }

    /// The headers whose values are strings, null where they are not well formed. Of those with the same name the
    /// last holds, as AWS's decoder for Java has it; others refuse them.
    private @Nullable Map<String, String> headers(int from, int to) {
        Map<String, String> headers = new HashMap<>();
        int at = from;
        while (at < to) {
            int name = at + 1;
            int type = name + (message[at] & 0xFF);
            int value = type + 1;
            int length = value <= to && type > name ? valueBytes(message[type], value, to) : -1;
            if (length < 0 || length > to - value) {
                giveUp("header at byte " + (messageStart + at) + " has no name, an unknown type or too few bytes");
                return null;
            }
            String key = new String(message, name, type - name, StandardCharsets.UTF_8);
            headers.remove(key);
            if (message[type] == HeaderType.STRING) {
                int text = value + Short.BYTES;
                headers.put(key, new String(message, text, length - Short.BYTES, StandardCharsets.UTF_8));
            }
            at = value + length;
        }
        return headers;
    }

    /// Bytes of a value, those of its length included; -1 of an unknown type or a length cut off.
    private int valueBytes(byte type, int at, int to) {
        return switch (type) {
            case HeaderType.TRUE, HeaderType.FALSE -> 0;
            case HeaderType.BYTE -> Byte.BYTES;
            case HeaderType.SHORT -> Short.BYTES;
            case HeaderType.INT -> Integer.BYTES;
            case HeaderType.LONG, HeaderType.TIMESTAMP -> Long.BYTES;
            case HeaderType.BYTES, HeaderType.STRING ->
                at + Short.BYTES <= to ? Short.BYTES + ((message[at] & 0xFF) << 8 | (message[at + 1] & 0xFF)) : -1;
            case HeaderType.UUID -> 2 * Long.BYTES;
            default -> -1;
        };
    }

    private void giveUp(String why) {
        answer.misunderstand("message at byte " + messageStart + ": " + why);
        ignoring = true;
    }

    private int intAt(int at) {
        return ByteBuffer.wrap(message).getInt(at);
    }

    private int crcOf(int length) {
        crc.reset();
        crc.update(message, 0, length);
        return (int) crc.getValue();
    }

    private static String hex(int value) {
        return HexFormat.of().toHexDigits(value);
    }

    /// The types of header values, as they are numbered on the wire.
    private static final class HeaderType {
        static final byte TRUE = 0;
        static final byte FALSE = 1;
        static final byte BYTE = 2;
        static final byte SHORT = 3;
        static final byte INT = 4;
        static final byte LONG = 5;
        static final byte BYTES = 6;
        static final byte STRING = 7;
        static final byte TIMESTAMP = 8;
        static final byte UUID = 9;

        private HeaderType() {}
    }
}
