package dev.latencylens.provider;

import dev.latencylens.exchange.Dialect;
import dev.latencylens.exchange.Header;
import dev.latencylens.exchange.Prompt;
import dev.latencylens.exchange.Request;
import dev.latencylens.exchange.ResponseHead;
import dev.latencylens.exchange.StreamDecoder;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.io.JsonStringEncoder;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// OpenAI's Chat Completions and what speaks like it: vLLM, llama.cpp, TGI, Ollama's `/v1`, OpenRouter, Groq,
/// DeepSeek,
/// xAI and many more.
///
/// The base URL is the one that such servers document, for example `https://api.openai.com/v1`. Behind its
/// path comes
/// `/chat/completions`; behind an empty path `/v1/chat/completions`; nothing where the path ends in that
/// already.
///
/// Bodies are made of parts encoded once, so that a request costs little more than its prompt's characters.
public final class OpenAiChat implements Dialect {
    /// The field that limits the length of the answer.
    public enum TokenLimit {
        MAX_TOKENS,
        MAX_COMPLETION_TOKENS;

        /// What a host understands: OpenAI's reasoning models refuse `max_tokens`, and many compatible
        /// servers ignore
        /// `max_completion_tokens`. So the latter goes to api.openai.com and the former to every other host.
        static TokenLimit at(URI baseUrl) {
            return "api.openai.com".equalsIgnoreCase(baseUrl.getHost()) ? MAX_COMPLETION_TOKENS : MAX_TOKENS;
        }

        String field() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private static final JsonMapper JSON = JsonMapper.shared();
    private static final String ENDPOINT = "/chat/completions";
    private static final String BEARER = "Bearer ";

    private static final byte[] BEFORE_TEXT = Bytes.ascii("\"messages\":[{\"role\":\"user\",\"content\":\"");
    private static final byte[] AFTER_TEXT = Bytes.ascii("\"}],");

    private final String target;
    private final List<Header> headers;
    private final ErrorReader errors;
    private final boolean sendsPrompt;
    private final @Nullable String limitField;

    /// The members that every request has, and the closing brace.
    private final byte[] constant;

    private OpenAiChat(Builder options) {
        target = target(options.baseUrl);
        headers = options.headers();
        errors = new ErrorReader(headers.stream()
                .filter(Header::secret)
                .map(Header::value)
                .map(value -> value.startsWith(BEARER) ? value.substring(BEARER.length()) : value)
                .filter(value -> !value.isBlank())
                .map(Secret::of)
                .toList());
        sendsPrompt = !options.extraBody.has("messages");
        boolean limitGiven =
                List.of(TokenLimit.values()).stream().map(TokenLimit::field).anyMatch(options.extraBody::has);
        limitField = limitGiven ? null : options.tokenLimit.field();
        ObjectNode members = options.members();
        if (members.isEmpty()) {
            throw new IllegalArgumentException("extra body leaves nothing of the request, not even the model");
        }
        byte[] json = JSON.writeValueAsBytes(members);
        constant = new byte[json.length - 1];
        System.arraycopy(json, 1, constant, 0, constant.length);
    }

    /// Options of a dialect for the server at this base URL.
    public static Builder at(URI baseUrl, String model) {
        return new Builder(baseUrl, model);
    }

    @Override
    public String name() {
        return "openai-chat";
    }

    @Override
    public Request request(Prompt prompt) {
        byte[] text = sendsPrompt ? quoted(prompt.text()) : Bytes.NONE;
        byte[] limit = limitField == null || prompt.maxOutputTokens() == 0
                ? Bytes.NONE
                : Bytes.ascii("\"" + limitField + "\":" + prompt.maxOutputTokens() + ",");
        int aroundText = sendsPrompt ? BEFORE_TEXT.length + AFTER_TEXT.length : 0;
        byte[] body = new byte[1 + aroundText + text.length + limit.length + constant.length];
        body[0] = '{';
        int at = 1;
        if (sendsPrompt) {
            at = put(BEFORE_TEXT, body, at);
            at = put(text, body, at);
            at = put(AFTER_TEXT, body, at);
        }
        at = put(limit, body, at);
        put(constant, body, at);
        return new Request("POST", target, headers, body);
    }

    @Override
    public StreamDecoder decoder(ResponseHead head) {
        if (!head.isSuccess()) {
            return WholeBodyDecoder.ofError(errors);
        }
        boolean json = head.header("content-type")
                .map(type -> type.strip().toLowerCase(Locale.ROOT).startsWith("application/json"))
                .orElse(false);
        return json ? WholeBodyDecoder.ofAnswer(new ChatAnswer(errors)) : new SseDecoder(new ChatAnswer(errors));
    }

    private static int put(byte[] part, byte[] body, int at) {
        System.arraycopy(part, 0, body, at, part.length);
        return at + part.length;
    }

