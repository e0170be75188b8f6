package dev.latencylens.transport;

import java.io.File;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.ThreadFactory;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A set of the machine's processors that threads may be bound to, by Linux's `sched_setaffinity`.
///
/// @param numbers as the kernel counts them, from 0
public record Cpus(SortedSet<Integer> numbers) {
    /// The kernel's own limit for the fixed-size mask of sched_setaffinity(2).
    private static final int MASK_BITS = 1024;

    /// The kernel still gives a thread of this niceness a hundredth of a busy CPU, so that nothing waits for
    /// ever.
    private static final int BACKGROUND_NICE = 19;

    /// `struct sched_attr` of sched_setattr(2) in its first form.
    private static final int SCHED_ATTR_BYTES = 48;

    private static final int SCHED_POLICY_AT = 4;
    private static final int SCHED_FLAGS_AT = 8;
    private static final int SCHED_NICE_AT = 16;
    private static final int SCHED_PRIORITY_AT = 20;
    private static final int SCHED_RUNTIME_AT = 24;
    /// SCHED_OTHER, SCHED_RR and SCHED_IDLE of sched(7).
    private static final int USUAL_POLICY = 0;

    private static final int REAL_TIME_POLICY = 2;
    private static final int IDLE_POLICY = 5;
    /// What the thread starts gets the usual policy (SCHED_FLAG_RESET_ON_FORK).
    private static final long NOT_TO_CHILDREN = 1;

    private static final int LOWEST_PRIORITY = 1;
    /// The kernel's least.
    private static final long SHORTEST_SLICE_NS = 100_000;

    /// What HotSpot calls its compiler threads, cut by the kernel at 15 characters.
    private static final Pattern COMPILER = Pattern.compile("C[12] Compiler");

    private static final String SECOND_COMPILER = "C2 Compiler";

    public Cpus {
        numbers = Collections.unmodifiableSortedSet(new TreeSet<>(numbers));
        if (numbers.isEmpty() || numbers.first() < 0 || numbers.last() >= MASK_BITS) {
            throw new IllegalArgumentException(
                    "CPUs must be numbers from 0 to " + (MASK_BITS - 1) + ", at least one, were " + numbers);
        }
    }

    /// Reads a list such as `1`, `0,2` or `2-5`.
    ///
    /// @throws IllegalArgumentException naming the part that cannot be read
    public static Cpus parse(String list) {
        var numbers = new TreeSet<Integer>();
        for (String part : list.split(",", -1)) {
            if (!part.strip().matches("\\d{1,4}(-\\d{1,4})?")) {
                throw new IllegalArgumentException("bad CPU list '" + list + "': '" + part
                        + "' is neither a number nor a range; give for example 1 or 0,2-3");
            }
            String[] ends = part.strip().split("-", -1);
            int first = Integer.parseInt(ends[0]);
            int last = Integer.parseInt(ends[ends.length - 1]);
            if (last < first) {
                throw new IllegalArgumentException(
                        "bad CPU list '" + list + "': the range '" + part + "' runs backwards");
            }
            for (int number = first; number <= last; number++) {
                numbers.add(number);
            }
        }
        return new Cpus(numbers);
    }

