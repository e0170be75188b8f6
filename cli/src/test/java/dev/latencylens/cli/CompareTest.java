package dev.latencylens.cli;

import static dev.latencylens.cli.LensRun.lens;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.networknt.schema.InputFormat;
import dev.latencylens.stats.Metric;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Folders of runs laid side by side. Most of them are written here, so that what differs is known.
class CompareTest {
    private static final long MS = 1_000_000;

    @TempDir
    Path folder;

    @Test
    void aRunsFiguresAreThoseThatItsFilesGiveAgain() {
        lens("run", "--num-prompts", "80", "--concurrency", "8", "--output-dir", folder.toString());

        var run = RunSamples.read(folder, List.of(Metric.values()));

        JsonNode metrics = run.run().at("/summary/metrics");
        for (Metric metric : Metric.values()) {
            if (metric.group() == Metric.Group.CLIENT
                    || metric == Metric.TCP_RTT
                    || metric == Metric.CONNECT_LAG
                    || !metrics.has(metric.label())) {
                continue;
            }
            JsonNode told = metrics.path(metric.label());
            long[] sorted = run.sample(metric).requests() == 0 ? new long[0] : values(run, metric);
            assertThat(sorted).as(metric.label()).hasSize(told.path("count").asInt());
            assertThat(Arrays.stream(sorted).average().orElse(0))
                    .as(metric.label())
                    .isCloseTo(told.path("mean").asDouble(), within(0.01));
        }
        assertThat(run.answered()).isEqualTo(80);
        assertThat(run.outputTokens())
                .isEqualTo(run.run().at("/summary/tokens/output_total").asLong());
    }

    @Test
    void aSlowerRunIsFoundAndEachFormSaysSo() {
        Path a = write("a", new Written());
        Path b = write("b", new Written().slower(1.2).seed(2));

        var table = lens("compare", a.toString(), b.toString());

        assertThat(table.exitCode()).as(table.err()).isZero();
        assertThat(table.out())
                .contains("Compared  A  ", "Result    B and A differ at 5 % for all ", "ttft p50 +")
                .containsPattern("ttft +p50 +[0-9.]+ +[0-9.]+ \\[[0-9.]+, [0-9.]+] +\\+\\d\\d\\.\\d ")
                .contains("<0.001*", "one run on each side: the next run may differ", "n/a 662");
        assertThat(table.out().lines()).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(100));

        var markdown = lens("compare", a.toString(), b.toString(), "--format", "markdown");
        assertThat(markdown.out()).contains("| ttft | p50 | ", "**B and A differ", "\\*");

