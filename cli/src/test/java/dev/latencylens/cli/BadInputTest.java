package dev.latencylens.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Whatever is wrong: one line on standard error that names the value and the cure, and the right exit code.
class BadInputTest {
    private static final String SERVER = "run --url http://127.0.0.1:9/v1 --model m ";

    @TempDir
    Path folder;

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', textBlock = """
            run --modle m                    | unknown argument '--modle'; did you mean --model
            run --url ftp://h/v1 -m m        | bad URL 'ftp://h/v1': its scheme is 'ftp'
            run --url localhost:8000 -m m    | bad URL 'localhost:8000': it has no http:// or https:// in front
            run --url http://u:p@h/v1 -m m   | holds a user name or password
            run --url http://h:99999/v1 -m m | port 99999
            run --url http://127.0.0.1:9/v1  | --model is missing
            run --concurrency 0              | --concurrency must be at least 1, was 0
            run --concurrency -3             | --concurrency must be at least 1, was -3
            run --concurrency many           | 'many' is not a whole number of at most 2147483647
            run --num-prompts many           | 'many' is not a whole number
            run --request-rate 1e400         | '1e400' is too high a rate; give at most 1e9 per second, or inf for a closed loop
            run --duration 9999999h          | '9999999h' is too long a time; give at most 876000h
            run --warmup 9999999h            | '9999999h' is too long a time; give at most 876000h
            run --warmup auto:20             | 'auto:20' has a time without a unit; give auto:20s for seconds
            run --turns 2 --turn-delay-mean -5 | --turn-delay-mean must be from 0 to 3153600000000 milliseconds, was -5.0
            run --turns 2 --turns-stddev -1  | --turns-stddev must be at least 0 and finite, was -1.0
            run --turns 2 --history imagined | expected one of real, synthetic but was 'imagined'
            run --arrival-pattern weekly     | expected one of constant, poisson, gamma but was 'weekly'
            run --burstiness much            | 'much' is not a number
            run --num-prompts 0              | --num-prompts must be at least 1, was 0
            run --request-rate -2            | --request-rate must be positive, was -2.0
            run --request-rate 0             | --request-rate must be positive, was 0.0
            run --duration -5s               | a time must be positive, was '-5s'
            run --no-stream --goodput tpot:5 | --no-stream answers have no gaps, so there is no tpot; leave it out of --goodput, or leave out --no-stream
            run --no-stream --percentile-metrics e2e,icl | there is no icl; leave it out of --percentile-metrics, or leave out --no-stream
            run --label foo                  | option '--label'
            run --duration soon              | 'soon' is no time such as 500ms, 30s or 5m
            run --warmup -1                  | '-1' is no warm-up such as 16 (requests), 30s (a time), auto or auto:2m
            run --input-len 0                | --input-len must be at least 1, was 0
            run --output-len -1              | --output-len must be at least 0, was -1
            sweep --url http://127.0.0.1:1 --concurrency 4 | lens sweep sets --concurrency itself; leave it out
            sweep --turns 3 --num-sessions 4 | which --num-sessions would do before; leave it out
            search --goodput ttft:60 --turns=3 | with --turns a rate is one of conversations; leave it out, or use lens sweep
            search --goodput ttft:60 --request-rate 5 | lens search sets --request-rate itself; leave it out
            sweep --from 0                   | --from must be at least 1, was 0
            sweep --goodput fast             | bad --goodput 'fast'
            sweep --goodput speed:5          | bad --goodput: unknown metric 'speed'
            search --goodput speed:5         | bad --goodput: unknown metric 'speed'
            sweep --max-requests-per-minute 60 | lens sweep finds what the server can do, which --max-requests-per-minute would hide; leave it out
            search --from 5                  | Missing required option: '--goodput=METRIC:MS
            search --goodput ttft:5 --good-fraction 1.5 | --good-fraction is a share between 0 and 1, was 1.5
            search --goodput ttft:5 --probe-requests 10 | --probe-requests 10 can never show with 95 % confidence that 99 % are good; give at least 34
            run --runs 0                     | --runs must be at least 1, was 0
            run --converge 0                 | --converge takes a percentage above 0 and below 100, was 0.0
            run --runs 2 --converge 5        | --converge needs at least 3 --runs, was 2
            run --isl normal:5               | --isl 'normal:5' is no length; give a number
            run --isl=0                      | --isl must be at least 1, was 0
            run --request-count 0            | --request-count must be at least 1, was 0
            run --max-concurrency many       | --max-concurrency
            run --shared-prefix 2            | --shared-prefix must be from 0 to 1, was 2.0
            run --prompt a --shared-prefix 1 | --shared-prefix goes with generated prompts
            run --dataset none.csv           | cannot read --dataset 'none.csv'
            run --prompt a --isl 4           | --dataset and --isl exclude each other
            run --prompt=                    | --prompt is empty; give what is to be asked
            run --prompt-file /dev/null      | --prompt-file '/dev/null' is empty; give what is to be asked
            run --prompt-file no/such/file   | cannot read --prompt-file 'no/such/file'
            run --http 3                     | '3' is neither 1.1 nor 2
            run --connection-reuse maybe     | maybe
            run --transport carrier-pigeon   | carrier-pigeon
            run --header Host:evil           | is the transport's own
            run --stamps both                | 'both'
            run --stamps kernel --transport nio | --stamps kernel is not to be had here
            run --max-streams 0              | --max-streams must be at least 1, was 0
            run --io-threads 0               | --io-threads must be at least 1, was 0
            run --io-threads 9 --concurrency 2 | --io-threads 9 is more than the concurrency of 2
            run --io-cpus two                | bad CPU list 'two'
            run --io-cpus 1000               | --io-cpus asks for CPUs [1000], this process may use [
            run --io-cpus 0,1001             | ]; give some of these
            run --retries -1                 | --retries must be at least 0, was -1
            run --stop-after-failures -1     | --stop-after-failures must be at least 0, was -1
            run --retries 101                | --retries must be at most 100, was 101
            run --retry-backoff 1s           | --retry-backoff is for requests that are tried again; give --retries N
            run --retry-total 1s             | --retry-total is for requests that are tried again; give --retries N
            run --retries 1 --retry-total 0  | a time must be positive, was '0'
            run --timeout 0                  | a time must be positive, was '0'
            run --ca-file no.pem             | cannot read --ca-file 'no.pem'
            run --client-cert pom.xml        | a client certificate and its key go together
            run --extra-body {               | extra body is no JSON
            run --percentile-metrics speed   | unknown metric 'speed'; known are ttfb
            run --metric-percentiles 100     | bad percentile '100'
            run -H nonsense                  | bad header beginning with 'nonsense'; give it as 'Name: value'
            run --output-dir pom.xml         | output folder 'pom.xml' is a file
            run --label novalue              | novalue
            run --tokenizer o300k_base       | unknown --tokenizer 'o300k_base': no such file; known are auto, none, r50k_base
            run --tokenizer no/such.json     | unknown --tokenizer 'no/such.json': no such file
            run --tokenizer pom.xml          | the tokenizer 'pom.xml' does not work: expected value at line 1 column 1; give
            run --tokenizer src              | the tokenizer 'src' is a folder; give the tokenizer.json that is in it
            inspect x --dialect openai-chat --tokenizer no | unknown --tokenizer 'no': no such file; known are
            run --prices no.json             | cannot read the prices in 'no.json'; give a JSON file
            run --prices pom.xml             | the prices in 'pom.xml' are no JSON
            run --service-tier gold          | unknown --service-tier 'gold'; known are standard, priority, flex, batch
            run --monthly-requests 0         | --monthly-requests must be at least 1, was 0
            run --max-cost -1                | '-1' is no amount of US dollars such as 0.50
            run --max-cost much              | 'much' is no amount of US dollars such as 0.50
            run --max-cost 1                 | --max-cost needs a price: no price for model 'simulated' in the table of
            run --max-cost 1 --osl 0 --price-model gpt-5 | --max-cost needs to know how long an answer can get; give --osl
            run --max-cost 0 --price-model gpt-5 | --max-cost 0 does not pay for one request, which may cost 0.000
            run --max-cost 1 --price-model gpt-5 --extra-body {"n":2} | cannot reckon with 'n' in --extra-body
            run --max-cost 1 --price-model gpt-5 --extra-body {"generationConfig":{"candidateCount":2}} | cannot reckon with 'candidateCount'
            run --io-priority realtime --io-wait spin | --io-priority realtime would stop a CPU for all other threads
            run --io-priority high | 'high'
            run no/such.yaml                 | cannot read the plan 'no/such.yaml'; give a YAML file
            plan validate pom.xml            | pom.xml:12:25: this is no YAML
            plan                             | give validate, explain or schema
            history --runs-dir no            | there is no folder 'no'; lens run makes runs/ where it is started
            history --last 0                 | --last must be at least 1, was 0
            baseline                         | give set RUN, or show
            baseline set src                 | 'src' is not below 'runs'
            baseline show --runs-dir src     | 'src' has no baseline; lens baseline set RUN makes one
            resume src                       | 'src' holds no plan; give the folder that lens run PLAN made
            run --output-dir pom.xml/x       | cannot write to output folder 'pom.xml/x' (not a directory); make it writable
            recover src                      | cannot read 'src/run.json'; give the folder of a run
            run --goodput ttft                | bad --goodput 'ttft'; give metrics with limits in ms, such as ttft:500
            run --goodput icl:5              | --goodput judges whole requests, and 'icl' has many values in one
            run --goodput tcp_rtt:5          | --goodput judges whole requests, and 'tcp_rtt' is not one's own
            run --goodput speed:5            | unknown metric 'speed'
            run --confidence-level 100       | --confidence-level must be at least 50 and below 100 percent, was '100'
            compare no/such/run other        | there is no folder 'no/such/run'; give the folders of runs
            compare a b --format xml         | 'xml'
            truth no/such/run                | cannot read 'no/such/run/run.json'; give the folder of a run
            truth                            | RUN_DIR
            measure                          | unknown argument 'measure'
            """)
    void everyMistakeOnTheCommandLineIsAnsweredInOneLine(String line, String says) {
        var run = LensRun.lens(line.split(" +", -1));

        assertThat(run.err()).contains(says);
        isOneLine(run, ExitCode.USAGE);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://user:hunter2@127.0.0.1:bad/v1",
                "http://user:hunter2@:80/v1",
                "http://user:hunter2@exa mple/v1",
                "ftp://user:hunter2@h/v1",
                "user:hunter2@host/v1",
                "http:user:hunter2@host/v1",
                "http://user:hunter2@h_x:80/v1",
                "http://user:hunter2@[::1/v1",
                "http://user:hunt#hunter2@h/v1",
                "http://user:hunter2?x@h/v1",
                "http://user:p@hunter2/x@h/v1",
                "http://user:hunter2/x@h/v1?key=1",
                "http://hunter2@h:x/v1"
            })
    void aPasswordInABadUrlIsNotShown(String url) throws IOException {
        Path plan = folder.resolve("plan.yaml");
        Files.writeString(plan, "url: '" + url + "'\nmodel: m\n");
        for (var run : List.of(
                LensRun.lens(Map.of("LENS_DEBUG", "1"), "run", "--url", url, "--model", "m"),
                LensRun.lens("run", plan.toString()),
                LensRun.lens("plan", "validate", plan.toString()),
                LensRun.lens("plan", "explain", plan.toString()))) {
            assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
            assertThat(run.out() + run.err()).doesNotContain("hunt");
        }
        assertThat(LensRun.lens("run", "--url", url, "--model", "m").err()).containsAnyOf("***@", "user name");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://h/v1/@x",
                "http://h:80/@x?mail=a@b",
                "http://[::1]/v1/@x",
                "https://h?mail=a@b",
                "h:80/@x"
            })
    void anAtSignBehindTheHostIsNoUserName(String url) {
        assertThat(Secrets.redactUrl(url)).isEqualTo(url);
    }

    @Test
    void noCommandAtAllIsAnsweredWithTheCommandsThereAre() {
        var run = LensRun.lens();

        assertThat(run.err())
                .contains(
                        "run, sweep, search, compare, plan, resume, recover, history, baseline, calibrate, audit, truth,"
                                + " simulate or inspect");
        isOneLine(run, ExitCode.USAGE);
    }

    @Test
    void helpIsACommandToo() {
        assertThat(LensRun.lens("help").out()).contains("Usage: lens", "simulate", "audit");
        assertThat(LensRun.lens("help", "audit").out()).contains("Usage: lens audit", "--host");
    }

    @Test
    void aFolderThatHoldsARunIsLeftAlone() throws IOException {
        Files.writeString(folder.resolve("run.json"), "precious");
        var run = LensRun.lens("run", "--output-dir", folder.toString());

        assertThat(run.err()).contains("holds a run already");
        isOneLine(run, ExitCode.USAGE);
        assertThat(folder.resolve("run.json")).hasContent("precious");
    }

    @Test
    void aServerThatIsNotThereEndsALongRunAtOnce() {
        var run = LensRun.lens((SERVER + "--duration 1h --output-dir " + folder.resolve("r")).split(" "));

        assertThat(run.err())
                .contains(
                        "no request to http://127.0.0.1:9/v1 was answered: connect_failed: ", "is the server running");
        isOneLine(run, ExitCode.NOTHING_MEASURED);
        assertThat(LensRun.runFile(folder.resolve("r"))
                        .at("/summary/outcomes/connect_failed")
                        .asInt())
                .isGreaterThanOrEqualTo(CircuitBreak.ENOUGH);
    }

    @Test
    void aServerThatIsNotThereIsToldEvenWhenOnlyWarmUpWasSent() {
        var run = LensRun.lens((SERVER + "--warmup 100 --duration 1h --output-dir " + folder.resolve("r")).split(" "));

        assertThat(run.err()).contains("connect_failed");
        isOneLine(run, ExitCode.NOTHING_MEASURED);
    }

    @Test
    void anUnknownHostNamesTheHost() {
        var run = LensRun.lens(
                "run",
                "--url",
                "http://no-such-host.invalid/v1",
                "-m",
                "m",
                "--num-prompts",
                "1",
                "--output-dir",
                folder.resolve("r").toString());

        assertThat(run.err()).contains("dns_failed", "is the host name 'no-such-host.invalid' right?");
        isOneLine(run, ExitCode.NOTHING_MEASURED);
    }

    @Test
    void aServerThatAnswersNothingIsToldAsTimeout() throws IOException {
        try (var silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            var run = LensRun.lens(
                    "run",
                    "--url",
                    "http://127.0.0.1:" + silent.getLocalPort() + "/v1",
                    "-m",
                    "m",
                    "-n",
                    "1",
                    "--timeout-first-byte",
                    "100ms",
                    "--output-dir",
                    folder.resolve("r").toString());

            assertThat(run.err()).contains("timeout: ", "--timeout-first-byte");
            isOneLine(run, ExitCode.NOTHING_MEASURED);
        }
    }

    @Test
    void anUnexpectedFailureAsksForAReportAndShowsItsStackOnlyWhenAsked() {
        var plain =
                LensRun.lens(Map.of(), "run", "--url", "http://127.0.0.1:9/v1", "-m", "m", "--output-dir", "pom.xml");
        var debugging = LensRun.lens(Map.of("LENS_DEBUG", "1"), "run", "--output-dir", "pom.xml");

        isOneLine(plain, ExitCode.USAGE);
        assertThat(debugging.err()).contains("\tat dev.latencylens.cli.");
    }

    private static void isOneLine(LensRun run, int exitCode) {
        assertThat(run.err().lines()).as(run.err()).hasSize(1);
        assertThat(run.err()).startsWith("lens: ").doesNotContain("Exception", "\tat ");
        assertThat(run.out()).isEmpty();
        assertThat(run.exitCode()).isEqualTo(exitCode);
    }
}
