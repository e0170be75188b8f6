package dev.latencylens.cli;

/// Text from elsewhere, made fit for one line of a terminal: nothing in it moves the cursor or changes a colour.
final class Printable {
    private static final String SHORTENED = "...";

    /// Scripts whose characters take two columns begin here, near enough.
    private static final int FIRST_WIDE = 0x1100;

    private Printable() {}

    /// The text in at most so many columns.
    static String cut(String text, int columns) {
        var line = new StringBuilder();
        int used = 0;
        int fitting = 0;
        for (int i = 0; i < text.length(); ) {
            int codePoint = text.codePointAt(i);
            String shown = shown(codePoint);
            used += width(shown);
            if (used > columns) {
                line.setLength(fitting);
                return line.append(SHORTENED, 0, Math.clamp(columns, 0, SHORTENED.length()))
                        .toString();
            }
            line.append(shown);
            if (used <= columns - SHORTENED.length()) {
                fitting = line.length();
            }
            i += Character.charCount(codePoint);
        }
        return line.toString();
    }

    /// With blanks behind it, up to so many columns.
    static String padded(String line, int columns) {
        return line + " ".repeat(Math.max(0, columns - width(line)));
    }

    static int width(String line) {
        return line.codePoints().map(Printable::width).sum();
    }

    private static int width(int codePoint) {
        return codePoint >= FIRST_WIDE && (Character.isIdeographic(codePoint) || isWideLetter(codePoint)) ? 2 : 1;
    }

    private static boolean isWideLetter(int codePoint) {
        return Character.isEmojiPresentation(codePoint)
                || switch (Character.UnicodeScript.of(codePoint)) {
                    case HAN, HANGUL, HIRAGANA, KATAKANA, BOPOMOFO, YI -> true;
                    default -> codePoint >= 0xFF00 && codePoint <= 0xFF60;
                };
    }

    private static String shown(int codePoint) {
        return switch (codePoint) {
            case '\n' -> "\\n";
            case '\r' -> "\\r";
            case '\t' -> "\\t";
            default -> isPrintable(codePoint) ? Character.toString(codePoint) : ".";
        };
    }

    private static boolean isPrintable(int codePoint) {
        return switch (Character.getType(codePoint)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR -> false;
            default -> true;
        };
    }
}
