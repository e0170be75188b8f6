package dev.latencylens.cli;

import static dev.latencylens.cli.LensRun.exchanges;
import static dev.latencylens.cli.LensRun.lens;
import static dev.latencylens.cli.LensRun.runFile;
import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.InputFormat;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.latencylens.provider.CostSummary;
import dev.latencylens.simulated.Behaviour;
import dev.latencylens.simulated.ServerOptions;
import dev.latencylens.simulated.SimulatedProvider;
import dev.latencylens.simulated.TlsIdentity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

class RetryTest {
    private static final int REQUESTS = 40;

    @TempDir
    Path folder;

    @Test
    void nothingIsTriedAgainUnlessSomebodyAsksForIt() throws IOException {
        measured("fault=http-503; fault-rate=0.5");

        assertThat(exchanges(out()))
                .hasSize(REQUESTS)
                .allSatisfy(
                        exchange -> assertThat(exchange.get("attempt").asInt()).isEqualTo(1));
        assertThat(runFile(out()).at("/summary/attempts").isMissingNode()).isTrue();
        assertThat(runFile(out()).at("/plan/retries").isMissingNode()).isTrue();
    }

    @ParameterizedTest(name = "{0} requests in flight, {1}, {2} I/O threads")
    @CsvSource({"1, --concurrency, 1", "8, --concurrency, 2", "200, --request-rate, 1"})
    void everyAttemptIsALineAndEveryRequestEndsOnce(String load, String flag, String threads) throws IOException {
        LensRun run = measured(
                "fault=http-500; fault-rate=0.4; ttft=2ms; gap=1ms; tokens=8",
                flag,
                load,
                "--io-threads",
                threads,
                "--retries",
                "20",
                "--retry-backoff",
                "5ms");

        Map<Long, List<JsonNode>> requests = exchanges(out()).stream()
                .collect(
                        Collectors.groupingBy(exchange -> exchange.get("number").asLong()));
        assertThat(requests).hasSize(REQUESTS);
        long retries = 0;
        for (List<JsonNode> attempts : requests.values()) {
            JsonNode first = attempts.getFirst();
            retries += attempts.size() - 1;
            assertThat(attempts.getLast().get("outcome").asString()).isEqualTo("completed");
            for (int i = 1; i < attempts.size(); i++) {
                JsonNode before = attempts.get(i - 1);
                JsonNode retry = attempts.get(i);
                assertThat(before.get("outcome").asString()).isEqualTo("http_error");
                assertThat(retry.get("attempt").asInt()).isEqualTo(i + 1);
                assertThat(retry.get("retryOf")).isEqualTo(first.get("id"));
                assertThat(retry.get("id").asString()).isEqualTo(first.get("id").asString() + "." + (i + 1));
                assertThat(retry.get("intendedAtNs")).isEqualTo(first.get("intendedAtNs"));
                assertThat(retry.get("retryWaitBy").asString()).isEqualTo("backoff");
                assertThat(retry.get("retryDueAtNs").asLong()
                                - retry.get("retryWaitNs").asLong())
                        .isGreaterThanOrEqualTo(before.get("responseEndAtNs").asLong());
                assertThat(retry.get("startedAtNs").asLong())
                        .isGreaterThanOrEqualTo(retry.get("retryDueAtNs").asLong());
            }
        }
        assertThat(retries).isPositive();
        JsonNode summary = runFile(out()).get("summary");
        assertThat(summary.get("measured").asInt()).isEqualTo(REQUESTS);
        assertThat(summary.get("outcomes").toString()).isEqualTo("{\"completed\":" + REQUESTS + "}");
        assertThat(summary.get("failures").isEmpty()).isTrue();
        assertThat(summary.at("/attempts/retries").asLong()).isEqualTo(retries);
        assertThat(summary.at("/attempts/outcomes/http_error").asLong()).isEqualTo(retries);
        assertThat(summary.at("/byAttempt/first/ttft/count").asLong()
                        + summary.at("/byAttempt/retry/ttft/count").asLong())
                .isEqualTo(REQUESTS);
        assertThat(summary.at("/metrics/queue/count").asLong())
                .isEqualTo(summary.at("/byAttempt/first/ttft/count").asLong());
        assertFitsItsSchema("run", RunDirectory.RUN);
        assertFitsItsSchema("exchange", RunDirectory.EXCHANGES);
        assertThat(run.out()).contains("tried again").contains("retries").contains("first attempts");
    }

