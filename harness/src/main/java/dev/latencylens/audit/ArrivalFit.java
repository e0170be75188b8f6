package dev.latencylens.audit;

import dev.latencylens.load.ArrivalSchedule;
import dev.latencylens.load.Gaps;
import dev.latencylens.load.Load;
import dev.latencylens.stats.AndersonDarling;
import dev.latencylens.stats.Summary;
import java.util.Optional;
import java.util.stream.DoubleStream;

/// Whether requests were truly sent at gaps of the random pattern that was asked for.
public final class ArrivalFit {
    private ArrivalFit() {}

    /// Tests the gaps between actual sends, each counted in mean gaps at the rate of its moment. Absent where gaps
    /// are not drawn at random, and where there are none.
    ///
    /// @param loadStartedAtNs where the schedule counts from
    public static Optional<AndersonDarling> of(Load load, Summary summary, long loadStartedAtNs) {
        if (!(load.arrivals() instanceof ArrivalSchedule.Paced(var course, Gaps.Random random))) {
            return Optional.empty();
        }
        var shares = DoubleStream.builder();
        summary.sends().gaps((fromAtNs, toAtNs) -> {
            // Threads may pass each other by microseconds.
            double gap =
                    Math.abs(course.expected(toAtNs - loadStartedAtNs) - course.expected(fromAtNs - loadStartedAtNs));
            shares.add(random.cdf(gap));
        });
        double[] all = shares.build().toArray();
        return all.length == 0 ? Optional.empty() : Optional.of(AndersonDarling.of(all));
    }
}
