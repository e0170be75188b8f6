package dev.latencylens.simulated;

import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Locale;
import javax.net.ssl.SSLException;

/// A certificate chain with its key, as PEM, and what a client must trust.
public record TlsIdentity(String chainPem, String keyPem, String trustPem) {
    /// See [#everybodys]: for localhost, 127.0.0.1 and ::1, until 2126.
    private static final String EVERYBODYS_CHAIN = """
            -----BEGIN CERTIFICATE-----
            MIIByjCCAXCgAwIBAgIBAzAKBggqhkjOPQQDAjAgMR4wHAYDVQQDDBVFdmVyeWJv
            ZHkncyBBdXRob3JpdHkwIBcNMjYxMTI5MjE1ODAzWhgPMjEyNjExMDUyMTU4MDNa
            MBQxEjAQBgNVBAMMCWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IA
            BEpPhju8a5oxoQTvn8BlveKJJr9WZPqI1qZWAwpklA/OJzJYmEC8s3RwKe755XOY
            TOS2BAD+icAJyVxSqE8EqByjgaQwgaEwDAYDVR0TAQH/BAIwADAOBgNVHQ8BAf8E
            BAMCB4AwEwYDVR0lBAwwCgYIKwYBBQUHAwEwLAYDVR0RBCUwI4IJbG9jYWxob3N0
            hwR/AAABhxAAAAAAAAAAAAAAAAAAAAABMB8GA1UdIwQYMBaAFKv0NBNCHB1AWTAQ
            kl21wQbuaxDOMB0GA1UdDgQWBBTM+dSlPP+4tIVwPwqoE9LNyJOcrTAKBggqhkjO
            PQQDAgNIADBFAiAUlZ0b12RyI2wGPUlhJFVl5MdyDnmN/2rAByS+AMQdJgIhAIyE
            WfSJcIa1Rk2V6yPkmF2WfxXJAAHGv2HSHM9jmIhw
            -----END CERTIFICATE-----
            -----BEGIN CERTIFICATE-----
            MIICUDCCATigAwIBAgIBAjANBgkqhkiG9w0BAQsFADAbMRkwFwYDVQQDDBBFdmVy
            eWJvZHkncyBSb290MCAXDTI2MTEyOTIxNTgwM1oYDzIxMjYxMTA1MjE1ODAzWjAg
            MR4wHAYDVQQDDBVFdmVyeWJvZHkncyBBdXRob3JpdHkwWTATBgcqhkjOPQIBBggq
            hkjOPQMBBwNCAARMBZCtg/Ml9CkgxkevPYySQmqjWlW8T6QjqDPPKQG8VnbOTsgu
            YWbSQqc2CykJLkqrdc5lLLsYkhLm8M+crw/uo2MwYTAPBgNVHRMBAf8EBTADAQH/
            MA4GA1UdDwEB/wQEAwICBDAfBgNVHSMEGDAWgBSRxc1OJRHcRGfAVH0Dh0+CXdvF
            PDAdBgNVHQ4EFgQUq/Q0E0IcHUBZMBCSXbXBBu5rEM4wDQYJKoZIhvcNAQELBQAD
            ggEBABGKfElbqMGujOVcu16GlkZTuHIO54n1yYID81w00a4vMJFommds0jFD6myQ
            i3JgYQuiGj7i0fdtoTW87k4NN/FaN561V50EzwTRz7Qi5P0EUQtBaaZyeoHQCWXo
            tBuL+DO5W1opghuTedtmV+zGrC+htqU02oMqAgKETStRu5HQx9jWYEwxjnQK7fxR
            9dP2WUyu9MtJhG2zuqclXFWgwjV7/cqaqepPtz+UA3TKb+u799eC3OXhHJeL9WLK
            0B2kwd74rTbwlxDu1qTtyN2AeqbiEZTsNPz4Pcn274Y0P24yd9RU5qN2mWT1RtcV
            SgHP2DN9a04DXNFxiXjZK4c2jnU=
            -----END CERTIFICATE-----
            """;

    private static final String EVERYBODYS_KEY = """
            -----BEGIN PRIVATE KEY-----
            MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgSFGId4NIf1uPgNNE
            aYXr+meCwGhPOdhFQEfF6qaPJAKhRANCAARKT4Y7vGuaMaEE75/AZb3iiSa/VmT6
            iNamVgMKZJQPzicyWJhAvLN0cCnu+eVzmEzktgQA/onACclcUqhPBKgc
            -----END PRIVATE KEY-----
            """;

