package dev.latencylens.transport;

import static dev.latencylens.exchange.Moment.CONNECT_END;
import static dev.latencylens.exchange.Moment.SECURE_CONNECTION_START;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latencylens.exchange.TransportEnd.Kind;
import java.io.IOException;
import java.net.Socket;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ProxyServerTest {
    private static final Endpoint API = Endpoint.parse("https://api.example.com/v1");

    private static ProxyServer proxy(String value) {
        return ProxyServer.fromEnvironment(Map.of("HTTPS_PROXY", value), API).orElseThrow();
    }

    @ParameterizedTest
    @CsvSource({
        "http://proxy:3128, proxy, 3128",
        "proxy:3128, proxy, 3128",
        "http://proxy, proxy, 80",
        "http://[::1]:8080, ::1, 8080",
        "http://user:secret@proxy:1, proxy, 1"
    })
    void theVariableNamesHostAndPort(String value, String host, int port) {
        assertThat(proxy(value).host()).isEqualTo(host);
        assertThat(proxy(value).port()).isEqualTo(port);
    }

    @Test
    void thePasswordIsKeptAndNeverShown() {
        ProxyServer proxy = proxy("http://user:canary@proxy:1");

        assertThat(proxy.user()).isEqualTo("user");
        assertThat(proxy.password()).isEqualTo("canary");
        assertThat(proxy).asString().isEqualTo("proxy:1");
        assertThat(proxy("http://user@proxy:1").password()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"socks5://user:canary@proxy:1", "http://user:can ary@proxy", "https://user:canary@proxy"})
    void whatIsNoHttpProxyIsRefusedWithoutShowingThePassword(String value) {
        assertThatThrownBy(() -> proxy(value))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("http://HOST:PORT")
                .hasMessageNotContaining("can");
    }

    @Test
    void cleartextEndpointsAndAnEmptyVariableTakeNoProxy() {
        Map<String, String> set = Map.of("https_proxy", "http://proxy:1");

        assertThat(ProxyServer.fromEnvironment(set, API)).isPresent();
        assertThat(ProxyServer.fromEnvironment(set, Endpoint.parse("http://api.example.com"))).isEmpty();
        assertThat(ProxyServer.fromEnvironment(Map.of("HTTPS_PROXY", " "), API)).isEmpty();
        assertThat(ProxyServer.fromEnvironment(Map.of(), API)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "api.example.com | true",
                "example.com | true",
                ".example.com | true",
                "*.example.com | true",
                "* | true",
                "localhost, .example.com | true",
                "localhost example.com | true",
                "EXAMPLE.COM | true",
                "example.com:443 | true",
                "example.com:8443 | false",
                "ample.com | false",
                "other.com | false",
                "'' | false",
                ". | false"
            })
    void noProxyExemptsHostsAndTheirSubdomains(String noProxy, boolean exempt) {
        assertThat(ProxyServer.fromEnvironment(Map.of("HTTPS_PROXY", "http://proxy:1", "NO_PROXY", noProxy), API)
                        .isEmpty())
                .isEqualTo(exempt);
    }

    @Test
    void noProxyKnowsAddresses() {
        Endpoint six = Endpoint.parse("https://[::1]:9000");

        assertThat(ProxyServer.fromEnvironment(Map.of("HTTPS_PROXY", "proxy:1", "NO_PROXY", "127.0.0.1,[::1]"), six))
                .isEmpty();
    }

    /// Connects to whatever CONNECT asks for and passes bytes on.
    private static void tunnel(Peer.Line line) throws IOException {
        line.hasRequest();
        String request = line.lastRequest();
        int port = Integer.parseInt(request.substring(request.indexOf(':') + 1, request.indexOf(" HTTP/")));
        try (var upstream = new Socket("127.0.0.1", port)) {
            line.write("HTTP/1.1 200 Connection established\r\n\r\n");
            Thread back = Thread.ofVirtual().start(() -> {
                try {
                    upstream.getInputStream().transferTo(line.socket.getOutputStream());
                } catch (IOException e) {
                    // One side has closed.
                }
            });
            line.socket.getInputStream().transferTo(upstream.getOutputStream());
            back.interrupt();
        }
    }

    @Test
    void anExchangeGoesThroughTheTunnelWithItsOwnTls() {
        try (Peer provider = Peer.serving(Identity.valid(), Peer.answering(Peer.ok("hello")));
                Peer proxy = Peer.serving(ProxyServerTest::tunnel);
                Client client = Client.to(provider)
                        .tls(Identity.trusting())
                        .through(new ProxyServer("127.0.0.1", proxy.port(), null, null))
                        .open()) {
            Recorded.Flown flown = client.send();

            assertThat(flown.body()).isEqualTo("hello");
            assertThat(flown.isInOrder()).as(flown.toString()).isTrue();
            assertThat(flown.connection().remoteAddress()).isEqualTo("127.0.0.1:" + proxy.port());
            assertThat(flown.atNs(SECURE_CONNECTION_START) - flown.atNs(CONNECT_END)).isPositive();
            assertThat(proxy.requests.getFirst())
                    .startsWith("CONNECT 127.0.0.1:" + provider.port() + " HTTP/1.1\r\n")
                    .doesNotContainIgnoringCase("authorization");
            assertThat(client.send().connectionKind()).isEqualTo("reused");
        }
    }

    @Test
    void aProxyGetsItsBasicAuthentication() {
        try (Peer provider = Peer.serving(Identity.valid(), Peer.answering(Peer.ok("hello")));
                Peer proxy = Peer.serving(ProxyServerTest::tunnel);
                Client client = Client.to(provider)
                        .tls(Identity.trusting())
                        .through(new ProxyServer("127.0.0.1", proxy.port(), "user", "secret"))
                        .open()) {
            assertThat(client.send().body()).isEqualTo("hello");
            assertThat(proxy.requests.getFirst()).containsIgnoringCase("proxy-authorization: Basic dXNlcjpzZWNyZXQ=");
            assertThat(provider.requests.getFirst()).doesNotContainIgnoringCase("proxy-authorization");
        }
    }

    @Test
    void aRefusingProxyIsAFailedConnectionThatShowsNoPassword() {
        try (Peer proxy = Peer.serving(line -> {
                    line.hasRequest();
                    line.write("HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n");
                    line.awaitClose();
                });
                Client client = Client.to(Endpoint.parse("https://127.0.0.1:1"))
                        .through(new ProxyServer("127.0.0.1", proxy.port(), "user", "canary"))
                        .open()) {
            Recorded.Flown flown = client.send();

            assertThat(flown.end().kind()).isEqualTo(Kind.CONNECT_FAILED);
            assertThat(flown.end().detail())
                    .startsWith("the proxy at 127.0.0.1 port " + proxy.port() + " did not connect: ")
                    .contains("407")
                    .doesNotContain("canary", "Y2FuYXJ5");
            assertThat(flown.has(CONNECT_END)).isTrue();
        }
    }

    @Test
    void aProxyThatClosesInsteadOfAnsweringIsAFailedConnection() {
        try (Peer proxy = Peer.serving(Peer.Line::hasRequest);
                Client client = Client.to(Endpoint.parse("https://127.0.0.1:1"))
                        .through(new ProxyServer("127.0.0.1", proxy.port(), null, null))
                        .open()) {
            Recorded.Flown flown = client.send();

            assertThat(flown.end().kind()).as(flown.toString()).isEqualTo(Kind.CONNECT_FAILED);
            assertThat(proxy.connections()).isEqualTo(1);
        }
    }

    @Test
    void aProxyThatSaysNothingIsAConnectTimeout() {
        try (Peer proxy = Peer.serving(Peer.Line::awaitClose);
                Client client = Client.to(Endpoint.parse("https://127.0.0.1:1"))
                        .timeouts(Client.timeouts(60, 9000, 9000, 9000))
                        .through(new ProxyServer("127.0.0.1", proxy.port(), null, null))
                        .open()) {
            Recorded.Flown flown = client.send();

            assertThat(flown.end().kind()).as(flown.toString()).isEqualTo(Kind.TIMEOUT);
            assertThat(flown.end().detail()).startsWith("connect: ");
        }
    }
}
