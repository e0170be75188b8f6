package dev.latencylens.transport;

import dev.latencylens.exchange.ConnectionFacts;
import dev.latencylens.exchange.Exchange;
import dev.latencylens.exchange.FlightFact;
import dev.latencylens.exchange.FlightLog;
import dev.latencylens.exchange.Moment;
import dev.latencylens.exchange.ResponseFact;
import dev.latencylens.exchange.ResponseHead;
import dev.latencylens.exchange.TcpPath;
import dev.latencylens.exchange.TransportEnd;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// What a flight log held, sorted by exchange.
final class Recorded implements FlightLog.Reader {
    private final Map<Exchange, Flown> flown = new HashMap<>();

    /// Takes everything that is in the log now.
    Recorded drain(FlightLog log) {
        while (log.drain(this, 1024) > 0) {
            // More may have come meanwhile.
        }
        return this;
    }

    Flown of(Exchange exchange) {
        return flown.computeIfAbsent(exchange, key -> new Flown());
    }

    @Override
    public void moment(Exchange exchange, Moment moment, long arrivedAtNs, long kernelAtNs) {
        of(exchange).moment(moment, arrivedAtNs);
    }

    @Override
    public void fact(Exchange exchange, FlightFact fact, long atNs) {
        of(exchange).fact(fact);
    }

    @Override
    public void body(Exchange exchange, long arrivedAtNs, long kernelAtNs, byte[] bytes, int offset, int length) {
        of(exchange).body(arrivedAtNs, kernelAtNs, bytes, offset, length);
    }

    /// One exchange's entries.
    static final class Flown {
        /// Of a longer body only its beginning is kept.
        private static final long MOST_KEPT_BYTES = 16 << 20;

        /// Everything in the order of the log, each entry as one word or two: `connectStart`, `new 1.1`, `head
        /// 200`,
        /// `body`, `COMPLETE`. Body entries in a row are one.
        final List<String> entries = new ArrayList<>();

        /// The stamp of each body entry.
        final List<Long> bodyAtNs = new ArrayList<>();

        /// The kernel's stamp of each body entry.
        final List<Long> bodyKernelAtNs = new ArrayList<>();

        /// The kernel's stamps, and where there are none, the reads.
        List<Long> bodyArrivalsNs() {
            return IntStream.range(0, bodyAtNs.size())
                    .mapToObj(
                            i -> bodyKernelAtNs.get(i) == FlightLog.NO_STAMP ? bodyAtNs.get(i) : bodyKernelAtNs.get(i))
                    .toList();
        }

        private final Map<Moment, Long> moments = new EnumMap<>(Moment.class);
        private final ByteArrayOutputStream body = new ByteArrayOutputStream();
        private final List<TransportEnd> ends = new ArrayList<>();
        private long bodyBytes;
        private @Nullable ConnectionFacts connection;
        private @Nullable ResponseHead head;

        /// What the kernel said of the path, or null if nobody could ask.
        @Nullable
        TcpPath path;

        private void moment(Moment moment, long atNs) {
            entries.add(moment.label());
            if (moments.put(moment, atNs) != null) {
                throw new AssertionError(moment + " was recorded twice: " + entries);
            }
        }

        private void fact(FlightFact fact) {
            switch (fact) {
                case ConnectionFacts facts -> {
                    connection = facts;
                    entries.add(facts.kind().label() + " " + facts.httpVersion());
                }
                case TcpPath read -> path = read;
                case ResponseFact(ResponseHead response) -> {
                    head = response;
                    entries.add("head " + response.status());
                }
                case TransportEnd end -> {
                    ends.add(end);
                    entries.add(end.kind().name());
                }
            }
        }

        private void body(long arrivedAtNs, long kernelAtNs, byte[] bytes, int offset, int length) {
            bodyBytes += length;
            if (bodyBytes <= MOST_KEPT_BYTES) {
                body.write(bytes, offset, length);
                bodyAtNs.add(arrivedAtNs);
                bodyKernelAtNs.add(kernelAtNs);
            }
            if (!entries.getLast().equals("body")) {
                entries.add("body");
            }
        }

        String body() {
            return body.toString(StandardCharsets.ISO_8859_1);
        }

        long bodyBytes() {
            return bodyBytes;
        }

        boolean hasEnded() {
            return !ends.isEmpty();
        }

        /// The end; there must be exactly one, and nothing may follow it.
        TransportEnd end() {
            if (ends.size() != 1
                    || !entries.getLast().equals(ends.getFirst().kind().name())) {
                throw new AssertionError("expected exactly one end, last of all, was " + entries + " " + ends);
            }
            return ends.getFirst();
        }

        ResponseHead head() {
            return Objects.requireNonNull(head, () -> "no head among " + entries);
        }

        boolean hasHead() {
            return head != null;
        }

        ConnectionFacts connection() {
            return Objects.requireNonNull(connection, () -> "no connection among " + entries + " " + ends);
        }

        /// How the connection was had: `new`, `resumed` or `reused`.
        String connectionKind() {
            return connection().kind().label();
        }

        boolean has(Moment moment) {
            return moments.containsKey(moment);
        }

        long atNs(Moment moment) {
            return Objects.requireNonNull(moments.get(moment), () -> "no " + moment + " among " + entries);
        }

        /// The instants that happened, in the order in which design and log name them.
        List<Moment> moments() {
            return List.copyOf(moments.keySet());
        }

        /// Whether each instant is at or after the one named before it.
        boolean isInOrder() {
            List<Long> stamps = List.copyOf(moments.values());
            for (int i = 1; i < stamps.size(); i++) {
                if (stamps.get(i) - stamps.get(i - 1) < 0) {
                    return false;
                }
            }
            return true;
        }

        @Override
        public String toString() {
            return entries + " " + ends;
        }
    }
}
