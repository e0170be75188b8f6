package dev.latencylens.cli;

import dev.latencylens.load.Load;
import dev.latencylens.transport.Cpus;

/// What the I/O threads of a run are to the other threads on their CPUs.
enum IoPriority {
    /// Real-time where that helps and may be had.
    AUTO,
    REALTIME,
    USUAL;

    /// Whether they go before all others. It helps who sleeps until a request is due and then is to be on time;
    /// who polls without pause would stop the CPU for everybody else, the kernel's own threads too.
    boolean isRealTime(Load load, boolean spin) {
        return switch (this) {
            case AUTO -> load.arrivals() != null && !spin && Cpus.mayGoFirst();
            case REALTIME -> {
                if (spin) {
                    throw CommandFailure.usage("--io-priority realtime would stop a CPU for all other threads with"
                            + " --io-wait spin; leave one of the two out");
                }
                if (!Cpus.mayGoFirst()) {
                    throw CommandFailure.usage("--io-priority realtime is not to be had here: it takes the privilege"
                            + " CAP_SYS_NICE and a second CPU; leave it out");
                }
                yield true;
            }
            case USUAL -> false;
        };
    }
}
