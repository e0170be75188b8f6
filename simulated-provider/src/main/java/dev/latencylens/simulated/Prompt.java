package dev.latencylens.simulated;

import java.util.Arrays;
import tools.jackson.core.JsonParser;

/// Counts the words of a prompt while it is read, and names its beginnings so that they can be known again.
final class Prompt {
    private static final long FACTOR = 0x100000001B3L;
    private static final long START = 0xCBF29CE484222325L;
    private static final int FIRST_SIZE = 16;

    private final int block;
    private long[] hashes = new long[FIRST_SIZE];
    private int[] lengths = new int[FIRST_SIZE];
    private int beginnings;
    private int[] marks = {};
    private long hash = START;
    private int words;
    private boolean keptForAnHour;

    /// @param block words of a block: beginnings are named in whole ones; 0 names them at the end of each part
    Prompt(int block) {
        this.block = block;
    }

    /// Takes the parser's current string, a part; words are separated by blanks, and by the ends of parts.
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
        if (block == 0) {
            name();
        }
    }

    private void endWord() {
        hash = (hash ^ ' ') * FACTOR;
        words++;
        if (block > 0 && words % block == 0) {
            name();
        }
    }

    private void name() {
        if (beginnings == hashes.length) {
            hashes = Arrays.copyOf(hashes, beginnings * 2);
            lengths = Arrays.copyOf(lengths, beginnings * 2);
        }
        hashes[beginnings] = hash;
        lengths[beginnings++] = words;
    }

    /// A breakpoint: what was read so far is to be kept.
    void mark() {
        if (block == 0 && beginnings > 0) {
            marks = Arrays.copyOf(marks, marks.length + 1);
            marks[marks.length - 1] = beginnings - 1;
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

    /// How many beginnings have a name, from the shortest to the longest.
    int beginnings() {
        return beginnings;
    }

    long hashOf(int beginning) {
        return hashes[beginning];
    }

    int wordsOf(int beginning) {
        return lengths[beginning];
    }

    /// The beginnings that end at a breakpoint.
    int[] marks() {
        return marks;
    }
}
