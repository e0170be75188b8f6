package dev.latencylens.cli;

import dev.latencylens.audit.ArrivalFit;
import dev.latencylens.audit.Caveat;
import dev.latencylens.audit.ErrorBar;
import dev.latencylens.audit.Reason;
import dev.latencylens.audit.Verdict;
import dev.latencylens.exchange.ConnectionFacts;
import dev.latencylens.exchange.ExchangeResult;
import dev.latencylens.exchange.Outcome;
import dev.latencylens.exchange.StampSource;
import dev.latencylens.load.LoadRun;
import dev.latencylens.load.LoopLag;
import dev.latencylens.provider.Cost;
import dev.latencylens.provider.CostSummary;
import dev.latencylens.stats.Distribution;
import dev.latencylens.stats.Metric;
import dev.latencylens.stats.Percentile;
import dev.latencylens.stats.PercentileEstimate;
import dev.latencylens.stats.Summary;
import dev.latencylens.transport.NetworkSettings;
import dev.latencylens.transport.Stamps;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// The report that a person reads: what was measured, what came of it, how far to believe it, by which formulas.
///
/// Fits 100 columns with the usual percentiles. Times are milliseconds.
final class Report {
    static final int COLUMNS = 100;
    private static final int NAME_WIDTH = 19;
    private static final int COUNT_WIDTH = 8;
    private static final int VALUE_WIDTH = 8;
    private static final int INTERVAL_WIDTH = 20;
    private static final String ERROR = "error<=";
    /// Kinds of failure told one by one, the most frequent.
    private static final int MOST_FAILURES = 8;

    /// What the table of phases shows for each kind of connection.
    private static final List<Metric> PHASES = List.of(
            Metric.DNS, Metric.TCP, Metric.TCP_RTT, Metric.TLS, Metric.REQUEST, Metric.WAIT, Metric.TTFB, Metric.TTFT);

    private static final List<Metric> BY_CACHE_USE = List.of(Metric.TTFB, Metric.TTFT, Metric.SERVER_TTFT, Metric.E2E);

    private static final List<Metric> BY_TURN =
            List.of(Metric.TTFB, Metric.TTFT, Metric.SERVER_TTFT, Metric.E2E, Metric.QUEUE);

    private static final List<Metric> BY_ATTEMPT = List.of(
            Metric.TTFB,
            Metric.TTFT,
            Metric.SERVER_TTFT,
            Metric.E2E,
            Metric.TTFT_FROM_INTENDED,
            Metric.E2E_FROM_INTENDED);

    private final Plan plan;
    private final Summary summary;
    private final CostSummary costs;
    private final List<Caveat> caveats;
    private final RunCalibration calibration;
    private final Environment environment;
    private final StringBuilder text = new StringBuilder(8_192);
    private final Set<Metric> shown = new LinkedHashSet<>();

    private Report(
            Plan plan,
            Summary summary,
            CostSummary costs,
            List<Caveat> caveats,
            RunCalibration calibration,
            Environment environment) {
        this.plan = plan;
        this.summary = summary;
        this.costs = costs;
        this.caveats = caveats;
        this.calibration = calibration;
        this.environment = environment;
    }

    /// @param backlog null for a run that broke off, whose machinery told nothing
    /// @param primed null where that is not known
    static String of(
            Plan plan,
            Summary summary,
            CostSummary costs,
            List<Caveat> caveats,
            Verdict verdict,
            LoadRun.@Nullable Backlog backlog,
            Priming.@Nullable Done primed,
            RunCalibration calibration,
            Environment environment,
            RunDirectory directory,
            RunStatistics statistics) {
        var report = new Report(plan, summary, costs, unsaid(caveats, verdict), calibration, environment);
        report.measured();
        report.outcomes();
        report.failures();
        report.warmup(backlog, primed);
        report.attempts();
        report.throttled();
        report.conversations();
        report.live(backlog);
        report.verdict(verdict, backlog == null ? null : backlog.lag());
        report.figures();
        report.intervals(statistics);
        report.phases();
        report.cacheUses();
        report.firstAttemptsAndRetries();
        report.firstAndLaterTurns();
        report.errorBar();
        report.stamps(backlog);
        report.tokens();
        report.cost();
        report.doubts();
        report.formulas();
        report.line("Files     " + directory.path());
        return report.text.toString();
    }

