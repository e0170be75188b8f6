package dev.latencylens.transport;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.latencylens.clock.Clock;
import dev.latencylens.exchange.ConnectionFacts;
import dev.latencylens.exchange.EncodedRequest;
import dev.latencylens.exchange.Exchange;
import dev.latencylens.exchange.FlightLog;
import dev.latencylens.exchange.TcpPath;
import dev.latencylens.exchange.TransportEnd;
import io.netty.channel.ManualIoEventLoop;
import io.netty.resolver.dns.SingletonDnsServerAddressStreamProvider;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class NamesTest {
    private final ManualIoEventLoop loop = new ManualIoEventLoop(Thread.currentThread(), SocketKind.NIO.handlers());

    @AfterEach
    void close() {
        close(loop);
    }

    private static void close(ManualIoEventLoop loop) {
        loop.shutdownGracefully(0, 0, TimeUnit.NANOSECONDS);
        while (!loop.isTerminated()) {
            loop.run(1_000_000);
        }
    }

    /// A name server that knows `two.test` as 127.0.0.1 and 127.0.0.2, and nothing else.
    private static final class NameServer implements AutoCloseable {
        private static final int TYPE_A = 1;
        private static final int NO_SUCH_NAME = 3;

        final AtomicInteger questions = new AtomicInteger();
        private final DatagramSocket socket = new DatagramSocket(0, InetAddress.getLoopbackAddress());

        NameServer() throws IOException {
            Thread.ofVirtual().start(this::answer);
        }

        private void answer() {
            var packet = new DatagramPacket(new byte[512], 512);
            while (!socket.isClosed()) {
                try {
                    socket.receive(packet);
                    questions.incrementAndGet();
                    byte[] reply = reply(Arrays.copyOf(packet.getData(), packet.getLength()));
                    socket.send(new DatagramPacket(reply, reply.length, packet.getSocketAddress()));
                } catch (IOException e) {
                    // Closed.
                }
            }
        }

        /// RFC 1035, 4.1.
        private static byte[] reply(byte[] query) {
            int end = 12;
            while (query[end] != 0) {
                end += query[end] + 1;
            }
            int type = ByteBuffer.wrap(query).getShort(end + 1);
            boolean known = new String(query, java.nio.charset.StandardCharsets.ISO_8859_1).contains("\3two\4test");
            int answers = known && type == TYPE_A ? 2 : 0;
            ByteBuffer out = ByteBuffer.allocate(512);
            out.put(query, 0, 2)
                    .putShort((short) (0x8180 | (known ? 0 : NO_SUCH_NAME)))
                    .putShort((short) 1)
                    .putShort((short) answers)
                    .putInt(0)
                    .put(query, 12, end + 5 - 12);
            for (int i = 1; i <= answers; i++) {
                out.putShort((short) 0xC00C)
                        .putShort((short) TYPE_A)
                        .putShort((short) 1)
                        .putInt(600);
                out.putShort((short) 4).put(new byte[] {127, 0, 0, (byte) i});
            }
            return Arrays.copyOf(out.array(), out.position());
        }

        Names names(ManualIoEventLoop loop) {
            return new Names(
                    loop,
                    SocketKind.NIO,
                    Duration.ofSeconds(5),
                    new SingletonDnsServerAddressStreamProvider((InetSocketAddress) socketAddress()));
        }

        private SocketAddress socketAddress() {
            return socket.getLocalSocketAddress();
        }

        @Override
        public void close() {
            socket.close();
        }
    }

    private record Looked(
            List<InetAddress> addresses, @Nullable String failure) {}

    private Looked lookUp(Names names, String host) {
        var answers = new ArrayList<Looked>();
        names.lookUp(host, (addresses, failure) -> answers.add(new Looked(addresses, failure)));
        while (answers.isEmpty()) {
            loop.run(1_000_000);
        }
        return answers.getFirst();
    }

    private static List<InetAddress> addresses(String... texts) throws IOException {
        var addresses = new ArrayList<InetAddress>();
        for (String text : texts) {
            addresses.add(InetAddress.getAllByName(text)[0]);
        }
        return addresses;
    }

    @Test
    void anAddressNeedsNoLookup() throws IOException {
        var names = new Names(loop, SocketKind.NIO, Duration.ofSeconds(5));

        assertThat(names.needsLookup("127.0.0.1")).isFalse();
        assertThat(names.needsLookup("::1")).isFalse();
        assertThat(names.known("::1")).isEqualTo(addresses("::1"));
        assertThat(names.needsLookup("localhost")).isTrue();
        names.close();
    }

    @Test
    void aNameIsAskedForOnceAndThenKnownAsLongAsItsTimeToLive() throws IOException {
        try (var server = new NameServer();
                Names names = server.names(loop)) {
            assertThat(names.needsLookup("two.test")).isTrue();
            assertThat(lookUp(names, "two.test").addresses()).isEqualTo(addresses("127.0.0.1", "127.0.0.2"));
            int asked = server.questions.get();
            assertThat(asked).isPositive();
            assertThat(names.needsLookup("two.test")).isFalse();
            assertThat(names.known("two.test")).isEqualTo(addresses("127.0.0.1", "127.0.0.2"));
            assertThat(server.questions).hasValue(asked);
        }
    }

    @Test
    void aNameThatTheServerDoesNotKnowHasNoAddress() throws IOException {
        try (var server = new NameServer();
                Names names = server.names(loop)) {
            Looked looked = lookUp(names, "nothing.test");

            assertThat(looked.addresses()).isEmpty();
            assertThat(looked.failure()).startsWith("the name 'nothing.test' has no address: ");
            assertThat(names.needsLookup("nothing.test")).isTrue();
        }
    }

    // Several addresses.

    private record Dialled(
            Dial dial,
            @Nullable Connection connection,
            @Nullable TransportEnd end) {}

    private Dialled dial(NetworkSettings settings, List<InetAddress> addresses) {
        return dial(loop, settings, addresses);
    }

    private static Dialled dial(ManualIoEventLoop loop, NetworkSettings settings, List<InetAddress> addresses) {
        var outcomes = new ArrayList<Dialled>();
        var owner = new Dial.Owner() {
            @Override
            public void succeeded(Dial dial, Connection connection) {
                outcomes.add(new Dialled(dial, connection, null));
            }

            @Override
            public void failed(Dial dial, TransportEnd end) {
                outcomes.add(new Dialled(dial, null, end));
            }
        };
        var dial = new Dial(owner, 0);
        Clock clock = Clock.monotonic();
        var log = new FlightLog(clock, 64, 64);
        var exchange = new Exchange(0, "x", new EncodedRequest(new byte[0], new byte[0], new byte[0]));
        var flight = new Flight(exchange, log, _ -> {});
        flight.start(clock);
        dial.waiting.add(flight);
        var dialer = new Dialer(
                settings,
                clock,
                loop,
                settings.endpoint().tls() ? new Tls(settings.tls(), settings.http()) : null,
                null,
                new Nobody());
        dialer.connect(dial, addresses, 0);
        while (outcomes.isEmpty()) {
            loop.run(1_000_000);
        }
        dialer.close();
        return outcomes.getFirst();
    }

    private static final class Nobody implements Connection.Owner {
        @Override
        public void landed(Connection connection, Flight flight, TransportEnd end, long atNs, long kernelAtNs) {}

        @Override
        public void retired(Connection connection, boolean closedByPeer) {}

        @Override
        public void hasRoom(Connection connection) {}
    }

    private static NetworkSettings to(Endpoint endpoint) {
        return to(endpoint, SocketKind.NIO);
    }

    private static NetworkSettings to(Endpoint endpoint, SocketKind sockets) {
        NetworkSettings any = NetworkSettings.to(endpoint);
        return new NetworkSettings(
                endpoint, any.http(), sockets, false, any.reuse(), 1, any.timeouts(), any.tls(), null, any.stamps());
    }

    @Test
    void theSecondAddressIsTriedWhenTheFirstRefuses() throws IOException {
        try (Peer peer = Peer.serving(Peer.Line::awaitClose)) {
            Dialled dialled = dial(to(peer.endpoint()), addresses("127.0.0.9", "127.0.0.1"));

            assertThat(dialled.end()).isNull();
            Connection connection = requireNonNull(dialled.connection());
            ConnectionFacts facts = connection.facts();
            assertThat(facts.remoteAddress()).isEqualTo("127.0.0.1:" + peer.port());
            connection.channel.close();
        }
    }

    @Test
    void theTimeOfAnAddressThatRefusedIsToldApart() throws IOException {
        assumeTrue(SocketKind.EPOLL.unavailable() == null);
        var epoll = new ManualIoEventLoop(Thread.currentThread(), SocketKind.EPOLL.handlers());
        try (Peer peer = Peer.serving(Peer.Line::awaitClose)) {
            NetworkSettings settings = to(peer.endpoint(), SocketKind.EPOLL);
            Dialled first = dial(epoll, settings, addresses("127.0.0.1", "127.0.0.9"));
            Dialled second = dial(epoll, settings, addresses("127.0.0.9", "127.0.0.1"));

            assertThat(path(first).earlierAttemptsNs()).isZero();
            // The kernel's time is in whole microseconds.
            assertThat(path(second).earlierAttemptsNs())
                    .isPositive()
                    .isLessThanOrEqualTo(second.dial().connectEndAtNs
                            - second.dial().connectStartAtNs
                            - path(second).handshakeRttNs()
                            + 1_000);
            requireNonNull(first.connection()).channel.close();
            requireNonNull(second.connection()).channel.close();
        } finally {
            close(epoll);
        }
    }

    private static TcpPath path(Dialled dialled) {
        Connection connection = requireNonNull(dialled.connection());
        return requireNonNull(requireNonNull(connection.path).read());
    }

    @Test
    void theLastAddressesRefusalIsTheFailure() throws IOException {
        int port = NettyTransportTest.freePort();
        Dialled dialled = dial(to(Endpoint.parse("http://two.test:" + port)), addresses("127.0.0.8", "127.0.0.9"));

        assertThat(dialled.end())
                .isEqualTo(new TransportEnd(
                        TransportEnd.Kind.CONNECT_FAILED, "connection refused by 127.0.0.9 port " + port));
    }

    @Test
    void noOtherAddressIsTriedOnceTcpStands() throws IOException {
        try (Peer peer = Peer.serving(Identity.valid(), Peer.answering(Peer.ok("")))) {
            Dialled dialled = dial(to(peer.endpoint()), addresses("127.0.0.1", "127.0.0.1"));

            assertThat(requireNonNull(dialled.end()).kind()).isEqualTo(TransportEnd.Kind.TLS_FAILED);
            assertThat(peer.connections()).isEqualTo(1);
        }
    }
}
