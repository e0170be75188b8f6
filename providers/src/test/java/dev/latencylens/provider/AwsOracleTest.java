package dev.latencylens.provider;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.latencylens.exchange.ChunkSink;
import dev.latencylens.exchange.Completion;
import dev.latencylens.exchange.Header;
import java.io.ByteArrayInputStream;
import java.net.URI;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.http.SdkHttpMethod;
import software.amazon.awssdk.http.SdkHttpRequest;
import software.amazon.awssdk.http.auth.aws.signer.AwsV4HttpSigner;
import software.amazon.awssdk.http.auth.spi.signer.HttpSigner;
import software.amazon.awssdk.identity.spi.AwsCredentialsIdentity;
import software.amazon.awssdk.identity.spi.AwsSessionCredentialsIdentity;
import software.amazon.eventstream.HeaderValue;
import software.amazon.eventstream.Message;
import software.amazon.eventstream.MessageDecoder;

/// Holds the signer and the decoder to AWS's own, on what chance makes up.
class AwsOracleTest {
    private static final List<String> PATHS = List.of(
            "/model/us.anthropic.claude-v2%3A1/converse-stream",
            "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fx/invoke",
            "/aws/./model//m/../m/converse",
            "/model/m~_-.%20/converse?b=2&a=%2F&a=1&c");

    @Test
    void signatureIsThatOfAwsSdk() {
        var random = new Random(2_718);
        for (int i = 0; i < 200; i++) {
            String target = PATHS.get(random.nextInt(PATHS.size()));
            boolean temporary = random.nextBoolean();
            byte[] body = new byte[random.nextInt(300)];
            random.nextBytes(body);
            Instant at = Instant.ofEpochSecond(1_700_000_000L + random.nextInt(100_000_000));
            var keys = new AwsCredentials(
                    "AKID" + i, Secret.of("secret/+" + i), temporary ? Secret.of("token/+=" + i) : null);

            List<Header> added = new SigV4(keys, "eu-west-" + i, "bedrock", SigV4.Rules.BEDROCK)
                    .sign(
                            "POST",
                            target,
                            List.of(Header.of("host", "127.0.0.1:8000"), Header.of("content-type", "application/json")),
                            body,
                            at);

            Map<String, List<String>> theirs = signedBySdk(target, temporary, body, at, i);
            for (Header field : added) {
                assertThat(theirs).as("%s", target).containsEntry(field.name(), List.of(field.value()));
            }
        }
    }

    private static Map<String, List<String>> signedBySdk(
            String target, boolean temporary, byte[] body, Instant at, int i) {
        AwsCredentialsIdentity identity = temporary
                ? AwsSessionCredentialsIdentity.create("AKID" + i, "secret/+" + i, "token/+=" + i)
                : AwsCredentialsIdentity.create("AKID" + i, "secret/+" + i);
        SdkHttpRequest request = SdkHttpRequest.builder()
                .method(SdkHttpMethod.POST)
                .uri(URI.create("http://127.0.0.1:8000" + target))
                .putHeader("content-type", "application/json")
                .build();
        Map<String, List<String>> fields = new HashMap<>();
        AwsV4HttpSigner.create()
                .sign(sign -> sign.identity(identity)
                        .request(request)
                        .payload(() -> new ByteArrayInputStream(body))
                        .putProperty(AwsV4HttpSigner.REGION_NAME, "eu-west-" + i)
                        .putProperty(AwsV4HttpSigner.SERVICE_SIGNING_NAME, "bedrock")
                        .putProperty(HttpSigner.SIGNING_CLOCK, Clock.fixed(at, ZoneOffset.UTC)))
                .request()
                .headers()
                .forEach((name, values) -> fields.put(Header.of(name, "").name(), values));
        return fields;
    }

    @Test
    void messagesOfAwsEncoderAreReadAsTheyWereMeant() {
        var random = new Random(1_414);
        for (int i = 0; i < 2_000; i++) {
            Map<String, HeaderValue> headers = headers(random, "type" + i);
            byte[] payload = ("{\"p\":\"" + "x".repeat(random.nextInt(200)) + "\"}").getBytes(UTF_8);
            byte[] message = bytes(new Message(headers, payload));

            var answer = new Listening();
            Reading.of(new EventStreamDecoder(answer), message, Reading.randomCuts(message, random));

            assertThat(answer.malformed()).isNull();
            assertThat(answer.heard).containsExactly("type" + i + " " + new String(payload, UTF_8));
        }
    }

    @Test
    void headersThatAwsDecoderRefusesAreRefused() {
        var random = new Random(5_772);
        int refused = 0;
        for (int i = 0; i < 4_000; i++) {
            byte[] message = bytes(new Message(headers(random, "t"), "{}".getBytes(UTF_8)));
            byte[] headers = Arrays.copyOfRange(message, 12, message.length - 6);
            headers[random.nextInt(headers.length)] = (byte) random.nextInt(20);
            byte[] changed = Frames.message(headers, "{}".getBytes(UTF_8));
            var answer = new Listening();
            Reading.of(new EventStreamDecoder(answer), changed);

            boolean accepted = acceptedByAws(changed);
            assertThat(answer.malformed() == null)
                    .as(HexFormat.of().formatHex(changed))
                    .isEqualTo(accepted);
            refused += accepted ? 0 : 1;
        }
        assertThat(refused).isBetween(400, 3_600);
    }

    private static boolean acceptedByAws(byte[] message) {
        try {
            var decoder = new MessageDecoder();
            decoder.feed(message);
            return !decoder.getDecodedMessages().isEmpty();
        } catch (RuntimeException refused) {
            return false;
        }
    }

    /// Without single bytes and shorts, whose values AWS's encoder forgets.
    private static Map<String, HeaderValue> headers(Random random, String type) {
        Map<String, HeaderValue> headers = new HashMap<>();
        headers.put(":event-type", HeaderValue.fromString(type));
        headers.put(":message-type", HeaderValue.fromString("event"));
        for (int i = random.nextInt(6); i > 0; i--) {
            headers.put(
                    "h" + i,
                    switch (random.nextInt(6)) {
                        case 0 -> HeaderValue.fromBoolean(random.nextBoolean());
                        case 1 -> HeaderValue.fromInteger(random.nextInt());
                        case 2 -> HeaderValue.fromLong(random.nextLong());
                        case 3 -> HeaderValue.fromTimestamp(Instant.ofEpochMilli(random.nextLong(1L << 40)));
                        case 4 -> HeaderValue.fromByteArray(new byte[1 + random.nextInt(300)]);
                        default -> HeaderValue.fromString("é".repeat(1 + random.nextInt(200)));
                    });
        }
        return headers;
    }

    private static byte[] bytes(Message message) {
        var buffer = message.toByteBuffer();
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }

    /// Keeps what it is given.
    private static final class Listening extends Answer {
        final List<String> heard = new ArrayList<>();

        Listening() {
            super(new ErrorReader(List.of()));
        }

        @Override
        boolean read(String type, byte[] bytes, int from, int to, long endOffset, int eventBytes, ChunkSink sink) {
            heard.add(type + " " + new String(bytes, from, to - from, UTF_8));
            return true;
        }

        @Override
        String failure() {
            return "";
        }

        @Override
        Completion completion(boolean terminatorSeen) {
            return new Completion(List.of(), terminatorSeen, null, error(), malformed(), 0);
        }
    }
}