    private void measured() {
        NetworkSettings network = plan.network();
        String what = plan.model() + " at " + plan.url() + (plan.embedded() ? " (embedded simulated provider)" : "");
        line("Measured  " + what);
        wrapped(
                "Dialect   ",
                plan.dialect()
                        + (plan.apiVersion() == null ? "" : ", version " + plan.apiVersion())
                        + (plan.provider() == null ? "" : ", provider " + plan.provider()));
        wrapped(
                "Load      ",
                LoadText.of(plan.load()) + LoadText.of(plan.limits()) + LoadText.of(plan.retries()) + "; prompts "
                        + plan.prompts().source() + ", " + plan.prompts().answerLengths());
        wrapped(
                "Network   ",
                connection() + ", " + network.sockets().label() + ", "
                        + plan.ioThreads() + (plan.ioThreads() == 1 ? " I/O thread" : " I/O threads")
                        + (plan.ioCpus() == null
                                ? ""
                                : " on CPU " + numbers(plan.ioCpus().numbers()))
                        + (network.spin() ? ", busy-polling" : "")
                        + (plan.ioRealTime() ? ", real-time" : "") + ", connections "
                        + network.reuse().label()
                        + (network.proxy() == null ? "" : ", proxy " + network.proxy()));
        wrapped("Machine   ", environment.summary());
    }

    private String connection() {
        ConnectionFacts facts =
                summary.example().map(ExchangeResult::connection).orElse(null);
        if (facts == null) {
            return "HTTP/" + plan.network().http().label();
        }
        ConnectionFacts.Tls tls = facts.tls();
        return "HTTP/" + facts.httpVersion()
                + (tls == null
                        ? " without TLS"
                        : " over " + tls.version() + " (" + tls.cipher() + ", " + tls.implementation()
                                + (tls.verified() ? "" : ", certificate NOT checked") + ")");
    }

    private static String counts(Map<Outcome.Kind, Long> outcomes) {
        return outcomes.entrySet().stream()
                .map(entry -> entry.getKey().label() + " " + Figures.count(entry.getValue()))
                .collect(Collectors.joining(", "));
    }

    /// The row before counts requests by their last attempt, this one all attempts.
    private void attempts() {
        Summary.Attempts attempts = summary.attempts();
        if (attempts.retries() == 0) {
            return;
        }
        wrapped(
                "Attempts  ",
                Figures.count(attempts.requests())
                        + (attempts.requests() == 1 ? " request was" : " requests were") + " tried again, "
                        + Figures.count(summary.measured() + attempts.retries()) + " attempts in all: "
                        + counts(attempts.outcomes()) + "; waited " + Figures.millis(attempts.waitNs())
                        + " ms between them, together; queue and send_lag are those of first attempts");
    }

    /// By the provider's own codes.
    private void failures() {
        List<Summary.FailureGroup> groups = summary.failureGroups();
        String lead = "Failures  ";
        for (Summary.FailureGroup group : groups.subList(0, Math.min(MOST_FAILURES, groups.size()))) {
            wrapped(
                    lead,
                    Figures.count(group.count()) + " " + group.kind().label()
                            + (group.code().isEmpty() ? "" : ", " + group.code())
                            + (group.example().isEmpty() ? "" : "; " + group.example()));
            lead = "          ";
        }
        if (groups.size() > MOST_FAILURES) {
            line(lead + "and " + (groups.size() - MOST_FAILURES) + " more kinds, in run.json");
        }
    }

    private void throttled() {
        Summary.Throttled throttled = summary.throttled();
        if (throttled.attempts() > 0) {
            wrapped(
                    "Throttle  ",
                    "limits held back " + Figures.count(throttled.heldBack()) + " of "
                            + Figures.count(throttled.attempts())
                            + (throttled.attempts() == 1 ? " request" : " requests")
                            + (summary.attempts().retries() > 0 ? ", retries included" : "")
                            + (throttled.heldBack() == 0
                                    ? ""
                                    : ", " + Figures.seconds(throttled.heldBackNs())
                                            + " s together; that is in queue, send_lag and *_from_intended, and in no"
                                            + " latency from started"));
        }
    }

