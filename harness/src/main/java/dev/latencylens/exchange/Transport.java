package dev.latencylens.exchange;

/// Carries exchanges over the network for one I/O thread, and writes what it sees to that thread's [FlightLog].
///
/// All methods are called on that thread. Every started exchange ends exactly once: with a [TransportEnd] in the
/// log and then a call of [Listener#ended].
public interface Transport extends AutoCloseable {
    /// Sends the exchange, over a connection chosen by the transport's reuse policy: now, or where it is not due
    /// yet, when it is, with all done before that can be.
    ///
    /// @return how long before it was due it was ready to leave, negative where it was late
    long start(Exchange exchange);

    /// Does the I/O that is due, waiting for some until the given instant if this transport waits at all.
    ///
    /// @return how long it waited as it was meant to: until there was something to do (the arrival of what it then
    /// read, where that is known), or until that instant, but not the time by which it came back later than that
    long poll(long untilAtNs);

    /// Whether [#start] may be called shortly before an exchange is due. Nothing is read until it is, so that is
    /// for those transports alone where what arrives gets its stamp all the same.
    default boolean startsAhead() {
        return false;
    }

    /// Ends every exchange in flight as cancelled.
    void cancelAll(String reason);

    /// Which stamps it has taken for arrivals so far.
    StampSource stamps();

    @Override
    void close();

    /// Opens the transport of one I/O thread, on that thread.
    @FunctionalInterface
    interface Opener {
        Transport open(FlightLog log, Listener listener);
    }

    /// Hears of beginnings and ends of answers on the I/O thread, from inside [Transport#poll] or
    /// [Transport#cancelAll]; must be quick and must not call back.
    @FunctionalInterface
    interface Listener {
        void ended(Exchange exchange);

        /// The first byte of its answer has come.
        default void answering(Exchange exchange) {}
    }
}
