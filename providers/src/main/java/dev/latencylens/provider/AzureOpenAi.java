package dev.latencylens.provider;

import dev.latencylens.exchange.Header;
import dev.latencylens.provider.DialectOptions.TokenLimit;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/// OpenAI's chat as Azure serves it.
///
/// The base URL is the resource's own, for example `https://res.openai.azure.com`, and then the model is the
/// deployment's name in the path; or it ends in `/openai/v1`, the API without a date. A key goes out as `api-key`,
/// an Entra token, which is a JWT, as a bearer token.
public final class AzureOpenAi extends JsonDialect {
    /// The last dated version that is no preview.
    static final String VERSION = "2024-10-21";

    /// How every JWT begins: `{"` in Base64.
    private static final String JWT = "eyJ";

    public AzureOpenAi(DialectOptions options) {
        super(
                "azure-openai",
                target(options),
                headers(options),
                limited -> OpenAiChat.members(
                        options,
                        options.tokenLimit == null ? TokenLimit.MAX_COMPLETION_TOKENS : options.tokenLimit,
                        limited));
    }

    @Override
    Answer answer(ErrorReader errors) {
        return new ChatAnswer(errors);
    }

    private static List<Header> headers(DialectOptions options) {
        boolean token = options.apiKey != null && options.apiKey.reveal().startsWith(JWT);
        return token ? options.bearerHeaders() : options.headersWith(options.usualHeaders("api-key", ""));
    }

    private static String target(DialectOptions options) {
        String path = options.basePath();
        boolean undated = path.endsWith("/openai/v1") || path.endsWith("/openai/v1" + OpenAiChat.ENDPOINT);
        String deployment = undated || path.contains("/deployments/") ? "" : deployment(path, options.model);
        String target = options.target("", deployment + OpenAiChat.ENDPOINT);
        String version = options.apiVersion != null ? options.apiVersion : undated ? "" : VERSION;
        if (version.isEmpty() || target.contains("api-version=")) {
            return target;
        }
        return target + (target.contains("?") ? "&" : "?") + "api-version=" + encoded(version);
    }

    private static String deployment(String path, String model) {
        return (path.endsWith("/openai") ? "" : "/openai") + "/deployments/" + encoded(model);
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }
}
