package dev.latencylens.simulated;

import java.util.ArrayList;
import java.util.List;
import tools.jackson.core.JsonParser;

/// Counts the words of a prompt while it is read, and names its beginnings so that they can be known again.
final class Prompt {
    private static final long FACTOR = 0x100000001B3L;
    private static final long START = 0xCBF29CE484222325L;

    private final List<Long> prefixes = new ArrayList<>();
    private long hash = START;
    private int words;
    private boolean keptForAnHour;

    /// Takes the parser's current string; words are separated by blanks, and by the ends of strings.
    void add(JsonParser json) {
        char[] text = json.getStringCharacters();
        int end = json.getStringOffset() + json.getStringLength();
        boolean inWord = false;
        for (int i = json.getStringOffset(); i < end; i++) {
            boolean blank = Character.isWhitespace(text[i]);
            if (!blank) {
                hash = (hash ^ text[i]) * FACTOR;
            } else if (inWord) {
                endWord();
            }
            inWord = !blank;
        }
        if (inWord) {
            endWord();
        }
    }

    private void endWord() {
        hash = (hash ^ ' ') * FACTOR;
        words++;
        if (Integer.bitCount(words) == 1) {
            prefixes.add(hash);
        }
    }

    /// A part of it is marked to be kept that long in the cache.
    void keepForAnHour() {
        keptForAnHour = true;
    }

    boolean keptForAnHour() {
        return keptForAnHour;
    }

    int words() {
        return words;
    }

    /// Hashes of the first 1, 2, 4, ... words, and at the end of all words.
    List<Long> prefixes() {
        if (Integer.bitCount(words) > 1) {
            prefixes.add(hash);
        }
        return List.copyOf(prefixes);
    }
}
