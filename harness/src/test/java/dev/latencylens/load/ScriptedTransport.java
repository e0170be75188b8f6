package dev.latencylens.load;

import dev.latencylens.clock.FakeClock;
import dev.latencylens.exchange.Exchange;
import dev.latencylens.exchange.FlightLog;
import dev.latencylens.exchange.Moment;
import dev.latencylens.exchange.ResponseFact;
import dev.latencylens.exchange.ResponseHead;
import dev.latencylens.exchange.StampSource;
import dev.latencylens.exchange.Transport;
import dev.latencylens.exchange.TransportEnd;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.function.Function;

/// A transport without a network: every exchange takes as long as its script says, and waiting is what moves the
/// clock.
class ScriptedTransport implements Transport {
    /// What a look without waiting takes.
    static final long LOOK_NS = 1_000;

    private final FakeClock clock;
    private final FlightLog log;
    private final Listener listener;
    private final Function<Exchange, Duration> takes;
    private final PriorityQueue<Answer> pending = new PriorityQueue<>(Comparator.comparingLong(Answer::endAtNs));
    final List<Start> starts = new ArrayList<>();
    final List<String> cancelled = new ArrayList<>();
    int mostInFlight;
    boolean closed;
    /// Whether arrivals have their stamps without it.
    boolean stampsAlone;
    /// What every exchange is answered with at its end; nothing at all where empty.
    String answer = "";

    StampSource stamps = StampSource.user("there is no socket");

    /// When an exchange was started, beside when it should have been, counted from the load's start.
    record Start(long number, Duration intended, Duration started, int session) {}

    private record Answer(Exchange exchange, long endAtNs) {}

    ScriptedTransport(FakeClock clock, FlightLog log, Listener listener, Function<Exchange, Duration> takes) {
        this.clock = clock;
        this.log = log;
        this.listener = listener;
        this.takes = takes;
    }

    /// The loop of a load that has one thread, with nobody to refuse or to count anything.
    static LoadLoop loopAlone(FakeClock clock, Load load, ReadyQueue ready) {
        var warmupEnd = new WarmupEnd(load.warmup());
        return new LoadLoop(clock, load, 0, 1, ready, new Allowance(), warmupEnd, new LiveCount(), new LiveCount());
    }

    @Override
    public long start(Exchange exchange) {
        long spareNs = exchange.sendAtNs() - clock.nowNs();
        if (stampsAlone) {
            clock.advanceTo(exchange.sendAtNs());
        }
        long nowNs = clock.nowNs();
        log.moment(exchange, Moment.STARTED, nowNs);
        log.moment(exchange, Moment.REQUEST_START, nowNs);
        starts.add(new Start(
                exchange.number(),
                Duration.ofNanos(exchange.intendedAtNs()),
                Duration.ofNanos(nowNs),
                exchange.session()));
        pending.add(new Answer(exchange, nowNs + takes.apply(exchange).toNanos()));
        mostInFlight = Math.max(mostInFlight, pending.size());
        return spareNs;
    }

    @Override
    public long poll(long untilAtNs) {
        Answer next = pending.peek();
        long beganAtNs = clock.nowNs();
        long wakeAtNs = next == null || next.endAtNs - untilAtNs > 0 ? untilAtNs : next.endAtNs;
        clock.advanceTo(Math.max(wakeAtNs, beganAtNs + LOOK_NS));
        long waitedNs = clock.nowNs() - beganAtNs;
        while (!pending.isEmpty() && pending.peek().endAtNs - clock.nowNs() <= 0) {
            Answer due = pending.poll();
            say(due.exchange, due.endAtNs);
            end(due, TransportEnd.COMPLETE);
        }
        return waitedNs;
    }

    @Override
    public boolean startsAhead() {
        return stampsAlone;
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
        return stamps;
    }

    @Override
    public void close() {
        closed = true;
    }

    /// The kernel's stamp is when the script says, however late this is.
    private void say(Exchange exchange, long kernelAtNs) {
        byte[] bytes = answer.getBytes(StandardCharsets.UTF_8);
        if (bytes.length == 0) {
            return;
        }
        log.fact(exchange, new ResponseFact(new ResponseHead(200, List.of())), clock.nowNs());
        for (int from = 0; from < bytes.length; ) {
            int granted = log.claim(bytes.length - from);
            System.arraycopy(bytes, from, log.array(), log.position(), granted);
            log.body(exchange, clock.nowNs(), kernelAtNs, granted);
            from += granted;
        }
    }

    private void end(Answer answer, TransportEnd end) {
        log.fact(answer.exchange, end, clock.nowNs());
        listener.ended(answer.exchange);
    }
}
