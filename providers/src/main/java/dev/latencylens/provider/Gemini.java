package dev.latencylens.provider;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.latencylens.exchange.Header;
import dev.latencylens.exchange.StreamDecoder;
import java.net.URLEncoder;
import java.util.List;
import java.util.Locale;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// Google's Gemini, on its own host and on Vertex.
///
/// The base URL ends where `/models` follows, for example `https://generativelanguage.googleapis.com/v1beta` or
/// `https://{loc}-aiplatform.googleapis.com/v1/projects/{p}/locations/{loc}/publishers/google`. A stream is asked
/// for as events; a base URL with `?alt=json` gets it as one array that comes in pieces.
public final class Gemini extends JsonDialect {
    private static final String VERTEX_HOST = "aiplatform.googleapis.com";

    /// What the access tokens of Google's OAuth begin with.
    private static final String ACCESS_TOKEN = "ya29.";

    private static final JsonMapper JSON = JsonMapper.shared();

    private final boolean stream;

    public Gemini(DialectOptions options) {
        super("gemini", target(options), headers(options), HistoryForm.GEMINI, limited -> members(options, limited));
        stream = options.stream;
    }

    @Override
    Answer answer(ErrorReader errors) {
        return new GeminiAnswer(errors);
    }

    /// A stream that was not asked for as events is one array.
    @Override
    StreamDecoder document(Answer answer) {
        return stream ? new ArrayDecoder(answer) : super.document(answer);
    }

    private static List<Header> headers(DialectOptions options) {
        return options.headersWith(
                isToken(options)
                        ? options.usualHeaders("authorization", "Bearer ")
                        : options.usualHeaders("x-goog-api-key", ""));
    }

    /// Whether the key is one that ends after an hour, which goes out as such.
    private static boolean isToken(DialectOptions options) {
        String host = options.baseUrl.getHost();
        return (host != null && host.toLowerCase(Locale.ROOT).endsWith(VERTEX_HOST))
                || (options.apiKey != null && options.apiKey.reveal().startsWith(ACCESS_TOKEN));
    }

    /// The method stands behind the model in the path. A model with a folder, for example `tunedModels/m`, is not
    /// looked for below `/models`.
    private static String target(DialectOptions options) {
        String model =
                URLEncoder.encode(options.model, UTF_8).replace("+", "%20").replace("%2F", "/");
        String endpoint = (model.contains("/") ? "/" : "/models/") + model;
        if (!options.stream) {
            return options.target("/v1beta", endpoint + ":generateContent");
        }
        String streamed = options.target("/v1beta", endpoint + ":streamGenerateContent");
        if (streamed.matches(".*[?&]alt=.*")) {
            return streamed;
        }
        return streamed + (streamed.contains("?") ? "&" : "?") + "alt=sse";
    }

    private static ObjectNode members(DialectOptions options, boolean limited) {
        ObjectNode members = JSON.createObjectNode();
        members.putArray("contents")
                .add(BodyTemplate.HISTORY)
                .addObject()
                .put("role", "user")
                .putArray("parts")
                .addObject()
                .put("text", BodyTemplate.PROMPT);
        ObjectNode generation = generationConfig(options, limited);
        if (!generation.isEmpty()) {
            members.set("generationConfig", generation);
        }
        DialectOptions.merge(members, options.extraBody);
        return members;
    }

    private static ObjectNode generationConfig(DialectOptions options, boolean limited) {
        ObjectNode config = JSON.createObjectNode();
        if (limited) {
            config.put("maxOutputTokens", BodyTemplate.LIMIT);
        }
        if (options.temperature != null) {
            config.put("temperature", options.temperature);
        }
        if (options.seed != null) {
            config.put("seed", options.seed);
        }
        if (options.choices != null) {
            config.put("candidateCount", options.choices);
        }
        return config;
    }
}
