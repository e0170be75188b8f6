package dev.latencylens.provider;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.junit.jupiter.params.provider.Arguments.argumentSet;

import dev.latencylens.exchange.Header;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Holds the signer to the suite that AWS publishes for its own, and to vectors of paths that are encoded already.
///
/// Neither is part of the project: the system property `lens.fixtures` names their folder.
class SigV4Test {
    private static final Path FOLDER = Path.of(System.getProperty("lens.fixtures", "fixtures"));
    private static final Path SUITE = FOLDER.resolve("aws-sigv4-suite");

    /// A request as the suite writes it.
    record Sent(String method, String target, List<Header> fields, byte[] body) {
        static Sent parse(String text) {
            int blank = text.indexOf("\n\n");
            String head = blank < 0 ? text : text.substring(0, blank);
            String body = blank < 0 ? "" : text.substring(blank + 2);
            List<String> lines = head.lines().toList();
            String request = lines.getFirst();
            List<Header> fields = new ArrayList<>();
            for (String line : lines.subList(1, lines.size())) {
                if (line.startsWith(" ")) {
                    Header before = fields.removeLast();
                    fields.add(Header.of(before.name(), before.value() + " " + line.strip()));
                } else if (!line.isEmpty()) {
                    int colon = line.indexOf(':');
                    fields.add(Header.of(line.substring(0, colon), line.substring(colon + 1)));
                }
            }
            int method = request.indexOf(' ');
            String target = request.substring(method + 1, request.lastIndexOf(' '));
            return new Sent(request.substring(0, method), target, fields, body.getBytes(UTF_8));
        }
    }

    static Stream<Arguments> cases() throws IOException {
        if (!Files.exists(SUITE)) {
            return Stream.of();
        }
        try (Stream<Path> folders = Files.list(SUITE)) {
            return folders.sorted().toList().stream().map(folder -> argumentSet(folder.toString(), folder));
        }
    }

    @Test
    void suiteIsFound() throws IOException {
        assumeTrue(Files.exists(SUITE), "no vectors in " + SUITE + ": set the system property lens.fixtures");
        assertThat(cases()).hasSize(38);
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("cases")
    void requestIsSignedAsAwsSuiteSays(Path folder) throws IOException {
        JsonNode context = JsonMapper.shared().readTree(Files.readAllBytes(folder.resolve("context.json")));
        var rules = new SigV4.Rules(
                context.path("normalize").booleanValue(),
                context.path("sign_body").booleanValue(),
                !context.path("omit_session_token").asBoolean(false));
        var signer = new SigV4(
                credentials(context.path("credentials")),
                context.path("region").stringValue(),
                context.path("service").stringValue(),
                rules);
        Sent sent = Sent.parse(Files.readString(folder.resolve("request.txt")));
        Instant at = Instant.parse(context.path("timestamp").stringValue());

        List<Header> added = signer.sign(sent.method(), sent.target(), sent.fields(), sent.body(), at);

        String authorization = added.getLast().value();
        assertThat(authorization)
                .contains(
                        Files.readString(folder.resolve("header-signature.txt")).strip());
        assertThat(Files.readString(folder.resolve("header-signed-request.txt")))
                .contains(authorization);
        for (Header field : added) {
            assertThat(Files.readString(folder.resolve("header-signed-request.txt")))
                    .containsIgnoringCase(field.name() + ":" + field.value());
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("cases")
    void canonicalRequestIsThatOfAwsSuite(Path folder) throws IOException {
        JsonNode context = JsonMapper.shared().readTree(Files.readAllBytes(folder.resolve("context.json")));
        String expected = Files.readString(folder.resolve("header-canonical-request.txt"));
        String toSign = Files.readString(folder.resolve("header-string-to-sign.txt"));
        boolean normalize = context.path("normalize").booleanValue();
        var signer =
                new SigV4(credentials(context.path("credentials")), "r", "s", new SigV4.Rules(normalize, true, true));
        Sent sent = Sent.parse(Files.readString(folder.resolve("request.txt")));
        List<String> lines = expected.lines().toList();
        List<Header> signed = new ArrayList<>(sent.fields());
        lines.subList(3, lines.size()).stream()
                .filter(line -> line.startsWith("x-amz-"))
                .filter(line -> line.indexOf(':') > 0)
                .forEach(line -> signed.add(
                        Header.of(line.substring(0, line.indexOf(':')), line.substring(line.indexOf(':') + 1))));

        String canonical = signer.canonicalRequest(sent.method(), sent.target(), signed, lines.getLast());

        assertThat(canonical).isEqualTo(expected);
        assertThat(SigV4.stringToSign("20150830T123600Z", "20150830/us-east-1/service/aws4_request", canonical))
                .isEqualTo(toSign);
    }

    @Test
    void pathThatIsEncodedIsEncodedOnceMore() throws IOException {
        Path file = FOLDER.resolve("aws-sigv4-bedrock-vectors.json");
        assumeTrue(Files.exists(file), "no vectors at " + file + ": set the system property lens.fixtures");
        JsonNode vectors = JsonMapper.shared().readTree(Files.readAllBytes(file));
        JsonNode request = vectors.path("request");
        List<Header> fields = List.of(
                Header.of("host", request.path("host").stringValue()), Header.of("content-type", "application/json"));
        for (JsonNode expected : vectors.path("expected").values()) {
            AwsCredentials keys = credentials(vectors.path("credentials"));
            JsonNode token = expected.path("session_token");
            var credentials = new AwsCredentials(
                    keys.accessKeyId(),
                    keys.secretAccessKey(),
                    token.isString() ? Secret.of(token.stringValue()) : null);

            List<Header> added = new SigV4(credentials, "us-east-1", "bedrock", SigV4.Rules.BEDROCK)
                    .sign(
                            request.path("method").stringValue(),
                            request.path("wire_path").stringValue(),
                            fields,
                            request.path("body").stringValue().getBytes(UTF_8),
                            Instant.parse(vectors.path("timestamp").stringValue()));

            assertThat(added.getLast().value())
                    .contains("SignedHeaders=" + expected.path("signed_headers").stringValue() + ",")
                    .endsWith("Signature=" + expected.path("signature").stringValue());
        }
    }

    /// The example of the suite that needs no file.
    @Test
    void plainRequestIsSigned() {
        var keys = new AwsCredentials("AKIDEXAMPLE", Secret.of("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), null);
        List<Header> added = new SigV4(keys, "us-east-1", "service", new SigV4.Rules(true, false, true))
                .sign(
                        "GET",
                        "/",
                        List.of(Header.of("host", "example.amazonaws.com")),
                        Bytes.NONE,
                        Instant.parse("2015-08-30T12:36:00Z"));

        assertThat(added).extracting(Header::name).containsExactly("x-amz-date", "authorization");
        assertThat(added.getLast().value())
                .endsWith("Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
        assertThat(added.getLast().toString()).isEqualTo("authorization: ***");
    }

    private static AwsCredentials credentials(JsonNode json) {
        JsonNode token = json.path("token");
        return new AwsCredentials(
                json.path("access_key_id").stringValue(),
                Secret.of(json.path("secret_access_key").stringValue()),
                token.isString() ? Secret.of(token.stringValue()) : null);
    }
}
