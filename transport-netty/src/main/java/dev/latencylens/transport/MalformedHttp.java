package dev.latencylens.transport;

/// The peer sent bytes that are not the HTTP that was agreed on; the message says what was expected and what was seen.
final class MalformedHttp extends Exception {
    private static final long serialVersionUID = 1;

    MalformedHttp(String message) {
        super(message);
    }

    @Override
    public String getMessage() {
        return String.valueOf(super.getMessage());
    }
}
