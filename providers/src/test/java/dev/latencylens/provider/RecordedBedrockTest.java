package dev.latencylens.provider;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.junit.jupiter.params.provider.Arguments.argumentSet;

import dev.latencylens.exchange.ChunkKind;
import dev.latencylens.exchange.Header;
import dev.latencylens.exchange.ProviderError;
import dev.latencylens.exchange.ResponseHead;
import dev.latencylens.exchange.Usage;
import dev.latencylens.provider.RecordedAnswersTest.Recording;
import java.io.IOException;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Holds the dialects of Bedrock to recordings of the real one, see [RecordedAnswersTest].
class RecordedBedrockTest {
    private static final ResponseHead STREAM = Reading.head(200, "application/vnd.amazon.eventstream");

    static Bedrock dialect(Bedrock.Api api) {
        return new Bedrock(DialectOptions.at(URI.create("http://127.0.0.1:8000"), "anthropic.claude"), api);
    }

    private static Bedrock dialect(Recording recording) {
        return dialect(recording.column("dialect").equals("converse") ? Bedrock.Api.CONVERSE : Bedrock.Api.INVOKE);
    }

    static Stream<Arguments> streams() throws IOException {
        return RecordedAnswersTest.index().stream()
                .filter(recording -> List.of("converse", "invoke").contains(recording.column("dialect")))
                .map(recording -> argumentSet(recording.file(), recording));
    }

    private static Recording recording(String file) throws IOException {
        Recording found = RecordedAnswersTest.index().stream()
                .filter(recording -> recording.file().equals(file))
                .findFirst()
                .orElse(null);
        assumeTrue(found != null, "no recording " + file + ": set the system property lens.fixtures to their folder");
        return requireNonNull(found);
    }

    private static Reading read(Bedrock.Api api, Recording recording) throws IOException {
        byte[] body = recording.body();
        Reading reading = Reading.of(dialect(api).decoder(recording.head()), body);
        RecordedAnswersTest.assertSame(
                Reading.of(dialect(api).decoder(recording.head()), body, Reading.everyByte(body)), reading);
        return reading;
    }

    @Test
    void recordingsAreFound() throws IOException {
        assertThat(recording("bedrock-converse/thinking.eventstream.bin").number("text_chunks"))
                .isEqualTo(5);
        assertThat(streams()).hasSize(11);
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("streams")
    void streamIsReadAsTheIndexSaysWhateverItsSplit(Recording recording) throws Exception {
        byte[] body = recording.body();
        Bedrock dialect = dialect(recording);
        Reading whole = Reading.of(dialect.decoder(STREAM), body);

        assertThat(whole.completion().malformed()).isNull();
        assertThat(whole.events).hasSize(recording.number("events"));
        assertThat(whole.events.getLast().endOffset()).isEqualTo(body.length);
        RecordedAnswersTest.assertOutput(whole, recording);
        assertThat(whole.chunks(ChunkKind.TEXT)).hasSize(recording.number("text_chunks"));
        assertThat(whole.chunks(ChunkKind.REASONING)).hasSize(recording.number("reasoning_chunks"));
        assertThat(whole.completion().toolCalls()).isEqualTo(recording.number("tool_calls"));
        assertThat(whole.chunks(ChunkKind.TOOL))
                .hasSize(recording.number("tool_arg_chunks")
                        - emptyArguments(recording)
                        + recording.number("tool_calls"));
        assertThat(whole.completion().whole()).isTrue();
        assertThat(whole.completion().terminatorSeen())
                .isEqualTo(recording.column("terminator_seen").equals("yes"));

        Random random = new Random(1_618);
        RecordedAnswersTest.assertSame(Reading.of(dialect.decoder(STREAM), body, Reading.everyByte(body)), whole);
        for (int i = 0; i < 20; i++) {
            int[] cuts = Reading.randomCuts(body, random);
            RecordedAnswersTest.assertSame(Reading.of(dialect.decoder(STREAM), body, cuts), whole);
        }
    }

    /// Claude begins the arguments of a call with an empty piece, which the index counts.
    private static int emptyArguments(Recording recording) {
        return recording.file().contains("claude") ? recording.number("tool_calls") : 0;
    }

    @Test
    void serversOwnTimesAreKept() throws Exception {
        Reading converse = Reading.of(
                dialect(Bedrock.Api.CONVERSE).decoder(STREAM),
                recording("bedrock-converse/guardrail.eventstream.bin").body());
        Reading invoke = Reading.of(
                dialect(Bedrock.Api.INVOKE).decoder(STREAM),
                recording("bedrock-invoke/claude-tools.eventstream.bin").body());

        assertThat(converse.completion().serverTimingsNs()).isEqualTo(Map.of("latencyMs", 1_445_000_000L));
        assertThat(invoke.completion().serverTimingsNs())
                .isEqualTo(Map.of("invocationLatency", 3_722_000_000L, "firstByteLatency", 779_000_000L));
    }

    @Test
    void wholeAnswersOfInvokeCountWhatWasCached() throws Exception {
        for (String file : List.of("bedrock-invoke/nonstream-cache.json", "bedrock-converse/nonstream-cache.json")) {
            Recording recording = recording(file);
            Reading reading = read(Bedrock.Api.INVOKE, recording);

            String text = reading.text(ChunkKind.TEXT);
            assertThat(text.codePointCount(0, text.length())).isEqualTo(recording.number("text_codepoints"));
            assertThat(reading.completion().finishReasons()).containsExactly(recording.column("finish"));
            assertThat(reading.completion().terminatorSeen()).isTrue();
            Usage usage = requireNonNull(reading.completion().usage());
            long input = recording.number("input_tokens");
            long read = recording.number("cached_read_tokens");
            long written = recording.number("cache_creation_tokens");
            assertThat(usage.reported())
                    .isEqualTo(
                            new Usage.Reported(input, (long) recording.number("output_tokens"), read, written, null));
            assertThat(usage.inputTotal()).isEqualTo(input + read + written);
        }
    }

    @Test
    void errorResponseHasTheTypeInItsHead() throws Exception {
        Recording recording = recording("bedrock-converse/error-400.json");
        var head = new ResponseHead(
                400,
                List.of(
                        Header.of("content-type", "application/json"),
                        Header.of(
                                "x-amzn-errortype",
                                "ValidationException:http://internal.amazon.com/coral/com.amazon.bedrock/")));

        assertThat(Reading.of(dialect(Bedrock.Api.CONVERSE).decoder(head), recording.body())
                        .completion()
                        .error())
                .isEqualTo(new ProviderError("ValidationException", "The provided model identifier is invalid."));
        assertThat(requireNonNull(read(Bedrock.Api.CONVERSE, recording)
                                .completion()
                                .error())
                        .code())
                .isEmpty();
    }
}
