package dev.latencylens.stats;

import dev.latencylens.exchange.ChunkSink;
import dev.latencylens.exchange.Chunks;
import dev.latencylens.exchange.ConnectionFacts;
import dev.latencylens.exchange.Exchange;
import dev.latencylens.exchange.ExchangeResult;
import dev.latencylens.exchange.Moment;
import dev.latencylens.exchange.Outcome;
import dev.latencylens.exchange.Retry;
import dev.latencylens.exchange.TcpPath;
import dev.latencylens.exchange.Timeline;
import dev.latencylens.exchange.Turn;
import dev.latencylens.exchange.Usage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// What a run's exchanges came to.
///
/// Fed on the interpreter's thread; a progress display may look at [#progress] from another, and the report reads
/// it when the load has ended. Exchanges with an answer (completed or unterminated) enter the latencies, all enter
/// the outcomes, and warm-up exchanges are counted and left out of everything else. Adding one allocates nothing
/// once the distributions have grown to their size.
///
/// Of a request that was tried again the last attempt is what it came to, and the attempts are counted beside it.
/// Latencies from an attempt's own start do not know of the attempts before; those from the intended time hold
/// them and the waits between; `queue` and `send_lag`, which tell how punctual this client is, are told of first
/// attempts.
public final class Summary {
    /// Different failures remembered with their details; more are counted by kind alone.
    private static final int MOST_FAILURES = 64;

    private static final String FURTHER = "further ones, with other details";

    private static final Metric[] METRICS = Metric.values();
    private static final ConnectionFacts.Kind[] CONNECTIONS = ConnectionFacts.Kind.values();

    private final Distribution[] all = new Distribution[Metric.count()];
    private final Distribution[][] byConnection = new Distribution[CONNECTIONS.length][Metric.count()];
    private final long[] answeredOver = new long[CONNECTIONS.length];
    private final Distribution[][] byCacheUse = new Distribution[CacheUse.values().length][Metric.count()];
    private final long[] answeredWith = new long[CacheUse.values().length];
    private final long[] outcomes = new long[Outcome.Kind.values().length];
    private final long[] attemptOutcomes = new long[Outcome.Kind.values().length];
    /// Of first attempts and of retries, made with the first answer to a retry.
    private final Distribution[][] byAttempt = new Distribution[AttemptKind.values().length][];
    private final TurnTally turns = new TurnTally();
    private final Map<Outcome, Long> unanswered = new HashMap<>();

    private final SendTimes sends = new SendTimes();
    private final Distribution ownQueue = new Distribution();
    private final Distribution ownSendLag = new Distribution();
    private final Throughput throughput = new Throughput();

    private long measured;
    private long answered;
    private long triedAgain;
    private long retries;
    private long retryWaitNs;
    private long limited;
    private long heldBack;
    private long heldBackNs;
    private long warmups;
    private long warmupFailures;
    private long chunks;
    private long coalescedChunks;
    private long bodyBytes;

    private long firstStartedAtNs;
    private long lastStartedAtNs;
    private long lastEndAtNs;

    private long answersInOneRead;
    private long firstChunksUntold;
    private double firstChunksShare;
    private long answersWithUsage;
    private long answersByTokenizer;
    private long answersWithCachedInput;
    private long inputTokens;
    private long cachedInputTokens;
    private long outputTokens;
    private long reasoningTokens;
    private long tokensByUsage;
    private long chunksByUsage;
    private long tokensByTokenizer;
    private long chunksByTokenizer;
    private long tokensByTokenizerBesideUsage;
    private long tokensByUsageBesideTokenizer;
    private @Nullable ExchangeResult example;

    public Summary() {
        Arrays.setAll(all, i -> new Distribution());
    }

    /// How far a run has come.
    ///
    /// @param ttftP50Ns absent below the percentile's floor
    public record Progress(
            long ended,
            long answered,
            long failed,
            long warmups,
            long outputTokens,
            long windowNs,
            OptionalLong ttftP50Ns) {}

    /// Whether the provider read part of a prompt from its cache, by its own usage.
    public enum CacheUse {
        HIT("hit"),
        MISS("miss");

        private final String label;

        CacheUse(String label) {
            this.label = label;
        }