    private void conversations() {
        summary.conversations().ifPresent(all -> wrapped("Turns     ", ConversationText.of(all)));
    }

    private void outcomes() {
        String counts = counts(summary.outcomes());
        wrapped(
                "Outcomes  ",
                Figures.count(summary.measured()) + " measured: " + counts
                        + (summary.warmups() == 0 ? "" : "; " + summary.warmups() + " for warm-up left out"));
    }

    /// What a time of warm-up came to, and priming where it was asked for.
    private void warmup(LoadRun.@Nullable Backlog backlog, Priming.@Nullable Done done) {
        String primed = LoadText.primed(plan.priming(), done);
        if (backlog != null && backlog.warmupNs() > 0) {
            wrapped(
                    "Warm-up   ",
                    LoadText.warmup(plan.load().warmup(), backlog.warmupNs()) + ": " + Figures.count(summary.warmups())
                            + (summary.warmups() == 1 ? " request" : " requests")
                            + " left out; what was under way then went on, and the load did too"
                            + (primed.isEmpty() ? "" : "; before, " + primed));
        } else if (!primed.isEmpty()) {
            wrapped("Warm-up   ", primed);
        }
    }

    private void live(LoadRun.@Nullable Backlog backlog) {
        if (backlog == null) {
            return;
        }
        String said = LoadText.live(plan.load(), backlog.inFlight(), backlog.answering());
        if (!said.isEmpty()) {
            wrapped("In flight ", said);
        }
        ArrivalFit.of(plan.load(), summary, backlog.startedAtNs())
                .ifPresent(fit -> wrapped("Arrivals  ", LoadText.fit(fit)));
    }

    private void verdict(Verdict verdict, @Nullable LoopLag lag) {
        wrapped(
                "Verdict   ",
                verdict.state().label()
                        + (lag == null
                                ? "; client's pauses and loop lag unknown"
                                : "; client's longest pause " + Figures.millis(lag.longestNs()) + " ms, loop lag "
                                        + Figures.millis(lag.p99Ns()) + " ms at p99 over time"));
        for (Reason reason : verdict.reasons()) {
            wrapped("          - ", reason.text() + ". " + reason.advice());
        }
        line("");
    }

    /// What is a reason of the verdict is no caveat beside it.
    private static List<Caveat> unsaid(List<Caveat> caveats, Verdict verdict) {
        Set<String> said = verdict.reasons().stream().map(Reason::code).collect(Collectors.toSet());
        return caveats.stream().filter(caveat -> !said.contains(caveat.code())).toList();
    }

    private void figures() {
        heading("ms", plan.percentiles());
        long connectNs = ErrorBar.connectNs(summary.of(Metric.TCP), summary.of(Metric.CONNECT_LAG));
        for (Metric metric : plan.metrics()) {
            row(metric, metric.label(), summary.of(metric), plan.percentiles(), connectNs);
        }
        boolean tooFew = plan.metrics().stream()
                .map(summary::of)
                .filter(distribution -> distribution.count() > 0)
                .anyMatch(distribution ->
                        plan.percentiles().stream().anyMatch(percentile -> distribution.values() < percentile.floor()));
        if (tooFew) {
            line("n/a N: the percentile needs N samples"
                    + (plan.metrics().contains(Metric.ITL) ? " (itl: N gaps, however many tokens)." : "."));
        }
        line("");
    }

    /// Cache hits start sooner, so they are told apart where usage shows both.
    private void cacheUses() {
        if (summary.answeredWith(Summary.CacheUse.HIT) == 0 || summary.answeredWith(Summary.CacheUse.MISS) == 0) {
            return;
        }
        for (Summary.CacheUse use : Summary.CacheUse.values()) {
            heading("prompt cache " + use.label(), plan.percentiles());
            long connectNs = ErrorBar.connectNs(summary.of(Metric.TCP, use), summary.of(Metric.CONNECT_LAG, use));
            for (Metric metric : BY_CACHE_USE) {
                row(metric, "  " + metric.label(), summary.of(metric, use), plan.percentiles(), connectNs);
            }
        }
        line("");
    }

