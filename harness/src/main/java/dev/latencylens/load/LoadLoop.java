package dev.latencylens.load;

import dev.latencylens.clock.Clock;
import dev.latencylens.exchange.Exchange;
import dev.latencylens.exchange.Transport;
import dev.latencylens.exchange.Turn;
import org.jspecify.annotations.Nullable;

/// One I/O thread's turn of duties: start what is due, do the I/O, again.
///
/// The schedule is absolute: what is late goes out late, with its intended time kept. Nothing here waits for an
/// answer but the users of a closed loop for their own.
final class LoadLoop implements Transport.Listener {
    /// Exchanges started between two looks at the sockets, so that a burst of sends does not leave arrivals
    /// waiting.
    private static final int STARTS_PER_POLL = 32;
    /// How soon to look again when the feeder has nothing ready.
    private static final long STARVED_RETRY_NS = 20_000;
    /// How long a waiting poll may last, so that a stop is heard.
    private static final long LONGEST_POLL_NS = 50_000_000;
    /// How long before a request is due the thread stops sleeping: a sleep ends late, by 50 us of timer slack and
    /// the time that a CPU takes to wake up.
    private static final long LAST_STRETCH_NS = 250_000;
    /// The share of the time between two requests, one in so many, for which it is awake where that is longer: a
    /// virtual CPU may take a millisecond to come back.
    private static final long LAST_STRETCH_OF_GAP = 8;

    private static final long LONGEST_STRETCH_NS = 1_250_000;
    /// How long before a request is due its start begins at least, where the kernel stamps what arrives: what a
    /// start takes is done by then, and nothing is read any more, for to read and log what several sockets have
    /// takes as long.
    private static final long LEAST_AHEAD_NS = 50_000;
    /// It begins so many times earlier than starts have lately needed: a page of memory that a virtual machine's
    /// host has taken away takes 150 us to come back, and a start may meet several.
    private static final long AHEAD_OF_NEED = 2;

    private static final long MOST_AHEAD_NS = 500_000;
    /// The share of the time between two requests, one in so many, for which that may leave what arrives unread.
    private static final long AHEAD_OF_GAP = 20;
    /// What a start needed is forgotten by this share with each other one.
    private static final long FORGOTTEN = 64;
    /// How soon to look whether the interpreter has said what follows an exchange: as often as it looks at the
    /// log.
    private static final long UNDECIDED_RETRY_NS = 200_000;
    /// How late the next turn of a conversation may be there: what decides on it looks five times in that time.
    /// What comes later was kept waiting by this client.
    private static final long TURN_GRACE_NS = 1_000_000;

    private final Clock clock;
    private final Load load;
    private final int thread;
    private final int threads;
    private final ReadyQueue ready;
    private final Allowance allowance;
    private final WarmupEnd warmupEnd;

    private final LiveCount.Part live;
    private final LiveCount.Part answers;
    private final FreeUsers free;
    private final FreeSessions sessions = new FreeSessions();
    private final TurnWatch turns = new TurnWatch();
    /// Null where nothing is tried again, and every request stands for itself.
    private @Nullable Sequels sequels;
    /// Null where nothing limits the load.
    private @Nullable Throttle throttle;

    private boolean tryingAgain;

    /// Written by the loop alone, read by anyone who shows progress.
    private volatile long started;

    private volatile int inFlight;
    /// Conversations begun, or where there are none, exchanges started.
    private volatile long begun;

    private long startedAtNs;
    private long measuringSinceNs;
    private boolean measuring;
    private long lastStartAtNs;
    /// What a start needs until the request can leave: lately the most.
    private long startTakesNs;
    private long starved;
    private boolean starving;
    private boolean cancelled;
    /// Whether it has looked at the sockets since it started an exchange.
    private boolean looked;
    /// Whether a retry waits for the limits, so that nothing else may start before it.
    private boolean sequelHeld;
    /// Whether the load's time was over while its limits held requests back.
    private boolean heldBackToTheEnd;