    @Test
    void aProvidersHintIsWaitedOutAndIsNoLatencyOfTheModel() throws IOException {
        measured(
                "fault=http-429; fault-rate=0.3",
                10,
                "--concurrency",
                "10",
                "--retries",
                "5",
                "--retry-backoff",
                "1ms");

        List<JsonNode> retries = exchanges(out()).stream()
                .filter(exchange -> exchange.get("attempt").asInt() > 1)
                .toList();
        assertThat(retries).isNotEmpty().allSatisfy(retry -> {
            assertThat(retry.get("retryWaitBy").asString()).isEqualTo("retry-after-ms");
            assertThat(retry.get("retryWaitNs").asLong()).isBetween(1_000_000_000L, 1_020_000_000L);
            assertThat(retry.get("startedAtNs").asLong()
                            - retry.get("intendedAtNs").asLong())
                    .isGreaterThan(1_000_000_000L);
        });
    }

    @Test
    void failuresAreCountedByTheProvidersOwnCode() throws IOException {
        LensRun run = measured("fault=http-429; fault-rate=0.4; seed=2", 30);

        long failed = exchanges(out()).stream()
                .filter(exchange -> exchange.path("errorCode").asString("").equals("rate_limit_exceeded"))
                .count();
        assertThat(failed).isPositive();
        assertThat(runFile(out()).at("/summary/failuresByCode").toString())
                .isEqualTo(
                        "[{\"outcome\":\"rate_limited\",\"code\":\"rate_limit_exceeded\",\"count\":" + failed + "}]");
        assertThat(run.out()).contains("Failures  " + failed + " rate_limited, rate_limit_exceeded; HTTP 429: ");
        assertFitsItsSchema("run", RunDirectory.RUN);
        assertFitsItsSchema("exchange", RunDirectory.EXCHANGES);
    }

    @Test
    void anErrorInMidStreamHasItsCodeToo() throws IOException {
        measured("fault=error-event; fault-after=2", 3, Map.of(), "--dialect", "anthropic");

        assertThat(exchanges(out())).hasSize(3).allSatisfy(exchange -> {
            assertThat(exchange.get("outcome").asString()).isEqualTo("provider_error");
            assertThat(exchange.get("errorCode").asString()).isEqualTo("overloaded_error");
        });
    }

