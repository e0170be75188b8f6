package dev.latencylens.cli;

import static dev.latencylens.cli.LensRun.lens;
import static dev.latencylens.cli.LensRun.runFile;
import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.InputFormat;
import dev.latencylens.simulated.Behaviour;
import dev.latencylens.simulated.Capacity;
import dev.latencylens.simulated.ServerOptions;
import dev.latencylens.simulated.SimulatedProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.node.ObjectNode;

/// Plans: flags that stand in a file.
class PlanTest {
    private static final String TWO_RUNS = """
            num-prompts: 3
            output-len: 2
            scenarios:
              - name: one
              - name: two
                concurrency: 2
                label: {team: lens}
            """;

    @TempDir
    Path folder;

    @ParameterizedTest(name = "{index}")
    @CsvSource(delimiter = '|', textBlock = """
            concurency: 2                     | :1:1: unknown key 'concurency'; did you mean 'concurrency'?
            max-concurrency: 2                | :1:1: unknown key 'max-concurrency'; it is called 'concurrency' here
            weather: fine                     | :1:1: unknown key 'weather'; the keys are the long flags of lens run
            model: m;concurrency: many        | :2:1: Invalid value for 'concurrency'
            model: m;model: n                 | :2:1: 'model' is given twice
            model:                            | needs a value
            model: [a, b]                     | :1:1: 'model' takes one value
            insecure: perhaps                 | :1:1: 'insecure' is true or false, was 'perhaps'
            api-key: abcdefgh                 | :1:1: 'api-key' holds a secret
            header: {Authorization: Bearer x} | :1:1: 'header' holds a secret
            'header: [''x-api-key: 1234'']'   | :1:1: 'header' holds a secret
            url: 'http://h/v1?key=1234'       | :1:1: 'url' holds a secret
            prompt: sk-abcdefghijklmnopqrstuv | :1:1: 'prompt' holds a secret
            label: {token: abcdef}            | :1:1: 'label' holds a secret
            extra-body: '{"api_key":"x"}'     | :1:1: 'extra-body' holds a secret
            model: ${env:NO_SUCH_VARIABLE}    | :1:1: 'model' needs the environment variable NO_SUCH_VARIABLE
            model: ${file:no-such-file}       | no-such-file', which cannot be read
            model: ${MODEL}                   | :1:1: 'model' holds a '${' that is neither ${env:NAME} nor
            scenarios: []                          | 'scenarios' is a list of runs
            scenarios: [{name: a}, {name: a}]      | two runs are called 'a'
            scenarios: [{name: a/b}]               | a run's name is of letters
            scenarios: [{name: a, output-dir: x}]  | 'output-dir' belongs to the whole plan
            scenarios: [{name: a, concurrency: 0}] | run 'a' of the plan: --concurrency must be at least 1, was 0
            'model: "m'                       | this is no YAML
            prompt: &a m;model: *a            | :2:8: aliases (*) are not for plans
            --- a                             | a plan is a mapping
            ''                                | the plan is empty
            """)
    void everyMistakeIsNamedWithItsPlace(String text, String says) throws IOException {
        Path plan = plan(text == null ? "" : text.replace(";", "\n"));

        var validate = lens("plan", "validate", plan.toString());

        assertThat(validate.err()).contains(says).hasLineCount(1);
        // The folder's name is random digits.
        assertThat(validate.err().replace(plan.toString(), "")).doesNotContain("1234", "abcdefgh");
        assertThat(validate.exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(lens("run", plan.toString()).err()).isEqualTo(validate.err());
    }

    @Test
    void aPlanSaysWhatFlagsSayAndFlagsOverrideIt() throws IOException {
        Path plan = plan("""
                concurrency: 3
                num-prompts: 7
                output-len: 2
                label: {a: 1.10, b: "x"}
                percentile-metrics: [ttft, e2e]
                lenient: false
                """);

        var run = lens("run", plan.toString(), "-n", "5", "--output-dir", run().toString());

        assertThat(run.exitCode()).as(run.err()).isZero();
        var said = runFile(run()).path("plan");
        assertThat(said.at("/load/concurrency").asInt()).isEqualTo(3);
        assertThat(said.at("/load/requests").asInt()).isEqualTo(5);
        assertThat(said.at("/labels/a").asString()).isEqualTo("1.10");
        assertThat(said.path("metrics")).hasSize(2);
    }

    @Test
    void aSecretComesFromTheEnvironmentOrAFileAndIsWrittenNowhere() throws IOException {
        Files.writeString(folder.resolve("team"), "very-secret-team\n");
        Path plan = plan("""
                url: ${env:SERVER}
                model: m
                api-key: ${env:MY_KEY}
                header: {X-Team-Token: "team ${file:team}", X-Plain: "$${HOME}"}
                num-prompts: 2
                """);
        try (var provider = SimulatedProvider.start(
                new ServerOptions(
                        null, 0, null, null, null, Set.of(), false, "very-secret-key", List.of(), Capacity.UNLIMITED),
                Behaviour.defaults().with("ttft", "1ms"))) {
            var environment =
                    Map.of("SERVER", provider.baseUrl().toString(), "MY_KEY", "very-secret-key", "HOME", "not me");

            var run = lens(environment, "run", plan.toString(), "--output-dir", run().toString());

            assertThat(run.exitCode()).as(run.err()).isZero();
            assertThat(run.err()).isEmpty();
            assertThat(run.out()).contains("2 measured: completed 2").doesNotContain("very-secret");
        }
        assertThat(Files.readString(run().resolve(RunDirectory.RUN))).doesNotContain("very-secret");
        assertThat(runFile(run()).at("/plan/headers/x-plain").asString()).isEqualTo("${HOME}");
    }

    @Test
    void aPlanOfSeveralRunsMakesAFolderForEach() throws IOException {
        Path plan = plan(TWO_RUNS);

        var run = lens("run", plan.toString(), "--output-dir", run().toString());

        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.out()).contains("Run 1 of 2, 'one'", "Run 2 of 2, 'two'", "Plan      " + run());
        assertThat(runFile(run().resolve("01-one")).path("state").asString()).isEqualTo("finished");
        assertThat(runFile(run().resolve("02-two")).at("/plan/load/concurrency").asInt())
                .isEqualTo(2);
        assertThat(runFile(run().resolve("02-two")).at("/plan/labels/team").asString())
                .isEqualTo("lens");
        assertThat(lens("run", plan.toString(), "--output-dir", run().toString())
                        .err())
                .contains("holds a plan already", "lens resume");
    }