    private volatile long end = Long.MAX_VALUE;
    private volatile long endOfBegins = Long.MAX_VALUE;
    /// Where only the end of the warm-up tells which number is the last.
    private long endOfMeasured = Long.MAX_VALUE;
    /// Whether what is due next is due after the load's time, where the schedule does not know that.
    private boolean scheduleOver;
    private volatile @Nullable String stopReason;

    LoadLoop(
            Clock clock,
            Load load,
            int thread,
            int threads,
            ReadyQueue ready,
            Allowance allowance,
            WarmupEnd warmupEnd,
            LiveCount live,
            LiveCount answers) {
        this.clock = clock;
        this.load = load.share(thread, threads);
        this.thread = thread;
        this.threads = threads;
        this.ready = ready;
        this.allowance = allowance;
        this.warmupEnd = warmupEnd;
        this.live = live.part();
        this.answers = answers.part();
        free = new FreeUsers(load.arrivals() == null ? this.load.concurrency() : 0);
        if (load.requests() > 0 && load.warmup() instanceof Warmup.Requests(long warmups)) {
            end = warmups + load.requests();
        }
        sequels = load.conversations() == null ? null : new Sequels();
    }

    /// Ends the load before the exchange, or the conversation, of this number, from any thread: there is no such
    /// one.
    void endBefore(long number) {
        endOfBegins = number;
    }

    /// Ends the loop soon, from any thread: nothing more is started and what is in flight is cancelled.
    void stop(String reason) {
        stopReason = reason;
    }

    /// Lets exchanges without a success wait for [#decided]. Call it before the loop runs.
    void tryAgain() {
        tryingAgain = true;
        sequels = sequels == null ? new Sequels() : sequels;
    }

    /// Lets nothing start beyond these limits. Call it before the loop runs.
    void limit(RateLimits limits) {
        throttle = new Throttle(limits);
    }

    /// An exchange has been read to its end, and says what it used; from the interpreter's thread.
    void settled(Exchange exchange) {
        if (throttle != null) {
            throttle.settled(exchange);
        }
    }

    /// What follows an exchange that has ended, from the interpreter's thread.
    ///
    /// @param sequel to be sent when it is due, null for nothing more
    void decided(Exchange exchange, @Nullable Exchange sequel) {
        if (sequels != null && awaitsWord(exchange)) {
            sequels.decided(exchange, sequel);
        }
    }

    private boolean awaitsWord(Exchange exchange) {
        return exchange.isContinued() || (tryingAgain && !exchange.isAccepted());
    }

    /// How many exchanges were due before the feeder had made them. Read it after the loop has ended.
    long starved() {
        return starved;
    }

    /// Whether its limits held requests back until the load's time was over. Read it after the loop has ended.
    boolean wasHeldBackToTheEnd() {
        return heldBackToTheEnd;
    }

    /// How long its turns kept waiting what had arrived or was due. Read it after the loop has ended.
    LoopLag lag() {
        return turns.lag(thread);
    }

    /// Exchanges started so far, from any thread.
    long started() {
        return started;
    }

    /// Conversations begun so far, or where there are none, exchanges started; from any thread.
    long begun() {
        return begun;
    }

    /// Exchanges started and not ended, from any thread.
    int inFlight() {
        return inFlight;
    }

