package dev.latencylens.simulated;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;
import java.util.Set;

/// Places the calling thread on CPUs, and makes its sleeps precise. Linux only.
final class ThreadPlacement {
    /// Bytes of a `cpu_set_t`: 1,024 CPUs.
    private static final int CPU_SET_BYTES = 128;
    private static final long PR_SET_TIMERSLACK = 29;

    private ThreadPlacement() {}

    /// Pins the calling thread; throws an [IllegalArgumentException] where that is not possible.
    static void pin(Set<Integer> cpus) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment mask = arena.allocate(CPU_SET_BYTES, Long.BYTES);
            for (int cpu : cpus) {
                if (cpu < 0 || cpu >= CPU_SET_BYTES * 8) {
                    throw new IllegalArgumentException("cpus: no such CPU: " + cpu);
                }
                long word = mask.get(ValueLayout.JAVA_LONG, cpu / 64 * (long) Long.BYTES);
                mask.set(ValueLayout.JAVA_LONG, cpu / 64 * (long) Long.BYTES, word | 1L << (cpu % 64));
            }
            Optional<MethodHandle> call = function("sched_setaffinity");
            if (call.isEmpty()) {
                throw new IllegalArgumentException("cpus: this operating system cannot pin a thread to CPUs " + cpus);
            }
            long result = (long) call.get().invokeExact(0L, (long) CPU_SET_BYTES, mask.address(), 0L, 0L);
            if ((int) result != 0) {
                throw new IllegalArgumentException("cpus: the kernel refused to pin to CPUs " + cpus
                        + "; this process may use CPUs 0 to "
                        + (Runtime.getRuntime().availableProcessors() - 1) + " at most");
            }
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("sched_setaffinity could not be called", e);
        }
    }

    /// Lets timed waits of the calling thread end within 1 ns of slack instead of 50 us. Does
    /// nothing where the kernel has no such call: waits are then less precise, not wrong.
    static void leastTimerSlack() {
        Optional<MethodHandle> call =
                System.getProperty("os.name", "").equals("Linux") ? function("prctl") : Optional.empty();
        if (call.isEmpty()) {
            return;
        }
        try {
            long _ = (long) call.get().invokeExact(PR_SET_TIMERSLACK, 1L, 0L, 0L, 0L);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("prctl could not be called", e);
        }
    }

    /// Whatever it takes and returns is given as longs, as the client of this project does it in the same process:
    /// each further signature takes milliseconds to link, and registers hold ints as well.
    @SuppressWarnings("restricted") // the JVM is started with native access, as Netty needs it too
    private static Optional<MethodHandle> function(String name) {
        Linker linker = Linker.nativeLinker();
        return linker.defaultLookup()
                .find(name)
                .map(address -> linker.downcallHandle(
                        address,
                        FunctionDescriptor.of(
                                ValueLayout.JAVA_LONG,
                                ValueLayout.JAVA_LONG,
                                ValueLayout.JAVA_LONG,
                                ValueLayout.JAVA_LONG,
                                ValueLayout.JAVA_LONG,
                                ValueLayout.JAVA_LONG),
                        Linker.Option.critical(false)));
    }
}
