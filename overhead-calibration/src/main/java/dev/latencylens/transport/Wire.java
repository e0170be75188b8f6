package dev.latencylens.transport;

import org.jspecify.annotations.Nullable;

/// What a token event's bytes are wrapped in.
public enum Wire {
    HTTP_1_1(HttpVersion.HTTP_1_1, null),
    HTTP_1_1_TLS(HttpVersion.HTTP_1_1, "TLSv1.3"),
    HTTP_2(HttpVersion.HTTP_2, null),
    HTTP_2_TLS(HttpVersion.HTTP_2, "TLSv1.3");

    final HttpVersion http;
    final @Nullable String tls;

    Wire(HttpVersion http, @Nullable String tls) {
        this.http = http;
        this.tls = tls;
    }

    /// For example `HTTP/2, TLS`.
    public String label() {
        return "HTTP/" + http.label() + (tls == null ? ", plain" : ", TLS");
    }
}
