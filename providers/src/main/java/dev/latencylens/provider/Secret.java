package dev.latencylens.provider;

/// A key that must not be seen: it prints as `***`, and only the dialects of this package can reveal it.
public final class Secret {
    private final String value;

    private Secret(String value) {
        this.value = value;
    }

    /// A secret without the blanks and line breaks around it, which come along when a key is read from a file.
    public static Secret of(String value) {
        String stripped = value.strip();
        if (stripped.isEmpty()) {
            throw new IllegalArgumentException("key is blank; leave it out for a server that asks for none");
        }
        return new Secret(stripped);
    }

    String reveal() {
        return value;
    }

    @Override
    public String toString() {
        return "***";
    }
}
