package dev.latencylens.exchange;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class InterpreterTest {
    private static final ConnectionFacts CONNECTION =
            new ConnectionFacts(3, ConnectionFacts.Kind.NEW, "1.1", "127.0.0.1:80", null);

    private final List<ExchangeResult> results = new ArrayList<>();
    private final Interpreter interpreter = new Interpreter(new LineDialect(), results::add);
    private final TranscriptTest.WordTokenizer words = new TranscriptTest.WordTokenizer();
    private final Exchange exchange = ScriptedExchange.planned(1);

    @Test
    void aChunksTimeIsTheStampOfTheReadThatBroughtItsLastByte() {
        answered();
        read("role assistant\ntext he", 100);
        read("llo\ntext wor", 200);
        read("ld\nfinish stop\ndone\n", 300);
        end(TransportEnd.COMPLETE);

        Timeline timeline = result().timeline();
        assertThat(timeline.atNs(Moment.FIRST_CHUNK)).hasValue(100);
        assertThat(timeline.atNs(Moment.FIRST_TOKEN)).hasValue(200);
        assertThat(timeline.atNs(Moment.LAST_TOKEN)).hasValue(300);
        assertThat(timeline.chunks().atNs(0)).isEqualTo(200);
        assertThat(timeline.chunks().atNs(1)).isEqualTo(300);
        assertThat(result().outcome().kind()).isEqualTo(Outcome.Kind.COMPLETED);
    }

    @Test
    void aRequestThatHasLeftIsToldWhileItsAnswerIsOnItsWay() {
        var sent = new ArrayList<Exchange>();
        var reader = new Interpreter(new LineDialect(), null, results::add, sent::add);

        reader.moment(exchange, Moment.STARTED, 1, FlightLog.NO_STAMP);
        reader.moment(exchange, Moment.REQUEST_START, 2, FlightLog.NO_STAMP);
        assertThat(sent).isEmpty();
        reader.moment(exchange, Moment.REQUEST_END, 3, FlightLog.NO_STAMP);
        assertThat(sent).containsExactly(exchange);
        assertThat(results).isEmpty();
    }

    @Test
    void everySplitOfABodyTellsTheSameStory() {
        String body = "role assistant\nthink a\ntext b\nfinish stop\nusage 2\ndone\n";
        for (int split = 0; split <= body.length(); split++) {
            var seen = new ArrayList<ExchangeResult>();
            var reader = new Interpreter(new LineDialect(), seen::add);
            var each = ScriptedExchange.planned(split);
            reader.fact(each, new ResponseFact(new ResponseHead(200, List.of())), 1);
            byte[] bytes = body.getBytes(UTF_8);
            reader.body(each, 10, FlightLog.NO_STAMP, bytes, 0, split);
            reader.body(each, 20, FlightLog.NO_STAMP, bytes, split, bytes.length - split);
            reader.fact(each, TransportEnd.COMPLETE, 30);

            ExchangeResult result = seen.getFirst();
            assertThat(result.timeline().chunks().size()).isEqualTo(2);
            assertThat(result.bodyBytes()).isEqualTo(bytes.length);
            assertThat(result.outcome().kind()).isEqualTo(Outcome.Kind.COMPLETED);
        }
    }

    @Test
    void aRedirectionIsNotFollowedAndNamesWhereItPointsTo() {
        var seen = new ArrayList<ExchangeResult>();
        var reader = new Interpreter(new LineDialect(), seen::add);
        var each = ScriptedExchange.planned(1);
        var location = new Header("location", "https://elsewhere.example/v1", false);
        reader.fact(each, new ResponseFact(new ResponseHead(308, List.of(location))), 1);
        reader.fact(each, TransportEnd.COMPLETE, 2);

        assertThat(seen.getFirst().outcome())
                .isEqualTo(new Outcome(
                        Outcome.Kind.HTTP_ERROR, "HTTP 308: no message; it points to https://elsewhere.example/v1"));
    }

    @Test
    void reasoningIsOutputButNotVisible() {
        answered();
        read("think hm\n", 10);
        read("text yes\n", 20);
        end(TransportEnd.COMPLETE);

        assertThat(result().timeline().atNs(Moment.FIRST_TOKEN)).hasValue(10);
        assertThat(result().timeline().atNs(Moment.FIRST_VISIBLE)).hasValue(20);
    }

    @Test
    void ofTwoChunksInOneEventTheFirstCarriesItsBytes() {
        answered();
        read("twice x\n", 10);
        end(TransportEnd.COMPLETE);

        Chunks chunks = result().timeline().chunks();
        assertThat(chunks.bytes(0)).isEqualTo(8);
        assertThat(chunks.bytes(1)).isZero();
        assertThat(chunks.totalTokens()).isEqualTo(5);
    }

    @Test
    void chunksWithoutAWordOfTheProviderAreUnknownUnlessATokenizerCounts() {
        assertThat(tokensOf(null, "text a b\nthink c\n")).containsExactly(ChunkSink.UNKNOWN_TOKENS, 1);
        assertThat(tokensOf(words, "text a b\nthink c\n")).containsExactly(2, 1);
        assertThat(words.seen).containsExactly("a b", "c");
    }

    @Test
    void nothingIsTokenisedWhereTheProviderTellsTheTokensOfEveryChunk() {
        assertThat(tokensOf(words, "think c d\ntwice x y\n")).containsExactly(1, 2, 3);
        assertThat(words.seen).isEmpty();
    }

    @Test
    void theKernelsStampCountsWhereThereIsOne() {
        answered();
        byte[] bytes = "text x\n".getBytes(UTF_8);
        interpreter.moment(exchange, Moment.RESPONSE_START, 50, 45);
        interpreter.body(exchange, 60, 55, bytes, 0, bytes.length);
        end(TransportEnd.COMPLETE);

        assertThat(result().timeline().atNs(Moment.RESPONSE_START)).hasValue(45);
        assertThat(result().timeline().atNs(Moment.FIRST_TOKEN)).hasValue(55);
        assertThat(result().timeline().chunks().userAtNs(0)).isEqualTo(60);
    }

    @Test
    void anEventThatOnlyLacksItsLastBlankLineIsReadAtTheEnd() {
        answered();
        read("text a\nfinish stop\ndone", 10);
        end(TransportEnd.COMPLETE);

        assertThat(result().outcome().kind()).isEqualTo(Outcome.Kind.COMPLETED);
    }

    @Test
    void anExchangeThatNeverGotAResponseEndsAsTheWireSays() {
        exchange.due(5, 0);
        interpreter.moment(exchange, Moment.STARTED, 7, FlightLog.NO_STAMP);
        end(new TransportEnd(TransportEnd.Kind.CONNECT_FAILED, "Connection refused"));

        assertThat(result().outcome()).isEqualTo(new Outcome(Outcome.Kind.CONNECT_FAILED, "Connection refused"));
        assertThat(result().connection()).isNull();
        assertThat(result().head()).isNull();
        assertThat(result().timeline().betweenNs(Moment.INTENDED, Moment.STARTED))
                .hasValue(2);
    }

    @Test
    void theResultTellsConnectionStatusAndUsage() {
        interpreter.fact(exchange, CONNECTION, 1);
        answered();
        read("text a\nusage 9\nfinish stop\ndone\n", 10);
        end(TransportEnd.COMPLETE);

        assertThat(result().connection()).isEqualTo(CONNECTION);
        assertThat(result().head()).isNotNull().extracting(ResponseHead::status).isEqualTo(200);
        assertThat(result().completion().usage())
                .isNotNull()
                .extracting(Usage::outputTotal)
                .isEqualTo(9L);
        assertThat(CONNECTION.reused().kind()).isEqualTo(ConnectionFacts.Kind.REUSED);
    }

    @Test
    void interleavedExchangesKeepApart() {
        var other = ScriptedExchange.planned(2);
        answered();
        interpreter.fact(other, new ResponseFact(new ResponseHead(200, List.of())), 1);
        read("text a", 10);
        byte[] bytes = "text other\n".getBytes(UTF_8);
        interpreter.body(other, 11, FlightLog.NO_STAMP, bytes, 0, bytes.length);
        read("\n", 12);
        end(TransportEnd.COMPLETE);
        interpreter.fact(other, TransportEnd.COMPLETE, 14);

        assertThat(results.get(0).timeline().atNs(Moment.FIRST_TOKEN)).hasValue(12);
        assertThat(results.get(1).timeline().atNs(Moment.FIRST_TOKEN)).hasValue(11);
    }

    private static List<Integer> tokensOf(@Nullable Tokenizer tokenizer, String body) {
        var seen = new ArrayList<ExchangeResult>();
        var reader = new Interpreter(new LineDialect(), tokenizer, seen::add);
        var each = ScriptedExchange.planned(1);
        byte[] bytes = body.getBytes(UTF_8);
        reader.fact(each, new ResponseFact(new ResponseHead(200, List.of())), 1);
        reader.body(each, 10, FlightLog.NO_STAMP, bytes, 0, bytes.length);
        reader.fact(each, TransportEnd.COMPLETE, 30);
        Chunks chunks = seen.getFirst().timeline().chunks();
        return IntStream.range(0, chunks.size()).mapToObj(chunks::tokens).toList();
    }

    private void answered() {
        interpreter.fact(exchange, new ResponseFact(new ResponseHead(200, List.of())), 1);
    }

    private void read(String text, long arrivedAtNs) {
        byte[] bytes = ("xx" + text).getBytes(UTF_8);
        interpreter.body(exchange, arrivedAtNs, FlightLog.NO_STAMP, bytes, 2, bytes.length - 2);
    }

    private void end(TransportEnd end) {
        interpreter.fact(exchange, end, 1_000);
    }

    private ExchangeResult result() {
        assertThat(results).hasSize(1);
        return results.getFirst();
    }
}
