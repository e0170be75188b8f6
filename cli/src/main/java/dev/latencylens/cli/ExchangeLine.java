package dev.latencylens.cli;

import dev.latencylens.exchange.ChunkKind;
import dev.latencylens.exchange.Moment;
import dev.latencylens.exchange.Outcome;
import dev.latencylens.stats.Metric;
import java.util.Arrays;
import java.util.stream.LongStream;
import tools.jackson.databind.JsonNode;

/// A line of `exchanges.jsonl`, and what each metric makes of it: by the same formulas as
/// [dev.latencylens.stats.Summary], but with the values of one request kept together.
record ExchangeLine(JsonNode json, boolean isCut) {
    private static final long[] NONE = {};

    /// Whether it is in no figure.
    boolean isWarmup() {
        return isCut || json.path("warmup").asBoolean(false);
    }

    /// Whether it is not the first attempt of its request. Every request has one first attempt, and at most one
    /// that was answered.
    boolean isRetry() {
        return json.path("attempt").asInt(1) > 1;
    }

    /// The number of the conversation that it is a turn of, -1 where it stands for itself.
    long conversation() {
        return json.path("conversation").asLong(-1);
    }

    boolean isAnswered() {
        String outcome = json.path("outcome").asString("");
        return outcome.equals("completed") || outcome.equals("unterminated");
    }

    /// At most one attempt of a request was, its last.
    boolean isCancelled() {
        return json.path("outcome").asString("").equals(Outcome.Kind.CANCELLED.label());
    }

    boolean has(Moment moment) {
        return json.has(moment.label() + "AtNs");
    }

    long atNs(Moment moment) {
        return json.path(moment.label() + "AtNs").asLong();
    }

    /// By usage, else what is known of its chunks, else one for each.
    long outputTokens() {
        JsonNode said = json.at("/usage/output_total");
        return said.isNumber()
                ? said.asLong()
                : LongStream.range(0, chunks()).map(i -> tokensOf((int) i)).sum();
    }

    int chunks() {
        return json.at("/chunks/atNs").size();
    }

    long chunkAtNs(int index) {
        return json.at("/chunks/atNs").get(index).asLong();
    }

    boolean isCoalesced(int index) {
        return json.at("/chunks/coalesced").get(index).asBoolean();
    }

    /// In the order in which they came; none where the metric says nothing of this exchange.
    long[] values(Metric metric) {
        Moment from = metric.from();
        Moment to = metric.to();
        if (isRetry() && metric.isOfFirstAttempts()) {
            return NONE;
        }
        if (from != null && to != null) {
            return has(from) && has(to) ? new long[] {atNs(to) - atNs(from)} : NONE;
        }
        return switch (metric) {
            case THROTTLE ->
                json.has("throttleNs") ? new long[] {json.path("throttleNs").asLong()} : NONE;
            case ICL -> gaps();
            case ICL_PER_REQUEST -> meanGap();
            case ITL -> gapsPerToken();
            case TPOT -> timePerToken();
            default -> NONE;
        };
    }

    private long[] gaps() {
        JsonNode atNs = json.at("/chunks/atNs");
        JsonNode coalesced = json.at("/chunks/coalesced");
        long[] gaps = new long[atNs.size()];
        int count = 0;
        for (int i = 1; i < atNs.size(); i++) {
            if (!coalesced.get(i).asBoolean()) {
                gaps[count++] = atNs.get(i).asLong() - atNs.get(i - 1).asLong();
            }
        }
        return Arrays.copyOf(gaps, count);
    }

    private long[] meanGap() {
        int gaps = gaps().length;
        return gaps == 0 ? NONE : new long[] {(chunkAtNs(chunks() - 1) - chunkAtNs(0)) / gaps};
    }

    /// Each as often as it has tokens; a gap whose read ended no token belongs to the next.
    private long[] gapsPerToken() {
        JsonNode tokens = json.at("/chunks/tokens");
        for (JsonNode known : tokens) {
            if (known.isNull()) {
                return NONE;
            }
        }
        var values = LongStream.builder();
        long sinceNs = 0;
        for (int i = 1; i < chunks(); i++) {
            if (isCoalesced(i)) {
                continue;
            }
            sinceNs += chunkAtNs(i) - chunkAtNs(i - 1);
            long ofRead = tokens.get(i).asLong();
            for (int same = i + 1; same < chunks() && isCoalesced(same); same++) {
                ofRead += tokens.get(same).asLong();
            }
            for (long token = 0; token < ofRead; token++) {
                values.add(sinceNs / ofRead);
            }
            sinceNs = ofRead == 0 ? sinceNs : 0;
        }
        return values.build().toArray();
    }

    private long[] timePerToken() {
        if (!has(Moment.FIRST_TOKEN) || !has(Moment.LAST_TOKEN) || chunks() == 0) {
            return NONE;
        }
        long streamedNs = atNs(Moment.LAST_TOKEN) - atNs(Moment.FIRST_TOKEN);
        int choices = Math.max(1, json.path("finishReasons").size());
        double laterTokens = (double) (outputTokens() - hiddenReasoning()) / choices - tokensOf(0);
        return streamedNs == 0 || laterTokens <= 0 ? NONE : new long[] {Math.round(streamedNs / laterTokens)};
    }

    private long hiddenReasoning() {
        boolean shown = json.at("/chunks/kind")
                .valueStream()
                .anyMatch(kind -> kind.asString("").equals(ChunkKind.REASONING.label()));
        return shown ? 0 : json.at("/usage/reasoning").asLong(0);
    }

    boolean isToolCall(int chunk) {
        return json.at("/chunks/kind").path(chunk).asString("").equals(ChunkKind.TOOL.label());
    }

    /// One where nobody knows.
    long tokensOf(int chunk) {
        return json.at("/chunks/tokens").path(chunk).asLong(1);
    }
}
