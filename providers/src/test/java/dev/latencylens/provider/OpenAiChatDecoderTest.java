package dev.latencylens.provider;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.latencylens.exchange.ChunkKind;
import dev.latencylens.exchange.ProviderError;
import dev.latencylens.exchange.Usage;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

class OpenAiChatDecoderTest {
    private static final String STORY = """
            : warming up

            data: {"id":"c-1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null,"pad":"a"}

            data: {"id":"c-1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"Grüße"},"finish_reason":null}],"usage":null,"pad":"bb"}

            data: {"id":"c-1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":" \\u00e0 \\"漢\\"😀"},"finish_reason":null}],"usage":null,"pad":""}

            data: {"id":"c-1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null,"pad":"c"}

            data: {"id":"c-1","object":"chat.completion.chunk","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":2,"total_tokens":9}}

            data: [DONE]

            """;

    private static final String TOOLS = events(
            delta(
                    "\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"type\":\"function\","
                            + "\"function\":{\"name\":\"find\",\"arguments\":\"\"}}]"),
            delta("\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{\\\"q\\\"\"}}]"),
            delta("\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\":1}\"}}]"),
            delta("\"tool_calls\":[{\"index\":1,\"id\":\"b\",\"function\":{\"name\":\"open\",\"arguments\":\"{}\"}}]"));

    private static final String BROKEN = """
            data: {"choices":[{"delta":{"content":"a"}}]}

            data: {"choices":[{"delta":{"content":"b"}]}

            data: {"choices":[{"delta":{"content":"c"}}]}

            event: error
            data: {"error":{"message":"overloaded","code":"busy"}}

            """;

    static final List<String> BODIES = List.of(
            STORY,
            STORY.replace("\n", "\r\n"),
            STORY.replace("\n", "\r"),
            TOOLS,
            BROKEN,
            BROKEN.stripTrailing(),
            "error: {\"code\":500,\"message\":\"out of memory\"}\n\n",
            "{\"error\":{\"message\":\"no\"}}");

    private static String delta(String members) {
        return "{\"choices\":[{\"index\":0,\"delta\":{" + members + "}}]}";
    }

    private static String content(String text) {
        return delta("\"content\":\"" + text + "\"");
    }

    private static String events(String... documents) {
        return Stream.of(documents).map(json -> "data: " + json + "\n\n").collect(Collectors.joining());
    }

    private static ProviderError error(String body) {
        return requireNonNull(Reading.of(body).completion().error());
    }

    private static Usage usage(String usage) {
        return requireNonNull(Reading.of(events("{\"choices\":[],\"usage\":" + usage + "}"))
                .completion()
                .usage());
    }

    @ParameterizedTest
    @FieldSource("BODIES")
    void everySplitYieldsTheSameInTheCallThatBringsAnEventsLastByte(String text) {
        byte[] body = text.getBytes(UTF_8);
        Reading whole = Reading.of(Reading.STREAM, body);
        for (int cut = 0; cut <= body.length; cut++) {
            Reading split = Reading.of(Reading.STREAM, body, cut);
            assertThat(split.events).isEqualTo(whole.events);
            assertThat(split.chunks).isEqualTo(whole.chunks);
            assertThat(split.completion()).isEqualTo(whole.completion());
            for (int i = 0; i < split.events.size(); i++) {
                assertThat(split.fedWhenReported.get(i))
                        .isEqualTo(split.events.get(i).endOffset() <= cut ? cut : body.length);
            }
        }
        Reading bytewise = Reading.of(Reading.STREAM, body, Reading.everyByte(body));
        assertThat(bytewise.events).isEqualTo(whole.events);
        assertThat(bytewise.chunks).isEqualTo(whole.chunks);
        assertThat(bytewise.completion()).isEqualTo(whole.completion());
    }

    @Test
    void emptyDeltasAreEventsButNoChunks() {
        Reading reading = Reading.of(STORY);

        assertThat(reading.events).hasSize(5);
        assertThat(reading.said()).containsExactly("text 0 'Grüße'", "text 0 ' à \"漢\"😀'");
        assertThat(reading.chunks).extracting(Reading.Chunk::event).containsExactly(1, 2);
        assertThat(reading.streamDecoder().comments()).isEqualTo(1);
    }