    /// Runs the load to its end on the calling thread.
    void run(Transport transport, long loadStartAtNs) {
        startedAtNs = loadStartAtNs;
        lastStartAtNs = loadStartAtNs;
        for (int user = 0; load.arrivals() == null && user < load.concurrency(); user++) {
            free.add(user, loadStartAtNs);
        }
        long turnAtNs = clock.nowNs();
        long waitedNs = 0;
        while (true) {
            long nowNs = clock.nowNs();
            if (measuring) {
                turns.turn(nowNs, nowNs - turnAtNs, waitedNs);
            }
            turnAtNs = nowNs;
            long warmedUpAtNs = startedAtNs + warmupEnd.afterNs();
            if (!measuring && warmedUpAtNs != startedAtNs && nowNs - warmedUpAtNs >= 0) {
                measureFrom(warmedUpAtNs, nowNs);
            }
            boolean more = moreToStart(nowNs);
            if (sequels != null && sequels.areWaiting() && !turnsGoOn(nowNs)) {
                sequels.dropTurns();
            }
            if (!more) {
                offeredAllAt(nowNs);
                if (inFlight == 0 && !moreToFollow()) {
                    return;
                }
            }
            long wakeAtNs = nowNs + LONGEST_POLL_NS;
            if (sequels != null && stopReason == null) {
                wakeAtNs = startSequels(sequels, transport, nowNs, wakeAtNs);
            }
            if (more && !sequelHeld) {
                wakeAtNs = startDue(transport, nowNs, wakeAtNs);
            } else if (!more) {
                cancelWhatOutlastsTheLoad(transport, nowNs);
            }
            waitedNs = transport.poll(wakeAtNs);
            looked = true;
        }
    }

    @Override
    @SuppressWarnings("NonAtomicVolatileUpdate") // one writer: this loop's thread
    public void ended(Exchange exchange) {
        inFlight--;
        long nowNs = clock.nowNs();
        live.fall(nowNs);
        if (exchange.isAnswering()) {
            answers.fall(nowNs);
        }
        if (throttle != null) {
            throttle.ended();
        }
        exchange.ended(nowNs);
        if (sequels != null && awaitsWord(exchange)) {
            sequels.await();
        } else {
            free(exchange, nowNs);
        }
    }

    /// Nothing more comes of it, so its user goes on.
    private void free(Exchange exchange, long nowNs) {
        if (load.arrivals() == null) {
            free.add(exchange.session(), nowNs + exchange.thinkNs());
        } else {
            sessions.giveBack(exchange.session());
        }
    }

    @Override
    public void answering(Exchange exchange) {
        exchange.answering();
        answers.rise(clock.nowNs());
    }

    private void offeredAllAt(long atNs) {
        live.close(atNs);
        answers.close(atNs);
    }

    private boolean moreToStart(long nowNs) {
        long number = nextNumber();
        if (stopReason != null
                || allowance.refused()
                || heldBackToTheEnd
                || scheduleOver
                || number >= end
                || number >= endOfMeasured) {
            return false;
        }
        // Of an open loop all is sent that is due in its time, however late.
        return nextBegin() < endOfBegins && (load.arrivals() != null || !overAt(nowNs));
    }

    /// Whether conversations that have begun go on: until the load is over, by number or by time.
    private boolean turnsGoOn(long nowNs) {
        return stopReason == null
                && !allowance.refused()
                && nextNumber() < Math.min(end, endOfMeasured)
                && !overAt(nowNs);
    }

    private boolean overAt(long atNs) {
        return load.duration() != null
                && measuring
                && atNs - measuringSinceNs >= load.duration().toNanos();
    }

    private void measureFrom(long sinceNs, long nowNs) {
        measuring = true;
        measuringSinceNs = sinceNs;
        live.open(nowNs);
        answers.open(nowNs);
        if (load.requests() > 0 && !load.endsBySchedule()) {
            long mine = load.requests() / threads + (thread < load.requests() % threads ? 1 : 0);
            endOfMeasured = nextNumber() + mine * threads;
        }
    }

    /// Whether anything may still follow what has ended. Who stops a run wants nothing more.
    private boolean moreToFollow() {
        return sequels != null && stopReason == null && (sequels.areUndecided() || sequels.areWaiting());
    }

