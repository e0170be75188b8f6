package dev.latencylens.cli;

import static dev.latencylens.cli.Flags.named;

import dev.latencylens.exchange.Dialect;
import dev.latencylens.exchange.Header;
import dev.latencylens.exchange.Message;
import dev.latencylens.exchange.Prompt;
import dev.latencylens.load.ArrivalSchedule;
import dev.latencylens.load.Load;
import dev.latencylens.load.RateLimits;
import dev.latencylens.provider.Cost;
import dev.latencylens.provider.DialectName;
import dev.latencylens.provider.DialectOptions;
import dev.latencylens.provider.Price;
import dev.latencylens.provider.Prices;
import dev.latencylens.provider.PromptCache;
import dev.latencylens.provider.Provider;
import dev.latencylens.provider.Secret;
import dev.latencylens.simulated.Behaviour;
import dev.latencylens.simulated.ServerOptions;
import dev.latencylens.simulated.SimulatedProvider;
import dev.latencylens.stats.Metric;
import dev.latencylens.stats.Percentile;
import dev.latencylens.transport.Cpus;
import dev.latencylens.transport.Endpoint;
import dev.latencylens.transport.HttpVersion;
import dev.latencylens.transport.NetworkSettings;
import dev.latencylens.transport.ProxyServer;
import dev.latencylens.transport.Reuse;
import dev.latencylens.transport.SocketKind;
import dev.latencylens.transport.Timeouts;
import dev.latencylens.transport.TlsSettings;
import java.io.IOException;
import java.math.BigDecimal;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.Model.UsageMessageSpec;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.TypeConversionException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// `lens run`: measures an endpoint, or the embedded simulated provider where none is named.
///
/// Here the command line becomes a [Plan]; [Measurement] carries it out.
final class RunCommand implements Callable<Integer> {
    private static final String EMBEDDED_MODEL = "simulated";

    /// The id of a run that is only checked; ids are hexadecimal, for prompts are salted by them.
    private static final String NO_RUN = "0";
    /// Where plans are made for before the simulated provider has a port.
    private static final URI NOWHERE = URI.create("http://127.0.0.1:9/v1");

    /// The header fields that carry a key in one dialect or another.
    private static final List<String> KEY_FIELDS = List.of("authorization", "x-api-key", "api-key", "x-goog-api-key");

    /// Members of a request that change how long its answer can get, or how many there are.
    private static final List<String> COSTLY_MEMBERS = List.of(
            "max_tokens",
            "max_completion_tokens",
            "max_output_tokens",
            "maxOutputTokens",
            "maxTokens",
            "num_predict",
            "n",
            "best_of",
            "candidateCount",
            "messages");

    /// What Gemini, Bedrock and Ollama put such members into.
    private static final List<String> SETTINGS_MEMBERS = List.of("generationConfig", "inferenceConfig", "options");

