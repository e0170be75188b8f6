package dev.latencylens.load;

import dev.latencylens.clock.FakeClock;
import dev.latencylens.exchange.Exchange;
import dev.latencylens.exchange.FlightLog;
import dev.latencylens.exchange.Moment;
import dev.latencylens.exchange.StampSource;
import dev.latencylens.exchange.Transport;
import dev.latencylens.exchange.TransportEnd;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.function.Function;

/// A transport without a network: every exchange takes as long as its script says, and waiting is what moves the
/// clock.
class ScriptedTransport implements Transport {
    private final FakeClock clock;
    private final FlightLog log;
    private final Listener listener;
    private final Function<Exchange, Duration> takes;
    private final PriorityQueue<Answer> pending = new PriorityQueue<>(Comparator.comparingLong(Answer::endAtNs));
    final List<Start> starts = new ArrayList<>();
    final List<String> cancelled = new ArrayList<>();
    int mostInFlight;
    boolean closed;

    /// When an exchange was started, beside when it should have been, counted from the load's start.
    record Start(long number, Duration intended, Duration started, int session) {}

    private record Answer(Exchange exchange, long endAtNs) {}

    ScriptedTransport(FakeClock clock, FlightLog log, Listener listener, Function<Exchange, Duration> takes) {
        this.clock = clock;
        this.log = log;
        this.listener = listener;
        this.takes = takes;
    }

    @Override
    public void start(Exchange exchange) {
        long nowNs = clock.nowNs();
        log.moment(exchange, Moment.STARTED, nowNs);
        starts.add(new Start(
                exchange.number(),
                Duration.ofNanos(exchange.intendedAtNs()),
                Duration.ofNanos(nowNs),
                exchange.session()));
        pending.add(new Answer(exchange, nowNs + takes.apply(exchange).toNanos()));
        mostInFlight = Math.max(mostInFlight, pending.size());
    }

    @Override
    public void poll(long untilAtNs) {
        Answer next = pending.peek();
        clock.advanceTo(next == null || next.endAtNs - untilAtNs > 0 ? untilAtNs : next.endAtNs);
        while (!pending.isEmpty() && pending.peek().endAtNs - clock.nowNs() <= 0) {
            end(pending.poll(), TransportEnd.COMPLETE);
        }
    }

    @Override
    public void cancelAll(String reason) {
        cancelled.add(reason);
        while (!pending.isEmpty()) {
            end(pending.poll(), new TransportEnd(TransportEnd.Kind.CANCELLED, reason));
        }
    }

    @Override
    public StampSource stamps() {
        return StampSource.user("there is no socket");
    }

    @Override
    public void close() {
        closed = true;
    }

    private void end(Answer answer, TransportEnd end) {
        log.fact(answer.exchange, end, clock.nowNs());
        listener.ended(answer.exchange);
    }
}