    @Test
    void terminatorIsNoEvent() {
        Reading reading = Reading.of("data: [DONE] \n\n");

        assertThat(reading.events).isEmpty();
        assertThat(reading.completion().terminatorSeen()).isTrue();
    }

    @Test
    void eventWithoutDataIsAPing() {
        Reading reading = Reading.of("event: ping\ndata:\n\ndata: \t\n\n");

        assertThat(reading.events).isEmpty();
        assertThat(reading.completion().malformed()).isNull();
    }

    @Test
    void answerWithoutTerminatorSaysSo() {
        assertThat(Reading.of(events(content("a"))).completion().terminatorSeen())
                .isFalse();
    }

    @Test
    void reasoningUnderBothNamesCountsOnce() {
        assertThat(Reading.of(events(delta("\"reasoning\":\"hm\",\"reasoning_content\":\"h\\u006d\"")))
                        .said())
                .containsExactly("reasoning 0 'hm'");
        assertThat(Reading.of(events(delta("\"reasoning_content\":\"a\",\"content\":\"t\",\"reasoning\":\"b\"")))
                        .said())
                .containsExactly("reasoning 0 'a'", "text 0 't'", "reasoning 0 'b'");
        assertThat(Reading.of(events(delta("\"reasoning\":null,\"reasoning_content\":\"a\",\"content\":\"\"")))
                        .said())
                .containsExactly("reasoning 0 'a'");
    }

    @Test
    void contentMayBeAList() {
        String parts = "\"content\":[{\"type\":\"thinking\",\"thinking\":[{\"type\":\"text\",\"text\":\"hm\"}]},"
                + "{\"type\":\"text\",\"text\":\"a\"},\"b\",{\"type\":\"thinking\",\"thinking\":\"so\"},null,[]]";

        assertThat(Reading.of(events(delta(parts))).said())
                .containsExactly("reasoning 0 'hm'", "text 0 'a'", "text 0 'b'", "reasoning 0 'so'");
    }

    @Test
    void refusalIsOutputOfItsOwnKind() {
        assertThat(Reading.of(events(delta("\"refusal\":\"I can't\""))).said()).containsExactly("refusal 0 'I can't'");
    }

    @Test
    void legacyCompletionsCarryTextInTheChoice() {
        assertThat(Reading.of(events("{\"choices\":[{\"text\":\"a\",\"index\":0}]}"))
                        .said())
                .containsExactly("text 0 'a'");
    }

    @Test
    void textOfTheChoiceIsPassedOverBesideTextOfTheDelta() {
        assertThat(Reading.of(events("{\"choices\":[{\"text\":\"a\",\"delta\":{\"content\":\"a\"}}]}"))
                        .said())
                .containsExactly("text 0 'a'");
        assertThat(Reading.of(events("{\"choices\":[{\"text\":null,\"delta\":{\"content\":[\"a\",\"b\"]}}]}"))
                        .said())
                .containsExactly("text 0 'a'", "text 0 'b'");
    }

    @Test
    void choiceIndexCountsWhereverItStands() {
        Reading reading = Reading.of(
                events("{\"choices\":[{\"delta\":{\"content\":\"a\"},\"index\":2,\"finish_reason\":\"length\"},"
                        + "{\"index\":0,\"delta\":{\"content\":\"b\"},\"finish_reason\":\"stop\"}]}"));

        assertThat(reading.said()).containsExactly("text 2 'a'", "text 0 'b'");
        assertThat(reading.completion().finishReasons()).containsExactly("length", "stop");
    }

    @Test
    void oneFinishReasonForEachChoice() {
        String finish = "{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"%s\"}]}";

        assertThat(Reading.of(events(finish.formatted("stop"), finish.formatted("stop"), finish.formatted("")))
                        .completion()
                        .finishReasons())
                .containsExactly("stop");
    }

    @Test
    void toolCallsAreCountedByIndex() {
        Reading reading = Reading.of(TOOLS);

        assertThat(reading.said())
                .containsExactly("tool 0 'find'", "tool 0 '{\"q\"'", "tool 0 ':1}'", "tool 0 'open'", "tool 0 '{}'");
        assertThat(reading.completion().toolCalls()).isEqualTo(2);
    }

