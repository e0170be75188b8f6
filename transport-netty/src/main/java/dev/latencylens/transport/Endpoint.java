package dev.latencylens.transport;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.Locale;

/// Where requests go.
///
/// @param host a name in lower case, or an address; an IPv6 address without its brackets
/// @param basePath what stands before the dialect's own path, without a slash at its end; empty or for example
/// `/v1`
public record Endpoint(boolean tls, String host, int port, String basePath) {
    /// Of DNS.
    private static final int LONGEST_LABEL = 63;

    /// Reads a base URL such as `https://api.openai.com/v1`.
    ///
    /// @throws IllegalArgumentException naming what is wrong and how to mend it
    public static Endpoint parse(String url) {
        URI uri;
        try {
            uri = new URI(url.strip());
        } catch (URISyntaxException e) {
            throw bad(url, e.getReason() + " at position " + e.getIndex());
        }
        String scheme = uri.getScheme();
        if (scheme == null || uri.isOpaque()) {
            throw bad(url, "it has no http:// or https:// in front");
        }
        boolean tls = switch (scheme.toLowerCase(Locale.ROOT)) {
            case "https" -> true;
            case "http" -> false;
            default -> throw bad(url, "its scheme is '" + scheme + "', not http or https");
        };
        if (uri.getRawUserInfo() != null) {
            throw new IllegalArgumentException("the URL holds a user name or password;"
                    + " give the key by environment variable instead and leave it out of the URL");
        }
        if (uri.getRawQuery() != null || uri.getRawFragment() != null) {
            throw bad(url, "a base URL has no query and no fragment");
        }
        String host = hostOf(uri, url);
        int port = uri.getPort() == -1 ? (tls ? 443 : 80) : uri.getPort();
        if (port < 1 || port > 65535) {
            throw bad(url, "port " + port + " is not between 1 and 65535");
        }
        return new Endpoint(tls, host, port, uri.getRawPath().replaceAll("/+$", ""));
    }

    /// Host and port as the Host header and HTTP/2's `:authority` carry them: the default port is left out.
    public String authority() {
        String bracketed = host.indexOf(':') >= 0 ? "[" + host + "]" : host;
        return port == (tls ? 443 : 80) ? bracketed : bracketed + ":" + port;
    }

    public String scheme() {
        return tls ? "https" : "http";
    }

    @Override
    public String toString() {
        return scheme() + "://" + authority() + basePath;
    }

    private static String hostOf(URI uri, String url) {
        String host = uri.getHost();
        if (host == null) {
            throw bad(url, "it names no valid host");
        }
        if (host.startsWith("[")) {
            return host.substring(1, host.length() - 1);
        }
        // Of ASCII, or the URI would have none.
        for (String label : host.split("\\.", -1)) {
            if (label.length() > LONGEST_LABEL) {
                throw bad(url, "a part of its host has more than " + LONGEST_LABEL + " characters");
            }
        }
        return host.toLowerCase(Locale.ROOT);
    }

    private static IllegalArgumentException bad(String url, String why) {
        return new IllegalArgumentException(
                "bad URL '" + url + "': " + why + "; give a base URL such as https://api.openai.com/v1");
    }
}
