package dev.latencylens.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.InputFormat;
import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpServer;
import dev.latencylens.provider.DialectName;
import dev.latencylens.provider.Provider;
import dev.latencylens.simulated.Behaviour;
import dev.latencylens.simulated.ServerOptions;
import dev.latencylens.simulated.SimulatedProvider;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;

/// What `--provider`, `--dialect` and `--api-version` choose, and that their keys stay out of sight.
class ProviderOptionTest {
    private static final String CANARY = "sk-canary-4d8e2b6a90";

    private static final String ANSWER = """
            event: message_start
            data: {"type":"message_start","message":{"role":"assistant","usage":{"input_tokens":4,\
            "cache_creation_input_tokens":9,"cache_creation":{"ephemeral_1h_input_tokens":9},"output_tokens":1}}}

            event: content_block_delta
            data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}}

            event: message_delta
            data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":3}}

            event: message_stop
            data: {"type":"message_stop"}

            """;

    @TempDir
    Path folder;

    private final List<URI> targets = Collections.synchronizedList(new ArrayList<>());
    private final List<Headers> sent = Collections.synchronizedList(new ArrayList<>());
    private volatile String answer = ANSWER;
    private HttpServer server;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            targets.add(exchange.getRequestURI());
            sent.add(exchange.getRequestHeaders());
            exchange.getRequestBody().readAllBytes();
            exchange.getResponseHeaders().add("content-type", "text/event-stream");
            exchange.getResponseHeaders().add("request-id", "req_1");
            exchange.getResponseHeaders().add("anthropic-ratelimit-tokens-remaining", "10");
            exchange.getResponseHeaders().add("x-envoy-upstream-service-time", "12");
            exchange.getResponseHeaders().add("set-cookie", "a=b");
            byte[] body = answer.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    @Test
    void aProviderBringsItsDialectAndItsKey() throws IOException {
        var run = run(
                Map.of("ANTHROPIC_API_KEY", CANARY, "OPENAI_API_KEY", "sk-another-0123456789"),
                "--provider",
                "anthropic",
                "--url",
                base());

        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.out()).contains("Dialect   anthropic, provider anthropic");
        assertThat(plan().path("provider").asString()).isEqualTo("anthropic");
        assertThat(plan().path("dialect").asString()).isEqualTo("anthropic");
        assertThat(plan().path("keySent").asBoolean()).isTrue();
        assertThat(plan().has("apiVersion")).isFalse();
        assertThat(targets.getFirst().getPath()).isEqualTo("/v1/messages");
        assertThat(sent.getFirst().getFirst("Authorization")).isEqualTo("Bearer " + CANARY);
        nowhere(run, CANARY);
        nowhere(run, "sk-another-0123456789");
    }

    @Test
    void aDialectAloneAsksForTheKeyOfTheProviderOfThatName() throws IOException {
        var run = run(
                Map.of("ANTHROPIC_API_KEY", CANARY),
                "--dialect",
                "anthropic",
                "--url",
                base(),
                "--api-version",
                "2023-06-01");

        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.out()).contains("Dialect   anthropic, version 2023-06-01");
        assertThat(plan().path("provider").isNull()).isTrue();
        assertThat(plan().path("apiVersion").asString()).isEqualTo("2023-06-01");
        assertThat(sent.getFirst().getFirst("anthropic-version")).isEqualTo("2023-06-01");
        assertThat(sent.getFirst().getFirst("x-api-key")).isEqualTo(CANARY);
        nowhere(run, CANARY);
    }

    @Test
    void whatTheServerSaidOfItselfIsKept() throws IOException {
        run(Map.of("ANTHROPIC_API_KEY", CANARY), "--provider", "anthropic", "--url", base());

        JsonNode exchange = LensRun.exchanges(folder.resolve("r")).getFirst();
        assertThat(exchange.path("headers").propertyNames())
                .containsExactlyInAnyOrder(
                        "request-id", "anthropic-ratelimit-tokens-remaining", "x-envoy-upstream-service-time");
        assertThat(exchange.at("/usage/input_total").asInt()).isEqualTo(13);
        assertThat(exchange.at("/usage/cache_write_hour").asInt()).isEqualTo(9);
        assertThat(exchange.at("/usage/raw/output_tokens").asInt()).isEqualTo(3);
        assertThat(exchange.at("/usage/raw/cache_creation/ephemeral_1h_input_tokens")
                        .asInt())
                .isEqualTo(9);
        assertThat(exchange.has("serverTimingsNs")).isFalse();
        assertThat(wrongBySchema()).isEmpty();
    }

    @Test
    void theServersOwnTimesAreKeptAndAUsageOverSeveralLinesStaysOnOne() throws IOException {
        answer = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}],\n"
                + "data: \"usage\":{\"prompt_tokens\":1,\n"
                + "data: \"completion_tokens\":2,\"queue_time\":0.25,\"said\":\"" + CANARY + "\"}}\n\n"
                + "data: [DONE]\n\n";
        var run = run(Map.of("GROQ_API_KEY", CANARY), "--provider", "groq", "--url", base());

        assertThat(run.exitCode()).as(run.err()).isZero();
        JsonNode exchange = LensRun.exchanges(folder.resolve("r")).getFirst();
        assertThat(exchange.at("/serverTimingsNs/queue_time").asLong()).isEqualTo(250_000_000);
        assertThat(exchange.at("/usage/raw/completion_tokens").asInt()).isEqualTo(2);
        assertThat(exchange.at("/usage/raw/said").asString()).isEqualTo("***");
        assertThat(wrongBySchema()).isEmpty();
        nowhere(run, CANARY);
    }

    @Test
    void aLongUsageObjectIsLeftOut() throws IOException {
        answer = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}],"
                + "\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2,\"said\":\"" + "x".repeat(4096) + "\"}}\n\n"
                + "data: [DONE]\n\n";
        run(Map.of(), "--url", base());

        JsonNode usage = LensRun.exchanges(folder.resolve("r")).getFirst().path("usage");
        assertThat(usage.path("output_total").asInt()).isEqualTo(2);
        assertThat(usage.has("raw")).isFalse();
    }

    @Test
    void aKeyInTheUrlIsSentAndSeenNowhere() throws IOException {
        var run = run(
                Map.of("ANTHROPIC_API_KEY", "sk-another-0123456789"),
                "--provider",
                "anthropic",
                "--url",
                base() + "?key=" + CANARY + "&a=b");

        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(targets.getFirst().toString()).isEqualTo("/v1/messages?key=" + CANARY + "&a=b");
        assertThat(sent.getFirst().getFirst("Authorization")).isNull();
        assertThat(plan().path("url").asString()).endsWith("/v1?key=***&a=b");
        assertThat(plan().path("keySent").asBoolean()).isTrue();
        assertThat(run.out()).contains("/v1?key=***&a=b");
        nowhere(run, CANARY);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            http://127.0.0.1:9/v1?key=      | is the server running
            http://127.0.0.1:99999/v1?key=  | port 99999
            ftp://127.0.0.1/v1?api-key=     | its scheme is 'ftp'
            http://127.0.0.1:9/v1?a=^&key=  | bad URL
            """)
    void aKeyInAUrlThatDoesNotWorkIsSeenNowhereHoweverShort(String url, String says) throws IOException {
        for (String key : List.of(CANARY, "k3y9")) {
            var run = LensRun.lens(
                    Map.of("LENS_DEBUG", "1"),
                    "run",
                    "-m",
                    "m",
                    "--url",
                    url + key,
                    "--output-dir",
                    folder.resolve(key.substring(2)).toString());

            assertThat(run.exitCode()).isNotZero();
            assertThat(run.err()).contains(says);
            assertThat(run.out() + run.err()).doesNotContain(key);
        }
    }

    @ParameterizedTest
    @EnumSource(Provider.class)
    void everyProviderIsListedAndItsUrlIsOneOrAskedFor(Provider provider) {
        assertThat(LensRun.lens("run", "--help").out()).contains(provider.label());

        if (provider.baseUrl() == null) {
            var run = LensRun.lens("run", "--provider", provider.label(), "-m", "m");
            assertThat(run.err()).contains("give yours with --url").hasLineCount(1);
            assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
        } else {
            Target target = Target.of(provider.label(), null, null, Map.of());
            assertThat(target.url()).isEqualTo(provider.baseUrl());
            assertThat(target.dialect()).isEqualTo(provider.dialect());
            assertThat(target.keyVariables()).isEqualTo(provider.keyVariables());
        }
    }

    @Test
    void bedrockIsFoundByTheRegionOfTheEnvironment() {
        assertThat(Target.of("bedrock", null, null, Map.of("AWS_REGION", "eu-west-3"))
                        .url())
                .isEqualTo(URI.create("https://bedrock-runtime.eu-west-3.amazonaws.com"));
        assertThat(Target.of("bedrock-invoke", null, null, Map.of("AWS_DEFAULT_REGION", "cn-north-1"))
                        .url())
                .isEqualTo(URI.create("https://bedrock-runtime.cn-north-1.amazonaws.com.cn"));
        assertThat(Target.of("bedrock", null, "http://127.0.0.1:9", Map.of("AWS_REGION", "eu-west-3"))
                        .url())
                .isEqualTo(URI.create("http://127.0.0.1:9"));
    }

    @ParameterizedTest
    @EnumSource(Provider.class)
    void everyProviderHasItsPlaceInTheDocumentation(Provider provider) throws IOException {
        Path pages = Path.of(System.getProperty("lens.root"), "docs", "providers");

        assertThat(pages.resolve("README.md")).content().contains("`" + provider.label() + "`");
    }

    @Test
    void everyVariableThatMayHoldAKeyIsASecretWhicheverProviderIsMeasured() {
        for (Provider provider : Provider.values()) {
            for (String variable : provider.keyVariables()) {
                var secrets = new Secrets();
                Target.hideKeys(Map.of(variable, CANARY), secrets);
                assertThat(secrets.redact("said " + CANARY)).as(variable).isEqualTo("said ***");
            }
        }
    }

    @Test
    void theFirstVariableThatIsSetHoldsTheKey() {
        Provider severalVariables = Arrays.stream(Provider.values())
                .max((one, other) ->
                        one.keyVariables().size() - other.keyVariables().size())
                .orElseThrow();
        List<String> names = severalVariables.keyVariables();
        var target = new Target(severalVariables, severalVariables.dialect(), null);

        assertThat(target.keyVariable(Map.of())).isNull();
        assertThat(target.keyVariable(Map.of(names.getFirst(), " "))).isNull();
        assertThat(target.keyVariable(Map.of(names.getLast(), CANARY))).isEqualTo(names.getLast());
        assertThat(target.keyVariable(Map.of(names.getFirst(), CANARY, "OTHER", CANARY)))
                .isEqualTo(names.getFirst());
    }

    @Test
    void withoutAnyOfThemItStaysTheChatDialect() {
        assertThat(Target.of(null, null, "http://127.0.0.1:9/v1", Map.of()))
                .isEqualTo(new Target(null, DialectName.OPENAI_CHAT, URI.create("http://127.0.0.1:9/v1")));
        assertThat(Target.of(null, null, null, Map.of()).embedded()).isTrue();
        assertThat(Target.of("anthropic", "openai-chat", null, Map.of()).dialect())
                .isEqualTo(DialectName.OPENAI_CHAT);
    }

    @ParameterizedTest
    @CsvSource({"x-goog-api-key", "api-key", "X-Api-Key", "Authorization", "x-amz-security-token", "key", "api_key"})
    void namesOfKeysAreKnownAsSecrets(String name) {
        assertThat(Secrets.isSecretName(name)).isTrue();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', textBlock = """
            --provider nobody -m m                      | there is no provider 'nobody'; there are openai, openai-responses
            --dialect nothing --url http://h/v1 -m m    | there is no dialect 'nothing'; there are openai-chat
            --dialect anthropic -m m                    | --dialect anthropic needs a server that speaks it
            --provider gemini -m m --cache-control 5m   | --cache-control is for anthropic, bedrock-converse, bedrock-invoke
            --provider anthropic -m m --cache-control 2h | prompts are kept for 5m or 1h, not for '2h'
            --provider anthropic                        | --model is missing; name the model that https://api.anthropic
            """)
    void everyBadNameIsAnsweredInOneLine(String line, String says) {
        var run = LensRun.lens(("run " + line).split(" +", -1));

        assertThat(run.err()).startsWith("lens: ").contains(says).hasLineCount(1);
        assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
    }

    @Test
    void aRefusedKeyNamesTheVariableToSet() throws IOException {
        server.removeContext("/");
        var run = run(Map.of(), "--provider", "anthropic", "--url", base());
        assertThat(run.err()).contains("http_error");

        try (var asking = SimulatedProvider.start(ServerOptions.defaults().withApiKey(CANARY), Behaviour.defaults())) {
            var refused = LensRun.lens(
                    "run",
                    "--provider",
                    "groq",
                    "--url",
                    asking.baseUrl().toString(),
                    "-m",
                    "m",
                    "--output-dir",
                    folder.resolve("refused").toString());
            assertThat(refused.err()).contains("no key was sent; set GROQ_API_KEY");
        }
    }

    private LensRun run(Map<String, String> environment, String... more) {
        var arguments = new ArrayList<String>(List.of(
                "run", "-m", "m", "-n", "6", "--output-dir", folder.resolve("r").toString()));
        arguments.addAll(List.of(more));
        return LensRun.lens(environment, arguments.toArray(String[]::new));
    }

    private String base() {
        return "http://127.0.0.1:" + server.getAddress().getPort() + "/v1";
    }

    private JsonNode plan() {
        return LensRun.runFile(folder.resolve("r")).path("plan");
    }

    private List<String> wrongBySchema() throws IOException {
        var wrong = new ArrayList<String>();
        for (String line : Files.readAllLines(folder.resolve("r").resolve(RunDirectory.EXCHANGES))) {
            MeasuringTest.schema("exchange")
                    .validate(line, InputFormat.JSON)
                    .forEach(error -> wrong.add(error.toString()));
        }
        return wrong;
    }

    private void nowhere(LensRun run, String key) throws IOException {
        String beginning = key.substring(0, 12);
        assertThat(run.out() + run.err()).doesNotContain(beginning);
        try (var files = Files.walk(folder)) {
            List<Path> written = files.filter(Files::isRegularFile).toList();
            assertThat(written).hasSizeGreaterThanOrEqualTo(3);
            for (Path file : written) {
                assertThat(Files.readString(file, StandardCharsets.ISO_8859_1))
                        .as(file.toString())
                        .doesNotContain(beginning);
            }
        }
    }
}
