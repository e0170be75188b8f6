package dev.latencylens.transport;

import dev.latencylens.clock.Clock;
import dev.latencylens.exchange.Exchange;
import dev.latencylens.exchange.FlightLog;
import dev.latencylens.exchange.StampSource;
import dev.latencylens.exchange.Transport;
import dev.latencylens.exchange.TransportEnd;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.ManualIoEventLoop;
import io.netty.util.concurrent.FastThreadLocalThread;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Streams exchanges over Netty on one event loop that the calling thread itself runs.
///
/// Sends nothing twice: a request whose bytes have left is never sent again, whatever becomes of it.
public final class NettyTransport implements Transport, Connection.Owner, Dial.Owner {
    /// Flights looked at for timeouts at each turn, so that the look never takes long.
    private static final int FLIGHTS_A_TURN = 16;
    /// How often a look at all flights begins: the grain of a timeout, but for what the look takes.
    private static final long TIMEOUT_GRAIN_NS = 5_000_000;
    /// How long a wait for I/O may be while something may come that only this client stamps.
    private static final long UNSTAMPED_WAIT_NS = 1_000_000;
    /// The same where the kernel stamps it: longer than a tick of most kernels, for a timer that is due before the
    /// next tick is set and taken back at some microseconds' cost to each read.
    private static final long STAMPED_WAIT_NS = 5_000_000;
    /// How long it may be in the midst of a look at all flights: thousands of them that hang wake nobody.
    private static final long UNFINISHED_LOOK_NS = 1_000_000;
    /// How long the first idle connection to an endpoint is watched before exchanges go over it again: a server
    /// that closes after its answer, as llama.cpp's does, has done so by then (about 1 ms was seen on loopback).
    private static final long PROBATION_NS = 20_000_000;
    /// How long the loop is run at most to let connections close in order.
    private static final long CLOSING_NS = 200_000_000;
    /// How often it is looked whether somebody has set the wall clock.
    private static final long CLOCK_CHECK_NS = 1_000_000;

    private final NetworkSettings settings;
    private final FlightLog log;
    private final Listener listener;
    private final Clock clock = Clock.monotonic();
    private final ManualIoEventLoop loop;
    /// Null where the loop never waits.
    private @Nullable WatchedIo watchedIo;
    /// Null where the calling thread is no more than others on its CPU.
    private final @Nullable RealTimeThread realTime;
    private final Dialer dialer;
    /// Null where the instant after the read call counts as the arrival.
    private final @Nullable KernelStamps kernelStamps;
    private final String withoutKernelStamps;
    private long clockCheckedAtNs;

    private final List<Flight> flights = new ArrayList<>();
    private int nextLook;
    private long looksBeganAtNs;

    /// Connections with room, the most recently used last.
    private final ArrayDeque<Connection> open = new ArrayDeque<>();

    private final List<Connection> all = new ArrayList<>();
    private final Map<Integer, Connection> bySession = new HashMap<>();
    private final List<Dial> dials = new ArrayList<>();

    /// What is known of the endpoint's habit of closing after an answer.
    private enum Habit {
        UNKNOWN,
        WATCHED,
        KEEPS,
        CLOSES
    }

    private Habit habit = Habit.UNKNOWN;
    private @Nullable Connection watched;
    private long watchedSinceNs;
    /// Exchanges that have ended but whose users wait until the habit is known.
    private final List<Exchange> held = new ArrayList<>();

    private @Nullable Boolean speaksHttp2;

    private NettyTransport(NetworkSettings settings, @Nullable Tls tls, FlightLog log, Listener listener) {
        this.settings = settings;
        this.log = log;
        this.listener = listener;
        realTime = Thread.currentThread() instanceof RealTimeThread thread ? thread : null;
        IoHandlerFactory handlers = settings.sockets().handlers();
        loop = new ManualIoEventLoop(
                Thread.currentThread(),
                settings.spin() ? handlers : WatchedIo.around(handlers, clock, io -> watchedIo = io));
        withoutKernelStamps = withoutKernelStamps(settings);
        kernelStamps = withoutKernelStamps.isEmpty() ? new KernelStamps(clock) : null;
        dialer = new Dialer(settings, clock, loop, tls, kernelStamps, this);
        if (settings.http() == HttpVersion.HTTP_2) {
            speaksHttp2 = true;
        } else if (settings.http() == HttpVersion.HTTP_1_1
                || !settings.endpoint().tls()) {
            speaksHttp2 = false;
        }
    }

