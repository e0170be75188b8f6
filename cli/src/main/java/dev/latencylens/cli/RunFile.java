package dev.latencylens.cli;

import dev.latencylens.audit.ArrivalFit;
import dev.latencylens.audit.Caveat;
import dev.latencylens.audit.HostUse;
import dev.latencylens.audit.Reason;
import dev.latencylens.audit.Verdict;
import dev.latencylens.clock.ClockAnchor;
import dev.latencylens.exchange.ConnectionFacts;
import dev.latencylens.exchange.Header;
import dev.latencylens.exchange.StampSource;
import dev.latencylens.load.LoadRun;
import dev.latencylens.load.LoopLag;
import dev.latencylens.load.ThreadUse;
import dev.latencylens.provider.CostSummary;
import dev.latencylens.provider.Prices;
import dev.latencylens.stats.Distribution;
import dev.latencylens.stats.Metric;
import dev.latencylens.stats.Percentile;
import dev.latencylens.stats.Summary;
import dev.latencylens.transport.NetworkSettings;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.PrettyPrinter;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.util.DefaultPrettyPrinter;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// `run.json`: what was planned, where, and what came of it; documented in docs/schema/run.schema.json.
///
/// It is there before the first request, in the state `running`, and is replaced whole at the end, so that a
/// reader never sees half of it.
final class RunFile {
    /// Rises when a key changes its meaning.
    static final int FORMAT_VERSION = 1;
    /// Pauses told one by one, the longest.
    private static final int MOST_PAUSES = 256;

    private static final ObjectWriteContext INDENTED = new ObjectWriteContext.Base() {
        @Override
        public PrettyPrinter getPrettyPrinter() {
            return new DefaultPrettyPrinter();
        }

        @Override
        public boolean hasPrettyPrinter() {
            return true;
        }
    };

    private final Path file;
    private final Plan plan;
    private final Environment environment;
    private final ClockAnchor clock;
    private final Secrets secrets;
    private final HostUse hostBefore = HostUse.soFar();
    private @Nullable HostUse host;
    private @Nullable RunStatistics statistics;
    private Priming.@Nullable Done primed;

    RunFile(Path file, Plan plan, Environment environment, ClockAnchor clock, Secrets secrets) {
        this.file = file;
        this.plan = plan;
        this.environment = environment;
        this.clock = clock;
        this.secrets = secrets;
    }

    /// How a run ended.
    enum State {
        RUNNING,
        FINISHED,
        ENDED_EARLY,
        FAILED,
        /// It never ended; what it had written was read back later.
        RECOVERED;

        String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    void started() throws IOException {
        RunDirectory.replace(file, json(State.RUNNING, null, null, null, List.of(), null, null));
    }

    /// What is written with the summary from now on.
    void tell(Priming.Done done) {
        primed = done;
    }

    /// What is written with the summary from now on.
    void tell(RunStatistics told) {
        statistics = told;
    }

    /// May be called again, when more is known. What the machine did is that up to the first call.
    ///
    /// @param verdict null for a run that broke off, as `calibration`
    void ended(
            State state,
            Summary summary,
            CostSummary costs,
            LoadRun.@Nullable Backlog backlog,
            List<Caveat> caveats,
            @Nullable Verdict verdict,
            @Nullable RunCalibration calibration)
            throws IOException {
        if (host == null) {
            host = HostUse.soFar().since(hostBefore);
        }
        RunDirectory.replace(file, json(state, summary, costs, backlog, caveats, verdict, calibration));
    }

    /// Puts the figures of exchanges that were read back into the file of a run that broke off, and leaves what
    /// it says of plan, machine and clock as it is.
    ///
    /// @param recorded the file as it was found
    void recovered(
            ObjectNode recorded, Recovery recovery, List<Caveat> caveats, Verdict verdict, RunCalibration calibration)
            throws IOException {
        host = HostUse.UNKNOWN;
        JsonMapper mapper = JsonMapper.shared();
        JsonNode fresh = mapper.readTree(
                json(State.RECOVERED, recovery.summary(), recovery.costs(), null, caveats, verdict, calibration));
        for (String member : List.of("state", "summary", "calibration", "caveats", "verdict")) {
            recorded.set(member, fresh.path(member));
        }
        ObjectNode told = recorded.putObject("recovery");
        told.put("exchanges", recovery.exchanges());
        told.put("missing", recovery.missing());
        told.put("tornBytes", recovery.dropped().tornBytes());
        told.put("unreadable", recovery.dropped().unreadable());
        told.put("repeated", recovery.dropped().repeated());
        var bytes = new ByteArrayOutputStream(1 << 14);
        try (JsonGenerator json = new JsonFactory().createGenerator(INDENTED, bytes)) {
            mapper.writeTree(json, recorded);
        }
        bytes.write('\n');
        RunDirectory.replace(file, bytes.toByteArray());
    }

