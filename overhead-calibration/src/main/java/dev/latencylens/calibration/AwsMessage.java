package dev.latencylens.calibration;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.zip.CRC32;

/// One message of an AWS event stream: a prelude with a checksum of its own, headers, the payload, a checksum.
final class AwsMessage {
    private static final int PRELUDE_BYTES = 12;
    private static final int CRC_BYTES = 4;
    private static final int STRING = 7;

    private AwsMessage() {}

    static byte[] event(String type, String json) {
        var headers = new ByteArrayOutputStream();
        header(headers, ":event-type", type);
        header(headers, ":content-type", "application/json");
        header(headers, ":message-type", "event");
        byte[] payload = json.getBytes(UTF_8);
        int length = PRELUDE_BYTES + headers.size() + payload.length + CRC_BYTES;
        byte[] message = new byte[length];
        ByteBuffer to = ByteBuffer.wrap(message).putInt(length).putInt(headers.size());
        to.putInt(crc(message, to.position()));
        to.put(headers.toByteArray()).put(payload);
        to.putInt(crc(message, to.position()));
        return message;
    }

    private static void header(ByteArrayOutputStream headers, String name, String value) {
        headers.write(name.length());
        headers.writeBytes(name.getBytes(UTF_8));
        headers.write(STRING);
        headers.write(value.length() >> 8);
        headers.write(value.length());
        headers.writeBytes(value.getBytes(UTF_8));
    }

    private static int crc(byte[] bytes, int length) {
        var crc = new CRC32();
        crc.update(bytes, 0, length);
        return (int) crc.getValue();
    }
}
