package dev.latencylens.transport;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.latencylens.exchange.Exchange;
import dev.latencylens.exchange.FlightLog;
import dev.latencylens.exchange.TcpPath;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class ArrivalOrderTest {
    private static final long LATE_NS = ArrivalOrder.LATE_NS + 1;

    private final AtomicInteger outOfOrder = new AtomicInteger();
    private final AtomicInteger asked = new AtomicInteger();
    private final ArrivalOrder order = new ArrivalOrder(0, () -> {
        asked.incrementAndGet();
        return outOfOrder.get();
    });

    @Test
    void aReadInTimeIsBelievedAndNothingIsAsked() {
        outOfOrder.set(1);

        assertThat(order.arrivalNs(1_000, 1_000 + ArrivalOrder.LATE_NS)).isEqualTo(1_000);
        assertThat(asked).hasValue(0);
    }

    @Test
    void aLateReadIsBelievedWhereNothingCameOutOfOrder() {
        assertThat(order.arrivalNs(1_000, 1_000 + LATE_NS)).isEqualTo(1_000);
        assertThat(order.arrivalNs(2_000, 2_000 + 10 * LATE_NS)).isEqualTo(2_000);
        assertThat(asked).hasValue(2);
    }

    @Test
    void aLateReadIsNotBelievedWhereSomethingCameOutOfOrderSinceTheLastQuestion() {
        outOfOrder.set(2);

        assertThat(order.arrivalNs(1_000, 1_000 + LATE_NS)).isEqualTo(FlightLog.NO_STAMP);
        assertThat(order.arrivalNs(LATE_NS + 2_000, 2 * LATE_NS + 3_000)).isEqualTo(LATE_NS + 2_000);
    }

    /// Behind a second hole: what waits was counted when the first was filled.
    @Test
    void aStampFromBeforeWhatWasReadAlreadyIsNotBelieved() {
        outOfOrder.set(2);
        long firstReadNs = 50 * LATE_NS;

        assertThat(order.arrivalNs(1_000, firstReadNs)).isEqualTo(FlightLog.NO_STAMP);
        assertThat(order.arrivalNs(2_000, 60 * LATE_NS)).isEqualTo(FlightLog.NO_STAMP);
    }

    @Test
    void arrivalsNeverRunBackwardsForTheConversionOfClocks() {
        assertThat(order.arrivalNs(5_000, 6_000)).isEqualTo(5_000);
        assertThat(order.arrivalNs(4_990, 4_990 + LATE_NS)).isEqualTo(5_000);
        assertThat(order.arrivalNs(4_000, 5_000)).isEqualTo(5_000);
    }

    @Test
    void aClockThatIsSetForwardMovesNoLaterArrival() {
        assertThat(order.arrivalNs(1_000, 2_000)).isEqualTo(1_000);
        assertThat(order.arrivalNs(250_000_000, 3_000)).isEqualTo(250_000_000);
        assertThat(order.arrivalNs(4_000, 5_000)).isEqualTo(4_000);
    }

    /// The kernel's wait before it sends a SYN again is neither the network's nor this client's.
    @Test
    void aHandshakeWhoseSynWasLostIsNotTimed() throws IOException, InterruptedException {
        assumeThat(Stamps.kernelUnavailable(SocketKind.best())).isNull();
        assumeThat(LossyPeer.isToBeHad()).as("this takes /dev/net/tun and root").isTrue();
        var answer = List.of("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n", "ok");
        try (var peer = new LossyPeer(answer, -1, MILLISECONDS.toNanos(1), 0);
                Client client = Client.to(peer.endpoint()).open()) {
            peer.loseSyn();
            Exchange exchange = client.start();

            TcpPath path = Objects.requireNonNull(client.await(exchange).path);

            assertThat(path.retransmits()).isPositive();
            assertThat(path.knowsHandshake()).isFalse();
        }
    }

    /// What came ahead of the lost segment could be read only when that had come again.
    @Test
    void whatWaitedBehindALostSegmentArrivedWhenThatCameAgain() throws IOException, InterruptedException {
        assumeThat(Stamps.kernelUnavailable(SocketKind.best())).isNull();
        assumeThat(LossyPeer.isToBeHad()).as("this takes /dev/net/tun and root").isTrue();
        int lost = 3;
        int events = 8;
        var segments = new ArrayList<>(List.of("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"));
        for (int i = 1; i < events; i++) {
            segments.add("9\r\ndata: " + i + "\n\n\r\n");
        }
        segments.add("0\r\n\r\n");
        try (var peer = new LossyPeer(segments, lost, MILLISECONDS.toNanos(10), MILLISECONDS.toNanos(150));
                Client client = Client.to(peer.endpoint()).open()) {
            Exchange exchange = client.start();

            Recorded.Flown flown = client.await(exchange);

            List<Long> arrivedAtNs = flown.bodyArrivalsNs();
            assertThat(peer.sentAtNs(lost)).isGreaterThan(peer.sentAtNs(events));
            assertThat(arrivedAtNs).hasSizeGreaterThanOrEqualTo(lost).isSorted();
            for (int i = 1; i < lost; i++) {
                assertThat(arrivedAtNs.get(i - 1)).isLessThan(peer.sentAtNs(events));
            }
            assertThat(arrivedAtNs.subList(lost - 1, arrivedAtNs.size()))
                    .isNotEmpty()
                    .allMatch(atNs -> atNs - peer.sentAtNs(events) > 0);
            assertThat(client.transport().stamps().outOfOrderReads()).isPositive();
        }
    }
}
