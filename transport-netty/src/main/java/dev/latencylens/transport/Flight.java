package dev.latencylens.transport;

import dev.latencylens.clock.Clock;
import dev.latencylens.exchange.ConnectionFacts;
import dev.latencylens.exchange.Exchange;
import dev.latencylens.exchange.FlightLog;
import dev.latencylens.exchange.Header;
import dev.latencylens.exchange.Moment;
import dev.latencylens.exchange.ResponseFact;
import dev.latencylens.exchange.ResponseHead;
import dev.latencylens.exchange.TcpPath;
import dev.latencylens.exchange.Transport;
import dev.latencylens.exchange.TransportEnd;
import io.netty.buffer.ByteBuf;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One exchange on its way through the transport: where it is, when it times out, and its line into the flight
/// log.
final class Flight {
    final Exchange exchange;
    /// Nothing before its start.
    long startedAtNs;
    private final FlightLog log;
    private final Transport.Listener listener;
    /// The connection that carries it, or null while there is none.
    @Nullable
    Connection connection;
    /// Its stream on an HTTP/2 connection.
    int streamId;
    /// Bytes of the body that are on their way or about to be; HTTP/2's flow control may hold back the rest.
    int bodySent;
    /// Place in the transport's list of flights.
    int index;
    /// Bytes of the body received, for HTTP/2's flow control.
    long bodyReceived;

    private boolean started;
    private boolean startTold;
    private long readyAtNs;
    private long writeAtNs;
    private boolean requestStarted;
    private boolean requestEnded;
    private boolean responseStarted;
    private boolean headed;
    private boolean ended;
    private long requestEndAtNs;
    private long lastReadAtNs;

    Flight(Exchange exchange, FlightLog log, Transport.Listener listener) {
        this.exchange = exchange;
        this.log = log;
        this.listener = listener;
    }

    /// Starts it now, or where it is not due yet, when it is; this is what [Transport#startsAhead] is about.
    void start(Clock clock) {
        awaitDue(clock);
        tellStart();
    }

    /// How long before it was due it was ready to start, negative where it was late.
    long spareNs() {
        return exchange.sendAtNs() - readyAtNs;
    }

    /// The next bytes of its request are about to be written. If it starts with that, this waits as [#start] does
    /// and leaves the telling for later: nothing stands between the instant and the write.
    void writes(Clock clock) {
        if (!started) {
            awaitDue(clock);
            writeAtNs = startedAtNs;
        } else if (!requestStarted) {
            writeAtNs = clock.nowNs();
        }
    }

    private void awaitDue(Clock clock) {
        readyAtNs = clock.nowNs();
        long nowNs = readyAtNs;
        while (nowNs - exchange.sendAtNs() < 0) {
            Thread.onSpinWait();
            nowNs = clock.nowNs();
        }
        started = true;
        startedAtNs = nowNs;
    }

    private void tellStart() {
        if (!startTold) {
            startTold = true;
            log.moment(exchange, Moment.STARTED, startedAtNs);
        }
    }

    boolean isWholeBodySent() {
        return bodySent == exchange.request().body().length;
    }

    /// A phase of the connection's set-up, if this exchange was already waiting when it began.
    void phase(Moment start, long startAtNs, Moment end, long endAtNs) {
        if (startAtNs != FlightLog.NO_STAMP && startAtNs - startedAtNs >= 0) {
            log.moment(exchange, start, startAtNs);
            if (endAtNs != FlightLog.NO_STAMP) {
                log.moment(exchange, end, endAtNs);
            }
        }
    }

    void connected(ConnectionFacts facts, long atNs) {
        tellStart();
        log.fact(exchange, facts, atNs);
    }

    void path(TcpPath path, long atNs) {
        log.fact(exchange, path, atNs);
    }

    /// The kernel has taken the first byte of the request, of the write that [#writes] told of first.
    void requestStarted() {
        if (!requestStarted) {
            requestStarted = true;
            tellStart();
            log.moment(exchange, Moment.REQUEST_START, writeAtNs);
        }
    }

    /// The kernel has taken the last byte of the request.
    ///
    /// @param atNs right after the write that carried it
    void requestEnded(long atNs) {
        if (!requestEnded && !ended) {
            requestEnded = true;
            requestEndAtNs = atNs;
            log.moment(exchange, Moment.REQUEST_END, atNs);
        }
    }

    /// A read brought bytes of this response.
    void read(long arrivedAtNs, long kernelAtNs) {
        lastReadAtNs = arrivedAtNs;
        if (!responseStarted) {
            responseStarted = true;
            log.moment(exchange, Moment.RESPONSE_START, arrivedAtNs, kernelAtNs);
            listener.answering(exchange);
        }
    }

    void head(int status, List<Header> headers, long arrivedAtNs) {
        headed = true;
        if (status >= 200 && status < 300) {
            exchange.accepted();
        }
        log.fact(exchange, new ResponseFact(new ResponseHead(status, headers)), arrivedAtNs);
    }

    /// Body bytes, without the transfer's framing.
    void body(ByteBuf buffer, int offset, int length, long arrivedAtNs, long kernelAtNs) {
        int from = offset;
        int left = length;
        while (left > 0) {
            int granted = log.claim(left);
            buffer.getBytes(from, log.array(), log.position(), granted);
            log.body(exchange, arrivedAtNs, kernelAtNs, granted);
            from += granted;
            left -= granted;
        }
    }

    boolean hasStartedResponse() {
        return responseStarted;
    }

    boolean hasHead() {
        return headed;
    }

    boolean hasEndedRequest() {
        return requestEnded;
    }

    boolean hasEnded() {
        return ended;
    }

    /// Records the end; only the transport calls it, once.
    void end(TransportEnd end, long atNs, long kernelAtNs) {
        ended = true;
        if (responseStarted) {
            log.moment(exchange, Moment.RESPONSE_END, atNs, kernelAtNs);
        }
        log.fact(exchange, end, atNs);
    }

    /// Which timeout has passed, or null if none has.
    @Nullable
    String overdue(Timeouts timeouts, long nowNs) {
        if (nowNs - startedAtNs >= timeouts.whole().toNanos()) {
            return "whole: not finished after " + timeouts.whole().toMillis() + " ms";
        }
        if (connection == null) {
            return nowNs - startedAtNs >= timeouts.connect().toNanos()
                    ? "connect: no connection after " + timeouts.connect().toMillis() + " ms"
                    : null;
        }
        if (responseStarted) {
            return nowNs - lastReadAtNs >= timeouts.silence().toNanos()
                    ? "silence: nothing read for " + timeouts.silence().toMillis() + " ms in mid-response"
                    : null;
        }
        return requestEnded && nowNs - requestEndAtNs >= timeouts.firstByte().toNanos()
                ? "first byte: no response " + timeouts.firstByte().toMillis() + " ms after the request"
                : null;
    }
}
