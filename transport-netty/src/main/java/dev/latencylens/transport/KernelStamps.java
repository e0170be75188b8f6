package dev.latencylens.transport;

import dev.latencylens.clock.Clock;
import dev.latencylens.clock.WallClockOffset;
import dev.latencylens.exchange.FlightLog;
import dev.latencylens.exchange.StampSource;
import io.netty.channel.unix.Errors;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Asks Linux when the segment at the head of a socket's queue arrived: the stamp that the kernel put on it
/// (SO_TIMESTAMPNS, socket(7)), found by looking at the queue with recvmsg(2) without taking anything out.
///
/// A look of so many bytes bears the stamp of the last segment that it touches. So one look at everything and one
/// at the first byte tell whether a single segment waits, which is the rule. Where more do, because this thread
/// was late, each is read by itself, with its own stamp. Senders end segments where frames end, so the places
/// where frames begin are looked at by halves; what a look shows of later segments is kept for them.
///
/// While nobody reads, the kernel may merge segments of one connection once they have been acknowledged; they
/// share the stamp of the last, be it the connection's end. It does so between two looks, too. Where segments came
/// out of order no stamp tells the arrival: see [ArrivalOrder].
///
/// Used by the one I/O thread that makes it. Allocates nothing after it has been made, whatever the compilers do:
/// a downcall that captures errno makes a view of memory for each call, which only escape analysis can take away
/// again, and does not always. So pointers go out as longs, and errno is read from the thread's own.
final class KernelStamps implements AutoCloseable {
    /// SO_TIMESTAMPNS, which is also the type of the control message, of asm-generic/socket.h.
    static final int SO_TIMESTAMPNS = 35;

    static final int SOL_SOCKET = 1;

    private static final int AF_INET = 2;
    private static final int SOCK_DGRAM = 2;
    private static final int CLOCK_REALTIME = 0;
    private static final int EINTR = 4;
    private static final int EAGAIN = 11;
    /// MSG_PEEK and MSG_DONTWAIT.
    private static final int COPY = 0x02 | 0x40;
    /// And MSG_TRUNC, which for TCP means that nothing is copied (tcp(7)).
    private static final int LOOK = COPY | 0x20;

    private static final List<String> ARCHITECTURES = List.of("amd64", "aarch64");

    // Offsets in struct msghdr, iovec and cmsghdr where pointers and longs have 8 bytes.
    private static final long MSG_IOV = 16;
    private static final long MSG_IOVLEN = 24;
    private static final long MSG_CONTROL = 32;
    private static final long MSG_CONTROLLEN = 40;
    private static final long MSG_BYTES = 56;
    private static final long IOV_LEN = 8;
    private static final long IOV_BYTES = 16;
    private static final long CMSG_LEVEL = 8;
    private static final long CMSG_TYPE = 12;
    private static final long CMSG_DATA = 16;
    /// One control message with a struct timespec; there is room for no other, as no other was asked for.
    private static final long CMSG_BYTES = 32;

    private static final long IPPROTO_TCP = 6;
    private static final long TCP_INFO = 11;
    /// `tcpi_rcv_ooopack` in struct tcp_info, the last member that is asked for; kernels before 5.4 end sooner.
    private static final long TCPI_RCV_OOOPACK = 224;

    private static final int TCP_INFO_BYTES = 228;

    /// Frames that are told apart in what waits; behind them, bytes are.
    private static final int MOST_FRAMES = 1024;
    /// More than halving so many frames, and then the bytes of one, leaves open at a time.
    private static final int MOST_LATER = 64;

    private static final long NANOS_PER_SECOND = 1_000_000_000;

    private final Arena arena = Arena.ofConfined();
    private final MemorySegment message = arena.allocate(MSG_BYTES, 8);
    private final MemorySegment vector = arena.allocate(IOV_BYTES, 8);
    private final MemorySegment control = arena.allocate(CMSG_BYTES, 8);
    private final MemorySegment time = arena.allocate(16, 8);
    private final MemorySegment tcpInfo = arena.allocate(TCP_INFO_BYTES, 8);
    private final MemorySegment tcpInfoBytes = arena.allocate(ValueLayout.JAVA_INT);
    private final MemorySegment errno = Native.errnoOfThisThread();
    private final long messageAddress = message.address();
    private final long timeAddress = time.address();
    private final long tcpInfoAddress = tcpInfo.address();
    private final long tcpInfoBytesAddress = tcpInfoBytes.address();
    private final WallClockOffset offset;

