package dev.latencylens.cli;

import static dev.latencylens.cli.LensRun.exchanges;
import static dev.latencylens.cli.LensRun.lens;
import static dev.latencylens.cli.LensRun.runFile;
import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.InputFormat;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.latencylens.simulated.Behaviour;
import dev.latencylens.simulated.ServerOptions;
import dev.latencylens.simulated.SimulatedProvider;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/// What runs cost, and what keeps them from costing more: whole runs against the simulated provider.
class CostTest {
    /// One dollar per million tokens in, ten out.
    private static final String PRICES = """
            {"form":"latencylens-prices/1","date":"2026-11-01","prices":[
              {"provider":"sim","model":"m","source":"made up","note":"for tests","input":"1","output":"10"}]}
            """;

    @TempDir
    Path folder;

    private Path prices = Path.of("prices.json");

    @BeforeEach
    void writePrices() throws IOException {
        prices = Files.writeString(folder.resolve("prices.json"), PRICES);
    }

    @Test
    void costIsThatOfTheProvidersOwnCounts() throws IOException {
        var run = run(
                "ttft=1ms",
                "-n",
                "20",
                "--warmup",
                "5",
                "--isl",
                "100",
                "--osl",
                "10",
                "--monthly-requests",
                "1000000");

        assertThat(run.exitCode()).as(run.err()).isZero();
        BigDecimal sum = BigDecimal.ZERO;
        for (JsonNode exchange : exchanges(out())) {
            BigDecimal cost = new BigDecimal(exchange.path("cost").asString());
            assertThat(cost)
                    .isEqualByComparingTo(BigDecimal.valueOf(
                            exchange.at("/usage/input_total").asLong()
                                    + 10 * exchange.at("/usage/output_total").asLong(),
                            6));
            sum = sum.add(cost);
        }
        JsonNode cost = runFile(out()).at("/summary/cost");
        assertThat(amount(cost, "total")).isEqualByComparingTo(sum);
        assertThat(amount(cost, "warmup").multiply(BigDecimal.valueOf(5))).isEqualByComparingTo(sum);
        assertThat(amount(cost, "perRequest")).isEqualByComparingTo(amount(cost, "perGoodRequest"));
        assertThat(amount(cost, "perMonth"))
                .isEqualByComparingTo(amount(cost, "perRequest").multiply(BigDecimal.valueOf(1_000_000)));
        assertThat(cost.path("tableDate").asString()).isEqualTo("2026-11-01");
        assertThat(cost.path("unknown").asInt()).isZero();
        assertThat(run.out().lines()).allMatch(line -> line.length() <= Report.COLUMNS);
        assertThat(run.out())
                .contains("Cost      0.", "of it for warm-up", "per completed request", "per million tokens")
                .contains("a month at 1,000,000 requests", "sim m, standard prices in", "of 2026-11-01", "for tests")
                .contains("cost               uncached x input");
        isValid();
    }

    @Test
    void withoutAPriceTheCostIsUnknownAndNotZero() throws IOException {
        var run = lens("run", "-n", "4", "--output-dir", out().toString());

        assertThat(run.out())
                .contains(
                        "Cost      unknown: no price for model 'simulated' in the table of 2026-08-01; give --prices");
        assertThat(exchanges(out())).noneMatch(exchange -> exchange.has("cost"));
        JsonNode cost = runFile(out()).at("/summary/cost");
        assertThat(cost.has("total")).isFalse();
        assertThat(cost.path("unknown").asInt()).isEqualTo(4);
        assertThat(cost.path("unknownBecause").asString()).startsWith("no price for model 'simulated'");
        isValid();
    }

    @Test
    void aPriceMayBeLookedUpUnderAnotherNameAndTier() throws IOException {
        var run = lens(
                "run",
                "-n",
                "4",
                "--price-model",
                "gpt-5.5-2026-03-01",
                "--service-tier",
                "flex",
                "--output-dir",
                out().toString());

        assertThat(run.out()).contains("openai gpt-5.5, flex prices in the table of 2026-08-01", "priced as 'gpt-5.5'");
        assertThat(runFile(out()).at("/summary/cost/serviceTier").asString()).isEqualTo("flex");
        isValid();
    }

