package dev.latencylens.cli;

import static dev.latencylens.cli.LensRun.lens;
import static org.assertj.core.api.Assertions.assertThat;

import dev.latencylens.simulated.Behaviour;
import dev.latencylens.simulated.Capacity;
import dev.latencylens.simulated.ServerOptions;
import dev.latencylens.simulated.SimulatedProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// What sweep and search find of a server whose saturation is known: so many places, each for 50 ms an answer.
///
/// All is held against ratios of the server's own figures, because a busy machine makes every answer later, and
/// against neighbours of the truth, not against the truth to the digit.
class SaturationTest {
    private static final Behaviour ANSWERS = Behaviour.defaults().with("ttft=10ms; gap=10ms; tokens=5");
    private static final double ANSWER_SECONDS = 0.05;

    @TempDir
    Path folder;

    @Test
    void theKneeIsAtAsManyUsersAsThereArePlacesAndWhatIsBeyondIsSeenAndEnds() throws IOException {
        int places = 2;
        LensRun sweep = against(
                new Capacity(places, -1, 0, 429),
                "sweep",
                "--from=1",
                "--to=32",
                "--prime=1ms",
                "--step-duration=700ms",
                "--goodput=ttft:40");

        assertThat(sweep.exitCode()).as(sweep.err()).isZero();
        JsonNode told = json("sweep.json");
        // Where something stopped this machine in the middle of a run, its throughput says nothing of the server.
        if (told.path("runs")
                .valueStream()
                .noneMatch(run -> run.path("verdict").asString().equals("INVALID"))) {
            assertThat(told.path("end").asString()).as(sweep.out()).startsWith("saturated: ");
        }
        assertThat(told.at("/kneeBetween/0").asInt()).as(sweep.out()).isBetween(places / 2, places);
        assertThat(told.at("/kneeBetween/1").asInt()).as(sweep.out()).isBetween(places, 2 * places);
        double most = 0;
        double alone = 0;
        for (JsonNode run : told.path("runs")) {
            int users = run.path("users").asInt();
            double good = run.path("good").asDouble() / run.path("measured").asDouble();
            most = Math.max(most, run.path("answersPerSecond").asDouble());
            alone = users == 1 ? run.path("answersPerSecond").asDouble() : alone;
            if (users <= places / 2) {
                assertThat(good).as(users + " users").isGreaterThan(0.7);
            }
            if (users >= 4 * places) {
                assertThat(good).as(users + " users").isLessThan(0.2);
            }
        }
        assertThat(most)
                .as("no more than all places can answer, and as many times what one user gets")
                .isLessThan(places / ANSWER_SECONDS * 1.05)
                .isBetween(alone * places * 0.7, alone * places * 1.4);
        assertThat(sweep.out()).contains("  <- knee", "good/s", "| ", " tokens/s\n");
        assertThat(folder.resolve("sweep.svg")).content().startsWith("<svg ").contains(" knee</text>", "</svg>");
    }

    /// The truth is 295 requests/s. Rates near it are run again and again, which RateSearchTest tries with servers
    /// that are reckoned; of these two the first runs tell. Those whose connections are new tell of nothing else.
    @Test
    void theSearchesIntervalHoldsTheRateThatTheLineIsKnownToBear() throws IOException {
        int places = 16;
        double truth = RateSearchTest.truth(places, ANSWER_SECONDS, 0.04, 0.9);

        LensRun search = against(
                new Capacity(places, -1, 0, 429),
                "search",
                "--goodput=ttft:50",
                "--good-fraction=0.9",
                "--from=210",
                "--to=400",
                "--precision=0.95",
                "--prime=300ms",
                "--warmup=100",
                "--probe-requests=200",
                "--seed=5");

        JsonNode told = json("search.json");
        // A busy machine answers later than the model does, never sooner: too low is its fault, too high is the
        // search's.
        double held = told.path("highestThatHeld").asDouble(0);
        double broke = told.path("lowestThatDidNot").asDouble(Double.POSITIVE_INFINITY);
        assertThat(held).as(search.out()).isLessThan(truth * 1.1);
        assertThat(broke).as(search.out()).isGreaterThan(held);
        if (told.has("highestThatHeld") && told.has("lowestThatDidNot")) {
            assertThat(search.out()).contains("Result    between ", " requests/s, with 95 % confidence");
        }
    }

    @Test
    void aSweepOfWhoRefusesWhatItCannotAnswerEndsAsOverloaded() throws IOException {
        LensRun sweep = against(
                new Capacity(1, 0, 0, 503), "sweep", "--from=1", "--to=32", "--prime=1ms", "--step-duration=500ms");

        assertThat(json("sweep.json").path("end").asString()).as(sweep.err()).startsWith("overloaded: ");
    }

    private LensRun against(Capacity capacity, String... words) throws IOException {
        try (var provider = SimulatedProvider.start(ServerOptions.defaults().withCapacity(capacity), ANSWERS)) {
            var all = new ArrayList<>(List.of(words));
            all.addAll(List.of("--url", provider.baseUrl().toString(), "--model=m", "--osl=5"));
            all.addAll(List.of("--lenient", "--no-calibration", "--output-dir=" + folder));
            return lens(all.toArray(String[]::new));
        }
    }

    private JsonNode json(String file) throws IOException {
        return JsonMapper.shared().readTree(Files.readString(folder.resolve(file)));
    }
}
