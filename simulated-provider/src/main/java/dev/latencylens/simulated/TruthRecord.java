package dev.latencylens.simulated;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/// What truly happened to one request: a line of the record of truth.
///
/// Instants are CLOCK_MONOTONIC in absolute nanoseconds. A write's instant is read immediately
/// before the flush that becomes write(2) on the loop thread, behind TLS encryption; its bytes are
/// those of the response before TLS, framing included. `heldWrites` counts how often bytes that
/// were due could not leave because the client's window or the socket was full: where it is above 0,
/// the instants are those of the writes that could be made. `admittedAtNs` is when the answer got its place in the
/// batch, -1 where it never did; without a limit that is when the request was read. `end` is `complete`, the name
/// of the fault that cut the answer short, `client-closed` or `server-closed`. `dialect` is the wire format, or
/// `none` where the path told of none.
public record TruthRecord(
        String id,
        long connection,
        String httpVersion,
        boolean tls,
        long acceptedAtNs,
        long requestFirstByteReadAtNs,
        long requestReadAtNs,
        long admittedAtNs,
        int status,
        String fault,
        String dialect,
        String model,
        Writes writes,
        Chunks chunks,
        int promptTokens,
        int completionTokens,
        int reasoningTokens,
        int heldWrites,
        String end) {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    /// Parallel arrays, an element for each write.
    @SuppressWarnings("ArrayRecordComponent") // made once, handed to Jackson, never compared
    public record Writes(long[] atNs, int[] bytes) {
        public Writes {
            Objects.requireNonNull(atNs);
        }
    }

    /// Parallel arrays, an element for each event that left. `write[i]` is the index of the write
    /// that carried the last byte of event `i`.
    @SuppressWarnings("ArrayRecordComponent") // made once, handed to Jackson, never compared
    public record Chunks(int[] write, ChunkKind[] kind, int[] tokens, int[] choice) {
        public Chunks {
            Objects.requireNonNull(write);
            Objects.requireNonNull(kind);
        }
    }

    /// A line without one of them is no record.
    public TruthRecord {
        Objects.requireNonNull(id);
        Objects.requireNonNull(writes);
        Objects.requireNonNull(chunks);
    }

    /// When the last byte of event `chunk` left.
    public long chunkAtNs(int chunk) {
        return writes.atNs()[chunks.write()[chunk]];
    }

    byte[] toJson() {
        return JSON.writeValueAsBytes(this);
    }

    /// Reads a line of the record.
    ///
    /// @throws JacksonException where it is no JSON
    /// @throws IllegalArgumentException where it is no whole record
    public static TruthRecord parse(String line) {
        TruthRecord record = JSON.readValue(line, TruthRecord.class);
        if (record == null
                || record.chunks.kind.length != record.chunks.write.length
                || Arrays.stream(record.chunks.write)
                        .anyMatch(write -> write < 0 || write >= record.writes.atNs.length)) {
            throw new IllegalArgumentException("no whole record of a request: '" + line + "'");
        }
        return record;
    }

    /// Reads a whole record.
    public static List<TruthRecord> readAll(Path file) throws IOException {
        List<TruthRecord> records = new ArrayList<>();
        try (var lines = Files.lines(file, StandardCharsets.UTF_8)) {
            lines.filter(line -> !line.isBlank()).forEach(line -> records.add(parse(line)));
        }
        return records;
    }
}
