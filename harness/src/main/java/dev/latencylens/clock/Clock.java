package dev.latencylens.clock;

/// Reads time. Every instant in the project is a reading of one clock of this kind.
///
/// Instants are nanoseconds on CLOCK_MONOTONIC, comparable between processes of one machine and with nothing else;
/// compare them by difference (`now - start >= limitNs`).
@FunctionalInterface
public interface Clock {
    long nowNs();

    /// The machine's CLOCK_MONOTONIC, which is what `System.nanoTime` reads on Linux. The only reader of it.
    static Clock monotonic() {
        return System::nanoTime;
    }
}
