package dev.latencylens.stats;

import static dev.latencylens.exchange.ScriptedExchange.exchange;
import static java.time.Duration.ofMillis;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latencylens.exchange.ChunkKind;
import dev.latencylens.exchange.ChunkSink;
import dev.latencylens.exchange.ConnectionFacts;
import dev.latencylens.exchange.Moment;
import dev.latencylens.exchange.Outcome;
import dev.latencylens.exchange.ScriptedExchange;
import dev.latencylens.exchange.TcpPath;
import java.time.Duration;
import java.util.Map;
import java.util.stream.IntStream;
import org.assertj.core.api.AbstractLongAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SummaryTest {
    private final Summary summary = new Summary();

    @Test
    void whatThisClientCancelledDoesNotStretchTheTimeThatRatesReferTo() {
        var summary = new Summary();
        summary.add(exchange()
                .startedAt(ofMillis(0))
                .tokensAt(ofMillis(5))
                .endedAt(ofMillis(10))
                .result());
        summary.add(exchange()
                .startedAt(ofMillis(1))
                .endedAt(ofMillis(500))
                .ended(Outcome.Kind.CANCELLED, "interrupted")
                .result());

        assertThat(summary.window().orElseThrow().durationNs()).isEqualTo(10_000_000);
    }

    @Test
    void howLateTheClientReadIsNeitherInTheGapsNorInTheTimeToFirstToken() {
        var summary = new Summary();
        summary.add(exchange()
                .startedAt(ofMillis(0))
                .chunkReadLate(ofMillis(10), ofMillis(11))
                .chunkReadLate(ofMillis(30), ofMillis(130))
                .chunkReadLate(ofMillis(50), ofMillis(131))
                .result());

        assertThat(summary.of(Metric.TTFT).max()).hasValue(10_000_000);
        assertThat(summary.of(Metric.ICL).max()).hasValue(20_000_000);
        assertThat(summary.of(Metric.READ_LAG).count()).isEqualTo(3);
        assertThat(summary.of(Metric.READ_LAG).max()).hasValue(100_000_000);
        assertThat(summary.of(Metric.READ_LAG).min()).hasValue(1_000_000);
    }

    @Test
    void timeToFirstTokenCountsFromTheStartNotFromTheSchedule() {
        add(exchange().intendedAt(ofMillis(0)).startedAt(ofMillis(3)).tokensAt(ofMillis(10), ofMillis(14)));

        only(Metric.TTFT).isEqualTo(ms(7));
        only(Metric.TTFT_FROM_INTENDED).isEqualTo(ms(10));
        only(Metric.E2E).isEqualTo(ms(11));
        only(Metric.E2E_FROM_INTENDED).isEqualTo(ms(14));
        only(Metric.QUEUE).isEqualTo(ms(3));
    }

    @Test
    void answersWhosePromptWasReadFromACacheAreAPopulationOfTheirOwn() {
        add(exchange().startedAt(ofMillis(0)).tokensAt(ofMillis(9)).usage(100, 64, 1, 0));
        add(exchange().startedAt(ofMillis(0)).tokensAt(ofMillis(40)).usage(100, 0, 1, 0));
        add(exchange().startedAt(ofMillis(0)).tokensAt(ofMillis(50))); // of which usage says nothing

        assertThat(summary.answeredWith(Summary.CacheUse.HIT)).isEqualTo(1);
        assertThat(summary.of(Metric.TTFT, Summary.CacheUse.HIT).max()).hasValue(ms(9));
        assertThat(summary.of(Metric.TTFT, Summary.CacheUse.MISS).max()).hasValue(ms(40));
        assertThat(summary.of(Metric.TTFT).count()).isEqualTo(3);
    }

    @Test
    void aRetryTakesThePlaceOfTheAttemptBefore() {
        var limited = new Outcome(Outcome.Kind.RATE_LIMITED, "HTTP 429: slow down");
        add(exchange().id("lens-1").startedAt(ofMillis(0)).ended(limited.kind(), limited.detail()));
        assertThat(summary.outcomes()).isEqualTo(Map.of(Outcome.Kind.RATE_LIMITED, 1L));
        add(exchange()
                .retryOf("lens-1", 2, limited, ofMillis(20))
                .startedAt(ofMillis(21))
                .ended(limited.kind(), limited.detail()));
        add(exchange()
                .retryOf("lens-1", 3, limited, ofMillis(40))
                .startedAt(ofMillis(62))
                .tokensAt(ofMillis(70)));

        assertThat(summary.measured()).isEqualTo(1);
        assertThat(summary.answered()).isEqualTo(1);
        assertThat(summary.outcomes()).isEqualTo(Map.of(Outcome.Kind.COMPLETED, 1L));
        assertThat(summary.failures()).isEmpty();
        assertThat(summary.attempts())
                .isEqualTo(new Summary.Attempts(
                        1, 2, ms(60), Map.of(Outcome.Kind.RATE_LIMITED, 2L, Outcome.Kind.COMPLETED, 1L)));
    }

    @Test
    void firstAttemptsAndRetriesArePopulationsOfTheirOwn() {
        var limited = new Outcome(Outcome.Kind.RATE_LIMITED, "");
        add(exchange().intendedAt(ofMillis(0)).startedAt(ofMillis(1)).tokensAt(ofMillis(11)));
        add(exchange().intendedAt(ofMillis(0)).startedAt(ofMillis(1)).ended(limited.kind(), ""));
        add(exchange()
                .retryOf("lens-1", 2, limited, ofMillis(1_000))
                .intendedAt(ofMillis(0))
                .startedAt(ofMillis(1_002))
                .tokensAt(ofMillis(1_022)));
        add(exchange().intendedAt(ofMillis(5)).startedAt(ofMillis(6)).tokensAt(ofMillis(16)));

        assertThat(summary.of(Metric.TTFT).count()).isEqualTo(3);
        assertThat(summary.of(Metric.TTFT, Summary.AttemptKind.FIRST).count()).isEqualTo(2);
        assertThat(summary.of(Metric.TTFT, Summary.AttemptKind.FIRST).max()).hasValue(ms(10));
        assertThat(summary.of(Metric.TTFT, Summary.AttemptKind.RETRY).max()).hasValue(ms(20));
        assertThat(summary.of(Metric.TTFT_FROM_INTENDED, Summary.AttemptKind.RETRY)
                        .max())
                .hasValue(ms(1_022));
        assertThat(summary.of(Metric.QUEUE).max()).hasValue(ms(1));
    }

    @Test
    void aRetryIsNoStartThatTheLoadAskedFor() {
        var limited = new Outcome(Outcome.Kind.RATE_LIMITED, "");
        add(exchange().startedAt(ofMillis(0)).endedAt(ofMillis(10)).ended(limited.kind(), ""));
        add(exchange()
                .retryOf("lens-1", 2, limited, ofMillis(1))
                .startedAt(ofMillis(50))
                .tokensAt(ofMillis(60))
                .endedAt(ofMillis(70)));

        assertThat(summary.window().orElseThrow())
                .isEqualTo(new Summary.Window(
                        ScriptedExchange.ZERO_NS, ScriptedExchange.ZERO_NS, ScriptedExchange.ZERO_NS + ms(70)));
    }

    @Test
    void aRetryOfAWarmUpRequestTakesItsPlaceToo() {
        var limited = new Outcome(Outcome.Kind.RATE_LIMITED, "");
        add(exchange().warmup().ended(limited.kind(), ""));
        add(exchange().warmup().retryOf("lens-1", 2, limited, ofMillis(1)));

        assertThat(summary.warmups()).isEqualTo(1);
        assertThat(summary.warmupFailures()).isZero();
        assertThat(summary.attempts().retries()).isZero();
    }

    @Test
    void everyPhaseIsTheDifferenceOfItsTwoMoments() {
        add(exchange()
                .intendedAt(ofMillis(0))
                .startedAt(ofMillis(1))
                .at(Moment.DOMAIN_LOOKUP_START, ofMillis(1))
                .at(Moment.DOMAIN_LOOKUP_END, ofMillis(3))
                .at(Moment.CONNECT_START, ofMillis(3))
                .at(Moment.CONNECT_END, ofMillis(7))
                .at(Moment.SECURE_CONNECTION_START, ofMillis(7))
                .at(Moment.SECURE_CONNECTION_END, ofMillis(15))
                .at(Moment.REQUEST_START, ofMillis(15))
                .at(Moment.REQUEST_END, ofMillis(16))
                .at(Moment.RESPONSE_START, ofMillis(48))
                .tokensAt(ofMillis(50))
                .endedAt(ofMillis(60)));

        only(Metric.DNS).isEqualTo(ms(2));
        only(Metric.TCP).isEqualTo(ms(4));
        only(Metric.TLS).isEqualTo(ms(8));
        only(Metric.REQUEST).isEqualTo(ms(1));
        only(Metric.WAIT).isEqualTo(ms(32));
        only(Metric.TTFB).isEqualTo(ms(47));
        only(Metric.SERVER_TTFT).isEqualTo(ms(34));
        only(Metric.SEND_LAG).isEqualTo(ms(15));
        only(Metric.STREAM_END).isEqualTo(ms(59));
    }

    @Test
    void reasoningIsTheFirstTokenButNotTheFirstVisibleOne() {
        add(exchange()
                .startedAt(ofMillis(0))
                .chunk(ofMillis(5), ChunkKind.REASONING, 1)
                .chunk(ofMillis(9), ChunkKind.TEXT, 1));

        only(Metric.TTFT).isEqualTo(ms(5));
        only(Metric.TTFO).isEqualTo(ms(9));
    }

    @Test
    void gapsArePooledAndOnePerRequestIsTheirMean() {
        add(exchange().startedAt(ofMillis(0)).tokensAt(ofMillis(10), ofMillis(20), ofMillis(24)));

        assertThat(summary.of(Metric.ICL).count()).isEqualTo(2);
        assertThat(summary.of(Metric.ICL).min()).hasValue(ms(4));
        assertThat(summary.of(Metric.ICL).max()).hasValue(ms(10));
        only(Metric.ICL_PER_REQUEST).isEqualTo(ms(7));
    }

    /// A tool's name and its arguments: nothing came together that was sent apart.
    @Test
    void chunksOfOneEventAreNotCountedAsCoalesced() {
        summary.add(exchange()
                .startedAt(ofMillis(0))
                .tokensAt(ofMillis(5))
                .inTheSameEvent(ChunkKind.TOOL)
                .usage(1, 0, 20, 0)
                .result());

        assertThat(summary.coalescedChunks()).isZero();
        assertThat(summary.answersInOneRead()).isZero();
        assertThat(summary.of(Metric.ICL).count()).isZero();
        assertThat(summary.of(Metric.TPOT).count()).isZero();
    }

    @Test
    void aCoalescedChunkHasNoGapAndIsCounted() {
        add(exchange().startedAt(ofMillis(0)).tokensAt(ofMillis(10), ofMillis(10), ofMillis(10), ofMillis(30)));

        only(Metric.ICL).isEqualTo(ms(20));
        only(Metric.ICL_PER_REQUEST).isEqualTo(ms(20));
        assertThat(summary.chunks()).isEqualTo(4);
        assertThat(summary.coalescedChunks()).isEqualTo(2);
    }

    @Test
    void interTokenLatencyNeedsTheTokensOfEveryChunk() {
        add(exchange()
                .startedAt(ofMillis(0))
                .chunk(ofMillis(1), ChunkKind.TEXT, 1)
                .chunk(ofMillis(9), ChunkKind.TEXT, ChunkSink.UNKNOWN_TOKENS));

        assertThat(summary.of(Metric.ITL).count()).isZero();
    }

    @Test
    void interTokenLatencyWeighsByTheTokensOfTheWholeRead() {
        add(exchange()
                .startedAt(ofMillis(0))
                .chunk(ofMillis(10), ChunkKind.TEXT, 1)
                .chunk(ofMillis(18), ChunkKind.TEXT, 3)
                .chunk(ofMillis(18), ChunkKind.TEXT, 1)
                .chunk(ofMillis(20), ChunkKind.TEXT, 1));

        assertThat(summary.of(Metric.ITL).count()).isEqualTo(5);
        assertThat(summary.of(Metric.ITL).mean()).hasValue(2e6);
        assertThat(summary.tokens().output()).isEqualTo(6);
    }

    @Test
    void timePerOutputTokenLeavesTheFirstChunksTokensOut() {
        add(exchange()
                .startedAt(ofMillis(0))
                .chunk(ofMillis(10), ChunkKind.TEXT, 3)
                .chunk(ofMillis(30), ChunkKind.TEXT, 5)
                .usage(7, 0, 13, 0));

        only(Metric.TPOT).isEqualTo(ms(2));
    }

    @Test
    void withoutUsageEveryChunkIsTakenForAToken() {
        add(exchange().startedAt(ofMillis(0)).tokensAt(ofMillis(10), ofMillis(20), ofMillis(30)));

        only(Metric.TPOT).isEqualTo(ms(10));
        assertThat(summary.tokens().output()).isEqualTo(3);
        assertThat(summary.tokens().source()).isEqualTo("chunks");
        assertThat(summary.tokens().answersByChunks()).isEqualTo(1);
    }

    @Test
    void anAnswerThatCameInOneReadHasNoTimePerToken() {
        add(exchange()
                .startedAt(ofMillis(0))
                .tokensAt(ofMillis(10), ofMillis(10))
                .usage(1, 0, 20, 0));

        assertThat(summary.of(Metric.TPOT).count()).isZero();
    }

    @Test
    void reasoningThatWasNotStreamedIsInNoTimePerToken() {
        add(exchange()
                .startedAt(ofMillis(0))
                .tokensAt(ofMillis(10), ofMillis(20), ofMillis(30))
                .usage(1, 0, 103, 100));

        only(Metric.TPOT).isEqualTo(ms(10));
    }

    @Test
    void reasoningThatWasStreamedIsInTheTimePerToken() {
        add(exchange()
                .startedAt(ofMillis(0))
                .chunk(ofMillis(10), ChunkKind.REASONING, ChunkSink.UNKNOWN_TOKENS)
                .tokensAt(ofMillis(20), ofMillis(30))
                .usage(1, 0, 5, 3));

        only(Metric.TPOT).isEqualTo(ms(5));
    }

    @Test
    void choicesAreStreamedBesideEachOther() {
        add(exchange()
                .startedAt(ofMillis(0))
                .tokensAt(ofMillis(10), ofMillis(10), ofMillis(20), ofMillis(20), ofMillis(30), ofMillis(30))
                .choices(2)
                .usage(1, 0, 6, 0));

        only(Metric.TPOT).isEqualTo(ms(10));
    }

    @Test
    void usageCountsBeforeChunksAndTheSourceIsNamed() {
        add(exchange()
                .startedAt(ofMillis(0))
                .tokensAt(ofMillis(10), ofMillis(20))
                .usage(7, 5, 40, 30));
        assertThat(summary.tokens())
                .isEqualTo(new Summary.Tokens(
                        7,
                        5,
                        40,
                        30,
                        1,
                        0,
                        0,
                        1,
                        new Summary.Density(10, 2),
                        new Summary.Density(0, 0),
                        new Summary.Agreement(0, 0)));
        assertThat(summary.tokens().source()).isEqualTo("usage");

        add(exchange().startedAt(ofMillis(0)).tokensAt(ofMillis(10)));
        assertThat(summary.tokens().output()).isEqualTo(41);
        assertThat(summary.tokens().answersByChunks()).isEqualTo(1);
        assertThat(summary.tokens().source()).isEqualTo("usage and chunks");
    }

    @Test
    void aTokenizerCountsWhereThereIsNoUsage() {
        add(exchange()
                .startedAt(ofMillis(0))
                .counted(ofMillis(10), ChunkKind.TEXT, 3)
                .counted(ofMillis(30), ChunkKind.TEXT, 5));

        assertThat(summary.tokens().output()).isEqualTo(8);
        assertThat(summary.tokens().source()).isEqualTo("tokenizer");
        assertThat(summary.tokens().answersByTokenizer()).isEqualTo(1);
        assertThat(summary.tokens().answersByChunks()).isZero();
        assertThat(summary.tokens().densityByTokenizer().tokensPerChunk()).hasValue(4);
        assertThat(summary.tokens().densityByUsage().tokensPerChunk()).isEmpty();
        only(Metric.TPOT).isEqualTo(ms(4));
        assertThat(summary.of(Metric.ITL).count()).isEqualTo(5);
    }

    @Test
    void usageStaysTheTotalAndTheTokenizerTellsTheTokensOfChunks() {
        add(exchange()
                .startedAt(ofMillis(0))
                .counted(ofMillis(10), ChunkKind.TEXT, 3)
                .counted(ofMillis(30), ChunkKind.TEXT, 5)
                .usage(7, 0, 13, 0));

        only(Metric.TPOT).isEqualTo(ms(2));
        assertThat(summary.tokens().output()).isEqualTo(13);
        assertThat(summary.tokens().source()).isEqualTo("usage");
        assertThat(summary.tokens().densityByUsage().tokensPerChunk()).hasValue(6.5);
        assertThat(summary.tokens().agreement()).isEqualTo(new Summary.Agreement(8, 13));
    }

    @Test
    void hiddenReasoningIsNotComparedWithWhatWasShown() {
        add(exchange()
                .startedAt(ofMillis(0))
                .counted(ofMillis(10), ChunkKind.REASONING, 9)
                .counted(ofMillis(30), ChunkKind.TEXT, 5)
                .usage(7, 0, 205, 200));

        assertThat(summary.tokens().agreement()).isEqualTo(new Summary.Agreement(5, 5));
        assertThat(summary.tokens().densityByUsage()).isEqualTo(new Summary.Density(5, 1));
        assertThat(summary.tokens().densityByTokenizer()).isEqualTo(new Summary.Density(14, 2));
    }

    @Test
    void aReadThatEndsNoTokenAddsItsGapToTheNext() {
        add(exchange()
                .startedAt(ofMillis(0))
                .counted(ofMillis(10), ChunkKind.TEXT, 1)
                .counted(ofMillis(15), ChunkKind.TEXT, 0)
                .counted(ofMillis(22), ChunkKind.TEXT, 2));

        assertThat(summary.of(Metric.ITL).count()).isEqualTo(2);
        assertThat(summary.of(Metric.ITL).max()).hasValue(ms(6));
    }

    @ParameterizedTest
    @EnumSource(Outcome.Kind.class)
    void onlyAnswersEnterLatenciesButAllEnterOutcomes(Outcome.Kind kind) {
        add(exchange()
                .startedAt(ofMillis(0))
                .tokensAt(ofMillis(10), ofMillis(12))
                .usage(1, 0, 2, 0)
                .ended(kind, "why"));

        boolean counts = kind == Outcome.Kind.COMPLETED || kind == Outcome.Kind.UNTERMINATED;
        assertThat(summary.outcomes()).containsExactly(Map.entry(kind, 1L));
        assertThat(summary.measured()).isEqualTo(1);
        assertThat(summary.answered()).isEqualTo(counts ? 1 : 0);
        assertThat(summary.of(Metric.TTFT).count()).isEqualTo(counts ? 1 : 0);
        assertThat(summary.tokens().output()).isEqualTo(counts ? 2 : 0);
        boolean failed = !counts && kind != Outcome.Kind.CANCELLED;
        assertThat(summary.failures()).hasSize(failed ? 1 : 0);
        assertThat(summary.failed()).isEqualTo(failed ? 1 : 0);
        assertThat(summary.progress().failed()).isEqualTo(failed ? 1 : 0);
        assertThat(summary.unanswered()).hasSize(counts ? 0 : 1);
    }

    @Test
    void aWarmUpRequestThatThisClientCancelledHasNotFailedEither() {
        add(exchange().warmup().ended(Outcome.Kind.CANCELLED, "interrupted"));
        assertThat(summary.warmupFailures()).isZero();

        add(exchange().warmup().ended(Outcome.Kind.CUT, "cut"));
        assertThat(summary.warmupFailures()).isEqualTo(1);
    }

    @Test
    void everyPopulationKnowsHowLateItsConnectionsWereNoticed() {
        add(exchange()
                .startedAt(ofMillis(0))
                .handshake(ofMillis(0), ofMillis(14), ofMillis(1))
                .tokensAt(ofMillis(20))
                .usage(9, 0, 1, 0));
        add(exchange()
                .startedAt(ofMillis(0))
                .over(ConnectionFacts.Kind.REUSED)
                .tokensAt(ofMillis(20))
                .usage(9, 5, 1, 0));

        assertThat(summary.of(Metric.CONNECT_LAG).max()).hasValue(ms(13));
        assertThat(summary.of(Metric.CONNECT_LAG, Summary.CacheUse.MISS).max()).hasValue(ms(13));
        assertThat(summary.of(Metric.TCP_RTT, Summary.CacheUse.MISS).max()).hasValue(ms(1));
        assertThat(summary.of(Metric.CONNECT_LAG, Summary.CacheUse.HIT).count()).isZero();
    }

    @Test
    void anAddressThatDidNotConnectIsNotThisClientsLateness() {
        add(exchange()
                .startedAt(ofMillis(0))
                .handshake(ofMillis(0), ofMillis(300), ofMillis(303), ofMillis(1))
                .tokensAt(ofMillis(320)));

        assertThat(summary.of(Metric.TCP).max()).hasValue(ms(303));
        assertThat(summary.of(Metric.CONNECT_LAG).max()).hasValue(ms(2));
    }

    @Test
    void aHandshakeThatTheKernelDidNotTimeTellsNoLateness() {
        add(exchange()
                .startedAt(ofMillis(0))
                .handshake(ofMillis(0), ofMillis(1_033), Duration.ofNanos(TcpPath.UNKNOWN))
                .tokensAt(ofMillis(1_050)));

        assertThat(summary.of(Metric.TCP).max()).hasValue(ms(1_033));
        assertThat(summary.of(Metric.TCP_RTT).count()).isZero();
        assertThat(summary.of(Metric.CONNECT_LAG).count()).isZero();
    }

    @Test
    void warmUpIsLeftOutButCounted() {
        add(exchange().warmup().startedAt(ofMillis(0)).tokensAt(ofMillis(10)));
        add(exchange().warmup().startedAt(ofMillis(0)).ended(Outcome.Kind.RESET, "reset"));

        assertThat(summary.warmups()).isEqualTo(2);
        assertThat(summary.warmupFailures()).isEqualTo(1);
        assertThat(summary.measured()).isZero();
        assertThat(summary.outcomes()).isEmpty();
        assertThat(summary.window()).isEmpty();
        assertThat(summary.example()).isEmpty();
    }

    @Test
    void connectionsOfDifferentKindsAreKeptApart() {
        add(exchange().over(ConnectionFacts.Kind.NEW).startedAt(ofMillis(0)).tokensAt(ofMillis(50)));
        add(exchange().over(ConnectionFacts.Kind.REUSED).startedAt(ofMillis(0)).tokensAt(ofMillis(20)));
        add(exchange().over(ConnectionFacts.Kind.REUSED).startedAt(ofMillis(0)).tokensAt(ofMillis(30)));

        assertThat(summary.of(Metric.TTFT).count()).isEqualTo(3);
        assertThat(summary.of(Metric.TTFT, ConnectionFacts.Kind.NEW).max()).hasValue(ms(50));
        assertThat(summary.of(Metric.TTFT, ConnectionFacts.Kind.REUSED).max()).hasValue(ms(30));
        assertThat(summary.of(Metric.TTFT, ConnectionFacts.Kind.RESUMED).count())
                .isZero();
        assertThat(summary.answeredOver(ConnectionFacts.Kind.REUSED)).isEqualTo(2);
    }

    @Test
    void theWindowReachesFromTheFirstStartToTheLastEnd() {
        add(exchange().startedAt(ofMillis(20)).tokensAt(ofMillis(30)).endedAt(ofMillis(40)));
        add(exchange().startedAt(ofMillis(10)).tokensAt(ofMillis(30)).endedAt(ofMillis(35)));
        add(exchange().startedAt(ofMillis(50)).ended(Outcome.Kind.TIMEOUT, "first byte"));

        var window = summary.window().orElseThrow();
        assertThat(window.startedAtNs()).isEqualTo(ScriptedExchange.ZERO_NS + ms(10));
        assertThat(window.lastStartedAtNs()).isEqualTo(ScriptedExchange.ZERO_NS + ms(50));
        assertThat(window.durationNs()).isEqualTo(ms(40));
    }

    /// Measured are the starts at 20, 30 and 40 ms, so what arrives from 20 to 40 ms counts.
    @Test
    void ratesCountWhatArrivedBetweenTheFirstAndTheLastMeasuredStart() {
        // Tokens at 15, 20, 25: the last two, and its end at 26.
        add(exchange()
                .warmup()
                .startedAt(ofMillis(10))
                .tokensAt(ofMillis(15), ofMillis(20), ofMillis(25))
                .endedAt(ofMillis(26)));
        // All three, and its end.
        add(exchange()
                .startedAt(ofMillis(20))
                .tokensAt(ofMillis(22), ofMillis(24), ofMillis(29))
                .endedAt(ofMillis(29)));
        // Six tokens in three chunks, of which the first came in time; failed in mid-stream.
        add(exchange()
                .startedAt(ofMillis(30))
                .tokensAt(ofMillis(39), ofMillis(40), ofMillis(41))
                .usage(1, 0, 6, 0)
                .endedAt(ofMillis(42))
                .ended(Outcome.Kind.CUT, "by peer"));
        // The last start: nothing of it.
        add(exchange().startedAt(ofMillis(40)).tokensAt(ofMillis(45)).endedAt(ofMillis(46)));
        add(exchange().startedAt(ofMillis(36)).tokensAt(ofMillis(38)).endedAt(ofMillis(39)));

        var rates = summary.rates().orElseThrow();
        assertThat(rates)
                .isEqualTo(new Summary.Rates(
                        ScriptedExchange.ZERO_NS + ms(20), ScriptedExchange.ZERO_NS + ms(40), true, 2 + 3 + 2 + 1, 3));
        assertThat(rates.outputTokensPerSecond()).isEqualTo(8 / 0.020);
        assertThat(rates.answersPerSecond()).isEqualTo(3 / 0.020);
    }

    @Test
    void whereFewAnswersEndedBeforeTheLastStartRatesReachToTheLastEnd() {
        add(exchange()
                .startedAt(ofMillis(0))
                .tokensAt(ofMillis(10), ofMillis(20))
                .endedAt(ofMillis(20)));
        add(exchange()
                .startedAt(ofMillis(1))
                .tokensAt(ofMillis(15), ofMillis(25))
                .endedAt(ofMillis(25)));

        assertThat(summary.rates().orElseThrow())
                .isEqualTo(new Summary.Rates(ScriptedExchange.ZERO_NS, ScriptedExchange.ZERO_NS + ms(25), false, 4, 2));
    }

    @Test
    void ratesOfOneRequestAreThoseOfItsTime() {
        assertThat(summary.rates()).isEmpty();
        add(exchange()
                .startedAt(ofMillis(5))
                .tokensAt(ofMillis(10), ofMillis(20))
                .endedAt(ofMillis(25)));

        assertThat(summary.rates().orElseThrow().outputTokensPerSecond()).isEqualTo(2 / 0.020);
    }

    /// Two users, each of whose answers takes 10 ms and brings a token each 2 ms: 1,000 tokens a second, from the
    /// first 100 answers for warm-up on. More than is kept by its instant, and in the order of the ends.
    @Test
    void ratesOfALongLoadAreExact() {
        for (int i = 0; i < 2_000; i++) {
            int from = i / 2 * 10 + i % 2 * 5;
            var each = exchange()
                    .startedAt(ofMillis(from))
                    .tokensAt(IntStream.rangeClosed(1, 5)
                            .mapToObj(token -> ofMillis(from + 2 * token))
                            .toArray(Duration[]::new))
                    .endedAt(ofMillis(from + 10));
            add(i < 100 ? each.warmup() : each);
        }

        var rates = summary.rates().orElseThrow();
        assertThat(rates.fromAtNs()).isEqualTo(ScriptedExchange.ZERO_NS + ms(500));
        assertThat(rates.toAtNs()).isEqualTo(ScriptedExchange.ZERO_NS + ms(9_995));
        // From 500 to 9,995 ms: the first user's tokens at 500 (of the warm-up), 502, ... 9,994; the second's at
        // 501, 503, 505 (of the warm-up) and so on to 9,993.
        assertThat(rates.outputTokens()).isEqualTo(4_748 + 4_747);
        assertThat(rates.answers()).isEqualTo(950 + 949);
    }

    @Test
    void aDurationBelowZeroIsKept() {
        add(exchange()
                .startedAt(ofMillis(0))
                .at(Moment.REQUEST_END, ofMillis(9))
                .at(Moment.RESPONSE_START, ofMillis(4))
                .tokensAt(ofMillis(10)));

        only(Metric.WAIT).isEqualTo(-ms(5));
    }

    @Test
    void failuresAreCountedByKindAndDetailMostFrequentFirst() {
        for (int i = 0; i < 3; i++) {
            add(exchange().ended(Outcome.Kind.RESET, "by peer"));
        }
        add(exchange().ended(Outcome.Kind.TIMEOUT, "connect"));

        assertThat(summary.failures())
                .containsExactly(
                        new Summary.Failure(new Outcome(Outcome.Kind.RESET, "by peer"), 3),
                        new Summary.Failure(new Outcome(Outcome.Kind.TIMEOUT, "connect"), 1));
    }

    @Test
    void veryManyDifferentFailuresStayBounded() {
        for (int i = 0; i < 1_000; i++) {
            add(exchange().ended(Outcome.Kind.RESET, "number " + i));
        }

        assertThat(summary.failures())
                .hasSize(65)
                .first()
                .isEqualTo(
                        new Summary.Failure(new Outcome(Outcome.Kind.RESET, "further ones, with other details"), 936));
        assertThat(summary.measured()).isEqualTo(1_000);
    }

    @Test
    void progressTellsHowFarTheRunHasCome() {
        for (int i = 0; i < 11; i++) {
            add(exchange().startedAt(ofMillis(i)).tokensAt(ofMillis(i + 5)).endedAt(ofMillis(i + 6)));
        }
        add(exchange().startedAt(ofMillis(0)).ended(Outcome.Kind.CUT, "cut"));

        var progress = summary.progress();
        assertThat(progress.ended()).isEqualTo(12);
        assertThat(progress.answered()).isEqualTo(11);
        assertThat(progress.outputTokens()).isEqualTo(11);
        assertThat(progress.windowNs()).isEqualTo(ms(16));
        assertThat(progress.ttftP50Ns()).hasValue(ms(5));
    }

    @ParameterizedTest
    @EnumSource(Metric.class)
    void everyMetricIsFoundByItsNameAndSaysItsFormula(Metric metric) {
        assertThat(Metric.of(metric.label())).isEqualTo(metric);
        assertThat(metric.formula()).isNotBlank();
        assertThat(metric.unit()).startsWith("ns");
    }

    @Test
    void otherToolsNamesAreUnderstoodAndUnknownOnesAnsweredWithTheList() {
        assertThat(Metric.of("e2el")).isEqualTo(Metric.E2E);
        assertThat(Metric.of("TTFT").formula()).isEqualTo("firstToken - started");
        assertThatThrownBy(() -> Metric.of("speed")).hasMessageStartingWith("unknown metric 'speed'; known are ttfb,");
    }

    private void add(ScriptedExchange exchange) {
        summary.add(exchange.result());
    }

    private AbstractLongAssert<?> only(Metric metric) {
        assertThat(summary.of(metric).count()).as(metric.label()).isEqualTo(1);
        return assertThat(summary.of(metric).max().orElseThrow()).as(metric.label());
    }

    private static long ms(long millis) {
        return Duration.ofMillis(millis).toNanos();
    }
}
