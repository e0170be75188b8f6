package dev.latencylens.transport;

import java.net.URI;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// An HTTP proxy that https endpoints are reached through, by CONNECT.
///
/// @param user for basic authentication, null for none
/// @param password never shown
public record ProxyServer(
        String host,
        int port,
        @Nullable String user,
        @Nullable String password) {

    /// The proxy that `HTTPS_PROXY` names (or `https_proxy`), unless `NO_PROXY` exempts the endpoint or it is
    /// cleartext.
    ///
    /// @throws IllegalArgumentException if the variable cannot be read
    public static Optional<ProxyServer> fromEnvironment(Map<String, String> environment, Endpoint endpoint) {
        String proxy = lookUp(environment, "HTTPS_PROXY");
        if (!endpoint.tls() || proxy.isBlank() || isExempt(lookUp(environment, "NO_PROXY"), endpoint)) {
            return Optional.empty();
        }
        return Optional.of(parse(proxy));
    }

    @Override
    public String toString() {
        return host + ":" + port;
    }

    private static ProxyServer parse(String proxy) {
        URI uri;
        try {
            uri = URI.create(proxy.contains("://") ? proxy : "http://" + proxy);
        } catch (IllegalArgumentException e) {
            // The value may hold a password, so it is not quoted.
            throw new IllegalArgumentException("HTTPS_PROXY is no URL; give it as http://HOST:PORT", e);
        }
        if (uri.getHost() == null || !"http".equals(uri.getScheme())) {
            throw new IllegalArgumentException(
                    "HTTPS_PROXY must name an http proxy as http://HOST:PORT, its scheme was '" + uri.getScheme()
                            + "' and its host '" + uri.getHost() + "'");
        }
        String userInfo = uri.getUserInfo();
        String user = null;
        String password = null;
        if (userInfo != null) {
            int colon = userInfo.indexOf(':');
            user = colon < 0 ? userInfo : userInfo.substring(0, colon);
            password = colon < 0 ? "" : userInfo.substring(colon + 1);
        }
        return new ProxyServer(
                uri.getHost().replaceAll("[\\[\\]]", ""), uri.getPort() == -1 ? 80 : uri.getPort(), user, password);
    }

    private static boolean isExempt(String noProxy, Endpoint endpoint) {
        for (String entry : noProxy.split("[,\\s]+", -1)) {
            String pattern = entry.toLowerCase(Locale.ROOT);
            int colon = pattern.lastIndexOf(':');
            if (colon > 0
                    && pattern.indexOf(':') == colon
                    && pattern.substring(colon + 1).matches("\\d+")) {
                if (Integer.parseInt(pattern.substring(colon + 1)) != endpoint.port()) {
                    continue;
                }
                pattern = pattern.substring(0, colon);
            }
            pattern = pattern.replaceAll("^\\*?\\.", "").replaceAll("[\\[\\]]", "");
            if (pattern.equals("*")
                    || endpoint.host().equals(pattern)
                    || (!pattern.isEmpty() && endpoint.host().endsWith("." + pattern))) {
                return true;
            }
        }
        return false;
    }

    private static String lookUp(Map<String, String> environment, String name) {
        return environment.getOrDefault(name, environment.getOrDefault(name.toLowerCase(Locale.ROOT), ""));
    }
}
