package dev.latencylens.provider;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.argumentSet;

import dev.latencylens.exchange.ChunkKind;
import dev.latencylens.exchange.StreamDecoder;
import dev.latencylens.exchange.Usage;
import dev.latencylens.provider.RecordedAnswersTest.Recording;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Holds the dialects of Cohere, Mistral and Ollama to recordings, with the figures that their index gives.
class RecordedOtherAnswersTest {
    private static final Path FOLDER = Path.of(System.getProperty("lens.fixtures", "fixtures"));

    /// The index's names of streams' dialects.
    private static final Map<String, DialectName> STREAMS =
            Map.of("cohere2", DialectName.COHERE, "cohere-v1", DialectName.COHERE, "ollama", DialectName.OLLAMA);

    private static final Map<String, DialectName> WHOLE_BODIES = Map.of(
            "cohere-v2", DialectName.COHERE,
            "mistral", DialectName.MISTRAL,
            "compat-ollama", DialectName.OPENAI_CHAT,
            "azure-openai", DialectName.AZURE_OPENAI);

    /// The index leaves out plans for tool calls, which are output all the same.
    private static final Pattern TOOL_PLAN =
            Pattern.compile("\"type\":\"tool-plan-delta\",\"delta\":\\{\"message\":\\{\"tool_plan\":\"([^\"]+)\"");

    static Stream<Arguments> streams() throws IOException {
        return RecordedAnswersTest.index().stream()
                .filter(recording -> STREAMS.containsKey(recording.column("dialect")))
                .map(recording -> argumentSet(recording.file(), recording));
    }

    static Stream<Arguments> mistralStreams() throws IOException {
        return RecordedAnswersTest.index().stream()
                .filter(recording -> recording.column("provider").equals("mistral") && recording.isStream())
                .map(recording -> argumentSet(recording.file(), recording));
    }

