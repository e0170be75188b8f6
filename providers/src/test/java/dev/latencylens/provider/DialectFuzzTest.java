package dev.latencylens.provider;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.latencylens.exchange.ResponseHead;
import dev.latencylens.exchange.StreamDecoder;
import java.net.URI;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Whatever a server sends, no dialect's decoder throws, and what it reads does not depend on how the bytes were
/// split.
class DialectFuzzTest {
    private static final List<ResponseHead> HEADS =
            List.of(Reading.STREAM, Reading.JSON, Reading.head(500, "text/html"), Reading.head(200, "text/plain"));

    private static final List<byte[]> BODIES = Stream.of(
                    OpenAiChatDecoderTest.BODIES.getFirst(),
                    OpenAiResponsesTest.STREAM,
                    AnthropicMessagesTest.STREAM,
                    AnthropicMessagesTest.STREAM
                            .lines()
                            .filter(line -> line.startsWith("data:"))
                            .map(line -> line.substring("data:".length()) + "\n")
                            .reduce("", String::concat),
                    GeminiTest.STREAM,
                    GeminiTest.ARRAY)
            .map(body -> body.getBytes(UTF_8))
            .toList();

    @FuzzTest(maxDuration = "2m")
    void anyBodyIsReadAlikeWhateverItsSplit(FuzzedDataProvider data) {
        DialectName dialect = data.pickValue(DialectName.values());
        ResponseHead head = data.pickValue(HEADS);
        boolean stream = data.consumeBoolean();
        long seed = data.consumeLong();
        assertSplitDoesNotMatter(dialect, head, stream, data.consumeRemainingAsBytes(), new Random(seed));
    }

    @ParameterizedTest
    @EnumSource
    void changedBodiesOfEveryDialectAreReadAlike(DialectName dialect) {
        var random = new Random(271_828);
        for (int i = 0; i < 600; i++) {
            byte[] body = BODIES.get(random.nextInt(BODIES.size())).clone();
            for (int changes = random.nextInt(6); changes > 0; changes--) {
                change(body, random);
            }
            ResponseHead head = HEADS.get(random.nextInt(HEADS.size()));
            assertSplitDoesNotMatter(dialect, head, random.nextBoolean(), body, random);
        }
    }

    @ParameterizedTest
    @EnumSource
    void numbersAndNestingBeyondReasonAreRead(DialectName dialect) {
        for (String body : List.of(
                "{\"error\":" + "[".repeat(499) + "]".repeat(499) + "}",
                "{\"usage\":{\"input_tokens\":1" + "0".repeat(500) + "},\"type\":\"message_delta\"}",
                "{\"candidates\":[{\"index\":1e400,\"content\":{\"parts\":[{\"text\":\"a\"}]}}]}",
                "{\"candidates\":[{\"index\":-7,\"content\":{\"parts\":{\"a\":{\"text\":\"a\"}}}}]}",
                "{\"type\":{\"type\":[]},\"object\":7,\"error\":false}",
                "[".repeat(2_000))) {
            assertSplitDoesNotMatter(dialect, Reading.JSON, true, body.getBytes(UTF_8), new Random(1));
            assertSplitDoesNotMatter(
                    dialect, Reading.STREAM, true, ("data: " + body + "\n\n").getBytes(UTF_8), new Random(1));
        }
    }

    @ParameterizedTest
    @EnumSource
    void bytesThatLookLikeAnotherEncodingAreUtf8(DialectName dialect) {
        byte[] likeUtf32 = "data:\u00ce\0\0\0\0\0\u0010\u0014\t\t\0\n\n".getBytes(ISO_8859_1);
        byte[] likeUtf16 = "data:\0{\0}\n\n".getBytes(ISO_8859_1);

        for (byte[] body : List.of(likeUtf32, likeUtf16)) {
            assertSplitDoesNotMatter(dialect, Reading.STREAM, true, body, new Random(1));
            assertSplitDoesNotMatter(dialect, Reading.JSON, false, body, new Random(1));
        }
    }

