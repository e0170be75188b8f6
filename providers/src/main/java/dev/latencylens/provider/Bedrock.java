package dev.latencylens.provider;

import dev.latencylens.exchange.Dialect;
import dev.latencylens.exchange.Header;
import dev.latencylens.exchange.Prompt;
import dev.latencylens.exchange.Request;
import dev.latencylens.exchange.ResponseHead;
import dev.latencylens.exchange.StreamDecoder;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// AWS Bedrock, by its Converse API or by InvokeModel with the model's own bodies.
///
/// The base URL is `https://bedrock-runtime.<region>.amazonaws.com`, or that of a server that stands in for it.
/// A signature holds for five minutes from the time when the request was made.
public final class Bedrock implements Dialect {
    /// Which of the two ways to ask a model.
    public enum Api {
        CONVERSE("converse-stream", "converse"),
        INVOKE("invoke-with-response-stream", "invoke");

        private final String streamed;
        private final String whole;

        Api(String streamed, String whole) {
            this.streamed = streamed;
            this.whole = whole;
        }

        String operation(boolean stream) {
            return stream ? streamed : whole;
        }
    }

    private static final JsonMapper JSON = JsonMapper.shared();
    private static final String BEARER = "Bearer ";
    private static final String EVENT_STREAM = "application/vnd.amazon.eventstream";
    private static final String JSON_TYPE = "application/json";

    /// Not the name in the host, `bedrock-runtime`.
    private static final String SIGNING_NAME = "bedrock";

    private static final Pattern REGION_IN_HOST = Pattern.compile("bedrock-runtime(?:-fips)?\\.([a-z0-9-]+)\\..+");

    private final Api api;
    private final String target;
    private final List<Header> headers;
    private final ErrorReader errors;
    private final ObjectNode extraBody;
    private final @Nullable InvokeFamily family;
    private final @Nullable SigV4 signer;
    private final Header host;
    private final Clock clock;

    private Bedrock(Builder options) {
        api = options.api;
        target = path(options.baseUrl) + "/model/" + SigV4.encode(options.model) + "/" + api.operation(options.stream);
        headers = options.headers();
        errors = new ErrorReader(options.secrets());
        extraBody = options.extraBody;
        family = api == Api.INVOKE ? InvokeFamily.of(options.model) : null;
        signer = options.signer();
        host = Header.of("host", authority(options.baseUrl));
        clock = options.clock;
    }

    /// Options of a dialect for the server at this base URL.
    public static Builder at(URI baseUrl, Api api, String model) {
        return new Builder(baseUrl, api, model);
    }

    /// The dialect with options that all dialects have.
    static Bedrock of(DialectOptions options, Api api) {
        Builder builder = at(options.baseUrl, api, options.model).headers(options.ownHeaders).stream(options.stream)
                .extraBody(options.extraBody);
        if (options.apiKey != null) {
            builder.apiKey(options.apiKey);
        }
        if (options.awsCredentials != null) {
            builder.credentials(options.awsCredentials);
        }
        if (options.region != null) {
            builder.region(options.region);
        }
        return builder.build();
    }

    @Override
    public String name() {
        return "bedrock-" + api.name().toLowerCase(Locale.ROOT);
    }

    /// Where the request is to be signed, it is signed now.
    @Override
    public Request request(Prompt prompt) {
        Prompt sendable = new Prompt(sendable(prompt.text()), prompt.maxOutputTokens());
        ObjectNode members = family == null
                ? InvokeFamily.converse(sendable.text(), sendable.maxOutputTokens())
                : family.body(sendable);
        DialectOptions.merge(members, extraBody);
        byte[] body = JSON.writeValueAsBytes(members);
        return new Request("POST", target, signer == null ? headers : signed(signer, body), body);
    }

    /// Only what AWS asks for is signed, because a proxy may change the rest.
    private List<Header> signed(SigV4 by, byte[] body) {
        List<Header> fields = Stream.concat(
                        Stream.of(host),
                        headers.stream()
                                .filter(field -> field.name().equals("content-type")
                                        || field.name().startsWith("x-amz-")))
                .toList();
        return Stream.concat(headers.stream(), by.sign("POST", target, fields, body, clock.instant()).stream())
                .toList();
    }

    @Override
    public StreamDecoder decoder(ResponseHead head) {
        if (!head.isSuccess()) {
            return WholeBodyDecoder.ofError(
                    errors, errorType(head.header("x-amzn-errortype").orElse("")));
        }
        Answer answer = api == Api.CONVERSE ? new ConverseAnswer(errors) : new InvokeAnswer(errors);
        boolean json = head.header("content-type")
                .map(type -> type.strip().toLowerCase(Locale.ROOT).startsWith(JSON_TYPE))
                .orElse(false);
        return json ? WholeBodyDecoder.ofAnswer(answer) : new EventStreamDecoder(answer);
    }