    static Stream<Arguments> wholeBodies() throws IOException {
        return RecordedAnswersTest.index().stream()
                .filter(recording -> WHOLE_BODIES.containsKey(recording.column("provider")))
                .filter(recording -> recording.column("framing").equals("json"))
                .map(recording -> argumentSet(recording.file(), recording));
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("streams")
    void streamIsReadAsTheIndexSaysWhateverItsSplit(Recording recording) throws Exception {
        DialectName dialect = requireNonNull(STREAMS.get(recording.column("dialect")));
        byte[] body = body(recording);
        Reading whole = Reading.of(dialect.decoder(body), body);

        assertStream(whole, recording, new String(body, UTF_8));
        assertThat(whole.completion().whole()).isTrue();
        assertThat(whole.fedWhenReported).hasSameSizeAs(whole.events);
        assertSplits(dialect, body, whole);
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("mistralStreams")
    void mistralsStreamIsReadAsTheIndexSays(Recording recording) throws Exception {
        byte[] body = recording.body();
        Reading whole = Reading.of(DialectName.MISTRAL.decoder(body), body);

        assertStream(whole, recording, new String(body, UTF_8));
        assertSplits(DialectName.MISTRAL, body, whole);
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("wholeBodies")
    void wholeBodyIsReadAsTheIndexSays(Recording recording) throws Exception {
        DialectName name = requireNonNull(WHOLE_BODIES.get(recording.column("provider")));
        byte[] body = body(recording);
        StreamDecoder decoder =
                name.with(DialectOptions.at(URI.create("http://h/v1"), "m")).decoder(recording.head());
        Reading reading = Reading.of(decoder, body, Reading.everyByte(body));

        if (!recording.head().isSuccess()) {
            assertThat(reading.events).isEmpty();
            assertThat(requireNonNull(reading.completion().error()).message())
                    .isNotEmpty()
                    .isSubstringOf(new String(body, UTF_8));
            return;
        }
        assertThat(reading.events).containsExactly(new Reading.Event(body.length, body.length));
        assertThat(reading.completion().terminatorSeen()).isTrue();
        assertThat(reading.completion().whole()).isTrue();
        assertOutput(reading, recording);
        Reading recorded = Reading.of(name.decoder(body), body);
        assertThat(recorded.chunks).isEqualTo(reading.chunks);
        assertThat(recorded.completion()).isEqualTo(reading.completion());
    }

    private static byte[] body(Recording recording) throws IOException {
        return Files.readAllBytes(FOLDER.resolve(recording.file()));
    }

    private static void assertSplits(DialectName dialect, byte[] body, Reading whole) {
        assertSame(Reading.of(dialect.decoder(body), body, Reading.everyByte(body)), whole);
        Random random = new Random(4_711);
        for (int i = 0; i < 20; i++) {
            assertSame(Reading.of(dialect.decoder(body), body, Reading.randomCuts(body, random)), whole);
        }
    }

    private static void assertSame(Reading split, Reading whole) {
        assertThat(split.events).isEqualTo(whole.events);
        assertThat(split.chunks).isEqualTo(whole.chunks);
        assertThat(split.completion()).isEqualTo(whole.completion());
    }

    private static void assertStream(Reading reading, Recording recording, String body) throws Exception {
        List<String> plan =
                TOOL_PLAN.matcher(body).results().map(found -> found.group(1)).toList();

        assertThat(reading.completion().malformed()).isNull();
        assertThat(reading.completion().error()).isNull();
        assertThat(reading.events).hasSize(recording.number("events") - (body.contains("[DONE]") ? 1 : 0));
        assertThat(reading.chunks(ChunkKind.TEXT)).hasSize(recording.number("text_chunks"));
        assertThat(reading.chunks(ChunkKind.REASONING)).hasSize(recording.number("reasoning_chunks"));
        assertThat(reading.completion().toolCalls()).isEqualTo(recording.number("tool_calls"));
        assertThat(reading.chunks(ChunkKind.TOOL))
                .hasSize(recording.number("tool_arg_chunks") + recording.number("tool_calls") + plan.size());
        assertThat(reading.completion().terminatorSeen())
                .isEqualTo(recording.column("terminator_seen").equals("yes"));
        assertOutput(reading, recording);
    }

    private static void assertOutput(Reading reading, Recording recording) throws Exception {
        String text = reading.text(ChunkKind.TEXT);
        assertThat(text.codePointCount(0, text.length())).isEqualTo(recording.number("text_codepoints"));
        assertThat(text).hasSize(recording.number("text_utf16_units"));
        if (!recording.column("text_sha256_16").isEmpty()) {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(UTF_8));
            assertThat(HexFormat.of().formatHex(digest, 0, 8)).isEqualTo(recording.column("text_sha256_16"));
        }
        String reasoning = reading.text(ChunkKind.REASONING);
        assertThat(reasoning.codePointCount(0, reasoning.length())).isEqualTo(recording.number("reasoning_codepoints"));
        assertThat(String.join(",", reading.completion().finishReasons())).isEqualTo(recording.column("finish"));
        assertUsage(reading.completion().usage(), recording);
    }

    private static void assertUsage(@Nullable Usage found, Recording recording) {
        Usage usage = requireNonNull(found);
        assertThat(usage.reported().input()).isEqualTo(recording.number("input_tokens"));
        assertThat(usage.reported().output()).isEqualTo(recording.number("output_tokens"));
        assertCount(usage.reported().cachedRead(), recording.column("cached_read_tokens"));
        assertCount(usage.reported().reasoning(), recording.column("reasoning_tokens"));
        assertThat(usage.inputTotal()).isEqualTo(usage.reported().input());
        assertThat(usage.outputTotal()).isEqualTo(usage.reported().output());
    }

    private static void assertCount(@Nullable Long count, String expected) {
        if (!expected.isEmpty()) {
            assertThat(count).isEqualTo(Long.valueOf(expected));
        }
    }
}
