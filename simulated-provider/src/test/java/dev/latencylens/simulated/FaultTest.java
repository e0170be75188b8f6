package dev.latencylens.simulated;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What a raw HTTP/1.1 client sees of each fault, and that the record says the same.
class FaultTest {
    private RunningProvider server;

    @BeforeEach
    void start() throws IOException {
        server = RunningProvider.with("tokens=6; fault-after=3");
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
    }

    private record Seen(RawHttp1.Response response, TruthRecord truth, boolean closedAfter) {}

    private Seen ask(String simulate, String body, boolean waitForClose) throws Exception {
        try (RawHttp1 client = server.http1()) {
            RawHttp1.Response response = client.chat(simulate, body);
            TruthRecord truth = server.truth();
            assertThat(IntStream.of(truth.writes().bytes()).sum()).isEqualTo((int) response.bytes());
            assertThat(simulate).contains("fault=" + truth.fault());
            return new Seen(response, truth, waitForClose && client.isClosedByServer());
        }
    }

    private Seen ask(String simulate) throws Exception {
        return ask(simulate, RawHttp1.CHAT, false);
    }

    @ParameterizedTest
    @CsvSource({
        "400,invalid_request",
        "401,invalid_api_key",
        "404,model_not_found",
        "429,rate_limit_exceeded",
        "500,internal_error",
        "503,service_unavailable",
        "529,overloaded"
    })
    void statusReplacesTheAnswer(int status, String code) throws Exception {
        Seen seen = ask("fault=http-" + status);

        assertThat(seen.response().status()).isEqualTo(status);
        assertThat(seen.response().text()).contains("\"code\":\"" + code + "\"");
        assertThat(seen.response().head().contains("retry-after: 1")).isEqualTo(status == 429 || status >= 503);
        assertThat(seen.truth().status()).isEqualTo(status);
        assertThat(seen.truth().end()).isEqualTo("http-" + status);
    }

    @Test
    void errorEventEndsTheStreamProperly() throws Exception {
        Seen seen = ask("fault=error-event");

        assertThat(seen.response().end()).isEqualTo(RawHttp1.End.PROPER);
        assertThat(seen.response().text()).contains("\n\ndata: {\"error\":").doesNotContain("[DONE]");
        assertThat(seen.truth().chunks().kind())
                .containsExactly(ChunkKind.ROLE, ChunkKind.TEXT, ChunkKind.TEXT, ChunkKind.ERROR);
        assertThat(seen.truth().end()).isEqualTo("error-event");
        assertThat(seen.truth().completionTokens()).isEqualTo(2);
    }

    @Test
    void namedErrorCarriesItsEventName() throws Exception {
        assertThat(ask("fault=error-named").response().text()).contains("\n\nevent: error\ndata: {\"error\":");
    }

    @Test
    void stallEndsWithTheConnection() throws Exception {
        Seen seen = ask("fault=stall; stall-for=30ms");

        assertThat(seen.response().end()).isEqualTo(RawHttp1.End.CLOSED);
        assertThat(seen.truth().end()).isEqualTo("stall");
        assertThat(seen.truth().chunks().kind()).hasSize(3);
    }

    @Test
    void clientThatLeavesAStallLeavesAStall() throws Exception {
        try (RawHttp1 client = server.http1()) {
            client.write(RawHttp1.post("X-Simulate: fault=stall; stall-for=1h\r\n", RawHttp1.CHAT));
            client.readHead();
        }
        assertThat(server.truth().end()).isEqualTo("stall");
    }

    @Test
    void resetIsSeenAsAReset() throws Exception {
        Seen seen = ask("fault=reset");

        assertThat(seen.response().end()).isEqualTo(RawHttp1.End.RESET);
        assertThat(seen.truth().end()).isEqualTo("reset");
    }

    @Test
    void closeLeavesTheBodyOpen() throws Exception {
        Seen seen = ask("fault=close; gap=1ms");

        assertThat(seen.response().end()).isEqualTo(RawHttp1.End.CLOSED);
        assertThat(seen.truth().end()).isEqualTo("close");
        assertThat(seen.truth().chunks().kind()).hasSize(3);
    }

    @Test
    void streamWithoutDoneIsOtherwiseComplete() throws Exception {
        Seen seen = ask("fault=no-done");

        assertThat(seen.response().end()).isEqualTo(RawHttp1.End.PROPER);
        assertThat(seen.response().text())
                .contains("\"finish_reason\":\"stop\"")
                .doesNotContain("[DONE]");
        assertThat(seen.truth().end()).isEqualTo("no-done");
        assertThat(seen.truth().completionTokens()).isEqualTo(6);
    }

    @Test
    void cleanCutHasNoFinish() throws Exception {
        Seen seen = ask("fault=cut-clean");

        assertThat(seen.response().end()).isEqualTo(RawHttp1.End.PROPER);
        assertThat(seen.response().text()).doesNotContain("\"finish_reason\":\"stop\"");
        assertThat(seen.truth().end()).isEqualTo("cut-clean");
    }

