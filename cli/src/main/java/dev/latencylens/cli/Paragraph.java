package dev.latencylens.cli;

/// Text for a person, in lines of at most so many columns.
final class Paragraph {
    private Paragraph() {}

    /// Breaks at blanks; what follows is indented to the words' beginning. A word that is longer than a line stays
    /// whole.
    static String of(String lead, String words, int columns) {
        var text = new StringBuilder();
        var line = new StringBuilder(lead);
        boolean empty = true;
        for (String word : words.split(" ", -1)) {
            if (!empty && line.length() + 1 + word.length() > columns) {
                text.append(line.toString().stripTrailing()).append('\n');
                line.setLength(0);
                line.append(" ".repeat(lead.length()));
                empty = true;
            }
            line.append(empty ? "" : " ").append(word);
            empty = false;
        }
        return text.append(line.toString().stripTrailing()).append('\n').toString();
    }
}
