package dev.latencylens.load;

import dev.latencylens.clock.Clock;
import dev.latencylens.exchange.Exchange;
import dev.latencylens.exchange.FlightFact;
import dev.latencylens.exchange.FlightLog;
import dev.latencylens.exchange.Interpreter;
import dev.latencylens.exchange.Moment;
import dev.latencylens.exchange.StampSource;
import dev.latencylens.exchange.Transport;
import dev.latencylens.exchange.Turn;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongFunction;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// A load in progress: its I/O threads, the feeder that makes requests ahead of them, and the interpreter that
/// reads what they recorded.
public final class LoadRun {
    /// Entries drained from one flight log before the next has its turn.
    private static final int DRAIN_AT_ONCE = 256;
    /// How long the interpreter sleeps when the logs are empty: short against the time in which one could fill.
    private static final long IDLE_PARK_NS = 200_000;
    /// How long the feeder sleeps when all queues are full.
    private static final long FED_PARK_NS = 500_000;
    /// Exchanges made ahead for each I/O thread, a power of two, and in a closed loop for each of its users: then
    /// no more, for a short load would spend its time on what it never sends.
    private static final int MOST_AHEAD = 1024;
    private static final int LEAST_AHEAD = 256;
    private static final int AHEAD_OF_USER = 8;

    /// How long the first request waits at most for the feeder to fill the queues.
    private static final long FILLING_MS = 10;
    /// From then on to the first request: all I/O threads know by then that it is due.
    private static final long RUN_UP_NS = 1_000_000;
    /// How long before its end a warm-up is told to end: no I/O thread is then past that instant yet.
    private static final long NOTICE_NS = 1_000_000;

    private final Clock clock;
    private final Load load;
    private final LongFunction<Exchange> exchanges;
    private final Interpreter interpreter;
    private final List<IoThread> ioThreads = new ArrayList<>();
    private final Allowance allowance = new Allowance();
    private final WarmupEnd warmupEnd;
    private final LiveCount inFlight = new LiveCount();
    private final LiveCount answering = new LiveCount();
    private final Thread feeder;
    private final Thread reader;
    private final CountDownLatch opened;
    /// That the feeder has made what is sent at once, or as many exchanges ahead as it can.
    private final CountDownLatch filled = new CountDownLatch(1);
    private final Queue<ThreadUse> uses = new ConcurrentLinkedQueue<>();
    private final Queue<StampSource> stamps = new ConcurrentLinkedQueue<>();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    /// That [#loadStartAtNs] has been set, a moment before that is.
    private final CountDownLatch startKnown = new CountDownLatch(1);
    private volatile long loadStartAtNs;
    private volatile boolean ioEnded;

    /// @param exchanges makes the exchange, or the first turn of the conversation, of a number, counted from 0;
    /// called on the feeder's thread, ahead of time
    /// @param ioThreadFactory makes the kind of thread on which the transport works best
    /// @param backgroundThreadFactory makes threads that give way to others
    /// @param logs one flight log for each I/O thread
    public LoadRun(
            Clock clock,
            Load load,
            LongFunction<Exchange> exchanges,
            Transport.Opener transports,
            ThreadFactory ioThreadFactory,
            ThreadFactory backgroundThreadFactory,
            Interpreter interpreter,
            List<FlightLog> logs) {
        this.clock = clock;
        this.load = load;
        this.exchanges = exchanges;
        this.interpreter = interpreter;
        warmupEnd = new WarmupEnd(load.warmup());
        opened = new CountDownLatch(logs.size());
        int ahead = ahead(load, logs.size());
        for (int i = 0; i < logs.size(); i++) {
            var ready = new ReadyQueue(ahead);
            var loop = new LoadLoop(clock, load, i, logs.size(), ready, allowance, warmupEnd, inFlight, answering);
            FlightLog log = logs.get(i);
            Runnable body = () -> drive(loop, log, transports);
            ioThreads.add(new IoThread(loop, ready, log, named("io-" + i, ioThreadFactory.newThread(body))));
        }
        feeder = daemon(named("feeder", backgroundThreadFactory.newThread(() -> watched(this::feed))));
        reader = daemon(named("interpreter", backgroundThreadFactory.newThread(() -> watched(this::interpret))));
    }

    private static int ahead(Load load, int ioThreads) {
        if (load.arrivals() != null) {
            return MOST_AHEAD;
        }
        long users = Math.ceilDiv(load.concurrency(), ioThreads);
        int most = Math.clamp(users * AHEAD_OF_USER, LEAST_AHEAD, MOST_AHEAD);
        return Integer.highestOneBit(most * 2 - 1);
    }

