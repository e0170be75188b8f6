package dev.latencylens.simulated;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class Http2Test {
    private RunningProvider server;

    @BeforeEach
    void start() throws IOException {
        server = RunningProvider.with("tokens=6; fault-after=3");
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
    }

    @Test
    void recordEqualsTheFramesThatWereSeen() throws Exception {
        try (RawHttp2 client = server.http2()) {
            client.chat(1, "ttft=30ms; gap=60ms; tokens=3");
            RawHttp2.Frame head = client.next();
            assertThat(client.headers(head).status()).hasToString("200");
            assertThat(client.headers(head).get("content-type")).hasToString("text/event-stream; charset=utf-8");
            int bytes = head.payload().length + 9;
            int frames = 1;
            String last = "";
            boolean ended = false;
            while (!ended) {
                RawHttp2.Frame frame = client.next();
                bytes += frame.payload().length + 9;
                frames++;
                last = frame.text();
                ended = frame.endsStream();
            }
            TruthRecord truth = server.truth();
            assertThat(last).endsWith("data: [DONE]\n\n");
            assertThat(truth.httpVersion()).isEqualTo("2");
            assertThat(IntStream.of(truth.writes().bytes()).sum()).isEqualTo(bytes);
            assertThat(truth.writes().bytes()).hasSize(frames).hasSize(4);
            assertThat(truth.end()).isEqualTo("complete");
        }
    }

    @Test
    void streamsOfOneConnectionInterleave() throws Exception {
        try (RawHttp2 client = server.http2()) {
            client.chat(1, "ttft=20ms; gap=10ms; tokens=4");
            client.chat(3, "ttft=1ms; gap=1ms; tokens=2");
            assertThat(client.readBody(3)).endsWith("data: [DONE]\n\n");
            assertThat(server.truth().connection()).isEqualTo(server.provider.connectionsAccepted());
            assertThat(client.readBody(1)).endsWith("data: [DONE]\n\n");
        }
        server.truth();
    }

    @Test
    void answersThatShareWritesLeaveTogetherAndEachIsRecorded() throws Exception {
        try (RawHttp2 client = server.http2()) {
            client.chatAtOnce("ttft=20ms; gap=10ms; tokens=20; shared-writes=true", 1, 3);
            var seen = new ArrayList<RawHttp2.Frame>();
            while (seen.stream().filter(RawHttp2.Frame::endsStream).count() < 2) {
                seen.add(client.next());
            }
            for (int stream : new int[] {1, 3}) {
                String body = seen.stream()
                        .filter(frame -> frame.stream() == stream && frame.type() == RawHttp2.DATA)
                        .map(RawHttp2.Frame::text)
                        .collect(Collectors.joining());
                assertThat(body).contains("\"content\":\"").endsWith("data: [DONE]\n\n");
            }
            TruthRecord first = server.truth();
            TruthRecord second = server.truth();
            int bytes =
                    seen.stream().mapToInt(frame -> frame.payload().length + 9).sum();
            assertThat(IntStream.of(first.writes().bytes()).sum()
                            + IntStream.of(second.writes().bytes()).sum())
                    .isEqualTo(bytes);
            Set<Long> instants = LongStream.of(first.writes().atNs()).boxed().collect(Collectors.toSet());
            assertThat(LongStream.of(second.writes().atNs()).boxed())
                    .as("a turn of the loop that took longer than its slice may part one or another")
                    .anyMatch(instants::contains);
        }
    }

    @Test
    void tinyWindowHoldsTheAnswerUntilTheClientGrantsMore() throws Exception {
        try (RawHttp2 client = new RawHttp2(server.provider.port(), 10)) {
            client.chat(1, "role-chunk=false; usage=never; done=false; tokens=2");
            client.next();
            StringBuilder body = new StringBuilder();
            int frames = 0;
            while (true) {
                RawHttp2.Frame frame = client.next();
                body.append(frame.text());
                frames++;
                assertThat(frame.payload().length).isLessThanOrEqualTo(10);
                if (frame.endsStream()) {
                    break;
                }
                client.windowUpdate(1, 10);
            }
            TruthRecord truth = server.truth();
            assertThat(body.toString()).contains("\"finish_reason\":\"stop\"").endsWith("\n\n");
            assertThat(truth.heldWrites()).isPositive();
            assertThat(truth.writes().bytes()).hasSize(frames);
            int[] write = truth.chunks().write();
            assertThat(write).isSorted();
            assertThat(write[write.length - 1]).isEqualTo(frames - 1);
        }
    }

    @Test
    void connectionWindowIsSharedByTheStreams() throws Exception {
        try (RawHttp2 client = new RawHttp2(server.provider.port(), 1 << 20)) {
            client.chat(1, "tokens=500");
            int seen = 0;
            RawHttp2.Frame frame = client.next();
            while (seen < 65_535) {
                frame = client.next();
                seen += frame.payload().length;
            }
            assertThat(seen).isEqualTo(65_535);
            client.send(RawHttp2.PING, 0, 0, new byte[8]);
            assertThat(client.next().type())
                    .as("nothing but the answer to the ping")
                    .isEqualTo(RawHttp2.PING);
            client.windowUpdate(0, 1 << 20);
            assertThat(client.readBody(1)).endsWith("data: [DONE]\n\n");
        }
        assertThat(server.truth().completionTokens()).isEqualTo(500);
    }

    @Test
    void windowMayShrinkBelowZeroAndGrowAgain() throws Exception {
        try (RawHttp2 client = new RawHttp2(server.provider.port(), 100)) {
            client.chat(1, "tokens=20");
            client.next();
            assertThat(client.next().payload()).hasSize(100);
            client.send(RawHttp2.SETTINGS, 0, 0, new byte[] {0, 4, 0, 0, 0, 10});
            client.windowUpdate(1, 90);
            client.send(RawHttp2.PING, 0, 0, new byte[8]);
            assertThat(client.next().type()).isEqualTo(RawHttp2.PING);
            client.send(RawHttp2.SETTINGS, 0, 0, new byte[] {0, 4, 0, 1, 0, 0});
            assertThat(client.readBody(1)).endsWith("data: [DONE]\n\n");
        }
        server.truth();
    }

    @Test
    void headerBlockMayComeInContinuationsAndTheBodyWithPadding() throws Exception {
        try (RawHttp2 client = server.http2()) {
            byte[] block = client.requestHeaders("tokens=1");
            client.send(RawHttp2.HEADERS, 0, 1, Arrays.copyOf(block, 5));
            client.send(RawHttp2.CONTINUATION, 0, 1, Arrays.copyOfRange(block, 5, 9));
            client.send(RawHttp2.CONTINUATION, 4, 1, Arrays.copyOfRange(block, 9, block.length));
            byte[] chat = RawHttp1.CHAT.getBytes(StandardCharsets.UTF_8);
            byte[] padded = new byte[chat.length + 4];
            padded[0] = 3;
            System.arraycopy(chat, 0, padded, 1, chat.length);
            client.send(RawHttp2.DATA, 1 | 8, 1, padded);
            assertThat(client.readBody(1)).endsWith("data: [DONE]\n\n");
        }
        assertThat(server.truth().promptTokens()).isEqualTo(4);
    }

    @Test
    void largeRequestIsReadAsTheServerGrantsWindow() throws Exception {
        try (RawHttp2 client = server.http2()) {
            client.send(RawHttp2.HEADERS, 4, 1, client.requestHeaders("tokens=1"));
            String words = "word ".repeat(3_000);
            byte[] start = "{\"model\":\"m\",\"messages\":[{\"content\":\"".getBytes(StandardCharsets.UTF_8);
            client.send(RawHttp2.DATA, 0, 1, start);
            for (int i = 0; i < 200; i++) {
                client.send(RawHttp2.DATA, 0, 1, words.getBytes(StandardCharsets.UTF_8));
            }
            client.send(RawHttp2.DATA, 1, 1, "\"}]}".getBytes(StandardCharsets.UTF_8));
            assertThat(client.readBody(1)).contains("\"prompt_tokens\":600000");
        }
        server.truth();
    }

    @Test
    void cancelledStreamIsRecordedAndTheConnectionLives() throws Exception {
        try (RawHttp2 client = server.http2()) {
            client.chat(1, "gap=30s");
            client.next();
            client.send(RawHttp2.RST_STREAM, 0, 1, new byte[] {0, 0, 0, 8});
            assertThat(server.truth().end()).isEqualTo("client-closed");
            client.chat(3, "");
            assertThat(client.readBody(3)).endsWith("data: [DONE]\n\n");
        }
        server.truth();
    }

    @Test
    void goawayLetsTheStreamCompleteThenCloses() throws Exception {
        try (RawHttp2 client = server.http2()) {
            client.chat(1, "fault=goaway; ttft=5ms");
            RawHttp2.Frame goaway = client.next();
            assertThat(goaway.type()).isEqualTo(RawHttp2.GOAWAY);
            assertThat(goaway.intAt(0)).isEqualTo(1);
            client.chat(3, "");
            assertThat(client.readBody(1)).endsWith("data: [DONE]\n\n");
            assertThat(server.truth().end()).isEqualTo("complete");
        }
    }

    @Test
    void refusingGoawayExcludesTheStream() throws Exception {
        try (RawHttp2 client = server.http2()) {
            client.chat(1, "");
            client.readBody(1);
            server.truth();
            client.chat(3, "fault=goaway-refuse");
            RawHttp2.Frame goaway = client.next();
            assertThat(goaway.type()).isEqualTo(RawHttp2.GOAWAY);
            assertThat(goaway.intAt(0)).isEqualTo(1);
            assertThat(client.isClosedByServer()).isTrue();
        }
        TruthRecord truth = server.truth();
        assertThat(truth.end()).isEqualTo("goaway-refuse");
        assertThat(truth.writes().bytes()).isEmpty();
    }

    @Test
    void streamIsResetAndTheConnectionLives() throws Exception {
        try (RawHttp2 client = server.http2()) {
            client.chat(1, "fault=rst-stream");
            RawHttp2.Frame frame = client.next();
            while (frame.type() != RawHttp2.RST_STREAM) {
                frame = client.next();
            }
            assertThat(frame.intAt(0)).as("INTERNAL_ERROR").isEqualTo(2);
            assertThat(server.truth().end()).isEqualTo("rst-stream");
            client.chat(3, "");
            assertThat(client.readBody(3)).endsWith("data: [DONE]\n\n");
        }
        server.truth();
    }

    @Test
    void closeEndsTheConnectionInMidStream() throws Exception {
        try (RawHttp2 client = server.http2()) {
            client.chat(1, "fault=close");
            assertThat(client.next().type()).isEqualTo(RawHttp2.HEADERS);
            assertThat(client.next().endsStream()).isFalse();
            assertThat(client.isClosedByServer()).isTrue();
        }
        assertThat(server.truth().end()).isEqualTo("close");
    }

    @Test
    void otherStreamsWaitWhileAHeadTrickles() throws Exception {
        try (RawHttp2 client = server.http2()) {
            client.chat(1, "fault=slow-headers; header-pace=200us");
            client.chat(3, "");
            client.send(RawHttp2.PING, 0, 0, new byte[8]);
            assertThat(client.next().stream()).isEqualTo(1);
            String three = client.readBody(3);
            assertThat(three).endsWith("data: [DONE]\n\n");
        }
        server.truth();
        server.truth();
    }

    @Test
    void emptyResponseEndsWithItsHead() throws Exception {
        try (RawHttp2 client = server.http2()) {
            client.chat(1, "fault=empty");
            assertThat(client.next().endsStream()).isTrue();
        }
        server.truth();
    }

    private void failsWith(int code, int type, int flags, int stream, byte[] payload) throws Exception {
        try (RawHttp2 client = server.http2()) {
            client.send(type, flags, stream, payload);
            RawHttp2.Frame frame = client.next();
            assertThat(frame.type()).isEqualTo(RawHttp2.GOAWAY);
            assertThat(frame.intAt(4)).isEqualTo(code);
            assertThat(client.isClosedByServer()).isTrue();
        }
    }

    @Test
    void brokenProtocolEndsTheConnectionWithItsError() throws Exception {
        failsWith(1, RawHttp2.CONTINUATION, 4, 1, new byte[0]);
        failsWith(1, RawHttp2.DATA, 0, 1, new byte[0]);
        failsWith(1, RawHttp2.HEADERS, 4, 2, new byte[0]);
        failsWith(1, RawHttp2.WINDOW_UPDATE, 0, 0, new byte[4]);
        failsWith(3, RawHttp2.WINDOW_UPDATE, 0, 0, new byte[] {127, -1, -1, -1});
        failsWith(3, RawHttp2.SETTINGS, 0, 0, new byte[] {0, 4, -1, 0, 0, 0});
        failsWith(6, RawHttp2.SETTINGS, 0, 0, new byte[5]);
        failsWith(6, RawHttp2.PING, 0, 0, new byte[7]);
        failsWith(6, RawHttp2.PING, 0, 0, new byte[20_000]);
        failsWith(9, RawHttp2.HEADERS, 4, 1, new byte[] {-1, -1, -1, -1, -1, -1});
        failsWith(1, 5, 0, 1, new byte[4]);
    }
}