        public String label() {
            return label;
        }
    }

    /// Whether an answer came to a request's first attempt.
    public enum AttemptKind {
        FIRST("first"),
        RETRY("retry");

        private final String label;

        AttemptKind(String label) {
            this.label = label;
        }

        public String label() {
            return label;
        }
    }

    /// Whether an answer came to the first turn of a conversation, or to a later one, whose beginning the provider
    /// may have in its cache.
    public enum TurnKind {
        FIRST("first"),
        LATER("later");

        private final String label;

        TurnKind(String label) {
            this.label = label;
        }

        public String label() {
            return label;
        }
    }

    /// What became of the conversations, those for warm-up included.
    ///
    /// @param completed with an answer to their last turn
    /// @param failed ended by a turn that failed
    /// @param textless ended by an answer without text, where that was to be repeated
    /// @param cut not ended when the run was over
    /// @param turnsUnsent turns that conversations were to have and that were never sent
    public record Conversations(long begun, long completed, long failed, long textless, long cut, long turnsUnsent) {}

    /// Tokens of the prompts of measured turns of one kind that were answered, as usage says.
    ///
    /// @param cached those of them that were read from a cache
    public record TurnInput(long answered, long input, long cached) {}

    /// How often measured requests were tried again.
    ///
    /// @param requests that were, once or more often
    /// @param retries attempts after the first, of all of them
    /// @param waitNs between attempts, together, as it was decided: what backoff and providers' hints asked for
    /// @param outcomes of all attempts, the first ones of all requests included
    public record Attempts(long requests, long retries, long waitNs, Map<Outcome.Kind, Long> outcomes) {}

    /// What limits per minute did to measured requests, their retries included.
    ///
    /// @param attempts that were started under limits
    /// @param heldBack those of them that had to wait for the limits
    /// @param heldBackNs for how long, together
    public record Throttled(long attempts, long heldBack, long heldBackNs) {}

    /// Failed exchanges that ended alike.
    public record Failure(Outcome outcome, long count) {}

    /// Failed exchanges of one outcome and one code.
    ///
    /// @param code the provider's own, else the status of its response, else empty
    /// @param example what was seen most often
    public record FailureGroup(Outcome.Kind kind, String code, long count, String example) {}

    /// Tokens of the answered exchanges.
    ///
    /// @param input as the provider's usage says, 0 where none says
    /// @param cachedInput those of them that it read from a cache
    /// @param reasoning output tokens that were reasoning, as usage says
    /// @param answersByUsage answers whose output tokens are the provider's usage
    /// @param answersByTokenizer answers without usage, whose chunks a tokenizer counted
    /// @param answersByChunks answers without either, of which every chunk was taken for a token
    /// @param answersWithCachedInput answers whose prompt came in part from a cache
    /// @param densityByUsage of the answers with usage; where that tells reasoning apart, reasoning and its chunks
    /// are left out, for it may have been hidden
    /// @param densityByTokenizer of the answers whose chunks a tokenizer counted
    public record Tokens(
            long input,
            long cachedInput,
            long output,
            long reasoning,
            long answersByUsage,
            long answersByTokenizer,
            long answersByChunks,
            long answersWithCachedInput,
            Density densityByUsage,
            Density densityByTokenizer,
            Agreement agreement) {
        /// `usage`, `tokenizer` or `chunks`, or those of them that counted some of the answers: `usage and
        /// chunks`.
        public String source() {
            String sources = Stream.of(
                            answersByUsage > 0 ? "usage" : "",
                            answersByTokenizer > 0 ? "tokenizer" : "",
                            answersByChunks > 0 ? "chunks" : "")
                    .filter(source -> !source.isEmpty())
                    .collect(Collectors.joining(" and "));
            return sources.isEmpty() ? "usage" : sources;
        }
    }

    /// How much output came in how many chunks.
    public record Density(long tokens, long chunks) {
        /// Absent where there was no chunk.
        public OptionalDouble tokensPerChunk() {
            return chunks == 0 ? OptionalDouble.empty() : OptionalDouble.of((double) tokens / chunks);
        }
    }

    /// What tokenizer and usage say of the same output, that of the answers that have both.
    public record Agreement(long byTokenizer, long byUsage) {}

