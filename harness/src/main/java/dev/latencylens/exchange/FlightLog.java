package dev.latencylens.exchange;

import dev.latencylens.clock.Clock;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// What one I/O thread saw, in order: instants, facts and body bytes with the stamps of the read that brought
/// them.
///
/// One writer (the I/O thread), one reader (the interpreter), bounded memory. Writing allocates nothing and takes
/// no lock. Nothing is ever dropped: when the log is full the writer waits, and the wait is counted.
public final class FlightLog {
    /// Stands for a stamp that was not taken.
    public static final long NO_STAMP = Long.MIN_VALUE;

    private static final byte KIND_BODY = -1;
    private static final byte KIND_FACT = -2;
    /// How long a writer that finds the log full sleeps between looks, after a short spin.
    private static final long FULL_PARK_NS = 20_000;

    private static final int FULL_SPINS = 1_000;
    /// Slots of the two cursors in their array, a cache line pair away from each other.
    private static final int WRITTEN = 16;

    private static final int READ = 48;
    private static final VarHandle CURSOR = MethodHandles.arrayElementVarHandle(long[].class);

    private final Clock clock;
    private final int entryMask;
    private final int byteMask;
    private final byte[] kinds;
    private final @Nullable Exchange[] exchanges;
    private final @Nullable FlightFact[] facts;
    private final long[] arrivedAtNs;
    private final long[] kernelAtNs;
    private final int[] lengths;
    private final byte[] bytes;
    private final long[] cursors = new long[64];

    /// The writer's own view.
    private long entriesWritten;

    private long bytesWritten;
    private long entriesFreeUpTo;
    private long bytesFreeUpTo;
    private long fullCount;
    private long fullNs;

    /// The reader's own view; bytesRead is published through the reader's cursor pair.
    private long entriesRead;

    private long bytesRead;
    private volatile long bytesReleased;
    private final SharedReads sharedReads = new SharedReads();

    /// @param entryCapacity how many entries fit, a power of two
    /// @param byteCapacity how many body bytes fit, a power of two
    public FlightLog(Clock clock, int entryCapacity, int byteCapacity) {
        requirePowerOfTwo("entry capacity", entryCapacity);
        requirePowerOfTwo("byte capacity", byteCapacity);
        this.clock = clock;
        entryMask = entryCapacity - 1;
        byteMask = byteCapacity - 1;
        kinds = new byte[entryCapacity];
        exchanges = new Exchange[entryCapacity];
        facts = new FlightFact[entryCapacity];
        arrivedAtNs = new long[entryCapacity];
        kernelAtNs = new long[entryCapacity];
        lengths = new int[entryCapacity];
        bytes = new byte[byteCapacity];
        entriesFreeUpTo = entryCapacity;
        bytesFreeUpTo = byteCapacity;
    }

    // The writer's side.

    public void moment(Exchange exchange, Moment moment, long atNs) {
        moment(exchange, moment, atNs, NO_STAMP);
    }

    /// An instant that a socket read brought.
    public void moment(Exchange exchange, Moment moment, long arrivedAtNs, long kernelAtNs) {
        publish((byte) moment.ordinal(), exchange, null, arrivedAtNs, kernelAtNs, 0);
    }

    public void fact(Exchange exchange, FlightFact fact, long atNs) {
        publish(KIND_FACT, exchange, fact, atNs, NO_STAMP, 0);
    }

    /// Where the next body bytes go: index into [#array].
    public int position() {
        return (int) bytesWritten & byteMask;
    }

    /// The array that body bytes are copied to before [#body] publishes them.
    public byte[] array() {
        return bytes;
    }

    /// Waits for room and tells how many of the wanted bytes may now be put at [#position]; at least one, and
    /// fewer than wanted where the array ends.
    public int claim(int wanted) {
        int contiguous = Math.min(wanted, bytes.length - position());
        if (bytesWritten + contiguous > bytesFreeUpTo) {
            awaitBytes(contiguous);
        }
        return contiguous;
    }

    /// Publishes bytes put at [#position], no more than [#claim] granted.
    ///
    /// @param arrivedAtNs when the read call that brought them returned
    /// @param kernelAtNs the kernel's stamp of their segment, or [#NO_STAMP]
    public void body(Exchange exchange, long arrivedAtNs, long kernelAtNs, int length) {
        bytesWritten += length;
        publish(KIND_BODY, exchange, null, arrivedAtNs, kernelAtNs, length);
    }

    /// How often the writer found the log full. Read it after the writer has stopped.
    public long fullCount() {
        return fullCount;
    }

    /// How long the writer waited because the log was full, in all. Read it after the writer has stopped.
    public long fullNs() {
        return fullNs;
    }

