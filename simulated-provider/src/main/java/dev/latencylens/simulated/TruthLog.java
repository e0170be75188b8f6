package dev.latencylens.simulated;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Takes finished truths off the loop thread and writes them, on a thread of its own.
///
/// Bounded and lossless: when [#CAPACITY] truths wait to be written, the loop waits for the writer,
/// and the wait is counted. The file is flushed at least every 200 ms, and on close. If writing
/// fails, [#cut] says so at once, the error is kept for [#close], and the rest is read from the queue
/// and dropped.
final class TruthLog implements AutoCloseable {
    private static final int CAPACITY = 16_384;
    private static final long POLL_NS = 5_000_000;
    private static final long FLUSH_NS = 200_000_000;
    private static final int BUFFER_BYTES = 1 << 18;

    private final HandOver<Truth> finished = new HandOver<>(CAPACITY);
    private final HandOver<Truth> free = new HandOver<>(CAPACITY);
    private final AtomicLong waits = new AtomicLong();
    private final CompletableFuture<IOException> cut = new CompletableFuture<>();
    private final @Nullable Path path;
    private final @Nullable OutputStream file;
    private final @Nullable Consumer<TruthRecord> listener;
    private final @Nullable Thread writer;
    private volatile boolean closed;
    private volatile @Nullable IOException failure;

    TruthLog(@Nullable Path path, @Nullable Consumer<TruthRecord> listener) throws IOException {
        this.path = path;
        this.file = path == null ? null : new BufferedOutputStream(Files.newOutputStream(path), BUFFER_BYTES);
        this.listener = listener;
        this.writer = file == null && listener == null ? null : new Thread(this::writeAll, "simulated-truth-log");
        if (writer != null) {
            writer.setDaemon(true);
            writer.start();
        }
    }

    /// An empty truth, on the loop thread.
    Truth next() {
        Truth truth = free.take();
        return truth == null ? new Truth() : truth;
    }

    /// Hands over a finished truth, on the loop thread.
    void add(Truth truth) {
        if (writer == null) {
            recycle(truth);
            return;
        }
        if (finished.give(truth)) {
            return;
        }
        waits.incrementAndGet();
        while (!finished.give(truth)) {
            Thread.onSpinWait();
        }
    }

    /// How often the loop had to wait for the writer.
    long waits() {
        return waits.get();
    }

    /// Comes when the file can no longer be written, and names it.
    CompletableFuture<IOException> cut() {
        return cut;
    }

    private void fail(IOException e) {
        var told = new IOException("record '" + path + "' is cut: " + e.getMessage(), e);
        failure = told;
        cut.complete(told);
    }

    private void recycle(Truth truth) {
        if (truth.isReusable()) {
            truth.reset();
            free.give(truth);
        }
    }

    private void writeAll() {
        long flushedAtNs = TrueClock.nowNs();
        boolean dirty = false;
        while (true) {
            boolean last = closed;
            for (Truth truth = finished.take(); truth != null; truth = finished.take()) {
                write(truth);
                dirty = true;
                recycle(truth);
                flushedAtNs = flushWhenDue(flushedAtNs);
            }
            if (dirty && (last || TrueClock.nowNs() - flushedAtNs >= FLUSH_NS / 2)) {
                flushedAtNs = flushWhenDue(flushedAtNs - FLUSH_NS);
                dirty = false;
            }
            if (last) {
                return;
            }
            LockSupport.parkNanos(POLL_NS);
        }
    }

    private void write(Truth truth) {
        TruthRecord fact = truth.toRecord();
        if (listener != null) {
            listener.accept(fact);
        }
        if (file == null || failure != null) {
            return;
        }
        try {
            file.write(fact.toJson());
            file.write('\n');
        } catch (IOException e) {
            fail(e);
        }
    }

    private long flushWhenDue(long flushedAtNs) {
        long nowNs = TrueClock.nowNs();
        if (nowNs - flushedAtNs < FLUSH_NS) {
            return flushedAtNs;
        }
        if (file != null && failure == null) {
            try {
                file.flush();
            } catch (IOException e) {
                fail(e);
            }
        }
        return nowNs;
    }

    /// Writes what is left; called when the loop has ended. Throws what went wrong while writing.
    @Override
    public void close() throws IOException {
        closed = true;
        if (writer != null) {
            LockSupport.unpark(writer);
            boolean interrupted = false;
            while (writer.isAlive()) {
                try {
                    writer.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
        if (file != null) {
            try (file) {
                if (failure != null) {
                    throw failure;
                }
            }
        }
    }
}
