package dev.latencylens.transport;

import static dev.latencylens.exchange.Moment.CONNECT_END;
import static dev.latencylens.exchange.Moment.CONNECT_START;
import static dev.latencylens.exchange.Moment.REQUEST_END;
import static dev.latencylens.exchange.Moment.REQUEST_START;
import static dev.latencylens.exchange.Moment.RESPONSE_END;
import static dev.latencylens.exchange.Moment.RESPONSE_START;
import static dev.latencylens.exchange.Moment.SECURE_CONNECTION_END;
import static dev.latencylens.exchange.Moment.SECURE_CONNECTION_START;
import static dev.latencylens.exchange.Moment.STARTED;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.latencylens.exchange.ConnectionFacts;
import dev.latencylens.exchange.Exchange;
import dev.latencylens.exchange.Moment;
import dev.latencylens.exchange.TransportEnd.Kind;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class TlsTest {
    private static final Moment[] OVER_A_NEW_CONNECTION = {
        STARTED,
        CONNECT_START,
        CONNECT_END,
        SECURE_CONNECTION_START,
        SECURE_CONNECTION_END,
        REQUEST_START,
        REQUEST_END,
        RESPONSE_START,
        RESPONSE_END
    };

    private static Client.Plan trusting(Peer peer) {
        return Client.to(peer).tls(Identity.trusting());
    }

    private static ConnectionFacts.Tls tls(Recorded.Flown flown) {
        return Objects.requireNonNull(flown.connection().tls());
    }

    @ParameterizedTest
    @CsvSource({"OPENSSL, TLSv1.2", "OPENSSL, TLSv1.3", "JDK, TLSv1.2", "JDK, TLSv1.3"})
    void newResumedAndReusedConnectionsAreToldApart(SslProvider provider, String version) {
        assumeThat(provider == SslProvider.JDK || OpenSsl.isAvailable())
                .as("BoringSSL is not available on this machine")
                .isTrue();
        try (Peer peer = Peer.serving(Identity.valid().speaking(version), Peer.answering(Peer.ok("hello")));
                Client client = trusting(peer).implementedBy(provider).open()) {
            Recorded.Flown first = client.send();
            Recorded.Flown reused = client.send();
            peer.closeConnections();
            client.poll();
            Recorded.Flown resumed = client.send();

            assertThat(first.connectionKind()).isEqualTo("new");
            assertThat(first.moments()).containsExactly(OVER_A_NEW_CONNECTION);
            assertThat(first.isInOrder()).as(first.toString()).isTrue();
            assertThat(tls(first).version()).isEqualTo(version);
            assertThat(tls(first).cipher()).startsWith("TLS_");
            assertThat(tls(first).resumed()).isFalse();
            assertThat(tls(first).verified()).isTrue();
            assertThat(tls(first).alpn()).isEmpty();
            assertThat(tls(first).implementation()).isEqualTo(provider == SslProvider.JDK ? "JDK" : "BoringSSL");
            assertThat(reused.connectionKind()).isEqualTo("reused");
            assertThat(reused.has(SECURE_CONNECTION_START)).isFalse();
            assertThat(resumed.connectionKind()).isEqualTo("resumed");
            assertThat(resumed.moments()).containsExactly(OVER_A_NEW_CONNECTION);
            assertThat(resumed.isInOrder()).as(resumed.toString()).isTrue();
            assertThat(tls(resumed).resumed()).isTrue();
        }
    }

    // Who is trusted.

    @ParameterizedTest
    @EnumSource(
            value = SslProvider.class,
            names = {"OPENSSL", "JDK"})
    void aCertificateOfAnUnknownAuthorityIsRefused(SslProvider provider) {
        try (Peer peer = Peer.serving(Identity.valid(), Peer.answering(Peer.ok("")));
                Client client = Client.to(peer).implementedBy(provider).open()) {
            Recorded.Flown flown = client.send();

            assertThat(flown.end().kind()).isEqualTo(Kind.TLS_FAILED);
            assertThat(flown.end().detail())
                    .isEqualTo("the certificate of 127.0.0.1 is signed by nobody this machine trusts;"
                            + " name its CA with --ca-file");
            assertThat(flown.has(REQUEST_START)).isFalse();
            assertThat(flown.has(CONNECT_END)).isTrue();
            assertThat(peer.requests).isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = SslProvider.class,
            names = {"OPENSSL", "JDK"})
    void aCertificateOfAnotherHostIsRefused(SslProvider provider) {
        try (Peer peer = Peer.serving(Identity.ofAnotherHost(), Peer.answering(Peer.ok("")));
                Client byAddress = trusting(peer).implementedBy(provider).open();
                Client byName = Client.to(peer.endpoint("localhost"))
                        .tls(Identity.trusting())
                        .implementedBy(provider)
                        .open()) {
            assertThat(byAddress.send().end().detail())
                    .startsWith("the certificate is not for '127.0.0.1' (")
                    .endsWith("); use the name that it was made for");
            assertThat(byName.send().end().detail()).startsWith("the certificate is not for 'localhost' (");
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = SslProvider.class,
            names = {"OPENSSL", "JDK"})
    void aCertificateOutOfItsTimeIsRefused(SslProvider provider) {
        try (Peer expired = Peer.serving(Identity.expired(), Peer.answering(Peer.ok("")));
                Peer early = Peer.serving(Identity.notYetValid(), Peer.answering(Peer.ok("")));
                Client tooLate = trusting(expired).implementedBy(provider).open();
                Client tooEarly = trusting(early).implementedBy(provider).open()) {
            assertThat(tooLate.send().end().detail()).startsWith("the certificate of 127.0.0.1 has expired (");
            assertThat(tooEarly.send().end().detail()).startsWith("the certificate of 127.0.0.1 is not valid yet (");
        }
    }

    @Test
    void insecureAcceptsAnythingAndSaysSo() {
        var insecure = new TlsSettings(null, null, null, true);
        try (Peer peer = Peer.serving(Identity.ofAnotherHost(), Peer.answering(Peer.ok("hello")));
                Client client = Client.to(peer).tls(insecure).open()) {
            Recorded.Flown flown = client.send();

            assertThat(flown.body()).isEqualTo("hello");
            assertThat(tls(flown).verified()).isFalse();
        }
    }

    @Test
    void aServerWithoutTlsIsNamedAsSuch() {
        try (Peer peer = Peer.serving(line -> line.write("HTTP/1.1 400 Bad Request\r\n\r\n"));
                Client client = Client.to(Endpoint.parse("https://127.0.0.1:" + peer.port()))
                        .open()) {
            Recorded.Flown flown = client.send();

            assertThat(flown.end().kind()).isEqualTo(Kind.TLS_FAILED);
            assertThat(flown.end().detail())
                    .isEqualTo("127.0.0.1:" + peer.port()
                            + " does not speak TLS; use http:// if it is meant to be cleartext");
        }
    }

    @Test
    void aCloseDuringTheHandshakeFailsItAndNoOtherAddressIsTried() {
        try (Peer peer = Peer.serving(line -> line.socket.getInputStream().read());
                Client client = Client.to(Endpoint.parse("https://127.0.0.1:" + peer.port()))
                        .open()) {
            Recorded.Flown flown = client.send();

            assertThat(flown.end().kind()).as(flown.toString()).isEqualTo(Kind.TLS_FAILED);
            assertThat(flown.moments()).contains(CONNECT_END, SECURE_CONNECTION_START);
            assertThat(peer.connections()).isEqualTo(1);
        }
    }

    @Test
    void aHandshakeThatStandsStillIsAConnectTimeout() {
        try (Peer peer = Peer.serving(Peer.Line::awaitClose);
                Client client = Client.to(Endpoint.parse("https://127.0.0.1:" + peer.port()))
                        .timeouts(Client.timeouts(60, 9000, 9000, 9000))
                        .open()) {
            Recorded.Flown flown = client.send();

            assertThat(flown.end().kind()).isEqualTo(Kind.TIMEOUT);
            assertThat(flown.end().detail()).startsWith("connect: ");
            assertThat(flown.moments()).contains(SECURE_CONNECTION_START).doesNotContain(SECURE_CONNECTION_END);
        }
    }

    // Who we are.

    @ParameterizedTest
    @CsvSource({"OPENSSL, TLSv1.2", "OPENSSL, TLSv1.3", "JDK, TLSv1.2", "JDK, TLSv1.3"})
    void aServerThatWantsACertificateGetsItOrRefusesUs(SslProvider provider, String version) {
        Identity identity = Identity.valid().speaking(version).needingAClientCertificate();
        try (Peer peer = Peer.serving(identity, Peer.answering(Peer.ok("hello")));
                Client known = Client.to(peer)
                        .tls(Identity.withClientCertificate())
                        .implementedBy(provider)
                        .open();
                Client unknown = trusting(peer).implementedBy(provider).open()) {
            assertThat(known.send().body()).isEqualTo("hello");
            Recorded.Flown refused = unknown.send();
            assertThat(refused.end().kind()).as(refused.toString()).isEqualTo(Kind.TLS_FAILED);
            assertThat(refused.end().detail())
                    .startsWith(
                            version.equals("TLSv1.3")
                                    ? "the server refused our certificate, or that we showed none ("
                                    : "the server refused the handshake (")
                    .doesNotContain("\n");
        }
    }

    // How a connection ends.

    @ParameterizedTest
    @EnumSource(
            value = SslProvider.class,
            names = {"OPENSSL", "JDK"})
    void aBodyUntilCloseIsWholeOnlyAfterACloseNotify(SslProvider provider) {
        Peer.Script script = line -> {
            line.hasRequest();
            line.write("HTTP/1.1 200 OK\r\n\r\n", "data: 1\n\n");
            if (line.number == 2) {
                // The TCP connection ends under TLS without a word.
                line.abort();
            }
        };
        try (Peer peer = Peer.serving(Identity.valid(), script);
                Client client = trusting(peer).implementedBy(provider).open()) {
            Recorded.Flown whole = client.send();
            Recorded.Flown truncated = client.send();

            assertThat(whole.end().kind()).as(whole.toString()).isEqualTo(Kind.COMPLETE);
            assertThat(whole.body()).isEqualTo("data: 1\n\n");
            assertThat(truncated.end().kind()).as(truncated.toString()).isEqualTo(Kind.CUT);
            assertThat(truncated.end().detail()).contains("close_notify");
            assertThat(truncated.body()).isEqualTo("data: 1\n\n");
        }
    }

    @Test
    void aResponseOfKnownLengthNeedsNoCloseNotify() {
        try (Peer peer = Peer.serving(Identity.valid(), line -> {
                    line.hasRequest();
                    line.write(Peer.ok("hello"));
                    line.abort();
                });
                Client client = trusting(peer).open()) {
            for (int i = 0; i < 3; i++) {
                Recorded.Flown flown = client.send();
                assertThat(flown.end().kind()).as(flown.toString()).isEqualTo(Kind.COMPLETE);
                assertThat(flown.connectionKind()).isNotEqualTo("reused");
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"OPENSSL, TLSv1.2", "OPENSSL, TLSv1.3", "JDK, TLSv1.2", "JDK, TLSv1.3"})
    void garbageUnderTlsIsNoEnd(SslProvider provider, String version) {
        try (Peer peer = Peer.serving(Identity.valid().speaking(version), line -> {
                    line.hasRequest();
                    line.write("HTTP/1.1 200 OK\r\n\r\n", "data: 1\n\n");
                    line.beneathTls("\27\3\3\0\40this is no TLS record 1234567890".getBytes(US_ASCII));
                    line.stayUntilClosed();
                });
                Client client = trusting(peer).implementedBy(provider).open()) {
            Recorded.Flown flown = client.send();

            assertThat(flown.end().kind()).as(flown.toString()).isEqualTo(Kind.RESET);
            assertThat(flown.end().detail()).startsWith("TLS broke off: ");
            assertThat(flown.body()).isEqualTo("data: 1\n\n");
        }
    }

    // What may happen between.

    @ParameterizedTest
    @EnumSource(
            value = SslProvider.class,
            names = {"OPENSSL", "JDK"})
    void keysThatChangeInMidStreamChangeNothing(SslProvider provider) {
        Peer.Script script = line -> {
            while (line.hasRequest()) {
                line.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n", "hello");
                // On a connection of TLS 1.3 that stands, Java's way to a KeyUpdate that asks for one in return.
                ((SSLSocket) line.socket).startHandshake();
                line.write("again");
            }
        };
        try (Peer peer = Peer.serving(Identity.valid().speaking("TLSv1.3"), script);
                Client client = trusting(peer).implementedBy(provider).open()) {
            for (int i = 0; i < 5; i++) {
                Recorded.Flown flown = client.send();

                assertThat(flown.end().kind()).as(flown.toString()).isEqualTo(Kind.COMPLETE);
                assertThat(flown.body()).isEqualTo("helloagain");
            }
            assertThat(peer.connections()).isEqualTo(1);
        }
    }

    /// The server's wish comes alone, long after what was read before, or on the heels of data.
    @ParameterizedTest
    @CsvSource({"true", "false"})
    void aServerThatStartsARenegotiationInMidAnswerEndsTheExchange(boolean alone) {
        assumeThat(OpenSsl.isAvailable())
                .as("BoringSSL is not available on this machine")
                .isTrue();
        var read = new CountDownLatch(alone ? 1 : 0);
        Peer.Script script = line -> {
            line.hasRequest();
            line.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n", "hello");
            NettyTransportTest.await(read);
            ((SSLSocket) line.socket).startHandshake();
            line.write("again");
        };
        try (Peer peer = Peer.serving(Identity.valid().speaking("TLSv1.2"), script);
                Client client =
                        trusting(peer).implementedBy(SslProvider.OPENSSL).open()) {
            Exchange exchange = client.start();
            client.pollUntil(
                    "the first bytes", () -> client.flown(exchange).body().equals("hello"));
            read.countDown();
            Recorded.Flown flown = client.await(exchange);

            assertThat(flown.end().kind()).as(flown.toString()).isEqualTo(Kind.RESET);
            assertThat(flown.end().detail())
                    .startsWith("TLS broke off: the server asked for another handshake, which is refused (")
                    .contains("NO_RENEGOTIATION");
            assertThat(flown.body()).isEqualTo("hello");
        }
    }

    // Which HTTP.

    @Test
    void theServerPicksTheHttpVersionByAlpn() {
        try (Peer one = Peer.serving(Identity.valid().agreeingTo("http/1.1"), Peer.answering(Peer.ok("one")));
                Peer two = Peer.serving(Identity.valid().agreeingTo("h2", "http/1.1"), http2("two"));
                Client toOne = trusting(one).open();
                Client toTwo = trusting(two).open()) {
            Recorded.Flown first = toOne.send();
            Recorded.Flown second = toTwo.send();

            assertThat(first.connection().httpVersion()).isEqualTo("1.1");
            assertThat(tls(first).alpn()).isEqualTo("http/1.1");
            assertThat(second.connection().httpVersion()).isEqualTo("2");
            assertThat(tls(second).alpn()).isEqualTo("h2");
            assertThat(second.body()).isEqualTo("two");
            assertThat(second.moments()).containsExactly(OVER_A_NEW_CONNECTION);
        }
    }

    @Test
    void onlyWhatWasAskedForIsOffered() {
        try (Peer peer = Peer.serving(Identity.valid().agreeingTo("h2", "http/1.1"), line -> {
                    if (line.protocolAfterHandshake().equals("h2")) {
                        http2("two").serve(line);
                    } else {
                        Peer.answering(Peer.ok("one")).serve(line);
                    }
                });
                Client one = trusting(peer).http(HttpVersion.HTTP_1_1).open();
                Client two = trusting(peer).http(HttpVersion.HTTP_2).open()) {
            assertThat(one.send().body()).isEqualTo("one");
            assertThat(two.send().body()).isEqualTo("two");
        }
    }

    @Test
    void aServerThatWillNotSpeakHttp2IsRefusedWithTheCure() {
        try (Peer peer = Peer.serving(Identity.valid(), Peer.answering(Peer.ok("one")));
                Client client = trusting(peer).http(HttpVersion.HTTP_2).open()) {
            Recorded.Flown flown = client.send();

            assertThat(flown.end().kind()).isEqualTo(Kind.TLS_FAILED);
            assertThat(flown.end().detail())
                    .isEqualTo("the server did not agree to HTTP/2 (ALPN answer ''); use --http 1.1");
            assertThat(peer.requests).isEmpty();
        }
    }

    @Test
    void flightsThatWaitedForAnHttp1ConnectionAfterAllGetTheirOwn() {
        try (Peer peer = Peer.serving(Identity.valid().agreeingTo("http/1.1"), Peer.answering(Peer.ok("one")));
                Client client = trusting(peer).open()) {
            Exchange first = client.start();
            Exchange second = client.start();
            Exchange third = client.start();
            for (Exchange exchange : new Exchange[] {first, second, third}) {
                Recorded.Flown flown = client.await(exchange);
                assertThat(flown.end().kind()).isEqualTo(Kind.COMPLETE);
                assertThat(flown.moments()).containsExactly(OVER_A_NEW_CONNECTION);
                assertThat(flown.isInOrder()).isTrue();
            }
            assertThat(peer.connections()).isEqualTo(3);
        }
    }

    static Peer.Script http2(String body) {
        return line -> {
            var frames = new Frames();
            line.preface();
            line.write(frames.settings().bytes());
            for (int stream = 1; ; stream += 2) {
                line.endOfRequest(stream);
                line.write(
                        frames.ok(stream).data(stream, Frames.END_STREAM, body).bytes());
            }
        };
    }

    // Bad settings.

    @Test
    void filesThatCannotBeUsedAreNamed(@TempDir Path folder) throws IOException {
        Path missing = folder.resolve("missing.pem");
        Path garbage = Files.writeString(folder.resolve("garbage.pem"), "no PEM at all");
        Path key = Identity.valid().certificate().toTempPrivateKeyPem().toPath();

        assertThatThrownBy(() -> new Tls(new TlsSettings(missing, null, null, false), HttpVersion.NEGOTIATED))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the CA file '" + missing + "' cannot be read");
        assertThatThrownBy(() -> new Tls(new TlsSettings(folder, null, null, false), HttpVersion.NEGOTIATED))
                .hasMessage("the CA file '" + folder + "' cannot be read");
        assertThatThrownBy(() -> new Tls(new TlsSettings(garbage, null, null, false), HttpVersion.NEGOTIATED))
                .hasMessage("the CA file '" + garbage + "' is not in PEM form, or a key in it is not PKCS#8");
        assertThatThrownBy(() -> new Tls(new TlsSettings(null, garbage, key, false), HttpVersion.NEGOTIATED))
                .hasMessageContaining("the client certificate or key '" + garbage + "' is not in PEM form");
        assertThatThrownBy(() -> new TlsSettings(null, garbage, null, false))
                .hasMessage("a client certificate and its key go together; give both or neither");
    }
}