    private byte[] json(
            State state,
            @Nullable Summary summary,
            @Nullable CostSummary costs,
            LoadRun.@Nullable Backlog backlog,
            List<Caveat> caveats,
            @Nullable Verdict verdict,
            @Nullable RunCalibration calibration)
            throws IOException {
        var bytes = new ByteArrayOutputStream(1 << 14);
        try (JsonGenerator json = new JsonFactory().createGenerator(INDENTED, bytes)) {
            json.writeStartObject();
            json.writeNumberProperty("formatVersion", FORMAT_VERSION);
            json.writeStringProperty("id", plan.id());
            json.writeStringProperty("tool", "lens " + Lens.Version.number());
            json.writeStringProperty("state", state.label());
            plan(json);
            environment(json);
            clock(json);
            json.writeName("summary");
            if (summary == null || costs == null || host == null) {
                json.writeNull();
            } else {
                summary(json, summary, costs, backlog, host);
            }
            json.writeName("calibration");
            if (calibration == null) {
                json.writeNull();
            } else {
                calibration(json, calibration);
            }
            json.writeArrayPropertyStart("caveats");
            for (Caveat caveat : caveats) {
                json.writeStartObject();
                json.writeStringProperty("code", caveat.code());
                text(json, "text", caveat.text());
                json.writeEndObject();
            }
            json.writeEndArray();
            json.writeName("verdict");
            if (verdict == null) {
                json.writeNull();
            } else {
                verdict(json, verdict);
            }
            json.writeEndObject();
        }
        bytes.write('\n');
        return bytes.toByteArray();
    }

    private void plan(JsonGenerator json) {
        json.writeObjectPropertyStart("plan");
        text(json, "url", plan.url().toString());
        json.writeBooleanProperty("embeddedProvider", plan.embedded());
        if (plan.provider() == null) {
            json.writeNullProperty("provider");
        } else {
            json.writeStringProperty("provider", plan.provider());
        }
        json.writeStringProperty("dialect", plan.dialect());
        if (plan.apiVersion() != null) {
            text(json, "apiVersion", plan.apiVersion());
        }
        text(json, "model", plan.model());
        json.writeBooleanProperty("keySent", plan.keySource() != null);
        json.writeObjectPropertyStart("headers");
        for (Header header : plan.headers()) {
            text(json, header.name(), header.secret() ? Secrets.INSTEAD : header.value());
        }
        json.writeEndObject();
        text(json, "prompts", plan.prompts().source());
        json.writeNumberProperty("outputLength", plan.prompts().outputLength());
        text(json, "outputLengths", plan.prompts().answers().label());
        turns(json, plan.prompts().turns());
        json.writeBooleanProperty("stream", plan.stream());
        json.writeBooleanProperty("includeUsage", plan.includeUsage());
        json.writeBooleanProperty("ignoreEos", plan.ignoreEos());
        if (plan.extraBody() != null) {
            text(json, "extraBody", Secrets.redactJson(plan.extraBody()));
        }
        if (plan.promptCache() != null) {
            json.writeStringProperty("cacheControl", plan.promptCache().label());
        }
        LoadJson.write(json, plan.load());
        LoadJson.write(json, plan.retries());
        LoadJson.write(json, plan.limits());
        CircuitBreak.Limit stop = plan.stopAfterFailures();
        if (stop.inARow() > 0) {
            json.writeNumberProperty("stopAfterFailures", stop.inARow());
            json.writeNumberProperty("stopAfterFailuresNs", stop.lasting().toNanos());
        }
        network(json, plan.network());
        json.writeBooleanProperty("recorded", plan.recording());
        json.writeBooleanProperty("lean", plan.lean());
        if (plan.steadyOnly()) {
            json.writeBooleanProperty("steadyOnly", true);
        }
        shown(json);
        pricing(json, plan.pricing());
        json.writeObjectPropertyStart("labels");
        for (Map.Entry<String, String> label : plan.labels().entrySet()) {
            text(json, label.getKey(), label.getValue());
        }
        json.writeEndObject();
        json.writeEndObject();
    }

