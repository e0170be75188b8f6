package dev.latencylens.provider;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.zip.CRC32;

/// Writes messages of an AWS event stream, for tests.
final class Frames {
    private Frames() {}

    static byte[] event(String type, String json) {
        return message(json, ":event-type", type, ":content-type", "application/json", ":message-type", "event");
    }

    static byte[] exception(String type, String json) {
        return message(json, ":message-type", "exception", ":exception-type", type);
    }

    static byte[] error(String code, String message) {
        return message("", ":message-type", "error", ":error-code", code, ":error-message", message);
    }

    /// A model's own event, as InvokeModelWithResponseStream wraps it.
    static byte[] chunk(String json) {
        String base64 = Base64.getEncoder().encodeToString(json.getBytes(UTF_8));
        return event("chunk", "{\"bytes\":\"" + base64 + "\",\"p\":\"abc\"}");
    }

    /// @param headers names and values in turn
    static byte[] message(String payload, String... headers) {
        var fields = new ByteArrayOutputStream();
        for (int i = 0; i < headers.length; i += 2) {
            byte[] name = headers[i].getBytes(UTF_8);
            byte[] value = headers[i + 1].getBytes(UTF_8);
            fields.write(name.length);
            fields.writeBytes(name);
            fields.write(7);
            fields.write(value.length >> 8);
            fields.write(value.length);
            fields.writeBytes(value);
        }
        return message(fields.toByteArray(), payload.getBytes(UTF_8));
    }

    static byte[] message(byte[] headers, byte[] payload) {
        int total = 16 + headers.length + payload.length;
        ByteBuffer message = ByteBuffer.allocate(total).put(prelude(total, headers.length));
        message.put(headers).put(payload);
        return message.putInt(crc(message.array(), total - 4)).array();
    }

    static byte[] prelude(int total, int headers) {
        ByteBuffer prelude = ByteBuffer.allocate(12).putInt(total).putInt(headers);
        return prelude.putInt(crc(prelude.array(), 8)).array();
    }

    static byte[] joined(byte[]... parts) {
        var bytes = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            bytes.writeBytes(part);
        }
        return bytes.toByteArray();
    }

    private static int crc(byte[] bytes, int length) {
        var crc = new CRC32();
        crc.update(bytes, 0, length);
        return (int) crc.getValue();
    }
}
