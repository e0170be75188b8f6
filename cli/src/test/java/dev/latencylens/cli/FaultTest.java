package dev.latencylens.cli;

import static dev.latencylens.cli.LensRun.exchanges;
import static dev.latencylens.cli.LensRun.lens;
import static org.assertj.core.api.Assertions.assertThat;

import dev.latencylens.simulated.Behaviour;
import dev.latencylens.simulated.ChunkKind;
import dev.latencylens.simulated.ServerOptions;
import dev.latencylens.simulated.SimulatedProvider;
import dev.latencylens.simulated.TruthRecord;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/// Whatever a server does wrong, each request ends in the one right outcome, with all that arrived before.
class FaultTest {
    private static final int REQUESTS = 6;

    @TempDir
    Path folder;

    @ParameterizedTest(name = "{0} over HTTP/{1} is {2}")
    @CsvSource({
        "http-400, 1.1, http_error, HTTP 400",
        "http-400, 2, http_error, HTTP 400",
        "http-401, 1.1, http_error, HTTP 401",
        "http-404, 1.1, http_error, HTTP 404",
        "http-429, 1.1, rate_limited, HTTP 429",
        "http-429, 2, rate_limited, HTTP 429",
        "http-500, 1.1, http_error, HTTP 500",
        "http-503, 1.1, http_error, HTTP 503",
        "http-529, 1.1, http_error, HTTP 529",
        "http-529, 2, http_error, HTTP 529",
        "goaway-refuse, 2, reset, GOAWAY",
        "garbage, 1.1, malformed, expected an HTTP/1.1 status line",
        "garbage, 2, malformed, expected",
        "empty, 1.1, cut, before any finish reason",
        "empty, 2, cut, before any finish reason",
        "no-answer, 1.1, timeout, first byte",
        "no-answer, 2, timeout, first byte",
        "accept-close, 1.1, cut, before the first response byte",
        // A server that closes with bytes unread resets the connection, as TCP has it.
        "accept-close, 2, cut|reset, ''",
    })
    void whatFailsBeforeTheFirstTokenHasNoChunks(String fault, String http, String outcome, String detail)
            throws IOException {
        for (JsonNode exchange : measured("fault=" + fault, http)) {
            assertThat(exchange.get("outcome").asString())
                    .as(exchange.toString())
                    .matches(outcome);
            assertThat(exchange.get("outcomeDetail").asString()).contains(detail);
            assertThat(exchange.has("firstTokenAtNs")).isFalse();
            assertThat(exchange.has("requestEndAtNs")).isTrue();
        }
    }

    @ParameterizedTest(name = "{0} over HTTP/{1} is {2}")
    @CsvSource({
        "error-event, 1.1, provider_error, ''",
        "error-event, 2, provider_error, ''",
        "error-named, 1.1, provider_error, ''",
        "stall, 1.1, timeout, silence",
        "stall, 2, timeout, silence",
        "reset, 1.1, reset, reset the connection",
        "reset, 2, reset, reset the connection",
        "close, 1.1, cut, mid-response",
        "close, 2, cut|reset, ''",
        "cut-clean, 1.1, cut, before any finish reason",
        "cut-clean, 2, cut, before any finish reason",
        "rst-stream, 2, reset, RST_STREAM INTERNAL_ERROR",
        "garbage-body, 1.1, malformed, is no JSON",
    })
    void whatFailsInMidStreamKeepsTheTimelineUpToThere(String fault, String http, String outcome, String detail)
            throws IOException {
        for (JsonNode exchange : measured("fault=" + fault + "; fault-after=3", http)) {
            assertThat(exchange.get("outcome").asString())
                    .as(exchange.toString())
                    .matches(outcome);
            assertThat(exchange.get("outcomeDetail").asString()).contains(detail);
            assertThat(exchange.at("/chunks/atNs").size()).isPositive();
            assertThat(exchange.get("firstTokenAtNs").asLong())
                    .isEqualTo(exchange.at("/chunks/atNs/0").asLong());
            assertThat(exchange.get("status").asInt()).isEqualTo(200);
        }
    }