    /// Header fields that belong to how a request is carried.
    private static final List<String> FRAMING_FIELDS = List.of(
            "host", "content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "te", "trailer");

    /// Flags that a grid sets for each of its runs.
    private static final Set<String> OF_A_GRID =
            Set.of("--runs", "--converge", "--concurrency", "--request-rate", "--output-dir", "--seed");

    private static final List<Metric> USUAL_METRICS = List.of(
            Metric.TTFB,
            Metric.TTFC,
            Metric.TTFT,
            Metric.TTFO,
            Metric.SERVER_TTFT,
            Metric.ICL,
            Metric.ITL,
            Metric.TPOT,
            Metric.E2E,
            Metric.STREAM_END,
            Metric.QUEUE,
            Metric.SEND_LAG,
            Metric.THROTTLE,
            Metric.TTFT_FROM_INTENDED,
            Metric.E2E_FROM_INTENDED,
            Metric.READ_LAG);

    private final Console console;
    private final Secrets secrets;
    /// Keys of what a plan says. All other values stand in this process's arguments, where other users of the
    /// machine can read them.
    private final List<String> fromPlan;

    /// What read the flags.
    private @Nullable CommandLine line;
    private @Nullable String url;
    private @Nullable String provider;
    private @Nullable String dialect;
    private @Nullable String apiVersion;
    private @Nullable String model;
    private @Nullable String apiKey;
    private List<String> headers = new ArrayList<>();
    private LoadOptions load = new LoadOptions();
    private Priming prime = Priming.USUAL;
    private RateLimitOptions limits = new RateLimitOptions();
    private RetryOptions retries = new RetryOptions();
    private RepeatOptions repeat = new RepeatOptions();
    private PromptOptions prompts = new PromptOptions();
    private boolean ignoreEos;
    private @Nullable String extraBody;
    private @Nullable PromptCache promptCache;
    private boolean noUsage;
    private boolean noStream;
    private String tokenizer = TokenizerOption.AUTO;
    private HttpVersion http = HttpVersion.NEGOTIATED;
    private Reuse reuse = Reuse.POOLED;
    private int maxStreams = NetworkSettings.DEFAULT_MAX_STREAMS;
    private IoOptions io = new IoOptions();
    private Duration timeout = Timeouts.DEFAULT.whole();
    private Duration timeoutConnect = Timeouts.DEFAULT.connect();
    private Duration timeoutFirstByte = Timeouts.DEFAULT.firstByte();
    private Duration timeoutSilence = Timeouts.DEFAULT.silence();
    private @Nullable Path caFile;
    private @Nullable Path clientCert;
    private @Nullable Path clientKey;
    private boolean insecure;
    private @Nullable Path outputDir;
    private Map<String, String> labels = new LinkedHashMap<>();
    private List<String> percentileMetrics = List.of();
    private List<String> metricPercentiles = List.of();
    private IoPriority ioPriority = IoPriority.AUTO;
    private OnOff jfr = OnOff.OFF;
    private boolean lean;
    private boolean noCalibration;
    private boolean lenient;
    private @Nullable Path prices;
    private @Nullable String priceModel;
    private String serviceTier = Price.STANDARD;
    private @Nullable Long monthlyRequests;
    private @Nullable BigDecimal maxCost;
    private StatisticsOptions statistics = new StatisticsOptions();
    private boolean dryRun;

    RunCommand(Console console, Secrets secrets) {
        this(console, secrets, List.of());
    }

    RunCommand(Console console, Secrets secrets, List<String> fromPlan) {
        this.console = console;
        this.secrets = secrets;
        this.fromPlan = List.copyOf(fromPlan);
    }

    private void declare(Flags flags) {
        flags.add(
                named("--url", "--base-url")
                        .paramLabel("URL")
                        .description(
                                "base URL of the server, such as https://api.openai.com/v1; all that an OpenAI-compatible"
                                        + " server needs"),
                String.class,
                value -> url = value);
        flags.add(
                named("--provider")
                        .paramLabel("NAME")
                        .completionCandidates(new ProviderNames())
                        .description("whose dialect, base URL and key variable to use: ${COMPLETION-CANDIDATES}"),
                String.class,
                value -> provider = value);
        flags.add(
                named("--dialect")
                        .paramLabel("NAME")
                        .completionCandidates(new DialectNames())
                        .description(
                                "wire format, the provider's or else openai-chat by default: ${COMPLETION-CANDIDATES}"),
                String.class,
                value -> dialect = value);
        flags.add(
                named("--api-version")
                        .paramLabel("V")
                        .description("version of the API where the dialect has one, such as anthropic-version"),
                String.class,
                value -> apiVersion = value);
        flags.add(
                named("-m", "--model").paramLabel("NAME").description("model to ask for"),
                String.class,
                value -> model = value);
        flags.add(
                named("--api-key")
                        .paramLabel("KEY")
                        .description(
                                "key to send; better set the provider's variable, such as OPENAI_API_KEY, which other users"
                                        + " cannot see"),
                String.class,
                value -> apiKey = value);
        flags.addList(
                named("-H", "--header")
                        .paramLabel("'NAME: VALUE'")
                        .description("request header of your own, as often as needed"),
                String.class,
                value -> headers = value);
        load.declare(flags);
        flags.add(
                named("--prime")
                        .paramLabel("TIME|auto")
                        .converters(new Priming.Converter())
                        .description(
                                "how long to run the client's own code in before the first request (default 100ms;"
                                        + " several seconds for the least overhead); auto: until compilation settles, 20s at most"),
                Priming.class,
                value -> prime = value);
        limits.declare(flags);
        retries.declare(flags);
        repeat.declare(flags);
        prompts.declare(flags);
        flags.add(
                named("--ignore-eos").description("ask for answers of full length (vLLM, llama.cpp)"),
                Boolean.class,
                value -> ignoreEos = value);
        flags.add(
                named("--extra-body").paramLabel("JSON").description("members to merge into each request's body"),
                String.class,
                value -> extraBody = value);
        flags.add(
                named("--cache-control")
                        .paramLabel("5m|1h")
                        .converters(new PromptCacheConverter())
                        .description("ask Anthropic or Bedrock to keep the prompt in its cache so long"),
                PromptCache.class,
                value -> promptCache = value);
        flags.add(
                named("--no-usage")
                        .description("do not ask for usage; tokens are then counted by --tokenizer, or as chunks"),
                Boolean.class,
                value -> noUsage = value);
        flags.add(named("--no-stream").description("ask for whole answers"), Boolean.class, value -> noStream = value);
        flags.add(
                named("--tokenizer")
                        .paramLabel("auto|none|NAME|FILE")
                        .description(
                                "counts the tokens of chunks, and of answers without usage: by default one of OpenAI's"
                                        + " encodings for its own models, else nobody; NAME is such as o200k_base, FILE a tokenizer.json"),
                String.class,
                value -> tokenizer = value);
        flags.add(
                named("--http")
                        .paramLabel("1.1|2")
                        .converters(new HttpConverter())
                        .description("HTTP version; by default what the server picks"),
                HttpVersion.class,
                value -> http = value);
        flags.add(
                named("--connection-reuse")
                        .paramLabel("pooled|never|sticky")
                        .description(
                                "any connection, a new one for each request, or one for each user (in an open loop, for each request"
                                        + " or conversation under way, and taken over by a later one) (default pooled)"),
                Reuse.class,
                value -> reuse = value);
        flags.add(
                named("--max-streams")
                        .paramLabel("N")
                        .description("most streams on one HTTP/2 connection (default 100)"),
                Integer.class,
                value -> maxStreams = value);
        io.declare(flags);
        flags.add(
                named("--io-priority")
                        .paramLabel("auto|realtime|usual")
                        .description(
                                "whether the I/O threads go before all other threads on their CPUs (SCHED_RR): auto"
                                        + " (default) where they sleep until requests are due and the kernel lets them, which"
                                        + " takes CAP_SYS_NICE"),
                IoPriority.class,
                value -> ioPriority = value);
        flags.add(
                named("--timeout")
                        .paramLabel("TIME")
                        .converters(new DurationConverter())
                        .description("for a whole request (default 600s)"),
                Duration.class,
                value -> timeout = value);
        flags.add(
                named("--timeout-connect")
                        .paramLabel("TIME")
                        .converters(new DurationConverter())
                        .description("until the connection stands (default 10s)"),
                Duration.class,
                value -> timeoutConnect = value);
        flags.add(
                named("--timeout-first-byte")
                        .paramLabel("TIME")
                        .converters(new DurationConverter())
                        .description("from the request's last byte to the answer's first (default 120s)"),
                Duration.class,
                value -> timeoutFirstByte = value);
        flags.add(
                named("--timeout-silence")
                        .paramLabel("TIME")
                        .converters(new DurationConverter())
                        .description("between two reads of an answer (default 60s)"),
                Duration.class,
                value -> timeoutSilence = value);
        flags.add(
                named("--ca-file").paramLabel("PEM").description("certificates to trust instead of the machine's"),
                Path.class,
                value -> caFile = value);
        flags.add(
                named("--client-cert").paramLabel("PEM").description("client certificate, with --client-key"),
                Path.class,
                value -> clientCert = value);
        flags.add(
                named("--client-key").paramLabel("PEM").description("its private key (PKCS#8)"),
                Path.class,
                value -> clientKey = value);
        flags.add(
                named("--insecure").description("do not check certificates; the report says so"),
                Boolean.class,
                value -> insecure = value);
        flags.add(
                named("--output-dir")
                        .paramLabel("DIR")
                        .description("folder for the run's files (default runs/<time>-<id>)"),
                Path.class,
                value -> outputDir = value);
        flags.addMap(
                named("--label").paramLabel("NAME=VALUE").description("label to keep with the run, as often as needed"),
                value -> labels = value);
        flags.addList(
                named("--percentile-metrics")
                        .paramLabel("NAMES")
                        .splitRegex(",")
                        .description("metrics of the report's table, such as ttft,tpot,icl,e2e"),
                String.class,
                value -> percentileMetrics = value);
        flags.addList(
                named("--metric-percentiles")
                        .paramLabel("P")
                        .splitRegex(",")
                        .description("percentiles to tell (default 50,90,95,99,99.9)"),
                String.class,
                value -> metricPercentiles = value);
        flags.add(
                named("--jfr")
                        .paramLabel("on|off")
                        .description(
                                "write recording.jfr, with every token and every pause of this Java, for lens audit and JDK"
                                        + " Mission Control (default off)"),
                OnOff.class,
                value -> jfr = value);
        flags.add(
                named("--lean")
                        .description(
                                "save memory, for few streams: the lens script, which looks for this, starts Java with a small"
                                        + " heap and one compiler"),
                Boolean.class,
                value -> lean = value);
        flags.add(
                named("--no-calibration")
                        .description(
                                "do not measure this client's own error after the run; the report then has no error bar"),
                Boolean.class,
                value -> noCalibration = value);
        flags.add(
                named("--lenient")
                        .description("exit with 0 also where the run is judged INVALID (3) or INCONCLUSIVE (4)"),
                Boolean.class,
                value -> lenient = value);
        flags.add(
                named("--prices")
                        .paramLabel("FILE")
                        .description("price table to use, in the form of docs/prices.md or of LiteLLM's price file"),
                Path.class,
                value -> prices = value);
        flags.add(
                named("--price-model")
                        .paramLabel("NAME")
                        .description("look the price up under this name instead of the model's"),
                String.class,
                value -> priceModel = value);
        flags.add(
                named("--service-tier")
                        .paramLabel("standard|priority|flex|batch")
                        .description(
                                "prices of this tier (default standard); what is asked of the server says --extra-body"),
                String.class,
                value -> serviceTier = value);
        flags.add(
                named("--monthly-requests")
                        .paramLabel("N")
                        .description("tell what so many requests like the measured ones would cost a month"),
                Long.class,
                value -> monthlyRequests = value);
        flags.add(
                named("--max-cost")
                        .paramLabel("USD")
                        .converters(new AmountConverter())
                        .description(
                                "start no request that could bring the run's cost above this, with those in flight"),
                BigDecimal.class,
                value -> maxCost = value);
        statistics.declare(flags);
        flags.add(
                named("--dry-run")
                        .description("tell how many requests and tokens it would be, and the cost; send none"),
                Boolean.class,
                value -> dryRun = value);
    }

    enum OnOff {
        ON,
        OFF
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        ParseResult given = Objects.requireNonNull(line).getParseResult();
        Path planFile = given.matchedPositionalValue(0, null);
        if (planFile != null) {
            return new PlanExecution(console, secrets).run(planFile, given);
        }
        try {
            List<RunGrid.Cell> cells = load.cells();
            int times = repeat.times();
            Double converge = repeat.converge();
            return isGrid() ? grid(cells, times, converge) : run(target());
        } catch (IllegalArgumentException wrong) {
            throw CommandFailure.usage(String.valueOf(wrong.getMessage()), wrong);
        }
    }

    private boolean isGrid() {
        return repeat.times() > 1 || load.cells().size() > 1;
    }

    /// Runs in other Javas have the flags of this one, which stand where other users of the machine can read them.
    private void noSecretsOfThePlan() {
        ParseResult given = Objects.requireNonNull(line).getParseResult();
        for (String key : fromPlan) {
            OptionSpec flag = given.matchedOption(key);
            if (flag != null
                    && flag.originalStringValues().stream().anyMatch(value -> PlanFile.holdsSecret(key, value))) {
                throw CommandFailure.usage(
                        "'" + key + "' of the plan holds a secret, which each of several runs would have in"
                                + " its arguments, where other users of this machine can read it; leave it out and set the"
                                + " provider's variable, such as OPENAI_API_KEY, or write the runs as scenarios");
            }
        }
    }

    private int grid(List<RunGrid.Cell> cells, int times, @Nullable Double converge)
            throws IOException, InterruptedException {
        noSecretsOfThePlan();
        var flags = new ArrayList<String>();
        for (OptionSpec flag : Objects.requireNonNull(line).getParseResult().matchedOptionsSet()) {
            if (Arrays.stream(flag.names()).noneMatch(OF_A_GRID::contains)) {
                flags.addAll(words(flag));
            }
        }
        if (dryRun) {
            var plans = new LinkedHashMap<String, Plan>();
            for (RunGrid.Cell cell : cells) {
                plans.put(cell.name(), planned(flags, cell));
            }
            console.out().print(secrets.redact(DryRun.ofGrid(plans, times, converge != null)));
            return ExitCode.GOOD;
        }
        Path folder = outputDir == null ? RunDirectory.usual("grid") : outputDir;
        RunDirectory.writable(folder);
        if (Files.exists(folder.resolve("grid.json"))) {
            throw CommandFailure.usage(
                    "output folder '" + folder + "' holds a grid already; give another --output-dir");
        }
        return new RunGrid(console, folder, cells, times, converge, prompts.seed()).run(flags);
    }

    /// What a run of a grid would be.
    private Plan planned(List<String> flags, RunGrid.Cell cell) throws IOException {
        var words = new ArrayList<>(flags);
        words.addAll(cell.flags());
        words.add("--seed=" + prompts.seed());
        var one = new RunCommand(console, secrets, fromPlan);
        line(one).parseArgs(words.toArray(String[]::new));
        return one.check();
    }

    static CommandLine line(RunCommand run) {
        CommandSpec command = CommandSpec.wrapWithoutInspection(run).name("run");
        command.usageMessage()
                .description(
                        "Measures a streamed chat completion from DNS to the last token, under load.",
                        "Without --url or --provider it measures a simulated provider inside this process.")
                .sortOptions(false)
                .exitCodeListHeading("%nExit codes:%n")
                .exitCodeList(UsageMessageSpec.keyValuesMap(
                        "0:VALID, or --lenient",
                        "2:the command line or the plan is wrong",
                        "3:INVALID",
                        "4:INCONCLUSIVE",
                        "5:nothing could be measured, or not kept (a full disk)",
                        "128+N:ended by signal N, with the report of what was measured",
                        "141:standard output took not all of the report"));
        command.addPositional(PositionalParamSpec.builder()
                .index("0")
                .arity("0..1")
                .paramLabel("PLAN")
                .description("YAML file that says what these flags say, for one run or several"
                        + " (docs/plans.md); flags that are given too count instead")
                .type(Path.class)
                .build());
        var flags = new Flags(command);
        run.declare(flags);
        flags.addHelp();
        CommandLine line = new CommandLine(command).setCaseInsensitiveEnumValuesAllowed(true);
        run.line = line;
        return line;
    }

    /// A flag as it would be given again.
    static List<String> words(OptionSpec flag) {
        String name = flag.longestName();
        if (flag.typeInfo().isBoolean()) {
            boolean on = !Boolean.FALSE.equals(flag.getValue());
            return List.of(on ? name : name.replaceFirst("^--", "--no-"));
        }
        return flag.originalStringValues().stream()
                .map(value -> name + "=" + value)
                .toList();
    }

    /// Says everything that can be said against the flags, and makes nothing.
    Plan check() throws IOException {
        try {
            if (isGrid()) {
                noSecretsOfThePlan();
            }
            Target target = target();
            URI base = target.url() == null ? NOWHERE : target.url();
            Plan plan = plan(NO_RUN, base, target);
            speaksTurns(plan, dialect(plan, base, target));
            affordable(plan);
            limited(plan);
            measurable(plan);
            return plan;
        } catch (IllegalArgumentException wrong) {
            throw CommandFailure.usage(String.valueOf(wrong.getMessage()), wrong);
        }
    }

    private Target target() {
        if (url != null) {
            secrets.addUrl(url);
        }
        Target.hideKeys(console.environment(), secrets);
        return Target.of(provider, dialect, url, console.environment());
    }

    /// Everything that can be said against the command line is said before the first folder is made.
    private int run(Target target) throws IOException, InterruptedException {
        String id = String.format(Locale.ROOT, "%08x", new SecureRandom().nextInt());
        URI base = target.url() == null ? NOWHERE : target.url();
        Plan plan = plan(id, base, target);
        Dialect spoken = dialect(plan, base, target);
        speaksTurns(plan, spoken);
        affordable(plan);
        limited(plan);
        measurable(plan);
        if (dryRun) {
            console.out().print(secrets.redact(DryRun.of(plan)));
            return ExitCode.GOOD;
        }
        if (apiKey != null && !fromPlan.contains("api-key")) {
            console.err()
                    .println("lens: --api-key can be seen by other users of this machine"
                            + (plan.keyVariable() == null ? "" : "; better set " + plan.keyVariable()));
        }
        RunDirectory directory = RunDirectory.create(outputDir, id);
        String full = plan.recording() ? RunRecording.outOfSpace(directory.path()) : "";
        if (!full.isEmpty()) {
            throw CommandFailure.nothingMeasured(full);
        }
        if (!target.embedded()) {
            return new Measurement(console, secrets, plan, spoken, directory).run();
        }
        var options = ServerOptions.defaults().withRecord(directory.file(RunDirectory.SIMULATOR));
        var behaviour = Behaviour.defaults().with("ttft", "lognormal:40ms:0.3").with("gap", "lognormal:10ms:0.2");
        try (var simulated = SimulatedProvider.start(options, behaviour)) {
            Plan reachable = plan(id, simulated.baseUrl(), target);
            Dialect there = dialect(reachable, simulated.baseUrl(), target);
            return new Measurement(console, secrets, reachable, there, directory).run();
        }
    }

    private Plan plan(String id, URI base, Target target) throws IOException {
        boolean embedded = target.embedded();
        Endpoint endpoint = Target.endpoint(base.toString());
        List<Metric> metrics = percentileMetrics.isEmpty()
                ? USUAL_METRICS
                : percentileMetrics.stream().map(Metric::of).distinct().toList();
        Objectives objectives = statistics.objectives();
        if (noStream) {
            objectives.ofStreams().ifPresent(metric -> refuseGaps(metric, "--goodput"));
            metrics.stream()
                    .filter(metric -> !percentileMetrics.isEmpty() && metric.group() == Metric.Group.GAP)
                    .forEach(metric -> refuseGaps(metric, "--percentile-metrics"));
        }
        if (!embedded && model == null) {
            throw CommandFailure.usage("--model is missing; name the model that " + endpoint + " is to answer with");
        }
        if (extraBody != null) {
            secrets.addJson(extraBody);
        }
        Load asked = load.load(embedded, timeout, prompts);
        NetworkSettings network = network(endpoint);
        String name = model == null ? EMBEDDED_MODEL : model;
        Cpus cpus = io.cpus();
        return new Plan(
                id,
                Target.shown(base),
                embedded,
                target.dialect().label(),
                apiVersion,
                name,
                target.keyVariables().stream().findFirst().orElse(null),
                embedded ? null : keySource(target),
                ownHeaders(),
                prompts.prompts(embedded, id, promptCache != null, load.trace(), console.in()),
                !noStream,
                !noUsage,
                ignoreEos,
                extraBody,
                promptCache,
                asked,
                retries.policy(prompts::seed),
                limits.limits(),
                retries.stopAfterFailures(asked),
                network,
                io.threads(asked.concurrency(), cpus),
                cpus,
                ioPriority.isRealTime(asked, io.spin()),
                prime,
                Secrets.redactLabels(labels),
                metrics,
                metricPercentiles.isEmpty()
                        ? Percentile.USUAL
                        : metricPercentiles.stream()
                                .map(Percentile::parse)
                                .distinct()
                                .toList(),
                !metricPercentiles.isEmpty(),
                jfr == OnOff.ON,
                lean,
                lenient,
                !noCalibration,
                target.providerLabel(),
                pricing(target.providerLabel(), name),
                TokenizerOption.tokenizer(tokenizer, target.dialect(), name),
                statistics.confidence(),
                objectives,
                statistics.steadyOnly());
    }

    private static void refuseGaps(Metric metric, String flag) {
        throw CommandFailure.usage("--no-stream answers have no gaps, so there is no " + metric.label()
                + "; leave it out of " + flag + ", or leave out --no-stream");
    }

    private Pricing pricing(@Nullable String provider, String name) {
        if (!Price.SERVICES.contains(serviceTier)) {
            throw CommandFailure.usage(
                    "unknown --service-tier '" + serviceTier + "'; known are " + String.join(", ", Price.SERVICES));
        }
        if (monthlyRequests != null) {
            atLeast("--monthly-requests", monthlyRequests, 1);
        }
        Prices table = prices == null ? Prices.builtIn() : Prices.read(prices);
        Prices.Lookup lookup = table.find(provider, priceModel == null ? name : priceModel);
        return new Pricing(prices, table, lookup, serviceTier, monthlyRequests, maxCost);
    }

    /// What was said before must have a place in the request.
    ///
    /// @throws IllegalArgumentException where the dialect has none
    private static void speaksTurns(Plan plan, Dialect dialect) {
        if (plan.prompts().turns() == null) {
            return;
        }
        for (String member : List.of("messages", "input", "contents", "system", "systemInstruction")) {
            if (hasMember(plan.extraBody(), member)) {
                throw CommandFailure.usage("--turns makes the messages itself; leave '" + member
                        + "' out of --extra-body, and give what is to be said in a --dataset");
            }
        }
        var said = List.of(new Message(Message.Role.USER, "x"), new Message(Message.Role.ASSISTANT, "x"));
        dialect.request(new Prompt(said, "x", 1));
    }

    /// A limit of cost needs a price and an end of each answer, and must be worth one request.
    private static void affordable(Plan plan) {
        Pricing pricing = plan.pricing();
        BigDecimal limit = pricing.maxCost();
        if (limit == null) {
            return;
        }
        if (pricing.tariff().isEmpty()) {
            throw CommandFailure.usage("--max-cost needs a price: " + pricing.unknown());
        }
        if (plan.prompts().outputLength() == 0) {
            throw CommandFailure.usage(
                    "--max-cost needs to know how long an answer can get; give --osl TOKENS, it was 0");
        }
        for (String member : COSTLY_MEMBERS) {
            if (hasMember(plan.extraBody(), member)) {
                throw CommandFailure.usage("--max-cost cannot reckon with '" + member
                        + "' in --extra-body; leave it out, and give --osl for the length of answers");
            }
        }
        BigDecimal each = Cost.atMost(
                        plan.prompts().inputTokens(),
                        plan.prompts().outputLength(),
                        pricing.tariff().get())
                .orElseThrow(() -> CommandFailure.usage("--max-cost needs a price, but there is none for so long a"
                        + " prompt in " + pricing.prices().name()));
        if (each.compareTo(limit) > 0) {
            throw CommandFailure.usage("--max-cost " + limit.toPlainString() + " does not pay for one request, which"
                    + " may cost " + Figures.usd(each) + "; give more, or lower --osl");
        }
    }

    /// A limit of tokens needs an end of each answer, and every I/O thread must be able to start the largest
    /// request.
    private static void limited(Plan plan) {
        RateLimits limits = plan.limits();
        if (limits.areNone()) {
            return;
        }
        long tokens = limits.share(plan.ioThreads() - 1, plan.ioThreads()).tokensPerMinute();
        if (tokens == 0) {
            return;
        }
        if (plan.prompts().outputLength() == 0) {
            throw CommandFailure.usage(
                    "--max-tokens-per-minute needs to know how long an answer can get; give --osl TOKENS, it was 0");
        }
        for (String member : COSTLY_MEMBERS) {
            if (hasMember(plan.extraBody(), member)) {
                throw CommandFailure.usage("--max-tokens-per-minute cannot reckon with '" + member
                        + "' in --extra-body; leave it out, and give --osl for the length of answers");
            }
        }
        long each = plan.prompts().inputTokens() + plan.prompts().outputLength();
        if (each > tokens) {
            throw CommandFailure.usage("--max-tokens-per-minute " + limits.tokensPerMinute()
                    + (plan.ioThreads() == 1 ? "" : ", which " + plan.ioThreads() + " I/O threads share,")
                    + " does not allow one request, which may take " + each + "; give more, or lower --osl"
                    + (plan.ioThreads() == 1 ? "" : " or --io-threads"));
        }
    }

    /// What a warm-up of requests uses up, as far as that is known before anything is sent.
    private static void measurable(Plan plan) {
        Load load = plan.load();
        Load.Conversations conversations = load.conversations();
        long warmups = load.warmup().requests();
        if (warmups == 0) {
            return;
        }
        if (conversations != null) {
            long turns = DryRun.turns(plan, warmups + 1).orElse(warmups + 1);
            if (turns <= warmups) {
                throw CommandFailure.usage(
                        "--warmup " + warmups + " leaves nothing to measure of conversations that have "
                                + Figures.count(turns) + " turns in all; give less of it, or "
                                + (conversations.most() > 0 ? "more --num-conversations" : "a longer --duration"));
            }
        } else if (load.arrivals() instanceof ArrivalSchedule.Replayed && load.due() <= warmups) {
            throw CommandFailure.usage("--warmup " + warmups + " leaves nothing to measure of --trace, which has "
                    + Figures.count(load.due()) + " requests; give less of it");
        }
    }

    /// Where dialects have it: in the body, or in its object of settings.
    private static boolean hasMember(@Nullable String body, String member) {
        if (body == null) {
            return false;
        }
        JsonNode json = JsonMapper.shared().readTree(body);
        return json.has(member)
                || SETTINGS_MEMBERS.stream()
                        .anyMatch(settings -> json.path(settings).has(member));
    }

    private NetworkSettings network(Endpoint endpoint) {
        atLeast("--max-streams", maxStreams, 1);
        SocketKind sockets = io.sockets();
        ProxyServer proxy =
                ProxyServer.fromEnvironment(console.environment(), endpoint).orElse(null);
        String password = proxy == null ? null : proxy.password();
        if (password != null) {
            secrets.add(password);
        }
        readable("--ca-file", caFile);
        readable("--client-cert", clientCert);
        readable("--client-key", clientKey);
        return new NetworkSettings(
                endpoint,
                http,
                sockets,
                io.spin(),
                reuse,
                maxStreams,
                new Timeouts(timeoutConnect, timeoutFirstByte, timeoutSilence, timeout),
                new TlsSettings(caFile, clientCert, clientKey, insecure),
                proxy,
                io.stamps(sockets));
    }

    private List<Header> ownHeaders() {
        var own = new ArrayList<Header>();
        for (String header : headers) {
            int colon = header.indexOf(':');
            if (colon < 1) {
                // It may hold a secret, so no more of it is quoted than its first word.
                throw CommandFailure.usage(
                        "bad header beginning with '" + header.split("[\\s=]", 2)[0] + "'; give it as 'Name: value'");
            }
            String name = header.substring(0, colon).strip();
            String value = header.substring(colon + 1).strip();
            if (FRAMING_FIELDS.contains(name.toLowerCase(Locale.ROOT))) {
                throw CommandFailure.usage("--header '" + name
                        + "' is the transport's own and would not be sent as given; leave it out, and change --url for"
                        + " another host");
            }
            boolean secret = Secrets.isSecretName(name);
            if (secret) {
                secrets.addHeaderValue(value);
            } else {
                secrets.addKeys(value);
            }
            own.add(new Header(name, value, secret));
        }
        return own;
    }

    /// Where the key comes from, or null if there is none.
    private @Nullable String keySource(Target target) {
        for (String header : headers) {
            String name = header.substring(0, Math.max(0, header.indexOf(':'))).strip();
            if (KEY_FIELDS.contains(name.toLowerCase(Locale.ROOT))) {
                return "--header " + name;
            }
        }
        if (apiKey != null && !apiKey.isBlank()) {
            return "--api-key";
        }
        return target.carriesKey() ? "--url" : target.keyVariable(console.environment());
    }

    private Dialect dialect(Plan plan, URI base, Target target) {
        var options = DialectOptions.at(base, plan.model()).headers(plan.headers()).stream(plan.stream())
                .includeUsage(plan.includeUsage())
                .ignoreEos(plan.ignoreEos())
                .apiVersion(plan.apiVersion())
                .promptCache(plan.promptCache());
        String key = key(target);
        if (!plan.embedded() && !key.isBlank()) {
            secrets.add(key);
            options.apiKey(Secret.of(key));
        }
        if (plan.extraBody() != null) {
            options.extraBody(plan.extraBody());
        }
        return target.dialect(options, console.environment(), secrets);
    }

    /// The key itself, empty where there is none.
    private String key(Target target) {
        if (apiKey != null) {
            return apiKey;
        }
        String variable = target.carriesKey() ? null : target.keyVariable(console.environment());
        return variable == null ? "" : console.environment().getOrDefault(variable, "");
    }

    static void atLeast(String option, long value, long least) {
        if (value < least) {
            throw CommandFailure.usage(option + " must be at least " + least + ", was " + value);
        }
    }

    private static void readable(String option, @Nullable Path file) {
        if (file != null && !Files.isReadable(file)) {
            throw CommandFailure.usage("cannot read " + option + " '" + file + "'; give a PEM file");
        }
    }

    /// Reads `30s`, `500ms`, `5m`; a bare number is seconds.
    static final class DurationConverter implements ITypeConverter<Duration> {
        /// A century; three of them are more nanoseconds than a long holds.
        static final Duration LONGEST = Duration.ofDays(36_500);

        static final Pattern FORM = Pattern.compile("(-?\\d+(?:\\.\\d+)?)(us|ms|s|m|h|)");

        @Override
        public Duration convert(String text) {
            var matcher = FORM.matcher(text.strip());
            if (!matcher.matches()) {
                throw new TypeConversionException("'" + text + "' is no time such as 500ms, 30s or 5m");
            }
            double seconds = switch (matcher.group(2)) {
                case "us" -> 1e-6;
                case "ms" -> 1e-3;
                case "m" -> 60;
                case "h" -> 3_600;
                default -> 1;
            };
            double ns = Double.parseDouble(matcher.group(1)) * seconds * 1e9;
            if (ns > LONGEST.toNanos()) {
                throw new TypeConversionException(
                        "'" + text + "' is too long a time; give at most " + LONGEST.toHours() + "h");
            }
            var duration = Duration.ofNanos(Math.round(ns));
            if (!duration.isPositive()) {
                throw new TypeConversionException("a time must be positive, was '" + text + "'");
            }
            return duration;
        }
    }

    /// Reads `5m` and `1h`.
    static final class PromptCacheConverter implements ITypeConverter<PromptCache> {
        @Override
        public PromptCache convert(String text) {
            try {
                return PromptCache.of(text);
            } catch (IllegalArgumentException wrong) {
                throw new TypeConversionException(wrong.getMessage());
            }
        }
    }

    /// Reads an amount of US dollars such as `0.50`, exactly.
    static final class AmountConverter implements ITypeConverter<BigDecimal> {
        private static final Pattern FORM = Pattern.compile("\\d{1,9}(?:\\.\\d{1,9})?");

        @Override
        public BigDecimal convert(String text) {
            if (!FORM.matcher(text.strip()).matches()) {
                throw new TypeConversionException("'" + text + "' is no amount of US dollars such as 0.50");
            }
            return new BigDecimal(text.strip());
        }
    }

    static final class HttpConverter implements ITypeConverter<HttpVersion> {
        @Override
        public HttpVersion convert(String text) {
            return switch (text.strip()) {
                case "1.1" -> HttpVersion.HTTP_1_1;
                case "2" -> HttpVersion.HTTP_2;
                default -> throw new TypeConversionException("'" + text + "' is neither 1.1 nor 2");
            };
        }
    }

    /// The names after `--provider`.
    static final class ProviderNames extends ArrayList<String> {
        private static final long serialVersionUID = 1;

        ProviderNames() {
            super(Arrays.stream(Provider.values()).map(Provider::label).toList());
        }
    }

    /// The names after `--dialect`.
    static final class DialectNames extends ArrayList<String> {
        private static final long serialVersionUID = 1;

        DialectNames() {
            super(Arrays.stream(DialectName.values()).map(DialectName::label).toList());
        }
    }
}
