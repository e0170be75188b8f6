package dev.latencylens.transport;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.latencylens.clock.Clock;
import dev.latencylens.exchange.ConnectionFacts;
import dev.latencylens.exchange.EncodedRequest;
import dev.latencylens.exchange.Exchange;
import dev.latencylens.exchange.FlightFact;
import dev.latencylens.exchange.FlightLog;
import dev.latencylens.exchange.Moment;
import dev.latencylens.exchange.TransportEnd;
import io.netty.buffer.ByteBuf;
import java.util.Arrays;

/// An answer in mid-stream whose token events come one read each: what the I/O thread does with them, from the
/// receive buffer to the flight log, by the transport's own classes and Netty's TLS, without the system calls.
///
/// Used by one thread, one of [NettyTransport#threads], without which Netty keeps no pools. Every event is checked
/// when it comes out of the flight log.
public final class TokenStream implements AutoCloseable {
    /// The flight log of a run with 32 requests at a time.
    public static final int LOG_ENTRIES = 1 << 15;

    public static final int LOG_BYTES = 1 << 23;

    private static final int DATA = 0;
    private static final int STREAM = 1;
    private static final byte[] HTTP_1_HEAD =
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".getBytes(US_ASCII);
    /// SETTINGS without any, then HEADERS with END_HEADERS and `:status 200` of HPACK's static table.
    private static final byte[] HTTP_2_HEAD = {0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 1, 1, 4, 0, 0, 0, STREAM, (byte) 0x88};

    private final byte[] event;
    private final byte[] framed;
    private final FlightLog log;
    private final Events recorded = new Events();
    private final MemoryChannel memory;
    private final Connection connection;
    private final ByteBuf plainRead;
    private long received;

    /// @param event the bytes of one token event, which all are the same
    public TokenStream(Wire wrapping, byte[] event) {
        this.event = event.clone();
        Clock clock = Clock.monotonic();
        log = new FlightLog(clock, LOG_ENTRIES, LOG_BYTES);
        memory = new MemoryChannel(clock, wrapping.http, wrapping.tls);
        var facts = new ConnectionFacts(1, ConnectionFacts.Kind.NEW, wrapping.http.label(), "in memory", null);
        boolean http2 = wrapping.http == HttpVersion.HTTP_2;
        if (http2) {
            var spoken = new Http2Connection(memory.channel, memory.stamp, clock, facts, new NoOwner(), 1);
            memory.channel.pipeline().addLast(spoken);
            spoken.open();
            connection = spoken;
        } else {
            connection = new Http1Connection(memory.channel, memory.stamp, clock, facts, new NoOwner());
            memory.channel.pipeline().addLast(connection);
        }
        framed = http2 ? http2Frame(event) : http1Chunk(event);
        byte[] noBody = {};
        var request = new EncodedRequest("GET / HTTP/1.1\r\n\r\n".getBytes(US_ASCII), noBody, noBody);
        connection.carry(new Flight(new Exchange(0, "x", request), log, _ -> {}));
        memory.prepare(1, http2 ? HTTP_2_HEAD : HTTP_1_HEAD);
        memory.read();
        plainRead = memory.channel.alloc().directBuffer(framed.length).writeBytes(framed);
        prepare(0);
    }

    /// Makes the next events ready to be read, and takes what has been read out of the flight log: what others do
    /// while the I/O thread does its work.
    public void prepare(int events) {
        takeOut();
        memory.prepare(events, framed);
    }

    /// Events made ready and not read yet.
    public int ready() {
        return memory.ready();
    }

    /// One token event, the whole way from the receive buffer into the flight log.
    public void receive() {
        memory.read();
        received++;
    }

    /// So many events at full speed, made ready in batches, so that all of the way is compiled.
    public void runIn(int events, int batch) {
        for (int done = 0; done < events; done += batch) {
            prepare(batch);
            for (int i = 0; i < batch; i++) {
                receive();
            }
        }
    }

    /// The part of the way from the plain bytes of a read into the flight log.
    public void frame() {
        plainRead.readerIndex(0);
        try {
            connection.channelRead(memory.channel.pipeline().lastContext(), plainRead.retain());
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
        received++;
    }

    /// The stamps of a read, and nothing else of it.
    public long stamp() {
        memory.reads.lastBytesRead(framed.length);
        return memory.stamp.arrivedAtNs();
    }

    /// @throws IllegalStateException unless the flight log held every event that was read, whole, unchanged and in
    /// order
    public void check() {
        takeOut();
        if (recorded.events != received || recorded.bytes != 0) {
            throw new IllegalStateException("expected " + received + " events in the flight log, saw " + recorded.events
                    + " and " + recorded.bytes + " bytes");
        }
    }

    @Override
    public void close() {
        plainRead.release();
        memory.channel.close();
        memory.forgetSent();
    }

    private void takeOut() {
        while (log.drain(recorded, 1024) > 0) {
            // There is more.
        }
        memory.forgetSent();
    }

    private static byte[] http1Chunk(byte[] event) {
        byte[] size = (Integer.toHexString(event.length) + "\r\n").getBytes(US_ASCII);
        byte[] chunk = Arrays.copyOf(size, size.length + event.length + 2);
        System.arraycopy(event, 0, chunk, size.length, event.length);
        chunk[chunk.length - 2] = '\r';
        chunk[chunk.length - 1] = '\n';
        return chunk;
    }

    private static byte[] http2Frame(byte[] event) {
        byte[] header = {
            (byte) (event.length >> 16), (byte) (event.length >> 8), (byte) event.length, DATA, 0, 0, 0, 0, STREAM
        };
        byte[] frame = Arrays.copyOf(header, header.length + event.length);
        System.arraycopy(event, 0, frame, header.length, event.length);
        return frame;
    }

    /// Counts the events in the flight log, byte for byte.
    private final class Events implements FlightLog.Reader {
        private long events;
        /// Of the event that is not whole yet.
        private int bytes;

        @Override
        public void body(Exchange exchange, long arrivedAtNs, long kernelAtNs, byte[] body, int offset, int length) {
            int from = offset;
            int to = offset + length;
            while (from < to) {
                int piece = Math.min(to - from, event.length - bytes);
                if (!Arrays.equals(body, from, from + piece, event, bytes, bytes + piece)) {
                    throw new IllegalStateException("event " + events + " is not what was sent");
                }
                from += piece;
                bytes += piece;
                if (bytes == event.length) {
                    bytes = 0;
                    events++;
                }
            }
        }

        @Override
        public void moment(Exchange exchange, Moment moment, long arrivedAtNs, long kernelAtNs) {
            // Of the request and the head; a token has none.
        }

        @Override
        public void fact(Exchange exchange, FlightFact fact, long atNs) {
            if (fact instanceof TransportEnd end) {
                throw new IllegalStateException("the stream ended: " + end);
            }
        }
    }

    /// Nobody, as the stream does not end.
    private static final class NoOwner implements Connection.Owner {
        @Override
        public void landed(Connection connection, Flight flight, TransportEnd end, long atNs, long kernelAtNs) {
            flight.end(end, atNs, kernelAtNs);
        }

        @Override
        public void retired(Connection connection, boolean closedByPeer) {
            // When it is closed.
        }

        @Override
        public void hasRoom(Connection connection) {
            // For nobody.
        }
    }
}
