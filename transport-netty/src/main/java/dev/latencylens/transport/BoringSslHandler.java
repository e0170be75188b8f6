package dev.latencylens.transport;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.ssl.ReferenceCountedOpenSslEngine;
import io.netty.handler.ssl.SslHandler;
import io.netty.internal.tcnative.SSL;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.List;
import javax.net.ssl.SSLException;

/// TLS by BoringSSL whose reads leave nothing on the heap.
///
/// Netty's engine makes an object of every read's result. Once the handshake is over, this takes the bytes of a
/// read through BoringSSL itself, by the calls that the engine would make. All else stays the engine's: the
/// handshake, writes, and what a read brings beside data and tickets (close_notify, alerts, errors). BoringSSL
/// keeps such an end and says it again to the engine, which then acts on it.
///
/// Used by the connection's I/O thread.
final class BoringSslHandler extends SslHandler {
    private static final VarHandle NETWORK_BIO = networkBio();

    private final ReferenceCountedOpenSslEngine engine;
    private boolean open;
    /// What the last read ended with, one of BoringSSL's errors.
    private int end;

    /// BoringSSL's connection, which lives as long as the engine has a BIO.
    private long ssl;

    BoringSslHandler(ReferenceCountedOpenSslEngine engine) {
        super(engine);
        this.engine = engine;
        refuseRenegotiation();
    }

    @Override
    protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) throws SSLException {
        if (!open && handshakeFuture().isSuccess() && ssl == 0) {
            ssl = engine.sslPointer();
            open = ssl != 0;
        }
        long bio = open && in.hasMemoryAddress() ? (long) NETWORK_BIO.get(engine) : 0;
        if (bio == 0) {
            super.decode(ctx, in, out);
            return;
        }
        read(ctx, in, out, bio);
    }

    private void read(ChannelHandlerContext ctx, ByteBuf in, List<Object> out, long bio) throws SSLException {
        int length = in.readableBytes();
        ByteBuf plain = ctx.alloc().directBuffer(length);
        SSL.bioSetByteBuffer(bio, in.memoryAddress() + in.readerIndex(), length, false);
        try {
            open = decrypt(plain, bio);
        } catch (Exception e) {
            plain.release();
            throw e;
        } finally {
            SSL.bioClearByteBuffer(bio);
        }
        // Before others learn of the data, because they may close the connection.
        in.skipBytes(length);
        if (plain.isReadable()) {
            ctx.fireChannelRead(plain);
        } else {
            plain.release();
        }
        if (!open && !ctx.isRemoved()) {
            tellTheEngine(ctx, out);
        }
    }

    /// Whether more may come.
    private boolean decrypt(ByteBuf plain, long bio) {
        while (true) {
            int read = SSL.readFromSSL(ssl, plain.memoryAddress() + plain.writerIndex(), plain.writableBytes());
            if (read <= 0) {
                end = SSL.getError(ssl, read);
                return end == SSL.SSL_ERROR_WANT_READ;
            }
            plain.writerIndex(plain.writerIndex() + read);
            if (!plain.isWritable()) {
                // The record began in an earlier read, and is larger than what this one brought.
                plain.ensureWritable(SSL.SSL_MAX_RECORD_LENGTH);
            } else if (SSL.bioLengthByteBuffer(bio) == 0) {
                return true;
            }
        }
    }

    /// The engine asks BoringSSL only where there are bytes to be read. BoringSSL reads none after an end.
    ///
    /// An error it keeps to itself as long as there is an alert to send; asked again, it fails.
    private void tellTheEngine(ChannelHandlerContext ctx, List<Object> out) throws SSLException {
        SSL.clearError();
        ByteBuf any = ctx.alloc().directBuffer(1).writeZero(1);
        try {
            super.decode(ctx, any, out);
            if (end != SSL.SSL_ERROR_ZERO_RETURN && !ctx.isRemoved()) {
                super.decode(ctx, any, out);
            }
        } finally {
            any.release();
        }
    }

    /// A peer may ask for another handshake at any time before TLS 1.3. Netty's engine allows one, which is not
    /// one read's affair, and fails where data goes on meanwhile.
    private void refuseRenegotiation() {
        try {
            SSL.setRenegotiateMode(engine.sslPointer(), SSL.SSL_RENEGOTIATE_NEVER);
        } catch (Exception e) {
            throw new IllegalStateException("BoringSSL does not refuse renegotiation", e);
        }
    }

    /// Netty does not tell it; its version is pinned, and the class is not loaded without it.
    private static VarHandle networkBio() {
        try {
            return MethodHandles.privateLookupIn(ReferenceCountedOpenSslEngine.class, MethodHandles.lookup())
                    .findVarHandle(ReferenceCountedOpenSslEngine.class, "networkBIO", long.class);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("this version of Netty keeps BoringSSL's BIO elsewhere", e);
        }
    }
}