    /// What the look at everything saw, to tell where its frames end.
    private final MemorySegment seen = arena.allocate(ReadStamp.READ_BYTES);
    /// Bytes of it, and how many of them belong to segments that have been found already.
    private int queued;

    private int found;

    /// Where the frames that were seen end, in rising order; -1 of them as long as nobody has needed them.
    private final int[] frameEnds = new int[MOST_FRAMES];
    private int frames;

    /// The stamp of the next segment, and places in later ones with their stamps, the nearest on top. Places
    /// count from 1 in what was seen.
    private long nextWallNs = FlightLog.NO_STAMP;

    private final int[] laterPlaces = new int[MOST_LATER];
    private final long[] laterWallNs = new long[MOST_LATER];
    private int later;
    /// The stamp of the last segment that the latest look touched.
    private long lookedAtWallNs = FlightLog.NO_STAMP;

    private long kernelAtNs = FlightLog.NO_STAMP;
    private long earliestAtNs = FlightLog.NO_STAMP;
    private long stampedReads;
    private long unstampedReads;
    private long outOfOrderReads;

    KernelStamps(Clock clock) {
        vector.set(ValueLayout.JAVA_LONG, 0, seen.address());
        message.set(ValueLayout.JAVA_LONG, MSG_IOV, vector.address());
        message.set(ValueLayout.JAVA_LONG, MSG_IOVLEN, 1);
        message.set(ValueLayout.JAVA_LONG, MSG_CONTROL, control.address());
        offset = new WallClockOffset(clock, this::wallNs);
    }

    /// Why the kernel's stamps cannot be had with these sockets, or null if they can. As long as the process lives
    /// the kernel then stamps whatever it receives, also what comes before a connection has been set up.
    static @Nullable String unavailable(SocketKind sockets) {
        if (sockets != SocketKind.EPOLL) {
            return "--transport " + sockets.label() + " has no way to look at a socket before it reads";
        }
        if (!ARCHITECTURES.contains(System.getProperty("os.arch"))) {
            return "they are not known on " + System.getProperty("os.arch");
        }
        return Native.REFUSAL.isEmpty() ? null : Native.REFUSAL;
    }

    /// Forgets what was seen: another socket comes, or the same one later.
    void begin() {
        queued = 0;
        found = 0;
    }

    /// Finds the segment that the next read of the socket will bring, and its stamp.
    ///
    /// @return how many bytes to read for exactly that segment; 0 where nothing is to be had, be it the end
    /// @throws IOException what the read itself would have met
    int nextSegment(int socket) throws IOException {
        if (found == queued) {
            found = 0;
            queued = look(socket, ReadStamp.READ_BYTES, COPY);
            if (queued <= 0) {
                queued = 0;
                kernelAtNs = FlightLog.NO_STAMP;
                return 0;
            }
            later = 0;
            frames = -1;
            isLater(queued);
            lookWithin(socket, 1);
            nextWallNs = lookedAtWallNs;
        }
        kernelAtNs = nextWallNs == FlightLog.NO_STAMP ? FlightLog.NO_STAMP : offset.monotonicAtNs(nextWallNs);
        int end = nextWallNs == laterWallNs[0] ? queued : endOfNext(socket);
        int length = end - found;
        found = end;
        return length;
    }

    /// The last place that still bears the next segment's stamp, knowing that the last of all does not.
    private int endOfNext(int socket) throws IOException {
        int within = found + 1;
        while (laterWallNs[later - 1] == nextWallNs) {
            later--;
            within = laterPlaces[later];
        }
        while (laterPlaces[later - 1] - within > 1) {
            int probe = between(within, laterPlaces[later - 1]);
            lookWithin(socket, probe - found);
            if (lookedAtWallNs == nextWallNs) {
                within = probe;
            } else {
                isLater(probe);
            }
        }
        nextWallNs = laterWallNs[later - 1];
        return within;
    }

    /// The place to look at next: the first byte of the frame halfway; if only one begins there, where it begins
    /// and then where the one before it ends; where none does, the byte halfway.
    private int between(int within, int beyond) {
        if (frames < 0) {
            findFrames();
        }
        int first = firstFrameEnd(within);
        int behind = firstFrameEnd(beyond - 1);
        if (first < behind) {
            return frameEnds[(first + behind) >>> 1] + 1;
        }
        return behind < frames && frameEnds[behind] == beyond - 1 ? beyond - 1 : (within + beyond) >>> 1;
    }

    private void findFrames() {
        frames = 0;
        int end = 0;
        while (frames < MOST_FRAMES) {
            int length = LikelyFrame.length(seen, end, queued);
            end += length;
            if (length == 0 || end >= queued) {
                return;
            }
            frameEnds[frames] = end;
            frames++;
        }
    }

