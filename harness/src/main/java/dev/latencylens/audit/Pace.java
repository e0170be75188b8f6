package dev.latencylens.audit;

import dev.latencylens.load.ArrivalSchedule;
import dev.latencylens.load.Gaps;
import dev.latencylens.load.Load;
import dev.latencylens.stats.Summary;
import java.util.Optional;
import java.util.OptionalDouble;

/// What an open loop's schedule asked for on average.
///
/// A rate that was drawn at random, or that changes, is what the schedule's own instants came to: of a Poisson
/// process nobody may expect the nominal one.
///
/// @param perSecond requests per second
/// @param gapNs between two requests, or between two bursts, as nothing in a burst can be at once
record Pace(double perSecond, double gapNs) {
    /// Absent for a closed loop, and where all was due at once.
    static Optional<Pace> asked(Load load, Summary summary) {
        OptionalDouble planned = summary.sends().plannedPerSecond();
        return switch (load.arrivals()) {
            case ArrivalSchedule.Paced(var course, Gaps.Equal _)
            when course.only().isPresent() -> course.only().map(rate -> new Pace(rate, 1e9 / rate));
            case ArrivalSchedule.Bursts bursts ->
                planned.stream()
                        .mapToObj(rate -> new Pace(rate, bursts.every().toNanos()))
                        .findFirst();
            case ArrivalSchedule.Paced _, ArrivalSchedule.Replayed _ ->
                planned.stream().mapToObj(rate -> new Pace(rate, 1e9 / rate)).findFirst();
            case null -> Optional.empty();
        };
    }

    /// How many requests were started per second, or conversations where they make up the load; absent where they
    /// were fewer than that, or all at once.
    static OptionalDouble reached(Load load, Summary summary, long fewestRequests) {
        if (load.conversations() != null) {
            return summary.sends().count() >= fewestRequests ? summary.sends().sentPerSecond() : OptionalDouble.empty();
        }
        return summary.window().stream()
                .filter(window ->
                        summary.measured() >= fewestRequests && window.lastStartedAtNs() != window.startedAtNs())
                .mapToDouble(
                        window -> (summary.measured() - 1) * 1e9 / (window.lastStartedAtNs() - window.startedAtNs()))
                .findFirst();
    }
}
