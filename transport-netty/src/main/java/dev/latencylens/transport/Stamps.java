package dev.latencylens.transport;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Which stamp counts as the arrival of bytes. The one taken right after the read call always stands beside.
public enum Stamps {
    /// The kernel's where it gives them.
    AUTO,
    /// The kernel's, or no run.
    KERNEL,
    /// The instant right after the read call.
    USER;

    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// Why the kernel's stamps cannot be had with these sockets, or null if they can.
    public static @Nullable String kernelUnavailable(SocketKind sockets) {
        return KernelStamps.unavailable(sockets);
    }
}