    /// Opens transports that share the settings and the TLS sessions and nothing else.
    ///
    /// @throws IllegalArgumentException if a certificate or key file cannot be used, or the socket kind is
    /// unavailable
    public static Opener opener(NetworkSettings settings) {
        String unavailable = settings.sockets().unavailable();
        if (unavailable != null) {
            throw new IllegalArgumentException(
                    "--transport " + settings.sockets().label() + " cannot be used on this machine: " + unavailable
                            + "; use --transport nio");
        }
        String withoutKernelStamps = withoutKernelStamps(settings);
        if (settings.stamps() == Stamps.KERNEL && !withoutKernelStamps.isEmpty()) {
            throw new IllegalArgumentException(
                    "--stamps kernel cannot be had on this machine: " + withoutKernelStamps + "; use --stamps auto");
        }
        // Reading the machine's certificates takes a fifth of a second, so only where they are needed.
        return opener(settings, settings.endpoint().tls() ? new Tls(settings.tls(), settings.http()) : null);
    }

    static Opener opener(NetworkSettings settings, @Nullable Tls tls) {
        return (log, listener) -> new NettyTransport(settings, tls, log, listener);
    }

    /// Makes threads for transports: Netty keeps its pools of buffers and objects for threads of its own kind
    /// only, and what is due or arrives is not to wait for the end of somebody else's slice.
    public static ThreadFactory threads() {
        return body -> new FastThreadLocalThread(() -> {
            Cpus.prefer();
            body.run();
        });
    }

    /// The same, for threads that go before all others while they sleep most of the time: see [Cpus#mayGoFirst].
    public static ThreadFactory realTimeThreads() {
        return body -> new RealTimeThread(body, Clock.monotonic().nowNs());
    }

    /// Why the kernel's stamps are not used, or empty if they are.
    private static String withoutKernelStamps(NetworkSettings settings) {
        if (settings.stamps() == Stamps.USER) {
            return "--stamps user";
        }
        String unavailable = KernelStamps.unavailable(settings.sockets());
        return unavailable == null ? "" : unavailable;
    }

    @Override
    public StampSource stamps() {
        return kernelStamps == null ? StampSource.user(withoutKernelStamps) : kernelStamps.source();
    }

    @Override
    public long start(Exchange exchange) {
        var flight = new Flight(exchange, log, listener);
        flight.index = flights.size();
        flights.add(flight);
        Connection connection = connectionFor(exchange.session());
        if (connection != null) {
            carry(connection, flight);
        } else {
            flight.start(clock);
            dialFor(flight);
        }
        return flight.spareNs();
    }

    @Override
    public long poll(long untilAtNs) {
        long waitedNs = 0;
        if (watchedIo == null) {
            loop.runNow();
        } else {
            long beganAtNs = clock.nowNs();
            long leftNs = untilAtNs - beganAtNs;
            long waitNs = Math.min(leftNs, longestWaitNs());
            if (waitNs > 0) {
                if (kernelStamps != null) {
                    kernelStamps.forgetEarliest();
                }
                loop.run(waitNs);
                long spentNs = Math.max(0, untilFirstArrival(watchedIo.awokeAtNs()) - beganAtNs);
                // Who waited in vain and woke a little late has kept nobody waiting.
                boolean harmless = watchedIo.inVain() && spentNs < 2 * waitNs;
                waitedNs = Math.min(spentNs, harmless ? leftNs : waitNs);
            } else {
                loop.runNow();
            }
        }
        long nowNs = clock.nowNs();
        if (habit == Habit.WATCHED && nowNs - watchedSinceNs >= PROBATION_NS) {
            decide(Habit.KEEPS);
        }
        lookForTimeouts(nowNs);
        if (realTime != null) {
            realTime.turned(nowNs, waitedNs);
        }
        if (kernelStamps != null && nowNs - clockCheckedAtNs >= CLOCK_CHECK_NS) {
            clockCheckedAtNs = nowNs;
            kernelStamps.checkClock();
        }
        return waitedNs;
    }

