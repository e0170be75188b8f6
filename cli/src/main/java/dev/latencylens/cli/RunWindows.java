package dev.latencylens.cli;

import dev.latencylens.exchange.Moment;

/// What the rates of a run are reckoned over: each tool has a window of its own. Times are those of measured
/// requests.
///
/// @param firstStartAtNs of an answered request
/// @param wholeNs from the first start to the last end
/// @param answeredNs from the first start of an answered request to the last token
/// @param tokensNs from the first token of any request to the last
/// @param dueNs from when the first was due to the end of the one that was due last
record RunWindows(
        long answered,
        long outputTokens,
        long firstStartAtNs,
        long wholeNs,
        long answeredNs,
        long tokensNs,
        long dueNs) {
    /// Collects the edges, one exchange after the other, in any order.
    static final class Edges {
        private long firstStartAtNs = Long.MAX_VALUE;
        private long firstTokenAtNs = Long.MAX_VALUE;
        private long lastTokenAtNs = Long.MIN_VALUE;
        private long firstDueAtNs = Long.MAX_VALUE;
        private long lastDueAtNs = Long.MIN_VALUE;
        private long lastDueEndAtNs;

        void answered(ExchangeLine exchange) {
            firstStartAtNs = Math.min(firstStartAtNs, exchange.atNs(Moment.STARTED));
            if (exchange.has(Moment.FIRST_TOKEN)) {
                firstTokenAtNs = Math.min(firstTokenAtNs, exchange.atNs(Moment.FIRST_TOKEN));
                lastTokenAtNs = Math.max(lastTokenAtNs, exchange.atNs(Moment.LAST_TOKEN));
            }
            if (exchange.has(Moment.INTENDED)) {
                long dueAtNs = exchange.atNs(Moment.INTENDED);
                firstDueAtNs = Math.min(firstDueAtNs, dueAtNs);
                if (dueAtNs >= lastDueAtNs) {
                    lastDueAtNs = dueAtNs;
                    lastDueEndAtNs = exchange.atNs(Moment.RESPONSE_END);
                }
            }
        }

        RunWindows windows(RunSamples run) {
            boolean tokens = lastTokenAtNs > Long.MIN_VALUE;
            return new RunWindows(
                    run.answered(),
                    run.outputTokens(),
                    firstStartAtNs,
                    run.run().at("/summary/windowNs").asLong(0),
                    tokens ? lastTokenAtNs - firstStartAtNs : 0,
                    tokens ? lastTokenAtNs - firstTokenAtNs : 0,
                    lastDueAtNs > Long.MIN_VALUE ? lastDueEndAtNs - firstDueAtNs : 0);
        }
    }
}
