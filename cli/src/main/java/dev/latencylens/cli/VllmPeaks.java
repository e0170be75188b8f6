package dev.latencylens.cli;

import dev.latencylens.exchange.Moment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;

/// The two peaks that vLLM tells of the answered requests: events in one of the seconds counted from the first
/// start, and requests at once, each from its start to its last token.
record VllmPeaks(long eventsInASecond, long requestsAtOnce) {
    private static final long NS_PER_SECOND = 1_000_000_000;

    static VllmPeaks of(Path folder, long firstStartAtNs) {
        Map<Long, Long> events = new HashMap<>();
        var edges = new ArrayList<long[]>();
        RunSamples.exchanges(folder, exchange -> {
            if (exchange.isWarmup() || !exchange.isAnswered() || !exchange.has(Moment.FIRST_TOKEN)) {
                return;
            }
            if (exchange.atNs(Moment.FIRST_CHUNK) < exchange.chunkAtNs(0)) {
                count(events, exchange.atNs(Moment.FIRST_CHUNK) - firstStartAtNs);
            }
            for (int i = 0; i < exchange.chunks(); i++) {
                count(events, exchange.chunkAtNs(i) - firstStartAtNs);
            }
            edges.add(new long[] {exchange.atNs(Moment.STARTED), 1});
            edges.add(new long[] {exchange.atNs(Moment.LAST_TOKEN), -1});
        });
        return new VllmPeaks(
                events.values().stream().mapToLong(Long::longValue).max().orElse(0), atOnce(edges));
    }

    private static void count(Map<Long, Long> events, long sinceNs) {
        events.merge(sinceNs / NS_PER_SECOND, 1L, Long::sum);
    }

    /// One that ends at an instant makes room for one that starts at it.
    private static long atOnce(ArrayList<long[]> edges) {
        edges.sort(Comparator.<long[]>comparingLong(edge -> edge[0]).thenComparingLong(edge -> edge[1]));
        long now = 0;
        long most = 0;
        for (long[] edge : edges) {
            now += edge[1];
            most = Math.max(most, now);
        }
        return most;
    }
}