    /// The index of the first frame that ends at this place or behind it.
    private int firstFrameEnd(int place) {
        int index = Arrays.binarySearch(frameEnds, 0, frames, place);
        return index < 0 ? -index - 1 : index;
    }

    /// A look at what the look at everything has seen. What arrived since then may have been put to the last
    /// segment, whose stamp is then that of the new part; it keeps the one that it was seen with.
    private void lookWithin(int socket, int bytes) throws IOException {
        look(socket, bytes, LOOK);
        if (laterWallNs[0] != FlightLog.NO_STAMP && lookedAtWallNs > laterWallNs[0]) {
            lookedAtWallNs = laterWallNs[0];
        }
    }

    private void isLater(int place) {
        laterPlaces[later] = place;
        laterWallNs[later] = lookedAtWallNs;
        later++;
    }

    /// The wall clock's stamp of the segment that holds the byte at this place of the queue, counted from 1.
    long wallNsAt(int socket, int place) throws IOException {
        look(socket, place, LOOK);
        return lookedAtWallNs;
    }

    /// The stamp of the segment found last, or [FlightLog#NO_STAMP].
    long kernelAtNs() {
        return kernelAtNs;
    }

    /// When the segment found last had arrived, which has now been read; [FlightLog#NO_STAMP] where the kernel
    /// does not tell.
    long settle(ArrivalOrder order, long readAtNs) {
        if (kernelAtNs == FlightLog.NO_STAMP) {
            unstampedReads++;
            return FlightLog.NO_STAMP;
        }
        long arrivalNs = order.arrivalNs(kernelAtNs, readAtNs);
        if (arrivalNs == FlightLog.NO_STAMP) {
            outOfOrderReads++;
            return FlightLog.NO_STAMP;
        }
        stampedReads++;
        if (earliestAtNs == FlightLog.NO_STAMP || arrivalNs - earliestAtNs < 0) {
            earliestAtNs = arrivalNs;
        }
        return arrivalNs;
    }

    /// How many segments have come out of order on this connection; 0 where the kernel does not tell.
    long outOfOrder(int socket) {
        tcpInfoBytes.set(ValueLayout.JAVA_INT, 0, TCP_INFO_BYTES);
        tcpInfo.set(ValueLayout.JAVA_INT, TCPI_RCV_OOOPACK, 0);
        try {
            long _ = (long) Native.GETSOCKOPT.invokeExact(
                    (long) socket, IPPROTO_TCP, TCP_INFO, tcpInfoAddress, tcpInfoBytesAddress);
        } catch (Throwable e) {
            throw new IllegalStateException("getsockopt cannot be called", e);
        }
        return tcpInfo.get(ValueLayout.JAVA_INT, TCPI_RCV_OOOPACK);
    }

    /// The earliest arrival of what was read since [#forgetEarliest], or [FlightLog#NO_STAMP].
    long earliestAtNs() {
        return earliestAtNs;
    }

    void forgetEarliest() {
        earliestAtNs = FlightLog.NO_STAMP;
    }

    /// Whether more than the segment found last was waiting.
    boolean more() {
        return found < queued || queued == ReadStamp.READ_BYTES;
    }

    /// Looks whether somebody has set the wall clock, which the stamps are taken from.
    void checkClock() {
        offset.check();
    }

    StampSource source() {
        return new StampSource(
                true,
                "",
                stampedReads,
                unstampedReads,
                outOfOrderReads,
                offset.uncertaintyNs(),
                offset.steps(),
                offset.largestStepNs());
    }

    @Override
    public void close() {
        arena.close();
    }

    private int look(int socket, int bytes, int how) throws IOException {
        vector.set(ValueLayout.JAVA_LONG, IOV_LEN, bytes);
        message.set(ValueLayout.JAVA_LONG, MSG_CONTROLLEN, CMSG_BYTES);
        int bytesSeen;
        try {
            bytesSeen = (int) (long) Native.RECVMSG.invokeExact((long) socket, messageAddress, (long) how, 0L, 0L);
        } catch (Throwable e) {
            throw new IllegalStateException("recvmsg cannot be called", e);
        }
        if (bytesSeen < 0) {
            return nothingSeen(socket, errno.get(ValueLayout.JAVA_INT, 0));
        }
        lookedAtWallNs = message.get(ValueLayout.JAVA_LONG, MSG_CONTROLLEN) >= CMSG_BYTES
                        && control.get(ValueLayout.JAVA_INT, CMSG_LEVEL) == SOL_SOCKET
                        && control.get(ValueLayout.JAVA_INT, CMSG_TYPE) == SO_TIMESTAMPNS
                ? timespecNs(control, CMSG_DATA)
                : FlightLog.NO_STAMP;
        return bytesSeen;
    }