    /// A retry is answered at another time than its request was due, so what counts from there is another
    /// population.
    private void firstAttemptsAndRetries() {
        if (summary.of(Metric.STREAM_END, Summary.AttemptKind.RETRY).count() == 0) {
            return;
        }
        for (Summary.AttemptKind kind : Summary.AttemptKind.values()) {
            heading(kind == Summary.AttemptKind.FIRST ? "first attempts" : "retries", plan.percentiles());
            long connectNs = ErrorBar.connectNs(summary.of(Metric.TCP, kind), summary.of(Metric.CONNECT_LAG, kind));
            for (Metric metric : BY_ATTEMPT) {
                row(metric, "  " + metric.label(), summary.of(metric, kind), plan.percentiles(), connectNs);
            }
        }
        line("");
    }

    /// A later turn repeats what was said before, which is longer, and which a provider may have in its cache.
    private void firstAndLaterTurns() {
        if (summary.input(Summary.TurnKind.LATER).answered() == 0) {
            return;
        }
        for (Summary.TurnKind kind : Summary.TurnKind.values()) {
            heading(kind.label() + " turns", plan.percentiles());
            long connectNs = ErrorBar.connectNs(summary.of(Metric.TCP, kind), summary.of(Metric.CONNECT_LAG, kind));
            for (Metric metric : BY_TURN) {
                row(metric, "  " + metric.label(), summary.of(metric, kind), plan.percentiles(), connectNs);
            }
            line("  " + ConversationText.of(summary.input(kind)));
        }
        line("");
    }

    /// Between which values the true percentiles lie, and how many requests were good.
    private void intervals(RunStatistics statistics) {
        if (!statistics.remark().isEmpty()) {
            wrapped("Intervals ", "none: " + statistics.remark());
            line("");
            return;
        }
        heading(statistics);
        statistics.estimates().forEach((metric, estimates) -> {
            var line = new StringBuilder(String.format(Locale.ROOT, "%-" + NAME_WIDTH + "s", metric.label()));
            for (Percentile percentile : RunStatistics.PERCENTILES) {
                PercentileEstimate estimate = estimates.get(percentile);
                line.append(right(
                        estimate == null
                                ? notYet(percentile)
                                : Figures.millis(estimate.interval(statistics.confidence())),
                        INTERVAL_WIDTH));
            }
            line(line.toString());
        });
        boolean open = statistics.estimates().values().stream()
                .flatMap(estimates -> estimates.values().stream())
                .anyMatch(
                        estimate -> !estimate.interval(statistics.confidence()).isBounded());
        if (open) {
            line("-: too few independent values lie beyond that end to bound it; it needs more requests.");
        }
        if (!statistics.withFailures().isEmpty()) {
            line("with failures as infinite");
        }
        statistics.withFailures().forEach((metric, values) -> {
            var line = new StringBuilder(String.format(Locale.ROOT, "%-" + NAME_WIDTH + "s", "  " + metric.label()));
            for (Percentile percentile : RunStatistics.PERCENTILES) {
                Double value = values.get(percentile);
                line.append(right(
                        value == null
                                ? notYet(percentile)
                                : Double.isInfinite(value) ? "infinite" : Figures.millis(value),
                        INTERVAL_WIDTH));
            }
            line(line.toString());
        });
        RunStatistics.Goodput goodput = statistics.goodput();
        if (goodput != null) {
            wrapped(
                    "Goodput   ",
                    Figures.count(goodput.good()) + " of " + Figures.count(goodput.measured())
                            + " requests were good: good_fraction " + Figures.rate(goodput.fraction())
                            + (goodput.perSecond().isPresent()
                                    ? ", goodput "
                                            + Figures.rate(goodput.perSecond().getAsDouble()) + " requests/s"
                                    : "")
                            + "; good is " + goodput.objectives().text() + ", failed is not");
        }
        SteadyPart steady = statistics.steady();
        if (steady != null) {
            wrapped("Steady    ", steady.text());
        }
        line("");
    }

