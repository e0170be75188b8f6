package dev.latencylens.cli;

import static dev.latencylens.cli.LensRun.exchanges;
import static dev.latencylens.cli.LensRun.lens;
import static dev.latencylens.cli.LensRun.runFile;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.latencylens.exchange.ChunkKind;
import dev.latencylens.exchange.ChunkSink;
import dev.latencylens.exchange.EncodedRequest;
import dev.latencylens.exchange.Exchange;
import dev.latencylens.exchange.StreamDecoder;
import dev.latencylens.provider.DialectName;
import dev.latencylens.provider.Provider;
import dev.latencylens.simulated.Behaviour;
import dev.latencylens.simulated.ServerOptions;
import dev.latencylens.simulated.SimulatedProvider;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// Conversations against the simulated provider, over real sockets.
class ConversationTest {
    private static final EncodedRequest NO_BYTES = new EncodedRequest(new byte[0], new byte[0], new byte[0]);
    private static final Behaviour QUICK = Behaviour.defaults().with("ttft=constant:5ms; gap=constant:1ms");

    private static final List<String> WHAT_IS_SAID =
            List.of("messages", "input", "contents", "system", "systemInstruction");

    @TempDir
    Path folder;

    @ParameterizedTest
    @EnumSource(DialectName.class)
    void theHistoryIsSentInEachDialectsOwnForm(DialectName dialect) throws IOException {
        Path file = Files.writeString(folder.resolve("talk.jsonl"), """
                {"messages":[{"role":"system","content":"be \\"brief\\""},
                 {"role":"user","content":"one"},{"role":"assistant","content":"1\\n"},
                 {"role":"user","content":"two"},{"role":"assistant","content":"2"},
                 {"role":"user","content":"three"}]}""");
        List<Recorded> recorded =
                through(dialect, "--dataset", file.toString(), "--turns", "all", "--no-salt", "--history", "synthetic");

        assertThat(recorded)
                .extracting(Recorded::said)
                .containsExactly(said(dialect, 1), said(dialect, 2), said(dialect, 3));
    }

    /// Of the turns of the talk above.
    private static JsonNode said(DialectName dialect, int turn) {
        String system = "be \\\"brief\\\"";
        List<String> texts = List.of("one", "1\\n", "two", "2", "three").subList(0, 2 * turn - 1);
        return JsonMapper.shared()
                .readTree(
                        switch (dialect) {
                            case OPENAI_CHAT, AZURE_OPENAI, COHERE, MISTRAL, META_LLAMA, OLLAMA ->
                                "{\"messages\":[{\"role\":\"system\",\"content\":\"" + system + "\"},"
                                        + messages(texts, "assistant", "\"content\":\"", "\"") + "]}";
                            case OPENAI_RESPONSES ->
                                "{\"input\":[{\"role\":\"system\",\"content\":\"" + system + "\"},"
                                        + messages(texts, "assistant", "\"content\":\"", "\"") + "]}";
                            case ANTHROPIC ->
                                "{\"system\":\"" + system + "\",\"messages\":["
                                        + messages(texts, "assistant", "\"content\":\"", "\"") + "]}";
                            case GEMINI ->
                                "{\"systemInstruction\":{\"parts\":[{\"text\":\"" + system + "\"}]},\"contents\":["
                                        + messages(texts, "model", "\"parts\":[{\"text\":\"", "\"}]") + "]}";
                            case BEDROCK_CONVERSE ->
                                "{\"system\":[{\"text\":\"" + system + "\"}],\"messages\":["
                                        + messages(texts, "assistant", "\"content\":[{\"text\":\"", "\"}]") + "]}";
                            case BEDROCK_INVOKE ->
                                "{\"system\":\"" + system + "\",\"messages\":["
                                        + messages(
                                                texts,
                                                "assistant",
                                                "\"content\":[{\"type\":\"text\",\"text\":\"",
                                                "\"}]")
                                        + "]}";
                        });
    }

    private static String messages(List<String> texts, String assistant, String before, String behind) {
        var messages = new ArrayList<String>();
        for (int i = 0; i < texts.size(); i++) {
            messages.add(
                    "{\"role\":\"" + (i % 2 == 0 ? "user" : assistant) + "\"," + before + texts.get(i) + behind + "}");
        }
        return String.join(",", messages);
    }

