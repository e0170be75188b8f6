package dev.latencylens.simulated;

import io.netty.channel.Channel;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/// What all connections of one simulated provider share. Used on the loop thread, but for the counters.
final class Server {
    private final DueHeap heap;
    private final Engine engine;
    private final TruthLog log;
    private final Routes routes;
    private final Set<Channel> channels = new LinkedHashSet<>();
    private final AtomicLong accepted = new AtomicLong();
    private final AtomicLong finished = new AtomicLong();
    private final List<Http2Connection> gathering = new ArrayList<>();
    private volatile boolean closing;
    private volatile @Nullable Throwable failure;

    Server(DueHeap heap, Engine engine, TruthLog log, Routes routes) {
        this.heap = heap;
        this.engine = engine;
        this.log = log;
        this.routes = routes;
    }

    /// Counts an accepted connection; numbers start at 1.
    long accept() {
        return accepted.incrementAndGet();
    }

    long accepted() {
        return accepted.get();
    }

    long finished() {
        return finished.get();
    }

    void opened(Channel channel) {
        channels.add(channel);
    }

    void closed(Channel channel) {
        channels.remove(channel);
    }

    /// Closes every connection, on the loop thread.
    @SuppressWarnings("FutureReturnValueIgnored") // the channel's end is seen by channelInactive
    void closeAll() {
        closing = true;
        for (Channel channel : Set.copyOf(channels)) {
            channel.close();
        }
    }

    boolean isClosing() {
        return closing;
    }

    /// The connection has answers to send at the end of this turn.
    void gather(Http2Connection connection) {
        gathering.add(connection);
    }

    /// What was due in this turn has been encoded: what was gathered leaves.
    void endTurn() {
        for (int i = 0; i < gathering.size(); i++) {
            gathering.get(i).pumpGathered();
        }
        gathering.clear();
    }

    Truth newTruth() {
        return log.next();
    }

    void finished(Truth truth) {
        finished.incrementAndGet();
        log.add(truth);
    }

    /// Starts the exchange for a request that has been read completely.
    Exchange exchange(
            Connection connection, @Nullable Http2Stream stream, Request request, byte[] body, int offset, int length) {
        Truth truth = connection.newTruth(request);
        truth.httpVersion = stream == null ? "1.1" : "2";
        Reply reply = routes.reply(request, truth, stream != null, body, offset, length);
        return new Exchange(connection, stream, heap, engine, truth, reply);
    }

    /// Remembers an error that is not the network's or the client's; the first one is thrown on close.
    void connectionFailed(Throwable cause) {
        Throwable root = cause.getCause() instanceof SSLException ? cause.getCause() : cause;
        if (!(root instanceof IOException) && failure == null) {
            failure = cause;
        }
    }

    @Nullable
    Throwable failure() {
        return failure;
    }
}
