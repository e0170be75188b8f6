package dev.latencylens.load;

import java.time.Duration;

/// A load's exchanges in their order, each with its due instant, until its number or its duration is reached.
///
/// Drawn by one thread. The duration of an open loop counts from the due instant of the first measured exchange;
/// of a closed loop, and after a warm-up that ends when it is enough, nobody knows that before, and the loop sees
/// to it. Of conversations it holds the beginnings, and the duration counts from the first.
final class Timetable {
    private final ArrivalSchedule.Due due;
    private final long begins;
    private final long requests;
    private final long warmups;
    private final long warmupNs;
    private final long durationNs;
    private long number;
    private long measured;
    private long endsAfterNs = ArrivalSchedule.NONE;

    Timetable(Load load) {
        this(load, load.endsBySchedule() ? load.warmup().mostTime().toNanos() : ArrivalSchedule.NONE);
    }

    /// @param warmupNs how long a warm-up of a time lasts
    private Timetable(Load load, long warmupNs) {
        ArrivalSchedule arrivals = load.arrivals();
        due = arrivals == null ? () -> 0 : arrivals.due();
        Load.Conversations conversations = load.conversations();
        begins = conversations == null || conversations.most() == 0 ? Long.MAX_VALUE : conversations.most();
        requests = conversations != null || load.requests() == 0 ? Long.MAX_VALUE : load.requests();
        warmups = conversations != null ? 0 : load.warmup().requests();
        this.warmupNs = warmupNs;
        Duration duration = load.duration();
        durationNs = arrivals == null || duration == null ? ArrivalSchedule.NONE : duration.toNanos();
    }

    /// How long after the start of the load the next exchange is due, or [ArrivalSchedule#NONE].
    long nextAfterNs() {
        if (measured == requests || number == begins) {
            return ArrivalSchedule.NONE;
        }
        long afterNs = due.nextAfterNs();
        if (number++ < warmups || afterNs < warmupNs) {
            return afterNs;
        }
        if (measured++ == 0) {
            long fromNs = warmupNs > 0 ? warmupNs : afterNs;
            endsAfterNs = durationNs < ArrivalSchedule.NONE - fromNs ? fromNs + durationNs : ArrivalSchedule.NONE;
        }
        return afterNs < endsAfterNs ? afterNs : ArrivalSchedule.NONE;
    }

    /// How many exchanges there are in all, where a warm-up of a time lasts for so long.
    static long count(Load load, long warmupNs) {
        var timetable = new Timetable(load, warmupNs);
        long count = 0;
        while (timetable.nextAfterNs() != ArrivalSchedule.NONE) {
            count++;
        }
        return count;
    }

    /// How many of them are no warm-up.
    static long countMeasured(Load load, long warmupNs) {
        var timetable = new Timetable(load, warmupNs);
        long count = 0;
        long measuredBefore = 0;
        while (timetable.nextAfterNs() != ArrivalSchedule.NONE) {
            count += timetable.measured - measuredBefore;
            measuredBefore = timetable.measured;
        }
        return count;
    }
}