    private static final String EVERYBODYS_ROOT = """
            -----BEGIN CERTIFICATE-----
            MIIDKTCCAhGgAwIBAgIUC+tw/nN65fT/oyxgy44jyJFXUK4wDQYJKoZIhvcNAQEL
            BQAwGzEZMBcGA1UEAwwQRXZlcnlib2R5J3MgUm9vdDAgFw0yNjExMjkyMTU4MDNa
            GA8yMTI2MTEwNTIxNTgwM1owGzEZMBcGA1UEAwwQRXZlcnlib2R5J3MgUm9vdDCC
            ASIwDQYJKoZIhvcNAQEBBQADggEPADCCAQoCggEBAKq7uo+zjojGy/Vh4d66YmaR
            3sH217eNM/y27oM8+ZHHgmQhp0VgbsoM6nRAJf6Ox51DBCKKgZj6yD0DU+kS9V+i
            kSNJHQrGLunTt33e+WuCKhT+ZmYmTD4NVKPQOODnPLcTiUyIPOc2zSCrHRswhWKo
            p8zYciMo2CTeOyKju+Ly/ki+l5mglKihjYQ0YrrAlBGn9op7vVYVarxO6Px9qCLu
            MOC2HBxjPHl+HylwoOwlwE9xINurwjHB4sqhesWAqLOETXvmD6SNU/zXkd1TozYK
            zpBxi2K59mJDG2dv2ZpjVZfP24da1a1m+2Xxy3AQvK/o/IBDgp85wrMwuYo0BiUC
            AwEAAaNjMGEwHQYDVR0OBBYEFJHFzU4lEdxEZ8BUfQOHT4Jd28U8MB8GA1UdIwQY
            MBaAFJHFzU4lEdxEZ8BUfQOHT4Jd28U8MA8GA1UdEwEB/wQFMAMBAf8wDgYDVR0P
            AQH/BAQDAgIEMA0GCSqGSIb3DQEBCwUAA4IBAQBJIHwkVFAJacgRmJb8MLWB8tKT
            ypHw9nYALYIeD3FMccw/DRRTb16vwAgLM4Y3Y1ZtfvqJWBcLVapJqxJ9+hqQvqa2
            Ux8E47KWrq4OvEUHO3JWyAG87WiCDc+UJBeUYsr+481HJi/yRr2hPEnMV50I5shR
            6dAC+3N8WMi119gJeCRKogWRKSX0UdCW110K64fi/0qCvmZnUMtRLFNSIps1Q37I
            EjNvuwlFhVOmmrl6gXDHuKQwZsWcZuELJfG8WEedUm1cIFljAFz9v9wjSuYsI/Bc
            0PEH+R8rlhA8hKYHtUygn+1Ntjx1IrJqqCmJ4ORloJ4TtE5hF4Bni/TutbjB
            -----END CERTIFICATE-----
            """;

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

    /// An identity whose key everybody can read here, issued as those of providers are: the leaf by an authority
    /// with an elliptic curve's key, that one by a root with an RSA key. To make a new one takes 80 ms of a start.
    public static TlsIdentity everybodys() {
        return new TlsIdentity(EVERYBODYS_CHAIN, EVERYBODYS_KEY, EVERYBODYS_ROOT);
    }

    /// The certificate chain and the PKCS#8 key of two PEM files.
    public static TlsIdentity read(Path chain, Path key) throws IOException {
        String chainPem = Files.readString(chain, StandardCharsets.US_ASCII);
        return new TlsIdentity(chainPem, Files.readString(key, StandardCharsets.US_ASCII), chainPem);
    }

    /// BoringSSL where it is available, else the JDK; ALPN offers h2 and http/1.1. No client is asked for a
    /// certificate; not told whom to trust, Netty would read all authorities that Java knows. Netty puts the key
    /// into a store for a moment: in Java's usual form that hashes a password 20,000 times, a tenth of a second
    /// where that is new.
    SslContext serverContext() throws SSLException {
        var alpn = new ApplicationProtocolConfig(
                ApplicationProtocolConfig.Protocol.ALPN,
                ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
                ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
                "h2",
                "http/1.1");
        return builder()
                .sslProvider(OpenSsl.isAvailable() ? SslProvider.OPENSSL : SslProvider.JDK)
                .applicationProtocolConfig(alpn)
                .trustManager(InsecureTrustManagerFactory.INSTANCE)
                .keyStoreType("JKS")
                .build();
    }

    /// Netty would read the key by the library behind [#generate]; Java can read the usual ones as well.
    private SslContextBuilder builder() {
        try {
            var der = Base64.getMimeDecoder().decode(keyPem.replaceAll("-----[^-]+-----", ""));
            var key = KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(der));
            var chain = CertificateFactory.getInstance("X.509").generateCertificates(stream(chainPem));
            return SslContextBuilder.forServer(key, chain.toArray(X509Certificate[]::new));
        } catch (GeneralSecurityException | IllegalArgumentException other) {
            return SslContextBuilder.forServer(stream(chainPem), stream(keyPem));
        }
    }

    private static ByteArrayInputStream stream(String pem) {
        return new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII));
    }

    @Override
    public String toString() {
        return "TlsIdentity[key not shown]";
    }
}