    @Test
    void toolCallsAreCountedWhereServersTreatTheIndexOddly() {
        String named = "\"tool_calls\":[{%s\"id\":\"%s\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]";
        String nameless = "\"tool_calls\":[{%s\"id\":\"%s\",\"function\":{\"arguments\":\"{}\"}}]";

        assertThat(toolCalls(delta(named.formatted("", "a")), delta(named.formatted("", "b"))))
                .isEqualTo(2);
        assertThat(toolCalls(delta(named.formatted("\"index\":0,", "a")), delta(named.formatted("\"index\":0,", "b"))))
                .isEqualTo(2);
        assertThat(toolCalls(delta(named.formatted("\"index\":0,", "a")), delta(named.formatted("\"index\":0,", "a"))))
                .isEqualTo(1);
        assertThat(toolCalls(
                        delta(named.formatted("\"index\":0,", "a")), delta(nameless.formatted("\"index\":0,", "b"))))
                .isEqualTo(1);
        assertThat(toolCalls(delta(named.formatted("", "a")), delta(nameless.formatted("", "a"))))
                .isEqualTo(1);
        assertThat(toolCalls(
                        delta("\"function_call\":{\"name\":\"f\"}"), delta("\"function_call\":{\"arguments\":\"{}\"}")))
                .isEqualTo(1);
        assertThat(toolCalls(delta("\"tool_calls\":[null,3]"), delta("\"tool_calls\":null")))
                .isZero();
    }

    private static int toolCalls(String... documents) {
        return Reading.of(events(documents)).completion().toolCalls();
    }

    @Test
    void usageIsBroughtToOneMeaning() {
        assertThat(usage("{\"prompt_tokens\":10,\"completion_tokens\":5,\"prompt_tokens_details\":{\"cached_tokens\":4,"
                        + "\"cache_write_tokens\":2},\"completion_tokens_details\":{\"reasoning_tokens\":3}}"))
                .extracting(
                        Usage::inputTotal, Usage::cachedRead, Usage::cacheWrite, Usage::outputTotal, Usage::reasoning)
                .containsExactly(10L, 4L, 2L, 5L, 3L);
        assertThat(usage("{\"prompt_tokens\":10,\"prompt_cache_hit_tokens\":8}").cachedRead())
                .isEqualTo(8);
        assertThat(usage("{\"completion_tokens\":9,\"reasoning_tokens\":1.5}").reasoning())
                .isNull();
    }

    @Test
    void reasoningIsAddedWhereTheTotalSaysThatItIsLeftOut() {
        String usage = "{\"prompt_tokens\":10,\"completion_tokens\":5,\"total_tokens\":%d,"
                + "\"completion_tokens_details\":{\"reasoning_tokens\":3}}";

        assertThat(usage(usage.formatted(18)).outputTotal()).isEqualTo(8);
        assertThat(usage(usage.formatted(15)).outputTotal()).isEqualTo(5);
    }

    @Test
    void groqsUsageCountsWhereThereIsNoOther() {
        String groq = "\"x_groq\":{\"id\":\"r\",\"usage\":{\"completion_tokens\":1}}";

        assertThat(requireNonNull(Reading.of(events("{\"choices\":[]," + groq + "}"))
                                .completion()
                                .usage())
                        .outputTotal())
                .isEqualTo(1);
        assertThat(requireNonNull(Reading.of(events("{" + groq + ",\"usage\":{\"completion_tokens\":2}}"))
                                .completion()
                                .usage())
                        .outputTotal())
                .isEqualTo(2);
        assertThat(requireNonNull(Reading.of(events("{\"usage\":{\"completion_tokens\":2}," + groq + "}"))
                                .completion()
                                .usage())
                        .raw())
                .isEqualTo("{\"completion_tokens\":2}");
    }

    @Test
    void serversOwnTimesAreKeptByTheirNames() {
        Map<String, Long> timings = Reading.of(events(
                        "{\"choices\":[{\"delta\":{\"content\":\"a\"}}],\"timings\":{\"prompt_ms\":1}}",
                        "{\"choices\":[],\"timings\":{\"prompt_n\":3,\"prompt_ms\":12.5,\"predicted_ms\":2,"
                                + "\"predicted_per_token_ms\":1.0,\"x_ms\":\"4\"}}",
                        "{\"choices\":[],\"timings\":null}",
                        "{\"choices\":[],\"usage\":{\"queue_time\":0.5,\"prompt_tokens\":3}}"))
                .completion()
                .serverTimingsNs();

        assertThat(timings)
                .isEqualTo(Map.of("prompt_ms", 12_500_000L, "predicted_ms", 2_000_000L, "queue_time", 500_000_000L));
    }

