package dev.latencylens.cli;

import dev.latencylens.simulated.ChunkKind;
import dev.latencylens.simulated.TruthRecord;
import dev.latencylens.stats.Distribution;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A run laid over the simulator's record of the same requests, matched by id.
///
/// @param matched requests in both, those for warm-up included
/// @param warmups those of them whose counts were compared and whose errors are left out
/// @param lostChunks output chunks of answered requests that were written and not measured, or the other way
/// round
/// @param chunks measured chunks that the errors are told of
/// @param coalesced measured chunks that came in one read with the one before
/// @param ttftErrorNs measured firstToken - true write instant of the first output chunk
/// @param arrivalErrorNs the same for every output chunk
/// @param aloneErrorNs the same for the chunks that shared their read with no other, so that their stamp is theirs
/// @param readErrorNs how much later than the write the read call that brought the chunk had returned
/// @param gapErrorNs how far each measured gap is from the true one, either way
/// @param mismatches what the run and the record do not agree on
record TruthComparison(
        long matched,
        long warmups,
        long onlyInRun,
        long onlyInRecord,
        long lostChunks,
        long chunks,
        long coalesced,
        Distribution ttftErrorNs,
        Distribution arrivalErrorNs,
        Distribution aloneErrorNs,
        Distribution readErrorNs,
        Distribution gapErrorNs,
        List<String> mismatches) {

    /// @param startNs what the instants of the exchanges count from
    /// @param exchanges the lines of `exchanges.jsonl`
    /// @throws JacksonException at a line that is none
    static TruthComparison of(long startNs, Stream<String> exchanges, List<TruthRecord> record) {
        Map<String, TruthRecord> truths = new HashMap<>();
        record.forEach(truth -> truths.put(truth.id(), truth));
        var matching = new Matching(startNs);
        exchanges.forEach(line -> {
            JsonNode exchange = JsonMapper.shared().readTree(line);
            matching.add(exchange, truths.remove(exchange.required("id").asString()));
        });
        return matching.result(truths.values());
    }

    private static final class Matching {
        private final long startNs;
        private long matched;
        private long warmups;
        private long onlyInRun;
        private long lostChunks;
        private long chunks;
        private long coalesced;
        private final Distribution ttftErrorNs = new Distribution();
        private final Distribution arrivalErrorNs = new Distribution();
        /// Of every chunk, in one order: the instant of its read, and its error.
        private final LongStream.Builder readAtNs = LongStream.builder();

        private final LongStream.Builder errorNs = LongStream.builder();
        private final Distribution readErrorNs = new Distribution();
        private final Distribution gapErrorNs = new Distribution();
        private final List<String> mismatches = new ArrayList<>();

        Matching(long startNs) {
            this.startNs = startNs;
        }

        void add(JsonNode exchange, @Nullable TruthRecord truth) {
            if (truth == null) {
                onlyInRun++;
                lostChunks += eventsOf(exchange.at("/chunks/bytes")).length;
                return;
            }
            matched++;
            int[] output = outputOf(truth.chunks());
            int[] measured = eventsOf(exchange.at("/chunks/bytes"));
            String outcome = exchange.path("outcome").asString();
            boolean answered = outcome.equals("completed") || outcome.equals("unterminated");
            lostChunks += answered ? Math.abs(output.length - measured.length) : 0;
            if (answered ? measured.length != output.length : measured.length > output.length) {
                mismatches.add(truth.id() + " (" + outcome + "): " + measured.length + " chunks measured, "
                        + output.length + " written");
                return;
            }
            JsonNode tokens = exchange.at("/usage/output_total");
            if (answered && tokens.isNumber() && tokens.asLong() != truth.completionTokens()) {
                mismatches.add(truth.id() + ": " + tokens.asLong() + " tokens measured, " + truth.completionTokens()
                        + " written");
            }
            if (exchange.path("warmup").asBoolean()) {
                warmups++;
            } else {
                errors(exchange, truth, output, measured);
            }
        }

        TruthComparison result(Collection<TruthRecord> onlyInRecord) {
            long neverSeen = onlyInRecord.stream()
                    .mapToLong(truth -> outputOf(truth.chunks()).length)
                    .sum();
            return new TruthComparison(
                    matched,
                    warmups,
                    onlyInRun,
                    onlyInRecord.size(),
                    lostChunks + neverSeen,
                    chunks,
                    coalesced,
                    ttftErrorNs,
                    arrivalErrorNs,
                    ofThoseAlone(),
                    readErrorNs,
                    gapErrorNs,
                    List.copyOf(mismatches));
        }

        private void errors(JsonNode exchange, TruthRecord truth, int[] output, int[] measured) {
            JsonNode atNs = exchange.at("/chunks/atNs");
            JsonNode userAtNs = exchange.at("/chunks/userAtNs");
            JsonNode coalescing = exchange.at("/chunks/coalesced");
            chunks += measured.length;
            long earlierErrorNs = 0;
            for (int i = 0; i < measured.length; i++) {
                int chunk = measured[i];
                long chunkErrorNs = startNs + atNs.required(chunk).asLong() - truth.chunkAtNs(output[i]);
                arrivalErrorNs.record(chunkErrorNs);
                readAtNs.add(userAtNs.required(chunk).asLong());
                errorNs.add(chunkErrorNs);
                readErrorNs.record(startNs + userAtNs.get(chunk).asLong() - truth.chunkAtNs(output[i]));
                if (i == 0) {
                    ttftErrorNs.record(startNs + exchange.path("firstTokenAtNs").asLong() - truth.chunkAtNs(output[0]));
                } else if (coalescing.required(chunk).asBoolean()) {
                    coalesced++;
                } else {
                    gapErrorNs.record(Math.abs(chunkErrorNs - earlierErrorNs));
                }
                earlierErrorNs = chunkErrorNs;
            }
        }

        /// The errors of chunks whose read brought no other, of this answer or, as over HTTP/2, of another one. A
        /// read is known by its instant.
        private Distribution ofThoseAlone() {
            long[] reads = readAtNs.build().toArray();
            long[] errors = errorNs.build().toArray();
            long[] inOrder = reads.clone();
            Arrays.sort(inOrder);
            var alone = new Distribution();
            for (int i = 0; i < reads.length; i++) {
                int at = Arrays.binarySearch(inOrder, reads[i]);
                boolean before = at > 0 && inOrder[at - 1] == reads[i];
                boolean after = at + 1 < inOrder.length && inOrder[at + 1] == reads[i];
                if (!before && !after) {
                    alone.record(errors[i]);
                }
            }
            return alone;
        }

        /// Indices of the chunks that are the first of their event: the record knows events, and a tool call that
        /// comes whole is two chunks, its name and its arguments.
        private static int[] eventsOf(JsonNode bytes) {
            return IntStream.range(0, bytes.size())
                    .filter(i -> bytes.get(i).asInt() > 0)
                    .toArray();
        }

        /// Indices of the events that hold model output.
        private static int[] outputOf(TruthRecord.Chunks events) {
            var indices = new ArrayList<Integer>();
            for (int i = 0; i < events.kind().length; i++) {
                ChunkKind kind = events.kind()[i];
                if (kind == ChunkKind.TEXT || kind == ChunkKind.REASONING || kind == ChunkKind.TOOL) {
                    indices.add(i);
                }
            }
            return indices.stream().mapToInt(Integer::intValue).toArray();
        }
    }
}