    /// The time in which measured requests were under way: from the first start to the last end of a response.
    ///
    /// @param lastStartedAtNs the last measured start
    public record Window(long startedAtNs, long lastStartedAtNs, long endedAtNs) {
        public long durationNs() {
            return endedAtNs - startedAtNs;
        }
    }

    /// What arrived in the time that rates refer to, whichever request it was of: docs/metrics.md, "Rates".
    ///
    /// @param toAtNs the start of the last measured request, or the last end
    /// @param keptUp whether it is the former: the load was offered for long enough
    /// @param outputTokens an answer's are taken for evenly spread over its chunks
    /// @param answers that ended
    public record Rates(long fromAtNs, long toAtNs, boolean keptUp, double outputTokens, long answers) {
        public long durationNs() {
            return toAtNs - fromAtNs;
        }

        /// Whether something happened in it. The last end is inside of a time that ends with it.
        public boolean holds(long atNs) {
            return atNs - fromAtNs >= 0 && (keptUp ? atNs - toAtNs < 0 : atNs - toAtNs <= 0);
        }

        public double outputTokensPerSecond() {
            return outputTokens * 1e9 / durationNs();
        }

        public double answersPerSecond() {
            return answers * 1e9 / durationNs();
        }
    }

    /// Takes in an exchange that has ended.
    public synchronized void add(ExchangeResult result) {
        throughput.add(result, outputTokens(result));
        boolean wasAnswered = result.outcome().isAnswered();
        Retry retry = result.exchange().retry();
        turns.see(result);
        if (result.exchange().isWarmup()) {
            warmups += retry == null ? 1 : 0;
            // A retry takes the place of a failure.
            warmupFailures += (result.outcome().isFailed() ? 1 : 0) - (retry == null ? 0 : 1);
            return;
        }
        outcomes[result.outcome().kind().ordinal()]++;
        attemptOutcomes[result.outcome().kind().ordinal()]++;
        if (retry == null) {
            measured++;
            sent(result);
            scheduled(result);
        } else {
            takeThePlace(retry);
        }
        widenWindow(result.timeline(), retry == null, result.outcome().kind() != Outcome.Kind.CANCELLED);
        throttled(result);
        if (!wasAnswered) {
            remember(result.outcome());
            return;
        }
        answered++;
        bodyBytes += result.bodyBytes();
        example = result;
        Distribution[] ofAttempts = population(retry);
        Distribution[] population = population(result.connection());
        Distribution[] ofCacheUse = population(result.completion().usage());
        Distribution[] ofTurns = turns.population(result);
        differences(result.timeline(), retry != null, population, ofCacheUse, ofAttempts, ofTurns);
        handshake(result, population, ofCacheUse, ofAttempts, ofTurns);
        gaps(result.timeline().chunks());
        tokens(result);
    }

    public synchronized Progress progress() {
        return new Progress(
                measured,
                answered,
                failed(),
                warmups,
                outputTokens,
                lastEndAtNs - firstStartedAtNs,
                all[Metric.TTFT.ordinal()].percentile(Percentile.P50));
    }

    /// Answers of several chunks that all came in one read, so that nobody knows their time per token.
    public synchronized long answersInOneRead() {
        return answersInOneRead;
    }

    /// Answers with a [Metric#TPOT] and more tokens than chunks of which nothing tells how many the first chunk
    /// held: it is taken for one.
    public synchronized long firstChunksUntold() {
        return firstChunksUntold;
    }

    /// By which share of itself the [Metric#TPOT] of these answers would be larger on average if their first
    /// chunks held as many tokens as their chunks do on average.
    public synchronized double firstChunksShare() {
        return firstChunksUntold == 0 ? 0 : firstChunksShare / firstChunksUntold;
    }

    /// Exchanges that count, whatever came of them.
    public synchronized long measured() {
        return measured;
    }

    public synchronized long answered() {
        return answered;
    }

    /// Requests whose last attempt failed, by [Outcome#isFailed]: what this client cancelled is not among them.
    public synchronized long failed() {
        return measured - answered - outcomes[Outcome.Kind.CANCELLED.ordinal()];
    }

    public synchronized long warmups() {
        return warmups;
    }