    @Test
    void lastUsageCountsAndNullIsNone() {
        assertThat(Reading.of(events("{\"usage\":null}")).completion().usage()).isNull();
        assertThat(requireNonNull(Reading.of(events(
                                        "{\"usage\":{\"completion_tokens\":1}}",
                                        "{\"usage\":{\"completion_tokens\":2}}",
                                        "{\"usage\":null}"))
                                .completion()
                                .usage())
                        .outputTotal())
                .isEqualTo(2);
    }

    @Test
    void tokensOfAChunkAreTheGrowthOfAContinuousUsage() {
        String chunk =
                "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"%s\"}}],\"usage\":{\"completion_tokens\":%d}}";

        assertThat(Reading.of(events(
                                chunk.formatted("", 0),
                                chunk.formatted("a", 1),
                                chunk.formatted("", 2),
                                chunk.formatted("bc", 4)))
                        .said())
                .containsExactly("text 0 'a' 1", "text 0 'bc' 3");
    }

    @Test
    void tokensAreUnknownWhereUsageComesOnlyAtTheEnd() {
        String last = "{\"choices\":[{\"delta\":{\"content\":\"b\"}}],\"usage\":{\"completion_tokens\":40}}";

        assertThat(Reading.of(events(content("a"), last)).said()).containsExactly("text 0 'a'", "text 0 'b'");
    }

    @Test
    void tokensAreUnknownWhereSeveralChoicesShareTheCount() {
        String chunk =
                "{\"choices\":[{\"index\":%d,\"delta\":{\"content\":\"x\"}}],\"usage\":{\"completion_tokens\":%d}}";

        assertThat(Reading.of(events(chunk.formatted(1, 1), chunk.formatted(0, 1)))
                        .said())
                .containsExactly("text 1 'x'", "text 0 'x'");
    }

    @Test
    void errorInMidStreamIsFoundInEveryShape() {
        assertThat(error(BROKEN)).isEqualTo(new ProviderError("busy", "overloaded"));
        assertThat(error(events(content("a"), "{\"error\":{\"message\":\"no room\",\"http_status_code\":422}}")))
                .isEqualTo(new ProviderError("", "no room"));
        assertThat(error(events("{\"error\":\"stopped\",\"choices\":[]}"))).isEqualTo(new ProviderError("", "stopped"));
        assertThat(error(events(
                        "{\"object\":\"error\",\"message\":\"too long\",\"type\":\"BadRequestError\",\"code\":400}")))
                .isEqualTo(new ProviderError("BadRequestError", "too long"));
        assertThat(error("event: error\ndata: backend went away\n\n"))
                .isEqualTo(new ProviderError("", "backend went away"));
        assertThat(error("event: error\ndata: {\"message\":\"m\",\"type\":\"t\"}\n\n"))
                .isEqualTo(new ProviderError("t", "m"));
        assertThat(error(events(content("a"))
                        + "error: {\"code\":500,\"message\":\"oom\",\"type\":\"server_error\"}\n\n"))
                .isEqualTo(new ProviderError("server_error", "oom"));
        assertThat(error(events(content("a"))
                        + "{\n  \"error\": {\n    \"code\": 503,\n    \"message\": \"gone\"\n  }\n}\n"))
                .isEqualTo(new ProviderError("503", "gone"));
    }

    @Test
    void outputBesideAnErrorCounts() {
        Reading reading =
                Reading.of(events("{\"error\":{\"message\":\"cut\"},\"choices\":[{\"delta\":{\"content\":\"a\"}}]}"));

        assertThat(reading.said()).containsExactly("text 0 'a'");
        assertThat(reading.completion().error()).isEqualTo(new ProviderError("", "cut"));
    }

