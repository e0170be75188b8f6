package dev.latencylens.transport;

/// What a token event's bytes are wrapped in.
public enum Wire {
    HTTP_1_1(HttpVersion.HTTP_1_1, false),
    HTTP_1_1_TLS(HttpVersion.HTTP_1_1, true),
    HTTP_2(HttpVersion.HTTP_2, false),
    HTTP_2_TLS(HttpVersion.HTTP_2, true);

    final HttpVersion http;
    final boolean tls;

    Wire(HttpVersion http, boolean tls) {
        this.http = http;
        this.tls = tls;
    }

    /// For example `HTTP/2, TLS`.
    public String label() {
        return "HTTP/" + http.label() + (tls ? ", TLS" : ", plain");
    }
}
