package dev.latencylens.cli;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/// Texts that must appear in no file, log or message, and what takes them out.
///
/// Fill it before the run starts; reading is then safe from any thread.
final class Secrets {
    static final String INSTEAD = "***";
    /// A shorter text is a placeholder such as `EMPTY` or `none`; taking it out would tear other words apart.
    private static final int SHORTEST = 8;
    /// So many of a secret's first characters at the end of a shortened text are taken out as well.
    private static final int SHORTEST_PREFIX = 6;

    private static final String SHORTENED = "...";

    private final List<String> values = new ArrayList<>();

    void add(String value) {
        String secret = value.strip();
        if (secret.length() >= SHORTEST && !values.contains(secret)) {
            values.add(secret);
            values.sort(Comparator.comparingInt(String::length).reversed());
        }
    }

    /// A header's value, and what follows a scheme such as `Bearer`.
    void addHeaderValue(String value) {
        add(value);
        int blank = value.strip().indexOf(' ');
        if (blank > 0) {
            add(value.strip().substring(blank));
        }
    }

    /// Whether a header of this name carries a secret.
    static boolean isSecretName(String header) {
        String name = header.toLowerCase(Locale.ROOT);
        return name.contains("auth")
                || name.contains("key")
                || name.contains("token")
                || name.contains("secret")
                || name.contains("cookie")
                || name.contains("password");
    }

    /// The text without any secret, or without the beginning of one where the text was shortened in the middle of
    /// it.
    String redact(String text) {
        String clean = text;
        for (String secret : values) {
            clean = clean.replace(secret, INSTEAD);
            clean = withoutPrefixAtEnd(clean, secret);
        }
        return clean;
    }

    private static String withoutPrefixAtEnd(String text, String secret) {
        String tail = text.endsWith(SHORTENED) ? SHORTENED : "";
        int end = text.length() - tail.length();
        for (int length = Math.min(secret.length() - 1, end); length >= SHORTEST_PREFIX; length--) {
            if (text.startsWith(secret.substring(0, length), end - length)) {
                return text.substring(0, end - length) + INSTEAD + tail;
            }
        }
        return text;
    }
}
