package dev.latencylens.transport;

import dev.latencylens.clock.Clock;
import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.IoRegistration;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// An event loop's I/O, with a look at when its wait for something to do was over.
///
/// Netty's handlers tell their context how long they were busy after a wait, if it asks; that is the only place
/// from which it can be known. Used by the thread that runs the loop; allocates nothing.
final class WatchedIo implements IoHandler, IoHandlerContext {
    private final Clock clock;
    private final IoHandler handler;
    private @Nullable IoHandlerContext context;
    private long awokeAtNs;
    private boolean told;
    private boolean inVain;

    private WatchedIo(Clock clock, IoHandler handler) {
        this.clock = clock;
        this.handler = handler;
    }

    /// @param made receives it as soon as the loop has made it
    static IoHandlerFactory around(IoHandlerFactory handlers, Clock clock, Consumer<WatchedIo> made) {
        return executor -> {
            var io = new WatchedIo(clock, handlers.newHandler(executor));
            made.accept(io);
            return io;
        };
    }

    /// When the latest turn of the loop had something to do, or had waited as long as it should; the instant after
    /// its I/O where the handler does not tell.
    long awokeAtNs() {
        return awokeAtNs;
    }

    /// Whether the latest turn had nothing to do.
    boolean inVain() {
        return inVain;
    }

    @Override
    public int run(IoHandlerContext loop) {
        context = loop;
        told = false;
        int handled = handler.run(this);
        inVain = handled == 0;
        if (!told) {
            awokeAtNs = clock.nowNs();
        }
        return handled;
    }

    @Override
    public boolean shouldReportActiveIoTime() {
        return true;
    }

    @Override
    public void reportActiveIoTime(long activeNanos) {
        awokeAtNs = clock.nowNs() - activeNanos;
        told = true;
    }

    @Override
    public boolean canBlock() {
        return loop().canBlock();
    }

    @Override
    public long delayNanos(long currentTimeNanos) {
        return loop().delayNanos(currentTimeNanos);
    }

    @Override
    public long deadlineNanos() {
        return loop().deadlineNanos();
    }

    @Override
    public void initialize() {
        handler.initialize();
    }

    @Override
    public void prepareToDestroy() {
        handler.prepareToDestroy();
    }

    @Override
    public void destroy() {
        handler.destroy();
    }

    @Override
    public IoRegistration register(IoHandle handle) throws Exception {
        return handler.register(handle);
    }

    @Override
    public void wakeup() {
        handler.wakeup();
    }

    @Override
    public boolean isCompatible(Class<? extends IoHandle> handleType) {
        return handler.isCompatible(handleType);
    }

    private IoHandlerContext loop() {
        if (context == null) {
            throw new IllegalStateException("the loop has not run yet");
        }
        return context;
    }
}
