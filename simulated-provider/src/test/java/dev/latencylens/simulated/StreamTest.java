package dev.latencylens.simulated;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// What a stream holds, and that the record equals what a raw client saw.
class StreamTest {
    private static final JsonMapper JSON = new JsonMapper();
    private RunningProvider server;

    @BeforeEach
    void start() throws IOException {
        server = RunningProvider.with("");
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
    }

    private record Seen(RawHttp1.Response response, TruthRecord truth) {
        List<JsonNode> chunks() {
            List<JsonNode> chunks = new ArrayList<>();
            for (String event : response.text().split("\n\n")) {
                if (event.startsWith("data: {")) {
                    chunks.add(JSON.readTree(event.substring(6)));
                }
            }
            return chunks;
        }

        String content(int choice, String field) {
            StringBuilder text = new StringBuilder();
            for (JsonNode chunk : chunks()) {
                for (JsonNode one : chunk.get("choices")) {
                    if (one.get("index").intValue() == choice) {
                        text.append(one.path("delta").path(field).asString(""));
                    }
                }
            }
            return text.toString();
        }

        List<ChunkKind> kinds() {
            return Arrays.asList(truth.chunks().kind());
        }
    }

    /// Asks once, and checks what holds for every answer: bytes, framing, and chunks in their writes.
    private Seen ask(String simulate, String body) throws IOException, InterruptedException {
        try (RawHttp1 client = server.http1()) {
            RawHttp1.Response response = client.chat(simulate, body);
            Seen seen = new Seen(response, server.truth());
            TruthRecord truth = seen.truth();
            assertThat(response.status()).isEqualTo(200);
            assertThat(response.end()).isEqualTo(RawHttp1.End.PROPER);
            assertThat(IntStream.of(truth.writes().bytes()).sum())
                    .as("bytes of all writes")
                    .isEqualTo((int) response.bytes());
            assertThat(truth.writes().atNs()).isSorted();
            assertThat(truth.chunks().write()).isSorted();
            assertThat(truth.end()).isEqualTo("complete");
            assertThat(truth.acceptedAtNs()).isLessThanOrEqualTo(truth.requestFirstByteReadAtNs());
            assertThat(truth.requestFirstByteReadAtNs()).isLessThanOrEqualTo(truth.requestReadAtNs());
            assertThat(truth.requestReadAtNs()).isLessThan(truth.writes().atNs()[0]);
            assertThat(IntStream.of(truth.chunks().tokens()).sum() + hidden(simulate))
                    .isEqualTo(truth.completionTokens());
            return seen;
        }
    }

    private static int hidden(String simulate) {
        return simulate.contains("hidden") ? 5 : 0;
    }

    private Seen ask(String simulate) throws IOException, InterruptedException {
        return ask(simulate, RawHttp1.CHAT);
    }

    @Test
    void answerWithoutPaceLeavesInOneWrite() throws Exception {
        Seen seen = ask("");

        assertThat(seen.truth().writes().bytes()).hasSize(1);
        assertThat(seen.content(0, "content")).isEqualTo(Vocabulary.text(0, 16));
        assertThat(seen.kinds().getFirst()).isEqualTo(ChunkKind.ROLE);
        assertThat(seen.kinds().subList(17, 20)).containsExactly(ChunkKind.FINISH, ChunkKind.USAGE, ChunkKind.DONE);
        assertThat(seen.chunks().getLast().get("usage").get("completion_tokens").intValue())
                .isEqualTo(16);
        assertThat(seen.chunks().getLast().get("usage").get("prompt_tokens").intValue())
                .isEqualTo(4);
        assertThat(seen.truth().promptTokens()).isEqualTo(4);
        assertThat(seen.response().text()).endsWith("data: [DONE]\n\n");
    }

    @Test
    void pacedTokensLeaveOneByOneAndNeverEarly() throws Exception {
        Seen seen = ask("ttft=20ms; gap=list:5ms,7ms; tokens=4");

        TruthRecord truth = seen.truth();
        assertThat(truth.writes().bytes())
                .as("head, then a write for each token")
                .hasSize(5);
        assertThat(seen.response().chunkSizes()).hasSize(4);
        long[] dueNs = {20_000_000, 25_000_000, 32_000_000, 37_000_000};
        int token = 0;
        for (int i = 0; i < seen.kinds().size(); i++) {
            if (seen.kinds().get(i) == ChunkKind.TEXT) {
                assertThat(truth.chunkAtNs(i) - truth.requestReadAtNs()).isGreaterThanOrEqualTo(dueNs[token++]);
            }
        }
        assertThat(token).isEqualTo(4);
    }

    @Test
    void lateHeadersLeaveWithTheFirstToken() throws Exception {
        Seen seen = ask("ttft=5ms; gap=1ms; tokens=2; headers=late");

        assertThat(seen.truth().writes().bytes()).hasSize(2);
        assertThat(seen.truth().chunks().write()[0]).isZero();
    }

