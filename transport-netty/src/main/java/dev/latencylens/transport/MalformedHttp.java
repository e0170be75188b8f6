package dev.latencylens.transport;

/// The peer sent bytes that are not the HTTP that was agreed on; the message says what was expected and what was
/// seen.
final class MalformedHttp extends Exception {
    private static final long serialVersionUID = 1;

    MalformedHttp(String message) {
        super(message);
    }

    /// One byte as people can read it.
    static String printable(int value) {
        return value > 32 && value < 127 ? String.valueOf((char) value) : "byte " + (value & 0xFF);
    }

    @Override
    public String getMessage() {
        return String.valueOf(super.getMessage());
    }
}