    @Test
    void anAnswerBehindAByteOrderMarkIsRead() {
        byte[] body = "\uFEFF{\"message\":{\"role\":\"assistant\",\"content\":\"a\"},\"done\":true}".getBytes(UTF_8);
        var options = DialectOptions.at(URI.create("http://127.0.0.1"), "m").stream(false);

        assertThat(Reading.of(DialectName.OLLAMA.with(options).decoder(Reading.JSON), body).chunks)
                .hasSize(1);
    }

    @ParameterizedTest
    @EnumSource
    void jsonThatIsNoAnswerIsNotTakenForAnEmptyOne(DialectName dialect) {
        var options = DialectOptions.at(URI.create("http://127.0.0.1:8000/v1"), "anthropic.claude-v2").stream(false);

        assertThat(Reading.of(dialect.with(options).decoder(Reading.JSON), "{\"hello\":1}".getBytes(UTF_8))
                        .completion()
                        .malformed())
                .contains("JSON and no answer");
    }

    @Test
    void countsBeyondReasonAreNotCounted() {
        byte[] body = ("{\"choices\":[{\"index\":0,\"message\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}],"
                        + "\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":9000000000000000000}}")
                .getBytes(UTF_8);
        var options = DialectOptions.at(URI.create("http://127.0.0.1:8000/v1"), "m").stream(false);

        var usage = Reading.of(DialectName.OPENAI_CHAT.with(options).decoder(Reading.JSON), body)
                .completion()
                .usage();
        assertThat(Objects.requireNonNull(usage).inputTotal()).isEqualTo(3);
        assertThat(usage.outputTotal()).isNull();
    }

    @Test
    void dialectsAreFoundByTheirNames() {
        for (DialectName dialect : DialectName.values()) {
            DialectOptions options = DialectOptions.at(URI.create("http://127.0.0.1"), "anthropic.claude-v2");
            assertThat(DialectName.of(dialect.label())).isSameAs(dialect);
            assertThat(dialect.with(options).name()).isEqualTo(dialect.label());
        }
    }

    private static void change(byte[] body, Random random) {
        int at = random.nextInt(body.length);
        switch (random.nextInt(3)) {
            case 0 -> body[at] = (byte) random.nextInt(256);
            case 1 -> body[at] = (byte) "{}[]\",:\\\n\r ".charAt(random.nextInt(11));
            default -> {
                int from = random.nextInt(body.length);
                int length = Math.min(random.nextInt(40), body.length - Math.max(at, from));
                System.arraycopy(body, from, body, at, length);
            }
        }
    }

    private static void assertSplitDoesNotMatter(
            DialectName dialect, ResponseHead head, boolean stream, byte[] body, Random random) {
        var options = DialectOptions.at(URI.create("http://127.0.0.1:8000/v1"), "anthropic.claude-v2").stream(stream);
        assertSplitDoesNotMatter(() -> dialect.with(options).decoder(head), body, random);
        assertSplitDoesNotMatter(() -> dialect.decoder(body), body, random);
    }

    private static void assertSplitDoesNotMatter(Supplier<StreamDecoder> decoder, byte[] body, Random random) {
        Reading whole = Reading.of(decoder.get(), body);
        for (int[] cuts : new int[][] {Reading.everyByte(body), Reading.randomCuts(body, random)}) {
            Reading split = Reading.of(decoder.get(), body, cuts);
            assertThat(split.events).isEqualTo(whole.events);
            assertThat(split.chunks).isEqualTo(whole.chunks);
            assertThat(split.completion()).isEqualTo(whole.completion());
        }
        long last = 0;
        for (Reading.Event event : whole.events) {
            assertThat(event.endOffset()).isGreaterThan(last).isLessThanOrEqualTo(body.length);
            assertThat(event.bytes()).isBetween(1, (int) (event.endOffset() - last));
            last = event.endOffset();
        }
    }
}
