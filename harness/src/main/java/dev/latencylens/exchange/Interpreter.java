package dev.latencylens.exchange;

import java.util.function.Consumer;

/// Gives meaning to what the I/O threads recorded: bytes become chunks, instants a timeline, an end an outcome.
///
/// Runs on a thread of its own, away from the I/O threads, so that the cost of a dialect never enters a
/// measurement.
public final class Interpreter implements FlightLog.Reader {
    private final Dialect dialect;
    private final Consumer<ExchangeResult> results;

    /// @param results receives each exchange once, when it has ended, on the interpreter's thread
    public Interpreter(Dialect dialect, Consumer<ExchangeResult> results) {
        this.dialect = dialect;
        this.results = results;
    }

    @Override
    public void moment(Exchange exchange, Moment moment, long arrivedAtNs, long kernelAtNs) {
        exchange.reading.timeline.set(moment, kernelAtNs == FlightLog.NO_STAMP ? arrivedAtNs : kernelAtNs);
    }

    @Override
    public void body(Exchange exchange, long arrivedAtNs, long kernelAtNs, byte[] bytes, int offset, int length) {
        exchange.reading.decode(arrivedAtNs, kernelAtNs, bytes, offset, length);
    }

    @Override
    public void fact(Exchange exchange, FlightFact fact, long atNs) {
        switch (fact) {
            case ConnectionFacts connection -> exchange.reading.connection = connection;
            case ResponseFact(ResponseHead head) ->
                exchange.reading.headed(head, ContentDecoder.of(head, dialect.decoder(head)));
            case TransportEnd end -> finish(exchange, end);
        }
    }

    private void finish(Exchange exchange, TransportEnd end) {
        ExchangeReading reading = exchange.reading;
        Completion completion = reading.end();
        ResponseHead head = reading.head;
        reading.timeline.set(Moment.INTENDED, exchange.intendedAtNs());
        results.accept(new ExchangeResult(
                exchange,
                Outcome.of(end, head == null ? 0 : head.status(), completion),
                reading.timeline,
                reading.connection,
                head,
                completion,
                reading.bodyBytes));
    }
}
