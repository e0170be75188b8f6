package dev.latencylens.simulated;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TruthLogTest {
    @TempDir
    private Path folder;

    @Test
    void everyRequestIsALineOfTheFile() throws Exception {
        Path file = folder.resolve("truth.jsonl");
        try (RunningProvider server =
                        new RunningProvider(ServerOptions.defaults().withRecord(file), Behaviour.defaults());
                RawHttp1 client = server.http1()) {
            for (int i = 0; i < 50; i++) {
                client.chat("tokens=2");
            }
            client.write(RawHttp1.post("X-Simulate: gap=1h\r\n", RawHttp1.CHAT));
            client.readHead();
        }
        List<TruthRecord> records = TruthRecord.readAll(file);
        assertThat(records).hasSize(51);
        assertThat(records.subList(0, 50)).allSatisfy(record -> {
            assertThat(record.end()).isEqualTo("complete");
            assertThat(record.chunks().kind()).hasSize(6);
        });
        assertThat(records.getLast().end()).isIn("server-closed", "client-closed");
        assertThat(Files.readString(file).lines().findFirst().orElseThrow())
                .startsWith(
                        "{\"id\":\"sim-1\",\"connection\":1,\"httpVersion\":\"1.1\",\"tls\":false,\"acceptedAtNs\":")
                .contains("\"kind\":[\"role\",\"text\",\"text\",\"finish\",\"usage\",\"done\"]");
    }

    @Test
    void fullLogMakesTheLoopWaitAndLosesNothing() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        AtomicInteger seen = new AtomicInteger();
        TruthLog log = new TruthLog(null, truth -> {
            try {
                gate.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            seen.incrementAndGet();
        });
        int count = 40_000;
        Thread loop = new Thread(() -> {
            for (int i = 0; i < count; i++) {
                log.add(log.next());
            }
        });
        loop.start();
        while (log.waits() == 0) {
            Thread.onSpinWait();
        }
        gate.countDown();
        loop.join();
        log.close();

        assertThat(seen).hasValue(count);
        assertThat(log.waits()).isPositive();
    }

    @Test
    void fileThatCannotBeWrittenIsAnErrorAtStart() {
        assertThatThrownBy(() -> SimulatedProvider.start(
                        ServerOptions.defaults().withRecord(folder.resolve("none/truth.jsonl")), Behaviour.defaults()))
                .isInstanceOf(IOException.class);
    }
}
