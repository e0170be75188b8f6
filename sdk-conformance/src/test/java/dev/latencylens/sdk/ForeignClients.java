package dev.latencylens.sdk;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionStreamOptions;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/// Two clients that stamp tokens as most programs do, for `bench/clients`: a loop over the JDK's `HttpClient`, and
/// OpenAI's SDK. A virtual thread for each user, one answer after the other.
///
/// They leave a folder that `lens truth` reads like a run's, so both are held against the record by the same code.
final class ForeignClients {
    /// What `lens run --prime` does, asked of the server in the request.
    private static final String PRIMING = "ttft=constant:1ms; gap=constant:200us; tokens=16";

    private static final int PRIMING_USERS = 32;

    /// About as long as the prompts that lens makes: 128 words.
    private static final String PROMPT = "word ".repeat(127) + "word";

    private ForeignClients() {}

    /// `jdk|sdk BASE_URL USERS PRIME_SECONDS WARMUPS ROUNDS TOKENS FOLDER`; answers for each user, and tokens of
    /// each.
    public static void main(String[] args) throws IOException, InterruptedException {
        String url = args[1];
        int users = Integer.parseInt(args[2]);
        long primeNs = Long.parseLong(args[3]) * 1_000_000_000;
        int warmups = Integer.parseInt(args[4]);
        int answersEach = warmups + Integer.parseInt(args[5]);
        int tokens = Integer.parseInt(args[6]);
        Client client = args[0].equals("jdk") ? new JdkLoop(url, tokens) : new OpenAiSdk(url, tokens);
        Instant wallStart = Instant.now();
        long startNs = System.nanoTime();

        inParallel(PRIMING_USERS, user -> {
            BooleanSupplier more = () -> System.nanoTime() - startNs < primeNs;
            for (int i = 0; more.getAsBoolean(); i++) {
                client.ask(new Answer("prime-" + user + "-" + i, true, tokens), PRIMING);
            }
        });
        System.gc();
        List<Answer> answers = Collections.synchronizedList(new ArrayList<>());
        inParallel(users, user -> {
            for (int i = 0; i < answersEach; i++) {
                var answer = new Answer(args[0] + "-" + startNs + "-" + user + "-" + i, i < warmups, tokens);
                client.ask(answer, null);
                answers.add(answer);
            }
        });
        Path folder = Files.createDirectories(Path.of(args[7]));
        Files.writeString(folder.resolve("run.json"), """
                {"state": "finished", "clock": {"monotonicStartNs": %d, "wallStart": "%s"}}
                """.formatted(startNs, wallStart));
        Files.write(
                folder.resolve("exchanges.jsonl"),
                answers.stream().map(answer -> answer.toJson(startNs)).toList());
        System.exit(0); // both clients leave threads behind
    }

    private static void inParallel(int users, User user) throws InterruptedException {
        var ended = new CountDownLatch(users);
        for (int i = 0; i < users; i++) {
            int number = i;
            Thread.ofVirtual().start(() -> {
                try {
                    user.run(number);
                } finally {
                    ended.countDown();
                }
            });
        }
        ended.await();
    }

    private interface User {
        void run(int number);
    }

    private interface Client {
        /// @param behaviour asked of the simulated provider, null for its own
        void ask(Answer answer, @Nullable String behaviour);
    }

    /// What a program without a library does: lines, `data:`, JSON.
    private static final class JdkLoop implements Client {
        private static final String DATA = "data: ";

        private final HttpClient http =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        private final JsonMapper json = JsonMapper.shared();
        private final URI uri;
        private final String body;

        JdkLoop(String url, int tokens) {
            uri = URI.create(url + "/chat/completions");
            body = """
                    {"model":"m","messages":[{"role":"user","content":"%s"}],"stream":true,\
                    "stream_options":{"include_usage":true},"max_completion_tokens":%d}\
                    """.formatted(PROMPT, tokens);
        }