    public synchronized long warmupFailures() {
        return warmupFailures;
    }

    /// How many requests ended in each way, with their last attempt; ways that never happened left out.
    public synchronized Map<Outcome.Kind, Long> outcomes() {
        return counted(outcomes);
    }

    public synchronized Attempts attempts() {
        return new Attempts(triedAgain, retries, retryWaitNs, counted(attemptOutcomes));
    }

    public synchronized Throttled throttled() {
        return new Throttled(limited, heldBack, heldBackNs);
    }

    private static Map<Outcome.Kind, Long> counted(long[] outcomes) {
        var counts = new EnumMap<Outcome.Kind, Long>(Outcome.Kind.class);
        for (Outcome.Kind kind : Outcome.Kind.values()) {
            if (outcomes[kind.ordinal()] > 0) {
                counts.put(kind, outcomes[kind.ordinal()]);
            }
        }
        return Collections.unmodifiableMap(counts);
    }

    /// The failures by kind and detail, most frequent first; of very many different ones, the first 64.
    public synchronized List<Failure> failures() {
        return unanswered().stream()
                .filter(failure -> failure.outcome().isFailed())
                .toList();
    }

    /// The same with what this client cancelled.
    public synchronized List<Failure> unanswered() {
        var list = new ArrayList<Failure>();
        unanswered.forEach((outcome, count) -> list.add(new Failure(outcome, count)));
        list.sort(Comparator.comparingLong(Failure::count)
                .reversed()
                .thenComparing(failure -> failure.outcome().kind())
                .thenComparing(failure -> failure.outcome().detail()));
        return List.copyOf(list);
    }

    /// The same by kind and by the provider's own code, most frequent first.
    public synchronized List<FailureGroup> failureGroups() {
        var groups = new LinkedHashMap<Outcome, FailureGroup>();
        for (Failure failure : failures()) {
            Outcome outcome = failure.outcome();
            String code = outcome.code().isEmpty() ? outcome.status() : outcome.code();
            groups.merge(
                    new Outcome(outcome.kind(), "", code),
                    new FailureGroup(outcome.kind(), code, failure.count(), outcome.detail()),
                    (group, more) -> new FailureGroup(
                            group.kind(), group.code(), group.count() + more.count(), group.example()));
        }
        return groups.values().stream()
                .sorted(Comparator.comparingLong(FailureGroup::count).reversed())
                .toList();
    }

    public synchronized Tokens tokens() {
        return new Tokens(
                inputTokens,
                cachedInputTokens,
                outputTokens,
                reasoningTokens,
                answersWithUsage,
                answersByTokenizer,
                answered - answersWithUsage - answersByTokenizer,
                answersWithCachedInput,
                new Density(tokensByUsage, chunksByUsage),
                new Density(tokensByTokenizer, chunksByTokenizer),
                new Agreement(tokensByTokenizerBesideUsage, tokensByUsageBesideTokenizer));
    }

    /// Absent until something measured has ended.
    public synchronized Optional<Window> window() {
        return measured == 0
                ? Optional.empty()
                : Optional.of(new Window(firstStartedAtNs, lastStartedAtNs, lastEndAtNs));
    }

    /// Absent until something measured has ended, and where no time has passed.
    public synchronized Optional<Rates> rates() {
        return throughput.rates();
    }

    /// Output chunks of the answered exchanges.
    public synchronized long chunks() {
        return chunks;
    }

    /// Those of them that came in one read with the chunk before and so have no gap of their own.
    public synchronized long coalescedChunks() {
        return coalescedChunks;
    }

    /// Bytes of the answers' bodies.
    public synchronized long bodyBytes() {
        return bodyBytes;
    }

    /// Answered exchanges that went over a connection of this kind.
    public synchronized long answeredOver(ConnectionFacts.Kind kind) {
        return answeredOver[kind.ordinal()];
    }

    /// The last answered exchange, for the facts that the answers share.
    public synchronized Optional<ExchangeResult> example() {
        return Optional.ofNullable(example);
    }

    /// When the measured exchanges, of conversations the first turns, were due and sent, whatever came of them.
    /// Not to be read while others add.
    public SendTimes sends() {
        return sends;
    }

