package dev.latencylens.simulated;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class TlsTest {
    private static SSLContext trusting(TlsIdentity identity) throws Exception {
        KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
        trusted.load(null, null);
        trusted.setCertificateEntry(
                "authority",
                CertificateFactory.getInstance("X.509")
                        .generateCertificate(
                                new ByteArrayInputStream(identity.trustPem().getBytes(StandardCharsets.US_ASCII))));
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, factory.getTrustManagers(), null);
        return context;
    }

    private static HttpResponse<String> post(TlsIdentity trust, URI base, HttpClient.Version version, String simulate)
            throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(base + "/chat/completions"))
                .header("X-Simulate", simulate)
                .POST(HttpRequest.BodyPublishers.ofString(RawHttp1.CHAT))
                .build();
        try (HttpClient client = HttpClient.newBuilder()
                .sslContext(trusting(trust))
                .version(version)
                .build()) {
            return client.send(request, HttpResponse.BodyHandlers.ofString());
        }
    }

    @Test
    void everybodysIdentityIsBelievedByWhoTrustsItsRoot() throws Exception {
        TlsIdentity identity = TlsIdentity.everybodys();
        try (RunningProvider server =
                new RunningProvider(ServerOptions.defaults().withTls(identity), Behaviour.defaults())) {
            HttpResponse<String> response =
                    post(identity, server.provider.baseUrl(), HttpClient.Version.HTTP_2, "ttft=0ms; gap=0ms; tokens=1");
            assertThat(response.body()).endsWith("data: [DONE]\n\n");
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = HttpClient.Version.class,
            names = {"HTTP_1_1", "HTTP_2"})
    void clientGetsTheVersionItNegotiates(HttpClient.Version version) throws Exception {
        TlsIdentity identity = TlsIdentity.generate(TlsIdentity.Flaw.VALID);
        try (RunningProvider server =
                new RunningProvider(ServerOptions.defaults().withTls(identity), Behaviour.defaults())) {
            HttpResponse<String> response = post(
                    identity,
                    server.provider.baseUrl(),
                    version,
                    "ttft=2ms; gap=1ms; tokens=500; tokens-per-chunk=100");
            assertThat(response.version()).isEqualTo(version);
            assertThat(response.body()).endsWith("data: [DONE]\n\n");
            TruthRecord truth = server.truth();
            assertThat(truth.tls()).isTrue();
            assertThat(truth.httpVersion()).isEqualTo(version == HttpClient.Version.HTTP_2 ? "2" : "1.1");
            assertThat(truth.end()).isEqualTo("complete");
            assertThat(truth.writes().atNs()).isSorted();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"expired", "wrong-host"})
    void flawedCertificateIsRefusedByACarefulClient(String flaw) throws Exception {
        TlsIdentity identity = TlsIdentity.generate(TlsIdentity.Flaw.parse(flaw));
        try (RunningProvider server =
                new RunningProvider(ServerOptions.defaults().withTls(identity), Behaviour.defaults())) {
            assertThatThrownBy(() -> post(identity, server.provider.baseUrl(), HttpClient.Version.HTTP_2, ""))
                    .isInstanceOf(SSLException.class);
            assertThat(server.provider.exchangesEnded()).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"reset", "close"})
    void faultsReachThroughTls(String fault) throws Exception {
        TlsIdentity identity = TlsIdentity.generate(TlsIdentity.Flaw.VALID);
        try (RunningProvider server =
                new RunningProvider(ServerOptions.defaults().withTls(identity), Behaviour.defaults())) {
            assertThatThrownBy(() ->
                            post(identity, server.provider.baseUrl(), HttpClient.Version.HTTP_1_1, "fault=" + fault))
                    .isInstanceOf(IOException.class);
            assertThat(server.truth().end()).isEqualTo(fault);
        }
    }

    @Test
    void identityIsReadFromFilesAndNeverShowsItsKey(@TempDir Path folder) throws Exception {
        TlsIdentity made = TlsIdentity.generate(TlsIdentity.Flaw.VALID);
        Path chain = Files.writeString(folder.resolve("chain.pem"), made.chainPem());
        Path key = Files.writeString(folder.resolve("key.pem"), made.keyPem());
        TlsIdentity read = TlsIdentity.read(chain, key);

        assertThat(read.toString()).doesNotContain("PRIVATE");
        try (RunningProvider server =
                new RunningProvider(ServerOptions.defaults().withTls(read), Behaviour.defaults())) {
            assertThat(post(made, server.provider.baseUrl(), HttpClient.Version.HTTP_2, "")
                            .statusCode())
                    .isEqualTo(200);
        }
    }

    @Test
    void unknownFlawIsNamed() {
        assertThatThrownBy(() -> TlsIdentity.Flaw.parse("old"))
                .hasMessage("certificate: expected valid, expired or wrong-host, was 'old'");
    }
}
