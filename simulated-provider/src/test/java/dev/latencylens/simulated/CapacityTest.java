package dev.latencylens.simulated;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Answers share the engine as the model says, reckoned with the instants at which their events were due.
class CapacityTest {
    private static final String SLOW = "ttft=30ms; gap=10ms; tokens=4";
    private static final long ANSWER_NS = 60_000_000;

    private static RunningProvider with(Capacity capacity, String settings) throws IOException {
        return new RunningProvider(
                ServerOptions.defaults().withCapacity(capacity),
                Behaviour.defaults().with(settings));
    }

    /// So many requests at the same time, each on a connection of its own.
    private static List<Integer> ask(RunningProvider server, int requests, String body) throws Exception {
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var asked = new ArrayList<Future<Integer>>();
            for (int i = 0; i < requests; i++) {
                Callable<Integer> one = () -> {
                    try (RawHttp1 client = server.http1()) {
                        return client.chat("", body).status();
                    }
                };
                asked.add(threads.submit(one));
            }
            var statuses = new ArrayList<Integer>();
            for (Future<Integer> one : asked) {
                statuses.add(one.get());
            }
            return statuses;
        }
    }

    private static List<TruthRecord> truths(RunningProvider server, int requests) throws InterruptedException {
        var truths = new ArrayList<TruthRecord>();
        for (int i = 0; i < requests; i++) {
            truths.add(server.truth());
        }
        truths.sort(Comparator.comparingLong(TruthRecord::admittedAtNs));
        return truths;
    }

    private static long firstTokenAtNs(TruthRecord truth) {
        return truth.chunkAtNs(List.of(truth.chunks().kind()).indexOf(ChunkKind.TEXT));
    }

    @Test
    void anAnswerThatFindsNoPlaceBeginsAtTheInstantAtWhichTheOneBeforeItEnds() throws Exception {
        try (RunningProvider server = with(new Capacity(2, -1, 0, 429), SLOW)) {
            assertThat(ask(server, 6, RawHttp1.CHAT)).containsOnly(200);

            List<TruthRecord> truths = truths(server, 6);
            for (int i = 0; i < 2; i++) {
                assertThat(truths.get(i).admittedAtNs()).isEqualTo(truths.get(i).requestReadAtNs());
            }
            for (int i = 2; i < 6; i++) {
                assertThat(truths.get(i).admittedAtNs() - truths.get(i - 2).admittedAtNs())
                        .isEqualTo(ANSWER_NS);
            }
            assertThat(truths)
                    .allMatch(truth -> firstTokenAtNs(truth) - truth.admittedAtNs() >= 30_000_000)
                    .isSortedAccordingTo(Comparator.comparingLong(TruthRecord::requestReadAtNs));
        }
    }

    @Test
    void answersInOnePieceHoldTheirPlacesAsLong() throws Exception {
        try (RunningProvider server = with(new Capacity(1, -1, 0, 429), SLOW)) {
            assertThat(ask(server, 3, RawHttp1.WHOLE)).containsOnly(200);

            List<TruthRecord> truths = truths(server, 3);
            assertThat(truths.get(2).admittedAtNs() - truths.get(1).admittedAtNs())
                    .isEqualTo(ANSWER_NS);
        }
    }

    @Test
    void placesOfAnswersThatTakeNoTimeGoThroughTheWholeLine() throws Exception {
        try (RunningProvider server = with(new Capacity(1, -1, 0, 429), "tokens=2")) {
            assertThat(ask(server, 300, RawHttp1.CHAT)).containsOnly(200);
            assertThat(truths(server, 300)).allMatch(truth -> truth.end().equals("complete"));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {429, 503, 529})
    void whoFindsTheLineFullIsRefused(int status) throws Exception {
        try (RunningProvider server = with(new Capacity(1, 2, 0, status), SLOW)) {
            List<Integer> statuses = ask(server, 6, RawHttp1.CHAT);

            assertThat(statuses).filteredOn(said -> said == 200).hasSize(3);
            assertThat(statuses).filteredOn(said -> said == status).hasSize(3);
        }
    }

    @Test
    @SuppressWarnings("try") // that they close early is what is tested
    void whoLeavesTheLineOrTheBatchMakesRoom() throws Exception {
        try (RunningProvider server = with(new Capacity(1, -1, 0, 429), "ttft=10s; tokens=1");
                RawHttp1 running = server.http1();
                RawHttp1 waiting = server.http1();
                RawHttp1 last = server.http1()) {
            // The head leaves at once, so who has its first byte has been read.
            running.write(RawHttp1.post("", RawHttp1.CHAT));
            running.readByte();
            waiting.write(RawHttp1.post("", RawHttp1.CHAT));
            waiting.readByte();
            last.write(RawHttp1.post("X-Simulate: ttft=1ms\r\n", RawHttp1.CHAT));
            waiting.close();
            assertThat(server.truth().admittedAtNs()).isEqualTo(-1);
            running.close();
            assertThat(server.truth().end()).isEqualTo("client-closed");
            assertThat(last.readResponse().status()).isEqualTo(200);
            assertThat(server.truth().end()).isEqualTo("complete");
        }
    }

    @Test
    void allAnswersTogetherGetTheTokensOfASecondAndNoMore() throws Exception {
        int tokens = 20;
        try (RunningProvider server = with(new Capacity(0, -1, 400, 429), "gap=10ms; tokens=" + tokens)) {
            ask(server, 8, RawHttp1.CHAT);

            List<TruthRecord> truths = truths(server, 8);
            // 160 tokens at 400 a second; each alone would take 0.19 s, and four a tenth of what eight want.
            long last = truths.stream()
                    .mapToLong(truth -> truth.writes().atNs()[truth.writes().atNs().length - 1])
                    .max()
                    .orElseThrow();
            long first = truths.stream()
                    .mapToLong(TruthRecord::requestReadAtNs)
                    .min()
                    .orElseThrow();
            assertThat((last - first) / 1e9).isGreaterThanOrEqualTo(159 / 400.0).isCloseTo(0.4, within(0.3));
        }
    }

    @Test
    void aSingleAnswerIsNotSlowedByTokensThatNobodyElseWants() throws Exception {
        try (RunningProvider server = with(new Capacity(0, -1, 400, 429), "gap=10ms; tokens=8")) {
            ask(server, 1, RawHttp1.CHAT);

            TruthRecord truth = server.truth();
            assertThat(truth.writes().bytes()).hasSize(8);
            assertThat(truth.admittedAtNs()).isEqualTo(truth.requestReadAtNs());
        }
    }

    @Test
    void theEngineGivesTokensInTheOrderInWhichTheyAreWanted() {
        var engine = new Engine(new Capacity(0, -1, 1_000, 429));

        assertThat(engine.tokensAtNs(5_000_000, 1)).isEqualTo(5_000_000);
        assertThat(engine.tokensAtNs(5_000_000, 3)).isEqualTo(6_000_000);
        assertThat(engine.tokensAtNs(5_500_000, 1)).isEqualTo(9_000_000);
        assertThat(engine.tokensAtNs(20_000_000, 1)).isEqualTo(20_000_000);
    }

    @Test
    void aCapacityThatMeansNothingIsRefused() {
        assertThatThrownBy(() -> new Capacity(-1, -1, 0, 429)).hasMessageContaining("max-num-seqs");
        assertThatThrownBy(() -> new Capacity(0, 5, 0, 429)).hasMessageContaining("max-num-seqs; give that too");
        assertThatThrownBy(() -> new Capacity(1, -1, -3, 429)).hasMessageContaining("tokens-per-second");
        assertThatThrownBy(() -> new Capacity(1, 0, 0, 404)).hasMessageContaining("was 404");
    }
}