    /// All answered exchanges. Not to be read while others add.
    public Distribution of(Metric metric) {
        return all[metric.ordinal()];
    }

    /// How late this client itself began what has a schedule, whatever came of it: `queue` of first attempts, and
    /// of conversations' first turns, without what limits held back.
    public Distribution ownQueue() {
        return ownQueue;
    }

    /// How late it wrote those of them that went over connections that stood: the same of `send_lag`.
    public Distribution ownSendLag() {
        return ownSendLag;
    }

    /// The answered exchanges over connections of one kind; for metrics within a stream, which are not told apart,
    /// empty.
    public Distribution of(Metric metric, ConnectionFacts.Kind kind) {
        Distribution distribution = byConnection[kind.ordinal()][metric.ordinal()];
        return distribution == null ? new Distribution() : distribution;
    }

    /// Answered exchanges of which usage says that the prompt's cache was used so.
    public synchronized long answeredWith(CacheUse use) {
        return answeredWith[use.ordinal()];
    }

    /// The answered exchanges whose prompt was, or was not, read from a cache in part; for metrics within a
    /// stream, which are not told apart, empty.
    public Distribution of(Metric metric, CacheUse use) {
        Distribution distribution = byCacheUse[use.ordinal()][metric.ordinal()];
        return distribution == null ? new Distribution() : distribution;
    }

    /// The answers to first attempts, or to retries; empty where no retry was answered, and for metrics within a
    /// stream, which are not told apart.
    public Distribution of(Metric metric, AttemptKind kind) {
        Distribution[] distributions = byAttempt[kind.ordinal()];
        return distributions == null ? new Distribution() : distributions[metric.ordinal()];
    }

    /// The answers to first turns of conversations, or to later ones; empty where requests stand for themselves,
    /// and for metrics within a stream, which are not told apart.
    public Distribution of(Metric metric, TurnKind kind) {
        return turns.of(metric, kind);
    }

    /// Absent where requests stand for themselves.
    public synchronized Optional<Conversations> conversations() {
        return turns.conversations();
    }

    public synchronized TurnInput input(TurnKind kind) {
        return turns.input(kind);
    }

    private void remember(Outcome outcome) {
        if (unanswered.size() < MOST_FAILURES || unanswered.containsKey(outcome)) {
            unanswered.merge(outcome, 1L, Long::sum);
        } else {
            unanswered.merge(further(outcome), 1L, Long::sum);
        }
    }

    /// Its code is kept, unless there are very many codes too.
    private Outcome further(Outcome outcome) {
        var ofItsCode = new Outcome(outcome.kind(), FURTHER, outcome.code());
        return unanswered.containsKey(ofItsCode) || unanswered.size() < 2 * MOST_FAILURES
                ? ofItsCode
                : new Outcome(outcome.kind(), FURTHER);
    }

    private void throttled(ExchangeResult result) {
        long throttleNs = result.exchange().throttleNs();
        if (throttleNs == Exchange.NOT_LIMITED) {
            return;
        }
        limited++;
        heldBack += throttleNs > 0 ? 1 : 0;
        heldBackNs += throttleNs;
        if (result.outcome().isAnswered()) {
            all[Metric.THROTTLE.ordinal()].record(throttleNs);
        }
    }

    private void scheduled(ExchangeResult result) {
        Timeline timeline = result.timeline();
        OptionalLong queueNs = timeline.betweenNs(Moment.INTENDED, Moment.STARTED);
        Turn turn = result.exchange().turn();
        if ((turn != null && !turn.isFirst()) || queueNs.isEmpty()) {
            return;
        }
        long throttleNs = Math.max(0, result.exchange().throttleNs());
        ownQueue.record(queueNs.getAsLong() - throttleNs);
        ConnectionFacts connection = result.connection();
        OptionalLong sendLagNs = timeline.betweenNs(Moment.INTENDED, Moment.REQUEST_START);
        if (connection != null && connection.kind() == ConnectionFacts.Kind.REUSED && sendLagNs.isPresent()) {
            ownSendLag.record(sendLagNs.getAsLong() - throttleNs);
        }
    }

