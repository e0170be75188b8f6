package dev.latencylens.transport;

/// Which HTTP to speak.
public enum HttpVersion {
    /// What the server picks by ALPN from both; 1.1 where there is no TLS.
    NEGOTIATED("negotiated"),
    HTTP_1_1("1.1"),
    /// By ALPN over TLS, else with prior knowledge.
    HTTP_2("2");

    private final String label;

    HttpVersion(String label) {
        this.label = label;
    }

    public String label() {
        return label;
    }
}