    @ParameterizedTest(name = "{0} over HTTP/{1} is {2}")
    @CsvSource({
        "no-done, 1.1, unterminated",
        "no-done, 2, unterminated",
        "slow-headers, 1.1, completed",
        "close-after, 1.1, completed",
        "goaway, 2, completed",
    })
    void whatIsOddButWholeIsAnswered(String fault, String http, String outcome) throws IOException {
        for (JsonNode exchange : measured("fault=" + fault, http)) {
            assertThat(exchange.get("outcome").asString())
                    .as(exchange.toString())
                    .isEqualTo(outcome);
            assertThat(exchange.at("/chunks/atNs").size()).isEqualTo(8);
        }
    }

    @Test
    void aServerThatClosesAfterEachAnswerCostsANewConnectionEachTimeAndNoRequest() throws IOException {
        assertThat(measured("fault=close-after", "1.1"))
                .allSatisfy(exchange ->
                        assertThat(exchange.get("connection").asString()).isEqualTo("new"));
    }

    @Test
    void aRateLimitKeepsTheServersAdvice() throws IOException {
        assertThat(measured("fault=http-429", "1.1"))
                .allSatisfy(exchange -> assertThat(exchange.toString()).contains("retry-after"));
    }

    @Test
    void aShareOfFaultsLeavesEveryRequestInExactlyOneOutcome() throws IOException {
        List<JsonNode> exchanges = measured("fault=close; fault-after=2; fault-rate=0.4", "1.1", 60);

        assertThat(exchanges.stream().map(exchange -> exchange.get("outcome").asString()))
                .containsOnly("completed", "cut")
                .contains("completed", "cut");
    }

    private List<JsonNode> measured(String behaviour, String http) throws IOException {
        return measured(behaviour, http, REQUESTS);
    }

    /// Runs against a server that behaves so and returns the exchanges, after holding them against the server's
    /// record: each request once, each chunk that left is there.
    private List<JsonNode> measured(String behaviour, String http, int requests) throws IOException {
        Path record = folder.resolve("simulator.jsonl");
        Path out = folder.resolve("run");
        try (var provider = SimulatedProvider.start(
                ServerOptions.defaults().withRecord(record),
                Behaviour.defaults()
                        .with("ttft=2ms; gap=5ms; tokens=8; header-pace=1ms; stall-for=3s; " + behaviour))) {
            lens(
                    "run",
                    "--url",
                    provider.baseUrl().toString(),
                    "--model",
                    "m",
                    "--http",
                    http,
                    "--concurrency",
                    users(http),
                    "--num-prompts",
                    Integer.toString(requests),
                    "--timeout-silence",
                    "400ms",
                    "--timeout-first-byte",
                    "400ms",
                    "--output-dir",
                    out.toString());
        }
        List<JsonNode> exchanges = exchanges(out);
        assertThat(exchanges.stream()
                        .map(exchange -> exchange.get("id").asString())
                        .collect(Collectors.toSet()))
                .hasSize(requests);
        assertThat(exchanges).hasSize(requests);
        Map<String, TruthRecord> truths =
                TruthRecord.readAll(record).stream().collect(Collectors.toMap(TruthRecord::id, Function.identity()));
        for (JsonNode exchange : exchanges) {
            String id = exchange.get("id").asString();
            TruthRecord truth = Objects.requireNonNull(truths.get(id), "the server's record has no request " + id);
            assertThat(exchange.at("/chunks/atNs").size())
                    .as(exchange.toString())
                    .isEqualTo(outputChunks(truth));
        }
        return exchanges;
    }

    /// One at a time over HTTP/2: what strikes a connection strikes all its streams, also one that the server has
    /// not read yet and so has no record of.
    private static String users(String http) {
        return http.equals("2") ? "1" : "2";
    }

    private static int outputChunks(TruthRecord truth) {
        int count = 0;
        for (ChunkKind kind : truth.chunks().kind()) {
            if (kind == ChunkKind.TEXT || kind == ChunkKind.REASONING || kind == ChunkKind.TOOL) {
                count++;
            }
        }
        return count;
    }
}
