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
import java.net.URI;
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
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Holds the decoders to recordings of real servers, with the figures that their index gives.
///
/// The recordings are not part of the project: the system property `lens.fixtures` names their folder.
class RecordedAnswersTest {
    private static final Path FOLDER = Path.of(System.getProperty("lens.fixtures", "fixtures"));

    /// The index's names of dialects, and the product's; [RecordedBedrockTest] and [RecordedOtherAnswersTest] have
    /// the rest.
    private static final Map<String, String> DIALECTS = Map.of(
            "chat", "openai-chat",
            "anthropic", "anthropic",
            "responses", "openai-responses",
            "gemini", "gemini");

    /// The dialects of bodies that came whole, of which the index gives only the provider.
    private static final Map<String, String> PROVIDERS = Map.of(
            "openai-chat", "openai-chat",
            "azure-openai", "openai-chat",
            "openai-responses", "openai-responses",
            "anthropic", "anthropic",
            "gemini", "gemini");

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

        /// The dialect's name in the product, empty where there is none for it.
        String label() {
            if (!column("dialect").isEmpty()) {
                return DIALECTS.getOrDefault(column("dialect"), "");
            }
            String provider = column("provider");
            return provider.startsWith("compat-") ? "openai-chat" : PROVIDERS.getOrDefault(provider, "");
        }

        boolean isChat() {
            return label().equals("openai-chat");
        }

        boolean isReadable() {
            return !label().isEmpty();
        }

        boolean isStream() {
            return isReadable() && !column("dialect").isEmpty();
        }

        /// Whether the recording keeps the documents of events and not their framing.
        boolean isUnframed() {
            return column("framing").contains("no SSE framing");
        }

        boolean isWhole() {
            return isReadable() && column("framing").equals("json");
        }

        /// The body; of a recording without framing, each line as an event.
        byte[] body() throws IOException {
            return isUnframed()
                    ? Files.readAllLines(FOLDER.resolve(file())).stream()
                            .filter(line -> !line.isBlank())
                            .map(line -> "data: " + line + "\n\n")
                            .collect(Collectors.joining())
                            .getBytes(StandardCharsets.UTF_8)
                    : bytes();
        }

        byte[] bytes() throws IOException {
            return Files.readAllBytes(FOLDER.resolve(file()));
        }

        /// How often something stands in the recording that the index does not count as the product does.
        int count(String regex) throws IOException {
            return Math.toIntExact(Pattern.compile(regex)
                    .matcher(new String(bytes(), StandardCharsets.UTF_8))
                    .results()
                    .count());
        }

        ResponseHead head() {
            return Reading.head(Integer.parseInt(column("http_status")), contentType());
        }

        private String contentType() {
            return switch (column("framing")) {
                case "json", "json-array" -> "application/json; charset=UTF-8";
                case "ndjson" -> "application/x-ndjson";
                case "aws-eventstream" -> "application/vnd.amazon.eventstream";
                default -> "text/event-stream";
            };
        }