    /// Sends what follows others and is due, retries also when the load's own requests have all been sent, and
    /// returns when to look again. The limit of an open loop counts them too.
    private long startSequels(Sequels all, Transport transport, long nowNs, long wakeAtNs) {
        for (Sequels.Word word = all.nextWord(); word != null; word = all.nextWord()) {
            hear(all, word, nowNs);
        }
        boolean limited = load.arrivals() != null && load.concurrency() > 0;
        sequelHeld = false;
        for (int i = 0; all.areWaiting(); i++) {
            if (all.firstDueAtNs() - nowNs > 0) {
                wakeAtNs = Math.min(all.firstDueAtNs(), wakeAtNs);
                break;
            }
            if (limited && inFlight >= load.concurrency()) {
                break;
            }
            if (i == STARTS_PER_POLL) {
                return nowNs;
            }
            if (isHeld(all.peek(), nowNs)) {
                sequelHeld = true;
                wakeAtNs = Math.min(lookAgainAtNs(nowNs), wakeAtNs);
                break;
            }
            cancelled = false;
            long dueAtNs = all.firstDueAtNs();
            Exchange next = all.poll();
            if (next.retry() != null) {
                send(transport, next, dueAtNs);
            } else if (turnsGoOn(nowNs) && allowance.allows(nextNumber())) {
                start(transport, next, next.intendedAtNs(), next.session());
            }
        }
        return all.areUndecided() ? Math.min(nowNs + UNDECIDED_RETRY_NS, wakeAtNs) : wakeAtNs;
    }

    /// The next turn is due when its user has thought.
    private void hear(Sequels all, Sequels.Word word, long nowNs) {
        Exchange ended = word.ended();
        Exchange sequel = word.sequel();
        if (sequel == null) {
            free(ended, nowNs);
            return;
        }
        if (sequel.retry() == null) {
            long dueAtNs = ended.endedAtNs() + ended.thinkNs();
            sequel.due(dueAtNs, ended.session());
            starved += nowNs - dueAtNs > TURN_GRACE_NS ? 1 : 0;
        }
        all.keep(sequel);
    }

    private boolean isHeld(Exchange next, long nowNs) {
        return throttle != null && !throttle.allows(next, nowNs);
    }

    /// When the limits may let the exchange start that they hold back.
    private long lookAgainAtNs(long nowNs) {
        if (throttle == null) {
            return nowNs;
        }
        long roomAtNs = throttle.roomAtNs() - LAST_STRETCH_NS;
        return throttle.awaitsSettlement() ? Math.min(nowNs + UNDECIDED_RETRY_NS, roomAtNs) : roomAtNs;
    }

    /// The number of the exchange that this thread starts next: every thread takes its residue class.
    private long nextNumber() {
        return started * threads + thread;
    }

    /// The same of the conversation that it begins next.
    private long nextBegin() {
        return begun * threads + thread;
    }

    /// Starts what is due and returns when to look again at the latest.
    private long startDue(Transport transport, long nowNs, long wakeAtNs) {
        return load.arrivals() == null
                ? startFreeUsers(transport, nowNs, wakeAtNs)
                : startScheduled(transport, nowNs, wakeAtNs);
    }

    private long startScheduled(Transport transport, long nowNs, long wakeAtNs) {
        for (int i = 0; i < STARTS_PER_POLL; i++) {
            Exchange next = ready.peek();
            if (next == null) {
                starving = true;
                return nowNs + STARVED_RETRY_NS;
            }
            long intendedAtNs = startedAtNs + next.dueAfterNs();
            if (!load.endsBySchedule() && overAt(intendedAtNs)) {
                scheduleOver = true;
                return nowNs;
            }
            if (load.concurrency() > 0 && inFlight >= load.concurrency()) {
                heldBackToTheEnd = overAt(nowNs);
                return wakeAtNs;
            }
            long untilDueNs = intendedAtNs - nowNs;
            if (untilDueNs > 0) {
                starving = false;
                boolean ahead = untilDueNs <= aheadNs(intendedAtNs) && looked && transport.startsAhead();
                if (!ahead) {
                    return Math.min(intendedAtNs - lastStretchNs(intendedAtNs), wakeAtNs);
                }
            }
            if (isHeld(next, nowNs)) {
                heldBackToTheEnd = overAt(nowNs);
                return Math.min(lookAgainAtNs(nowNs), wakeAtNs);
            }
            if (!allowance.allows(nextNumber())) {
                return wakeAtNs;
            }
            starved += starving ? 1 : 0;
            starving = false;
            ready.poll();
            long spareNs = start(transport, next, intendedAtNs, sessions.take());
            if (i == 0) {
                startTakesNs = Math.max(untilDueNs - spareNs, startTakesNs - startTakesNs / FORGOTTEN);
            }
            if (!moreToStart(nowNs)) {
                offeredAllAt(lastStartAtNs);
                return wakeAtNs;
            }
        }
        return nowNs;
    }

