package dev.latencylens.transport;

import dev.latencylens.exchange.FlightLog;
import dev.latencylens.exchange.Moment;
import dev.latencylens.exchange.TransportEnd;
import io.netty.channel.Channel;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A connection being opened, with the instants of its phases and the flights that wait for it.
final class Dial {
    static final long NOT_YET = FlightLog.NO_STAMP;

    /// How a dial ends, once.
    interface Owner {
        void succeeded(Dial dial, Connection connection);

        void failed(Dial dial, TransportEnd end);
    }

    final List<Flight> waiting = new ArrayList<>();
    final int session;
    private final Owner owner;
    private boolean over;
    long number;
    long domainLookupStartAtNs = NOT_YET;
    long domainLookupEndAtNs = NOT_YET;
    long connectStartAtNs = NOT_YET;
    long connectEndAtNs = NOT_YET;
    long secureConnectionStartAtNs = NOT_YET;
    long secureConnectionEndAtNs = NOT_YET;

    @Nullable
    Channel channel;

    /// Null until TCP stands, and where the transport cannot ask the kernel.
    @Nullable
    PathReader path;

    Dial(Owner owner, int session) {
        this.owner = owner;
        this.session = session;
    }

    void succeeded(Connection connection) {
        if (!over) {
            over = true;
            owner.succeeded(this, connection);
        }
    }

    void failed(TransportEnd end) {
        if (!over) {
            over = true;
            owner.failed(this, end);
        }
    }

    boolean isGivenUp() {
        return over;
    }

    /// Nobody waits any more.
    void giveUp() {
        over = true;
        if (channel != null) {
            channel.close();
        }
    }

    /// Writes the phases into the record of a flight that waited for them.
    void tell(Flight flight) {
        flight.phase(Moment.DOMAIN_LOOKUP_START, domainLookupStartAtNs, Moment.DOMAIN_LOOKUP_END, domainLookupEndAtNs);
        flight.phase(Moment.CONNECT_START, connectStartAtNs, Moment.CONNECT_END, connectEndAtNs);
        flight.phase(
                Moment.SECURE_CONNECTION_START,
                secureConnectionStartAtNs,
                Moment.SECURE_CONNECTION_END,
                secureConnectionEndAtNs);
    }
}
