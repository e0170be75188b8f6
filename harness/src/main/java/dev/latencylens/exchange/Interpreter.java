package dev.latencylens.exchange;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Gives meaning to what the I/O threads recorded: bytes become chunks, instants a timeline, an end an outcome.
///
/// Runs on a thread of its own, away from the I/O threads, so that the cost of a dialect never enters a
/// measurement.
public final class Interpreter implements FlightLog.Reader {
    private final Dialect dialect;
    private final @Nullable Tokenizer tokenizer;
    private final Consumer<ExchangeResult> results;
    private final Consumer<Exchange> sent;

    /// Takes the provider's word for tokens, and no other.
    public Interpreter(Dialect dialect, Consumer<ExchangeResult> results) {
        this(dialect, null, results);
    }

    /// @param tokenizer counts the tokens of chunks whose provider does not say, null for nobody
    /// @param results receives each exchange once, when it has ended, on the interpreter's thread
    public Interpreter(Dialect dialect, @Nullable Tokenizer tokenizer, Consumer<ExchangeResult> results) {
        this(dialect, tokenizer, results, _ -> {});
    }

    /// @param sent receives each exchange whose request has left, while its answer is on its way, on the
    /// interpreter's thread
    public Interpreter(
            Dialect dialect, @Nullable Tokenizer tokenizer, Consumer<ExchangeResult> results, Consumer<Exchange> sent) {
        this.dialect = dialect;
        this.tokenizer = tokenizer;
        this.results = results;
        this.sent = sent;
    }

    @Override
    public void moment(Exchange exchange, Moment moment, long arrivedAtNs, long kernelAtNs) {
        exchange.reading.timeline.set(moment, kernelAtNs == FlightLog.NO_STAMP ? arrivedAtNs : kernelAtNs);
        if (moment == Moment.REQUEST_END) {
            sent.accept(exchange);
        }
    }

    @Override
    public void body(Exchange exchange, long arrivedAtNs, long kernelAtNs, byte[] bytes, int offset, int length) {
        exchange.reading.decode(arrivedAtNs, kernelAtNs, bytes, offset, length);
    }

    @Override
    public void fact(Exchange exchange, FlightFact fact, long atNs) {
        switch (fact) {
            case ConnectionFacts connection -> exchange.reading.connection = connection;
            case TcpPath path -> exchange.reading.path = path;
            case ResponseFact(ResponseHead head) ->
                exchange.reading.headed(head, ContentDecoder.of(head, dialect.decoder(head)), tokenizer);
            case TransportEnd end -> finish(exchange, end);
        }
    }

    private void finish(Exchange exchange, TransportEnd end) {
        ExchangeReading reading = exchange.reading;
        Completion completion = reading.end();
        ResponseHead head = reading.head;
        reading.timeline.set(Moment.INTENDED, exchange.intendedAtNs());
        Outcome outcome = Outcome.of(end, head == null ? 0 : head.status(), completion);
        results.accept(new ExchangeResult(
                exchange,
                head == null || !head.isRedirection()
                        ? outcome
                        : head.header("location").map(outcome::pointingTo).orElse(outcome),
                reading.timeline,
                reading.connection,
                reading.path,
                head,
                completion,
                reading.bodyBytes));
    }
}