    /// Returns 0 where nothing waits, and fails where the look has taken the socket's error with it: the read
    /// would not meet it again.
    ///
    /// A safepoint right behind the call may have changed errno. So what looks like an error is one only if the
    /// socket then no longer says that nothing waits: its error has closed it. The other way round, an error that
    /// looks like nothing waiting, the read meets the end instead; that is as rare as both coming together.
    private static int nothingSeen(int socket, int error) throws IOException {
        if (error == EAGAIN || error == EINTR || SlowLook.isOpen(socket)) {
            return 0;
        }
        throw Errors.newIOException("recvmsg", -error);
    }

    private long wallNs() {
        try {
            long _ = (long) Native.CLOCK_GETTIME.invokeExact((long) CLOCK_REALTIME, timeAddress, 0L, 0L, 0L);
        } catch (Throwable e) {
            throw new IllegalStateException("clock_gettime cannot be called", e);
        }
        return timespecNs(time, 0);
    }

    private static long timespecNs(MemorySegment memory, long at) {
        return memory.get(ValueLayout.JAVA_LONG, at) * NANOS_PER_SECOND + memory.get(ValueLayout.JAVA_LONG, at + 8);
    }

    /// The calls of the C library, looked up when first used.
    @SuppressWarnings("restricted")
    private static final class Native {
        static final MethodHandle RECVMSG = CLibrary.function("recvmsg");
        static final MethodHandle CLOCK_GETTIME = CLibrary.function("clock_gettime");
        static final MethodHandle GETSOCKOPT = CLibrary.function("getsockopt");

        /// Why not, or empty if the kernel stamps what it receives from now on: it begins with the first socket
        /// that asks for it, a moment later, and ends with the last, so one is kept open.
        static final String REFUSAL = switchOn();

        private static String switchOn() {
            try (Arena arena = Arena.ofConfined()) {
                MethodHandle socket = CLibrary.function("socket");
                MethodHandle setOption = CLibrary.function("setsockopt");
                long keeper = (long) socket.invokeExact((long) AF_INET, (long) SOCK_DGRAM, 0L, 0L, 0L);
                long on = arena.allocateFrom(ValueLayout.JAVA_INT, 1).address();
                long refused = (long) setOption.invokeExact(keeper, (long) SOL_SOCKET, (long) SO_TIMESTAMPNS, on, 4L);
                return (int) refused == 0 ? "" : "the kernel refused SO_TIMESTAMPNS";
            } catch (Throwable e) {
                return "the C library cannot be called: " + e.getMessage();
            }
        }

        /// Where the C library puts the errors of the calling thread; by that name in glibc and in musl.
        static MemorySegment errnoOfThisThread() {
            try {
                long address = (long) CLibrary.function("__errno_location").invokeExact(0L, 0L, 0L, 0L, 0L);
                return MemorySegment.ofAddress(address).reinterpret(ValueLayout.JAVA_INT.byteSize());
            } catch (Throwable e) {
                throw new IllegalStateException("__errno_location cannot be called", e);
            }
        }
    }

    /// A look that brings its own errno along, linked when a socket first has an error.
    @SuppressWarnings("restricted")
    private static final class SlowLook {
        private static final MethodHandle RECV = Linker.nativeLinker()
                .downcallHandle(
                        Linker.nativeLinker().defaultLookup().findOrThrow("recv"),
                        FunctionDescriptor.of(
                                ValueLayout.JAVA_LONG,
                                ValueLayout.JAVA_INT,
                                ValueLayout.ADDRESS,
                                ValueLayout.JAVA_LONG,
                                ValueLayout.JAVA_INT),
                        Linker.Option.captureCallState("errno"));

        private static final VarHandle CAPTURED_ERRNO =
                Linker.Option.captureStateLayout().varHandle(MemoryLayout.PathElement.groupElement("errno"));

        /// Whether the socket has something to read or may yet have.
        static boolean isOpen(int socket) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment errno = arena.allocate(Linker.Option.captureStateLayout());
                long bytesSeen = (long) RECV.invokeExact(errno, socket, arena.allocate(1), 1L, LOOK);
                return bytesSeen > 0 || (bytesSeen < 0 && (int) CAPTURED_ERRNO.get(errno, 0L) == EAGAIN);
            } catch (Throwable e) {
                throw new IllegalStateException("recv cannot be called", e);
            }
        }
    }
}
