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
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Locale;
import javax.net.ssl.SSLException;

/// A certificate chain with its key, as PEM, and what a client must trust.
public record TlsIdentity(String chainPem, String keyPem, String trustPem) {
    private static final int SEQUENCE = 0x30;
    private static final int BIT_STRING = 0x03;
    private static final byte[] SERIAL_ONE = HexFormat.of().parseHex("020101");
    private static final byte[] ECDSA_SHA256 = HexFormat.of().parseHex("300a06082a8648ce3d040302");
    private static final byte[] CN_LOCALHOST = HexFormat.of().parseHex("30143112301006035504030c096c6f63616c686f7374");
    /// From 2000 on, in X.509's years of two digits.
    private static final byte[] TO_2049 =
            HexFormat.of().parseHex("301e170d3030303130313030303030305a170d3439313233313233353935395a");

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

    /// A certificate with a new key, for a client that checks neither.
    ///
    /// By hand: the library behind [#generate] lies in a signed jar, and Java reads its manifest of 7,000 entries
    /// before the first class of it.
    public static TlsIdentity unchecked() {
        try {
            var generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            KeyPair keys = generator.generateKeyPair();
            byte[] signed = sequence(
                    SERIAL_ONE,
                    ECDSA_SHA256,
                    CN_LOCALHOST,
                    TO_2049,
                    CN_LOCALHOST,
                    keys.getPublic().getEncoded());
            var signature = Signature.getInstance("SHA256withECDSA");
            signature.initSign(keys.getPrivate());
            signature.update(signed);
            byte[] bits = der(BIT_STRING, new byte[1], signature.sign());
            String certificate = pem("CERTIFICATE", sequence(signed, ECDSA_SHA256, bits));
            return new TlsIdentity(
                    certificate, pem("PRIVATE KEY", keys.getPrivate().getEncoded()), certificate);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("no certificate could be made: " + e.getMessage(), e);
        }
    }

    private static byte[] sequence(byte[]... parts) {
        return der(SEQUENCE, parts);
    }

    /// One element of X.690's distinguished encoding, of up to 64 KiB.
    private static byte[] der(int tag, byte[]... parts) {
        var content = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            content.writeBytes(part);
        }
        var element = new ByteArrayOutputStream();
        element.write(tag);
        if (content.size() >= 256) {
            element.write(0x82);
            element.write(content.size() >> 8);
        } else if (content.size() >= 128) {
            element.write(0x81);
        }
        element.write(content.size());
        element.writeBytes(content.toByteArray());
        return element.toByteArray();
    }

    private static String pem(String what, byte[] der) {
        return "-----BEGIN " + what + "-----\n" + Base64.getMimeEncoder().encodeToString(der) + "\n-----END " + what
                + "-----\n";
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
