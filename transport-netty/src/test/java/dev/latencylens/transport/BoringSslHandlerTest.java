package dev.latencylens.transport;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.net.ssl.SSLException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Records as they come off a socket, in pieces of any size.
class BoringSslHandlerTest {
    private final EmbeddedChannel server = new EmbeddedChannel();
    private final EmbeddedChannel client = new EmbeddedChannel();
    private final List<Object> events = new ArrayList<>();
    private Runnable onRead = () -> {};

    @BeforeEach
    void boringSslIsThere() {
        assumeThat(OpenSsl.isAvailable())
                .as("BoringSSL is not available on this machine")
                .isTrue();
    }

    @AfterEach
    void close() {
        client.finishAndReleaseAll();
        server.finishAndReleaseAll();
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void everySplitOfItsRecordsGivesTheSameBytes(String version) throws Exception {
        connect(version);
        int length = Integer.MAX_VALUE;
        for (int split = 0; split < length; split++) {
            byte[] records = joined(sealed("data: one\n\n"), sealed("2"), sealed("data: three\n\n"));
            length = records.length;

            read(Arrays.copyOf(records, split));
            read(Arrays.copyOfRange(records, split, records.length));

            assertThat(received()).as("split at %s", split).isEqualTo("data: one\n\n2data: three\n\n");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "TLSv1.2, 1", "TLSv1.2, 7", "TLSv1.2, 1000", "TLSv1.2, 16000",
        "TLSv1.3, 1", "TLSv1.3, 7", "TLSv1.3, 1000", "TLSv1.3, 16000"
    })
    void aRecordLargerThanTheReadsThatBringItIsWhole(String version, int piece) throws Exception {
        connect(version);
        String text = "0123456789abcdef".repeat(1_500);

        byte[] records = sealed(text);
        for (int from = 0; from < records.length; from += piece) {
            read(Arrays.copyOfRange(records, from, Math.min(records.length, from + piece)));
        }

        assertThat(received()).isEqualTo(text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void readsInBuffersOnTheHeapAndBesideItAreOfOneStream(String version) throws Exception {
        connect(version);
        byte[] records = joined(sealed("one "), sealed("two "), sealed("three"));

        client.writeInbound(Unpooled.wrappedBuffer(records, 0, 30));
        read(Arrays.copyOfRange(records, 30, 60));
        client.writeInbound(Unpooled.wrappedBuffer(records, 60, records.length - 60));

        assertThat(received()).isEqualTo("one two three");
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void anEndThatComesWithDataIsToldAfterIt(String version) throws Exception {
        connect(version);
        byte[] data = sealed("data: 1\n\n");
        server.close();

        read(joined(data, outOf(server)));

        assertThat(received()).isEqualTo("data: 1\n\n");
        assertThat(events).contains(SslCloseCompletionEvent.SUCCESS);
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void aRecordThatWasTamperedWithIsTheEndBehindTheDataBeforeIt(String version) throws Exception {
        connect(version);
        byte[] records = joined(sealed("data: 1\n\n"), sealed("data: 2\n\n"));
        records[records.length - 1] ^= 1;

        assertThatThrownBy(() -> read(records)).hasCauseInstanceOf(SSLException.class);

        assertThat(received()).isEqualTo("data: 1\n\n");
        assertThat(outOf(client)).as("an alert").isNotEmpty();
        assertThat(client.isOpen()).isFalse();
    }

    /// What the server sends to start one, alone in its read and behind data.
    @ParameterizedTest
    @ValueSource(strings = {"", "data: 1\n\n"})
    void aRenegotiationIsTheEndBehindTheDataBeforeIt(String data) throws Exception {
        connect("TLSv1.2");
        byte[] before = data.isEmpty() ? new byte[0] : sealed(data);
        ((SslHandler) server.pipeline().first()).renegotiate();
        byte[] records = joined(before, outOf(server));

        assertThatThrownBy(() -> read(records))
                .hasCauseInstanceOf(SSLException.class)
                .hasMessageContaining("NO_RENEGOTIATION");

        assertThat(received()).isEqualTo(data);
        assertThat(outOf(client)).as("an alert").isNotEmpty();
        assertThat(client.isOpen()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void whoeverClosesTheConnectionWhenDataComesIsToldNothingMore(String version) throws Exception {
        connect(version);
        onRead = client::close;
        byte[] data = joined(sealed("data: 1\n\n"), sealed("data: 2\n\n"));

        read(data);

        assertThat(client.isOpen()).isFalse();
        assertThat(received()).startsWith("data: 1\n\n");
    }

    private void connect(String version) throws Exception {
        replace(
                server,
                SslContextBuilder.forServer(Identity.valid().certificate().toKeyManagerFactory())
                        .sslProvider(SslProvider.JDK)
                        .protocols(version)
                        .build()
                        .newHandler(server.alloc()));
        SslHandler handler = new Tls(Identity.trusting(), HttpVersion.HTTP_1_1, SslProvider.OPENSSL)
                .newHandler(client.alloc(), Endpoint.parse("https://127.0.0.1"));
        assertThat(handler).isInstanceOf(BoringSslHandler.class);
        replace(client, handler);
        while (carry(client, server) || carry(server, client)) {
            // The handshake has not come to its end, or its tickets are on their way.
        }
        assertThat(handler.handshakeFuture().isSuccess())
                .as(String.valueOf(handler.handshakeFuture().cause()))
                .isTrue();
        assertThat(handler.engine().getSession().getProtocol()).isEqualTo(version);
    }

    private void replace(EmbeddedChannel channel, SslHandler handler) {
        while (channel.pipeline().first() != null) {
            channel.pipeline().removeFirst();
        }
        channel.releaseOutbound();
        channel.pipeline().addLast(handler, new ChannelInboundHandlerAdapter() {
            @Override
            public void channelRead(ChannelHandlerContext ctx, Object message) {
                ctx.fireChannelRead(message);
                onRead.run();
            }

            @Override
            public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
                events.add(event);
            }
        });
    }

    private static boolean carry(EmbeddedChannel from, EmbeddedChannel to) {
        from.runPendingTasks();
        byte[] bytes = outOf(from);
        if (bytes.length > 0) {
            to.writeInbound(to.alloc().directBuffer().writeBytes(bytes));
        }
        return bytes.length > 0;
    }

    /// As a socket's buffer brings them: beside the heap.
    private void read(byte[] bytes) {
        client.writeInbound(
                client.alloc().directBuffer(Math.max(1, bytes.length)).writeBytes(bytes));
    }

    private byte[] sealed(String text) {
        server.writeOutbound(Unpooled.wrappedBuffer(text.getBytes(US_ASCII)));
        return outOf(server);
    }

    private static byte[] outOf(EmbeddedChannel channel) {
        var all = new ByteArrayOutputStream();
        for (ByteBuf out = channel.readOutbound(); out != null; out = channel.readOutbound()) {
            byte[] bytes = new byte[out.readableBytes()];
            out.readBytes(bytes);
            out.release();
            all.writeBytes(bytes);
        }
        return all.toByteArray();
    }

    private String received() {
        var all = new StringBuilder();
        for (ByteBuf in = client.readInbound(); in != null; in = client.readInbound()) {
            all.append(in.toString(US_ASCII));
            in.release();
        }
        return all.toString();
    }

    private static byte[] joined(byte[]... parts) {
        var all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }
}
