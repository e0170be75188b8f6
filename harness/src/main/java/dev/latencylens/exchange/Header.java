package dev.latencylens.exchange;

import java.util.Locale;

/// One HTTP header field. The name is kept in lower case, as HTTP/2 sends it.
///
/// @param secret whether the value must not appear in any file, log, event or message
public record Header(String name, String value, boolean secret) {
    public Header {
        name = name.toLowerCase(Locale.ROOT);
        if (!isToken(name)) {
            throw new IllegalArgumentException("header name must be an HTTP token, was '" + name + "'");
        }
        if (!isFieldValue(value)) {
            throw new IllegalArgumentException("header '" + name
                    + "' holds a line break, a control character or a character outside ISO-8859-1; remove it");
        }
    }

    public static Header of(String name, String value) {
        return new Header(name, value, false);
    }

    public static Header secret(String name, String value) {
        return new Header(name, value, true);
    }

    @Override
    public String toString() {
        return name + ": " + (secret ? "***" : value);
    }

    private static boolean isToken(String name) {
        for (int i = 0; i < name.length(); i++) {
            if (!isTokenCharacter(name.charAt(i))) {
                return false;
            }
        }
        return !name.isEmpty();
    }

    private static boolean isFieldValue(String value) {
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c != '\t' && (c < ' ' || c == 127 || c > 255)) {
                return false;
            }
        }
        return true;
    }

    private static boolean isTokenCharacter(int c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || "!#$%&'*+-.^_`|~".indexOf(c) >= 0;
    }
}
