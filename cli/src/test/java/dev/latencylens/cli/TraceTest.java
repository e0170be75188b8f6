package dev.latencylens.cli;

import static dev.latencylens.cli.LensRun.exchanges;
import static dev.latencylens.cli.LensRun.lens;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latencylens.simulated.Behaviour;
import dev.latencylens.simulated.ServerOptions;
import dev.latencylens.simulated.SimulatedProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

class TraceTest {
    private static final String BURST_GPT = """
            Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type
            5,ChatGPT,472,18,490,Conversation log
            45.5,ChatGPT,1087,0,1087,Conversation log
            118,GPT-4,417,276,693,API log
            """;
    private static final String AZURE = """
            TIMESTAMP,ContextTokens,GeneratedTokens
            2023-11-16 18:17:03.9799600,4808,10
            2023-11-16 18:17:04.0319569,3180,8
            2023-11-17 00:00:00.0000000+00:00,110,27
            """;
    private static final String MOONCAKE = """
            {"timestamp": 27482, "input_length": 1100, "output_length": 52, "hash_ids": [46, 47, 48]}
            {"timestamp": 30535, "input_length": 1030, "output_length": 26, "hash_ids": [46, 47, 2366]}
            """;

    @TempDir
    Path folder;

    @Test
    void burstGptCountsInSecondsAndItsFailuresHaveNoAnswer() {
        Trace trace = trace(BURST_GPT);

        assertThat(trace.form()).isEqualTo("BurstGPT");
        assertThat(trace.requests())
                .containsExactly(
                        request(0, 472, 18), request(40_500_000_000L, 1_087, 0), request(113_000_000_000L, 417, 276));
        assertThat(trace.withoutLength()).isEqualTo(1);
        assertThat(new Prompts.Traced(trace, 1).apply(1).maxOutputTokens()).isEqualTo(1);
    }

    @Test
    void azureCountsInDates() {
        Trace trace = trace(AZURE);

        assertThat(trace.form()).isEqualTo("Azure");
        assertThat(trace.requests().get(1).afterNs()).isBetween(51_996_800L, 51_997_000L);
        assertThat(trace.requests().get(2).afterNs() / 1_000_000_000).isEqualTo(20_576);
        assertThat(trace.requests().getLast().outputLength()).isEqualTo(27);
    }

    @Test
    void mooncakesPromptsBeginAlikeAsFarAsTheirBlocksAreAlike() {
        Trace trace = trace(MOONCAKE);
        var prompts = new Prompts.Traced(trace, 7);
        List<String> first = words(prompts, 0);
        List<String> second = words(prompts, 1);
        int alike = IntStream.range(0, second.size())
                .filter(i -> !first.get(i).equals(second.get(i)))
                .findFirst()
                .orElseThrow();

        assertThat(trace.requests().get(1).afterNs()).isEqualTo(3_053_000_000L);
        assertThat(first).hasSize(1_100);
        assertThat(second).hasSize(1_030);
        assertThat(alike).isEqualTo(1_024);
        assertThat(prompts.outputLength()).isEqualTo(52);
    }

    @Test
    void aScaleMultipliesTheTimes() {
        assertThat(trace(MOONCAKE).arrivals(0.5).afterNs()).containsExactly(0L, 1_526_500_000L);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    TIMESTAMP,ContextTokens                                   | 1: expected a column 'generatedtokens', the header has [timestamp, contexttokens]
                    one,two                                                   | 1: expected a column 'timestamp', the header has [one, two]
                    Timestamp,Request tokens,Response tokens;5,1              | 2: expected 3 fields, was 2
                    Timestamp,Request tokens,Response tokens;5,1,2;soon,1,2   | 3: For input string: "soon"
                    Timestamp,Request tokens,Response tokens;5,1,2;4.5,1,2    | 3: the time goes back by 0.5 s
                    Timestamp,Request tokens,Response tokens;5,1.5,2          | 2: tokens are a whole number up to 10000000, was 1.5
                    TIMESTAMP,ContextTokens,GeneratedTokens;yesterday,1,2     | 2: Text 'yesterday' could not be parsed at index 0
                    {"timestamp": 1, "input_length": 3}                       | 1: expected a number 'output_length', was missing
                    """)
    void aBadLineIsNamedWithItsNumber(String lines, String said) {
        assertThatThrownBy(() -> trace(lines.replace(';', '\n')))
                .isInstanceOf(CommandFailure.class)
                .hasMessageContaining("line " + said.strip());
    }

    @Test
    void aTraceThatIsNoneIsNamed() {
        assertThatThrownBy(() -> trace("\n")).hasMessageContaining("holds no request");
        assertThatThrownBy(() -> Trace.read(folder.resolve("none.csv"))).hasMessageContaining("cannot read --trace");
    }

    @Test
    void aReplaySendsWhatTheTraceHasWhenItHasIt() throws Exception {
        Path file = Files.writeString(folder.resolve("trace.jsonl"), """
                {"timestamp": 100, "input_length": 40, "output_length": 3}
                {"timestamp": 100, "input_length": 60, "output_length": 5}
                {"timestamp": 500, "input_length": 20, "output_length": 4}
                """);
        Path out = folder.resolve("run");
        try (var provider = SimulatedProvider.start(ServerOptions.defaults(), Behaviour.defaults())) {
            var run = lens(
                    "run",
                    "--url",
                    provider.baseUrl().toString(),
                    "--model",
                    "m",
                    "--trace",
                    file.toString(),
                    "--trace-scale",
                    "0.25",
                    "--seed",
                    "3",
                    "--output-dir",
                    out.toString());
            assertThat(run.exitCode()).as(run.err()).isZero();
            assertThat(run.out()).contains("replay of a trace", "(Mooncake, 3 requests), seed 3");
        }

        List<JsonNode> all = exchanges(out).stream()
                .sorted((one, other) -> Long.compare(
                        one.path("intendedAtNs").asLong(),
                        other.path("intendedAtNs").asLong()))
                .toList();
        long beganAtNs = all.getFirst().path("intendedAtNs").asLong();
        assertThat(all)
                .extracting(each -> each.path("intendedAtNs").asLong() - beganAtNs)
                .containsExactly(0L, 0L, 100_000_000L);
        assertThat(all)
                .extracting(each -> each.at("/usage/output_total").asLong())
                .containsExactlyInAnyOrder(3L, 5L, 4L);
    }

    @Test
    void lengthsOfATraceAreNotToBeGivenTwice() {
        var run = lens("run", "--trace", write(MOONCAKE).toString(), "--isl", "5");

        assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(run.err()).contains("--trace brings the lengths of prompts and answers");
    }

    private Trace trace(String lines) {
        return Trace.read(write(lines));
    }

    private Path write(String lines) {
        try {
            return Files.writeString(folder.resolve("trace"), lines);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static List<String> words(Prompts prompts, long number) {
        return List.of(prompts.apply(number).text().split(" ", -1));
    }

    private static Trace.Request request(long afterNs, int inputLength, int outputLength) {
        return new Trace.Request(afterNs, inputLength, outputLength, List.of());
    }
}