    /// What the machinery itself has to tell once the load has ended.
    ///
    /// @param startedAtNs when the load began
    /// @param warmupNs how long its warm-up was, where that was one of a time; else 0
    /// @param logFullCount how often an I/O thread found its flight log full and waited
    /// @param logFullNs how long it waited, in all
    /// @param starvedCount how often a request was due that had not been made yet
    /// @param stamps which stamps counted as arrivals
    /// @param lag how long the I/O threads kept waiting what had arrived or was due
    /// @param threads what the kernel says of the load's own threads; empty where it says nothing
    /// @param bytesLogged bytes of answers that the I/O threads recorded
    /// @param bytesRead those of them that were interpreted
    /// @param sharedParts parts of answers that came in one read with a part of another answer, and share its
    /// stamp
    /// @param unsent requests, or conversations, that were due in the load's time and that its limit held back
    /// until it was over
    /// @param inFlight how many requests were in flight at a time
    /// @param answering how many of them had begun to be answered
    public record Backlog(
            long startedAtNs,
            long warmupNs,
            long logFullCount,
            long logFullNs,
            long starvedCount,
            StampSource stamps,
            LoopLag lag,
            List<ThreadUse> threads,
            long bytesLogged,
            long bytesRead,
            long sharedParts,
            long unsent,
            Live inFlight,
            Live answering) {
        public Backlog {
            threads = List.copyOf(threads);
        }
    }

    /// Runs the load to its end and returns when the last exchange has been interpreted.
    ///
    /// @throws IllegalStateException if one of its threads failed; the cause says why
    public Backlog run() throws InterruptedException {
        feeder.start();
        reader.start();
        ioThreads.forEach(io -> io.thread.start());
        opened.await();
        boolean _ = filled.await(FILLING_MS, TimeUnit.MILLISECONDS);
        loadStartAtNs = clock.nowNs() + RUN_UP_NS;
        startKnown.countDown();
        for (IoThread io : ioThreads) {
            io.thread.join();
        }
        ioEnded = true;
        LockSupport.unpark(reader);
        reader.join();
        feeder.interrupt();
        feeder.join();
        Throwable cause = failure.get();
        if (cause != null) {
            throw new IllegalStateException("the run broke off: " + cause, cause);
        }
        return new Backlog(
                loadStartAtNs,
                warmupEnd.afterNs(),
                ioThreads.stream().mapToLong(io -> io.log.fullCount()).sum(),
                ioThreads.stream().mapToLong(io -> io.log.fullNs()).sum(),
                ioThreads.stream().mapToLong(io -> io.loop.starved()).sum(),
                stamps.stream().reduce(StampSource::and).orElseThrow(),
                ioThreads.stream().map(io -> io.loop.lag()).reduce(LoopLag.NONE, LoopLag::and),
                uses.stream()
                        .sorted((one, other) -> one.thread().compareTo(other.thread()))
                        .toList(),
                ioThreads.stream().mapToLong(io -> io.log.bytesWritten()).sum(),
                ioThreads.stream().mapToLong(io -> io.log.bytesRead()).sum(),
                ioThreads.stream().mapToLong(io -> io.log.sharedParts()).sum(),
                unsent(),
                inFlight.live(),
                answering.live());
    }

    /// Makes exchanges that end without a success wait for [#decided]. Call it before [#run].
    public void tryAgain() {
        ioThreads.forEach(io -> io.loop.tryAgain());
    }

    /// Lets no more be started in a minute than these limits allow, each I/O thread its share; [#settled] is then
    /// to be called for each exchange that has been read. Call it before [#run].
    public void limit(RateLimits limits) {
        for (int i = 0; i < ioThreads.size() && !limits.areNone(); i++) {
            ioThreads.get(i).loop.limit(limits.share(i, ioThreads.size()));
        }
    }

    /// What an exchange used of the limits on tokens, on the interpreter's thread.
    ///
    /// @param tokens of input and output, or what was reserved where nobody knows
    public void settled(Exchange exchange, long tokens) {
        exchange.used(tokens);
        loopOf(exchange).settled(exchange);
    }

    /// What follows an exchange that has ended, in a run that tries again or of conversations: called on the
    /// interpreter's thread, once for each exchange that it has read. One that nothing can follow is not waited
    /// for.
    ///
    /// @param sequel the attempt, or the conversation's turn, that follows, to be sent when it is due; null for
    /// none
    public void decided(Exchange exchange, @Nullable Exchange sequel) {
        if (sequel != null && sequel.retry() == null && sequel.turn() != null) {
            sequel.planned(0, load.thinkNs(sequel.turn()));
        }
        loopOf(exchange).decided(exchange, sequel);
    }

    private LoadLoop loopOf(Exchange exchange) {
        return ioThreads.get((int) (exchange.number() % ioThreads.size())).loop;
    }

    /// Ends the run early, from any thread; what is in flight ends as cancelled and [#run] returns.
    public void stop(String reason) {
        ioThreads.forEach(io -> io.loop.stop(reason));
    }

    /// Lets only the exchanges with a number below this one be started, from any thread and as often as needed.
    /// When another is due nonetheless nothing more is started at all, and the run ends once what is in flight
    /// has.
    public void allow(long number) {
        allowance.allow(number);
    }