    /// While something may come a wait is short: a pause of this client is seen by a wait that ends late, and
    /// within one it would pass for waiting. What came meanwhile tells of it only if the kernel stamped that, and
    /// merged nothing with it.
    private long longestWaitNs() {
        if (nextLook < flights.size() && nextLook > 0) {
            return UNFINISHED_LOOK_NS;
        }
        if (habit == Habit.WATCHED) {
            return UNSTAMPED_WAIT_NS;
        }
        if (flights.isEmpty()) {
            return Long.MAX_VALUE;
        }
        return kernelStamps == null ? UNSTAMPED_WAIT_NS : STAMPED_WAIT_NS;
    }

    /// The end of a wait for I/O, or the instant within it from which on something waited to be read.
    private long untilFirstArrival(long awokeAtNs) {
        long arrivedAtNs = kernelStamps == null ? FlightLog.NO_STAMP : kernelStamps.earliestAtNs();
        return arrivedAtNs == FlightLog.NO_STAMP || arrivedAtNs - awokeAtNs > 0 ? awokeAtNs : arrivedAtNs;
    }

    @Override
    public boolean startsAhead() {
        return kernelStamps != null;
    }

    @Override
    public void cancelAll(String reason) {
        var end = new TransportEnd(TransportEnd.Kind.CANCELLED, reason);
        for (Flight flight : List.copyOf(flights)) {
            giveUp(flight, end);
        }
        releaseHeld();
    }

    @Override
    public void close() {
        cancelAll("the transport was closed");
        for (Dial dial : List.copyOf(dials)) {
            dial.giveUp();
        }
        for (Connection connection : List.copyOf(all)) {
            connection.channel.close();
        }
        dialer.close();
        loop.shutdownGracefully(0, 0, TimeUnit.NANOSECONDS);
        long sinceNs = clock.nowNs();
        while (!loop.isTerminated() && clock.nowNs() - sinceNs < CLOSING_NS) {
            loop.run(1_000_000);
        }
        if (kernelStamps != null) {
            kernelStamps.close();
        }
    }

    // Choosing a connection.

    private @Nullable Connection connectionFor(int session) {
        if (habit == Habit.WATCHED) {
            return null;
        }
        return switch (settings.reuse()) {
            case NEVER -> null;
            case STICKY -> {
                Connection own = bySession.get(session);
                yield own != null && own.room() > 0 ? own : null;
            }
            case POOLED -> {
                while (!open.isEmpty()) {
                    Connection last = open.peekLast();
                    if (last.room() > 0) {
                        yield last;
                    }
                    noLongerOpen(last);
                }
                yield null;
            }
        };
    }

    private void carry(Connection connection, Flight flight) {
        if (connection.room() == 1 && connection.equals(open.peekLast())) {
            noLongerOpen(connection);
        }
        connection.carry(flight);
    }

    private void noLongerOpen(Connection last) {
        open.pollLast();
        last.isOpen = false;
    }

    private void dialFor(Flight flight) {
        if (settings.reuse() == Reuse.POOLED && !Boolean.FALSE.equals(speaksHttp2)) {
            for (Dial dial : dials) {
                if (dial.waiting.size() < settings.maxStreams()) {
                    dial.waiting.add(flight);
                    return;
                }
            }
        }
        var dial = new Dial(this, flight.exchange.session());
        dials.add(dial);
        dial.waiting.add(flight);
        dialer.dial(dial);
    }

    @Override
    public void succeeded(Dial dial, Connection connection) {
        dials.remove(dial);
        all.add(connection);
        speaksHttp2 = connection instanceof Http2Connection;
        if (settings.reuse() == Reuse.STICKY) {
            Connection before = bySession.put(dial.session, connection);
            if (before != null && before.isIdle()) {
                before.channel.close();
            }
        }
        int taken = Math.min(connection.room(), dial.waiting.size());
        List<Flight> first = dial.waiting.subList(0, taken);
        for (Flight flight : first) {
            dial.tell(flight);
        }
        connection.carryFirst(first);
        if (connection.room() > 0) {
            hasRoom(connection);
        }
        // The server speaks HTTP/1.1 after all, or has no room for everyone who waited.
        for (Flight flight : List.copyOf(dial.waiting.subList(taken, dial.waiting.size()))) {
            dialFor(flight);
        }
        if (taken == 0 && settings.reuse() != Reuse.POOLED) {
            connection.channel.close();
        }
    }

