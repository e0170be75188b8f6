package dev.latencylens.simulated;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;

/// The words that the simulated model speaks: always the same, and some with characters of two,
/// three and four bytes. None needs escaping in JSON.
final class Vocabulary {
    private static final String[] WORDS = {
        "The",
        " quick",
        " na\u00efve",
        " \u65e5\u672c",
        " fox",
        " sees",
        " \ud83d\ude80",
        " over",
        " caf\u00e9",
        " and",
        " waits",
        " for",
        " a",
        " token",
        " \u2014",
        " calmly"
    };
    private static final byte[][] ENCODED = new byte[WORDS.length][];

    static {
        for (int i = 0; i < WORDS.length; i++) {
            ENCODED[i] = WORDS[i].getBytes(StandardCharsets.UTF_8);
        }
    }

    private Vocabulary() {}

    /// Appends the tokens from ordinal `from` on.
    static void write(ByteBuf out, int from, int count) {
        for (int i = from; i < from + count; i++) {
            out.writeBytes(ENCODED[i % ENCODED.length]);
        }
    }

    /// The text of `count` tokens.
    static String text(int from, int count) {
        StringBuilder text = new StringBuilder();
        for (int i = from; i < from + count; i++) {
            text.append(WORDS[i % WORDS.length]);
        }
        return text.toString();
    }
}
