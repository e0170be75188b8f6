package dev.latencylens.simulated;

import java.util.Arrays;

/// Gathers the truth of one exchange in primitive arrays.
///
/// Written by the loop thread, then handed to the log's thread, which gives it back for reuse.
final class Truth {
    private static final int FIRST_SIZE = 32;
    /// Arrays that grew beyond this are not kept for reuse.
    private static final int LARGEST_REUSED = 4_096;

    String id = "";
    long connection;
    String httpVersion = "1.1";
    boolean tls;
    long acceptedAtNs;
    long requestFirstByteReadAtNs;
    long requestReadAtNs;
    long admittedAtNs = -1;
    int status;
    String fault = "none";
    String dialect = "none";
    String model = "";
    int promptTokens;
    int completionTokens;
    int reasoningTokens;
    int heldWrites;
    String end = "";

    private long[] writeAtNs = new long[FIRST_SIZE];
    private int[] writeBytes = new int[FIRST_SIZE];
    private int writes;
    private long[] chunkEnd = new long[FIRST_SIZE];
    private ChunkKind[] chunkKind = new ChunkKind[FIRST_SIZE];
    private int[] chunkTokens = new int[FIRST_SIZE];
    private int[] chunkChoice = new int[FIRST_SIZE];
    private int[] chunkWrite = new int[FIRST_SIZE];
    private int chunks;
    private int chunksSent;

    void reset() {
        id = "";
        admittedAtNs = -1;
        status = 0;
        fault = "none";
        dialect = "none";
        model = "";
        promptTokens = 0;
        completionTokens = 0;
        reasoningTokens = 0;
        heldWrites = 0;
        end = "";
        writes = 0;
        chunks = 0;
        chunksSent = 0;
    }

    boolean isReusable() {
        return writeAtNs.length <= LARGEST_REUSED && chunkEnd.length <= LARGEST_REUSED;
    }

    /// An event was queued whose last byte is the `endOffset`-th of the body.
    void chunk(ChunkKind kind, int tokens, int choice, long endOffset) {
        if (chunks == chunkEnd.length) {
            int size = chunks * 2;
            chunkEnd = Arrays.copyOf(chunkEnd, size);
            chunkKind = Arrays.copyOf(chunkKind, size);
            chunkTokens = Arrays.copyOf(chunkTokens, size);
            chunkChoice = Arrays.copyOf(chunkChoice, size);
            chunkWrite = Arrays.copyOf(chunkWrite, size);
        }
        chunkEnd[chunks] = endOffset;
        chunkKind[chunks] = kind;
        chunkTokens[chunks] = tokens;
        chunkChoice[chunks] = choice;
        chunks++;
    }

    /// A write left at `atNs`, after which `bodyOffset` bytes of the body have been sent.
    void write(long atNs, int bytes, long bodyOffset) {
        if (writes == writeAtNs.length) {
            writeAtNs = Arrays.copyOf(writeAtNs, writes * 2);
            writeBytes = Arrays.copyOf(writeBytes, writes * 2);
        }
        writeAtNs[writes] = atNs;
        writeBytes[writes] = bytes;
        while (chunksSent < chunks && chunkEnd[chunksSent] <= bodyOffset) {
            chunkWrite[chunksSent++] = writes;
        }
        writes++;
    }

    /// When the first event with model output left, or -1.
    long firstOutputAtNs() {
        for (int i = 0; i < chunksSent; i++) {
            ChunkKind kind = chunkKind[i];
            if (kind == ChunkKind.TEXT || kind == ChunkKind.REASONING || kind == ChunkKind.TOOL) {
                return writeAtNs[chunkWrite[i]];
            }
        }
        return -1;
    }

    /// Tokens of one kind of output in the events that have left.
    int tokensSent(boolean reasoningOnly) {
        int sum = 0;
        for (int i = 0; i < chunksSent; i++) {
            if (!reasoningOnly || chunkKind[i] == ChunkKind.REASONING) {
                sum += chunkTokens[i];
            }
        }
        return sum;
    }

    TruthRecord toRecord() {
        return new TruthRecord(
                id,
                connection,
                httpVersion,
                tls,
                acceptedAtNs,
                requestFirstByteReadAtNs,
                requestReadAtNs,
                admittedAtNs,
                status,
                fault,
                dialect,
                model,
                new TruthRecord.Writes(Arrays.copyOf(writeAtNs, writes), Arrays.copyOf(writeBytes, writes)),
                new TruthRecord.Chunks(
                        Arrays.copyOf(chunkWrite, chunksSent),
                        Arrays.copyOf(chunkKind, chunksSent),
                        Arrays.copyOf(chunkTokens, chunksSent),
                        Arrays.copyOf(chunkChoice, chunksSent)),
                promptTokens,
                completionTokens,
                reasoningTokens,
                heldWrites,
                end);
    }
}
