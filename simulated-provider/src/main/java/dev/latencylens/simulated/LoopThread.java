package dev.latencylens.simulated;

import io.netty.channel.IoHandlerFactory;
import io.netty.channel.ManualIoEventLoop;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.io.IOException;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// The one thread that does everything: sends what is due, then polls the sockets.
///
/// Without spin it sleeps in epoll until the next due instant (epoll_pwait2 where the kernel has it)
/// with a timer slack of 1 ns; with spin it never sleeps. Under load it looks at the sockets at
/// least once every [#DUE_SLICE_NS].
///
/// What is sent after a rest finds a cold way into the kernel, some microseconds behind the instant that the
/// record tells. A thread that spins, or has CPUs of its own, wakes a little earlier and rehearses first
/// ([Rests]), and has done so at its start until that way is compiled.
final class LoopThread implements Runnable {
    /// Longest time spent on due entries before the sockets are polled.
    private static final long DUE_SLICE_NS = 500_000;
    /// Longest sleep; the loop is woken for everything else.
    private static final long LONGEST_SLEEP_NS = 1_000_000_000;
    /// NIO sleeps in whole milliseconds, so the rest of a wait is polled.
    private static final long NIO_POLLED_NS = 2_000_000;

    private final DueHeap heap = new DueHeap();
    private final Set<Integer> cpus;
    private final boolean spin;
    private final boolean epoll = Epoll.isAvailable();
    private final ManualIoEventLoop events;
    private final Thread thread;
    private final CountDownLatch ready = new CountDownLatch(1);
    private Runnable atEndOfTurn = () -> {};
    /// Null until the thread runs, and where others may want the CPU.
    private @Nullable Rehearsal rehearsal;
    private @Nullable Rests rests;

    private volatile @Nullable IllegalArgumentException misplaced;
    private volatile @Nullable IOException unrehearsed;
    private volatile @Nullable Throwable failure;

    LoopThread(Set<Integer> cpus, boolean spin) {
        this.cpus = Set.copyOf(cpus);
        this.spin = spin;
        this.thread = new Thread(this, "simulated-provider");
        IoHandlerFactory io = epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
        this.events = new ManualIoEventLoop(thread, io);
    }

    /// Returns when the thread is placed and has rehearsed.
    ///
    /// @throws IllegalArgumentException where it may not run on those CPUs
    /// @throws IOException where it cannot reach its own process
    void start() throws IOException {
        thread.start();
        boolean interrupted = false;
        while (true) {
            try {
                ready.await();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        IllegalArgumentException wrong = misplaced;
        if (wrong != null) {
            stop();
            throw wrong;
        }
        IOException cut = unrehearsed;
        if (cut != null) {
            stop();
            throw cut;
        }
    }

    ManualIoEventLoop events() {
        return events;
    }

    private Class<? extends SocketChannel> clientChannel() {
        return epoll ? EpollSocketChannel.class : NioSocketChannel.class;
    }

    Class<? extends ServerSocketChannel> serverChannel() {
        return epoll ? EpollServerSocketChannel.class : NioServerSocketChannel.class;
    }

    DueHeap heap() {
        return heap;
    }

    /// What to do when entries that were due have been dealt with. Call it before anything is due.
    void atEndOfTurn(Runnable duty) {
        events.execute(() -> atEndOfTurn = duty);
    }

    /// What it has sent to itself and read. Read it after the thread has ended.
    long rehearsedBytes() {
        return rehearsal == null ? 0 : rehearsal.readBytes();
    }

    /// What ended the thread before its time, if anything did.
    @Nullable
    Throwable failure() {
        return failure;
    }

    @Override
    public void run() {
        prepare();
        try {
            loop();
        } catch (RuntimeException | Error e) {
            failure = e;
            throw e;
        } finally {
            if (rehearsal != null) {
                rehearsal.close();
            }
        }
    }

    private void prepare() {
        try {
            if (!cpus.isEmpty()) {
                ThreadPlacement.pin(cpus);
            }
            ThreadPlacement.leastTimerSlack();
            if (spin || !cpus.isEmpty()) {
                rehearsal = Rehearsal.open(events, clientChannel());
                rehearsal.compile();
                rests = new Rests(rehearsal::run);
            }
        } catch (IllegalArgumentException e) {
            misplaced = e;
        } catch (IOException e) {
            unrehearsed = e;
        } finally {
            ready.countDown();
        }
    }

    private void loop() {
        while (!events.isTerminated()) {
            long nowNs = fireDue();
            long waitNs = heap.nextDueAtNs() - nowNs;
            if (heap.isEmpty()) {
                waitNs = LONGEST_SLEEP_NS;
            } else if (rests != null) {
                waitNs = rests.nextNs(heap.nextDueAtNs(), waitNs);
            }
            if (spin || waitNs <= 0 || (!epoll && waitNs < NIO_POLLED_NS)) {
                events.runNow(DUE_SLICE_NS);
            } else {
                long sleepNs = epoll ? waitNs : waitNs - NIO_POLLED_NS / 2;
                events.run(Math.min(sleepNs, LONGEST_SLEEP_NS), DUE_SLICE_NS);
            }
        }
    }

    private long fireDue() {
        long startNs = TrueClock.nowNs();
        long nowNs = startNs;
        for (var entry = heap.takeDue(nowNs); entry != null; entry = heap.takeDue(nowNs)) {
            entry.due(nowNs);
            nowNs = TrueClock.nowNs();
            if (nowNs - startNs >= DUE_SLICE_NS) {
                break;
            }
        }
        atEndOfTurn.run();
        return nowNs;
    }

    /// Runs a last task on the loop and waits for it, unless the loop has failed and runs nothing any more.
    void finish(Runnable last) {
        CountDownLatch done = new CountDownLatch(1);
        events.execute(() -> {
            try {
                last.run();
            } finally {
                done.countDown();
            }
        });
        boolean interrupted = false;
        while (done.getCount() > 0 && thread.isAlive()) {
            try {
                done.await(10, TimeUnit.MILLISECONDS);
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /// Ends the loop once all channels are closed, and waits for it.
    @SuppressWarnings("FutureReturnValueIgnored") // the end of the thread is what is waited for
    void stop() {
        events.shutdownGracefully(0, 1, TimeUnit.SECONDS);
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
