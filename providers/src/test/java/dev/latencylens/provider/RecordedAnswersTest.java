package dev.latencylens.provider;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.junit.jupiter.params.provider.Arguments.argumentSet;

import dev.latencylens.exchange.ChunkKind;
import dev.latencylens.exchange.ProviderError;
import dev.latencylens.exchange.ResponseHead;
import dev.latencylens.exchange.Usage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Holds the decoder to recordings of real servers, with the figures that their index gives.
///
/// The recordings are not part of the project: the system property `lens.fixtures` names their folder.
class RecordedAnswersTest {
    private static final Path FOLDER = Path.of(System.getProperty("lens.fixtures", "fixtures"));

    /// One line of the index.
    record Recording(Map<String, String> columns) {
        String file() {
            return column("file");
        }

        String column(String name) {
            return columns.getOrDefault(name, "");
        }

        int number(String name) {
            return column(name).isEmpty() ? 0 : Integer.parseInt(column(name));
        }

        boolean isStream() {
            return column("dialect").equals("chat");
        }

        boolean isLines() {
            return column("framing").startsWith("ndjson");
        }

        boolean isWhole() {
            String provider = column("provider");
            return column("framing").equals("json")
                    && (provider.equals("openai-chat")
                            || provider.equals("azure-openai")
                            || provider.startsWith("compat-"));
        }

        /// The body; of a recording without framing, each line as an event.
        byte[] body() throws IOException {
            Path path = FOLDER.resolve(file());
            return isLines()
                    ? Files.readAllLines(path).stream()
                            .filter(line -> !line.isBlank())
                            .map(line -> "data: " + line + "\n\n")
                            .collect(Collectors.joining())
                            .getBytes(StandardCharsets.UTF_8)
                    : Files.readAllBytes(path);
        }

        ResponseHead head() {
            return Reading.head(
                    Integer.parseInt(column("http_status")), isStream() ? "text/event-stream" : "application/json");
        }
    }

    static List<Recording> index() throws IOException {
        Path index = FOLDER.resolve("INDEX.tsv");
        if (!Files.exists(index)) {
            return List.of();
        }
        List<String> lines = Files.readAllLines(index);
        List<String> names = Arrays.asList(lines.getFirst().split("\t", -1));
        List<Recording> recordings = new ArrayList<>();
        for (String line : lines.subList(1, lines.size())) {
            List<String> values = Arrays.asList(line.split("\t", -1));
            Map<String, String> columns = new HashMap<>();
            for (int i = 0; i < Math.min(names.size(), values.size()); i++) {
                columns.put(names.get(i), values.get(i));
            }
            recordings.add(new Recording(columns));
        }
        return recordings;
    }

    static Stream<Arguments> streams() throws IOException {
        return index().stream().filter(Recording::isStream).map(recording -> argumentSet(recording.file(), recording));
    }

    static Stream<Arguments> wholeBodies() throws IOException {
        return index().stream().filter(Recording::isWhole).map(recording -> argumentSet(recording.file(), recording));
    }

