package dev.latencylens.provider;

import dev.latencylens.exchange.Header;
import java.net.URI;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// What a request asks for beside its prompt, whatever the dialect. What is not set is not sent, and the server's
/// default holds; what a dialect has no field for is left out.
public final class DialectOptions {
    private static final JsonMapper JSON = JsonMapper.shared();

    final URI baseUrl;
    final String model;
    final ObjectNode extraBody = JSON.createObjectNode();
    final List<Header> ownHeaders = new ArrayList<>();

    @Nullable
    Secret apiKey;

    boolean stream = true;
    boolean includeUsage = true;
    boolean ignoreEos;

    @Nullable
    TokenLimit tokenLimit;

    @Nullable
    Double temperature;

    @Nullable
    Long seed;

    @Nullable
    Integer choices;

    @Nullable
    String apiVersion;

    @Nullable
    PromptCache promptCache;

    @Nullable
    AwsCredentials awsCredentials;

    @Nullable
    String region;

    /// The field of the chat dialect that limits the length of the answer.
    public enum TokenLimit {
        MAX_TOKENS,
        MAX_COMPLETION_TOKENS;

        String field() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private DialectOptions(URI baseUrl, String model) {
        this.baseUrl = baseUrl;
        this.model = model;
    }

    /// Options for the server at this base URL, which is the one that the server's own documentation gives.
    public static DialectOptions at(URI baseUrl, String model) {
        return new DialectOptions(baseUrl, model);
    }

    public DialectOptions apiKey(@Nullable Secret key) {
        apiKey = key;
        return this;
    }

    /// Sent in place of the dialect's own fields of the same names.
    public DialectOptions headers(List<Header> fields) {
        ownHeaders.addAll(fields);
        return this;
    }

    /// Whether the answer comes as it is made (the default) or at once.
    public DialectOptions stream(boolean asItIsMade) {
        stream = asItIsMade;
        return this;
    }

    /// Whether to ask for usage at the end of a stream (the default); some old servers refuse the option.
    public DialectOptions includeUsage(boolean ask) {
        includeUsage = ask;
        return this;
    }

    /// Whether to answer up to the length limit whatever the model wants; a field of vLLM and llama.cpp.
    public DialectOptions ignoreEos(boolean ignore) {
        ignoreEos = ignore;
        return this;
    }

    /// Instead of what the chat dialect chooses by the host.
    public DialectOptions tokenLimit(TokenLimit field) {
        tokenLimit = field;
        return this;
    }

