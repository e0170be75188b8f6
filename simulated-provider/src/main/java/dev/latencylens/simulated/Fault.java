package dev.latencylens.simulated;

import java.util.Locale;

/// What goes wrong with a response on purpose.
enum Fault {
    NONE,
    HTTP_400,
    HTTP_401,
    HTTP_404,
    HTTP_429,
    HTTP_500,
    HTTP_503,
    HTTP_529,
    /// A data event with `error`, then the stream ends.
    ERROR_EVENT,
    /// The same under `event: error`.
    ERROR_NAMED,
    /// Sends nothing for a while, then closes the connection.
    STALL,
    /// A TCP reset.
    RESET,
    /// The connection is closed without the end of the body.
    CLOSE,
    /// The finish is seen, `[DONE]` is not, the body ends properly.
    NO_DONE,
    /// The body ends properly before the finish.
    CUT_CLEAN,
    /// HTTP/2: GOAWAY that lets this stream complete.
    GOAWAY,
    /// HTTP/2: GOAWAY that excludes this stream.
    GOAWAY_REFUSE,
    /// HTTP/2: RST_STREAM with REFUSED_STREAM in place of a response.
    REFUSED_STREAM,
    /// HTTP/2: RST_STREAM in mid-stream.
    RST_STREAM,
    /// Bytes that are no HTTP in place of a response.
    GARBAGE,
    /// A data event that is no JSON; the stream goes on.
    GARBAGE_BODY,
    /// The head leaves byte by byte.
    SLOW_HEADERS,
    /// Announces keep-alive, and closes after the response.
    CLOSE_AFTER,
    /// 200 with an empty body.
    EMPTY,
    /// The request is read and never answered.
    NO_ANSWER,
    /// The connection is closed before the first byte of a response.
    ACCEPT_CLOSE;

    /// The name in settings and in the record.
    String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /// The HTTP status that replaces the answer, or 0.
    int status() {
        return name().startsWith("HTTP_") ? Integer.parseInt(name().substring(5)) : 0;
    }

    /// Whether it strikes after some chunks have left.
    boolean isMidStream() {
        return switch (this) {
            case ERROR_EVENT, ERROR_NAMED, STALL, RESET, CLOSE, CUT_CLEAN, RST_STREAM, GARBAGE_BODY -> true;
            default -> false;
        };
    }

    /// Whether it ends the stream or its connection without the end of the body.
    boolean cutsConnection() {
        return this == STALL || this == RESET || this == CLOSE || this == RST_STREAM;
    }

    boolean needsHttp2() {
        return this == GOAWAY || this == GOAWAY_REFUSE || this == REFUSED_STREAM || this == RST_STREAM;
    }

    static Fault parse(String text) {
        for (Fault fault : values()) {
            if (fault.label().equals(text)) {
                return fault;
            }
        }
        StringBuilder known = new StringBuilder();
        for (Fault fault : values()) {
            known.append(' ').append(fault.label());
        }
        throw new IllegalArgumentException("fault: expected one of" + known + ", was '" + text + "'");
    }
}