    private void heading(RunStatistics statistics) {
        var line = new StringBuilder(String.format(
                Locale.ROOT, "%-" + NAME_WIDTH + "s", Figures.share(statistics.confidence()) + " intervals, ms"));
        RunStatistics.PERCENTILES.forEach(percentile -> line.append(right(percentile.label(), INTERVAL_WIDTH)));
        line(line.toString());
    }

    private void phases() {
        for (ConnectionFacts.Kind kind : ConnectionFacts.Kind.values()) {
            if (summary.answeredOver(kind) > 0) {
                heading(kind.label() + " connections", plan.percentiles());
                long connectNs = ErrorBar.connectNs(summary.of(Metric.TCP, kind), summary.of(Metric.CONNECT_LAG, kind));
                for (Metric metric : PHASES) {
                    row(metric, "  " + metric.label(), summary.of(metric, kind), plan.percentiles(), connectNs);
                }
            }
        }
        line("");
    }

    private void heading(String first, List<Percentile> percentiles) {
        var line = new StringBuilder(String.format(Locale.ROOT, "%-" + NAME_WIDTH + "s", first));
        line.append(right("count", COUNT_WIDTH))
                .append(right("mean", VALUE_WIDTH))
                .append(right("min", VALUE_WIDTH));
        percentiles.forEach(percentile -> line.append(right(percentile.label(), width(percentile))));
        line.append(right("max", VALUE_WIDTH));
        if (calibration.calibration() != null) {
            line.append(right(ERROR, VALUE_WIDTH));
        }
        line(line.toString());
    }

    private void row(
            Metric metric, String name, Distribution distribution, List<Percentile> percentiles, long connectNs) {
        if (distribution.count() == 0) {
            return;
        }
        shown.add(metric);
        var line = new StringBuilder(String.format(Locale.ROOT, "%-" + NAME_WIDTH + "s", name));
        line.append(right(Long.toString(distribution.count()), COUNT_WIDTH))
                .append(right(Figures.millis(distribution.mean().orElse(0)), VALUE_WIDTH))
                .append(right(Figures.millis(distribution.min().orElse(0L)), VALUE_WIDTH));
        for (Percentile percentile : percentiles) {
            OptionalLong value = distribution.percentile(percentile);
            line.append(right(
                    value.isPresent() ? Figures.millis(value.getAsLong()) : notYet(percentile), width(percentile)));
        }
        line.append(right(Figures.millis(distribution.max().orElse(0)), VALUE_WIDTH));
        calibration.errorBar().ifPresent(bar -> {
            OptionalLong errorNs = bar.ofNs(metric, connectNs);
            line.append(right(errorNs.isPresent() ? ErrorBar.millisUp(errorNs.getAsLong()) : "-", VALUE_WIDTH));
        });
        line(line.toString());
    }

    /// What the last column rests on.
    private void errorBar() {
        Calibration figures = calibration.calibration();
        if (figures == null) {
            wrapped("Error bar ", "none: " + calibration.remark());
            return;
        }
        boolean stored = calibration.source() == RunCalibration.Source.STORED;
        long connectNs = ErrorBar.connectNs(summary.of(Metric.TCP), summary.of(Metric.CONNECT_LAG));
        wrapped(
                "Error bar ",
                "ttft within " + within(figures.ttftErrorNs()) + ", gaps within " + within(figures.gapErrorNs())
                        + ", other arrivals within " + within(figures.arrivalErrorNs())
                        + ": this client against what a provider in another process truly wrote, "
                        + figures.shape().load() + ", "
                        + (stored ? "by lens calibrate at " + figures.measuredAt() : "right after the run")
                        + " in " + figures.basis()
                        + (stored ? "" : " (" + calibration.remark() + ")")
                        + (calibration.lateNs() > 0
                                ? "; each at least " + Figures.millis(calibration.lateNs())
                                        + (figures.shape().stamps().equals(Stamps.USER.label())
                                                ? " ms, for the read is the arrival, and in this run it was so late"
                                                        + " (loop lag at p99 over time)"
                                                : " ms, for chunks came together, and the kernel may have merged what"
                                                        + " waited so long to be read (read_lag)")
                                : "")
                        + (connectNs > 0
                                ? "; with " + Figures.millis(connectNs) + " ms more for new connections, which this"
                                        + " client noticed as late (connect_lag)"
                                : ""));
    }