    /// What the attempt before came to is not what its request came to.
    private void takeThePlace(Retry retry) {
        triedAgain += retry.attempt() == 2 ? 1 : 0;
        retries++;
        retryWaitNs += retry.waitNs();
        outcomes[retry.after().kind().ordinal()]--;
        Outcome counted = unanswered.containsKey(retry.after()) ? retry.after() : further(retry.after());
        unanswered.computeIfPresent(counted, (_, count) -> count == 1 ? null : count - 1);
    }

    /// @param first whether it is a request's first attempt: a retry is no start that the load asked for
    /// @param ended false where this client ended it, which says nothing of how long answers took
    private void widenWindow(Timeline timeline, boolean first, boolean ended) {
        long startedAtNs = timeline.atNs(Moment.STARTED)
                .orElse(timeline.atNs(Moment.INTENDED).orElse(0));
        if (measured == 1 && first) {
            firstStartedAtNs = startedAtNs;
            lastStartedAtNs = startedAtNs;
            lastEndAtNs = startedAtNs;
        }
        if (startedAtNs - firstStartedAtNs < 0) {
            firstStartedAtNs = startedAtNs;
        }
        if (first && startedAtNs - lastStartedAtNs > 0) {
            lastStartedAtNs = startedAtNs;
        }
        long endAtNs = ended ? timeline.atNs(Moment.RESPONSE_END).orElse(startedAtNs) : startedAtNs;
        if (endAtNs - lastEndAtNs > 0) {
            lastEndAtNs = endAtNs;
        }
    }

    /// A request leaves when it is written, but over a new connection when this client begins to set that up: the
    /// rest is the network's.
    private void sent(ExchangeResult result) {
        Timeline timeline = result.timeline();
        ConnectionFacts connection = result.connection();
        boolean stood = connection != null && connection.kind() == ConnectionFacts.Kind.REUSED;
        long intendedAtNs = timeline.atNs(Moment.INTENDED).orElse(0);
        long startedAtNs = timeline.atNs(Moment.STARTED).orElse(intendedAtNs);
        long writtenAtNs = timeline.atNs(Moment.REQUEST_START).orElse(startedAtNs);
        Turn turn = result.exchange().turn();
        if (turn == null || turn.isFirst()) {
            long place = turn == null ? result.exchange().number() : turn.conversation();
            sends.add(place, intendedAtNs, stood ? writtenAtNs : startedAtNs);
        }
    }

    /// Null as long as no retry was answered: until then, all answers are those to first attempts.
    private Distribution @Nullable [] population(@Nullable Retry retry) {
        if (retry != null && byAttempt[0] == null) {
            for (AttemptKind kind : AttemptKind.values()) {
                byAttempt[kind.ordinal()] = new Distribution[METRICS.length];
                Arrays.setAll(byAttempt[kind.ordinal()], i -> new Distribution());
            }
            for (Metric metric : METRICS) {
                boolean toldApart =
                        metric.group() == Metric.Group.CONNECTION || (metric.from() != null && metric.to() != null);
                if (toldApart) {
                    byAttempt[AttemptKind.FIRST.ordinal()][metric.ordinal()].add(all[metric.ordinal()]);
                }
            }
        }
        return byAttempt[(retry == null ? AttemptKind.FIRST : AttemptKind.RETRY).ordinal()];
    }

    private Distribution @Nullable [] population(@Nullable ConnectionFacts connection) {
        if (connection == null) {
            return null;
        }
        int kind = connection.kind().ordinal();
        if (answeredOver[kind]++ == 0) {
            Arrays.setAll(byConnection[kind], i -> new Distribution());
        }
        return byConnection[kind];
    }

    /// Null where usage does not say.
    private Distribution @Nullable [] population(@Nullable Usage usage) {
        Long cached = usage == null ? null : usage.cachedRead();
        if (cached == null) {
            return null;
        }
        int use = (cached > 0 ? CacheUse.HIT : CacheUse.MISS).ordinal();
        if (answeredWith[use]++ == 0) {
            Arrays.setAll(byCacheUse[use], i -> new Distribution());
        }
        return byCacheUse[use];
    }