    public DialectOptions temperature(double value) {
        if (!(value >= 0 && value < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("temperature must be a number from 0 on, was " + value);
        }
        temperature = value;
        return this;
    }

    public DialectOptions seed(long value) {
        seed = value;
        return this;
    }

    /// How many answers to one prompt, `n` on the wire.
    public DialectOptions choices(int count) {
        if (count < 1) {
            throw new IllegalArgumentException("n must be at least 1, was " + count);
        }
        choices = count;
        return this;
    }

    /// `anthropic-version`, or Azure's `api-version`.
    public DialectOptions apiVersion(@Nullable String version) {
        apiVersion = version;
        return this;
    }

    /// How long the provider is asked to keep the prompt in its cache; null leaves it to the provider.
    public DialectOptions promptCache(@Nullable PromptCache kept) {
        promptCache = kept;
        return this;
    }

    /// What signs the requests of AWS's dialects, and for which region; null where there is a key instead, or the
    /// host tells the region.
    public DialectOptions aws(@Nullable AwsCredentials credentials, @Nullable String signingRegion) {
        awsCredentials = credentials;
        region = signingRegion;
        return this;
    }

    /// A JSON object merged over the request's members as RFC 7396 says: objects are merged, null takes a member
    /// out, anything else replaces. Its own messages are sent instead of the prompt, and its own token limit
    /// instead of the prompt's.
    public DialectOptions extraBody(String json) {
        JsonNode extra;
        try {
            extra = JSON.readTree(json);
        } catch (JacksonException e) {
            throw new IllegalArgumentException(
                    "extra body is no JSON: " + e.getOriginalMessage().replaceFirst("(?s) \\(start marker at.*", ""),
                    e);
        }
        if (!(extra instanceof ObjectNode object)) {
            throw new IllegalArgumentException("extra body must be a JSON object, was " + json);
        }
        extraBody.setAll(object);
        return this;
    }

    /// The dialect's own fields, with the user's in the place of those of the same names.
    List<Header> headersWith(List<Header> dialects) {
        List<Header> fields = new ArrayList<>(dialects);
        fields.removeIf(field -> ownHeaders.stream().anyMatch(own -> own.name().equals(field.name())));
        fields.addAll(ownHeaders);
        return List.copyOf(fields);
    }

    /// The headers that every dialect sends, the key under the given name behind the given scheme.
    List<Header> usualHeaders(String keyName, String scheme) {
        List<Header> fields = new ArrayList<>();
        fields.add(Header.of("content-type", "application/json"));
        fields.add(Header.of("accept", stream ? "text/event-stream" : "application/json"));
        if (apiKey != null) {
            fields.add(Header.secret(keyName, scheme + apiKey.reveal()));
        }
        return fields;
    }

    /// Of dialects whose key is a bearer token.
    List<Header> bearerHeaders() {
        return headersWith(usualHeaders("authorization", "Bearer "));
    }

    /// What the body has in every dialect with messages.
    ObjectNode promptMembers() {
        ObjectNode members = JSON.createObjectNode();
        if (!extraBody.has("messages")) {
            members.putArray("messages")
                    .add(BodyTemplate.HISTORY)
                    .addObject()
                    .put("role", "user")
                    .put("content", BodyTemplate.PROMPT);
        }
        members.put("model", model);
        members.put("stream", stream);
        return members;
    }

    /// What it has in those that speak somewhat like OpenAI's chat.
    ///
    /// @param limited whether there is a limit, under the given name unless the extra body has its own
    ObjectNode chatMembers(TokenLimit limit, boolean limited) {
        ObjectNode members = promptMembers();
        if (limited && Arrays.stream(TokenLimit.values()).map(TokenLimit::field).noneMatch(extraBody::has)) {
            members.put(limit.field(), BodyTemplate.LIMIT);
        }
        if (temperature != null) {
            members.put("temperature", temperature);
        }
        return members;
    }

    /// The path of the base URL as it is on the wire, without slashes at its end.
    String basePath() {
        String path = baseUrl.getRawPath() == null ? "" : baseUrl.getRawPath();
        while (path.endsWith("/")) {
            path = path.substring(0, path.length() - 1);
        }
        return path;
    }

    /// The path and query of an endpoint below the base URL. An endpoint that the path ends in already is not
    /// repeated, and an empty path gets the version that servers document.
    String target(String version, String endpoint) {
        String path = basePath();
        String target = path.isEmpty() ? version + endpoint : path.endsWith(endpoint) ? path : path + endpoint;
        return baseUrl.getRawQuery() == null ? target : target + "?" + baseUrl.getRawQuery();
    }

    /// Reads errors without any of the secrets that these headers carry.
    static ErrorReader errorsWithout(List<Header> headers) {
        return new ErrorReader(secretsOf(headers));
    }

    /// What must not come back in an error's words.
    static List<Secret> secretsOf(List<Header> headers) {
        return headers.stream()
                .filter(Header::secret)
                .map(Header::value)
                .map(value -> value.startsWith("Bearer ") ? value.substring("Bearer ".length()) : value)
                .filter(value -> !value.isBlank())
                .map(Secret::of)
                .toList();
    }

    static void merge(ObjectNode target, ObjectNode patch) {
        patch.forEachEntry((name, value) -> {
            if (value.isNull()) {
                target.remove(name);
            } else if (value instanceof ObjectNode object) {
                merge(target.get(name) instanceof ObjectNode old ? old : target.putObject(name), object);
            } else {
                target.set(name, value);
            }
        });
    }
}