    @ParameterizedTest(name = "{0} over {1}")
    @CsvSource({
        "goaway-refuse, HTTP/2, reset|cut",
        "goaway-refuse, HTTP/2 with TLS, reset|cut",
        "refused-stream, HTTP/2, reset",
        "refused-stream, HTTP/2 with TLS, reset",
        "http-429, HTTP/2 with TLS, rate_limited",
        "http-503, HTTP/2, http_error",
        "http-503, HTTP/2 with TLS, http_error",
        "http-503, HTTP/1.1 with TLS, http_error",
        "accept-close, HTTP/1.1 with TLS, cut|reset",
        "accept-close, HTTP/2, cut|reset",
        "accept-close, HTTP/2 with TLS, cut|reset",
    })
    void everyWayToFailBeforeAnAnswerIsTriedAgainOverEveryKindOfConnection(String fault, String over, String outcome)
            throws IOException {
        var flags = new ArrayList<>(List.of(
                "--http",
                over.startsWith("HTTP/2") ? "2" : "1.1",
                "--concurrency",
                "4",
                "--retries",
                "30",
                "--retry-backoff",
                "2ms"));
        if (fault.equals("accept-close")) {
            // The others on its connection are cut in mid-answer.
            flags.addAll(List.of("--max-streams", "1"));
        }
        var options = ServerOptions.defaults();
        if (over.endsWith("TLS")) {
            var identity = TlsIdentity.generate(TlsIdentity.Flaw.VALID);
            Path ca = folder.resolve("ca.pem");
            Files.writeString(ca, identity.trustPem());
            options = options.withTls(identity);
            flags.addAll(List.of("--ca-file", ca.toString()));
        }
        LensRun run = measured(options, "fault=" + fault + "; fault-rate=0.3; seed=6; tokens=4", 20, Map.of(), flags);

        List<JsonNode> all = exchanges(out());
        assertThat(runFile(out()).at("/summary/outcomes").toString())
                .as(run.err())
                .isEqualTo("{\"completed\":20}");
        assertThat(all).hasSizeGreaterThan(20);
        for (JsonNode exchange : all) {
            assertThat(exchange.get("outcome").asString()).matches("completed|" + outcome);
            if (exchange.has("httpVersion")) {
                assertThat(exchange.get("httpVersion").asString()).isEqualTo(over.startsWith("HTTP/2") ? "2" : "1.1");
                assertThat(exchange.has("tls")).isEqualTo(over.endsWith("TLS"));
            }
        }
        assertThat(all.stream()
                        .filter(exchange -> exchange.get("attempt").asInt() > 1)
                        .map(exchange -> exchange.get("retryOf")))
                .isNotEmpty();
    }

    @Test
    void whatWouldBeginTooLateIsNotTriedAgain() throws IOException {
        measured("fault=http-429", 4, "--retries", "5", "--retry-total", "900ms");

        assertThat(exchanges(out()))
                .hasSize(4)
                .allSatisfy(exchange ->
                        assertThat(exchange.get("outcome").asString()).isEqualTo("rate_limited"));
    }

    @ParameterizedTest(name = "{0} is attempted {1} times")
    @CsvSource({
        "http-400, 1",
        "http-401, 1",
        "http-503; tokens=1, 2",
        "no-answer, 2",
        "accept-close, 2",
        "stall, 1",
        "close, 1",
        "error-event, 1",
        "garbage, 1",
    })
    void onlyWhatMayPassIsTriedAgainAndNeverAnAnswerThatHadBegun(String fault, int attempts) throws IOException {
        measured(
                "stall-for=3s; fault=" + fault,
                2,
                "--retries",
                "1",
                "--retry-backoff",
                "1ms",
                "--timeout-silence",
                "300ms",
                "--timeout-first-byte",
                "300ms");

        assertThat(exchanges(out())).hasSize(2 * attempts);
    }

    @Test
    void aServerThatIsNotThereIsTriedAgainAndNoRequestIsLost() throws IOException {
        LensRun run = lens(
                "run",
                "--url",
                "http://127.0.0.1:9/v1",
                "--model",
                "m",
                "-n",
                "3",
                "--retries",
                "2",
                "--retry-backoff",
                "1ms",
                "--output-dir",
                out().toString());

        assertThat(run.exitCode()).isEqualTo(ExitCode.NOTHING_MEASURED);
        assertThat(exchanges(out()))
                .hasSize(9)
                .allSatisfy(exchange ->
                        assertThat(exchange.get("outcome").asString()).isEqualTo("connect_failed"));
        assertThat(runFile(out()).at("/summary/outcomes/connect_failed").asInt())
                .isEqualTo(3);
    }

