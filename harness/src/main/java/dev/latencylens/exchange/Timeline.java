package dev.latencylens.exchange;

import java.util.Arrays;
import java.util.OptionalLong;

/// The moments of one exchange and the arrival of each of its chunks.
///
/// Instants are on CLOCK_MONOTONIC; one that did not happen is absent.
public final class Timeline {
    private final long[] atNs = new long[Moment.count()];
    private final Chunks chunks = new Chunks();

    Timeline() {
        Arrays.fill(atNs, FlightLog.NO_STAMP);
    }

    void set(Moment moment, long instantAtNs) {
        atNs[moment.ordinal()] = instantAtNs;
    }

    void setIfAbsent(Moment moment, long instantAtNs) {
        if (!has(moment)) {
            set(moment, instantAtNs);
        }
    }

    public boolean has(Moment moment) {
        return atNs[moment.ordinal()] != FlightLog.NO_STAMP;
    }

    public OptionalLong atNs(Moment moment) {
        return has(moment) ? OptionalLong.of(atNs[moment.ordinal()]) : OptionalLong.empty();
    }

    /// How long after the one the other came; absent unless both happened. May be negative, and is then a finding.
    public OptionalLong betweenNs(Moment from, Moment to) {
        return has(from) && has(to) ? OptionalLong.of(atNs[to.ordinal()] - atNs[from.ordinal()]) : OptionalLong.empty();
    }

    public Chunks chunks() {
        return chunks;
    }
}
