package dev.latencylens.exchange;

/// Which stamps a transport took for the arrival of bytes, and how far they may be believed.
///
/// @param kernel whether it asked the kernel when each segment had arrived
/// @param whyNot why it did not, where it did not
/// @param stampedReads reads of a socket whose segment bore the kernel's stamp
/// @param unstampedReads reads without one, although it was asked for; their arrival is the instant after the read
/// @param outOfOrderReads reads whose stamp does not tell the arrival, as segments had come out of order; it is
/// the instant after the read, too
/// @param offsetUncertaintyNs how far the kernel's stamps may be off for having been brought from the wall clock
/// to the monotonic one
/// @param clockSteps how often the wall clock was set meanwhile
/// @param largestClockStepNs the largest of those steps
public record StampSource(
        boolean kernel,
        String whyNot,
        long stampedReads,
        long unstampedReads,
        long outOfOrderReads,
        long offsetUncertaintyNs,
        int clockSteps,
        long largestClockStepNs) {
    /// The instant after the read call, for the reason given.
    public static StampSource user(String whyNot) {
        return new StampSource(false, whyNot, 0, 0, 0, 0, 0, 0);
    }

    /// Reads whose arrival could have been the kernel's stamp.
    public long reads() {
        return stampedReads + unstampedReads + outOfOrderReads;
    }

    /// Those of two transports together.
    public StampSource and(StampSource other) {
        return new StampSource(
                kernel && other.kernel,
                kernel ? other.whyNot : whyNot,
                stampedReads + other.stampedReads,
                unstampedReads + other.unstampedReads,
                outOfOrderReads + other.outOfOrderReads,
                Math.max(offsetUncertaintyNs, other.offsetUncertaintyNs),
                Math.max(clockSteps, other.clockSteps),
                Math.abs(largestClockStepNs) >= Math.abs(other.largestClockStepNs)
                        ? largestClockStepNs
                        : other.largestClockStepNs);
    }
}
