package dev.latencylens.exchange;

import java.util.Arrays;

/// The output chunks of one exchange, as parallel arrays in the order of arrival.
///
/// A chunk's time is the stamp of the read that brought its last byte. A chunk that came in the same read as the
/// one before it is coalesced: it has no gap of its own.
public final class Chunks {
    private long[] arrivedAtNs = new long[16];
    private long[] kernelAtNs = new long[16];
    private byte[] kinds = new byte[16];
    private int[] tokens = new int[16];
    private int[] bytes = new int[16];
    private boolean[] coalesced = new boolean[16];
    private int size;
    private boolean countedByTokenizer;

    void add(long arrivedAtNs, long kernelAtNs, ChunkKind kind, int tokens, int bytes) {
        if (size == kinds.length) {
            grow();
        }
        this.arrivedAtNs[size] = arrivedAtNs;
        this.kernelAtNs[size] = kernelAtNs;
        this.kinds[size] = (byte) kind.ordinal();
        this.tokens[size] = tokens;
        this.bytes[size] = bytes;
        this.coalesced[size] = size > 0 && this.arrivedAtNs[size - 1] == arrivedAtNs;
        size++;
    }

    public int size() {
        return size;
    }

    /// The arrival: the kernel's stamp where there is one, else the instant right after the read call.
    public long atNs(int index) {
        return kernelAtNs[index] == FlightLog.NO_STAMP ? arrivedAtNs[index] : kernelAtNs[index];
    }

    /// The instant right after the read call, always.
    public long userAtNs(int index) {
        return arrivedAtNs[index];
    }

    /// Whether the arrival is the kernel's stamp.
    public boolean isKernelStamped(int index) {
        return kernelAtNs[index] != FlightLog.NO_STAMP;
    }

    public ChunkKind kind(int index) {
        return ChunkKind.VALUES[kinds[index]];
    }

    /// Tokens in the chunk, or [ChunkSink#UNKNOWN_TOKENS].
    public int tokens(int index) {
        return tokens[index];
    }

    /// Bytes of the body that carried it; 0 for a chunk that shares its event with the one before.
    public int bytes(int index) {
        return bytes[index];
    }

    public boolean isCoalesced(int index) {
        return coalesced[index];
    }

    /// The sum of all chunks' tokens, or [ChunkSink#UNKNOWN_TOKENS] if that of any is unknown.
    public long totalTokens() {
        long total = 0;
        for (int i = 0; i < size; i++) {
            if (tokens[i] == ChunkSink.UNKNOWN_TOKENS) {
                return ChunkSink.UNKNOWN_TOKENS;
            }
            total += tokens[i];
        }
        return total;
    }

    /// Fills in a tokenizer's counts, one for each chunk, where the provider did not say.
    void count(int[] counted) {
        for (int i = 0; i < size; i++) {
            if (tokens[i] == ChunkSink.UNKNOWN_TOKENS && counted[i] != ChunkSink.UNKNOWN_TOKENS) {
                tokens[i] = counted[i];
                countedByTokenizer = true;
            }
        }
    }

    /// Remembers that a tokenizer counted, of chunks that are read back from a file.
    void setCountedByTokenizer() {
        countedByTokenizer = true;
    }

    /// Whether the tokens of some of them are a tokenizer's and not the provider's word.
    public boolean countedByTokenizer() {
        return countedByTokenizer;
    }

    private void grow() {
        int capacity = size * 2;
        arrivedAtNs = Arrays.copyOf(arrivedAtNs, capacity);
        kernelAtNs = Arrays.copyOf(kernelAtNs, capacity);
        kinds = Arrays.copyOf(kinds, capacity);
        tokens = Arrays.copyOf(tokens, capacity);
        bytes = Arrays.copyOf(bytes, capacity);
        coalesced = Arrays.copyOf(coalesced, capacity);
    }
}