    @Test
    void recordingsAreFound() {
        assumeTrue(
                Files.exists(FOLDER.resolve("INDEX.tsv")),
                "no recordings in " + FOLDER + ": set the system property lens.fixtures to their folder");
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("streams")
    void streamIsReadAsTheIndexSaysWhateverItsSplit(Recording recording) throws Exception {
        byte[] body = recording.body();
        Reading whole = Reading.of(recording.head(), body);

        assertThat(whole.completion().malformed()).isNull();
        assertThat(whole.events).hasSize(eventsExpected(recording));
        assertThat(whole.streamDecoder().comments()).isEqualTo(recording.number("comments"));
        assertOutput(whole, recording);
        assertThat(whole.chunks(ChunkKind.TEXT)).hasSize(recording.number("text_chunks"));
        assertThat(whole.chunks(ChunkKind.REASONING)).hasSize(recording.number("reasoning_chunks"));
        assertThat(whole.completion().toolCalls()).isEqualTo(recording.number("tool_calls"));
        assertThat(whole.chunks(ChunkKind.TOOL))
                .hasSize(recording.number("tool_arg_chunks") + recording.number("tool_calls"));
        assertThat(whole.completion().terminatorSeen())
                .isEqualTo(recording.column("terminator_seen").equals("yes"));
        assertThat(whole.events.stream()
                        .mapToLong(Reading.Event::endOffset)
                        .max()
                        .orElse(0))
                .isLessThanOrEqualTo(body.length);

        Random random = new Random(4_711);
        assertSame(Reading.of(recording.head(), body, Reading.everyByte(body)), whole);
        for (int i = 0; i < 20; i++) {
            assertSame(Reading.of(recording.head(), body, Reading.randomCuts(body, random)), whole);
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("wholeBodies")
    void wholeBodyIsReadAsTheIndexSaysWhateverItsSplit(Recording recording) throws Exception {
        byte[] body = recording.body();
        Reading whole = Reading.of(recording.head(), body);

        assertOutput(whole, recording);
        if (recording.head().isSuccess()) {
            assertThat(whole.events).containsExactly(new Reading.Event(body.length, body.length));
            assertThat(whole.completion().terminatorSeen()).isTrue();
        } else {
            assertThat(whole.events).isEmpty();
        }
        assertSame(Reading.of(recording.head(), body, Reading.everyByte(body)), whole);
    }

    static void assertSame(Reading split, Reading whole) {
        assertThat(split.events).isEqualTo(whole.events);
        assertThat(split.chunks).isEqualTo(whole.chunks);
        assertThat(split.completion()).isEqualTo(whole.completion());
    }

    /// The index counts blocks: comments and the terminator are blocks, but no events.
    private static int eventsExpected(Recording recording) {
        int terminator = recording.column("terminator_seen").equals("yes") ? 1 : 0;
        return recording.number("events") - recording.number("comments") - terminator;
    }

    static void assertOutput(Reading reading, Recording recording) throws Exception {
        String text = reading.text(ChunkKind.TEXT);
        assertThat(text.codePointCount(0, text.length())).isEqualTo(recording.number("text_codepoints"));
        assertThat(text).hasSize(recording.number("text_utf16_units"));
        if (!recording.column("text_sha256_16").isEmpty()) {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            assertThat(HexFormat.of().formatHex(digest, 0, 8)).isEqualTo(recording.column("text_sha256_16"));
        }
        String reasoning = reading.text(ChunkKind.REASONING);
        assertThat(reasoning.codePointCount(0, reasoning.length())).isEqualTo(recording.number("reasoning_codepoints"));
        assertFinish(reading, recording);
        assertUsage(reading.completion().usage(), recording);
        assertError(reading, recording);
    }

    /// The index lists every reason that came; the decoder has one for each choice, and these have one choice.
    private static void assertFinish(Reading reading, Recording recording) {
        List<String> reasons = recording.column("finish").isEmpty()
                ? List.of()
                : List.of(recording.column("finish").split(",")).stream()
                        .distinct()
                        .toList();
        assertThat(reading.completion().finishReasons()).isEqualTo(reasons);
    }

    private static void assertUsage(@Nullable Usage found, Recording recording) {
        if (recording.column("input_tokens").isEmpty()) {
            assertThat(found).isNull();
            return;
        }
        Usage usage = requireNonNull(found);
        boolean reasoningExcluded = recording.column("provider").equals("compat-xai");
        int output = recording.number("output_tokens") + (reasoningExcluded ? recording.number("reasoning_tokens") : 0);
        assertThat(usage.inputTotal()).isEqualTo(recording.number("input_tokens"));
        assertThat(usage.outputTotal()).isEqualTo(output);
        assertCount(usage.cachedRead(), recording.column("cached_read_tokens"));
        assertCount(usage.reasoning(), recording.column("reasoning_tokens"));
    }

    private static void assertCount(@Nullable Long count, String expected) {
        if (!expected.isEmpty()) {
            assertThat(count).isEqualTo(Long.valueOf(expected));
        }
    }

    /// The index gives the error object, cut short.
    private static void assertError(Reading reading, Recording recording) {
        String expected = recording.column("mid_stream_error");
        if (expected.isEmpty()) {
            assertThat(reading.completion().error()).isNull();
            return;
        }
        String start = "\"message\": \"";
        String message = expected.substring(expected.indexOf(start) + start.length());
        int end = message.indexOf('"');
        ProviderError error = requireNonNull(reading.completion().error());
        assertThat(error.message()).startsWith(end < 0 ? message : message.substring(0, end));
        assertThat(error.code()).isNotEmpty();
    }

    @Test
    void jsonLibraryReadsTheRecordingsAlike() throws Exception {
        for (Recording recording : index()) {
            if (recording.isWhole() && recording.head().isSuccess()) {
                JsonNode json = JsonMapper.shared().readTree(recording.body());
                assertThat(Reading.of(recording.head(), recording.body()).text(ChunkKind.TEXT))
                        .isEqualTo(json.at("/choices/0/message/content").asString(""));
            }
        }
    }
}