    /// Body bytes that the writer put in. Read it after the writer has stopped.
    public long bytesWritten() {
        return bytesWritten;
    }

    /// Body bytes that the reader has taken out. Read it after the reader has stopped.
    public long bytesRead() {
        return bytesRead;
    }

    /// Parts of measured answers that came in one read with a part of another. Read it after the reader has
    /// stopped.
    public long sharedParts() {
        return sharedReads.parts();
    }

    private void publish(
            byte kind, Exchange exchange, @Nullable FlightFact fact, long arrivedAtNs, long kernelAtNs, int length) {
        if (entriesWritten >= entriesFreeUpTo) {
            awaitEntry();
        }
        int slot = (int) entriesWritten & entryMask;
        kinds[slot] = kind;
        exchanges[slot] = exchange;
        facts[slot] = fact;
        this.arrivedAtNs[slot] = arrivedAtNs;
        this.kernelAtNs[slot] = kernelAtNs;
        lengths[slot] = length;
        entriesWritten++;
        CURSOR.setRelease(cursors, WRITTEN, entriesWritten);
    }

    private void awaitEntry() {
        entriesFreeUpTo = (long) CURSOR.getAcquire(cursors, READ) + kinds.length;
        if (entriesWritten < entriesFreeUpTo) {
            return;
        }
        long sinceNs = clock.nowNs();
        for (int looks = 0; entriesWritten >= entriesFreeUpTo; looks++) {
            pause(looks);
            entriesFreeUpTo = (long) CURSOR.getAcquire(cursors, READ) + kinds.length;
        }
        countWait(sinceNs);
    }

    private void awaitBytes(int wanted) {
        bytesFreeUpTo = bytesReleased + bytes.length;
        if (bytesWritten + wanted <= bytesFreeUpTo) {
            return;
        }
        long sinceNs = clock.nowNs();
        for (int looks = 0; bytesWritten + wanted > bytesFreeUpTo; looks++) {
            pause(looks);
            bytesFreeUpTo = bytesReleased + bytes.length;
        }
        countWait(sinceNs);
    }

    private void countWait(long sinceNs) {
        fullCount++;
        fullNs += clock.nowNs() - sinceNs;
    }

    private static void pause(int looks) {
        if (looks < FULL_SPINS) {
            Thread.onSpinWait();
        } else {
            LockSupport.parkNanos(FULL_PARK_NS);
        }
    }

    // The reader's side.

    /// Hands over up to so many entries in order, and returns how many there were.
    public int drain(Reader reader, int most) {
        long written = (long) CURSOR.getAcquire(cursors, WRITTEN);
        int count = (int) Math.min(written - entriesRead, most);
        for (int i = 0; i < count; i++) {
            int slot = (int) entriesRead & entryMask;
            Exchange exchange = Objects.requireNonNull(exchanges[slot]);
            // A log that held on to what it has handed over would carry finished exchanges into the old
            // generation.
            exchanges[slot] = null;
            FlightFact fact = facts[slot];
            facts[slot] = null;
            int length = lengths[slot];
            try {
                if (fact != null) {
                    reader.fact(exchange, fact, arrivedAtNs[slot]);
                } else if (kinds[slot] == KIND_BODY) {
                    sharedReads.part(exchange, arrivedAtNs[slot]);
                    reader.body(
                            exchange, arrivedAtNs[slot], kernelAtNs[slot], bytes, (int) bytesRead & byteMask, length);
                } else {
                    reader.moment(exchange, Moment.of(kinds[slot]), arrivedAtNs[slot], kernelAtNs[slot]);
                }
            } finally {
                // Also for a reader that throws: another may go on behind the entry.
                bytesRead += length;
                bytesReleased = bytesRead;
                entriesRead++;
                CURSOR.setRelease(cursors, READ, entriesRead);
            }
        }
        return count;
    }

    /// Entries whose exchange the log still refers to.
    long retained() {
        return Arrays.stream(exchanges).filter(Objects::nonNull).count();
    }

    /// Receives entries on the reader's thread; the bytes are valid during the call only.
    public interface Reader {
        void moment(Exchange exchange, Moment moment, long arrivedAtNs, long kernelAtNs);

        void fact(Exchange exchange, FlightFact fact, long atNs);

        void body(Exchange exchange, long arrivedAtNs, long kernelAtNs, byte[] bytes, int offset, int length);
    }

    private static void requirePowerOfTwo(String name, int value) {
        if (Integer.bitCount(value) != 1) {
            throw new IllegalArgumentException(name + " must be a power of two, was " + value);
        }
    }
}