    private void differences(
            Timeline timeline,
            boolean again,
            Distribution @Nullable [] population,
            Distribution @Nullable [] cachePopulation,
            Distribution @Nullable [] attemptPopulation,
            Distribution @Nullable [] turnPopulation) {
        for (Metric metric : METRICS) {
            Moment from = metric.from();
            Moment to = metric.to();
            if (from == null || to == null || (again && metric.isOfFirstAttempts())) {
                continue;
            }
            OptionalLong differenceNs = timeline.betweenNs(from, to);
            if (differenceNs.isPresent()) {
                all[metric.ordinal()].record(differenceNs.getAsLong());
                record(population, metric, differenceNs.getAsLong());
                record(cachePopulation, metric, differenceNs.getAsLong());
                record(attemptPopulation, metric, differenceNs.getAsLong());
                record(turnPopulation, metric, differenceNs.getAsLong());
            }
        }
    }

    private static void record(Distribution @Nullable [] population, Metric metric, long valueNs) {
        if (population != null) {
            population[metric.ordinal()].record(valueNs);
        }
    }

    /// Of exchanges that paid for it.
    private void handshake(
            ExchangeResult result,
            Distribution @Nullable [] population,
            Distribution @Nullable [] cachePopulation,
            Distribution @Nullable [] attemptPopulation,
            Distribution @Nullable [] turnPopulation) {
        TcpPath path = result.path();
        OptionalLong tcpNs = result.timeline().betweenNs(Moment.CONNECT_START, Moment.CONNECT_END);
        if (path != null && path.knowsHandshake() && population != null && tcpNs.isPresent()) {
            long rttNs = path.handshakeRttNs();
            long lagNs = tcpNs.getAsLong() - path.earlierAttemptsNs() - rttNs;
            all[Metric.TCP_RTT.ordinal()].record(rttNs);
            all[Metric.CONNECT_LAG.ordinal()].record(lagNs);
            record(population, Metric.TCP_RTT, rttNs);
            record(population, Metric.CONNECT_LAG, lagNs);
            record(cachePopulation, Metric.TCP_RTT, rttNs);
            record(cachePopulation, Metric.CONNECT_LAG, lagNs);
            record(attemptPopulation, Metric.TCP_RTT, rttNs);
            record(attemptPopulation, Metric.CONNECT_LAG, lagNs);
            record(turnPopulation, Metric.TCP_RTT, rttNs);
            record(turnPopulation, Metric.CONNECT_LAG, lagNs);
        }
    }

    /// Chunks of one read share its stamp: they have one gap, before the first of them.
    private void gaps(Chunks stream) {
        int size = stream.size();
        boolean tokensKnown = size > 0 && stream.totalTokens() != ChunkSink.UNKNOWN_TOKENS;
        Distribution icl = all[Metric.ICL.ordinal()];
        Distribution readLag = all[Metric.READ_LAG.ordinal()];
        long gaps = 0;
        long sinceTokenNs = 0;
        for (int i = 0; i < size; i++) {
            if (stream.isCoalesced(i)) {
                coalescedChunks += sharesItsEvent(stream, i) ? 0 : 1;
                continue;
            }
            if (stream.isKernelStamped(i)) {
                readLag.record(stream.userAtNs(i) - stream.atNs(i));
            }
            if (i > 0) {
                long gapNs = stream.atNs(i) - stream.atNs(i - 1);
                icl.record(gapNs);
                gaps++;
                if (tokensKnown) {
                    sinceTokenNs = interTokenLatency(stream, i, sinceTokenNs + gapNs);
                }
            }
        }
        chunks += size;
        if (gaps > 0) {
            all[Metric.ICL_PER_REQUEST.ordinal()].record((stream.atNs(size - 1) - stream.atNs(0)) / gaps);
        }
    }

    /// A read may bring text and yet end no token: its gap then belongs to the tokens of the next one.
    ///
    /// @param sinceNs from the last read that ended a token to this one
    /// @return what of that is still to be told
    private long interTokenLatency(Chunks stream, int first, long sinceNs) {
        long tokens = stream.tokens(first);
        for (int i = first + 1; i < stream.size() && stream.isCoalesced(i); i++) {
            tokens += stream.tokens(i);
        }
        if (tokens == 0) {
            return sinceNs;
        }
        all[Metric.ITL.ordinal()].record(sinceNs / tokens, tokens);
        return 0;
    }