    @Test
    void aRunThatIsReadAgainComesToTheSame() throws IOException {
        measured("fault=http-500; fault-rate=0.4", "--retries", "2", "--retry-backoff", "1ms");
        JsonNode run = runFile(out());

        Recovery again = Recovery.of(
                out().resolve(RunDirectory.EXCHANGES),
                run.at("/clock/monotonicStartNs").asLong(),
                false,
                new CostSummary(null),
                SteadyPart.NOTHING);

        assertThat(again.exchanges()).isEqualTo(REQUESTS);
        assertThat(again.missing()).isZero();
        assertThat(again.summary().outcomes().toString().toLowerCase(Locale.ROOT))
                .isEqualTo(outcomes(run));
        assertThat(again.summary().attempts().retries())
                .isEqualTo(run.at("/summary/attempts/retries").asLong());
        assertThat(RunSamples.read(out(), List.of()).measured()).isEqualTo(REQUESTS);
    }

    @Test
    void aRunInWhichNothingSucceedsAnyMoreEndsWithWhatWasMeasured() throws IOException {
        LensRun run;
        try (var provider = SimulatedProvider.start(
                ServerOptions.defaults(), Behaviour.defaults().with("fault=http-503; fault-rate=0.7; seed=3"))) {
            run = lens(
                    "run",
                    "--url",
                    provider.baseUrl().toString(),
                    "--model",
                    "m",
                    "-n",
                    "100000",
                    "--stop-after-failures",
                    "12",
                    "--output-dir",
                    out().toString());
        }

        assertThat(run.exitCode()).isZero();
        assertThat(run.out()).contains("the last 12 requests all failed");
        assertThat(runFile(out()).get("state").asString()).isEqualTo("ended_early");
        assertThat(runFile(out()).at("/verdict/reasons").toString()).contains("nothing_succeeded");
        assertThat(runFile(out()).at("/plan/stopAfterFailures").asInt()).isEqualTo(12);
        assertThat(runFile(out()).at("/summary/answered").asLong()).isPositive();
        int inARow = 0;
        int most = 0;
        for (JsonNode exchange : exchanges(out())) {
            inARow = exchange.get("outcome").asString().equals("completed") ? 0 : inARow + 1;
            most = Math.max(most, inARow);
        }
        assertThat(most).isGreaterThanOrEqualTo(12);
        assertFitsItsSchema("run", RunDirectory.RUN);
    }

    private void assertFitsItsSchema(String schema, String file) throws IOException {
        Path path = Path.of(System.getProperty("lens.root"), "docs", "schema", schema + ".schema.json");
        var validator = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
                .getSchema(Files.readString(path), InputFormat.JSON);
        String text = Files.readString(out().resolve(file));
        for (String document :
                file.equals(RunDirectory.RUN) ? List.of(text) : text.lines().toList()) {
            assertThat(validator.validate(document, InputFormat.JSON)).isEmpty();
        }
    }

    private static String outcomes(JsonNode run) {
        return run.at("/summary/outcomes")
                .propertyStream()
                .map(count -> count.getKey() + "=" + count.getValue())
                .collect(Collectors.joining(", ", "{", "}"));
    }

    private LensRun measured(String behaviour, String... flags) throws IOException {
        return measured(behaviour, REQUESTS, flags);
    }

    private LensRun measured(String behaviour, int requests, Map<String, String> environment, String... flags)
            throws IOException {
        return measured(ServerOptions.defaults(), behaviour, requests, environment, List.of(flags));
    }

    private LensRun measured(String behaviour, int requests, String... flags) throws IOException {
        return measured(behaviour, requests, Map.of(), flags);
    }

    private LensRun measured(
            ServerOptions options, String behaviour, int requests, Map<String, String> environment, List<String> flags)
            throws IOException {
        try (var provider =
                SimulatedProvider.start(options, Behaviour.defaults().with(behaviour))) {
            var all = new ArrayList<>(List.of(
                    "run",
                    "--url",
                    provider.baseUrl().toString(),
                    "--model",
                    "m",
                    "-n",
                    Integer.toString(requests),
                    "--output-dir",
                    out().toString()));
            all.addAll(flags);
            return lens(environment, all.toArray(String[]::new));
        }
    }

    private Path out() {
        return folder.resolve("run");
    }
}
