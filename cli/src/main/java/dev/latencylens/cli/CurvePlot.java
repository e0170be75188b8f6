package dev.latencylens.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/// A latency-throughput curve: as text, and as a self-contained SVG.
///
/// Both axes begin at 0, so that a distance on paper is one in the matter.
final class CurvePlot {
    private static final int COLUMNS = 60;
    private static final int ROWS = 14;
    /// Before the axis: a figure and a blank.
    private static final int MARGIN = 9;

    private static final int WIDTH = 720;
    private static final int HEIGHT = 420;
    private static final int LEFT = 80;
    private static final int BOTTOM = 60;
    private static final int TOP = 48;
    private static final int RIGHT = 30;
    private static final int TICKS = 5;

    private final String title;
    private final String across;
    private final String up;
    private final List<Point> points = new ArrayList<>();

    /// @param label stands beside it
    /// @param good share of `x` that is good, not a number where nothing was judged
    private record Point(String label, double x, double y, double good, boolean marked) {}

    /// @param across what the horizontal axis is, with its unit
    /// @param up what the vertical one is
    CurvePlot(String title, String across, String up) {
        this.title = title;
        this.across = across;
        this.up = up;
    }

    /// In the order of the load. A point that has no value is left out.
    void add(String label, double x, double y, double good, boolean marked) {
        if (Double.isFinite(x) && Double.isFinite(y)) {
            points.add(new Point(label, x, y, good, marked));
        }
    }

    boolean isDrawn() {
        return points.size() > 1;
    }

    String text() {
        double mostX = most(points.stream().mapToDouble(Point::x).toArray());
        double mostY = most(points.stream().mapToDouble(Point::y).toArray());
        char[][] paper = new char[ROWS][COLUMNS + 1];
        for (char[] row : paper) {
            Arrays.fill(row, ' ');
        }
        points.stream().sorted(Comparator.comparing(Point::marked).reversed()).forEach(point -> {
            int column = (int) Math.round(point.x / mostX * COLUMNS);
            char[] row = paper[ROWS - 1 - (int) Math.round(point.y / mostY * (ROWS - 1))];
            row[column] = point.marked || row[column] == '@' ? '@' : 'o';
            write(row, column, point.label);
        });
        var text = new StringBuilder();
        text.append(String.format(Locale.ROOT, "%" + MARGIN + "s%s%n", "", up));
        for (int row = 0; row < ROWS; row++) {
            boolean told = row == 0 || row == ROWS - 1 || row == ROWS / 2;
            double value = mostY * (ROWS - 1 - row) / (ROWS - 1);
            text.append(String.format(Locale.ROOT, "%" + (MARGIN - 1) + "s |", told ? Figures.rate(value) : ""))
                    .append(new String(paper[row]).stripTrailing())
                    .append('\n');
        }
        text.append(" ".repeat(MARGIN)).append('+').append("-".repeat(COLUMNS)).append('\n');
        String end = Figures.rate(mostX) + " " + across;
        text.append(" ".repeat(MARGIN)).append('0').append(String.format(Locale.ROOT, "%" + COLUMNS + "s%n", end));
        return text.toString();
    }

    /// To the right of a point, else to its left, where nothing else is written.
    private static void write(char[] row, int column, String label) {
        for (int from : new int[] {column + 1, column - label.length()}) {
            boolean isFree = from >= 0 && from + label.length() <= row.length;
            for (int i = 0; isFree && i < label.length(); i++) {
                isFree = row[from + i] == ' ';
            }
            if (isFree) {
                label.getChars(0, label.length(), row, from);
                return;
            }
        }
    }

    private static double most(double... values) {
        double most = Arrays.stream(values).max().orElse(0);
        return most > 0 ? most : 1;
    }

    String svg() {
        double mostX = round(most(points.stream().mapToDouble(Point::x).toArray()));
        double mostY = round(most(points.stream().mapToDouble(Point::y).toArray()));
        var svg = new StringBuilder();
        svg.append(String.format(Locale.ROOT, """
                <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">
                <rect width="%d" height="%d" fill="#fff"/>
                <text x="%d" y="22" font-size="15">%s</text>
                """, WIDTH, HEIGHT, WIDTH, HEIGHT, LEFT, escaped(title)));
        for (int i = 0; i <= TICKS; i++) {
            double x = x(mostX * i / TICKS, mostX);
            double y = y(mostY * i / TICKS, mostY);
            svg.append(String.format(
                    Locale.ROOT,
                    """
                    <path d="M%.1f %d V%d M%d %.1f H%d" stroke="#ddd"/>
                    <text x="%.1f" y="%d" text-anchor="middle">%s</text>
                    <text x="%d" y="%.1f" text-anchor="end">%s</text>
                    """,
                    x,
                    TOP,
                    HEIGHT - BOTTOM,
                    LEFT,
                    y,
                    WIDTH - RIGHT,
                    x,
                    HEIGHT - BOTTOM + 18,
                    Figures.rate(mostX * i / TICKS),
                    LEFT - 8,
                    y + 4,
                    Figures.rate(mostY * i / TICKS)));
        }
        svg.append(String.format(
                Locale.ROOT, """
                <text x="%d" y="%d" text-anchor="end">%s</text>
                <text x="%d" y="%d">%s</text>
                """, WIDTH - RIGHT, HEIGHT - 18, escaped(across), LEFT, TOP - 8, escaped(up)));
        if (points.stream().anyMatch(point -> !Double.isNaN(point.good))) {
            svg.append(line(mostX, mostY, true))
                    .append(String.format(
                            Locale.ROOT,
                            "<text x=\"%d\" y=\"%d\" fill=\"#2a7\">dashed: of good requests</text>%n",
                            LEFT,
                            HEIGHT - 18));
        }
        svg.append(line(mostX, mostY, false));
        for (Point point : points) {
            svg.append(String.format(
                    Locale.ROOT,
                    "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%d\" fill=\"%s\"/><text x=\"%.1f\" y=\"%.1f\">%s</text>%n",
                    x(point.x, mostX),
                    y(point.y, mostY),
                    point.marked ? 6 : 4,
                    point.marked ? "#c30" : "#26a",
                    x(point.x, mostX) + 8,
                    y(point.y, mostY) - 6,
                    escaped(point.label + (point.marked ? " knee" : ""))));
        }
        return svg.append("</svg>\n").toString();
    }

    private String line(double mostX, double mostY, boolean ofGood) {
        var path = new StringBuilder();
        for (Point point : points) {
            double x = ofGood ? point.x * point.good : point.x;
            if (!Double.isNaN(x)) {
                path.append(String.format(
                        Locale.ROOT, "%s%.1f %.1f ", path.isEmpty() ? "M" : "L", x(x, mostX), y(point.y, mostY)));
            }
        }
        return String.format(
                Locale.ROOT,
                "<path d=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"%s/>%n",
                path.toString().strip(),
                ofGood ? "#2a7" : "#26a",
                ofGood ? " stroke-dasharray=\"5 4\"" : "");
    }

    private static double x(double value, double most) {
        return LEFT + value / most * (WIDTH - LEFT - RIGHT);
    }

    private static double y(double value, double most) {
        return HEIGHT - BOTTOM - value / most * (HEIGHT - BOTTOM - TOP);
    }

    /// Up to a figure that divides well.
    private static double round(double most) {
        double unit = Math.pow(10, Math.floor(Math.log10(most))) / 2;
        return Math.ceil(most / unit) * unit;
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;");
    }
}
