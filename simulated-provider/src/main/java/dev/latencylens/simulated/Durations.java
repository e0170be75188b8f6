package dev.latencylens.simulated;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Reads durations such as `200ms`, `1.5s`, `40us`, `10m`.
final class Durations {
    private static final Pattern FORM = Pattern.compile("([0-9]+(?:\\.[0-9]+)?)(ns|us|ms|s|m|h)");

    private Durations() {}

    /// The nanoseconds that `text` says, or an [IllegalArgumentException] that quotes it.
    static long parseNs(String key, String text) {
        String trimmed = text.strip();
        if (trimmed.equals("0")) {
            return 0;
        }
        Matcher matcher = FORM.matcher(trimmed);
        if (!matcher.matches()) {
            throw new IllegalArgumentException(
                    key + ": expected a duration such as 200ms (units ns us ms s m h), was '" + text + "'");
        }
        double ns = Double.parseDouble(matcher.group(1)) * unitNs(matcher.group(2));
        if (ns > Long.MAX_VALUE / 4.0) {
            throw new IllegalArgumentException(key + ": duration is too long: '" + text + "'");
        }
        return Math.round(ns);
    }

    private static double unitNs(String unit) {
        return switch (unit) {
            case "ns" -> 1;
            case "us" -> 1e3;
            case "ms" -> 1e6;
            case "s" -> 1e9;
            case "m" -> 60e9;
            default -> 3600e9;
        };
    }
}
