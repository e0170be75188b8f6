package dev.latencylens.transport;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.io.ByteArrayOutputStream;

/// The server's end of TLS over a channel in memory: makes the records that a server would send.
final class FarEnd {
    private static final X509Bundle IDENTITY = identity();

    private final EmbeddedChannel channel;

    /// Agrees on keys with the client's end, whose pipeline holds nothing but its handler for TLS.
    ///
    /// @param version the only one that it speaks, for example `TLSv1.3`
    FarEnd(EmbeddedChannel client, String version) {
        channel = new EmbeddedChannel();
        channel.pipeline().addLast(context(version).newHandler(channel.alloc()));
        while (carry(client, channel) || carry(channel, client)) {
            // The handshake has not come to its end, or what follows it is still on its way.
        }
    }

    /// One record that holds these bytes. A client takes records in the order in which they were made, once each.
    byte[] sealed(byte[] bytes) {
        channel.writeOutbound(Unpooled.wrappedBuffer(bytes));
        var sealed = new ByteArrayOutputStream(bytes.length + 32);
        for (ByteBuf out = channel.readOutbound(); out != null; out = channel.readOutbound()) {
            byte[] record = new byte[out.readableBytes()];
            out.readBytes(record);
            out.release();
            sealed.writeBytes(record);
        }
        return sealed.toByteArray();
    }

    /// Whether there was anything to carry.
    private static boolean carry(EmbeddedChannel from, EmbeddedChannel to) {
        from.runPendingTasks();
        boolean any = false;
        for (ByteBuf bytes = from.readOutbound(); bytes != null; bytes = from.readOutbound()) {
            to.writeInbound(bytes);
            any = true;
        }
        return any;
    }

    private static SslContext context(String version) {
        try {
            return SslContextBuilder.forServer(IDENTITY.toKeyManagerFactory())
                    .protocols(version)
                    .build();
        } catch (Exception e) {
            throw new IllegalStateException("a TLS server cannot be had: " + e.getMessage(), e);
        }
    }

    private static X509Bundle identity() {
        try {
            return new CertificateBuilder()
                    .ecp256()
                    .subject("CN=localhost")
                    .setIsCertificateAuthority(true)
                    .buildSelfSigned();
        } catch (Exception e) {
            throw new IllegalStateException("a TLS server's certificate cannot be had: " + e.getMessage(), e);
        }
    }
}