    @Test
    void preludeSendsTheRoleBeforeTheFirstToken() throws Exception {
        Seen seen = ask("ttft=20ms; gap=1ms; tokens=2; prelude=2ms");

        TruthRecord truth = seen.truth();
        assertThat(seen.kinds().getFirst()).isEqualTo(ChunkKind.ROLE);
        assertThat(truth.chunkAtNs(1)).isGreaterThan(truth.chunkAtNs(0));
    }

    @Test
    void requestLimitWinsOverTheLengthAndFinishesWithLength() throws Exception {
        String limited = RawHttp1.CHAT.replace("\"model\"", "\"max_tokens\":3,\"model\"");

        Seen shorter = ask("tokens=9", limited);
        assertThat(shorter.truth().completionTokens()).isEqualTo(3);
        assertThat(shorter.response().text()).contains("\"finish_reason\":\"length\"");
        Seen enough = ask("tokens=2", limited);
        assertThat(enough.truth().completionTokens()).isEqualTo(2);
        assertThat(enough.response().text()).contains("\"finish_reason\":\"stop\"");
        assertThat(ask("", limited).truth().completionTokens()).isEqualTo(3);
    }

    @Test
    void chunksHoldSeveralTokens() throws Exception {
        Seen seen = ask("tokens=7; tokens-per-chunk=3; usage=never; done=false; role-chunk=false");

        assertThat(seen.truth().chunks().tokens()).containsExactly(3, 3, 1, 0);
        assertThat(seen.content(0, "content")).isEqualTo(Vocabulary.text(0, 7));
        assertThat(seen.kinds()).containsExactly(ChunkKind.TEXT, ChunkKind.TEXT, ChunkKind.TEXT, ChunkKind.FINISH);
    }

    @Test
    void reasoningComesBeforeTheTextInTheFieldThatWasAsked() throws Exception {
        Seen shown = ask("tokens=2; reasoning-tokens=5; reasoning-field=reasoning_content");
        assertThat(shown.content(0, "reasoning_content")).isEqualTo(Vocabulary.text(0, 5));
        assertThat(shown.content(0, "content")).isEqualTo(Vocabulary.text(0, 2));
        assertThat(shown.truth().completionTokens()).isEqualTo(7);
        assertThat(shown.truth().reasoningTokens()).isEqualTo(5);
        assertThat(ask("tokens=2; reasoning-tokens=5").content(0, "reasoning")).isEqualTo(Vocabulary.text(0, 5));

        Seen hidden = ask("tokens=2; reasoning-tokens=5; reasoning-field=hidden");
        assertThat(hidden.kinds()).doesNotContain(ChunkKind.REASONING);
        assertThat(hidden.response().text()).contains("\"reasoning_tokens\":5");
    }

    @Test
    void toolCallStreamsItsArguments() throws Exception {
        for (int tokens : new int[] {1, 2, 6}) {
            Seen seen = ask("tool-call=true; tokens=" + tokens);
            StringBuilder arguments = new StringBuilder();
            for (JsonNode chunk : seen.chunks()) {
                arguments.append(chunk.at("/choices/0/delta/tool_calls/0/function/arguments")
                        .asString(""));
            }
            assertThat(JSON.readTree(arguments.toString()).isObject())
                    .as("%s", arguments)
                    .isTrue();
            assertThat(seen.response().text())
                    .contains("\"name\":\"look_up\"")
                    .contains("\"finish_reason\":\"tool_calls\"");
            assertThat(seen.kinds().stream().filter(kind -> kind == ChunkKind.TOOL))
                    .hasSize(tokens + 1);
        }
    }

    @Test
    void choicesInterleaveAndEachHasItsRoleAndItsFinish() throws Exception {
        Seen seen = ask("tokens=2", RawHttp1.CHAT.replace("\"model\"", "\"n\":2,\"model\""));

        assertThat(seen.truth().chunks().choice()).containsExactly(0, 1, 0, 1, 0, 1, 0, 1, 0, 0);
        assertThat(seen.kinds())
                .containsExactly(
                        ChunkKind.ROLE,
                        ChunkKind.ROLE,
                        ChunkKind.TEXT,
                        ChunkKind.TEXT,
                        ChunkKind.TEXT,
                        ChunkKind.TEXT,
                        ChunkKind.FINISH,
                        ChunkKind.FINISH,
                        ChunkKind.USAGE,
                        ChunkKind.DONE);
        assertThat(seen.content(1, "content")).isEqualTo(Vocabulary.text(0, 2));
        assertThat(seen.truth().completionTokens()).isEqualTo(4);
    }

    @Test
    void severalEventsShareAWrite() throws Exception {
        Seen seen = ask("events-per-write=3; tokens=4; role-chunk=false; usage=never");

        assertThat(seen.truth().chunks().write()).containsExactly(0, 0, 0, 1, 1, 1);
        assertThat(ask("events-per-write=1; tokens=4; role-chunk=false; usage=never")
                        .truth()
                        .chunks()
                        .write())
                .containsExactly(0, 1, 2, 3, 4, 5);
    }