        Reading read(int... cuts) throws IOException {
            DialectOptions options =
                    DialectOptions.at(URI.create("http://127.0.0.1:8000/v1"), "anthropic.claude-v2").stream(isStream());
            return Reading.of(DialectName.of(label()).with(options).decoder(head()), body(), cuts);
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

    /// A file without a head tells what it is, unless it is an error or chat's events without their framing.
    static Stream<Arguments> framed() throws IOException {
        return index().stream()
                .filter(recording -> recording.isStream() || recording.isWhole())
                .filter(recording -> recording.head().isSuccess() && !(recording.isChat() && recording.isUnframed()))
                .map(recording -> argumentSet(recording.file(), recording));
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
        Reading whole = recording.read();

        assertThat(whole.completion().malformed()).isNull();
        assertThat(whole.events).hasSize(eventsExpected(recording));
        assertThat(whole.comments()).isEqualTo(recording.number("comments"));
        assertOutput(whole, recording);
        assertThat(whole.chunks(ChunkKind.TEXT)).hasSize(recording.number("text_chunks"));
        assertThat(whole.chunks(ChunkKind.REASONING)).hasSize(reasoningChunksExpected(recording));
        assertThat(whole.completion().toolCalls()).isEqualTo(toolCallsExpected(recording));
        assertThat(whole.chunks(ChunkKind.TOOL)).hasSize(toolChunksExpected(recording));
        assertThat(whole.completion().terminatorSeen())
                .isEqualTo(recording.column("terminator_seen").equals("yes"));
        assertThat(whole.completion().whole()).isEqualTo(wholeExpected(recording));
        assertThat(whole.events.stream()
                        .mapToLong(Reading.Event::endOffset)
                        .max()
                        .orElse(0))
                .isLessThanOrEqualTo(body.length);

        Random random = new Random(4_711);
        assertSame(recording.read(Reading.everyByte(body)), whole);
        for (int i = 0; i < 20; i++) {
            assertSame(recording.read(Reading.randomCuts(body, random)), whole);
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("wholeBodies")
    void wholeBodyIsReadAsTheIndexSaysWhateverItsSplit(Recording recording) throws Exception {
        byte[] body = recording.body();
        Reading whole = recording.read();

        assertOutput(whole, recording);
        if (recording.head().isSuccess()) {
            assertThat(whole.events).containsExactly(new Reading.Event(body.length, body.length));
            assertThat(whole.completion().terminatorSeen()).isTrue();
            assertThat(whole.completion().whole()).isTrue();
        } else {
            assertThat(whole.events).isEmpty();
        }
        assertSame(recording.read(Reading.everyByte(body)), whole);
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("framed")
    void framingOfARecordingIsFoundWithoutItsHead(Recording recording) throws Exception {
        Reading framed = recording.read();
        Reading found = Reading.of(DialectName.of(recording.label()).decoder(recording.bytes()), recording.bytes());
        assertThat(found.chunks).isEqualTo(framed.chunks);
        assertThat(found.completion()).isEqualTo(framed.completion());
    }

    static void assertSame(Reading split, Reading whole) {
        assertThat(split.events).isEqualTo(whole.events);
        assertThat(split.chunks).isEqualTo(whole.chunks);
        assertThat(split.completion()).isEqualTo(whole.completion());
    }

    /// The index counts blocks: comments are blocks, but no events, and neither is `[DONE]`.
    private static int eventsExpected(Recording recording) {
        boolean done = recording.isChat() && recording.column("terminator_seen").equals("yes");
        return recording.number("events") - recording.number("comments") - (done ? 1 : 0);
    }

    /// The index counts Anthropic's empty pieces of thinking too.
    private static int reasoningChunksExpected(Recording recording) throws IOException {
        return recording.number("reasoning_chunks") - recording.count("\"type\":\"thinking_delta\",\"thinking\":\"\"");
    }

    /// The index counts each part of a streamed call of Gemini's.
    private static int toolCallsExpected(Recording recording) throws IOException {
        return recording.label().equals("gemini")
                ? recording.count("\"functionCall\"\\s*:\\s*\\{\\s*\"name\"")
                : recording.number("tool_calls");
    }

    /// The index counts empty pieces of arguments too, and leaves out the names of tools that the server runs, the
    /// code that it runs, and arguments that came whole.
    private static int toolChunksExpected(Recording recording) throws IOException {
        int listed = recording.number("tool_arg_chunks") + toolCallsExpected(recording);
        return switch (recording.label()) {
            case "anthropic" ->
                listed
                        - recording.count("\"partial_json\":\"\"")
                        + recording.count("\"type\":\"(server|mcp)_tool_use\"");
            case "openai-responses" ->
                listed + recording.count("\"type\":\"response.code_interpreter_call_code.delta\"");
            case "gemini" ->
                listed
                        + recording.count("\"args\"\\s*:\\s*\\{\\s*\"")
                        + recording.count("\"stringValue\"\\s*:\\s*\"[^\"]");
            default -> listed;
        };
    }

    private static boolean wholeExpected(Recording recording) throws IOException {
        boolean terminated = recording.column("terminator_seen").equals("yes");
        return switch (recording.label()) {
            case "openai-chat", "anthropic", "ollama" -> terminated;
            default -> !recording.column("finish").isEmpty() || recording.count("\"blockReason\"") > 0;
        };
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

    /// The index lists every reason that came; the decoder has each choice's last, and these have one choice.
    private static void assertFinish(Reading reading, Recording recording) {
        String reasons = recording.column("finish");
        assertThat(reading.completion().finishReasons())
                .isEqualTo(reasons.isEmpty() ? List.of() : List.of(reasons.substring(reasons.lastIndexOf(',') + 1)));
    }

    private static void assertUsage(@Nullable Usage found, Recording recording) {
        if (recording.column("input_tokens").isEmpty()) {
            assertThat(found).isNull();
            return;
        }
        Usage usage = requireNonNull(found);
        assertCount(usage.reported().input(), recording, "input_tokens");
        assertCount(usage.reported().output(), recording, "output_tokens");
        assertCount(usage.reported().cachedRead(), recording, "cached_read_tokens");
        assertCount(usage.reported().cacheCreation(), recording, "cache_creation_tokens");
        assertCount(usage.reported().reasoning(), recording, "reasoning_tokens");
        assertNormalised(usage, recording);
    }

    /// Some servers leave what was cached out of the input, others what was reasoning out of the output.
    private static void assertNormalised(Usage usage, Recording recording) {
        boolean cachedExcluded = recording.label().equals("anthropic");
        int cached = recording.number("cached_read_tokens") + recording.number("cache_creation_tokens");
        boolean reasoningExcluded = recording.label().equals("gemini")
                || recording.column("provider").equals("compat-xai");
        assertThat(usage.inputTotal()).isEqualTo(recording.number("input_tokens") + (cachedExcluded ? cached : 0));
        assertThat(usage.outputTotal())
                .isEqualTo(recording.number("output_tokens")
                        + (reasoningExcluded ? recording.number("reasoning_tokens") : 0));
        assertThat(usage.cachedRead()).isEqualTo(usage.reported().cachedRead());
        assertThat(usage.cacheWrite()).isEqualTo(usage.reported().cacheCreation());
        assertThat(usage.reasoning()).isEqualTo(usage.reported().reasoning());
    }

    /// The index leaves out some counts of the chat dialect that are there.
    private static void assertCount(@Nullable Long count, Recording recording, String column) {
        if (!recording.column(column).isEmpty()) {
            assertThat(count).as(column).isEqualTo(Long.valueOf(recording.column(column)));
        } else if (!recording.isChat()) {
            assertThat(count).as(column).isIn(null, 0L);
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
        if (!recording.isChat()) {
            assertThat(error.code()).containsPattern("[A-Za-z]");
        }
    }

    @Test
    void jsonLibraryReadsTheRecordingsAlike() throws Exception {
        for (Recording recording : index()) {
            if (recording.isWhole() && recording.isChat() && recording.head().isSuccess()) {
                JsonNode json = JsonMapper.shared().readTree(recording.body());
                assertThat(recording.read().text(ChunkKind.TEXT))
                        .isEqualTo(json.at("/choices/0/message/content").asString(""));
            }
        }
    }
}
