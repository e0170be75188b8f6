package dev.latencylens.transport;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.sun.management.ThreadMXBean;
import dev.latencylens.clock.Clock;
import dev.latencylens.exchange.Exchange;
import dev.latencylens.exchange.FlightLog;
import dev.latencylens.exchange.Moment;
import dev.latencylens.exchange.StampSource;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class KernelStampsTest {
    /// How far two readings of one clock, or its conversion, may be apart: far less than between two writes here.
    private static final long TOLERANCE_NS = 50_000;

    private final Clock clock = Clock.monotonic();

    @BeforeEach
    void onlyWhereTheKernelGivesThem() {
        assumeThat(Stamps.kernelUnavailable(SocketKind.best())).isNull();
        Epoll.ensureAvailability();
    }

    /// A socket that asks for stamps, and the far end that writes to it.
    private record Pair(Socket reader, SocketChannel writer) implements AutoCloseable {
        static Pair connected() throws IOException {
            try (ServerSocketChannel server = ServerSocketChannel.open()) {
                server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
                Socket reader = Socket.newSocketStream();
                reader.setIntOpt(KernelStamps.SOL_SOCKET, KernelStamps.SO_TIMESTAMPNS, 1);
                reader.connect(server.getLocalAddress());
                SocketChannel writer = server.accept();
                writer.setOption(StandardSocketOptions.TCP_NODELAY, true);
                return new Pair(reader, writer);
            }
        }

        void write(byte[] bytes) throws IOException {
            writer.write(ByteBuffer.wrap(bytes));
        }

        int read(int bytes) throws IOException {
            ByteBuffer buffer = ByteBuffer.allocateDirect(bytes);
            return reader.recv(buffer, 0, bytes);
        }

        @Override
        public void close() throws IOException {
            reader.close();
            writer.close();
        }
    }

    @Test
    void aSegmentBearsTheInstantOfItsWriteHoweverLateItIsRead() throws IOException, InterruptedException {
        try (Pair pair = Pair.connected();
                var stamps = new KernelStamps(clock)) {
            long beforeNs = clock.nowNs();
            pair.write("late".getBytes(US_ASCII));
            Thread.sleep(20);
            long lateNs = clock.nowNs();

            int length = stamps.nextSegment(pair.reader.intValue());

            assertThat(length).isEqualTo(4);
            assertThat(stamps.kernelAtNs()).isBetween(beforeNs - TOLERANCE_NS, lateNs);
            assertThat(lateNs - stamps.kernelAtNs()).isGreaterThan(10_000_000);
            assertThat(stamps.more()).isFalse();
            assertThat(stamps.settle(
                            new ArrivalOrder(beforeNs, () -> stamps.outOfOrder(pair.reader.intValue())), lateNs))
                    .isEqualTo(stamps.kernelAtNs());
            assertThat(stamps.source())
                    .isEqualTo(
                            new StampSource(true, "", 1, 0, 0, stamps.source().offsetUncertaintyNs(), 0, 0));
        }
    }

    /// What the segments hold: nothing known, frames of each protocol alone, and several in one segment.
    private static byte[] segment(String content, Random random) {
        return switch (content) {
            case "text" -> "x".repeat(1 + random.nextInt(300)).getBytes(US_ASCII);
            case "chunks" -> chunk(1 + random.nextInt(300));
            case "two chunks" ->
                (new String(chunk(1 + random.nextInt(40)), US_ASCII)
                                + new String(chunk(1 + random.nextInt(40)), US_ASCII))
                        .getBytes(US_ASCII);
            case "many chunks" -> {
                var chunks = new StringBuilder();
                for (int i = 0; i < 1 + random.nextInt(30); i++) {
                    chunks.append(new String(chunk(1 + random.nextInt(40)), US_ASCII));
                }
                yield chunks.toString().getBytes(US_ASCII);
            }
            case "records" -> {
                int length = 1 + random.nextInt(400);
                yield ByteBuffer.allocate(5 + length)
                        .put((byte) 0x17)
                        .put((byte) 3)
                        .put((byte) 3)
                        .putShort((short) length)
                        .array();
            }
            case "frames" -> {
                int length = random.nextInt(400);
                yield ByteBuffer.allocate(9 + length)
                        .put((byte) 0)
                        .putShort((short) length)
                        .array();
            }
            default -> throw new IllegalArgumentException(content);
        };
    }

    private static byte[] chunk(int length) {
        return (Integer.toHexString(length) + "\r\n" + "y".repeat(length) + "\r\n").getBytes(US_ASCII);
    }

    @ParameterizedTest
    @ValueSource(strings = {"text", "chunks", "two chunks", "many chunks", "records", "frames"})
    void eachWaitingSegmentIsFoundByItself(String content) throws IOException {
        for (int seed = 0; seed < 20; seed++) {
            var random = new Random(seed);
            try (Pair pair = Pair.connected();
                    var stamps = new KernelStamps(clock)) {
                int written = 0;
                for (int i = 0; i < 1 + random.nextInt(30); i++) {
                    byte[] segment = segment(content, random);
                    pair.write(segment);
                    written += segment.length;
                }
                int socket = pair.reader.intValue();
                List<Integer> truth = new ArrayList<>();
                long beforeWallNs = stamps.wallNsAt(socket, 1);
                int length = 0;
                for (int place = 1; place <= written; place++) {
                    long wallNs = stamps.wallNsAt(socket, place);
                    if (wallNs != beforeWallNs) {
                        truth.add(length);
                        length = 0;
                        beforeWallNs = wallNs;
                    }
                    length++;
                }
                truth.add(length);

                List<Integer> found = new ArrayList<>();
                long lastAtNs = Long.MIN_VALUE;
                do {
                    int next = stamps.nextSegment(socket);
                    assertThat(pair.read(next)).isEqualTo(next);
                    assertThat(stamps.kernelAtNs()).isGreaterThan(lastAtNs);
                    lastAtNs = stamps.kernelAtNs();
                    found.add(next);
                } while (stamps.more());

                assertThat(found).as("%s, seed %d", content, seed).isEqualTo(truth);
                assertThat(stamps.nextSegment(socket)).isZero();
            }
        }
    }

    /// The kernel puts what arrives to the last segment, with the stamp of the new part, also between two looks.
    @Test
    void stampsNeverRunBackwardsHoweverFastSegmentsCome() throws IOException, InterruptedException {
        byte[] record = segment("records", new Random(1));
        int records = 60_000;
        try (Pair pair = Pair.connected();
                var stamps = new KernelStamps(clock)) {
            Thread writer = Thread.ofPlatform().start(() -> {
                try {
                    for (int i = 0; i < records; i++) {
                        pair.write(record);
                    }
                } catch (IOException readerGone) {
                    return;
                }
            });
            int socket = pair.reader.intValue();
            long left = (long) records * record.length;
            long lastAtNs = Long.MIN_VALUE;
            int backwards = 0;
            while (left > 0) {
                stamps.begin();
                do {
                    int next = stamps.nextSegment(socket);
                    if (next > 0) {
                        left -= pair.read(next);
                        backwards += stamps.kernelAtNs() < lastAtNs ? 1 : 0;
                        lastAtNs = stamps.kernelAtNs();
                    }
                } while (stamps.more());
            }
            writer.join();

            assertThat(backwards).isZero();
        }
    }

    /// Few looks, so that they are run by the interpreter or the first compiler, which take no object away.
    @Test
    void lookingAllocatesNothingWhateverTheCompilersDo() throws IOException {
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (Pair pair = Pair.connected();
                var stamps = new KernelStamps(clock)) {
            int socket = pair.reader.intValue();
            for (int look = 0; look < 100; look++) {
                assertThat(stamps.nextSegment(socket)).isZero();
                assertThat(stamps.outOfOrder(socket)).isZero();
            }
            pair.write(chunk(40));
            for (int look = 0; look < 100; look++) {
                stamps.begin();
                assertThat(stamps.nextSegment(socket)).isPositive();
                assertThat(stamps.outOfOrder(socket)).isZero();
            }

            long beforeBytes = threads.getCurrentThreadAllocatedBytes();
            int found = 0;
            for (int look = 0; look < 1_000; look++) {
                stamps.begin();
                found += stamps.nextSegment(socket) > 0 ? 1 : 0;
                found += (int) stamps.outOfOrder(socket);
            }
            long allocatedBytes = threads.getCurrentThreadAllocatedBytes() - beforeBytes;

            assertThat(found).isEqualTo(1_000);
            assertThat(allocatedBytes).isLessThan(1_000);
        }
    }

    @Test
    void theEndOfTheStreamIsNoSegment() throws IOException {
        try (Pair pair = Pair.connected();
                var stamps = new KernelStamps(clock)) {
            pair.writer.close();

            assertThat(stamps.nextSegment(pair.reader.intValue())).isZero();
            assertThat(stamps.kernelAtNs()).isEqualTo(FlightLog.NO_STAMP);
        }
    }

    @Test
    void aResetIsMetByTheLookAsByTheRead() throws IOException, InterruptedException {
        try (Pair pair = Pair.connected();
                var stamps = new KernelStamps(clock)) {
            pair.writer.setOption(StandardSocketOptions.SO_LINGER, 0);
            pair.writer.close();

            assertThatThrownBy(() -> stamps.nextSegment(pair.reader.intValue()))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("reset");
        }
    }

    /// A server whose writes are let go one at a time, with the instants around each.
    private static final class Paced implements Peer.Script {
        static final int EVENTS = 12;
        final CountDownLatch asked = new CountDownLatch(1);
        final CountDownLatch written = new CountDownLatch(1);
        final List<Long> beforeNs = new ArrayList<>();

        @Override
        public void serve(Peer.Line line) throws IOException {
            if (!line.hasRequest()) {
                return;
            }
            line.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
            try {
                asked.await();
                for (int i = 0; i < EVENTS; i++) {
                    Thread.sleep(1);
                    beforeNs.add(Clock.monotonic().nowNs());
                    line.write("9\r\ndata: " + i % 10 + "\n\n\r\n");
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            line.write("0\r\n\r\n");
            written.countDown();
            // A connection that ended now would be merged with what waits, and its end would be the stamp.
            line.awaitClose();
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Stamps.class,
            names = {"AUTO", "KERNEL"})
    void aClientThatSleptTellsWhenTheChunksArrivedAndWhenItReadThem(Stamps wanted)
            throws IOException, InterruptedException {
        var script = new Paced();
        try (Peer peer = Peer.serving(script);
                Client client = Client.to(peer).stamps(wanted).open()) {
            Exchange exchange = client.start();
            client.pollUntil("the head", () -> client.flown(exchange).hasHead());
            script.asked.countDown();
            script.written.await();
            long awakeAtNs = clock.nowNs();

            Recorded.Flown flown = client.await(exchange);

            assertThat(flown.bodyAtNs).allMatch(atNs -> atNs - awakeAtNs >= 0);
            assertThat(flown.bodyKernelAtNs).isSorted().allMatch(atNs -> atNs - awakeAtNs < 0);
            // The kernel may merge segments; then they share the stamp of the last.
            assertThat(flown.bodyKernelAtNs).hasSizeGreaterThan(1);
            assertThat(flown.bodyKernelAtNs.getFirst()).isGreaterThan(script.beforeNs.getFirst() - TOLERANCE_NS);
            assertThat(flown.bodyKernelAtNs.getLast()).isGreaterThan(script.beforeNs.getLast() - TOLERANCE_NS);
            assertThat(client.transport().stamps().kernel()).isTrue();
        }
    }

    @Test
    void withoutTheKernelsStampsTheReadIsTheArrivalAndTheReasonIsTold() throws IOException {
        try (Peer peer = Peer.serving(Peer.answering(Peer.ok("{}")));
                Client client = Client.to(peer).stamps(Stamps.USER).open()) {
            Recorded.Flown flown = client.send();

            assertThat(flown.bodyKernelAtNs).containsOnly(FlightLog.NO_STAMP);
            assertThat(client.transport().stamps()).isEqualTo(StampSource.user("--stamps user"));
        }
        try (Peer peer = Peer.serving(Peer.answering(Peer.ok("{}")));
                Client client = Client.to(peer).over(SocketKind.NIO).open()) {
            assertThat(client.send().has(Moment.RESPONSE_END)).isTrue();
            assertThat(client.transport().stamps().whyNot()).contains("--transport nio");
        }
    }

    @Test
    void kernelStampsThatCannotBeHadAreRefusedWhenTheyAreInsistedUpon() throws IOException {
        try (var unused = new ServerSocket(0)) {
            var endpoint = Endpoint.parse("http://127.0.0.1:" + unused.getLocalPort());
            assertThatThrownBy(() -> Client.to(endpoint)
                            .over(SocketKind.NIO)
                            .stamps(Stamps.KERNEL)
                            .open())
                    .hasMessageContaining("--stamps kernel")
                    .hasMessageContaining("--stamps auto");
        }
    }
}