    @ParameterizedTest
    @EnumSource(DialectName.class)
    void whatTheServerSaidIsRepeatedWordForWordAndWrittenNowhere(DialectName dialect) throws IOException {
        List<Recorded> recorded = through(dialect, "--turns", "3", "--isl", "12", "--turn-isl", "5");

        assertThat(recorded).hasSize(3);
        for (int turn = 1; turn < 3; turn++) {
            String answer = recorded.get(turn - 1).answer(dialect);
            assertThat(answer.split(" ")).hasSizeGreaterThan(5);
            assertThat(recorded.get(turn).texts()).hasSize(2 * turn + 1).contains(answer);
            assertThat(recorded.get(turn).texts().subList(0, 2 * turn - 1))
                    .isEqualTo(recorded.get(turn - 1).texts());
            try (var files = Files.list(folder.resolve("run"))) {
                for (Path file : files.toList()) {
                    assertThat(Files.readString(file, StandardCharsets.ISO_8859_1))
                            .doesNotContain(answer);
                }
            }
        }
        assertThat(recorded.get(2).texts().getLast().split(" ")).hasSize(5);
    }

    @Test
    void aTurnIsDueWhenItsUserHasThoughtAfterTheAnswerAndNeverBefore() throws IOException {
        try (var simulated = SimulatedProvider.start(ServerOptions.defaults(), QUICK)) {
            LensRun run = run(
                    simulated,
                    "--concurrency",
                    "3",
                    "--turns",
                    "4",
                    "--num-conversations",
                    "9",
                    "--think-time",
                    "uniform:5ms:20ms");

            assertThat(run.exitCode()).as(run.out() + run.err()).isZero();
            assertThat(run.out())
                    .contains("Turns     9 conversations begun: 9 completed\n", "36 measured: completed 36");
        }
        var conversations = conversations();
        assertThat(conversations).hasSize(9);
        conversations.values().forEach(turns -> {
            assertThat(turns).extracting(line -> line.path("turn").asInt()).containsExactly(1, 2, 3, 4);
            for (int i = 1; i < turns.size(); i++) {
                long thoughtNs = turns.get(i).path("intendedAtNs").asLong()
                        - turns.get(i - 1).path("responseEndAtNs").asLong();
                assertThat(thoughtNs).isGreaterThanOrEqualTo(5_000_000);
                assertThat(turns.get(i).path("startedAtNs").asLong())
                        .isGreaterThanOrEqualTo(
                                turns.get(i).path("intendedAtNs").asLong());
            }
        });
        assertThat(runFile(folder.resolve("run")).at("/plan/turns").toString())
                .isEqualTo("{\"lengths\":\"4\",\"followUpLengths\":\"128\",\"history\":\"real\"}");
        assertThat(runFile(folder.resolve("run"))
                        .at("/summary/conversations/completed")
                        .asInt())
                .isEqualTo(9);
    }

