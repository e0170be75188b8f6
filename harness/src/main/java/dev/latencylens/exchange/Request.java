package dev.latencylens.exchange;

import java.util.List;

/// A request as a dialect means it, before any transport has encoded it.
///
/// @param method the HTTP method, for example `POST`
/// @param target path and query as sent on the wire, beginning with `/`
/// @param headers the dialect's own fields; the transport adds `host` and `content-length`
/// @param body the bytes of the body; not copied, and not to be changed afterwards
public record Request(String method, String target, List<Header> headers, byte[] body) {
    public Request {
        if (!target.startsWith("/") || !isVisible(target)) {
            throw new IllegalArgumentException(
                    "request target must begin with '/' and hold no blanks, control characters or unescaped"
                            + " characters, was '" + target + "'");
        }
        headers = List.copyOf(headers);
    }

    private static boolean isVisible(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) <= ' ' || text.charAt(i) >= 127) {
                return false;
            }
        }
        return true;
    }
}