    /// How long before it is due the start of this request begins.
    private long aheadNs(long intendedAtNs) {
        long mostNs = Math.clamp((intendedAtNs - lastStartAtNs) / AHEAD_OF_GAP, LEAST_AHEAD_NS, MOST_AHEAD_NS);
        return Math.clamp(AHEAD_OF_NEED * startTakesNs, LEAST_AHEAD_NS, mostNs);
    }

    private long lastStretchNs(long intendedAtNs) {
        return Math.clamp((intendedAtNs - lastStartAtNs) / LAST_STRETCH_OF_GAP, LAST_STRETCH_NS, LONGEST_STRETCH_NS);
    }

    private long startFreeUsers(Transport transport, long nowNs, long wakeAtNs) {
        for (int i = 0; i < STARTS_PER_POLL; i++) {
            if (free.isEmpty()) {
                return wakeAtNs;
            }
            long intendedAtNs = free.firstDueAtNs();
            if (intendedAtNs - nowNs > 0) {
                return Math.min(intendedAtNs, wakeAtNs);
            }
            Exchange exchange = ready.peek();
            if (exchange == null) {
                starved += starving ? 0 : 1;
                starving = true;
                return nowNs + STARVED_RETRY_NS;
            }
            starving = false;
            if (isHeld(exchange, nowNs)) {
                return Math.min(lookAgainAtNs(nowNs), wakeAtNs);
            }
            if (!allowance.allows(nextNumber())) {
                return wakeAtNs;
            }
            ready.poll();
            start(transport, exchange, intendedAtNs, free.poll());
            if (!moreToStart(nowNs)) {
                offeredAllAt(lastStartAtNs);
                return wakeAtNs;
            }
        }
        return nowNs;
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // one writer: this loop's thread
    private long send(Transport transport, Exchange exchange, long dueAtNs) {
        inFlight++;
        lastStartAtNs = clock.nowNs();
        live.rise(lastStartAtNs);
        if (throttle != null) {
            throttle.starts(exchange, dueAtNs);
        }
        long spareNs = transport.start(exchange);
        if (throttle != null) {
            throttle.started(exchange, clock.nowNs());
        }
        return spareNs;
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // one writer: this loop's thread
    private long start(Transport transport, Exchange exchange, long intendedAtNs, int user) {
        Turn turn = exchange.turn();
        if (turn != null) {
            exchange.numbered(nextNumber());
        }
        if (warmupEnd.covers(nextNumber(), intendedAtNs - startedAtNs)) {
            exchange.warmup();
        } else if (!measuring) {
            measureFrom(intendedAtNs, clock.nowNs());
        }
        started++;
        looked = false;
        begun += turn == null || turn.isFirst() ? 1 : 0;
        exchange.due(intendedAtNs, user);
        return send(transport, exchange, intendedAtNs);
    }

    private void cancelWhatOutlastsTheLoad(Transport transport, long nowNs) {
        String reason = stopReason;
        if (reason == null && nowNs - lastStartAtNs - load.drain().toNanos() > 0) {
            reason = "still running " + load.drain().toSeconds() + " s after the load's last request";
        }
        if (reason != null && !cancelled && inFlight > 0) {
            cancelled = true;
            transport.cancelAll(reason);
        }
    }
}