    @Test
    void answersWithoutUsageHaveNoKnownCost() throws IOException {
        var run = run("ttft=1ms", "-n", "4", "--no-usage");

        assertThat(run.out()).contains("Cost      unknown: no answer came with usage");
        assertThat(runFile(out()).at("/summary/cost/unknown").asInt()).isEqualTo(4);
        isValid();
    }

    @Test
    void failuresWithoutUsageAreCountedAsUnknown() throws IOException {
        var run = run("fault=http-503; fault-rate=0.5", "-n", "40");

        long unknown = exchanges(out()).stream()
                .filter(exchange -> !exchange.has("cost"))
                .count();
        assertThat(unknown).isBetween(1L, 39L);
        assertThat(run.out()).contains("Cost      at least ", "of unknown cost not counted");
        assertThat(runFile(out()).at("/summary/cost/unknown").asLong()).isEqualTo(unknown);
    }

    @ParameterizedTest(name = "{0} at a time")
    @CsvSource({"1, 1", "8, 1", "8, 2"})
    void aRunEndsBeforeItCouldCostMoreThanItMay(int users, int threads) throws IOException {
        // A request may cost 150 + 100 millionths of a dollar before its usage is known.
        var run = run(
                "tokens=4",
                "--duration",
                "1h",
                "--concurrency",
                Integer.toString(users),
                "--io-threads",
                Integer.toString(threads),
                "--isl",
                "100",
                "--osl",
                "10",
                "--max-cost",
                "0.006");

        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.out()).contains("ended early (max cost)", "could have passed 0.006 USD", "Raise --max-cost");
        JsonNode file = runFile(out());
        assertThat(file.path("state").asString()).isEqualTo("ended_early");
        assertThat(file.at("/caveats").toString()).contains("\"max_cost\"");
        assertThat(file.at("/summary/outcomes").propertyNames()).containsExactly("completed");
        BigDecimal total = amount(file.at("/summary/cost"), "total");
        assertThat(total).isLessThanOrEqualTo(new BigDecimal("0.006"));
        // Room for 24 at the first estimate, each of which then costs 140 millionths; how many more depends on how
        // soon their ends are reckoned with.
        assertThat(total).isGreaterThanOrEqualTo(new BigDecimal("0.00336"));
        isValid();
    }

    @Test
    void requestsOfUnknownCostUseTheLimitUp() throws IOException {
        var run = run(
                "tokens=4", "--duration", "1h", "--isl", "100", "--osl", "10", "--max-cost", "0.0025", "--no-usage");

        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.out().replaceAll("\\s+", " "))
                .contains(
                        "ended early (max cost) after 10 requests for at least 0.00 USD (10 of unknown cost): one more");
        assertThat(exchanges(out())).hasSize(10);
    }

    @Test
    void aLimitThatIsNotReachedChangesNothing() throws IOException {
        var run = run("tokens=4", "-n", "20", "--max-cost", "5");

        assertThat(run.out()).doesNotContain("max cost");
        assertThat(runFile(out()).path("state").asString()).isEqualTo("finished");
        assertThat(exchanges(out())).hasSize(20);
        isValid();
    }

    @Test
    void aDryRunSendsNothingAndTellsWhatItWould() throws IOException {
        try (var provider = SimulatedProvider.start(ServerOptions.defaults(), Behaviour.defaults())) {
            var run = lens(arguments(
                    provider,
                    "-n",
                    "90",
                    "--warmup",
                    "10",
                    "--isl",
                    "100",
                    "--osl",
                    "10",
                    "--dry-run",
                    "--monthly-requests",
                    "1000000"));

            assertThat(run.exitCode()).as(run.err()).isZero();
            assertThat(run.err()).isEmpty();
            assertThat(run.out().lines()).allMatch(line -> line.length() <= Report.COLUMNS);
            assertThat(run.out().replaceAll("\\s+", " "))
                    .contains("about 250.00 USD at most a month at 1,000,000 requests")
                    .contains("nothing was sent; m at http://127.0.0.1:")
                    .contains("Requests 100, 10 of them for warm-up")
                    .contains("about 150 in and at most 10 out for each request; about 15,000 in and at most 1,000 out")
                    .contains("about 0.00025 USD at most for each request; about 0.025 USD at most together")
                    .contains("sim m, standard prices in");
            assertThat(provider.connectionsAccepted()).isZero();
            assertThat(out()).doesNotExist();
        }
    }

    @Test
    void aDryRunOfAGridTellsOfEachLoadAndOfAllTheirRuns() throws IOException {
        try (var provider = SimulatedProvider.start(ServerOptions.defaults(), Behaviour.defaults())) {
            LensRun grid = lens(arguments(
                    provider,
                    "--concurrency=1,4",
                    "--runs=5",
                    "--num-prompts=90",
                    "--warmup=10",
                    "--isl=100",
                    "--osl=10",
                    "--dry-run"));

            assertThat(grid.exitCode()).as(grid.err()).isZero();
            assertThat(grid.out().lines()).allMatch(line -> line.length() <= Report.COLUMNS);
            assertThat(grid.out().replaceAll("\\s+", " "))
                    .contains(
                            "Load concurrency 1 Requests 100, 10 of them for warm-up",
                            "Load concurrency 4 Requests 100")
                    .contains("Together 10 runs, 5 of each load; at most 1,000 requests; about 150,000 tokens in and at"
                            + " most 10,000 out; about 0.25 USD at most");
            assertThat(provider.connectionsAccepted()).isZero();
            assertThat(out()).doesNotExist();
        }
    }

    @Test
    void aDryRunSaysWhatCannotBeKnown() {
        var bound = lens("run", "--duration", "30s", "--dry-run", "--price-model", "gpt-5.5", "--osl", "10");
        assertThat(bound.exitCode()).isZero();
        assertThat(bound.out())
                .contains("as many as are answered in 30.00 s, which cannot be known before")
                .contains("--max-cost sets a limit");

        var warm = lens("run", "--duration", "30s", "--warmup", "20s", "--dry-run");
        assertThat(warm.out())
                .contains(
                        "as many as are answered in 50.00 s, which",
                        "those of the first 20.00\n          s for warm-up");
        var paced = lens("run", "--duration", "30s", "--warmup", "20s", "--request-rate", "2", "--dry-run");
        assertThat(paced.out().replaceAll("\\s+", " "))
                .contains(
                        "at most 100, those of the first 20.00 s for warm-up, in 30.00 s of measuring, 50.00 s in all");
        var stages = lens("run", "--stages", "30s@2", "--warmup", "20s", "--dry-run");
        assertThat(stages.out().replaceAll("\\s+", " "))
                .contains(
                        "at most 60, those of the first 20.00 s for warm-up, in 10.00 s of measuring, 30.00 s in all");

        var rate = lens("run", "--duration", "30s", "--request-rate", "2", "--dry-run", "--osl", "0");
        assertThat(rate.out())
                .contains("at most 60, in 30.00 s of measuring", "an unknown number out")
                .contains("Cost      unknown: no price for model 'simulated'");
    }

    private LensRun run(String behaviour, String... arguments) throws IOException {
        try (var provider = SimulatedProvider.start(
                ServerOptions.defaults(), Behaviour.defaults().with("ttft=2ms; gap=200us; " + behaviour))) {
            return lens(arguments(provider, arguments));
        }
    }

    private String[] arguments(SimulatedProvider provider, String... more) {
        var arguments =
                new ArrayList<>(List.of("run", "--url", provider.baseUrl().toString(), "-m", "m"));
        arguments.addAll(List.of("--prices", prices.toString(), "--output-dir", out().toString()));
        arguments.addAll(List.of(more));
        return arguments.toArray(String[]::new);
    }

    private Path out() {
        return folder.resolve("r");
    }

    private static BigDecimal amount(JsonNode cost, String name) {
        return new BigDecimal(cost.path(name).asString());
    }

    private void isValid() throws IOException {
        var wrong = new ArrayList<String>();
        wrong.addAll(errors("run", Files.readString(out().resolve(RunDirectory.RUN))));
        for (String line : Files.readAllLines(out().resolve(RunDirectory.EXCHANGES))) {
            wrong.addAll(errors("exchange", line));
        }
        assertThat(wrong).isEmpty();
    }

    private static List<String> errors(String name, String json) throws IOException {
        Path file = Path.of(System.getProperty("lens.root"), "docs", "schema", name + ".schema.json");
        return SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
                .getSchema(Files.readString(file), InputFormat.JSON)
                .validate(json, InputFormat.JSON)
                .stream()
                .map(Object::toString)
                .toList();
    }
}