    private static String within(Spread errorNs) {
        OptionalLong p50 = errorNs.percentile(Percentile.P50);
        return Figures.micros(errorNs.boundNs()) + " us"
                + (errorNs.tellsP99() ? " at p99" : ", the largest of " + Figures.count(errorNs.count()))
                + (p50.isPresent() ? " (p50 " + Figures.micros(p50.getAsLong()) + ")" : "");
    }

    /// How late this client itself was, which no other figure shows where the kernel's stamps are the arrival.
    private void stamps(LoadRun.@Nullable Backlog backlog) {
        if (backlog == null) {
            boolean kernel = summary.of(Metric.READ_LAG).count() > 0;
            wrapped(
                    "Stamps    ",
                    kernel
                            ? "arrival is the kernel's receive stamp; how well it was brought to the monotonic clock is"
                                    + " not known" + readLag()
                            : "arrival is the instant after the read call");
            return;
        }
        StampSource stamps = backlog.stamps();
        if (!stamps.kernel()) {
            wrapped("Stamps    ", "arrival is the instant after the read call (" + stamps.whyNot() + ")");
            return;
        }
        wrapped(
                "Stamps    ",
                "arrival is the kernel's receive stamp, brought to the monotonic clock within "
                        + Math.max(1, stamps.offsetUncertaintyNs()) + " ns" + readLag()
                        + (backlog.sharedParts() > 0
                                ? "; " + Figures.count(backlog.sharedParts())
                                        + " parts of answers came in one read with another answer's and share its stamp"
                                : ""));
    }

    private String readLag() {
        Distribution lag = summary.of(Metric.READ_LAG);
        OptionalLong p50 = lag.percentile(Percentile.P50);
        OptionalLong p99 = lag.percentile(Percentile.P99);
        return p50.isPresent()
                ? "; this client read it " + Figures.micros(p50.getAsLong()) + " us later at p50"
                        + (p99.isPresent() ? ", " + Figures.micros(p99.getAsLong()) + " us at p99" : "")
                : "";
    }

    private void tokens() {
        Summary.Tokens tokens = summary.tokens();
        var line = new StringBuilder().append(Figures.count(tokens.output())).append(" out");
        if (tokens.reasoning() > 0) {
            line.append(" (").append(Figures.count(tokens.reasoning())).append(" reasoning)");
        }
        if (tokens.input() > 0) {
            line.append(", ").append(Figures.count(tokens.input())).append(" in");
        }
        if (tokens.cachedInput() > 0) {
            line.append(" (").append(Figures.count(tokens.cachedInput())).append(" from cache)");
        }
        line.append(", counted by ")
                .append(tokens.source())
                .append("; ")
                .append(Figures.count(summary.chunks()))
                .append(" chunks, ")
                .append(Figures.count(summary.coalescedChunks()))
                .append(" coalesced")
                .append(density(tokens));
        wrapped("Tokens    ", line.toString());
        summary.rates().ifPresent(rates -> {
            OptionalLong tpot = summary.of(Metric.TPOT).percentile(Percentile.P50);
            wrapped(
                    "Rates     ",
                    Figures.rate(rates.answersPerSecond()) + " answers/s, output_tps "
                            + Figures.rate(rates.outputTokensPerSecond()) + " tokens/s"
                            + (tpot.isPresent() && tpot.getAsLong() > 0
                                    ? ", output_tps_user " + Figures.rate(1e9 / tpot.getAsLong())
                                            + " tokens/s at p50 of tpot"
                                    : "")
                            + ", over " + Figures.seconds(rates.durationNs()) + " s"
                            + (rates.keptUp() ? "" : " to the last end, for most answers ended after the last start"));
        });
    }

