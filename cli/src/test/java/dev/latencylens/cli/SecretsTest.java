package dev.latencylens.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.latencylens.simulated.Behaviour;
import dev.latencylens.simulated.ServerOptions;
import dev.latencylens.simulated.SimulatedProvider;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A key appears in no file and on no stream, whoever echoes it.
class SecretsTest {
    private static final String CANARY = "sk-canary-7f3a9c1e5b";

    @TempDir
    Path folder;

    @Test
    void aKeyFromTheEnvironmentIsSeenNowhere() throws IOException {
        try (var provider =
                SimulatedProvider.start(ServerOptions.defaults().withApiKey(CANARY), Behaviour.defaults())) {
            var run = LensRun.lens(
                    Map.of("OPENAI_API_KEY", CANARY),
                    "run",
                    "--url",
                    provider.baseUrl().toString(),
                    "-m",
                    "m",
                    "-n",
                    "12",
                    "--output-dir",
                    folder.resolve("r").toString());

            assertThat(run.exitCode()).as(run.err()).isZero();
            nowhere(run);
        }
    }

    @Test
    void aKeyOnTheCommandLineIsSeenNowhereAndWarnedOf() throws IOException {
        try (var provider =
                SimulatedProvider.start(ServerOptions.defaults().withApiKey(CANARY), Behaviour.defaults())) {
            var run = LensRun.lens(
                    "run",
                    "--url",
                    provider.baseUrl().toString(),
                    "-m",
                    "m",
                    "-n",
                    "12",
                    "--api-key",
                    CANARY,
                    "--output-dir",
                    folder.resolve("r").toString());

            assertThat(run.exitCode()).as(run.err()).isZero();
            assertThat(run.err()).contains("better set OPENAI_API_KEY");
            nowhere(run);
        }
    }

    @Test
    void aKeyInAHeaderIsSeenNowhereButItsNameIs() throws IOException {
        try (var provider =
                SimulatedProvider.start(ServerOptions.defaults().withApiKey(CANARY), Behaviour.defaults())) {
            var run = LensRun.lens(
                    "run",
                    "--url",
                    provider.baseUrl().toString(),
                    "-m",
                    "m",
                    "-n",
                    "12",
                    "-H",
                    "Authorization: Bearer " + CANARY,
                    "-H",
                    "X-Api-Key: " + CANARY + "-2",
                    "--output-dir",
                    folder.resolve("r").toString());

            assertThat(run.exitCode()).as(run.err()).isZero();
            assertThat(LensRun.runFile(folder.resolve("r"))
                            .at("/plan/headers/authorization")
                            .asString())
                    .isEqualTo("***");
            nowhere(run);
        }
    }