    @Test
    void brokenEventIsNoJsonAndTheStreamGoesOn() throws Exception {
        Seen seen = ask("fault=garbage-body");

        assertThat(seen.response().text()).contains("\"delta\n\n").endsWith("data: [DONE]\n\n");
        assertThat(seen.truth().chunks().kind()[3]).isEqualTo(ChunkKind.ERROR);
        assertThat(seen.truth().end()).isEqualTo("garbage-body");
        assertThat(seen.truth().completionTokens()).isEqualTo(6);
    }

    @Test
    void slowHeadLeavesByteByByteAndTheStreamIsComplete() throws Exception {
        Seen seen = ask("fault=slow-headers; header-pace=100us");

        int head = seen.response().head().length();
        assertThat(IntStream.of(seen.truth().writes().bytes()).limit(head)).containsOnly(1);
        assertThat(seen.truth().writes().bytes()).hasSize(head + 1);
        assertThat(seen.truth().end()).isEqualTo("complete");
    }

    @Test
    void connectionThatAnnouncesKeepAliveClosesAfterTheResponse() throws Exception {
        Seen seen = ask("fault=close-after", RawHttp1.CHAT, true);

        assertThat(seen.response().head()).contains("keep-alive: timeout=5").doesNotContain("connection: close");
        assertThat(seen.response().end()).isEqualTo(RawHttp1.End.PROPER);
        assertThat(seen.closedAfter()).isTrue();
        assertThat(seen.truth().end()).isEqualTo("complete");
    }

    @Test
    void emptyResponseIsProper() throws Exception {
        Seen seen = ask("fault=empty");

        assertThat(seen.response().status()).isEqualTo(200);
        assertThat(seen.response().text()).isEmpty();
        assertThat(seen.truth().end()).isEqualTo("empty");
    }

    @Test
    void unansweredRequestIsRecordedWhenTheClientGivesUp() throws Exception {
        try (RawHttp1 client = server.http1()) {
            client.write(RawHttp1.post("X-Simulate: fault=no-answer; seed=2\r\n", RawHttp1.CHAT));
            client.write(RawHttp1.post("", RawHttp1.CHAT));
        }
        TruthRecord truth = server.truth();
        assertThat(truth.end()).isEqualTo("no-answer");
        assertThat(truth.status()).isZero();
        assertThat(truth.writes().bytes()).isEmpty();
    }

    @Test
    void connectionClosesBeforeTheFirstByte() throws Exception {
        try (RawHttp1 client = server.http1()) {
            client.write(RawHttp1.post("X-Simulate: fault=accept-close\r\n", RawHttp1.CHAT));
            assertThat(client.isClosedByServer()).isTrue();
        }
        TruthRecord truth = server.truth();
        assertThat(truth.end()).isEqualTo("accept-close");
        assertThat(truth.status()).isZero();
    }

    @Test
    void garbageIsNoHttp() throws Exception {
        try (RawHttp1 client = server.http1()) {
            client.write(RawHttp1.post("X-Simulate: fault=garbage\r\n", RawHttp1.CHAT));
            assertThat(client.readByte()).isEqualTo(1);
            while (client.readByte() >= 0) {}
        }
        TruthRecord truth = server.truth();
        assertThat(truth.end()).isEqualTo("garbage");
        assertThat(truth.writes().bytes()).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"close", "stall; stall-for=5ms"})
    void bodyWithoutAStreamIsCutInItsMiddle(String fault) throws Exception {
        Seen seen = ask("fault=" + fault, RawHttp1.WHOLE, false);

        assertThat(seen.response().end()).isEqualTo(RawHttp1.End.CLOSED);
        assertThat(seen.response().body()).isNotEmpty();
        assertThat(seen.truth().end()).isEqualTo(seen.truth().fault());
    }

    @ParameterizedTest
    @ValueSource(strings = {"error-event", "garbage-body", "cut-clean", "empty"})
    void bodyWithoutAStreamIsReplacedOrShortened(String fault) throws Exception {
        Seen seen = ask("fault=" + fault, RawHttp1.WHOLE, false);

        assertThat(seen.response().end()).isEqualTo(RawHttp1.End.PROPER);
        assertThat(seen.response().status()).isEqualTo(200);
        assertThat(seen.response().text()).doesNotContain("\"usage\"");
        assertThat(seen.truth().end()).isEqualTo(fault);
    }

    @Test
    void seededShareOfTheRequestsGetsTheFault() throws Exception {
        int struck = 0;
        try (RunningProvider other = RunningProvider.with("fault=http-500; fault-rate=0.25; seed=11; tokens=1");
                RawHttp1 client = other.http1()) {
            for (int i = 0; i < 400; i++) {
                boolean failed = client.chat("").status() == 500;
                assertThat(other.truth().fault()).isEqualTo(failed ? "http-500" : "none");
                struck += failed ? 1 : 0;
            }
        }
        assertThat(struck).isBetween(70, 130);
    }
}