    /// Absent where every request stands for itself.
    private static void turns(JsonGenerator json, Prompts.@Nullable Turns turns) {
        if (turns != null) {
            json.writeObjectPropertyStart("turns");
            Lengths lengths = turns.lengths();
            json.writeStringProperty("lengths", lengths == null ? "all" : lengths.label());
            json.writeStringProperty("followUpLengths", turns.followUps().label());
            json.writeStringProperty("history", turns.history().label());
            json.writeEndObject();
        }
    }

    /// What the report is to tell, so that another can be made from the files.
    private void shown(JsonGenerator json) {
        json.writeArrayPropertyStart("metrics");
        plan.metrics().forEach(metric -> json.writeString(metric.label()));
        json.writeEndArray();
        json.writeArrayPropertyStart("percentiles");
        plan.percentiles().forEach(percentile -> json.writeString(percentile.label()));
        json.writeEndArray();
        json.writeBooleanProperty("percentilesAsked", plan.percentilesAsked());
        json.writeNumberProperty("confidence", plan.confidence());
        if (plan.objectives().areAsked()) {
            plan.objectives().write(json);
        }
        if (plan.tokenizer() == null) {
            json.writeNullProperty("tokenizer");
        } else {
            text(json, "tokenizer", plan.tokenizer().name());
        }
    }

    /// Where the prices are found again.
    private void pricing(JsonGenerator json, Pricing pricing) {
        json.writeObjectPropertyStart("pricing");
        if (pricing.file() != null) {
            text(json, "file", pricing.file().toString());
        }
        text(json, "table", pricing.prices().name());
        json.writeStringProperty("serviceTier", pricing.service());
        pricing.price().ifPresent(price -> {
            text(json, "provider", price.provider());
            text(json, "model", price.model());
        });
        if (pricing.lookup() instanceof Prices.Unknown(String why)) {
            text(json, "unknownBecause", why);
        }
        if (pricing.monthlyRequests() != null) {
            json.writeNumberProperty("monthlyRequests", pricing.monthlyRequests());
        }
        amount(json, "maxCost", Optional.ofNullable(pricing.maxCost()));
        json.writeEndObject();
    }

    private void network(JsonGenerator json, NetworkSettings network) {
        json.writeObjectPropertyStart("network");
        json.writeStringProperty("http", network.http().label());
        json.writeStringProperty("transport", network.sockets().label());
        json.writeStringProperty("ioWait", network.spin() ? "spin" : "park");
        json.writeStringProperty("ioPriority", plan.ioRealTime() ? "realtime" : "usual");
        json.writeStringProperty("stamps", network.stamps().label());
        json.writeNumberProperty("ioThreads", plan.ioThreads());
        json.writeNumberProperty("primingNs", plan.priming().length().toNanos());
        if (plan.priming().untilSettled()) {
            json.writeBooleanProperty("primedUntilSettled", true);
        }
        if (plan.ioCpus() != null) {
            json.writeArrayPropertyStart("ioCpus");
            plan.ioCpus().numbers().forEach(json::writeNumber);
            json.writeEndArray();
        }
        json.writeStringProperty("connectionReuse", network.reuse().label());
        json.writeNumberProperty("maxStreams", network.maxStreams());
        json.writeNumberProperty(
                "connectTimeoutNs", network.timeouts().connect().toNanos());
        json.writeNumberProperty(
                "firstByteTimeoutNs", network.timeouts().firstByte().toNanos());
        json.writeNumberProperty(
                "silenceTimeoutNs", network.timeouts().silence().toNanos());
        json.writeNumberProperty("timeoutNs", network.timeouts().whole().toNanos());
        json.writeBooleanProperty("certificatesChecked", !network.tls().insecure());
        if (network.proxy() != null) {
            text(json, "proxy", network.proxy().toString());
        }
        json.writeEndObject();
    }