    @Test
    void oneEventTakesSeveralWritesWithACutInsideACharacter() throws Exception {
        Seen seen = ask("writes-per-event=3; tokens=4; role-chunk=false; usage=never; split-gap=1ms");

        TruthRecord truth = seen.truth();
        assertThat(truth.chunks().write()).containsExactly(2, 5, 8, 11, 14, 17);
        assertThat(seen.content(0, "content")).isEqualTo(Vocabulary.text(0, 4));
        byte[] body = seen.response().body();
        int offset = 0;
        int inside = 0;
        for (int size : seen.response().chunkSizes()) {
            offset += size;
            inside += offset < body.length && (body[offset] & 0xC0) == 0x80 ? 1 : 0;
        }
        assertThat(inside).as("cuts inside a UTF-8 character").isEqualTo(2);
        for (int i = 1; i < 3; i++) {
            assertThat(truth.writes().atNs()[i] - truth.writes().atNs()[i - 1]).isPositive();
        }
    }

    @Test
    void keepAlivesComeBeforeAndBetweenTokens() throws Exception {
        Seen seen = ask("ttft=8ms; gap=4ms; tokens=2; pings=1; comments=2; pings-between=1; comments-between=1");

        assertThat(seen.kinds())
                .containsExactly(
                        ChunkKind.COMMENT,
                        ChunkKind.ROLE,
                        ChunkKind.EMPTY,
                        ChunkKind.COMMENT,
                        ChunkKind.TEXT,
                        ChunkKind.COMMENT,
                        ChunkKind.EMPTY,
                        ChunkKind.TEXT,
                        ChunkKind.FINISH,
                        ChunkKind.USAGE,
                        ChunkKind.DONE);
        assertThat(seen.response().text()).contains(": SIMULATED PROCESSING\n\n");
    }

    @Test
    void paddingChangesBytesAndNotTokens() throws Exception {
        Seen seen = ask("padding=true; tokens=3");

        assertThat(seen.chunks())
                .allSatisfy(chunk -> assertThat(chunk.has("obfuscation")).isTrue());
        assertThat(seen.content(0, "content")).isEqualTo(Vocabulary.text(0, 3));
    }

    @Test
    void usageFollowsTheSettingAndTheRequest() throws Exception {
        String unasked = RawHttp1.CHAT.replace("true}", "false}");
        assertThat(ask("", unasked).kinds()).doesNotContain(ChunkKind.USAGE);
        assertThat(ask("usage=always", unasked).kinds()).contains(ChunkKind.USAGE);
        assertThat(ask("usage=never").kinds()).doesNotContain(ChunkKind.USAGE);
        assertThat(ask("cached-tokens=3").response().text()).contains("\"cached_tokens\":3");
    }

    @Test
    void answerWithoutAStreamIsOneBodyWithItsLength() throws Exception {
        Seen seen = ask("tokens=3; reasoning-tokens=2", RawHttp1.WHOLE);

        JsonNode body = JSON.readTree(seen.response().text());
        assertThat(body.at("/choices/0/message/content").asString()).isEqualTo(Vocabulary.text(0, 3));
        assertThat(body.at("/choices/0/message/reasoning").asString()).isEqualTo(Vocabulary.text(0, 2));
        assertThat(body.at("/usage/completion_tokens").intValue()).isEqualTo(5);
        assertThat(seen.response().head()).contains("content-length: ");
        assertThat(seen.kinds()).containsExactly(ChunkKind.REASONING, ChunkKind.TEXT, ChunkKind.USAGE);
        JsonNode tool = JSON.readTree(
                ask("tokens=3; tool-call=true", RawHttp1.WHOLE.replace("{\"model\"", "{\"n\":2,\"model\""))
                        .response()
                        .text());
        assertThat(JSON.readTree(tool.at("/choices/1/message/tool_calls/0/function/arguments")
                                .asString())
                        .isObject())
                .isTrue();
    }

    @Test
    void wholeBodyIsDueWhenTheLastTokenOfAStreamWouldBe() throws Exception {
        TruthRecord truth = ask("ttft=10ms; gap=5ms; tokens=3", RawHttp1.WHOLE).truth();

        assertThat(truth.writes().bytes()).hasSize(1);
        assertThat(truth.writes().atNs()[0] - truth.requestReadAtNs()).isGreaterThanOrEqualTo(20_000_000);
    }

    @Test
    void requestIdIsEchoedAndRecorded() throws Exception {
        try (RawHttp1 client = server.http1()) {
            RawHttp1.Response response = client.send("X-Request-ID: mine-7\r\n", RawHttp1.CHAT);
            assertThat(response.head()).contains("x-request-id: mine-7\r\n");
            assertThat(server.truth().id()).isEqualTo("mine-7");
        }
    }

    @Test
    void bodyTextIsTheSameInEveryRun() throws Exception {
        assertThat(ask("tokens=40").content(0, "content").getBytes(StandardCharsets.UTF_8))
                .isEqualTo(Vocabulary.text(0, 40).getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void longAnswerWithoutPaceIsComplete() throws Exception {
        Seen seen = ask("tokens=30000");

        assertThat(seen.truth().completionTokens()).isEqualTo(30_000);
        assertThat(seen.content(0, "content")).isEqualTo(Vocabulary.text(0, 30_000));
    }
}
