package dev.latencylens.simulated;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;

/// Writes messages of `application/vnd.amazon.eventstream`: lengths, headers, payload and two checksums.
///
/// [#begin] and [#end] stand around what appends the payload.
final class EventFrame {
    static final String TYPE = "application/vnd.amazon.eventstream";
    private static final int PRELUDE = 12;
    private static final int STRING = 7;

    private EventFrame() {}

    /// Starts a message with these headers, name and value in turn; returns its offset.
    static int begin(ByteBuf out, String... headers) {
        int start = out.writerIndex();
        out.writeZero(PRELUDE);
        for (int i = 0; i < headers.length; i += 2) {
            byte[] name = headers[i].getBytes(StandardCharsets.UTF_8);
            byte[] value = headers[i + 1].getBytes(StandardCharsets.UTF_8);
            out.writeByte(name.length).writeBytes(name);
            out.writeByte(STRING).writeShort(value.length).writeBytes(value);
        }
        out.setInt(start + 4, out.writerIndex() - start - PRELUDE);
        return start;
    }

    /// Starts an ordinary event.
    static int event(ByteBuf out, String type) {
        return begin(out, ":event-type", type, ":content-type", "application/json", ":message-type", "event");
    }

    static int exception(ByteBuf out, String type) {
        return begin(out, ":exception-type", type, ":content-type", "application/json", ":message-type", "exception");
    }

    static int error(ByteBuf out, String code, String message) {
        return begin(out, ":message-type", "error", ":error-code", code, ":error-message", message);
    }

    /// Ends the message that began at `start`.
    static void end(ByteBuf out, int start) {
        int length = out.writerIndex() - start;
        out.setInt(start, length + 4);
        CRC32 crc = new CRC32();
        crc.update(out.nioBuffer(start, 8));
        out.setInt(start + 8, (int) crc.getValue());
        crc.reset();
        crc.update(out.nioBuffer(start, length));
        out.writeInt((int) crc.getValue());
    }
}
