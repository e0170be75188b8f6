package dev.latencylens.transport;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// Whom to trust and who we are.
///
/// @param caFile certificates (PEM) to trust instead of the machine's own; null for the machine's
/// @param caPem the same as text, where there is no file
/// @param clientCertificate certificate chain (PEM) to show to the server, or null
/// @param clientKey its private key (PKCS#8 PEM), given exactly when the certificate is
/// @param insecure whether certificates and names go unchecked; the report says so
public record TlsSettings(
        @Nullable Path caFile,
        @Nullable String caPem,
        @Nullable Path clientCertificate,
        @Nullable Path clientKey,
        boolean insecure) {
    public static final TlsSettings DEFAULT = new TlsSettings(null, null, null, false);

    /// Trusts whom a file says, else whom the machine does; or, insecure, everybody.
    public TlsSettings(
            @Nullable Path caFile, @Nullable Path clientCertificate, @Nullable Path clientKey, boolean insecure) {
        this(caFile, null, clientCertificate, clientKey, insecure);
    }

    /// Trusts these certificates alone.
    public static TlsSettings trusting(String caPem) {
        return new TlsSettings(null, caPem, null, null, false);
    }

    public TlsSettings {
        if ((clientCertificate == null) != (clientKey == null)) {
            throw new IllegalArgumentException("a client certificate and its key go together; give both or neither");
        }
    }
}