    /// The CPUs that the calling thread may run on now.
    public static Cpus allowed() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment mask = arena.allocate(MASK_BITS / 8);
            int length = Native.getAffinity(mask);
            var numbers = new TreeSet<Integer>();
            for (int number = 0; number < length * 8; number++) {
                if ((mask.get(ValueLayout.JAVA_BYTE, number / 8) >> (number % 8) & 1) != 0) {
                    numbers.add(number);
                }
            }
            return new Cpus(numbers);
        }
    }

    /// Binds the calling thread to the CPU of this index, counted round.
    ///
    /// @throws IllegalStateException if the kernel refuses
    public void pinCurrentThread(int index) {
        int cpu = List.copyOf(numbers).get(index % numbers.size());
        new Cpus(new TreeSet<>(List.of(cpu))).bind(0);
    }

    /// Makes threads that give way to others on their CPU: what they do can wait.
    public static ThreadFactory background() {
        return body -> new Thread(() -> {
            Native.setNice(0, BACKGROUND_NICE);
            body.run();
        });
    }

    /// Makes the calling thread one that waits for its CPU as little as it may ask for.
    ///
    /// It gets the shortest slices: on a CPU that others use it then runs as soon as it has something to do, and
    /// not when the other's slice of some 3 ms has ended; its share stays the same. Where the kernel does not do
    /// that (before 6.12), nothing happens. And where all of this process gives way (SCHED_IDLE), it does not, if
    /// the kernel lets it: that takes a privilege.
    static void prefer() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment attributes = arena.allocate(SCHED_ATTR_BYTES, Long.BYTES);
            boolean _ = changePolicy(0, IDLE_POLICY, USUAL_POLICY, attributes);
            boolean _ = changePolicy(0, REAL_TIME_POLICY, USUAL_POLICY, attributes);
            if (Native.getAttributes(0, attributes)) {
                attributes.set(ValueLayout.JAVA_LONG, SCHED_RUNTIME_AT, SHORTEST_SLICE_NS);
                boolean _ = Native.setAttributes(0, attributes);
            }
        }
    }

    /// Makes the calling thread run as soon as it has something to do, whatever else is on its CPU, and end its
    /// sleeps when they are over (SCHED_RR, without timer slack). Only for one that sleeps most of the time:
    /// nothing else runs on its CPU meanwhile. Where the kernel refuses, it is one of [#prefer].
    static void goFirst() {
        try (Arena arena = Arena.ofConfined()) {
            if (!setRealTime(arena.allocate(SCHED_ATTR_BYTES, Long.BYTES))) {
                prefer();
            }
        }
    }

    /// Whether this process may have threads that [#goFirst] and another CPU for all the rest: tried with the
    /// calling thread, which is as before.
    public static boolean mayGoFirst() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment before = arena.allocate(SCHED_ATTR_BYTES, Long.BYTES);
            return allowed().numbers().size() > 1
                    && Native.getAttributes(0, before)
                    && setRealTime(arena.allocate(SCHED_ATTR_BYTES, Long.BYTES))
                    && Native.setAttributes(0, before);
        } catch (IllegalStateException notLinux) {
            return false;
        }
    }

    private static boolean setRealTime(MemorySegment attributes) {
        attributes.set(ValueLayout.JAVA_INT, 0, SCHED_ATTR_BYTES);
        attributes.set(ValueLayout.JAVA_INT, SCHED_POLICY_AT, REAL_TIME_POLICY);
        attributes.set(ValueLayout.JAVA_LONG, SCHED_FLAGS_AT, NOT_TO_CHILDREN);
        attributes.set(ValueLayout.JAVA_INT, SCHED_PRIORITY_AT, LOWEST_PRIORITY);
        return Native.setAttributes(0, attributes);
    }

    /// Moves every thread that this process has now, and all that they will start, off these CPUs; the I/O
    /// threads come back to them by pinning themselves.
    ///
    /// @return false, and nothing was done, where no other CPU is left
    public boolean reserve() {
        var others = new TreeSet<>(allowed().numbers());
        others.removeAll(numbers);
        if (others.isEmpty()) {
            return false;
        }
        new Cpus(others).bindProcess();
        return true;
    }

    /// Binds every thread that this process has now, and all that they will start, to these CPUs.
    public void bindProcess() {
        for (int thread : threadsOfThisProcess()) {
            bind(thread);
        }
    }

    /// Makes the virtual machine's compiler threads, and those that they will start, give way as
    /// [#background]
    /// threads do. A compiler at work for 200 ms would otherwise keep those from the CPU that they share,
    /// with
    /// whatever lock of the virtual machine they hold at that moment; and an I/O thread that needs the lock
    /// would
    /// wait as long.
    public static void makeCompilersGiveWay() {
        for (int thread : threadsOfThisProcess()) {
            if (COMPILER.matcher(nameOf(thread)).lookingAt()) {
                Native.setNice(thread, BACKGROUND_NICE);
            }
        }
    }

    /// Lets the second compiler have only what no other thread wants (SCHED_IDLE), until
    /// [#secondCompilerAsUsual].
    ///
    /// For a start on few CPUs: what it compiles then, start-up code that has been called often enough and will
    /// not be called again, costs a fourth of a start's CPU time. Nothing is done where it could not
    /// be undone, which takes a privilege.
    ///
    /// @return whether it is to be undone
    public static boolean secondCompilerOnlyWhenIdle() {
        try {
            return mayRaise() && changeSecondCompiler(USUAL_POLICY, IDLE_POLICY);
        } catch (IllegalStateException notLinux) {
            return false;
        }
    }

    /// Whether this process may take back that it gives way: tried with the calling thread, which is as before.
    private static boolean mayRaise() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment attributes = arena.allocate(SCHED_ATTR_BYTES, Long.BYTES);
            if (!Native.getAttributes(0, attributes)) {
                return false;
            }
            int nice = attributes.get(ValueLayout.JAVA_INT, SCHED_NICE_AT);
            attributes.set(ValueLayout.JAVA_INT, SCHED_NICE_AT, nice - 1);
            boolean may = Native.setAttributes(0, attributes);
            attributes.set(ValueLayout.JAVA_INT, SCHED_NICE_AT, nice);
            return may && Native.setAttributes(0, attributes);
        }
    }

    public static void secondCompilerAsUsual() {
        boolean _ = changeSecondCompiler(IDLE_POLICY, USUAL_POLICY);
    }

    private static boolean changeSecondCompiler(int from, int to) {
        boolean changed = false;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment attributes = arena.allocate(SCHED_ATTR_BYTES, Long.BYTES);
            for (int thread : threadsOfThisProcess()) {
                if (nameOf(thread).startsWith(SECOND_COMPILER)) {
                    changed |= changePolicy(thread, from, to, attributes);
                }
            }
        }
        return changed;
    }

    /// @param attributes room for those of the thread
    private static boolean changePolicy(int threadId, int from, int to, MemorySegment attributes) {
        if (!Native.getAttributes(threadId, attributes)
                || attributes.get(ValueLayout.JAVA_INT, SCHED_POLICY_AT) != from) {
            return false;
        }
        attributes.set(ValueLayout.JAVA_INT, SCHED_POLICY_AT, to);
        attributes.set(ValueLayout.JAVA_INT, SCHED_PRIORITY_AT, 0);
        return Native.setAttributes(threadId, attributes);
    }

    void bind(int threadId) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment mask = arena.allocate(MASK_BITS / 8);
            for (int number : numbers) {
                byte old = mask.get(ValueLayout.JAVA_BYTE, number / 8);
                mask.set(ValueLayout.JAVA_BYTE, number / 8, (byte) (old | 1 << (number % 8)));
            }
            // Another thread may have ended meanwhile; only the calling one must obey.
            if (Native.setAffinity(threadId, mask) != 0 && threadId == 0) {
                throw new IllegalStateException("the kernel refused to bind a thread to CPU " + numbers
                        + "; this process may use " + allowed().numbers());
            }
        }
    }

    private static List<Integer> threadsOfThisProcess() {
        String[] names = new File("/proc/self/task").list();
        var threads = new ArrayList<Integer>();
        for (String name : names == null ? new String[0] : names) {
            threads.add(Integer.parseInt(name));
        }
        return threads;
    }

    private static String nameOf(int thread) {
        try {
            return Files.readString(Path.of("/proc/self/task/" + thread + "/comm"));
        } catch (IOException ended) {
            return "";
        }
    }

    /// The calls of the C library, looked up when first used.
    private static final class Native {
        private static final MethodHandle SET = handle("sched_setaffinity");
        private static final MethodHandle GET = handle("sched_getaffinity");
        private static final MethodHandle SET_PRIORITY = handle("setpriority");
        /// Null where the C library has no such function.
        private static final @Nullable MethodHandle SYSCALL =
                CLibrary.find("syscall").orElse(null);

        /// The number of sched_setattr(2), which that of sched_getattr(2) follows, or -1: few C libraries have
        /// functions for them.
        private static final long SET_ATTRIBUTES =
                switch (System.getProperty("os.name") + ' ' + System.getProperty("os.arch")) {
                    case "Linux amd64" -> 314;
                    case "Linux aarch64" -> 274;
                    default -> -1;
                };

        /// PRIO_PROCESS of setpriority(2), which on Linux means one thread.
        private static final int ONE_THREAD = 0;

        /// A thread that has ended meanwhile keeps its niceness to itself.
        static void setNice(int threadId, int nice) {
            try {
                long _ = (long) SET_PRIORITY.invokeExact((long) ONE_THREAD, (long) threadId, (long) nice, 0L, 0L);
            } catch (Throwable e) {
                throw new IllegalStateException("thread priorities are not to be had on this system", e);
            }
        }

        static int setAffinity(int threadId, MemorySegment mask) {
            return invoke(SET, threadId, mask);
        }

        /// Returns how many bytes of the mask hold an answer.
        static int getAffinity(MemorySegment mask) {
            return invoke(GET, 0, mask) == 0 ? (int) mask.byteSize() : 0;
        }

        /// False where the kernel does not say.
        ///
        /// @param threadId 0 for the calling one
        static boolean getAttributes(int threadId, MemorySegment attributes) {
            return scheduling(SET_ATTRIBUTES + 1, threadId, attributes, attributes.byteSize());
        }

        /// A refusal is no error: everything works without.
        static boolean setAttributes(int threadId, MemorySegment attributes) {
            return scheduling(SET_ATTRIBUTES, threadId, attributes, 0);
        }

        private static boolean scheduling(long number, int threadId, MemorySegment attributes, long bytes) {
            if (SET_ATTRIBUTES < 0 || SYSCALL == null) {
                return false;
            }
            try {
                return (long) SYSCALL.invokeExact(number, (long) threadId, attributes.address(), bytes, 0L) == 0;
            } catch (Throwable e) {
                throw new IllegalStateException("syscall cannot be called", e);
            }
        }

        private static int invoke(MethodHandle call, int threadId, MemorySegment mask) {
            try {
                return (int) (long) call.invokeExact((long) threadId, mask.byteSize(), mask.address(), 0L, 0L);
            } catch (Throwable e) {
                throw new IllegalStateException("CPU affinity is not to be had on this system", e);
            }
        }

        private static MethodHandle handle(String name) {
            return CLibrary.find(name)
                    .orElseThrow(
                            () -> new IllegalStateException("CPU affinity needs Linux: the C library has no " + name));
        }
    }
}