        @Override
        public void ask(Answer answer, @Nullable String behaviour) {
            var request = HttpRequest.newBuilder(uri)
                    .header("content-type", "application/json")
                    .header("x-request-id", answer.id)
                    .POST(HttpRequest.BodyPublishers.ofString(body));
            if (behaviour != null) {
                request.header("x-simulate", behaviour);
            }
            answer.startedAtNs = System.nanoTime();
            try (var lines = http.send(request.build(), BodyHandlers.ofLines()).body()) {
                lines.filter(line -> line.startsWith(DATA)).forEach(line -> {
                    long seenAtNs = System.nanoTime();
                    String data = line.substring(DATA.length());
                    if (data.equals("[DONE]")) {
                        answer.outcome = "completed";
                    } else if (!json.readTree(data)
                            .at("/choices/0/delta/content")
                            .asString("")
                            .isEmpty()) {
                        answer.token(seenAtNs);
                    }
                });
            } catch (IOException e) {
                answer.outcome = "cut";
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            answer.endedAtNs = System.nanoTime();
        }
    }

    /// With the settings that it has by itself; a chunk is seen when its stream hands it over.
    private static final class OpenAiSdk implements Client {
        private final OpenAIClient client;
        private final int tokens;

        OpenAiSdk(String url, int tokens) {
            client = OpenAIOkHttpClient.builder().apiKey("none").baseUrl(url).build();
            this.tokens = tokens;
        }

        @Override
        public void ask(Answer answer, @Nullable String behaviour) {
            var asked = ChatCompletionCreateParams.builder()
                    .model("m")
                    .maxCompletionTokens(tokens)
                    .addUserMessage(PROMPT)
                    .streamOptions(ChatCompletionStreamOptions.builder()
                            .includeUsage(true)
                            .build())
                    .putAdditionalHeader("x-request-id", answer.id);
            if (behaviour != null) {
                asked.putAdditionalHeader("x-simulate", behaviour);
            }
            answer.startedAtNs = System.nanoTime();
            try (var chunks = client.chat().completions().createStreaming(asked.build())) {
                chunks.stream().forEach(chunk -> {
                    long seenAtNs = System.nanoTime();
                    boolean text = chunk.choices().stream()
                            .anyMatch(choice ->
                                    !choice.delta().content().orElse("").isEmpty());
                    if (text) {
                        answer.token(seenAtNs);
                    }
                });
                answer.outcome = "completed";
            } catch (RuntimeException e) {
                answer.outcome = "cut";
            }
            answer.endedAtNs = System.nanoTime();
        }
    }

    /// One answer and when its tokens were seen, in readings of CLOCK_MONOTONIC. Written by its user's thread
    /// alone.
    private static final class Answer {
        final String id;
        final boolean warmup;
        long[] seenAtNs;
        int count;
        long startedAtNs;
        long endedAtNs;
        String outcome = "cut";

        Answer(String id, boolean warmup, int tokens) {
            this.id = id;
            this.warmup = warmup;
            seenAtNs = new long[tokens];
        }

        void token(long atNs) {
            if (count == seenAtNs.length) {
                seenAtNs = Arrays.copyOf(seenAtNs, count * 2);
            }
            seenAtNs[count++] = atNs;
        }

        /// The members of `exchanges.jsonl` that `lens truth` looks at. One stamp is all there is, and none is
        /// shared.
        String toJson(long startNs) {
            String atNs = LongStream.of(seenAtNs)
                    .limit(count)
                    .mapToObj(at -> String.valueOf(at - startNs))
                    .collect(Collectors.joining(",", "[", "]"));
            String ones = String.join(",", Collections.nCopies(count, "1"));
            String unshared = String.join(",", Collections.nCopies(count, "false"));
            return """
                    {"id":"%s","warmup":%b,"outcome":"%s","startedAtNs":%d,"firstTokenAtNs":%d,"responseEndAtNs":%d,\
                    "chunks":{"atNs":%s,"userAtNs":%s,"bytes":[%s],"coalesced":[%s]}}\
                    """.formatted(
                            id,
                            warmup,
                            outcome,
                            startedAtNs - startNs,
                            count == 0 ? 0 : seenAtNs[0] - startNs,
                            endedAtNs - startNs,
                            atNs,
                            atNs,
                            ones,
                            unshared);
        }
    }
}
