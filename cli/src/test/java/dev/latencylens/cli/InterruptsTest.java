package dev.latencylens.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

final class InterruptsTest {
    /// If it did, it would end the process that runs this test.
    @Test
    void theParentsSignalEndsNothingThatStillWritesItsReport() throws Exception {
        var first = new CountDownLatch(1);
        var wishes = new AtomicInteger();
        try (var interrupts = new Interrupts(() -> {
            wishes.incrementAndGet();
            first.countDown();
        })) {
            send("INT");

            assertThat(first.await(30, TimeUnit.SECONDS)).isTrue();
            assertThat(interrupts.signal()).isEqualTo(2);
        }
        send("INT");

        Thread.sleep(100);
        assertThat(wishes).hasValue(1);
    }

    private static void send(String signal) throws Exception {
        String process = Long.toString(ProcessHandle.current().pid());
        assertThat(new ProcessBuilder("kill", "-" + signal, process).start().waitFor())
                .isZero();
    }
}
