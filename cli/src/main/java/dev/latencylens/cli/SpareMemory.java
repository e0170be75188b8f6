package dev.latencylens.cli;

import dev.latencylens.transport.CLibrary;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;

/// Gives memory back to the system that the start has needed and the run does not. Where the C library has not
/// what that takes, nothing is given back.
final class SpareMemory {
    /// Less is not worth a call, and does not begin in the old generation (PretenureSizeThreshold in the
    /// launcher).
    private static final int LEAST_BYTES = 512 * 1024;

    private static final int MOST_BYTES = 64 << 20;

    /// What the young generation has while the priming runs (NewSize in the launcher).
    private static final int YOUNG_BYTES = 8 << 20;
    /// What one that stays so has for new objects, less what the first of them may have taken.
    private static final int EDEN_BYTES = 3 << 20;
    /// The share of a small heap, one in so many, that is free in one piece, whatever else its old part holds.
    private static final int SHARE_OF_HEAP = 4;

    /// Where an array's bytes begin is a multiple of this.
    private static final int ALIGNMENT_BYTES = 4;

    /// Of the only architecture on which it is always this; elsewhere more could be dropped than was meant.
    private static final int PAGE_BYTES = 4096;

    private static final boolean PAGES_KNOWN = System.getProperty("os.arch").equals("amd64");
    /// The pages' content is not needed again, of <sys/mman.h>: zeros are as good, or what the file holds.
    private static final int DONT_NEED = 4;

    private SpareMemory() {}

    /// Looks up what giving back takes, some 25 ms before the first time.
    static void prepare() {
        try {
            Native.prepare();
        } catch (UnsatisfiedLinkError kept) {
            return;
        }
    }

    /// Collects the garbage, and gives the pages that it had back.
    ///
    /// The collector moves what is left together and keeps the pages behind it. So an array is laid over them,
    /// which is zeros, and the kernel is told that it need not keep those. Where the young generation is large
    /// from here on, its pages of before are given back too; where it is not, those for new objects.
    ///
    /// A thread that has no room yet takes as much as its first object needs, in the young generation, however
    /// large that is. So the first array lies there, and the second, for which the rest is too small, in the old
    /// one.
    static void ofGarbage() {
        Runtime runtime = Runtime.getRuntime();
        long usedBefore = runtime.totalMemory() - runtime.freeMemory();
        System.gc();
        long garbage = usedBefore - (runtime.totalMemory() - runtime.freeMemory());
        if (garbage >= LEAST_BYTES && PAGES_KNOWN) {
            try {
                boolean grown = runtime.freeMemory() > MOST_BYTES;
                Native.dropPages(new byte[grown ? YOUNG_BYTES : EDEN_BYTES]);
                long most = Math.min(MOST_BYTES, runtime.maxMemory() / SHARE_OF_HEAP);
                Native.dropPages(new byte[(int) Math.min(garbage, most)]);
            } catch (UnsatisfiedLinkError kept) {
                return;
            }
        }
    }

    /// Gives back what compilers have left in the C heap, once they are done. A thread that takes or frees C
    /// memory meanwhile may wait, well under a millisecond where the process has little of it.
    ///
    /// @param cacheToo also the pages of the start-up cache that were only read: what is needed of them is read
    /// again
    static void ofStart(boolean cacheToo) {
        try {
            Native.trim();
            if (cacheToo) {
                try (var mappings = Files.lines(Path.of("/proc/self/maps"))) {
                    mappings.filter(line -> line.endsWith(".aot") && line.contains(" r--p "))
                            .forEach(SpareMemory::drop);
                }
            }
        } catch (IOException | UncheckedIOException | UnsatisfiedLinkError kept) {
            return;
        }
    }

    /// @param mapping a line of /proc/PID/maps, which begins with its addresses: `7fc79a400000-7fc79a7f0000`
    private static void drop(String mapping) {
        int dash = mapping.indexOf('-');
        long from = Long.parseLong(mapping.substring(0, dash), 16);
        long to = Long.parseLong(mapping.substring(dash + 1, mapping.indexOf(' ')), 16);
        Native.drop(from, to - from);
    }

    /// The calls of the C library, looked up when first used.
    @SuppressWarnings("restricted")
    private static final class Native {
        private static final MemorySegment TRIM = Linker.nativeLinker()
                .defaultLookup()
                .find("malloc_trim")
                .orElseThrow(() -> new UnsatisfiedLinkError("the C library has no malloc_trim"));
        private static final MethodHandle ADVISE = CLibrary.function("madvise");

        /// Critical, for the collector must not move what is dropped meanwhile.
        private static final MethodHandle ADVISE_OF_ARRAY = Linker.nativeLinker()
                .downcallHandle(
                        Linker.nativeLinker().defaultLookup().findOrThrow("madvise"),
                        FunctionDescriptor.of(
                                ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT),
                        Linker.Option.critical(true));

        /// Zeros are what an array without its pages holds, as a new one does. Where its first whole page begins
        /// only the kernel tells: it refuses any other address.
        static void dropPages(byte[] zeros) {
            MemorySegment array = MemorySegment.ofArray(zeros);
            long pages = (array.byteSize() - PAGE_BYTES) / PAGE_BYTES;
            for (long from = 0; from < PAGE_BYTES; from += ALIGNMENT_BYTES) {
                if (drop(array.asSlice(from), pages * PAGE_BYTES)) {
                    return;
                }
            }
        }

        static void prepare() {
            drop(MemorySegment.NULL, 0);
        }

        static void drop(long address, long bytes) {
            try {
                long _ = (long) ADVISE.invokeExact(address, bytes, (long) DONT_NEED, 0L, 0L);
            } catch (Throwable e) {
                throw new IllegalStateException("madvise cannot be called", e);
            }
        }

        private static boolean drop(MemorySegment start, long bytes) {
            try {
                return (int) ADVISE_OF_ARRAY.invokeExact(start, bytes, DONT_NEED) == 0;
            } catch (Throwable e) {
                throw new IllegalStateException("madvise cannot be called", e);
            }
        }

        /// Not critical, for it takes its time, and no safepoint is to wait for it. Linked here, behind the start.
        static void trim() {
            try {
                MethodHandle trim = Linker.nativeLinker()
                        .downcallHandle(TRIM, FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG));
                int _ = (int) trim.invokeExact(0L);
            } catch (Throwable e) {
                throw new IllegalStateException("malloc_trim cannot be called", e);
            }
        }
    }
}