    @Test
    void emptyErrorIsNone() {
        assertThat(Reading.of(events("{\"error\":null}", "{\"error\":{}}", "{\"error\":\"\"}", "{\"error\":false}"))
                        .completion()
                        .error())
                .isNull();
    }

    @Test
    void malformedEventIsRecordedWithItsPlaceAndDecodingGoesOn() {
        Reading reading = Reading.of(BROKEN);

        assertThat(reading.said()).containsExactly("text 0 'a'", "text 0 'c'");
        assertThat(reading.events).hasSize(4);
        assertThat(reading.completion().malformed())
                .isEqualTo("event at byte 47 is no JSON: expected ',' or '}', was ']' at byte 36");
    }

    @Test
    void eventCutOffInItsMiddleIsNoneAndNotMalformed() {
        Reading reading = Reading.of(events(content("a")) + "data: {\"choices\":[{\"del");

        assertThat(reading.events).hasSize(1);
        assertThat(reading.completion().malformed()).isNull();
    }

    @Test
    void eventThatLacksOnlyItsBlankLineCounts() {
        assertThat(Reading.of(events(content("a")).strip()).said()).containsExactly("text 0 'a'");
    }

    @Test
    void bytesThatAreNoUtf8AreReplacedAndSaid() {
        for (int[] bytes :
                new int[][] {{0xFF}, {0xC3}, {0xC0, 0x80}, {0xED, 0xA0, 0x80}, {0xE2, 0x82}, {0xF4, 0x90, 0x80, 0x80}
                }) {
            byte[] body = events(content("aXXXXb")).getBytes(UTF_8);
            int at = events(content("a")).indexOf("\"a\"") + 2;
            for (int i = 0; i < bytes.length; i++) {
                body[at + i] = (byte) bytes[i];
            }
            Reading reading = Reading.of(Reading.STREAM, body);
            assertThat(reading.said()).singleElement().asString().contains("\uFFFD", "b'");
            assertThat(reading.completion().malformed())
                    .isEqualTo("text is not UTF-8 in the event that ends at byte " + body.length);
        }
    }

    @Test
    void eventBeyondTheLimitIsRecordedAndDecodingGoesOn() {
        byte[] body = events(content("a".repeat(100)), content("b")).getBytes(UTF_8);
        Reading reading = Reading.of(new SseDecoder(new ChatAnswer(new ErrorReader(List.of())), 80), body);

        assertThat(reading.said()).containsExactly("text 0 'b'");
        assertThat(reading.events).hasSize(2);
        assertThat(reading.completion().malformed()).isEqualTo("event at byte 0 is longer than 80 bytes");
    }

    @Test
    void webPageInsteadOfAStreamIsMalformed() {
        assertThat(Reading.of("<html>\n<p>hello\n").completion().malformed())
                .isEqualTo("expected server-sent events, was '<html>'");
        assertThat(Reading.of("[1,2]").completion().malformed()).isEqualTo("expected server-sent events, was '[1,2]'");
        assertThat(Reading.of("\n\n").completion().malformed()).isNull();
    }

    @Test
    void valuesThatAreNoObjectsSayNothing() {
        Reading reading = Reading.of(events(
                "null",
                "[]",
                "7",
                "{\"choices\":3}",
                "{\"choices\":[1]}",
                "{\"choices\":[{\"delta\":[]}]}",
                "{\"usage\":4,\"x_groq\":{\"usage\":null}}",
                "{\"choices\":[{\"delta\":{\"content\":{\"a\":1}}}]}"));

        assertThat(reading.events).hasSize(8);
        assertThat(reading.chunks).isEmpty();
        assertThat(reading.completion().malformed()).isNull();
    }

    @Test
    void nestingIsBounded() {
        assertThat(Reading.of(events("[".repeat(100_000))).completion().malformed())
                .contains("at most 500 levels");
        assertThat(Reading.of(events("{\"a\":".repeat(600))).completion().malformed())
                .contains("at most 500 levels");
    }

    @Test
    void kindsOfOutputKeepTheirOrder() {
        assertThat(Reading.of(events(delta("\"content\":\"a\",\"refusal\":\"b\",\"reasoning\":\"c\""))).chunks)
                .extracting(Reading.Chunk::kind)
                .containsExactly(ChunkKind.TEXT, ChunkKind.REFUSAL, ChunkKind.REASONING);
    }
}
