package dev.latencylens.load;

import java.time.Duration;

/// A load's exchanges in their order, each with its due instant, until its number or its duration is reached.
///
/// Drawn by one thread. The duration of an open loop counts from the due instant of the first measured exchange;
/// of a closed loop nobody knows that before, and the loop sees to it. Of conversations it holds the beginnings,
/// and the duration counts from the first.
final class Timetable {
    private final ArrivalSchedule.Due due;
    private final long exchanges;
    private final long warmups;
    private final long durationNs;
    private long number;
    private long endsAfterNs = ArrivalSchedule.NONE;

    Timetable(Load load) {
        ArrivalSchedule arrivals = load.arrivals();
        due = arrivals == null ? () -> 0 : arrivals.due();
        Load.Conversations conversations = load.conversations();
        long most = conversations != null
                ? conversations.most()
                : load.requests() == 0 ? 0 : load.warmupRequests() + load.requests();
        exchanges = most == 0 ? Long.MAX_VALUE : most;
        warmups = conversations != null ? 0 : load.warmupRequests();
        Duration duration = load.duration();
        durationNs = arrivals == null || duration == null ? ArrivalSchedule.NONE : duration.toNanos();
    }

    /// How long after the start of the load the next exchange is due, or [ArrivalSchedule#NONE].
    long nextAfterNs() {
        if (number == exchanges) {
            return ArrivalSchedule.NONE;
        }
        long afterNs = due.nextAfterNs();
        if (number == warmups && durationNs < ArrivalSchedule.NONE - afterNs) {
            endsAfterNs = afterNs + durationNs;
        }
        number++;
        return afterNs < endsAfterNs ? afterNs : ArrivalSchedule.NONE;
    }

    /// How many exchanges there are in all, by drawing what is left of them.
    static long count(Load load) {
        var timetable = new Timetable(load);
        long count = 0;
        while (timetable.nextAfterNs() != ArrivalSchedule.NONE) {
            count++;
        }
        return count;
    }
}
