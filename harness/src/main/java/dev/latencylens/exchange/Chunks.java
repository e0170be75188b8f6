package dev.latencylens.exchange;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// The output chunks of one exchange, in the order of arrival.
///
/// A chunk's time is the stamp of the read that brought its last byte. A chunk that came in the same read as the
/// one before it, or in the same segment that took more than one read, is coalesced: it has no gap of its own.
///
/// They lie in pages, as arrays that doubled would leave as much garbage as they hold, and thousands of streams
/// that double them at once are a collection in the middle of a run.
public final class Chunks {
    private static final int PAGE_BITS = 6;
    private static final int PAGE_CHUNKS = 1 << PAGE_BITS;
    private static final int PAGE_MASK = PAGE_CHUNKS - 1;
    /// What the first page begins with: most short answers need no more.
    private static final int FIRST_CHUNKS = 16;

    private final List<Page> pages = new ArrayList<>(1);
    /// How many chunks the pages hold.
    private int room = FIRST_CHUNKS;

    private int size;
    private boolean countedByTokenizer;

    Chunks() {
        pages.add(new Page(FIRST_CHUNKS));
    }

    private record Page(long[] arrivedAtNs, long[] kernelAtNs, byte[] kinds, int[] tokens, int[] bytes) {
        Page(int chunks) {
            this(new long[chunks], new long[chunks], new byte[chunks], new int[chunks], new int[chunks]);
        }

        Page doubled() {
            int chunks = kinds.length * 2;
            return new Page(
                    Arrays.copyOf(arrivedAtNs, chunks),
                    Arrays.copyOf(kernelAtNs, chunks),
                    Arrays.copyOf(kinds, chunks),
                    Arrays.copyOf(tokens, chunks),
                    Arrays.copyOf(bytes, chunks));
        }
    }

    void add(long arrivedAtNs, long kernelAtNs, ChunkKind kind, int tokens, int bytes) {
        if (size == room) {
            grow();
        }
        Page page = page(size);
        int place = size & PAGE_MASK;
        page.arrivedAtNs[place] = arrivedAtNs;
        page.kernelAtNs[place] = kernelAtNs;
        page.kinds[place] = (byte) kind.ordinal();
        page.tokens[place] = tokens;
        page.bytes[place] = bytes;
        size++;
    }

    public int size() {
        return size;
    }

    /// The arrival: the kernel's stamp where there is one, else the instant right after the read call.
    public long atNs(int index) {
        Page page = page(index);
        long kernelAtNs = page.kernelAtNs[index & PAGE_MASK];
        return kernelAtNs == FlightLog.NO_STAMP ? page.arrivedAtNs[index & PAGE_MASK] : kernelAtNs;
    }

    /// The instant right after the read call, always.
    public long userAtNs(int index) {
        return page(index).arrivedAtNs[index & PAGE_MASK];
    }

    /// Whether the arrival is the kernel's stamp.
    public boolean isKernelStamped(int index) {
        return page(index).kernelAtNs[index & PAGE_MASK] != FlightLog.NO_STAMP;
    }

    public ChunkKind kind(int index) {
        return ChunkKind.VALUES[page(index).kinds[index & PAGE_MASK]];
    }

    /// Tokens in the chunk, or [ChunkSink#UNKNOWN_TOKENS].
    public int tokens(int index) {
        return page(index).tokens[index & PAGE_MASK];
    }

    /// Bytes of the body that carried it; 0 for a chunk that shares its event with the one before.
    public int bytes(int index) {
        return page(index).bytes[index & PAGE_MASK];
    }

    public boolean isCoalesced(int index) {
        return index > 0 && (userAtNs(index) == userAtNs(index - 1) || atNs(index) == atNs(index - 1));
    }

    /// The sum of all chunks' tokens, or [ChunkSink#UNKNOWN_TOKENS] if that of any is unknown.
    public long totalTokens() {
        long total = 0;
        for (int i = 0; i < size; i++) {
            int tokens = tokens(i);
            if (tokens == ChunkSink.UNKNOWN_TOKENS) {
                return ChunkSink.UNKNOWN_TOKENS;
            }
            total += tokens;
        }
        return total;
    }

    /// Fills in a tokenizer's counts, one for each chunk, where the provider did not say.
    void count(int[] counted) {
        for (int i = 0; i < size; i++) {
            if (tokens(i) == ChunkSink.UNKNOWN_TOKENS && counted[i] != ChunkSink.UNKNOWN_TOKENS) {
                page(i).tokens[i & PAGE_MASK] = counted[i];
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
        if (room < PAGE_CHUNKS) {
            pages.set(0, pages.getFirst().doubled());
            room *= 2;
        } else {
            pages.add(new Page(PAGE_CHUNKS));
            room += PAGE_CHUNKS;
        }
    }

    private Page page(int index) {
        return pages.get(index >>> PAGE_BITS);
    }
}
