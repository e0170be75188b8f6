package dev.latencylens.simulated;

import java.util.ArrayDeque;

/// What the answers of one provider share: the places of the batch, the line before it, first come, first served,
/// and the tokens that all of them get in a second. Used on the loop thread.
///
/// It reckons with the instants at which events are due, not with those of their writes: a place is free when the
/// last token was due, and the next answer begins at that very instant. So what is measured of it is known in
/// advance, however late this thread or the client is.
final class Engine {
    private static final double NANOS_PER_SECOND = 1e9;

    /// Where an exchange stands.
    enum Place {
        NONE,
        WAITING,
        RUNNING
    }

    private final Capacity capacity;
    private final double nsPerToken;
    private final ArrayDeque<Exchange> waiting = new ArrayDeque<>();
    private int running;
    private long nextTokenAtNs;

    Engine(Capacity capacity) {
        this.capacity = capacity;
        this.nsPerToken = capacity.tokensPerSecond() == 0 ? 0 : NANOS_PER_SECOND / capacity.tokensPerSecond();
    }

    /// Whether a request that comes now would find neither a place nor room in the line.
    boolean refuses() {
        return isBusy() && capacity.maxWaiting() >= 0 && waiting.size() >= capacity.maxWaiting();
    }

    int refusal() {
        return capacity.refusal();
    }

    private boolean isBusy() {
        return capacity.maxNumSeqs() > 0 && running >= capacity.maxNumSeqs();
    }

    /// Gives a place, or puts into the line, from which [Exchange#begin(long)] will be called; false then.
    boolean takes(Exchange exchange) {
        if (isBusy()) {
            exchange.place = Place.WAITING;
            waiting.add(exchange);
            return false;
        }
        exchange.place = Place.RUNNING;
        running++;
        return true;
    }

    /// The exchange needs its place no longer, whichever it had; the next one in line begins.
    void leave(Exchange exchange, long atNs) {
        Place left = exchange.place;
        exchange.place = Place.NONE;
        switch (left) {
            case NONE -> {}
            case WAITING -> waiting.remove(exchange);
            case RUNNING -> {
                Exchange next = waiting.poll();
                if (next == null) {
                    running--;
                } else {
                    next.place = Place.RUNNING;
                    next.begin(atNs);
                }
            }
        }
    }

    /// Whether tokens have to be asked for.
    boolean isShared() {
        return nsPerToken > 0;
    }

    /// When a chunk of so many tokens can leave that is wanted at `atNs`: at once, or when those that were wanted
    /// before it have had their time. To be asked in the order of `atNs`.
    long tokensAtNs(long atNs, int tokens) {
        long turnNs = Math.max(nextTokenAtNs, atNs);
        nextTokenAtNs = turnNs + Math.round(tokens * nsPerToken);
        return turnNs;
    }
}
