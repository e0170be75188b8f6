package dev.latencylens.simulated;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReplayTest {
    private static final byte[] RECORDED =
            "data: {\"a\":\"日本\"}\r\n\r\n: note\n\ndata: [DONE]\n\ntail".getBytes(StandardCharsets.UTF_8);

    @TempDir
    private Path folder;

    @Test
    void bytesAreSentAsTheyAreAtEveryPaceAndOnEveryPath() throws Exception {
        Path file = Files.write(folder.resolve("recorded.sse"), RECORDED);
        ServerOptions options = ServerOptions.defaults().withReplay(file);
        try (RunningProvider server = new RunningProvider(options, Behaviour.defaults());
                RawHttp1 client = server.http1()) {
            for (String pace : new String[] {"whole", "event:1ms", "bytes:7:100us"}) {
                client.write(RawHttp1.post("X-Simulate: ttft=1ms; replay-pace=" + pace + "\r\n", "not even json")
                        .replace("/v1/chat/completions", "/v1/messages"));
                RawHttp1.Response response = client.readResponse();
                assertThat(response.body()).isEqualTo(RECORDED);
                assertThat(response.head()).contains("content-type: text/event-stream");
                TruthRecord truth = server.truth();
                int pieces = pace.equals("whole") ? 1 : pace.startsWith("event") ? 4 : (RECORDED.length + 6) / 7;
                assertThat(response.chunkSizes()).hasSize(pieces);
                assertThat(truth.chunks().kind()).hasSize(pieces).containsOnly(ChunkKind.BODY);
            }
        }
    }

    @Test
    void requestPicksAFileInsideTheFolderAndNothingOutside() throws Exception {
        Path inside = Files.createDirectory(folder.resolve("inside"));
        Files.write(inside.resolve("one.json"), "{}".getBytes(StandardCharsets.UTF_8));
        Files.write(folder.resolve("secret"), RECORDED);
        ServerOptions options = ServerOptions.defaults().withReplay(inside);
        try (RunningProvider server = new RunningProvider(options, Behaviour.defaults());
                RawHttp1 client = server.http1()) {
            RawHttp1.Response one = client.chat("replay=one.json");
            assertThat(one.text()).isEqualTo("{}");
            assertThat(one.head()).contains("content-type: application/json");
            assertThat(client.chat("replay=../secret").status()).isEqualTo(400);
            assertThat(client.chat("replay=none.json").text()).contains("replay: no file 'none.json'");
            assertThat(client.chat("").text()).endsWith("data: [DONE]\n\n");
        }
    }

    @Test
    void bodyThatTheSocketDoesNotTakeAtOnceIsSentWholeAndTheWaitIsCounted() throws Exception {
        byte[] large = new byte[24 << 20];
        new java.util.Random(1).nextBytes(large);
        Path file = Files.write(folder.resolve("large.bin"), large);
        ServerOptions options = ServerOptions.defaults().withReplay(file);
        try (RunningProvider server = new RunningProvider(options, Behaviour.defaults());
                RawHttp1 client = server.http1()) {
            RawHttp1.Response response = client.send("Connection: close\r\n", RawHttp1.CHAT);
            assertThat(response.body()).isEqualTo(large);
            assertThat(server.truth().heldWrites()).isPositive();
        }
    }
}
