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
import java.security.Signature;
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
            MIICizCCAXOgAwIBAgIBEjANBgkqhkiG9w0BAQsFADAgMR4wHAYDVQQDDBVFdmVy
            eWJvZHkncyBBdXRob3JpdHkwIBcNMDAwMTAxMDAwMDAwWhgPMjEyNjAxMDEwMDAw
            MDBaMBQxEjAQBgNVBAMMCWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEH
            A0IABPBNY8lk8h+hNYhMIxdNFgvjFpjMV6wVc+QWIAg87AJZ8gzS+JT3dfozIlv5
            B1RsN8Ow1a7dm4tS50e4R3kSDDujgaQwgaEwDAYDVR0TAQH/BAIwADAOBgNVHQ8B
            Af8EBAMCB4AwEwYDVR0lBAwwCgYIKwYBBQUHAwEwLAYDVR0RBCUwI4IJbG9jYWxo
            b3N0hwR/AAABhxAAAAAAAAAAAAAAAAAAAAABMB8GA1UdIwQYMBaAFEZ0PdTgT1Cv
            esTOMRW0ztrvVf0MMB0GA1UdDgQWBBRibNY/D09XhdBCWte3ukd1u8grnDANBgkq
            hkiG9w0BAQsFAAOCAQEAd2yzPvMWNp8mpH2GISj2iE4ZU517gKVVIhtw3u5+oJXP
            TLXNHTt5JB8wSQlBEBMrOsHjB2p1g3gyPiWc1AC5eqRPM7DF1WeKF1s+TS4VqYFD
            FMv1Z0QuK73N363pIxCsmCh9CO0Lhla4vtizu5daPIrb2CM3iTJntU5aU62nhFl6
            nWkAQ/FIaZV5weP9XxmnTCwoI3BJn5uHta+ycOhFolSIIisApxL6qbyH8EAYsJX1
            FcOCGiM6+gKAono4Z1wF+VGj+nlPTVO6eE0m8Qvm7Lovvr1pG9BYTKVrRwMW86CC
            fKYBLQFzIIlPt0BToiZ/VY9X7FsnoBydfGgIGznGkQ==
            -----END CERTIFICATE-----
            -----BEGIN CERTIFICATE-----
            MIIDGzCCAgOgAwIBAgIBETANBgkqhkiG9w0BAQsFADAbMRkwFwYDVQQDDBBFdmVy
            eWJvZHkncyBSb290MCAXDTAwMDEwMTAwMDAwMFoYDzIxMjYwMTAxMDAwMDAwWjAg
            MR4wHAYDVQQDDBVFdmVyeWJvZHkncyBBdXRob3JpdHkwggEiMA0GCSqGSIb3DQEB
            AQUAA4IBDwAwggEKAoIBAQDUl/77r0rRAaAQjPvaD3gtpFDrDDPAKz/R22hW5PE6
            Vs0ZtxD4fZmcpAMZJWqqA+2WJdOZlCPASffUHzNQGrVDFc0wOrArS+XOmDat6XNW
            am3Oz7XIUY7jznt+O+bSSu1kItDcMDV5qaL/Utr17GYxF4TOvzXZEDcDQ23z0Wjh
            5GgLaZIu+YZcRDQcslMF++d7pHnfy2MMezXgc9Zw5ZO0xnnf/8P699IKMyniuj4E
            OdNOCaHVxfen9E8MJYN5IC9kIfcfRhBS60x9hFGdF68f0waLsd19wghEbJQ2h+Ud
            WQeUCQKlPZ/F9W2Sv2FOHimtncAFW/PttEphR0zjzS77AgMBAAGjYzBhMA8GA1Ud
            EwEB/wQFMAMBAf8wDgYDVR0PAQH/BAQDAgIEMB8GA1UdIwQYMBaAFPGCao+DRaSb
            NSMnfYmpten4nYDsMB0GA1UdDgQWBBRGdD3U4E9Qr3rEzjEVtM7a71X9DDANBgkq
            hkiG9w0BAQsFAAOCAQEAePp8dwztvB/TMyi42QvR4lDKIzR2D1UrGr3SpCKLCkBD
            FFTUmZfimCxJ6FM/NiYFflFJMsrB+O5Ossjw+pEoQSP3OwBocJ29L93aWvkcGXDX
            cGBIK8fCdzPVjPPIw93g8IrNJ4jrgvYW2Co4h/AaMJTd3u6dxrV1//ZqpMWKSbDc
            XfpRvPdbYrOz5Koa0p3MzIRdXcH4D4JAkMpYQbSRG4EdmqUh8gkAQ086TSdnT2vP
            093y8ezZKlkQQXRGYqpftRmJ7SvWkHrd7wspSVdNHelbS2qXE1HlDtWY7ZGk6Asc
            1OUN1Ujz/GFRHimVPqMBZTYV1MI5ncx3gwPoPbCZ0Q==
            -----END CERTIFICATE-----
            """;

    private static final String EVERYBODYS_KEY = """
            -----BEGIN PRIVATE KEY-----
            MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgACtenL82FRiVJkAU
            9NCYVvUnToSiwSinKan3uQfKYJ+hRANCAATwTWPJZPIfoTWITCMXTRYL4xaYzFes
            FXPkFiAIPOwCWfIM0viU93X6MyJb+QdUbDfDsNWu3ZuLUudHuEd5Egw7
            -----END PRIVATE KEY-----
            """;

    private static final String EVERYBODYS_ROOT = """
            -----BEGIN CERTIFICATE-----
            MIIC9TCCAd2gAwIBAgIBEDANBgkqhkiG9w0BAQsFADAbMRkwFwYDVQQDDBBFdmVy
            eWJvZHkncyBSb290MCAXDTAwMDEwMTAwMDAwMFoYDzIxMjYwMTAxMDAwMDAwWjAb
            MRkwFwYDVQQDDBBFdmVyeWJvZHkncyBSb290MIIBIjANBgkqhkiG9w0BAQEFAAOC
            AQ8AMIIBCgKCAQEAuW6DvfuF4+lIvN06cds9Hs+tJ+bHF0X5vP/xYu1d7N2efwww
            GrtVaDX8Hazma0i/HncYFpeR1+tqclZ29dDqVeAiXaGuMXb/UbhwWyVQn9gPun1y
            /0YABFVTpR0fu8XnKzhA+D8e1PyHLLAKnVHvsTxZ1GAWOhRW5RNT+w7ZMOFJNSXe
            a8LBYVRdVXu7K8eSMik12rHWNdCu6w2cNuz+1EBS4jZPRZPBluEhKMZbZYsEQ3Vy
            GI6kwilLz+1V0ggGkXWfI99HG8yp0svrHzfxI2NsQwZ37DxvYjVFzA3/cU/x4B3u
            liuWVObAp1XjTWH82QlEMHMek6JDr70DvdF0jQIDAQABo0IwQDAPBgNVHRMBAf8E
            BTADAQH/MA4GA1UdDwEB/wQEAwICBDAdBgNVHQ4EFgQU8YJqj4NFpJs1Iyd9iam1
            6fidgOwwDQYJKoZIhvcNAQELBQADggEBAEpf7V0CuFalRVSjOGh+NQAuMbxtVnmd
            hib1wN51+keRRIztIbo3c1eVwFCCG9LqIR0+QFiOLWZSPUC/RplZovqJ+PuiADB1
            Qo7x+63Vfn3vWru/34egxSeYT2sEgdQqainx7N8XQLD76uI489C/kVZpGodSVcs6
            oIGh3ba44SyijWzyF9J2OkmeQZog/vnL5FKPXL4ia5Hd4mJUo02v5cDGmXWSskAs
            bP30AWmXySn3MJnrjGCCAcI0O1s3R4uTjPUXtvpJBUNgoAsPGLonHniP7847oAOQ
            u2XEr33ATRUB1epDKTcrl2U26cifb2/0RU/xFjhBFH9zAmxN8SaUhPw=
            -----END CERTIFICATE-----
            """;

    /// The numbers 1 and 1 (RFC 3279, 2.2.3).
    private static final byte[] NO_SIGNATURE = {0x30, 6, 2, 1, 1, 2, 1, 1};

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

    /// An identity whose key everybody can read here. To make a new one takes 80 ms of a start. It is issued by
    /// RSA keys, whose signatures are soon checked: what Java has to calculate before the first of an elliptic
    /// curve takes 70 ms, which need not be waited for ([#checkCurve]).
    public static TlsIdentity everybodys() {
        return new TlsIdentity(EVERYBODYS_CHAIN, EVERYBODYS_KEY, EVERYBODYS_ROOT);
    }

    /// Checks a signature that the key has not made, so that the first to be checked for real finds what it takes:
    /// Java makes a table of the curve's points then, at sixty times the work of a check.
    public void checkCurve() {
        try {
            var signature = Signature.getInstance("SHA256withECDSA");
            signature.initVerify(CertificateFactory.getInstance("X.509").generateCertificate(stream(chainPem)));
            boolean _ = signature.verify(NO_SIGNATURE);
        } catch (GeneralSecurityException notNeeded) {
            return;
        }
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