    /// `; 1.08 tokens/chunk by o200k_base, usage says 1.10`, as far as it is known.
    private String density(Summary.Tokens tokens) {
        OptionalDouble counted = tokens.densityByTokenizer().tokensPerChunk();
        OptionalDouble said = tokens.densityByUsage().tokensPerChunk();
        if (counted.isPresent() && plan.tokenizer() != null) {
            return "; " + perChunk(counted) + " tokens/chunk by "
                    + plan.tokenizer().name() + (said.isPresent() ? ", usage says " + perChunk(said) : "");
        }
        return said.isPresent() ? "; " + perChunk(said) + " tokens/chunk by usage" : "";
    }

    private static String perChunk(OptionalDouble tokens) {
        return String.format(Locale.ROOT, "%.2f", tokens.orElseThrow());
    }

    private void cost() {
        Pricing pricing = plan.pricing();
        if (pricing.tariff().isEmpty()) {
            wrapped("Cost      ", "unknown: " + pricing.unknown());
        } else if (costs.total().isEmpty()) {
            wrapped("Cost      ", "unknown: no answer came with usage, which is what is billed; " + pricing.source());
        } else {
            wrapped("Cost      ", costTogether(costs.total().get()));
            costEach(pricing.monthlyRequests());
            wrapped("          ", pricing.source());
            if (!pricing.remark().isEmpty()) {
                wrapped("          ", pricing.remark());
            }
        }
        line("");
    }

    private String costTogether(BigDecimal total) {
        return (costs.unknown() == 0 ? "" : "at least ") + Figures.usd(total) + " together"
                + (costs.warmup().signum() == 0 ? "" : ", " + Figures.usd(costs.warmup()) + " of it for warm-up")
                + (costs.unknown() == 0
                        ? ""
                        : "; " + Figures.count(costs.unknown()) + (costs.unknown() == 1 ? " request" : " requests")
                                + " of unknown cost not counted");
    }

    private void costEach(@Nullable Long monthly) {
        var parts = new ArrayList<String>();
        costs.perRequest().ifPresent(each -> parts.add(Figures.usd(each) + " per request"));
        costs.perGoodRequest().ifPresent(each -> parts.add(Figures.usd(each) + " per completed request"));
        costs.perMillionTokens().ifPresent(each -> parts.add(Figures.usd(each) + " per million tokens, in and out"));
        if (monthly != null) {
            costs.of(monthly)
                    .ifPresent(cost ->
                            parts.add(Figures.usd(cost) + " a month at " + Figures.count(monthly) + " requests"));
        }
        if (!parts.isEmpty()) {
            wrapped("          ", String.join(", ", parts));
        }
    }

    private void doubts() {
        if (caveats.isEmpty()) {
            return;
        }
        line("Caveats");
        caveats.forEach(caveat -> wrapped("  - ", caveat.text()));
        line("");
    }

    private void formulas() {
        line("Formulas");
        for (Metric metric : shown) {
            String known = metric.knownAs().isEmpty() ? "" : "  (" + metric.knownAs() + ")";
            wrapped(
                    "  " + String.format(Locale.ROOT, "%-" + NAME_WIDTH + "s", metric.label()),
                    metric.formula() + known);
        }
        wrapped(
                "  " + String.format(Locale.ROOT, "%-" + NAME_WIDTH + "s", "output_tps"),
                "output tokens that arrived from the first measured start to the last, of whichever request, / that"
                        + " time; output_tps_user = 1 / tpot");
        if (costs.total().isPresent()) {
            wrapped("  " + String.format(Locale.ROOT, "%-" + NAME_WIDTH + "s", "cost"), Cost.FORMULA);
        }
        line("");
    }

    private void line(String line) {
        text.append(line).append('\n');
    }

    private void wrapped(String lead, String words) {
        text.append(Paragraph.of(lead, words, COLUMNS));
    }

    private static String notYet(Percentile percentile) {
        return "n/a " + percentile.floor();
    }

    private static int width(Percentile percentile) {
        return Math.max(VALUE_WIDTH, notYet(percentile).length() + 1);
    }

    private static String right(String value, int width) {
        return value.length() < width ? " ".repeat(width - value.length()) + value : " " + value;
    }

    private static String numbers(Set<Integer> cpus) {
        return cpus.stream().map(String::valueOf).collect(Collectors.joining(","));
    }
}