    @Test
    void aPlanThatWasInterruptedIsGoneOnWithAndNothingIsMadeTwice() throws IOException {
        lens("run", plan(TWO_RUNS).toString(), "-n", "2", "--output-dir", run().toString());
        Path second = run().resolve("02-two");
        var killed = (ObjectNode) runFile(second);
        Files.writeString(
                second.resolve(RunDirectory.RUN), killed.put("state", "running").toPrettyString());
        String first = Files.readString(run().resolve("01-one").resolve(RunDirectory.RUN));

        var resume = lens("resume", second.toString());

        assertThat(resume.err()).isEmpty();
        assertThat(resume.out())
                .contains("Run 1 of 2, 'one': is complete, in " + run().resolve("01-one"), "2 measured: completed 2");
        assertThat(run().resolve("01-one").resolve(RunDirectory.RUN)).hasContent(first);
        assertThat(runFile(second).path("state").asString()).as("as it was").isEqualTo("running");
        assertThat(runFile(run().resolve("02-two.2")).path("state").asString()).isEqualTo("finished");

        assertThat(lens("resume", run().toString()).out()).contains("'two': is complete, in");
        assertThat(run().resolve("02-two.3")).doesNotExist();
    }

    @Test
    void aPlanWithARunOfANewerFormatIsNotGoneOnWith() throws IOException {
        lens("run", plan(TWO_RUNS).toString(), "-n", "2", "--output-dir", run().toString());
        Path second = run().resolve("02-two");
        var newer = (ObjectNode) runFile(second);
        Files.writeString(
                second.resolve(RunDirectory.RUN),
                newer.put("formatVersion", 2).put("state", "running").toPrettyString());

        var resume = lens("resume", run().toString());

        assertThat(resume.exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(resume.err()).contains("a newer lens wrote '", "02-two").hasLineCount(1);
        assertThat(run().resolve("02-two.2")).doesNotExist();
    }

    @ParameterizedTest
    @CsvSource({"--api-key, abcdefgh", "--header, Authorization: Bearer abcdefgh", "--url, http://h/v1?key=abcdefgh"})
    void aSecretBesideAPlanOfSeveralRunsIsRefusedForFlagsAreKept(String flag, String value) throws IOException {
        var run = lens("run", plan(TWO_RUNS).toString(), flag, value, "--output-dir", run().toString());

        assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(run.err()).contains(flag + " holds a secret").doesNotContain("abcdefgh");
        assertThat(run()).doesNotExist();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            api-key | ${env:K}                           | --timeout=9
            url     | http://127.0.0.1:9/v1?key=${env:K} | --timeout=9
            url     | http://127.0.0.1:9/v1?key=${env:K} | --api-key=seen-already
            header  | ['x-api-key: ${env:K}']            | --timeout=9
            header  | ['x-api-key: ${env:K}']            | --api-key=seen-already
            """)
    void aSecretOfAPlanIsInTheArgumentsOfNoRun(String key, String value, String flag) throws IOException {
        for (String several : List.of("runs: 2", "concurrency: [1, 2]")) {
            Path plan = plan(several + "\nmodel: m\n" + key + ": " + value + "\n");
            var environment = Map.of("K", "very-secret");

            var run = lens(environment, "run", plan.toString(), flag, "--output-dir=" + run());

            assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
            assertThat(run.err())
                    .contains("'" + key + "' of the plan holds a secret", "or write the runs as scenarios")
                    .hasLineCount(1)
                    .doesNotContain("very-secret");
            assertThat(run()).doesNotExist();
            assertThat(lens(environment, "plan", "validate", plan.toString()).err())
                    .isEqualTo(run.err());
        }
    }

    @Test
    void aSecretThatIsSeenOnTheCommandLineMayBeInTheArgumentsOfItsRunsToo() throws IOException {
        Path plan = plan("runs: 2\nmodel: m\nurl: http://h/v1?key=${env:K}\nheader: ['x-api-key: ${env:K}']\n");

        var run = lens(
                Map.of("K", "very-secret"),
                "run",
                plan.toString(),
                "--url=http://127.0.0.1:9/v1?key=abcdefgh",
                "--header=x-api-key: abcdefgh",
                "--dry-run");

        assertThat(run.exitCode()).as(run.err()).isZero();
    }

    @Test
    void aRunOfItsOwnIsNotGoneOnWith() throws IOException {
        lens("run", "-n", "2", "--output-dir", run().toString());

        assertThat(lens("resume", run().toString()).err()).contains("no part of a plan", "lens recover");
    }

    @Test
    void aPlanIsExplainedWithoutSendingAnything() throws IOException {
        var explain = lens("plan", "explain", plan(TWO_RUNS).toString());

        assertThat(explain.exitCode()).isZero();
        assertThat(explain.out())
                .contains("Run 'two'", "  concurrency: 2  (line 6)", "  label: team=lens  (line 7)", "Requests  3");
        assertThat(lens("plan", "validate", plan(TWO_RUNS).toString()).out()).endsWith(" is a plan of 2 runs\n");
        assertThat(lens("run", plan(TWO_RUNS).toString(), "--dry-run").out()).contains("Run 'one'", "Dry run");
    }

    @Test
    void theSchemaIsThatOfTheFlags() throws IOException {
        Path published = Path.of(System.getProperty("lens.root"), "docs", "schema", "plan.schema.json");

        assertThat(Files.readString(published))
                .as("lens plan schema >docs/schema/plan.schema.json")
                .isEqualTo(lens("plan", "schema").out());
    }

    @Test
    void theSchemaTellsGoodPlansFromBadOnes() {
        var schema = MeasuringTest.schema("plan");
        String good = """
                {"url": "http://h/v1", "model": "m", "api-key": "${env:K}", "header": {"X-A": "b"}, "jfr": "on",
                 "request-rate": "inf", "duration": "30s", "http": 1.1,
                 "scenarios": [{"name": "a", "concurrency": 4}, {"insecure": true, "label": ["a=b"]}]}""";

        assertThat(schema.validate(good, InputFormat.JSON)).isEmpty();
        for (String bad : new String[] {
            "{\"modle\": \"m\"}",
            "{\"num-prompts\": 1.5}",
            "{\"api-key\": \"literal\"}",
            "{\"scenarios\": []}",
            "{\"scenarios\": [{\"output-dir\": \"x\"}]}"
        }) {
            assertThat(schema.validate(bad, InputFormat.JSON)).as(bad).isNotEmpty();
        }
    }

    private Path plan(String text) throws IOException {
        return Files.writeString(folder.resolve("plan.yaml"), text);
    }

    private Path run() {
        return folder.resolve("r");
    }
}
