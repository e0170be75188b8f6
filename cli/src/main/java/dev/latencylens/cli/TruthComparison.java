package dev.latencylens.cli;

import dev.latencylens.simulated.ChunkKind;
import dev.latencylens.simulated.TruthRecord;
import dev.latencylens.stats.Distribution;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A run laid over the simulator's record of the same requests, matched by id.
///
/// @param matched requests in both, those for warm-up included
/// @param warmups those of them whose counts were compared and whose errors are left out
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
        long chunks,
        long coalesced,
        Distribution ttftErrorNs,
        Distribution arrivalErrorNs,
        Distribution aloneErrorNs,
        Distribution readErrorNs,
        Distribution gapErrorNs,
        List<String> mismatches) {

    static TruthComparison of(Path run, Path exchanges, Path record) throws IOException {
        JsonMapper mapper = JsonMapper.shared();
        long startNs = mapper.readTree(Files.readString(run))
                .at("/clock/monotonicStartNs")
                .asLong();
        Map<String, TruthRecord> truths = new HashMap<>();
        for (TruthRecord truth : TruthRecord.readAll(record)) {
            truths.put(truth.id(), truth);
        }
        var matching = new Matching(startNs);
        try (var lines = Files.lines(exchanges)) {
            lines.forEach(line -> {
                JsonNode exchange = mapper.readTree(line);
                matching.add(exchange, truths.remove(exchange.path("id").asString()));
            });
        }
        return matching.result(truths.size());
    }

    private static final class Matching {
        private final long startNs;
        private long matched;
        private long warmups;
        private long onlyInRun;
        private long chunks;
        private long coalesced;
        private final Distribution ttftErrorNs = new Distribution();
        private final Distribution arrivalErrorNs = new Distribution();
        private final Distribution aloneErrorNs = new Distribution();
        private final Distribution readErrorNs = new Distribution();
        private final Distribution gapErrorNs = new Distribution();
        private final List<String> mismatches = new ArrayList<>();

        Matching(long startNs) {
            this.startNs = startNs;
        }

        void add(JsonNode exchange, @Nullable TruthRecord truth) {
            if (truth == null) {
                onlyInRun++;
                return;
            }
            matched++;
            int[] output = outputOf(truth.chunks());
            int[] measured = eventsOf(exchange.at("/chunks/bytes"));
            String outcome = exchange.path("outcome").asString();
            boolean answered = outcome.equals("completed") || outcome.equals("unterminated");
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

        TruthComparison result(int onlyInRecord) {
            return new TruthComparison(
                    matched,
                    warmups,
                    onlyInRun,
                    onlyInRecord,
                    chunks,
                    coalesced,
                    ttftErrorNs,
                    arrivalErrorNs,
                    aloneErrorNs,
                    readErrorNs,
                    gapErrorNs,
                    List.copyOf(mismatches));
        }

        private void errors(JsonNode exchange, TruthRecord truth, int[] output, int[] measured) {
            JsonNode atNs = exchange.at("/chunks/atNs");
            JsonNode userAtNs = exchange.at("/chunks/userAtNs");
            JsonNode shared = exchange.at("/chunks/coalesced");
            chunks += measured.length;
            long earlierErrorNs = 0;
            for (int i = 0; i < measured.length; i++) {
                int chunk = measured[i];
                long errorNs = startNs + atNs.get(chunk).asLong() - truth.chunkAtNs(output[i]);
                arrivalErrorNs.record(errorNs);
                if (!shared.get(chunk).asBoolean() && !shared.path(chunk + 1).asBoolean()) {
                    aloneErrorNs.record(errorNs);
                }
                readErrorNs.record(startNs + userAtNs.get(chunk).asLong() - truth.chunkAtNs(output[i]));
                if (i == 0) {
                    ttftErrorNs.record(startNs + exchange.path("firstTokenAtNs").asLong() - truth.chunkAtNs(output[0]));
                } else if (shared.get(chunk).asBoolean()) {
                    coalesced++;
                } else {
                    gapErrorNs.record(Math.abs(errorNs - earlierErrorNs));
                }
                earlierErrorNs = errorNs;
            }
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
