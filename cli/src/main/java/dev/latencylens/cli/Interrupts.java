package dev.latencylens.cli;

import dev.latencylens.clock.Clock;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// Lets a run end cleanly on Ctrl-C, on SIGTERM and when its terminal goes (SIGHUP, unless nohup ignores it); the
/// second of them, a moment later, kills at once.
///
/// A shutdown hook could not do the latter: while hooks run, the JVM ignores further signals. So it takes
/// `sun.misc.Signal`,
/// through reflection because the compiler warns of every mention of it; where a JDK lacks it, signals keep their
/// default.
final class Interrupts implements AutoCloseable {
    private static final String[] SIGNALS = {"INT", "TERM", "HUP"};

    /// A terminal tells everyone in it, and a parent its child: within this time it is one wish.
    private static final long SAME_WISH_NS = 1_000_000_000;

    private final Clock clock = Clock.monotonic();
    private volatile long firstAtNs;
    private final Runnable onFirst;
    private final AtomicInteger received = new AtomicInteger();
    private final @Nullable Object[] earlier = new Object[SIGNALS.length];

    /// @param onFirst called once, on a thread of the JVM's
    Interrupts(Runnable onFirst) {
        this.onFirst = onFirst;
        for (int i = 0; i < SIGNALS.length; i++) {
            earlier[i] = handle(SIGNALS[i], handler());
        }
    }

    /// The number of the signal that came, 0 for none.
    int signal() {
        return received.get();
    }

    /// Once a signal has come, nothing is put back: the parent's may follow the terminal's while the report is
    /// being written, and the process is about to end.
    @Override
    public void close() {
        if (received.get() != 0) {
            return;
        }
        for (int i = 0; i < SIGNALS.length; i++) {
            Object handler = earlier[i];
            if (handler != null) {
                handle(SIGNALS[i], handler);
            }
        }
    }

    private void received(int signal) {
        if (received.compareAndSet(0, signal)) {
            firstAtNs = clock.nowNs();
            onFirst.run();
        } else if (clock.nowNs() - firstAtNs > SAME_WISH_NS) {
            Runtime.getRuntime().halt(ExitCode.SIGNALLED + signal);
        }
    }

    @SuppressWarnings("ReferenceEquality") // a proxy equals itself alone
    private Object handler() {
        try {
            return Proxy.newProxyInstance(
                    Interrupts.class.getClassLoader(),
                    new Class<?>[] {Class.forName("sun.misc.SignalHandler")},
                    (proxy, method, arguments) -> switch (method.getName()) {
                        case "handle" -> {
                            received((int) arguments[0]
                                    .getClass()
                                    .getMethod("getNumber")
                                    .invoke(arguments[0]));
                            yield null;
                        }
                        case "hashCode" -> System.identityHashCode(proxy);
                        case "equals" -> proxy == arguments[0];
                        default -> "lens";
                    });
        } catch (ClassNotFoundException e) {
            return this;
        }
    }

    private static @Nullable Object handle(String name, Object handler) {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handlers = Class.forName("sun.misc.SignalHandler");
            Method handle = signal.getMethod("handle", signal, handlers);
            return handle.invoke(null, signal.getConstructor(String.class).newInstance(name), handler);
        } catch (ReflectiveOperationException | IllegalArgumentException e) {
            return null;
        }
    }
}
