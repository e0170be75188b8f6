package dev.latencylens.simulated;

import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import javax.net.ssl.SSLException;

/// A certificate chain with its key, as PEM, and what a client must trust.
public record TlsIdentity(String chainPem, String keyPem, String trustPem) {
    /// What is right or wrong with a generated certificate.
    public enum Flaw {
        VALID,
        EXPIRED,
        WRONG_HOST;

        /// Reads `valid`, `expired` or `wrong-host`.
        public static Flaw parse(String text) {
            for (Flaw flaw : values()) {
                if (flaw.name().toLowerCase(Locale.ROOT).replace('_', '-').equals(text)) {
                    return flaw;
                }
            }
            throw new IllegalArgumentException(
                    "certificate: expected valid, expired or wrong-host, was '" + text + "'");
        }
    }

    /// A new certificate for localhost, 127.0.0.1 and ::1 (or with the given flaw), issued by a new
    /// authority whose own certificate is the one to trust.
    public static TlsIdentity generate(Flaw flaw) {
        try {
            Instant now = Instant.now();
            CertificateBuilder base = new CertificateBuilder()
                    .notBefore(now.minus(Duration.ofDays(10)))
                    .ecp256();
            X509Bundle authority = base.copy()
                    .subject("CN=Simulated Provider Authority")
                    .notAfter(now.plus(Duration.ofDays(30)))
                    .setIsCertificateAuthority(true)
                    .buildSelfSigned();
            CertificateBuilder leaf = base.copy()
                    .notAfter(flaw == Flaw.EXPIRED ? now.minus(Duration.ofDays(1)) : now.plus(Duration.ofDays(30)))
                    .addExtendedKeyUsageServerAuth();
            if (flaw == Flaw.WRONG_HOST) {
                leaf.subject("CN=elsewhere.invalid").addSanDnsName("elsewhere.invalid");
            } else {
                leaf.subject("CN=localhost")
                        .addSanDnsName("localhost")
                        .addSanIpAddress("127.0.0.1")
                        .addSanIpAddress("::1");
            }
            X509Bundle bundle = leaf.buildIssuedBy(authority);
            return new TlsIdentity(
                    bundle.getCertificatePathPEM(), bundle.getPrivateKeyPEM(), authority.getCertificatePEM());
        } catch (Exception e) {
            throw new IllegalStateException("no certificate could be generated: " + e.getMessage(), e);
        }
    }

    /// The certificate chain and the PKCS#8 key of two PEM files.
    public static TlsIdentity read(Path chain, Path key) throws IOException {
        String chainPem = Files.readString(chain, StandardCharsets.US_ASCII);
        return new TlsIdentity(chainPem, Files.readString(key, StandardCharsets.US_ASCII), chainPem);
    }

    /// BoringSSL where it is available, else the JDK; ALPN offers h2 and http/1.1.
    SslContext serverContext() throws SSLException {
        var alpn = new ApplicationProtocolConfig(
                ApplicationProtocolConfig.Protocol.ALPN,
                ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
                ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
                "h2",
                "http/1.1");
        return SslContextBuilder.forServer(stream(chainPem), stream(keyPem))
                .sslProvider(OpenSsl.isAvailable() ? SslProvider.OPENSSL : SslProvider.JDK)
                .applicationProtocolConfig(alpn)
                .build();
    }

    private static ByteArrayInputStream stream(String pem) {
        return new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII));
    }

    @Override
    public String toString() {
        return "TlsIdentity[key not shown]";
    }
}
