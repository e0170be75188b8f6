package dev.latencylens.provider;

import dev.latencylens.exchange.Dialect;
import dev.latencylens.exchange.Header;
import dev.latencylens.exchange.Prompt;
import dev.latencylens.exchange.Request;
import dev.latencylens.exchange.ResponseHead;
import dev.latencylens.exchange.StreamDecoder;
import java.net.URI;
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
    private final @Nullable PromptCache promptCache;
    private final @Nullable InvokeFamily family;
    private final @Nullable SigV4 signer;
    private final Header host;
    private final Clock clock;

    /// @throws IllegalArgumentException where the region of the signature is not known, or by [Api#INVOKE] the
    /// requests of the model's family are not
    Bedrock(DialectOptions options, Api api) {
        this(options, api, Clock.systemUTC());
    }

    /// @param clock tells the time of a signature
    Bedrock(DialectOptions options, Api api, Clock clock) {
        this.api = api;
        this.clock = clock;
        target = options.basePath() + "/model/" + SigV4.encode(options.model) + "/" + api.operation(options.stream);
        headers = headers(options, api);
        errors = new ErrorReader(secrets(options));
        extraBody = options.extraBody;
        promptCache = options.promptCache;
        family = api == Api.INVOKE ? InvokeFamily.of(options.model) : null;
        signer = signer(options);
        host = Header.of("host", authority(options.baseUrl));
        InvokeFamily.refuse(promptCache, family);
    }

    private static List<Header> headers(DialectOptions options, Api api) {
        List<Header> fields = new ArrayList<>();
        fields.add(Header.of("content-type", JSON_TYPE));
        fields.add(Header.of("accept", options.stream ? EVENT_STREAM : JSON_TYPE));
        if (options.stream && api == Api.INVOKE) {
            fields.add(Header.of("x-amzn-bedrock-accept", JSON_TYPE));
        }
        if (options.apiKey != null) {
            fields.add(Header.secret("authorization", BEARER + options.apiKey.reveal()));
        }
        return options.headersWith(fields);
    }

    private @Nullable SigV4 signer(DialectOptions options) {
        boolean authorised = headers.stream().anyMatch(field -> field.name().equals("authorization"));
        return options.awsCredentials == null || authorised
                ? null
                : new SigV4(options.awsCredentials, signingRegion(options), SIGNING_NAME, SigV4.Rules.BEDROCK);
    }

    private static String signingRegion(DialectOptions options) {
        if (options.region != null) {
            return options.region;
        }
        Matcher inHost = REGION_IN_HOST.matcher(authority(options.baseUrl));
        if (inHost.matches()) {
            return Objects.requireNonNull(inHost.group(1));
        }
        throw new IllegalArgumentException("the region to sign for is not known: host '" + authority(options.baseUrl)
                + "' does not name it; set AWS_REGION or the profile's region");
    }

    /// What must not come back in an error's words.
    private List<Secret> secrets(DialectOptions options) {
        List<Secret> secrets = new ArrayList<>(DialectOptions.secretsOf(headers));
        AwsCredentials credentials = options.awsCredentials;
        if (credentials != null) {
            secrets.add(credentials.secretAccessKey());
            if (credentials.sessionToken() != null) {
                secrets.add(credentials.sessionToken());
            }
        }
        return secrets;
    }

    @Override
    public String name() {
        return "bedrock-" + api.name().toLowerCase(Locale.ROOT);
    }

    /// Where the request is to be signed, it is signed now.
    @Override
    public Request request(Prompt prompt) {
        ObjectNode members = family == null ? InvokeFamily.converse(prompt) : family.body(prompt);
        if (promptCache != null) {
            InvokeFamily.mark(members, promptCache, family);
        }
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

    private static String authority(URI baseUrl) {
        String host = Objects.requireNonNullElse(baseUrl.getHost(), "").toLowerCase(Locale.ROOT);
        int usual = "http".equalsIgnoreCase(baseUrl.getScheme()) ? 80 : 443;
        return baseUrl.getPort() == -1 || baseUrl.getPort() == usual ? host : host + ":" + baseUrl.getPort();
    }
}
