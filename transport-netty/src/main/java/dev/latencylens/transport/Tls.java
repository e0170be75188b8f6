package dev.latencylens.transport;

import dev.latencylens.exchange.ConnectionFacts;
import dev.latencylens.exchange.TransportEnd;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.ReferenceCountedOpenSslEngine;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import io.netty.internal.tcnative.SSL;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/// TLS for all connections of one run: BoringSSL where its library loads, else the JDK's.
///
/// Sessions are kept and resumed, so that a second connection shows what a second connection costs.
final class Tls {
    private static final String SEEN = "dev.latencylens.seen";

    private final SslContext context;
    private final boolean verified;

    /// @throws IllegalArgumentException if a file cannot be used, naming it
    Tls(TlsSettings settings, HttpVersion http) {
        this(settings, http, OpenSsl.isAvailable() ? SslProvider.OPENSSL : SslProvider.JDK);
    }

    Tls(TlsSettings settings, HttpVersion http, SslProvider provider) {
        verified = !settings.insecure();
        SslContextBuilder builder =
                SslContextBuilder.forClient().sslProvider(provider).applicationProtocolConfig(alpn(http));
        if (settings.insecure()) {
            builder.trustManager(InsecureTrustManagerFactory.INSTANCE).endpointIdentificationAlgorithm(null);
        } else if (settings.caFile() != null) {
            File file = readable("CA file", settings.caFile());
            use("CA file", file, () -> builder.trustManager(file));
        } else if (settings.caPem() != null) {
            builder.trustManager(new ByteArrayInputStream(settings.caPem().getBytes(StandardCharsets.US_ASCII)));
        }
        if (settings.clientCertificate() != null && settings.clientKey() != null) {
            File certificate = readable("client certificate", settings.clientCertificate());
            File key = readable("client key", settings.clientKey());
            use("client certificate or key", certificate, () -> builder.keyManager(certificate, key));
        }
        try {
            context = builder.build();
        } catch (SSLException e) {
            throw new IllegalArgumentException("TLS cannot be set up: " + e.getMessage(), e);
        }
    }

    SslHandler newHandler(ByteBufAllocator allocator, Endpoint endpoint) {
        SslHandler handler = context.newHandler(allocator, endpoint.host(), endpoint.port());
        return handler.engine() instanceof ReferenceCountedOpenSslEngine engine
                ? new BoringSslHandler(engine)
                : handler;
    }

    ConnectionFacts.Tls facts(SslHandler handler) {
        SSLEngine engine = handler.engine();
        SSLSession session = engine.getSession();
        String alpn = handler.applicationProtocol();
        return new ConnectionFacts.Tls(
                session.getProtocol(),
                session.getCipherSuite(),
                alpn == null ? "" : alpn,
                isResumed(engine, session),
                engine instanceof ReferenceCountedOpenSslEngine ? "BoringSSL" : "JDK",
                verified);
    }

    /// Why a handshake failed, with the cure where one is known.
    static TransportEnd failure(Throwable cause, Endpoint endpoint) {
        Throwable root = cause;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        if (cause instanceof io.netty.handler.ssl.SslHandshakeTimeoutException) {
            return new TransportEnd(TransportEnd.Kind.TIMEOUT, "connect: the TLS handshake did not finish in time");
        }
        String message = String.valueOf(root.getMessage()).lines().findFirst().orElse("no reason given");
        String lower = message.toLowerCase(Locale.ROOT);
        String cure = "";
        if (lower.contains("unable to find valid certification path") || lower.contains("trust anchor")) {
            message = "the certificate of " + endpoint.host() + " is signed by nobody this machine trusts";
            cure = "; name its CA with --ca-file";
        } else if (lower.contains("no subject alternative") || lower.contains("no name matching")) {
            message = "the certificate is not for '" + endpoint.host() + "' (" + message + ")";
            cure = "; use the name that it was made for";
        } else if (lower.contains("notafter") || lower.contains("expired")) {
            message = "the certificate of " + endpoint.host() + " has expired (" + message + ")";
        } else if (lower.contains("notbefore")) {
            message = "the certificate of " + endpoint.host() + " is not valid yet (" + message + ")";
        } else if (isAboutOurCertificate(lower)) {
            return certificateRefused(message);
        } else if (lower.contains("handshake_failure")) {
            message = "the server refused the handshake (" + message + ")";
            cure = "; it may want a client certificate";
        } else if (root instanceof io.netty.handler.ssl.NotSslRecordException) {
            message = endpoint.authority() + " does not speak TLS";
            cure = "; use http:// if it is meant to be cleartext";
        }
        return new TransportEnd(TransportEnd.Kind.TLS_FAILED, message + cure);
    }

    /// How TLS that fails after our side of the handshake looks. A TLS 1.3 server judges our certificate only
    /// then.
    static TransportEnd failure(SSLException cause) {
        String message = String.valueOf(cause.getMessage());
        String lower = message.toLowerCase(Locale.ROOT);
        if (isAboutOurCertificate(lower)) {
            return certificateRefused(message);
        }
        String why = lower.contains("no_renegotiation")
                ? "the server asked for another handshake, which is refused (" + message + ")"
                : message;
        return new TransportEnd(TransportEnd.Kind.RESET, "TLS broke off: " + why);
    }

    /// The alerts that concern a client's certificate (RFC 8446, 6.2), in the words of either implementation.
    private static boolean isAboutOurCertificate(String lower) {
        return lower.contains("certificate_required")
                || (lower.contains("alert")
                        && (lower.contains("bad_certificate")
                                || lower.contains("unknown_ca")
                                || lower.contains("unsupported_certificate")
                                || lower.contains("certificate_unknown")
                                || lower.contains("certificate_expired")
                                || lower.contains("certificate_revoked")));
    }

    private static TransportEnd certificateRefused(String message) {
        return new TransportEnd(
                TransportEnd.Kind.TLS_FAILED,
                "the server refused our certificate, or that we showed none (" + message + ")");
    }

    /// BoringSSL knows; of the JDK's sessions a resumed one shares what was put into the first.
    private static boolean isResumed(SSLEngine engine, SSLSession session) {
        if (engine instanceof ReferenceCountedOpenSslEngine openSsl) {
            return SSL.isSessionReused(openSsl.sslPointer());
        }
        boolean resumed = session.getValue(SEEN) != null;
        session.putValue(SEEN, true);
        return resumed;
    }

    private static @Nullable ApplicationProtocolConfig alpn(HttpVersion http) {
        List<String> offered = switch (http) {
            case NEGOTIATED -> List.of(ApplicationProtocolNames.HTTP_2, ApplicationProtocolNames.HTTP_1_1);
            case HTTP_1_1 -> List.of(ApplicationProtocolNames.HTTP_1_1);
            case HTTP_2 -> List.of(ApplicationProtocolNames.HTTP_2);
        };
        return new ApplicationProtocolConfig(
                Protocol.ALPN, SelectorFailureBehavior.NO_ADVERTISE, SelectedListenerFailureBehavior.ACCEPT, offered);
    }

    private static File readable(String name, Path path) {
        if (!Files.isReadable(path) || Files.isDirectory(path)) {
            throw new IllegalArgumentException("the " + name + " '" + path + "' cannot be read");
        }
        return path.toFile();
    }

    private static void use(String name, File file, Runnable step) {
        try {
            step.run();
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "the " + name + " '" + file + "' is not in PEM form, or a key in it is not PKCS#8", e);
        }
    }
}
