package dev.latencylens.transport;

import dev.latencylens.exchange.FlightLog;
import java.util.function.LongSupplier;

/// When what one connection brings had arrived, where segments came in another order than they were sent.
///
/// TCP hands out bytes in their order, so what came ahead of a lost segment waits in the kernel until that one has
/// come again; but it bears the stamp of its own coming, and so may the lost one, which the kernel merges with it.
/// Such a stamp is earlier than the arrival, by a round trip or more. A stamp can only be like that where the read
/// was late by it, so nothing is asked about the others. The kernel counts what came out of order (TCP_INFO):
/// where there is more of it than before, or where the stamp is earlier than what was read already, the instant
/// after the read call is the arrival.
///
/// Used by the connection's I/O thread alone.
final class ArrivalOrder {
    /// How late a read may be without a question: the loop lag that a run may have at p99 (design's section 6).
    static final long LATE_NS = 200_000;
    /// How far two stamps may be apart for having been brought to the monotonic clock at different times.
    private static final long CONVERSION_NS = 1_000;

    private final LongSupplier outOfOrder;
    private long outOfOrderBefore;
    private long latestAtNs;

    /// @param sinceNs before anything can have arrived
    /// @param outOfOrder how many segments came out of order so far
    ArrivalOrder(long sinceNs, LongSupplier outOfOrder) {
        latestAtNs = sinceNs;
        this.outOfOrder = outOfOrder;
    }

    /// @param stampNs the kernel's stamp of what the read brought
    /// @param readAtNs the instant after the read call
    /// @return the arrival as the stamp has it, never before an earlier one's; [FlightLog#NO_STAMP] where the
    /// stamp does not tell
    long arrivalNs(long stampNs, long readAtNs) {
        if (readAtNs - stampNs > LATE_NS && isDoubtful(stampNs)) {
            latestAtNs = readAtNs;
            return FlightLog.NO_STAMP;
        }
        if (stampNs - readAtNs > 0) {
            // Somebody has set the wall clock, which is noticed elsewhere; what comes next is not to wait for it.
            return stampNs;
        }
        if (stampNs - latestAtNs > 0) {
            latestAtNs = stampNs;
        }
        return latestAtNs;
    }

    private boolean isDoubtful(long stampNs) {
        long before = outOfOrderBefore;
        outOfOrderBefore = outOfOrder.getAsLong();
        return outOfOrderBefore != before || latestAtNs - stampNs > CONVERSION_NS;
    }
}