    @Override
    public void failed(Dial dial, TransportEnd end) {
        dials.remove(dial);
        long nowNs = clock.nowNs();
        for (Flight flight : dial.waiting) {
            dial.tell(flight);
            end(flight, end, nowNs, FlightLog.NO_STAMP);
        }
    }

    // What connections tell.

    @Override
    public void landed(Connection connection, Flight flight, TransportEnd end, long atNs, long kernelAtNs) {
        if (end.kind() == TransportEnd.Kind.COMPLETE && settings.reuse() != Reuse.NEVER) {
            watch(connection);
        }
        end(flight, end, atNs, kernelAtNs);
        if (settings.reuse() == Reuse.NEVER || habit == Habit.CLOSES || isOutOfReach(connection, flight)) {
            connection.channel.close();
        } else if (connection.room() > 0) {
            hasRoom(connection);
        }
    }

    /// A user who had several exchanges at once comes back to the latest connection only.
    private boolean isOutOfReach(Connection connection, Flight flight) {
        return settings.reuse() == Reuse.STICKY
                && connection.isIdle()
                && !connection.equals(bySession.get(flight.exchange.session()));
    }

    @Override
    public void retired(Connection connection, boolean closedByPeer) {
        all.remove(connection);
        open.remove(connection);
        bySession.values().remove(connection);
        if (connection.equals(watched) && habit == Habit.WATCHED) {
            decide(closedByPeer ? Habit.CLOSES : Habit.UNKNOWN);
        }
    }

    @Override
    public void hasRoom(Connection connection) {
        if (settings.reuse() == Reuse.POOLED && !connection.isOpen) {
            connection.isOpen = true;
            open.addLast(connection);
        }
    }

    // Whether the endpoint keeps its connections open.

    /// The first connection to come back is watched for a while before anything is sent over it again. Until then
    /// users whose exchange has ended wait, and the wait counts as nobody's latency.
    private void watch(Connection connection) {
        if (habit == Habit.UNKNOWN && connection instanceof Http1Connection) {
            habit = Habit.WATCHED;
            watched = connection;
            watchedSinceNs = clock.nowNs();
        }
    }

    private void decide(Habit known) {
        habit = known;
        watched = null;
        if (known == Habit.CLOSES) {
            for (Connection connection : List.copyOf(open)) {
                connection.channel.close();
            }
        }
        releaseHeld();
    }

    private void releaseHeld() {
        List<Exchange> released = List.copyOf(held);
        held.clear();
        released.forEach(listener::ended);
    }

    // Ends.

    private void end(Flight flight, TransportEnd end, long atNs, long kernelAtNs) {
        if (flight.hasEnded()) {
            return;
        }
        flight.end(end, atNs, kernelAtNs);
        Flight last = flights.removeLast();
        if (last != flight) {
            flights.set(flight.index, last);
            last.index = flight.index;
        }
        if (habit == Habit.WATCHED) {
            held.add(flight.exchange);
        } else {
            listener.ended(flight.exchange);
        }
    }

    private void giveUp(Flight flight, TransportEnd end) {
        Connection connection = flight.connection;
        for (Dial dial : List.copyOf(dials)) {
            if (dial.waiting.remove(flight)) {
                dial.tell(flight);
                if (dial.waiting.isEmpty()) {
                    dials.remove(dial);
                    dial.giveUp();
                }
            }
        }
        end(flight, end, clock.nowNs(), FlightLog.NO_STAMP);
        if (connection != null) {
            connection.abandon(flight);
        }
    }

    private void lookForTimeouts(long nowNs) {
        if (nextLook >= flights.size()) {
            if (nowNs - looksBeganAtNs < TIMEOUT_GRAIN_NS) {
                return;
            }
            nextLook = 0;
            looksBeganAtNs = nowNs;
        }
        int until = Math.min(nextLook + FLIGHTS_A_TURN, flights.size());
        while (nextLook < until && nextLook < flights.size()) {
            Flight flight = flights.get(nextLook++);
            String overdue = flight.overdue(settings.timeouts(), nowNs);
            if (overdue != null) {
                giveUp(flight, new TransportEnd(TransportEnd.Kind.TIMEOUT, overdue));
            }
        }
    }
}
