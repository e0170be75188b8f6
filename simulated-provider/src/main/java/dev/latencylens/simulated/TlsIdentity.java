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
    /// See [#everybodys]: for localhost, 127.0.0.1 and ::1, from 2000, for a clock may be wrong, until 2126.
    private static final String EVERYBODYS_CHAIN = """
            -----BEGIN CERTIFICATE-----
            MIIByTCCAXCgAwIBAgIBEjAKBggqhkjOPQQDAjAgMR4wHAYDVQQDDBVFdmVyeWJv
            ZHkncyBBdXRob3JpdHkwIBcNMDAwMTAxMDAwMDAwWhgPMjEyNjAxMDEwMDAwMDBa
            MBQxEjAQBgNVBAMMCWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IA
            BEpPhju8a5oxoQTvn8BlveKJJr9WZPqI1qZWAwpklA/OJzJYmEC8s3RwKe755XOY
            TOS2BAD+icAJyVxSqE8EqByjgaQwgaEwDAYDVR0TAQH/BAIwADAOBgNVHQ8BAf8E
            BAMCB4AwEwYDVR0lBAwwCgYIKwYBBQUHAwEwLAYDVR0RBCUwI4IJbG9jYWxob3N0
            hwR/AAABhxAAAAAAAAAAAAAAAAAAAAABMB8GA1UdIwQYMBaAFKv0NBNCHB1AWTAQ
            kl21wQbuaxDOMB0GA1UdDgQWBBTM+dSlPP+4tIVwPwqoE9LNyJOcrTAKBggqhkjO
            PQQDAgNHADBEAiACphLl4bfaRrKP0LqNRqW5r9ad0V8qUeh4JCf5bB9kOwIgEkNN
            BqDeg1Mf75BfkMfP/aFp/eoVV8dSyqeeaq9ChHM=
            -----END CERTIFICATE-----
            -----BEGIN CERTIFICATE-----
            MIICUDCCATigAwIBAgIBETANBgkqhkiG9w0BAQsFADAbMRkwFwYDVQQDDBBFdmVy
            eWJvZHkncyBSb290MCAXDTAwMDEwMTAwMDAwMFoYDzIxMjYwMTAxMDAwMDAwWjAg
            MR4wHAYDVQQDDBVFdmVyeWJvZHkncyBBdXRob3JpdHkwWTATBgcqhkjOPQIBBggq
            hkjOPQMBBwNCAARMBZCtg/Ml9CkgxkevPYySQmqjWlW8T6QjqDPPKQG8VnbOTsgu
            YWbSQqc2CykJLkqrdc5lLLsYkhLm8M+crw/uo2MwYTAPBgNVHRMBAf8EBTADAQH/
            MA4GA1UdDwEB/wQEAwICBDAfBgNVHSMEGDAWgBSRxc1OJRHcRGfAVH0Dh0+CXdvF
            PDAdBgNVHQ4EFgQUq/Q0E0IcHUBZMBCSXbXBBu5rEM4wDQYJKoZIhvcNAQELBQAD
            ggEBAFJb8P0WEzAqbL7HusgPnBUqUI9y6kEPnQOf0aKt18JqlM9gaYgzWCC2KFd+
            MY20hVLHso01sGd6c2tFfyr+T/GsLsAQeyZFNjij9id3oJMkO//QpNna8YaqsY7I
            m/vwzFYJYBk8l16KNc97W94mbp2Df4c0Fzlf3fhe1lb2OiBEJ7buA1ZTOf5jTTgu
            ES13oWBHws36zQuoRAk9qL0rZwrhMd6/JC0ZSQte8u50WE1ROQYd5wwzy0lN1+iN
            3J/Uf/BlOhtJGnDeNxQebqXb4zR/i+6D82GJBtK4GNNAXFyr1xoECjJ6vbSsPQCB
            slSm2gKmNj/byVcColbU3ddirVk=
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
            MIIC9TCCAd2gAwIBAgIBEDANBgkqhkiG9w0BAQsFADAbMRkwFwYDVQQDDBBFdmVy
            eWJvZHkncyBSb290MCAXDTAwMDEwMTAwMDAwMFoYDzIxMjYwMTAxMDAwMDAwWjAb
            MRkwFwYDVQQDDBBFdmVyeWJvZHkncyBSb290MIIBIjANBgkqhkiG9w0BAQEFAAOC
            AQ8AMIIBCgKCAQEAqru6j7OOiMbL9WHh3rpiZpHewfbXt40z/Lbugzz5kceCZCGn
            RWBuygzqdEAl/o7HnUMEIoqBmPrIPQNT6RL1X6KRI0kdCsYu6dO3fd75a4IqFP5m
            ZiZMPg1Uo9A44Oc8txOJTIg85zbNIKsdGzCFYqinzNhyIyjYJN47IqO74vL+SL6X
            maCUqKGNhDRiusCUEaf2inu9VhVqvE7o/H2oIu4w4LYcHGM8eX4fKXCg7CXAT3Eg
            26vCMcHiyqF6xYCos4RNe+YPpI1T/NeR3VOjNgrOkHGLYrn2YkMbZ2/ZmmNVl8/b
            h1rVrWb7ZfHLcBC8r+j8gEOCnznCszC5ijQGJQIDAQABo0IwQDAPBgNVHRMBAf8E
            BTADAQH/MA4GA1UdDwEB/wQEAwICBDAdBgNVHQ4EFgQUkcXNTiUR3ERnwFR9A4dP
            gl3bxTwwDQYJKoZIhvcNAQELBQADggEBADH3CGBfUKJnd3d7DF322ck+GkivGPUx
            cm4EX6nEf4y0x19lgwNeTzrIpLSDd6Lb78MlZVPTArodBHjRGSd7nVC9NUiUI8u8
            MEEAoGIg4Xq3MP1gvv1oubYm/vJRQcneplKS8tYrDxbO+i90mZ7V+S+Sx3rR2Z70
            cXM8/3hCgA3LcTCQZWtPfxhDa+Qpaphi8Ej3eT1jZ8j9mgPyzYNSzY0yEU7Ag+6Q
            7v4Q9AgV43GFKQnm79qisuQPrL8Y9WYGE7cICCkQ6D/a1n6Upq1R1pcgOthGMlJV
            s+rjgO1FCTMaxagmfGiJ8kU1PzNzrSUj8O/hBdfiAG2dCCRLjU4o4kw=
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