    private void environment(JsonGenerator json) {
        json.writeObjectPropertyStart("environment");
        json.writeStringProperty("os", environment.os());
        json.writeStringProperty("architecture", environment.architecture());
        json.writeNumberProperty("cpus", environment.cpus());
        json.writeStringProperty("cpuModel", environment.cpuModel());
        json.writeStringProperty("clockSource", environment.clockSource());
        json.writeStringProperty("governor", environment.governor());
        json.writeNumberProperty("maxHeapBytes", environment.maxHeapBytes());
        json.writeStringProperty("java", environment.java());
        json.writeEndObject();
    }

    private void clock(JsonGenerator json) {
        json.writeObjectPropertyStart("clock");
        json.writeNumberProperty("monotonicStartNs", clock.monotonicStartNs());
        json.writeStringProperty("wallStart", clock.wallStart().toString());
        json.writeNumberProperty("offsetUncertaintyNs", clock.offsetUncertaintyNs());
        json.writeEndObject();
    }

    private void summary(
            JsonGenerator json, Summary summary, CostSummary costs, LoadRun.@Nullable Backlog backlog, HostUse host) {
        json.writeStartObject();
        json.writeNumberProperty("measured", summary.measured());
        json.writeNumberProperty("answered", summary.answered());
        json.writeNumberProperty("failed", summary.failed());
        json.writeNumberProperty("warmup", summary.warmups());
        json.writeNumberProperty("warmupFailed", summary.warmupFailures());
        summary.window().ifPresent(window -> {
            json.writeNumberProperty("windowStartAtNs", window.startedAtNs() - clock.monotonicStartNs());
            json.writeNumberProperty("windowNs", window.durationNs());
        });
        summary.rates().ifPresent(rates -> {
            json.writeObjectPropertyStart("rates");
            json.writeNumberProperty("fromAtNs", rates.fromAtNs() - clock.monotonicStartNs());
            json.writeNumberProperty("durationNs", rates.durationNs());
            json.writeBooleanProperty("toLastStart", rates.keptUp());
            json.writeNumberProperty("answers", rates.answers());
            json.writeNumberProperty("output_tokens", Math.round(rates.outputTokens() * 1_000) / 1_000.0);
            json.writeNumberProperty("answers_per_second", rates.answersPerSecond());
            json.writeNumberProperty("output_tps", rates.outputTokensPerSecond());
            json.writeEndObject();
        });
        json.writeObjectPropertyStart("outcomes");
        summary.outcomes().forEach((kind, count) -> json.writeNumberProperty(kind.label(), count.longValue()));
        json.writeEndObject();
        json.writeArrayPropertyStart("failures");
        for (Summary.Failure failure : summary.failures()) {
            json.writeStartObject();
            json.writeStringProperty("outcome", failure.outcome().kind().label());
            if (!failure.outcome().code().isEmpty()) {
                text(json, "code", failure.outcome().code());
            }
            text(json, "detail", failure.outcome().detail());
            json.writeNumberProperty("count", failure.count());
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeArrayPropertyStart("failuresByCode");
        for (Summary.FailureGroup group : summary.failureGroups()) {
            json.writeStartObject();
            json.writeStringProperty("outcome", group.kind().label());
            text(json, "code", group.code());
            json.writeNumberProperty("count", group.count());
            json.writeEndObject();
        }
        json.writeEndArray();
        attempts(json, summary.attempts());
        throttled(json, summary.throttled());
        summary.conversations().ifPresent(all -> ConversationText.write(json, all));
        tokens(json, summary);
        cost(json, costs);
        json.writeNumberProperty("chunks", summary.chunks());
        json.writeNumberProperty("coalescedChunks", summary.coalescedChunks());
        json.writeNumberProperty("bodyBytes", summary.bodyBytes());
        if (backlog != null) {
            json.writeObjectPropertyStart("client");
            if (primed != null) {
                json.writeNumberProperty("primedNs", primed.took().toNanos());
                if (plan.priming().untilSettled()) {
                    json.writeBooleanProperty("compilationSettled", primed.settled());
                }
            }
            if (backlog.warmupNs() > 0) {
                json.writeNumberProperty("warmupNs", backlog.warmupNs());
            }
            json.writeNumberProperty("flightLogFull", backlog.logFullCount());
            json.writeNumberProperty("flightLogFullNs", backlog.logFullNs());
            json.writeNumberProperty("starved", backlog.starvedCount());
            json.writeNumberProperty("unsent", backlog.unsent());
            LoadJson.write(json, "inFlight", backlog.inFlight());
            LoadJson.write(json, "answering", backlog.answering());
            ArrivalFit.of(plan.load(), summary, backlog.startedAtNs()).ifPresent(fit -> LoadJson.write(json, fit));
            lag(json, backlog.lag());
            machine(json, backlog.threads(), host);
            stamps(json, backlog);
            json.writeEndObject();
        }
        json.writeObjectPropertyStart("metrics");
        for (Metric metric : Metric.values()) {
            distribution(json, metric, summary.of(metric));
        }
        json.writeEndObject();
        if (statistics != null) {
            statistics.write(json);
        }
        json.writeObjectPropertyStart("byConnection");
        for (ConnectionFacts.Kind kind : ConnectionFacts.Kind.values()) {
            json.writeObjectPropertyStart(kind.label());
            for (Metric metric : Metric.values()) {
                distribution(json, metric, summary.of(metric, kind));
            }
            json.writeEndObject();
        }
        json.writeEndObject();
        json.writeObjectPropertyStart("byCacheUse");
        for (Summary.CacheUse use : Summary.CacheUse.values()) {
            json.writeObjectPropertyStart(use.label());
            for (Metric metric : Metric.values()) {
                distribution(json, metric, summary.of(metric, use));
            }
            json.writeEndObject();
        }
        json.writeEndObject();
        if (summary.conversations().isPresent()) {
            json.writeObjectPropertyStart("byTurn");
            for (Summary.TurnKind kind : Summary.TurnKind.values()) {
                json.writeObjectPropertyStart(kind.label());
                ConversationText.write(json, summary.input(kind));
                json.writeObjectPropertyStart("metrics");
                for (Metric metric : Metric.values()) {
                    distribution(json, metric, summary.of(metric, kind));
                }
                json.writeEndObject();
                json.writeEndObject();
            }
            json.writeEndObject();
        }
        if (summary.attempts().retries() > 0) {
            json.writeObjectPropertyStart("byAttempt");
            for (Summary.AttemptKind kind : Summary.AttemptKind.values()) {
                json.writeObjectPropertyStart(kind.label());
                for (Metric metric : Metric.values()) {
                    distribution(json, metric, summary.of(metric, kind));
                }
                json.writeEndObject();
            }
            json.writeEndObject();
        }
        json.writeEndObject();
    }

    /// Absent where nothing was tried again.
    private static void attempts(JsonGenerator json, Summary.Attempts attempts) {
        if (attempts.retries() == 0) {
            return;
        }
        json.writeObjectPropertyStart("attempts");
        json.writeNumberProperty("requestsTriedAgain", attempts.requests());
        json.writeNumberProperty("retries", attempts.retries());
        json.writeNumberProperty("waitNs", attempts.waitNs());
        json.writeObjectPropertyStart("outcomes");
        attempts.outcomes().forEach((kind, count) -> json.writeNumberProperty(kind.label(), count.longValue()));
        json.writeEndObject();
        json.writeEndObject();
    }

    /// Absent where nothing was limited.
    private static void throttled(JsonGenerator json, Summary.Throttled throttled) {
        if (throttled.attempts() > 0) {
            json.writeObjectPropertyStart("throttled");
            json.writeNumberProperty("attempts", throttled.attempts());
            json.writeNumberProperty("heldBack", throttled.heldBack());
            json.writeNumberProperty("heldBackNs", throttled.heldBackNs());
            json.writeEndObject();
        }
    }

    private void calibration(JsonGenerator json, RunCalibration calibration) {
        json.writeStartObject();
        json.writeStringProperty("source", calibration.source().label());
        text(json, "remark", calibration.remark());
        Calibration figures = calibration.calibration();
        if (figures != null) {
            json.writeNumberProperty("lateNs", calibration.lateNs());
            json.writeName("figures");
            json.writeRawValue(figures.json());
        }
        json.writeEndObject();
    }

    private void verdict(JsonGenerator json, Verdict verdict) {
        json.writeStartObject();
        json.writeStringProperty("state", verdict.state().label());
        json.writeArrayPropertyStart("reasons");
        for (Reason reason : verdict.reasons()) {
            json.writeStartObject();
            json.writeStringProperty("code", reason.code());
            text(json, "text", reason.text());
            text(json, "advice", reason.advice());
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeEndObject();
    }

    private void lag(JsonGenerator json, LoopLag lag) {
        json.writeObjectPropertyStart("loopLag");
        json.writeNumberProperty("watchedNs", lag.watchedNs());
        json.writeNumberProperty("p99Ns", lag.p99Ns());
        json.writeNumberProperty("p99.9Ns", lag.p999Ns());
        json.writeNumberProperty("longestNs", lag.longestNs());
        json.writeNumberProperty("pauses", lag.pauses());
        json.writeNumberProperty("pausedNs", lag.pausedNs());
        json.writeArrayPropertyStart("longest");
        lag.shown().stream()
                .sorted(Comparator.comparingLong(LoopLag.Pause::lagNs).reversed())
                .limit(MOST_PAUSES)
                .forEach(pause -> {
                    json.writeStartObject();
                    json.writeNumberProperty("thread", pause.thread());
                    json.writeNumberProperty("endAtNs", pause.endAtNs() - clock.monotonicStartNs());
                    json.writeNumberProperty("lagNs", pause.lagNs());
                    json.writeEndObject();
                });
        json.writeEndArray();
        json.writeEndObject();
    }

    /// What the kernel says of the run's threads and of the whole machine meanwhile; absent where it says nothing.
    private static void machine(JsonGenerator json, List<ThreadUse> threads, HostUse host) {
        json.writeArrayPropertyStart("threads");
        for (ThreadUse use : threads) {
            json.writeStartObject();
            json.writeStringProperty("name", use.thread());
            json.writeNumberProperty("ranNs", use.ranNs());
            json.writeNumberProperty("runQueueNs", use.runQueueNs());
            json.writeNumberProperty("involuntarySwitches", use.involuntarySwitches());
            json.writeNumberProperty("allocatedBytes", use.allocatedBytes());
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeObjectPropertyStart("host");
        whole(json, "stealNs", host.stealNs());
        whole(json, "cpuPressureNs", host.cpuPressureNs());
        whole(json, "interrupts", host.interrupts());
        whole(json, "retransmits", host.retransmits());
        json.writeEndObject();
    }

    private static void stamps(JsonGenerator json, LoadRun.Backlog backlog) {
        StampSource stamps = backlog.stamps();
        json.writeObjectPropertyStart("stamps");
        json.writeStringProperty("arrival", stamps.kernel() ? "kernel" : "user");
        if (!stamps.kernel()) {
            json.writeStringProperty("whyNotKernel", stamps.whyNot());
        }
        json.writeNumberProperty("kernelReads", stamps.stampedReads());
        json.writeNumberProperty("unstampedReads", stamps.unstampedReads());
        json.writeNumberProperty("outOfOrderReads", stamps.outOfOrderReads());
        json.writeNumberProperty("sharedParts", backlog.sharedParts());
        json.writeNumberProperty("offsetUncertaintyNs", stamps.offsetUncertaintyNs());
        json.writeNumberProperty("clockSteps", stamps.clockSteps());
        json.writeNumberProperty("largestClockStepNs", stamps.largestClockStepNs());
        json.writeEndObject();
    }

    private void tokens(JsonGenerator json, Summary summary) {
        Summary.Tokens tokens = summary.tokens();
        json.writeObjectPropertyStart("tokens");
        json.writeStringProperty("source", tokens.source());
        json.writeNumberProperty("input_total", tokens.input());
        json.writeNumberProperty("cached_read", tokens.cachedInput());
        json.writeNumberProperty("output_total", tokens.output());
        json.writeNumberProperty("reasoning", tokens.reasoning());
        json.writeNumberProperty("answersByUsage", tokens.answersByUsage());
        json.writeNumberProperty("answersByTokenizer", tokens.answersByTokenizer());
        json.writeNumberProperty("answersByChunks", tokens.answersByChunks());
        if (plan.tokenizer() == null) {
            json.writeNullProperty("tokenizer");
        } else {
            text(json, "tokenizer", plan.tokenizer().name());
        }
        json.writeObjectPropertyStart("tokensPerChunk");
        number(json, "usage", tokens.densityByUsage().tokensPerChunk());
        number(json, "tokenizer", tokens.densityByTokenizer().tokensPerChunk());
        json.writeEndObject();
        json.writeEndObject();
    }

    /// Amounts are texts, so that no reader makes doubles of them.
    private void cost(JsonGenerator json, CostSummary costs) {
        Pricing pricing = plan.pricing();
        json.writeObjectPropertyStart("cost");
        json.writeStringProperty("currency", "USD");
        text(json, "table", pricing.prices().name());
        pricing.prices().date().ifPresent(date -> json.writeStringProperty("tableDate", date.toString()));
        json.writeStringProperty("serviceTier", pricing.service());
        pricing.price().ifPresent(price -> {
            text(json, "provider", price.provider());
            text(json, "model", price.model());
            text(json, "source", price.source());
        });
        if (pricing.tariff().isEmpty()) {
            text(json, "unknownBecause", pricing.unknown());
        }
        if (!pricing.remark().isEmpty()) {
            text(json, "remark", pricing.remark());
        }
        amount(json, "total", costs.total());
        amount(json, "warmup", costs.total().map(_ -> costs.warmup()));
        amount(json, "perRequest", costs.perRequest());
        amount(json, "perGoodRequest", costs.perGoodRequest());
        amount(json, "perMillionTokens", costs.perMillionTokens());
        Long monthly = pricing.monthlyRequests();
        if (monthly != null) {
            json.writeNumberProperty("monthlyRequests", monthly.longValue());
            amount(json, "perMonth", costs.of(monthly));
        }
        if (pricing.maxCost() != null) {
            amount(json, "maxCost", Optional.of(pricing.maxCost()));
        }
        json.writeNumberProperty("unknown", costs.unknown());
        json.writeEndObject();
    }

    private static void amount(JsonGenerator json, String name, Optional<BigDecimal> amount) {
        amount.ifPresent(
                usd -> json.writeStringProperty(name, usd.stripTrailingZeros().toPlainString()));
    }

    /// A distribution that saw something. A percentile below its floor is not among `percentiles` but in `needs`,
    /// with the number of samples that it needs.
    private void distribution(JsonGenerator json, Metric metric, Distribution distribution) {
        if (distribution.count() == 0) {
            return;
        }
        json.writeObjectPropertyStart(metric.label());
        json.writeStringProperty("formula", metric.formula());
        json.writeStringProperty("unit", metric.unit());
        json.writeNumberProperty("count", distribution.count());
        number(json, "mean", distribution.mean());
        number(json, "sd", distribution.sd());
        whole(json, "min", distribution.min());
        whole(json, "max", distribution.max());
        json.writeObjectPropertyStart("percentiles");
        for (Percentile percentile : plan.percentiles()) {
            whole(json, percentile.label(), distribution.percentile(percentile));
        }
        json.writeEndObject();
        json.writeObjectPropertyStart("needs");
        for (Percentile percentile : plan.percentiles()) {
            if (distribution.values() < percentile.floor()) {
                json.writeNumberProperty(percentile.label(), percentile.floor());
            }
        }
        json.writeEndObject();
        json.writeEndObject();
    }

    private static void number(JsonGenerator json, String name, OptionalDouble value) {
        if (value.isPresent()) {
            json.writeNumberProperty(name, Math.round(value.getAsDouble() * 1_000) / 1_000.0);
        }
    }

    private static void whole(JsonGenerator json, String name, OptionalLong value) {
        if (value.isPresent()) {
            json.writeNumberProperty(name, value.getAsLong());
        }
    }

    private void text(JsonGenerator json, String name, String value) {
        json.writeStringProperty(name, secrets.redact(value));
    }
}