    @ParameterizedTest
    @CsvSource({"1.1, --concurrency=3", "2, --concurrency=3", "1.1, --request-rate=100", "2, --request-rate=100"})
    void aStickyConnectionStaysWithItsConversation(String http, String load) throws IOException {
        try (var simulated = SimulatedProvider.start(ServerOptions.defaults(), QUICK)) {
            LensRun run = run(
                    simulated,
                    load,
                    "--turns",
                    "3",
                    "--num-conversations",
                    "8",
                    "--http",
                    http,
                    "--connection-reuse",
                    "sticky");

            assertThat(run.exitCode()).as(run.out() + run.err()).isZero();
        }
        var conversations = conversations();
        assertThat(conversations).hasSize(8);
        conversations
                .values()
                .forEach(turns -> assertThat(turns)
                        .extracting(line -> line.path("connectionNumber").asLong())
                        .hasSize(3)
                        .containsOnly(turns.getFirst().path("connectionNumber").asLong()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"real", "synthetic"})
    void aLaterTurnFindsItsOwnHistoryInTheCacheAndNoOtherConversations(String history) throws IOException {
        var behaviour =
                Behaviour.defaults().with("ttft=constant:60ms; gap=constant:1ms; cache-factor=0.1; cache-block=1");
        try (var simulated = SimulatedProvider.start(ServerOptions.defaults(), behaviour)) {
            LensRun run = run(
                    simulated,
                    "--concurrency",
                    "2",
                    "--turns",
                    "3",
                    "--num-conversations",
                    "11",
                    "--isl",
                    "100",
                    "--turn-isl",
                    "10",
                    "--history",
                    history);

            assertThat(run.exitCode()).as(run.out() + run.err()).isZero();
            assertThat(told(run)).contains("first turns", "later turns", "history " + history);
        }
        JsonNode byTurn = runFile(folder.resolve("run")).at("/summary/byTurn");
        assertThat(exchanges(folder.resolve("run")))
                .filteredOn(line -> line.path("turn").asInt() == 1)
                .as("of two salts a word or two may be the same")
                .allSatisfy(line ->
                        assertThat(line.at("/usage/cached_read").asLong()).isLessThan(8));
        assertThat(byTurn.at("/later/answered").asLong()).isEqualTo(22);
        assertThat(exchanges(folder.resolve("run")))
                .filteredOn(line -> line.path("turn").asInt() == 2)
                .allSatisfy(line ->
                        assertThat(line.at("/usage/cached_read").asLong()).isEqualTo(100));
        assertThat(byTurn.at("/later/metrics/ttft/percentiles/p50").asLong())
                .isLessThan(byTurn.at("/first/metrics/ttft/percentiles/p50").asLong());
    }

    @Test
    void twoRunsOfASeedSayTheSameWhereHistoryIsSynthetic() throws IOException {
        String[] flags = {"--turns", "3", "--seed", "7", "--no-salt", "--history", "synthetic"};
        List<Recorded> once = through(DialectName.OPENAI_CHAT, flags);
        Files.move(folder.resolve("run"), folder.resolve("first-run"));
        List<Recorded> again = through(DialectName.OPENAI_CHAT, flags);

        assertThat(again)
                .extracting(Recorded::said)
                .isEqualTo(once.stream().map(Recorded::said).toList());
    }

    @ParameterizedTest
    @CsvSource({"SYNTHETIC, 0 after 1", "REAL, ''"})
    void aTurnThatDependsOnNoAnswerIsMadeWhileTheOneBeforeIsAnswered(Prompts.History history, String made) {
        var byInterpreter = new ArrayList<String>();
        var turns = new Prompts.Turns(Lengths.of(2), Lengths.of(3), history);
        var conversations = new Conversations(
                "r",
                new Prompts(new Prompts.Repeated("x", "a test"), Lengths.of(5), 1, null, turns),
                (_, _, _) -> NO_BYTES,
                (turn, answered, _) -> {
                    byInterpreter.add(
                            turn.conversation() + " after " + (turn.number() - 1) + String.join("", answered));
                    return NO_BYTES;
                });
        Exchange first = conversations.begin(0);
        assertThat(byInterpreter).isEmpty();

        conversations.sent(first);
        conversations.sent(first);

        assertThat(String.join(", ", byInterpreter))
                .as("once, whatever is tried again")
                .isEqualTo(made);
    }

    @Test
    void aTurnThatFailsEndsItsConversationAndTheReportTellsWhatWasNotSent() throws IOException {
        var behaviour =
                Behaviour.defaults().with("ttft=constant:2ms; gap=constant:1ms; fault=http-500; fault-rate=0.3");
        try (var simulated = SimulatedProvider.start(ServerOptions.defaults(), behaviour)) {
            run(simulated, "--concurrency", "2", "--turns", "3", "--num-conversations", "20");
        }
        int unsent = 0;
        int failed = 0;
        for (List<JsonNode> turns : conversations().values()) {
            boolean answered = turns.getLast().path("outcome").asString().equals("completed");
            failed += answered ? 0 : 1;
            unsent += 3 - turns.size();
            assertThat(turns.subList(0, turns.size() - 1))
                    .allSatisfy(
                            turn -> assertThat(turn.path("outcome").asString()).isEqualTo("completed"));
            assertThat(answered ? turns.size() : 3).isEqualTo(3);
        }
        assertThat(failed).isPositive();
        JsonNode told = runFile(folder.resolve("run")).at("/summary/conversations");
        assertThat(told.toString())
                .isEqualTo("{\"begun\":20,\"completed\":" + (20 - failed) + ",\"failed\":" + failed
                        + ",\"textless\":0,\"cut\":0,\"turnsUnsent\":" + unsent + "}");
    }

    @Test
    void aTurnThatIsTriedAgainGoesOnWithTheSameHistory() throws IOException {
        var behaviour = QUICK.with("fault=http-503; fault-rate=0.5");
        List<Recorded> recorded = through(
                behaviour, DialectName.OPENAI_CHAT, "--turns", "4", "--retries", "20", "--retry-backoff", "1ms");

        assertThat(conversations().get(0L)).hasSize(recorded.size()).hasSizeGreaterThan(4);
        assertThat(runFile(folder.resolve("run"))
                        .at("/summary/conversations/completed")
                        .asInt())
                .isEqualTo(1);
        assertThat(recorded.stream().map(Recorded::said).distinct()).hasSize(4);
    }

    @Test
    void anAnswerWithoutTextCannotBeRepeated() throws IOException {
        var behaviour = Behaviour.defaults().with("ttft=constant:2ms; gap=constant:1ms; tool-call=true");
        try (var simulated = SimulatedProvider.start(ServerOptions.defaults(), behaviour)) {
            LensRun run = run(simulated, "--turns", "3", "--num-conversations", "4");

            assertThat(told(run))
                    .contains("0 completed, 4 by an answer without text to repeat; 8 turns of theirs never");
        }
        assertThat(exchanges(folder.resolve("run"))).hasSize(4);
        assertThat(recovered().path("textless").asInt()).isEqualTo(4);
    }

    @Test
    void anAnswerWithoutTextEndsNoConversationThatRepeatsNone() throws IOException {
        var behaviour = Behaviour.defaults().with("ttft=constant:2ms; gap=constant:1ms; tool-call=true");
        try (var simulated = SimulatedProvider.start(ServerOptions.defaults(), behaviour)) {
            run(
                    simulated,
                    "--turns",
                    "9",
                    "--num-conversations",
                    "4",
                    "-n",
                    "16",
                    "--concurrency",
                    "4",
                    "--history",
                    "synthetic");
        }

        JsonNode told = runFile(folder.resolve("run")).at("/summary/conversations");
        assertThat(told.path("begun").asInt()).isPositive();
        assertThat(told.path("textless").asInt()).isZero();
        assertThat(told.path("cut")).isEqualTo(told.path("begun"));
        assertThat(recovered()).isEqualTo(told);
    }

    @Test
    void aNumberOfPromptsCountsTurns() throws IOException {
        try (var simulated = SimulatedProvider.start(ServerOptions.defaults(), QUICK)) {
            LensRun run = run(simulated, "--concurrency", "2", "--turns", "3", "-n", "10", "--warmup", "2");

            assertThat(run.out()).contains("10 measured: completed 10; 2 for warm-up left out");
        }
    }

    @Test
    void aRunThatBrokeOffIsReportedWithItsTurns() throws IOException {
        Path run = folder.resolve("run");
        try (var simulated = SimulatedProvider.start(ServerOptions.defaults(), QUICK)) {
            run(simulated, "--concurrency", "2", "--turns", "3", "--num-conversations", "6");
        }
        JsonNode before = runFile(run).path("summary");
        kill();

        LensRun recovered = lens("recover", run.toString());

        assertThat(told(recovered))
                .contains("in conversations of 3 turns, follow-ups of 128 words, history real")
                .contains("Turns 6 conversations begun: 6 completed", "later turns");
        for (String part : List.of("/conversations", "/byTurn", "/outcomes")) {
            assertThat(runFile(run).path("summary").at(part)).as(part).isEqualTo(before.at(part));
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            --turns 0                               | --turns must be at least 1, was 0
            --turns all                             | --turns all means those of a --dataset
            --turn-isl 5                            | --turn-isl belongs to conversations; give --turns with it
            --history real                          | --history belongs to conversations; give --turns with it
            --turns 2 --prompt x --turn-isl 3       | --turn-isl goes with generated prompts
            --turns uniform:1:2 --turns-stddev 1    | --turns-stddev goes with --turns N, not with 'uniform:1:2'
            --turns 2 --extra-body {"messages":[]}  | --turns makes the messages itself; leave 'messages' out
            --turns 3 --num-conversations 2 --warmup 6 | --warmup 6 leaves nothing to measure of conversations that have 6 turns in all; give less of it, or more --num-conversations
            --turns 2 --request-rate 2 --duration 2s --warmup 8 | 8 turns in all; give less of it, or a longer --duration
            """)
    void whatCannotBeIsNamedWithItsCure(String flags, String message) {
        var all = new ArrayList<>(List.of("run", "--dry-run", "--url", "http://127.0.0.1:9/v1", "-m", "m"));
        all.addAll(List.of(flags.split(" ")));

        LensRun run = lens(all.toArray(String[]::new));

        assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(run.err()).contains(message);
    }

    @Test
    void aWarmupThatUsedUpAllTurnsIsToldWithItsCure() throws IOException {
        LensRun run;
        try (var simulated = SimulatedProvider.start(ServerOptions.defaults(), QUICK)) {
            run = run(simulated, "--turns", "2", "--num-conversations", "2", "--warmup", "30s");
        }

        assertThat(run.exitCode()).isEqualTo(ExitCode.NOTHING_MEASURED);
        assertThat(run.err())
                .contains("all 4 requests that were sent belong to the warm-up, and none was left to measure;"
                        + " give less --warmup, or more --num-conversations");
    }

    @Test
    void aWarmupComesOnTopOfTheUsualConversations() {
        LensRun run = lens("run", "--dry-run", "--turns", "2", "--warmup", "70");

        assertThat(run.out()).contains("Requests  at most 200, 70 of them for warm-up");
    }

    @Test
    void aFamilyWithoutMessagesIsRefusedBeforeAnythingIsSent() {
        LensRun run = lens(
                Map.of("AWS_REGION", "us-east-1"),
                "run",
                "--dry-run",
                "--provider",
                "bedrock-invoke",
                "-m",
                "meta.llama3-8b",
                "--turns",
                "2");

        assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(run.err()).contains("meta.llama models by bedrock-invoke are one text", "use bedrock-converse");
    }

    @Test
    void aDryRunCountsTheTurns() {
        LensRun run =
                lens("run", "--dry-run", "--turns", "3", "--num-conversations", "5", "--isl", "10", "--osl", "10");

        assertThat(run.out())
                .contains(
                        "Requests  at most 15; they take no longer than ",
                        "at most about 75 in and at most 10 out for each");
    }

    @Test
    void aDryRunOfConversationsBoundsWhatItCanAndNoMore() {
        LensRun two = lens("run", "--dry-run", "--turns", "3", "--num-conversations", "5", "--concurrency", "2");
        assertThat(told(two))
                .contains("at most 15; they take no longer than 9 of the longest answers one after the other");

        LensRun warm = lens("run", "--dry-run", "--turns", "3", "-n", "10", "--warmup", "20s");
        assertThat(told(warm)).contains("Requests 10 at most, and beside them those of the first 20.00 s for warm-up");
    }

    /// Brings the run back to what it was before it ended.
    private void kill() throws IOException {
        Path run = folder.resolve("run");
        ObjectNode killed = (ObjectNode) runFile(run);
        killed.put("state", "running");
        killed.putNull("summary");
        killed.putNull("verdict");
        Files.writeString(run.resolve(RunDirectory.RUN), killed.toString());
    }

    /// What is told of the run's conversations where it was killed.
    private JsonNode recovered() throws IOException {
        kill();
        lens("recover", folder.resolve("run").toString());
        return runFile(folder.resolve("run")).at("/summary/conversations");
    }

    /// The report without its line breaks.
    private static String told(LensRun run) {
        return run.out().replaceAll("\\s+", " ");
    }

    private LensRun run(SimulatedProvider simulated, String... flags) {
        var all = new ArrayList<>(List.of(
                "run",
                "--url",
                simulated.baseUrl().toString(),
                "-m",
                "m",
                "--prime",
                "1ms",
                "--osl",
                "8",
                "--output-dir",
                folder.resolve("run").toString()));
        all.addAll(List.of(flags));
        return lens(all.toArray(String[]::new));
    }

    /// The lines of each conversation, in the order of their ends.
    private Map<Long, List<JsonNode>> conversations() {
        return exchanges(folder.resolve("run")).stream()
                .collect(Collectors.groupingBy(
                        line -> line.path("conversation").asLong(), TreeMap::new, Collectors.toList()));
    }

    private List<Recorded> through(DialectName dialect, String... flags) throws IOException {
        return through(QUICK, dialect, flags);
    }

    /// What went over the wire in one conversation, in both directions.
    private List<Recorded> through(Behaviour behaviour, DialectName dialect, String... flags) throws IOException {
        Provider provider = Arrays.stream(Provider.values())
                .filter(one -> one.dialect() == dialect)
                .findFirst()
                .orElseThrow();
        var environment = new HashMap<String, String>();
        provider.keyVariables().forEach(variable -> environment.put(variable, "a-key-of-" + provider.label()));
        environment.put("AWS_REGION", "us-east-1");
        Path run = folder.resolve("run");
        var recorded = Collections.synchronizedList(new ArrayList<Recorded>());
        try (var simulated = SimulatedProvider.start(ServerOptions.defaults(), behaviour);
                var client = HttpClient.newHttpClient()) {
            var between = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
            between.createContext("/", exchange -> recorded.add(pass(exchange, client, simulated.port())));
            between.start();
            try {
                String origin = "http://127.0.0.1:" + between.getAddress().getPort();
                var all = new ArrayList<>(List.of(
                        "run",
                        "--provider",
                        provider.label(),
                        "--url",
                        origin + path(dialect),
                        "-m",
                        "anthropic.claude-x",
                        "--prime",
                        "1ms",
                        "--osl",
                        "8",
                        "--num-conversations",
                        "1",
                        "--http",
                        "1.1",
                        "--output-dir",
                        run.toString()));
                all.addAll(List.of(flags));
                LensRun said = lens(environment, all.toArray(String[]::new));
                assertThat(said.exitCode()).as(said.out() + said.err()).isZero();
            } finally {
                between.stop(0);
            }
        }
        return recorded;
    }

    private static String path(DialectName dialect) {
        return switch (dialect) {
            case OPENAI_CHAT, OPENAI_RESPONSES, ANTHROPIC -> "/v1";
            case GEMINI -> "/v1beta";
            case BEDROCK_CONVERSE, BEDROCK_INVOKE, AZURE_OPENAI, OLLAMA -> "";
            case COHERE -> "/v2";
            case MISTRAL -> "/mistral/v1";
            case META_LLAMA -> "/llama/v1";
        };
    }

    private static Recorded pass(HttpExchange exchange, HttpClient client, int port) throws IOException {
        try (exchange) {
            byte[] body = exchange.getRequestBody().readAllBytes();
            var request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + exchange.getRequestURI()))
                    .version(HttpClient.Version.HTTP_1_1)
                    .POST(HttpRequest.BodyPublishers.ofByteArray(body));
            List.of(
                            "content-type",
                            "accept",
                            "authorization",
                            "x-api-key",
                            "api-key",
                            "x-goog-api-key",
                            "anthropic-version")
                    .forEach(name -> {
                        String value = exchange.getRequestHeaders().getFirst(name);
                        if (value != null) {
                            request.header(name, value);
                        }
                    });
            HttpResponse<byte[]> answer = client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
            exchange.getResponseHeaders()
                    .set(
                            "content-type",
                            answer.headers().firstValue("content-type").orElse("text/plain"));
            exchange.sendResponseHeaders(answer.statusCode(), answer.body().length);
            exchange.getResponseBody().write(answer.body());
            return new Recorded(JsonMapper.shared().readTree(body), answer.body());
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }

    /// A request and its answer.
    private record Recorded(JsonNode request, byte[] response) {
        /// The members of the request that hold what is said.
        JsonNode said() {
            ObjectNode said = JsonMapper.shared().createObjectNode();
            WHAT_IS_SAID.stream().filter(request::has).forEach(name -> said.set(name, request.get(name)));
            return said;
        }

        /// All texts of the messages, in their order.
        List<String> texts() {
            var texts = new ArrayList<String>();
            request.findParents("role").forEach(message -> {
                JsonNode content = message.has("parts") ? message.get("parts") : message.get("content");
                texts.add(
                        content.isString()
                                ? content.asString()
                                : content.get(0).path("text").asString());
            });
            return texts;
        }

        String answer(DialectName dialect) {
            StreamDecoder decoder = dialect.decoder(response);
            var text = new StringBuilder();
            var sink = new ChunkSink() {
                @Override
                public void event(long endOffset, int bytes) {}

                @Override
                public void chunk(ChunkKind kind, int choice, int tokens, CharSequence piece) {
                    text.append(piece);
                }
            };
            decoder.decode(response, 0, response.length, sink);
            decoder.end(sink);
            return text.toString();
        }
    }
}
