package dev.latencylens.transport;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/// Functions of Linux' C library that never wait, all called by one signature: five longs and a long.
///
/// The first function of a signature has the virtual machine make some twenty classes, milliseconds of each start;
/// further ones none. So an int goes out as a long, whose upper half nobody looks at, and a pointer does too; what
/// a function does not have is given as 0, in a register that it does not read. A result that is an int comes back
/// in the lower half of the long.
///
/// The calls are critical: the thread stays in Java's state.
public final class CLibrary {
    private static final FunctionDescriptor WORDS = FunctionDescriptor.of(
            ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_LONG);

    private CLibrary() {}

    /// Empty where the library has no such function.
    @SuppressWarnings("restricted")
    static Optional<MethodHandle> find(String name) {
        Linker linker = Linker.nativeLinker();
        Optional<MemorySegment> function = linker.defaultLookup().find(name);
        return function.map(address -> linker.downcallHandle(address, WORDS, Linker.Option.critical(false)));
    }

    /// @throws UnsatisfiedLinkError where the library has no such function
    public static MethodHandle function(String name) {
        return find(name).orElseThrow(() -> new UnsatisfiedLinkError("the C library has no " + name));
    }
}
