package dev.latencylens.cli;

import static dev.latencylens.cli.Flags.named;

import dev.latencylens.transport.Cpus;
import dev.latencylens.transport.SocketKind;
import dev.latencylens.transport.Stamps;
import org.jspecify.annotations.Nullable;

/// The flags of the I/O threads, which a run and its calibration share.
final class IoOptions {
    private @Nullable SocketKind transport;
    private @Nullable String ioCpus;
    private @Nullable Integer ioThreads;
    private IoWait ioWait = IoWait.PARK;
    private Stamps stamps = Stamps.AUTO;

    void declare(Flags flags) {
        flags.add(
                named("--transport").paramLabel("epoll|io_uring|nio").description("how the kernel is asked for I/O"),
                SocketKind.class,
                value -> transport = value);
        flags.add(
                named("--io-cpus").paramLabel("LIST").description("CPUs kept for the I/O threads, such as 1 or 2-3"),
                String.class,
                value -> ioCpus = value);
        flags.add(
                named("--io-threads")
                        .paramLabel("N")
                        .description(
                                "I/O threads (default one for each of --io-cpus, but no more than requests in flight; else 1)"),
                Integer.class,
                value -> ioThreads = value);
        flags.add(
                named("--io-wait")
                        .paramLabel("park|spin")
                        .description("sleep for I/O (default), or poll without pause"),
                IoWait.class,
                value -> ioWait = value);
        flags.add(
                named("--stamps")
                        .paramLabel("auto|kernel|user")
                        .description(
                                "what counts as arrival: the kernel's receive stamp (where it is to be had; default), or"
                                        + " the instant after the read call"),
                Stamps.class,
                value -> stamps = value);
    }

    /// What an I/O thread does when nothing has arrived.
    enum IoWait {
        PARK,
        SPIN
    }

    SocketKind sockets() {
        SocketKind sockets = transport == null ? SocketKind.best() : transport;
        String unavailable = sockets.unavailable();
        if (unavailable != null) {
            throw CommandFailure.usage("--transport " + sockets.label() + " is not to be had here (" + unavailable
                    + "); leave it out, or give --transport nio");
        }
        return sockets;
    }

    boolean spin() {
        return ioWait == IoWait.SPIN;
    }

    Stamps stamps(SocketKind sockets) {
        String unavailable = stamps == Stamps.KERNEL ? Stamps.kernelUnavailable(sockets) : null;
        if (unavailable != null) {
            throw CommandFailure.usage(
                    "--stamps kernel is not to be had here (" + unavailable + "); leave it out, or give --stamps user");
        }
        return stamps;
    }

    /// Null for wherever the system puts the threads.
    @Nullable
    Cpus cpus() {
        if (ioCpus == null) {
            return null;
        }
        Cpus cpus = Cpus.parse(ioCpus);
        var allowed = Cpus.allowed().numbers();
        if (!allowed.containsAll(cpus.numbers())) {
            throw CommandFailure.usage("--io-cpus asks for CPUs " + cpus.numbers() + ", this process may use " + allowed
                    + "; give some of these");
        }
        return cpus;
    }

    /// @param concurrency the most requests in flight, 0 for no limit
    int threads(int concurrency, @Nullable Cpus cpus) {
        if (ioThreads != null && ioThreads < 1) {
            throw CommandFailure.usage("--io-threads must be at least 1, was " + ioThreads);
        }
        int threads = ioThreads != null
                ? ioThreads
                : cpus == null ? 1 : cpus.numbers().size();
        if (concurrency > 0 && threads > concurrency) {
            if (ioThreads != null) {
                throw CommandFailure.usage("--io-threads " + threads + " is more than the concurrency of " + concurrency
                        + "; give at most as many threads as requests in flight");
            }
            return concurrency;
        }
        return threads;
    }
}
