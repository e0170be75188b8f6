package dev.latencylens.transport;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.latencylens.clock.Clock;
import io.netty.channel.unix.FileDescriptor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicLongArray;

/// A server on the other side of a network that loses one of the segments of its answer, which it sends again
/// later.
///
/// It speaks as much TCP as one exchange needs, over a network device that ends in this process (tun(4)).
final class LossyPeer implements AutoCloseable {
    private static final Path TUN = Path.of("/dev/net/tun");
    /// Addresses for documentation (RFC 5737), which no network has.
    private static final String NEAR = "198.51.100.1";

    private static final String FAR = "198.51.100.2";
    private static final int O_RDWR_NONBLOCK = 0x802;
    private static final long TUNSETIFF = 0x400454caL;
    /// IFF_TUN and IFF_NO_PI.
    private static final short PACKETS_ALONE = 0x1001;

    private static final int SYN = 0x02;
    private static final int PUSH_ACK = 0x18;
    private static final int SYN_ACK = 0x12;
    private static final int ACK = 0x10;
    private static final int IP_BYTES = 20;
    private static final int TCP_BYTES = 20;
    private static final int FIRST = 1_000_000;

    private final Clock clock = Clock.monotonic();
    private final List<String> segments;
    private final int lost;
    private final long gapNs;
    private final long againAfterNs;
    private final AtomicLongArray sentAtNs;
    private final FileDescriptor device;
    private final Thread thread;
    private volatile boolean losesSyn;
    private volatile boolean closed;

    /// @param lost the index of the segment that comes late
    /// @param againAfterNs how much later
    LossyPeer(List<String> segments, int lost, long gapNs, long againAfterNs) throws IOException, InterruptedException {
        this.segments = segments;
        this.lost = lost;
        this.gapNs = gapNs;
        this.againAfterNs = againAfterNs;
        sentAtNs = new AtomicLongArray(segments.size());
        String name = "lens" + ProcessHandle.current().pid();
        device = new FileDescriptor(open(name));
        run("ip", "addr", "add", NEAR + "/24", "dev", name);
        run("ip", "link", "set", name, "up");
        thread = Thread.ofPlatform().name("lossy peer").start(() -> {
            try {
                serve();
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
    }

    static boolean isToBeHad() {
        return Files.isWritable(TUN) && System.getProperty("user.name").equals("root");
    }

    /// The next one, that is; it has to be sent again.
    void loseSyn() {
        losesSyn = true;
    }

    Endpoint endpoint() {
        return Endpoint.parse("http://" + FAR + ":80");
    }

    /// When the segment came that was not lost, or came again.
    long sentAtNs(int index) {
        return sentAtNs.get(index);
    }

    private static int open(String name) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            long path = arena.allocateFrom(TUN.toString()).address();
            int opened = (int) (long) CLibrary.function("open").invokeExact(path, (long) O_RDWR_NONBLOCK, 0L, 0L, 0L);
            MemorySegment request = arena.allocate(40);
            request.setString(0, name, US_ASCII);
            request.set(ValueLayout.JAVA_SHORT, 16, PACKETS_ALONE);
            int set = (int)
                    (long) CLibrary.function("ioctl").invokeExact((long) opened, TUNSETIFF, request.address(), 0L, 0L);
            if (opened < 0 || set != 0) {
                throw new IOException(TUN + " cannot be used");
            }
            return opened;
        } catch (IOException e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    private static void run(String... command) throws IOException, InterruptedException {
        if (new ProcessBuilder(command).inheritIO().start().waitFor() != 0) {
            throw new IOException(String.join(" ", command) + " failed");
        }
    }

    private void serve() throws IOException {
        ByteBuffer packet = ByteBuffer.allocateDirect(1 << 16);
        int port = 0;
        int acknowledged = 0;
        int next = segments.size();
        int sequence = FIRST + 1;
        int lostSequence = 0;
        long dueAtNs = 0;
        long againAtNs = 0;
        while (!closed) {
            int bytes = device.read(packet.clear(), 0, packet.capacity());
            int tcp = bytes >= IP_BYTES + TCP_BYTES && (packet.get(0) >> 4) == 4 ? (packet.get(0) & 15) * 4 : 0;
            if (tcp > 0 && packet.get(9) == 6) {
                int flags = packet.get(tcp + 13);
                int data = packet.getShort(2) - tcp - ((packet.get(tcp + 12) >> 4) & 15) * 4;
                port = packet.getShort(tcp);
                acknowledged = packet.getInt(tcp + 4) + data + (flags & SYN) / SYN;
                if ((flags & SYN) != 0 && losesSyn) {
                    losesSyn = false;
                } else if ((flags & SYN) != 0) {
                    send(port, FIRST, acknowledged, SYN_ACK, "");
                } else if (data > 0) {
                    send(port, sequence, acknowledged, ACK, "");
                    next = 0;
                    dueAtNs = clock.nowNs() + gapNs;
                }
            }
            if (next < segments.size() && clock.nowNs() - dueAtNs >= 0) {
                if (next == lost) {
                    lostSequence = sequence;
                    againAtNs = dueAtNs + againAfterNs;
                } else {
                    send(port, sequence, acknowledged, PUSH_ACK, segments.get(next));
                    sentAtNs.set(next, clock.nowNs());
                }
                sequence += segments.get(next).length();
                next++;
                dueAtNs += gapNs;
            }
            if (againAtNs != 0 && clock.nowNs() - againAtNs >= 0) {
                againAtNs = 0;
                send(port, lostSequence, acknowledged, PUSH_ACK, segments.get(lost));
                sentAtNs.set(lost, clock.nowNs());
            }
            Thread.onSpinWait();
        }
    }

    private void send(int port, int sequence, int acknowledged, int flags, String text) throws IOException {
        byte[] data = text.getBytes(US_ASCII);
        int length = TCP_BYTES + data.length;
        ByteBuffer packet = ByteBuffer.allocateDirect(IP_BYTES + length);
        packet.put(0, (byte) 0x45)
                .putShort(2, (short) packet.capacity())
                .put(8, (byte) 64)
                .put(9, (byte) 6);
        packet.put(12, address(FAR)).put(16, address(NEAR));
        packet.putShort(20, (short) 80)
                .putShort(22, (short) port)
                .putInt(24, sequence)
                .putInt(28, acknowledged);
        packet.put(32, (byte) ((TCP_BYTES / 4) << 4)).put(33, (byte) flags).putShort(34, (short) 0xffff);
        packet.put(IP_BYTES + TCP_BYTES, data);
        packet.putShort(36, checksum(packet, 12, packet.capacity(), 6 + length));
        packet.putShort(10, checksum(packet, 0, IP_BYTES, 0));
        device.write(packet, 0, packet.capacity());
    }

    private static byte[] address(String dotted) throws IOException {
        return InetAddress.getByName(dotted).getAddress();
    }

    /// RFC 1071; the addresses lie right before TCP's header, so its pseudo-header needs nothing but their sum.
    private static short checksum(ByteBuffer packet, int from, int to, int sum) {
        for (int at = from; at < to; at++) {
            sum += (packet.get(at) & 0xff) << (at % 2 == 0 ? 8 : 0);
        }
        while (sum >>> 16 != 0) {
            sum = (sum & 0xffff) + (sum >>> 16);
        }
        return (short) ~sum;
    }

    @Override
    public void close() throws IOException {
        closed = true;
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        device.close();
    }
}