    /// By usage, else by what is known of the chunks.
    private static long outputTokens(ExchangeResult result) {
        Usage usage = result.completion().usage();
        Long said = usage == null ? null : usage.outputTotal();
        return said == null ? tokensByChunks(result.timeline().chunks()) : said;
    }

    private void tokens(ExchangeResult result) {
        Chunks stream = result.timeline().chunks();
        Usage usage = result.completion().usage();
        Long said = usage == null ? null : usage.outputTotal();
        long output = outputTokens(result);
        outputTokens += output;
        answersWithUsage += said == null ? 0 : 1;
        answersByTokenizer += said == null && stream.countedByTokenizer() ? 1 : 0;
        densities(stream, usage);
        if (usage != null) {
            inputTokens += orNone(usage.inputTotal());
            reasoningTokens += orNone(usage.reasoning());
            cachedInputTokens += orNone(usage.cachedRead());
            answersWithCachedInput += orNone(usage.cachedRead()) > 0 ? 1 : 0;
        }
        OptionalLong streamedNs = result.timeline().betweenNs(Moment.FIRST_TOKEN, Moment.LAST_TOKEN);
        if (streamedNs.isEmpty() || isOneEvent(stream)) {
            return;
        }
        double streamed = output - hiddenReasoning(stream, usage);
        int choices = Math.max(1, result.completion().finishReasons().size());
        double laterTokens = streamed / choices - tokensOf(stream, 0);
        if (streamedNs.getAsLong() == 0) {
            answersInOneRead++;
        } else if (laterTokens > 0) {
            all[Metric.TPOT.ordinal()].record(Math.round(streamedNs.getAsLong() / laterTokens));
            double more = streamed / stream.size() - 1;
            if (stream.tokens(0) == ChunkSink.UNKNOWN_TOKENS && more > 0 && more < laterTokens) {
                firstChunksUntold++;
                firstChunksShare += more / (laterTokens - more);
            }
        }
    }

    /// With the chunk before it: a tool's name and its arguments, or two choices. Nothing came together there.
    private static boolean sharesItsEvent(Chunks stream, int index) {
        return index > 0 && stream.bytes(index) == 0;
    }

    private static boolean isOneEvent(Chunks stream) {
        for (int i = 1; i < stream.size(); i++) {
            if (!sharesItsEvent(stream, i)) {
                return false;
            }
        }
        return true;
    }

    /// What the usage counts as reasoning where nothing of it was streamed: it came before the first token.
    private static long hiddenReasoning(Chunks stream, @Nullable Usage usage) {
        long reasoning = usage == null ? 0 : orNone(usage.reasoning());
        for (int i = 0; reasoning > 0 && i < stream.size(); i++) {
            if (!stream.kind(i).isVisible()) {
                return 0;
            }
        }
        return reasoning;
    }

    private void densities(Chunks stream, @Nullable Usage usage) {
        boolean counted = stream.countedByTokenizer();
        if (counted) {
            tokensByTokenizer += tokensByChunks(stream);
            chunksByTokenizer += stream.size();
        }
        Long said = usage == null ? null : usage.outputTotal();
        if (usage == null || said == null) {
            return;
        }
        boolean apart = usage.reasoning() != null;
        long output = said - orNone(usage.reasoning());
        long tokens = 0;
        int compared = 0;
        for (int i = 0; i < stream.size(); i++) {
            if (!apart || stream.kind(i).isVisible()) {
                compared++;
                tokens += tokensOf(stream, i);
            }
        }
        tokensByUsage += output;
        chunksByUsage += compared;
        if (counted) {
            tokensByTokenizerBesideUsage += tokens;
            tokensByUsageBesideTokenizer += output;
        }
    }

    private static long tokensByChunks(Chunks stream) {
        long tokens = 0;
        for (int i = 0; i < stream.size(); i++) {
            tokens += tokensOf(stream, i);
        }
        return tokens;
    }

    /// A chunk that does not say its tokens is taken for one.
    private static long tokensOf(Chunks stream, int index) {
        int tokens = stream.tokens(index);
        return tokens == ChunkSink.UNKNOWN_TOKENS ? 1 : tokens;
    }

    private static long orNone(@Nullable Long tokens) {
        return tokens == null ? 0 : tokens;
    }
}