    /// Whether the run ended, or is ending, for want of allowance.
    public boolean refused() {
        return allowance.refused();
    }

    /// Ends a warm-up of a time, from any thread: what is due from now on is measured. One that has ended stays
    /// so.
    public void endWarmup() {
        if (loadStartAtNs != 0) {
            warmupEnd.endAt(clock.nowNs() - loadStartAtNs + NOTICE_NS);
        }
    }

    /// Exchanges started so far, from any thread.
    public long started() {
        return ioThreads.stream().mapToLong(io -> io.loop.started()).sum();
    }

    /// Conversations begun so far, or where there are none, exchanges started.
    private long begun() {
        return ioThreads.stream().mapToLong(io -> io.loop.begun()).sum();
    }

    /// Exchanges started and not ended, from any thread.
    public int inFlight() {
        return ioThreads.stream().mapToInt(io -> io.loop.inFlight()).sum();
    }

    /// A load that somebody ended early leaves nothing unsent: it was not to go on.
    private long unsent() {
        boolean held = ioThreads.stream().anyMatch(io -> io.loop.wasHeldBackToTheEnd());
        return held ? Math.max(0, Timetable.count(load, warmupEnd.afterNs()) - begun()) : 0;
    }

    private void drive(LoadLoop loop, FlightLog log, Transport.Opener transports) {
        try (Transport transport = transports.open(log, loop)) {
            opened.countDown();
            startKnown.await();
            watched(() -> loop.run(transport, loadStartAtNs));
            stamps.add(transport.stamps());
        } catch (Throwable thrown) {
            fail(thrown);
        }
        opened.countDown();
    }

    /// Runs a thread's work, and asks the kernel about it.
    private void watched(Runnable work) {
        Optional<ThreadUse> before = ThreadUse.soFar();
        work.run();
        before.flatMap(earlier -> ThreadUse.soFar().map(now -> now.since(earlier)))
                .ifPresent(uses::add);
    }

    private void feed() {
        var timetable = new Timetable(load);
        ThinkTime think = load.thinkTime();
        LongSupplier thinksNs = think == null ? () -> 0 : think.drawn();
        long sentAtOnce = load.arrivals() == null ? load.concurrency() : Long.MAX_VALUE;
        try {
            for (long number = 0; ; number++) {
                if (number == sentAtOnce) {
                    filled.countDown();
                }
                long dueAfterNs = timetable.nextAfterNs();
                if (dueAfterNs == ArrivalSchedule.NONE) {
                    long end = number;
                    ioThreads.forEach(io -> io.loop.endBefore(end));
                    filled.countDown();
                    return;
                }
                Exchange exchange = exchanges.apply(number);
                Turn turn = exchange.turn();
                exchange.planned(dueAfterNs, turn == null ? thinksNs.getAsLong() : load.thinkNs(turn));
                ReadyQueue ready = ioThreads.get((int) (number % ioThreads.size())).ready;
                while (!ready.offer(exchange)) {
                    filled.countDown();
                    LockSupport.parkNanos(FED_PARK_NS);
                    if (Thread.interrupted() || ioEnded) {
                        return;
                    }
                }
            }
        } catch (Throwable thrown) {
            fail(thrown);
        }
    }

    private void interpret() {
        try {
            while (true) {
                boolean last = ioEnded;
                int drained = 0;
                // By index: an iterator for each look is garbage that an idle client would fill its memory with.
                for (int i = 0; i < ioThreads.size(); i++) {
                    drained += ioThreads.get(i).log.drain(interpreter, DRAIN_AT_ONCE);
                }
                if (drained == 0) {
                    if (last) {
                        return;
                    }
                    LockSupport.parkNanos(IDLE_PARK_NS);
                }
            }
        } catch (Throwable thrown) {
            fail(thrown);
            drainUnread();
        }
    }

    /// Keeps an I/O thread from waiting for ever for a reader that has failed.
    private void drainUnread() {
        var nowhere = new FlightLog.Reader() {
            @Override
            public void moment(Exchange exchange, Moment moment, long arrivedAtNs, long kernelAtNs) {}

            @Override
            public void fact(Exchange exchange, FlightFact fact, long atNs) {}

            @Override
            public void body(
                    Exchange exchange, long arrivedAtNs, long kernelAtNs, byte[] bytes, int offset, int length) {}
        };
        while (!ioEnded) {
            ioThreads.forEach(io -> io.log.drain(nowhere, DRAIN_AT_ONCE));
            LockSupport.parkNanos(IDLE_PARK_NS);
        }
    }

    private void fail(Throwable thrown) {
        failure.compareAndSet(null, thrown);
        stop("the run broke off");
    }

    private static Thread named(String name, Thread thread) {
        thread.setName(name);
        return thread;
    }

    private static Thread daemon(Thread thread) {
        thread.setDaemon(true);
        return thread;
    }

    private record IoThread(LoadLoop loop, ReadyQueue ready, FlightLog log, Thread thread) {}
}