    /// The text as JSON, without its quotes; half a surrogate pair, which UTF-8 cannot carry, becomes a
    /// question mark.
    private static byte[] quoted(String text) {
        try {
            return JsonStringEncoder.getInstance().quoteAsUTF8(text);
        } catch (IllegalArgumentException halfACharacter) {
            String whole = new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
            return JsonStringEncoder.getInstance().quoteAsUTF8(whole);
        }
    }

    private static String target(URI baseUrl) {
        String path = baseUrl.getRawPath() == null ? "" : baseUrl.getRawPath();
        while (path.endsWith("/")) {
            path = path.substring(0, path.length() - 1);
        }
        String endpoint = path.isEmpty() ? "/v1" + ENDPOINT : path.endsWith(ENDPOINT) ? path : path + ENDPOINT;
        return baseUrl.getRawQuery() == null ? endpoint : endpoint + "?" + baseUrl.getRawQuery();
    }

    /// What a request asks for beside its prompt. What is not set is not sent, and the server's default
    /// holds.
    public static final class Builder {
        private final URI baseUrl;
        private final String model;
        private final List<Header> ownHeaders = new ArrayList<>();
        private final ObjectNode extraBody = JSON.createObjectNode();
        private @Nullable Secret apiKey;
        private boolean stream = true;
        private boolean includeUsage = true;
        private boolean ignoreEos;
        private TokenLimit tokenLimit;
        private @Nullable Double temperature;
        private @Nullable Long seed;
        private @Nullable Integer choices;

        private Builder(URI baseUrl, String model) {
            this.baseUrl = baseUrl;
            this.model = model;
            this.tokenLimit = TokenLimit.at(baseUrl);
        }

        public Builder apiKey(Secret key) {
            apiKey = key;
            return this;
        }

        /// Sent in place of the dialect's own fields of the same names.
        public Builder headers(List<Header> fields) {
            ownHeaders.addAll(fields);
            return this;
        }

        /// Whether the answer comes as it is made (the default) or at once.
        public Builder stream(boolean asItIsMade) {
            stream = asItIsMade;
            return this;
        }

        /// Whether to ask for usage at the end of a stream (the default); some old servers refuse the option.
        public Builder includeUsage(boolean ask) {
            includeUsage = ask;
            return this;
        }

        /// Whether to answer up to the length limit whatever the model wants; a field of vLLM and llama.cpp.
        public Builder ignoreEos(boolean ignore) {
            ignoreEos = ignore;
            return this;
        }

        /// Instead of what [TokenLimit] chooses by the host.
        public Builder tokenLimit(TokenLimit field) {
            tokenLimit = field;
            return this;
        }

        public Builder temperature(double value) {
            if (!(value >= 0 && value < Double.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException("temperature must be a number from 0 on, was " + value);
            }
            temperature = value;
            return this;
        }

        public Builder seed(long value) {
            seed = value;
            return this;
        }

        /// How many answers to one prompt, `n` on the wire.
        public Builder choices(int count) {
            if (count < 1) {
                throw new IllegalArgumentException("n must be at least 1, was " + count);
            }
            choices = count;
            return this;
        }

        /// A JSON object merged over the request's members as RFC 7396 says: objects are merged, null takes a
        /// member
        /// out, anything else replaces. Its own `messages` are sent instead of the prompt, and its own token
        /// limit
        /// instead of the prompt's.
        public Builder extraBody(String json) {
            JsonNode extra;
            try {
                extra = JSON.readTree(json);
            } catch (JacksonException e) {
                throw new IllegalArgumentException("extra body is no JSON: " + e.getOriginalMessage(), e);
            }
            if (!(extra instanceof ObjectNode object)) {
                throw new IllegalArgumentException("extra body must be a JSON object, was " + json);
            }
            extraBody.setAll(object);
            return this;
        }

        public OpenAiChat build() {
            return new OpenAiChat(this);
        }

        private List<Header> headers() {
            List<Header> fields = new ArrayList<>();
            fields.add(Header.of("content-type", "application/json"));
            fields.add(Header.of("accept", stream ? "text/event-stream" : "application/json"));
            if (apiKey != null) {
                fields.add(Header.secret("authorization", BEARER + apiKey.reveal()));
            }
            fields.removeIf(
                    field -> ownHeaders.stream().anyMatch(own -> own.name().equals(field.name())));
            fields.addAll(ownHeaders);
            return List.copyOf(fields);
        }

        private ObjectNode members() {
            ObjectNode members = JSON.createObjectNode();
            members.put("model", model);
            members.put("stream", stream);
            if (stream && includeUsage) {
                members.putObject("stream_options").put("include_usage", true);
            }
            if (ignoreEos) {
                members.put("ignore_eos", true);
            }
            if (temperature != null) {
                members.put("temperature", temperature);
            }
            if (seed != null) {
                members.put("seed", seed);
            }
            if (choices != null) {
                members.put("n", choices);
            }
            merge(members, extraBody);
            return members;
        }

        /// As RFC 7396 says, into the target.
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
}
