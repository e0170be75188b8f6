package dev.latencylens.transport;

import dev.latencylens.clock.Clock;
import dev.latencylens.exchange.ConnectionFacts;
import dev.latencylens.exchange.EncodedRequest;
import dev.latencylens.exchange.Exchange;
import dev.latencylens.exchange.FlightLog;
import dev.latencylens.exchange.TransportEnd;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/// A connection over a channel in memory, with a clock that ticks once a reading, and a transport's bookkeeping.
final class OnWire implements Connection.Owner {
    private static final byte[] NOTHING = {};

    final EmbeddedChannel channel = new EmbeddedChannel();
    final Connection connection;
    /// Whether the connection has told that it takes no more exchanges, and whose doing that was.
    String retired = "";

    private final FlightLog log;
    private final Recorded recorded = new Recorded();
    private final ReadStamp stamp;
    private final Clock clock;
    private final List<Flight> flights = new ArrayList<>();
    private final ByteBuf sent = Unpooled.buffer();
    private long nowNs;

    private OnWire(HttpVersion http, int maxStreams) {
        clock = () -> ++nowNs;
        log = new FlightLog(clock, 1 << 10, 1 << 17);
        stamp = new ReadStamp(clock, null);
        var facts = new ConnectionFacts(1, ConnectionFacts.Kind.NEW, http.label(), "in memory", null);
        if (http == HttpVersion.HTTP_2) {
            var spoken = new Http2Connection(channel, stamp, clock, facts, this, maxStreams);
            channel.pipeline().addLast(spoken);
            spoken.open();
            connection = spoken;
        } else {
            connection = new Http1Connection(channel, stamp, clock, facts, this);
            channel.pipeline().addLast(connection);
        }
    }

    static OnWire http1() {
        return new OnWire(HttpVersion.HTTP_1_1, 1);
    }

    static OnWire http2() {
        return new OnWire(HttpVersion.HTTP_2, 100);
    }

    static OnWire http2(int maxStreams) {
        return new OnWire(HttpVersion.HTTP_2, maxStreams);
    }

    static Exchange exchange(byte[] body) {
        byte[] head = "POST / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
        // :method POST, :scheme http, :path / from HPACK's static table
        byte[] block = {(byte) 0x83, (byte) 0x86, (byte) 0x84};
        return new Exchange(0, "x", new EncodedRequest(head, block, body));
    }

    Exchange send() {
        return send(exchange(NOTHING));
    }

    Exchange send(Exchange exchange) {
        var flight = new Flight(exchange, log, _ -> {});
        flights.add(flight);
        connection.carry(flight);
        collectSent();
        return exchange;
    }

    void giveUp(Exchange exchange) {
        Flight flight = flightOf(exchange);
        flight.end(new TransportEnd(TransportEnd.Kind.CANCELLED, "given up"), clock.nowNs(), FlightLog.NO_STAMP);
        connection.abandon(flight);
        channel.runPendingTasks();
    }

    /// Each piece arrives by a read of its own.
    OnWire receive(byte[]... pieces) {
        for (byte[] piece : pieces) {
            if (!channel.isActive()) {
                return this;
            }
            stamp.newHandle().lastBytesRead(piece.length);
            ByteBuf read = Unpooled.copiedBuffer(piece);
            channel.writeInbound(read);
            if (read.refCnt() != 0) {
                throw new AssertionError("a read buffer was not released");
            }
            collectSent();
            recorded.drain(log);
        }
        return this;
    }

    OnWire receive(String... pieces) {
        for (String piece : pieces) {
            receive(piece.getBytes(StandardCharsets.ISO_8859_1));
        }
        return this;
    }

    /// The same bytes in two reads, cut at the given place.
    OnWire receiveCut(byte[] bytes, int at) {
        return receive(java.util.Arrays.copyOf(bytes, at), java.util.Arrays.copyOfRange(bytes, at, bytes.length));
    }

    OnWire receiveByteByByte(byte[] bytes) {
        for (byte one : bytes) {
            receive(new byte[] {one});
        }
        return this;
    }

    OnWire peerCloses() {
        stamp.newHandle().lastBytesRead(-1);
        channel.close();
        return this;
    }

    OnWire breaks(Throwable cause) {
        channel.pipeline().fireExceptionCaught(cause);
        channel.runPendingTasks();
        return this;
    }

    Recorded.Flown flown(Exchange exchange) {
        return recorded.drain(log).of(exchange);
    }

    /// Everything sent since the last call.
    byte[] sent() {
        collectSent();
        byte[] bytes = ByteBufUtil.getBytes(sent);
        sent.clear();
        return bytes;
    }

    private void collectSent() {
        for (ByteBuf out = channel.readOutbound(); out != null; out = channel.readOutbound()) {
            sent.writeBytes(out);
            out.release();
        }
    }

    boolean isReusable() {
        return connection.room() > 0;
    }

    private Flight flightOf(Exchange exchange) {
        return Objects.requireNonNull(flights.stream()
                .filter(flight -> flight.exchange == exchange)
                .findFirst()
                .orElse(null));
    }

    @Override
    public void landed(Connection from, Flight flight, TransportEnd end, long atNs, long kernelAtNs) {
        if (flight.hasEnded()) {
            throw new AssertionError("landed twice: " + end);
        }
        flight.end(end, atNs, kernelAtNs);
    }

    @Override
    public void retired(Connection from, boolean closedByPeer) {
        if (!retired.isEmpty()) {
            throw new AssertionError("retired twice");
        }
        retired = closedByPeer ? "by the peer" : "by us";
    }

    @Override
    public void hasRoom(Connection from) {
        if (from.room() <= 0) {
            throw new AssertionError("has no room");
        }
    }
}