        var json = lens("compare", a.toString(), b.toString(), "--format", "json");
        assertThat(MeasuringTest.schema("compare").validate(json.out(), InputFormat.JSON))
                .isEmpty();
        JsonNode ttft = row(json, "ttft", "p50");
        assertThat(ttft.path("ratio").asDouble()).isBetween(1.1, 1.3);
        assertThat(ttft.path("ratioInterval").get(0).asDouble()).isGreaterThan(1);
        assertThat(ttft.path("differs").asBoolean()).isTrue();
        assertThat(row(json, "ttft", "p99").path("needs").asInt()).isEqualTo(662);
    }

    @Test
    void equalRunsAreToldWhatWouldHaveBeenFound() {
        Path a = write("a", new Written());
        Path b = write("b", new Written().seed(2));

        var run = lens("compare", a.toString(), b.toString(), "--format", "json", "--percentile-metrics", "ttft");

        JsonNode comparison = JsonMapper.shared().readTree(run.out()).at("/comparisons/0");
        assertThat(comparison.path("result").asString()).contains("no difference between B and A is shown");
        assertThat(comparison.path("tests").asInt()).isEqualTo(4);
        JsonNode p50 = row(run, "ttft", "p50");
        assertThat(p50.path("minimumDetectableEffect").asDouble()).isBetween(0.05, 0.5);
        assertThat(p50.path("moreForFivePercent").asLong()).isPositive();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', textBlock = """
            ttft.p50<=1s                | 0 | PASSED B: ttft.p50<=1s; 1
            ttft.p50<=50ms              | 1 | MISSED B: ttft.p50<=50ms; 1
            ttft.p50 regression<=5%     | 1 | MISSED B: ttft.p50 regression<=5%; +
            ttft.p50 regression<=90%    | 0 | PASSED
            ttft.p99<=1s                | 4 | INCONCLUSIVE B: ttft.p99<=1s; p99 needs 662 values of ttft, there are 300
            ttft.p99 regression<=5%     | 4 | p99 needs 662 values of ttft, there are 300
            ttft.p90 regression<=40%    | 4 | and the limit is within: more requests or runs tell
            queue.p50<=5ms              | 0 | PASSED
            """)
    void aGateIsPassedMissedOrNotDecided(String gate, int exitCode, String says) {
        Path a = write("a", new Written());
        Path b = write("b", new Written().slower(1.4).seed(2));

        var run = lens("compare", a.toString(), b.toString(), "--gate", gate);

        assertThat(run.exitCode()).as(run.out() + run.err()).isEqualTo(exitCode);
        assertThat(run.out().replaceAll("\\s+", " ")).contains(says);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', textBlock = """
            ttft<=350ms             | bad --gate 'ttft<=350ms'; give for example 'ttft.p99<=350ms'
            ttft.p99<=350           | bad --gate
            ttft.p99<=5%            | bad --gate
            ttft.p99 regression<=5s | bad --gate
            speed.p99<=5s           | unknown metric 'speed'
            """)
    void aGateThatSaysNothingIsRefused(String gate, String says) {
        var run = lens("compare", "a", "b", "--gate", gate);

        assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(run.err()).contains(says).hasLineCount(1);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', textBlock = """
            prompts     | generated, 64 words each | other prompts: generated, 128 words each in '
            concurrency | 32                       | other load: arrivals closed-loop, concurrency 4 in '
            stamps      | user                     | other stamps: kernel in '
            tokens      | 40                       | other tokens per answer: 10.0 in '
            """)
    void runsThatAreNotComparableAreRefusedUnlessForced(String what, String value, String says) {
        Path a = write("a", new Written());
        Path b = write("b", new Written().seed(2).with(what, value));

        var refused = lens("compare", a.toString(), b.toString());
        assertThat(refused.exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(refused.err())
                .contains("not comparable: ", says, "--force compares all the same")
                .hasLineCount(1);

        var forced = lens("compare", a.toString(), b.toString(), "--force");
        assertThat(forced.exitCode()).as(forced.err()).isZero();
        assertThat(forced.out().replaceAll("\\s+", " ")).contains("Caveats - " + says);
    }

    @Test
    void anotherModelIsNamedAndComparedAllTheSame() {
        Path a = write("a", new Written());
        Path b = write("b", new Written().seed(2).with("model", "other"));

        assertThat(lens("compare", a.toString(), b.toString()).out())
                .contains("Differs   other model: m in '", "other seeds: the prompts are of one kind but not the same");
        assertThat(lens(
                                "compare",
                                a + "," + b,
                                write("c", new Written().seed(3)).toString())
                        .err())
                .contains("other model: m in '", ", both of side A");
    }

    @ParameterizedTest
    @CsvSource({"INVALID, is INVALID: it stood still", "none, 'has no verdict, for it did not end; lens recover'"})
    void aRunThatIsNotToBeBelievedIsRefusedUnlessLenient(String verdict, String says) {
        Path a = write("a", new Written());
        Path b = write("b", new Written().seed(2).with("verdict", verdict));

        var refused = lens("compare", a.toString(), b.toString());
        assertThat(refused.exitCode()).isEqualTo(ExitCode.INVALID);
        assertThat(refused.err())
                .contains(says, "--lenient compares all the same")
                .hasLineCount(1);

        var lenient = lens("compare", a.toString(), b.toString(), "--lenient");
        assertThat(lenient.exitCode()).isZero();
        assertThat(lenient.out().replaceAll("\\s+", " ")).contains(says);
    }

    @Test
    void runsThatTookTurnsAreComparedInPairs() {
        var sides = new ArrayList<String>();
        for (String side : List.of("a", "b")) {
            var runs = new ArrayList<Path>();
            for (int i = 0; i < 3; i++) {
                boolean isB = side.equals("b");
                runs.add(write(
                        side + i,
                        new Written()
                                .slower((isB ? 1.3 : 1) * (1 + i))
                                .seed(i + (isB ? 50 : 0))
                                .minute(2 * i + (isB ? 1 : 0))
                                .with("label", isB ? "new" : "old")));
            }
            sides.add(runs.stream().map(Path::toString).collect(Collectors.joining(",")));
        }

        var run = lens("compare", sides.get(0), sides.get(1), "--format", "json", "--percentile-metrics", "ttft");

        JsonNode comparison = JsonMapper.shared().readTree(run.out()).at("/comparisons/0");
        assertThat(comparison.path("design").asString()).as(run.err()).isEqualTo("interleaved");
        assertThat(row(run, "ttft", "p50").path("p").asDouble()).isLessThan(0.05);
        assertThat(row(run, "ttft", "p50").path("units").asString()).isEqualTo("runs");
        assertThat(MeasuringTest.schema("compare").validate(run.out(), InputFormat.JSON))
                .isEmpty();

        var all = new ArrayList<>(List.of("compare", "--by", "side"));
        sides.forEach(side -> all.addAll(List.of(side.split(","))));
        var labelled = lens(all.toArray(String[]::new));
        assertThat(labelled.out()).as(labelled.err()).contains("old", "new - old", "in turns: compared in pairs");
    }

    @Test
    void oneRunAgainstSeveralIsRefusedForItTellsNotWhatVariesFromRunToRun() {
        String one = write("one", new Written()).toString();
        String several = write("b1", new Written().seed(2)) + "," + write("b2", new Written().seed(3)) + ","
                + write("b3", new Written().seed(4));

        var fewer = lens("compare", one, several, "--force", "--lenient");
        var more = lens("compare", several, one);

        assertThat(fewer.exitCode()).as(fewer.out()).isEqualTo(ExitCode.USAGE);
        assertThat(fewer.out()).isEmpty();
        assertThat(fewer.err())
                .isEqualTo("lens: side A has one run and side B 3, so what varies from run to run is not known of A;"
                        + " give several runs on both sides, or one on both\n");
        assertThat(more.exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(more.err()).contains("side B has one run and side A 3").hasLineCount(1);
    }

    @Test
    void whatCannotBeComparedIsToldInOneLine() throws IOException {
        Path a = write("a", new Written());
        Path none = Files.createDirectories(folder.resolve("none"));
        Path empty = write("empty", new Written().with("requests", "0"));

        LensRun nowhere = lens("compare", "/nonexistent");
        assertThat(nowhere.exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(nowhere.err())
                .contains("there is no folder '/nonexistent'; give the folders of runs")
                .hasLineCount(1);
        assertThat(lens("compare", a.toString()).err()).contains("needs the folders of two runs at least");
        assertThat(lens("compare", a.toString(), none.toString()).err())
                .contains("run.json'; give the folder of a run");
        assertThat(lens("compare", a.toString(), empty.toString(), "--force").exitCode())
                .isEqualTo(ExitCode.NOTHING_MEASURED);
        assertThat(lens("compare", a.toString(), a.toString(), "--confidence-level", "7")
                        .err())
                .contains("--confidence-level must be at least 50 and below 100 percent, was '7'");
        assertThat(lens("compare", a.toString(), a.toString(), "--by", "nothing")
                        .err())
                .contains("has no label 'nothing'");
        Files.writeString(a.resolve("run.json"), "{");
        assertThat(lens("compare", a.toString(), a.toString()).err()).contains("run.json' is empty or damaged");
    }

    @Test
    void failuresTrendsAndCutLinesAreCaveats() throws IOException {
        Path a = write("a", new Written());
        Path b = write("b", new Written().seed(2).with("failed", "5").with("trend", "0.01"));
        Files.writeString(b.resolve("exchanges.jsonl"), "{\"id\":", StandardOpenOption.APPEND);

        String out = lens("compare", a.toString(), b.toString()).out().replaceAll("\\s+", " ");

        assertThat(out)
                .contains("B: 5 of 300 requests in '")
                .contains("1 line of '")
                .contains("ttft of B rose during the run (Kendall's tau +");
    }

    @Test
    void aRunWhoseExchangesAreNotAllThereIsRefusedUnlessLenient() throws IOException {
        Path a = folder.resolve("a");
        Path b = folder.resolve("b");
        lens("run", "-n", "40", "--seed", "1", "--output-dir", a.toString());
        lens("run", "-n", "40", "--seed", "2", "--output-dir", b.toString());
        Path exchanges = b.resolve("exchanges.jsonl");
        Files.write(exchanges, Files.readAllLines(exchanges).subList(0, 30));

        var refused = lens("compare", a.toString(), b.toString());

        assertThat(refused.exitCode()).isEqualTo(ExitCode.INVALID);
        assertThat(refused.err())
                .contains("b' is not whole: its exchanges.jsonl has 30 of the 40 answers that run.json tells of")
                .hasLineCount(1);
        assertThat(lens("compare", a.toString(), b.toString(), "--lenient").exitCode())
                .isZero();
    }

    private static long[] values(RunSamples run, Metric metric) {
        var values = LongStream.builder();
        RunSamples.exchanges(run.folder(), exchange -> {
            if (!exchange.isWarmup() && exchange.isAnswered()) {
                Arrays.stream(exchange.values(metric)).forEach(values::add);
            }
        });
        return values.build().toArray();
    }

    private static JsonNode row(LensRun run, String metric, String percentile) {
        for (JsonNode row : JsonMapper.shared().readTree(run.out()).at("/comparisons/0/percentiles")) {
            if (row.path("metric").asString().equals(metric)
                    && row.path("percentile").asString().equals(percentile)) {
                return row;
            }
        }
        throw new AssertionError("no " + metric + " " + percentile + " in " + run.out());
    }

    private Path write(String name, Written written) {
        try {
            Path run = Files.createDirectories(folder.resolve(name));
            Files.writeString(run.resolve("run.json"), written.run());
            Files.writeString(run.resolve("exchanges.jsonl"), written.exchanges());
            return run;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// A run of 300 answers of ten tokens, ten milliseconds apart, lognormal times to the first of 100 ms.
    private static final class Written {
        private final Map<String, String> facts = new HashMap<>();
        private double times = 1;
        private long seed = 1;
        private int minute;

        Written slower(double by) {
            times = by;
            return this;
        }

        Written seed(long number) {
            seed = number;
            return this;
        }

        Written minute(int number) {
            minute = number;
            return this;
        }

        Written with(String fact, String value) {
            facts.put(fact, value);
            return this;
        }

        private String fact(String name, String usual) {
            return facts.getOrDefault(name, usual);
        }

        String run() {
            String verdict = fact("verdict", "VALID");
            return """
                    {"id":"1","state":"%s","plan":{"url":"http://h/v1","model":"%s","prompts":"%s, seed %d",
                    "outputLength":10,"stream":true,"load":{"arrivals":"closed-loop","concurrency":%s,"requests":300},
                    "labels":{"side":"%s"}},"clock":{"wallStart":"%s"},"summary":{"windowStartAtNs":5,
                    "client":{"stamps":{"arrival":"%s"}}},"verdict":%s}
                    """.formatted(
                            verdict.equals("none") ? "running" : "finished",
                            fact("model", "m"),
                            fact("prompts", "generated, 128 words each"),
                            seed,
                            fact("concurrency", "4"),
                            fact("label", "x"),
                            Instant.parse("2026-11-26T10:00:00Z").plusSeconds(60L * minute),
                            fact("stamps", "kernel"),
                            verdict.equals("none")
                                    ? "null"
                                    : "{\"state\":\"" + verdict + "\",\"reasons\":[{\"text\":\"it stood still\"}]}");
        }

        String exchanges() {
            var random = new SplittableRandom(seed);
            int requests = Integer.parseInt(fact("requests", "300"));
            int failed = Integer.parseInt(fact("failed", "0"));
            int tokens = Integer.parseInt(fact("tokens", "10"));
            double trend = Double.parseDouble(fact("trend", "0"));
            var lines = new StringBuilder();
            for (int i = 0; i < requests; i++) {
                long startedAtNs = i * 10L * MS;
                double noise = Math.exp(0.4 * random.nextGaussian()) * (1 + trend * i);
                long firstAtNs = startedAtNs + Math.round(100 * MS * times * noise);
                String atNs = LongStream.range(0, 10)
                        .mapToObj(chunk ->
                                Long.toString(firstAtNs + chunk * Math.round(10 * MS * random.nextDouble(0.9, 1.1))))
                        .collect(Collectors.joining(","));
                String last = atNs.substring(atNs.lastIndexOf(',') + 1);
                lines.append(("{\"outcome\":\"%s\",\"intendedAtNs\":%d,\"startedAtNs\":%d,\"firstTokenAtNs\":%d,"
                                + "\"lastTokenAtNs\":%s,\"usage\":{\"output_total\":%d},\"chunks\":{\"atNs\":[%s],"
                                + "\"tokens\":[1,1,1,1,1,1,1,1,1,1],\"coalesced\":[%s]}}\n")
                        .formatted(
                                i < failed ? "reset" : "completed",
                                startedAtNs - 1_000,
                                startedAtNs,
                                firstAtNs,
                                last,
                                tokens,
                                atNs,
                                "false,".repeat(9) + "false"));
            }
            return lines.toString();
        }
    }
}
