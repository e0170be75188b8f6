package dev.latencylens.simulated;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import tools.jackson.core.io.JsonStringEncoder;

/// Writes JSON text into buffers.
final class Json {
    private static final byte[] LETTERS =
            ChatText.ascii("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ01234567");

    private Json() {}

    static void put(ByteBuf out, String text) {
        out.writeCharSequence(text, StandardCharsets.UTF_8);
    }

    static void put(ByteBuf out, long number) {
        ChatText.number(out, number);
    }

    /// The text, to stand between quotes.
    static String quoted(String text) {
        return new String(JsonStringEncoder.getInstance().quoteAsUTF8(text), StandardCharsets.UTF_8);
    }

    /// Appends Amazon's and Mistral's member of padding, as long as the number of the event makes it.
    static void padding(ByteBuf out, int events) {
        put(out, ",\"p\":\"");
        out.writeBytes(LETTERS, 0, 1 + events * 7 % (LETTERS.length - 1));
        out.writeByte('"');
    }

    /// Appends a tool call's arguments as an object, where other dialects quote them.
    static void arguments(ByteBuf out, int tokens) {
        if (tokens <= 1) {
            put(out, "{}");
            return;
        }
        put(out, "{\"text\":\"");
        Vocabulary.write(out, 0, tokens - 2);
        put(out, "\"}");
    }

    /// Appends compact JSON with a line for each member and element, indented by two blanks.
    static void pretty(ByteBuf compact, ByteBuf out) {
        int depth = 0;
        boolean quoted = false;
        for (int i = compact.readerIndex(); i < compact.writerIndex(); i++) {
            byte b = compact.getByte(i);
            boolean empty = i + 1 < compact.writerIndex() && (compact.getByte(i + 1) | 32) == (b | 32) + 2;
            if (b == '"' && !(quoted && compact.getByte(i - 1) == '\\')) {
                quoted = !quoted;
            }
            if (quoted) {
                out.writeByte(b);
            } else if ((b == '{' || b == '[') && empty) {
                out.writeByte(b).writeByte(compact.getByte(++i));
            } else if (b == '{' || b == '[') {
                out.writeByte(b);
                newLine(out, ++depth);
            } else if (b == '}' || b == ']') {
                newLine(out, --depth);
                out.writeByte(b);
            } else if (b == ',') {
                out.writeByte(b);
                newLine(out, depth);
            } else {
                out.writeByte(b);
                if (b == ':') {
                    out.writeByte(' ');
                }
            }
        }
    }

    private static void newLine(ByteBuf out, int depth) {
        out.writeByte('\n');
        for (int i = 0; i < depth; i++) {
            out.writeByte(' ').writeByte(' ');
        }
    }
}
