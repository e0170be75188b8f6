package dev.latencylens.transport;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;

/// A TLS server's certificate, what it speaks, and whom it lets in.
final class Identity {
    /// Signs everyone's certificates.
    static final X509Bundle AUTHORITY = authority();

    private final X509Bundle certificate;
    private String[] protocols = {};
    private String[] alpn = {};
    private boolean clientCertificateNeeded;
    /// Sessions live here, so it must be one for all connections.
    private final SSLContext context;

    private Identity(X509Bundle certificate) throws Exception {
        this.certificate = certificate;
        context = SSLContext.getInstance("TLS");
        context.init(
                certificate.toKeyManagerFactory().getKeyManagers(),
                new TrustManager[] {AUTHORITY.toTrustManager()},
                null);
    }

    /// Good for localhost, 127.0.0.1 and ::1.
    static Identity valid() {
        return issued(base().subject("CN=localhost")
                .addSanDnsName("localhost")
                .addSanIpAddress("127.0.0.1")
                .addSanIpAddress("::1"));
    }

    static Identity ofAnotherHost() {
        return issued(base().subject("CN=elsewhere").addSanDnsName("elsewhere.invalid"));
    }

    static Identity expired() {
        return issued(base().subject("CN=localhost")
                .addSanIpAddress("127.0.0.1")
                .notAfter(Instant.now().minus(Duration.ofDays(2))));
    }

    static Identity notYetValid() {
        return issued(base().subject("CN=localhost")
                .addSanIpAddress("127.0.0.1")
                .notBefore(Instant.now().plus(Duration.ofDays(2)))
                .notAfter(Instant.now().plus(Duration.ofDays(3))));
    }

    Identity speaking(String... tlsVersions) {
        protocols = tlsVersions;
        return this;
    }

    Identity agreeingTo(String... applicationProtocols) {
        alpn = applicationProtocols;
        return this;
    }

    Identity needingAClientCertificate() {
        clientCertificateNeeded = true;
        return this;
    }

    /// The server's end of TLS over an accepted connection.
    SSLSocket wrap(Socket tcp) throws IOException {
        var socket = (SSLSocket) context.getSocketFactory().createSocket(tcp, null, tcp.getPort(), true);
        socket.setUseClientMode(false);
        SSLParameters parameters = socket.getSSLParameters();
        if (protocols.length > 0) {
            parameters.setProtocols(protocols);
        }
        parameters.setApplicationProtocols(alpn);
        parameters.setNeedClientAuth(clientCertificateNeeded);
        socket.setSSLParameters(parameters);
        return socket;
    }

    static Path authorityFile() {
        try {
            return AUTHORITY.toTempRootCertPem().toPath();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /// Trusts the authority.
    static TlsSettings trusting() {
        return new TlsSettings(authorityFile(), null, null, false);
    }

    /// Trusts the authority and shows a certificate of its own.
    static TlsSettings withClientCertificate() {
        try {
            X509Bundle client = base().subject("CN=client").buildIssuedBy(AUTHORITY);
            return new TlsSettings(
                    authorityFile(),
                    client.toTempCertChainPem().toPath(),
                    client.toTempPrivateKeyPem().toPath(),
                    false);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    X509Bundle certificate() {
        return certificate;
    }

    private static CertificateBuilder base() {
        return new CertificateBuilder()
                .ecp256()
                .notBefore(Instant.now().minus(Duration.ofDays(10)))
                .notAfter(Instant.now().plus(Duration.ofDays(10)));
    }

    private static X509Bundle authority() {
        try {
            return base().subject("CN=authority").setIsCertificateAuthority(true).buildSelfSigned();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private static Identity issued(CertificateBuilder builder) {
        try {
            return new Identity(builder.buildIssuedBy(AUTHORITY));
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }
}
