package dev.latencylens.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.latencylens.stats.Metric;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Where a run becomes steady, and what lies on either side.
class SteadyPartTest {
    private static final int REQUESTS = 100;
    private static final int SLOW = 30;

    @TempDir
    Path folder;

    /// Each request starts 10 ms after the one before; of its 10 tokens 5 come with the first chunk, the others 15
    /// ms after the start.
    private void write(int requests) throws IOException {
        var lines = new StringBuilder();
        for (int i = 0; i < requests; i++) {
            long startedAtNs = i * 10_000_000L;
            long firstAtNs = startedAtNs + (i < SLOW ? 8_000_000 : 5_000_000) + (i % 7) * 1_000L;
            long lastAtNs = startedAtNs + 15_000_000;
            lines.append("""
                    {"outcome":"completed","startedAtNs":%d,"firstTokenAtNs":%d,"lastTokenAtNs":%3$d,\
                    "usage":{"output_total":10},"chunks":{"atNs":[%2$d,%3$d],"tokens":[5,5],"coalesced":[false,false]}}
                    """.formatted(startedAtNs, firstAtNs, lastAtNs));
        }
        Files.writeString(folder.resolve("exchanges.jsonl"), lines);
        Files.writeString(folder.resolve("run.json"), "{\"state\":\"finished\"}");
    }

    @Test
    void whatCameBeforeTheSteadyStateIsToldBesideIt() throws IOException {
        write(REQUESTS);

        SteadyPart part = Objects.requireNonNull(SteadyPart.of(folder));

        assertThat(part.steady().from()).isEqualTo(SLOW);
        assertThat(part.fromAtNs()).isEqualTo(SLOW * 10_000_000L);
        assertThat(part.text())
                .startsWith("from request 31 on: a shift in 100 requests' ttft")
                .contains("p50 of the 30 before: ttft 8.0", "of the 70 from there on: ttft 5.0", "Nothing was cut");
    }

    /// Request 30 started before the steady state, and its second chunk came within; that of the last two did not.
    @Test
    void tokensCountWhereTheyArriveAndLatenciesWhereTheyStarted() throws IOException {
        write(REQUESTS);

        SteadyPart part = Objects.requireNonNull(SteadyPart.of(folder));

        assertThat(part.outputTokensPerSecond()).isCloseTo(1_000, within(1e-6));
        assertThat(RunSamples.read(folder, List.of(Metric.TTFT), part.fromAtNs())
                        .measured())
                .isEqualTo(REQUESTS - SLOW);
    }

    @Test
    void aFewRequestsTellNothing() throws IOException {
        write(39);

        assertThat(SteadyPart.of(folder)).isNull();
    }
}