    /// `ValidationException` of `ValidationException:http://internal.amazon.com/coral/com.amazon.bedrock/`.
    private static String errorType(String field) {
        int colon = field.indexOf(':');
        String type = colon < 0 ? field : field.substring(0, colon);
        return type.substring(type.indexOf('#') + 1).strip();
    }

    /// Half a surrogate pair, which UTF-8 cannot carry, becomes a question mark.
    private static String sendable(String text) {
        return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
    }

    private static String path(URI baseUrl) {
        String path = Objects.requireNonNullElse(baseUrl.getRawPath(), "");
        while (path.endsWith("/")) {
            path = path.substring(0, path.length() - 1);
        }
        return path;
    }

    /// As the transport sends it: in lower case, without the scheme's own port.
    private static String authority(URI baseUrl) {
        String host = Objects.requireNonNullElse(baseUrl.getHost(), "").toLowerCase(Locale.ROOT);
        int usual = "http".equalsIgnoreCase(baseUrl.getScheme()) ? 80 : 443;
        return baseUrl.getPort() == -1 || baseUrl.getPort() == usual ? host : host + ":" + baseUrl.getPort();
    }

    /// What a request asks for beside its prompt.
    public static final class Builder {
        private final URI baseUrl;
        private final Api api;
        private final String model;
        private final List<Header> ownHeaders = new ArrayList<>();
        private final ObjectNode extraBody = JSON.createObjectNode();
        private boolean stream = true;
        private Clock clock = Clock.systemUTC();
        private @Nullable Secret apiKey;
        private @Nullable AwsCredentials credentials;
        private @Nullable String region;

        private Builder(URI baseUrl, Api api, String model) {
            this.baseUrl = baseUrl;
            this.api = api;
            this.model = model;
        }

        /// A Bedrock API key, sent as it is instead of a signature.
        public Builder apiKey(Secret key) {
            apiKey = key;
            return this;
        }

        /// What signs each request, unless there is an API key or an `authorization` field of the caller's own.
        public Builder credentials(AwsCredentials signingKeys) {
            credentials = signingKeys;
            return this;
        }

        /// The region of the signature; needed where the base URL's host does not tell it.
        public Builder region(String name) {
            region = name;
            return this;
        }

        /// Tells the time of a signature, the system's unless set.
        public Builder clock(Clock time) {
            clock = time;
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

        /// Merged over the request's members as RFC 7396 says: objects are merged, null takes a member out,
        /// anything else replaces.
        public Builder extraBody(ObjectNode members) {
            extraBody.setAll(members);
            return this;
        }

        /// @throws IllegalArgumentException where the region of the signature is not known, or by
        /// [Api#INVOKE] the requests of the model's family are not
        public Bedrock build() {
            return new Bedrock(this);
        }

        private List<Header> headers() {
            List<Header> fields = new ArrayList<>();
            fields.add(Header.of("content-type", JSON_TYPE));
            fields.add(Header.of("accept", stream ? EVENT_STREAM : JSON_TYPE));
            if (stream && api == Api.INVOKE) {
                fields.add(Header.of("x-amzn-bedrock-accept", JSON_TYPE));
            }
            if (apiKey != null) {
                fields.add(Header.secret("authorization", BEARER + apiKey.reveal()));
            }
            fields.removeIf(
                    field -> ownHeaders.stream().anyMatch(own -> own.name().equals(field.name())));
            fields.addAll(ownHeaders);
            return List.copyOf(fields);
        }

        private @Nullable SigV4 signer() {
            boolean authorised =
                    headers().stream().anyMatch(field -> field.name().equals("authorization"));
            return credentials == null || authorised
                    ? null
                    : new SigV4(credentials, signingRegion(), SIGNING_NAME, SigV4.Rules.BEDROCK);
        }

        private String signingRegion() {
            if (region != null) {
                return region;
            }
            Matcher inHost = REGION_IN_HOST.matcher(authority(baseUrl));
            if (inHost.matches()) {
                return Objects.requireNonNull(inHost.group(1));
            }
            throw new IllegalArgumentException("the region to sign for is not known: host '" + authority(baseUrl)
                    + "' does not name it; set AWS_REGION or the profile's region");
        }

        /// What must not come back in an error's words.
        private List<Secret> secrets() {
            List<Secret> secrets = new ArrayList<>();
            for (Header field : headers()) {
                String value =
                        field.value().startsWith(BEARER) ? field.value().substring(BEARER.length()) : field.value();
                if (field.secret() && !value.isBlank()) {
                    secrets.add(Secret.of(value));
                }
            }
            if (credentials != null) {
                secrets.add(credentials.secretAccessKey());
                if (credentials.sessionToken() != null) {
                    secrets.add(credentials.sessionToken());
                }
            }
            return secrets;
        }
    }
}