    @Test
    void aKeyUnderAnInnocentNameIsSentAndSeenNowhere() throws IOException {
        var heard = new LinkedBlockingQueue<String>();
        var server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            heard.add(exchange.getRequestHeaders().getFirst("X-Custom")
                    + new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
            exchange.sendResponseHeaders(500, -1);
            exchange.close();
        });
        server.start();
        try {
            var run = LensRun.lens(
                    "run",
                    "--url",
                    "http://127.0.0.1:" + server.getAddress().getPort() + "/v1",
                    "-m",
                    "m",
                    "-n",
                    "6",
                    "-H",
                    "X-Custom: team " + CANARY + "7890123456789012",
                    "--extra-body",
                    "{\"api_key\":\"" + CANARY + "\",\"top_k\":3,\"tools\":[{\"password\":\"sk-canary-7f3\"}],"
                            + "\"note\":\"of " + CANARY + "7890123456789012\",\"max_tokens\":7}",
                    "--label",
                    "token=sk-canary-7f3",
                    "--label",
                    "note=" + CANARY + "7890123456789012",
                    "--label",
                    "tokenizer=cl100k_base",
                    "--output-dir",
                    folder.resolve("r").toString());

            assertThat(run.exitCode()).as(run.err()).isEqualTo(ExitCode.NOTHING_MEASURED);
            assertThat(heard.element())
                    .startsWith("team " + CANARY + "7890123456789012")
                    .contains("\"api_key\":\"" + CANARY, "\"note\":\"of " + CANARY + "7890123456789012\"");
            nowhere(run);
            var plan = LensRun.runFile(folder.resolve("r")).path("plan");
            assertThat(plan.at("/headers/x-custom").asString()).isEqualTo("team ***");
            assertThat(plan.path("extraBody").asString())
                    .isEqualTo("{\"api_key\":\"***\",\"top_k\":3,\"tools\":[{\"password\":\"***\"}],"
                            + "\"note\":\"of ***\",\"max_tokens\":7}");
            assertThat(plan.at("/labels/token").asString()).isEqualTo("***");
            assertThat(plan.at("/labels/note").asString()).isEqualTo("***");
            assertThat(plan.at("/labels/tokenizer").asString()).isEqualTo("cl100k_base");
        } finally {
            server.stop(0);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "sig",
                "X-Amz-Credential",
                "X-Amz-Signature",
                "credentials",
                "password",
                "pass",
                "user_pass",
                "userPass",
                "passwd",
                "pwd",
                "access_token",
                "x-access-tokens",
                "csrftoken"
            })
    void namesOfSecretsAreKnown(String name) {
        assertThat(Secrets.isSecretName(name)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "max_tokens",
                "max_completion_tokens",
                "min-tokens",
                "token-count",
                "tokenLimit",
                "tokenizer",
                "prompt_cache_key",
                "design",
                "signal",
                "compass",
                "passage",
                "x-request-id"
            })
    void namesOfNumbersAndOfOtherThingsAreNoSecrets(String name) {
        assertThat(Secrets.isSecretName(name)).isFalse();
    }

    @Test
    void aSignatureInTheQueryIsMaskedWithTheOthers() {
        assertThat(Secrets.redactUrl("https://h/v1?sig=a%2Fb&sv=2024&pass=x&X-Amz-Credential=AK/1&max_tokens=5"))
                .isEqualTo("https://h/v1?sig=***&sv=2024&pass=***&X-Amz-Credential=***&max_tokens=5");
    }

    @Test
    void aSecretThatIsEchoedPercentEncodedIsTakenOutToo() {
        var secrets = new Secrets();
        secrets.add("p+q/r=s t&é-1234");

        assertThat(secrets.redact("a p%2Bq%2Fr%3Ds%20t%26%C3%A9-1234 b")).isEqualTo("a *** b");
        assertThat(secrets.redact("a p%2bq/r%3ds+t%26%c3%a9%2D1234 b")).isEqualTo("a *** b");
        assertThat(secrets.redact("a p%2Bq%2Fr%3Ds%20t%26%C3%A9-12")).isEqualTo("a ***");
        assertThat(secrets.redact("100%, p%2")).isEqualTo("100%, p%2");
    }

    @Test
    void mostOfASecretWithinATextIsTakenOutToo() {
        var secrets = new Secrets();
        secrets.add(CANARY);

        assertThat(secrets.redact("the key 'sk-canary-7f3a9c' is unknown")).isEqualTo("the key '***' is unknown");
        assertThat(secrets.redact("sk-canary-7f3 and sk-canary-7f3a9c1e5b")).isEqualTo("*** and ***");
        assertThat(secrets.redact("the key 'sk-canary-7' is unknown")).isEqualTo("the key 'sk-canary-7' is unknown");
        var longer = new Secrets();
        longer.add("Bearer abcdefghijklmnopqrstuvwxyz0123456789");
        assertThat(longer.redact("a Bearer abcdefg is wanted")).isEqualTo("a Bearer abcdefg is wanted");
        assertThat(longer.redact("of Bearer abcdefghijklmnopq.")).isEqualTo("of ***.");
    }

    @Test
    void aServerThatEchoesTheKeyDoesNotMakeItSeen() throws IOException {
        var server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            String said = exchange.getRequestHeaders().getFirst("Authorization");
            byte[] body = ("{\"error\":{\"message\":\"" + "long words ".repeat(25) + "no such key: " + said
                            + "\",\"code\":\"" + said + "\"}}")
                    .getBytes(StandardCharsets.UTF_8);
            exchange.getRequestBody().readAllBytes();
            exchange.getResponseHeaders().add("x-request-id", said);
            exchange.getResponseHeaders().add("x-ratelimit-key", said);
            exchange.getResponseHeaders().add("content-type", "application/json");
            exchange.sendResponseHeaders(401, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
        try {
            var run = LensRun.lens(
                    Map.of("OPENAI_API_KEY", CANARY, "LENS_DEBUG", "1"),
                    "run",
                    "--url",
                    "http://127.0.0.1:" + server.getAddress().getPort() + "/v1",
                    "-m",
                    "m",
                    "-n",
                    "6",
                    "--output-dir",
                    folder.resolve("r").toString());

            assertThat(run.exitCode()).isEqualTo(ExitCode.NOTHING_MEASURED);
            assertThat(run.err()).contains("http_error", "it came from OPENAI_API_KEY");
            nowhere(run);
        } finally {
            server.stop(0);
        }
    }

    @Test
    void aProxysPasswordIsSeenNowhere() throws IOException {
        var run = LensRun.lens(
                Map.of("HTTPS_PROXY", "http://me:" + CANARY + "@127.0.0.1:9"),
                "run",
                "--url",
                "https://example.invalid/v1",
                "-m",
                "m",
                "-n",
                "1",
                "--output-dir",
                folder.resolve("r").toString());

        assertThat(run.exitCode()).isEqualTo(ExitCode.NOTHING_MEASURED);
        nowhere(run);
    }

    @Test
    void theBeginningOfASecretAtTheEndOfAShortenedTextIsTakenOutToo() {
        var secrets = new Secrets();
        secrets.add(CANARY);

        assertThat(secrets.redact("bad key sk-canary-7f...")).isEqualTo("bad key ***...");
        assertThat(secrets.redact("bad key sk-canary-7f")).isEqualTo("bad key ***");
        assertThat(secrets.redact("sk-c")).isEqualTo("sk-c");
    }

    @Test
    void aPlaceholderIsNoSecretAndTearsNoWordsApart() {
        var secrets = new Secrets();
        secrets.add("EMPTY");

        assertThat(secrets.redact("EMPTY answer")).isEqualTo("EMPTY answer");
    }

    /// Java's recorder knows the arguments of its process.
    @Test
    void aKeyOnTheCommandLineIsNotInTheRecording() throws Exception {
        try (var provider = SimulatedProvider.start(ServerOptions.defaults().withApiKey(CANARY), Behaviour.defaults());
                var run = LensProcess.start(
                        folder,
                        "run",
                        "--url",
                        provider.baseUrl() + "?key=" + CANARY,
                        "-m",
                        "m",
                        "-n",
                        "12",
                        "--api-key",
                        CANARY,
                        "-H",
                        "X-Api-Token: " + CANARY,
                        "--jfr",
                        "on",
                        "--lenient",
                        "--no-calibration",
                        "--output-dir",
                        folder.resolve("r").toString())) {
            assertThat(run.await()).as(run.err()).isZero();

            assertThat(folder.resolve("r").resolve("recording.jfr")).isNotEmptyFile();
            nowhereInFiles();
        }
    }

    private void nowhere(LensRun run) throws IOException {
        String beginning = CANARY.substring(0, 12);
        assertThat(run.out()).doesNotContain(beginning);
        assertThat(run.err()).doesNotContain(beginning);
        nowhereInFiles();
    }

    private void nowhereInFiles() throws IOException {
        String beginning = CANARY.substring(0, 12);
        try (var files = Files.walk(folder)) {
            List<Path> written = files.filter(Files::isRegularFile).toList();
            assertThat(written).hasSizeGreaterThanOrEqualTo(2);
            for (Path file : written) {
                assertThat(Files.readString(file, StandardCharsets.ISO_8859_1))
                        .as(file.toString())
                        .doesNotContain(beginning);
            }
        }
    }
}
