package dev.latencylens.cli;

import dev.latencylens.exchange.Dialect;
import dev.latencylens.provider.AwsCredentials;
import dev.latencylens.provider.DialectName;
import dev.latencylens.provider.DialectOptions;
import dev.latencylens.provider.Provider;
import dev.latencylens.transport.Endpoint;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// What `--provider`, `--dialect` and `--url` come to: where requests go, in which dialect, and whose key they
/// carry.
///
/// @param provider null where none was named
/// @param url with everything that its query holds, so it must be shown by [#shown] only; null for the simulated
/// provider in this process
record Target(
        @Nullable Provider provider,
        DialectName dialect,
        @Nullable URI url) {
    /// What signs requests to AWS, beside the variables of the providers.
    private static final List<String> SIGNING_VARIABLES = List.of("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN");

    /// @throws IllegalArgumentException naming what is wrong and the cure
    static Target of(
            @Nullable String providerName,
            @Nullable String dialectName,
            @Nullable String url,
            Map<String, String> environment) {
        Provider provider = providerName == null ? null : Provider.of(providerName);
        DialectName dialect = dialectName != null
                ? DialectName.of(dialectName)
                : provider != null ? provider.dialect() : DialectName.OPENAI_CHAT;
        if (url != null) {
            return new Target(provider, dialect, uri(url));
        }
        if (provider == null) {
            if (dialect != DialectName.OPENAI_CHAT) {
                throw new IllegalArgumentException("--dialect " + dialect.label()
                        + " needs a server that speaks it; give its base URL with --url, or a --provider");
            }
            return new Target(null, dialect, null);
        }
        if (speaksBedrock(dialect)) {
            return new Target(provider, dialect, bedrock(provider, environment));
        }
        if (provider.baseUrl() == null) {
            throw new IllegalArgumentException("provider '" + provider.label()
                    + "' has another base URL for each account or region; give yours with --url");
        }
        return new Target(provider, dialect, provider.baseUrl());
    }

    private static boolean speaksBedrock(DialectName dialect) {
        return dialect == DialectName.BEDROCK_CONVERSE || dialect == DialectName.BEDROCK_INVOKE;
    }

    /// Bedrock's host in the region that AWS's variables or shared files name.
    private static URI bedrock(Provider provider, Map<String, String> environment) {
        String region = region(environment);
        if (region == null) {
            throw new IllegalArgumentException("provider '" + provider.label()
                    + "' has another base URL for each region; set AWS_REGION, or give yours with --url");
        }
        return uri("https://bedrock-runtime." + region + ".amazonaws.com" + (region.startsWith("cn-") ? ".cn" : ""));
    }

    /// @throws IllegalArgumentException naming the file that cannot be read
    private static @Nullable String region(Map<String, String> environment) {
        try {
            return AwsCredentials.findRegion(environment::get).orElse(null);
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    private static IllegalArgumentException unreadable(IOException e) {
        return new IllegalArgumentException(
                "cannot read AWS's shared files: " + e.getMessage() + "; set AWS_ACCESS_KEY_ID and AWS_REGION instead",
                e);
    }

    boolean embedded() {
        return url == null;
    }

    @Nullable
    String providerLabel() {
        return provider == null ? null : provider.label();
    }

    /// The endpoint of a base URL, whose query belongs to the dialect.
    ///
    /// @throws IllegalArgumentException naming what is wrong, without secrets of the URL
    static Endpoint endpoint(String url) {
        String base = withoutQuery(url);
        try {
            return Endpoint.parse(base);
        } catch (IllegalArgumentException wrong) {
            // It quotes the URL, and so would its cause.
            throw new IllegalArgumentException(String.valueOf(wrong.getMessage())
                    .replace("'" + base + "'", "'" + withoutQuery(Secrets.redactUrl(url)) + "'"));
        }
    }

    private static String withoutQuery(String url) {
        return url.replaceFirst("\\?[^#]*", "");
    }

    /// A base URL as files and messages may show it.
    static URI shown(URI base) {
        return URI.create(Secrets.redactUrl(base.toString()));
    }

    /// Whether the URL carries a key itself, so that none from the environment goes beside it.
    boolean carriesKey() {
        return url != null && !shown(url).equals(url);
    }

    /// The variables that may hold the key, the first that is set counts. A dialect alone stands for the first
    /// provider that speaks it.
    List<String> keyVariables() {
        return Optional.ofNullable(provider)
                .or(() -> Arrays.stream(Provider.values())
                        .filter(one -> one.dialect() == dialect)
                        .findFirst())
                .map(Provider::keyVariables)
                .orElse(List.of());
    }

    /// The variable that holds the key, null where none is set.
    @Nullable
    String keyVariable(Map<String, String> environment) {
        return keyVariables().stream()
                .filter(name -> !environment.getOrDefault(name, "").isBlank())
                .findFirst()
                .orElse(null);
    }

    /// The one place where a dialect is made: from the provider, the options and what else the environment has for
    /// it.
    ///
    /// @throws IllegalArgumentException naming what is wrong and the cure
    Dialect dialect(DialectOptions options, Map<String, String> environment, Secrets secrets) {
        if (speaksBedrock(dialect)) {
            try {
                AwsCredentials credentials =
                        AwsCredentials.find(environment::get).orElse(null);
                if (credentials != null) {
                    credentials.hide(secrets::add);
                }
                options.aws(credentials, region(environment));
            } catch (IOException e) {
                throw unreadable(e);
            }
        }
        return dialect.with(options);
    }

    /// Every variable that some provider's key may be in, whichever is measured: none of them is for any file.
    static void hideKeys(Map<String, String> environment, Secrets secrets) {
        Stream.concat(
                        SIGNING_VARIABLES.stream(),
                        Arrays.stream(Provider.values()).flatMap(one -> one.keyVariables().stream()))
                .forEach(name -> secrets.add(environment.getOrDefault(name, "")));
    }

    private static URI uri(String url) {
        endpoint(url);
        try {
            return new URI(url.strip());
        } catch (URISyntaxException e) {
            // Its own message quotes the URL, and with it a key.
            var shown = new URISyntaxException(Secrets.redactUrl(url), e.getReason(), e.getIndex());
            throw new IllegalArgumentException(
                    "bad URL '" + shown.getInput() + "': " + e.getReason() + " at position " + e.getIndex()
                            + "; give a base URL such as https://api.openai.com/v1",
                    shown);
        }
    }
}
