package dev.latencylens.simulated;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;
import java.util.Set;

/// Places the calling thread on CPUs, and makes its sleeps precise. Linux only.
final class ThreadPlacement {
    /// Bytes of a `cpu_set_t`: 1,024 CPUs.
    private static final int CPU_SET_BYTES = 128;
    private static final int PR_SET_TIMERSLACK = 29;

    private ThreadPlacement() {}

    /// Pins the calling thread; throws an [IllegalArgumentException] where that is not possible.
    @SuppressWarnings("restricted") // the JVM is started with native access, as Netty needs it too
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
            Optional<MemorySegment> symbol = symbol("sched_setaffinity");
            if (symbol.isEmpty()) {
                throw new IllegalArgumentException("cpus: this operating system cannot pin a thread to CPUs " + cpus);
            }
            MethodHandle call = Linker.nativeLinker()
                    .downcallHandle(
                            symbol.get(),
                            FunctionDescriptor.of(
                                    ValueLayout.JAVA_INT,
                                    ValueLayout.JAVA_INT,
                                    ValueLayout.JAVA_LONG,
                                    ValueLayout.ADDRESS));
            int result = (int) call.invokeExact(0, (long) CPU_SET_BYTES, mask);
            if (result != 0) {
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
    @SuppressWarnings("restricted") // as above
    static void leastTimerSlack() {
        Optional<MemorySegment> symbol =
                System.getProperty("os.name", "").equals("Linux") ? symbol("prctl") : Optional.empty();
        if (symbol.isEmpty()) {
            return;
        }
        try {
            MethodHandle call = Linker.nativeLinker()
                    .downcallHandle(
                            symbol.get(),
                            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG),
                            Linker.Option.firstVariadicArg(1));
            int ignored = (int) call.invokeExact(PR_SET_TIMERSLACK, 1L);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("prctl could not be called", e);
        }
    }

    private static Optional<MemorySegment> symbol(String name) {
        SymbolLookup lookup = Linker.nativeLinker().defaultLookup();
        return lookup.find(name);
    }
}
