package dev.latencylens.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.management.ObjectName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What a Java with the launcher's flags gives back behind its priming.
final class SpareMemoryTest {
    /// Of the memory that the heap has and does not need, the share that has to go. It is 0.99, and three quarters
    /// in the lean form, whose small young generation is kept; it was a tenth when the array for the old
    /// generation's garbage lay in the young one.
    private static final double LEAST_SHARE = 0.5;

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void thePagesOfThePrimingsGarbageAreGivenBack(boolean lean) throws Exception {
        assumeThat(System.getProperty("os.name")).isEqualTo("Linux");
        assumeThat(System.getProperty("os.arch")).isEqualTo("amd64");
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(launcherFlags(lean));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Primed.class.getName()));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(said).isZero();

        long[] bytes = Arrays.stream(said.strip().split(" "))
                .mapToLong(Long::parseLong)
                .toArray();
        long residentBefore = bytes[0];
        long residentAfter = bytes[1];
        long needed = bytes[2];
        assertThat(residentBefore - needed).as("there was garbage: %s", said).isGreaterThan(4 << 20);
        assertThat((double) (residentBefore - residentAfter) / (residentBefore - needed))
                .as("share of it that was given back: %s", said)
                .isGreaterThan(LEAST_SHARE);
    }

    private static List<String> launcherFlags(boolean lean) throws IOException {
        String launcher = Files.readString(Path.of(System.getProperty("lens.root"), "lens"));
        var flags = new ArrayList<String>();
        flags.addAll(flags(launcher, "\nflags=(", "\n)"));
        assertThat(flags).contains("-XX:PretenureSizeThreshold=256k", "-XX:NewSize=8m");
        if (lean) {
            flags.addAll(flags(launcher, "\n    flags+=(\n", "\n    )"));
            assertThat(flags).contains("-XX:TieredStopAtLevel=1");
        }
        return flags;
    }

    private static List<String> flags(String launcher, String opening, String closing) {
        int from = launcher.indexOf(opening) + opening.length();
        return launcher.substring(from, launcher.indexOf(closing, from))
                .lines()
                .filter(line -> !line.strip().startsWith("#"))
                .flatMap(line -> Stream.of(line.strip().split(" ")))
                .filter(word -> word.startsWith("-") && !word.contains("$"))
                .toList();
    }

    /// The start of a run, up to the end of its priming.
    static final class Primed {
        /// `[0x0000000700000000, 0x0000000700200000, 0x0000000715550000)`: what a part of the heap has, and may
        /// have.
        private static final Pattern PART = Pattern.compile("\\[0x([0-9a-f]+), 0x[0-9a-f]+, 0x([0-9a-f]+)\\)");
        /// `700000000-700200000 rw-p 00000000 00:00 0`.
        private static final Pattern MAPPING = Pattern.compile("([0-9a-f]+)-([0-9a-f]+) .*");

        private static final Pattern RESIDENT = Pattern.compile("Rss: +(\\d+) kB");

        private final long from;
        private final long to;

        private Primed() throws Exception {
            String heap = (String) ManagementFactory.getPlatformMBeanServer()
                    .invoke(
                            new ObjectName("com.sun.management:type=DiagnosticCommand"),
                            "gcHeapInfo",
                            new Object[0],
                            new String[0]);
            from = PART.matcher(heap)
                    .results()
                    .mapToLong(part -> Long.parseLong(part.group(1), 16))
                    .min()
                    .orElseThrow(() -> new AssertionError(heap));
            to = PART.matcher(heap)
                    .results()
                    .mapToLong(part -> Long.parseLong(part.group(2), 16))
                    .max()
                    .orElseThrow();
        }

        /// Prints the bytes of memory that the heap had before, has after, and needs.
        public static void main(String[] arguments) throws Exception {
            var primed = new Primed();
            Priming.begin(true);
            new Priming(Duration.ofSeconds(1), false)
                    .run(PrimingTest.plan("https://127.0.0.1:9/v1"), UnaryOperator.identity());
            long before = primed.residentBytes();
            SpareMemory.ofGarbage();
            long after = primed.residentBytes();
            System.gc();
            Runtime runtime = Runtime.getRuntime();
            System.out.println(before + " " + after + " " + (runtime.totalMemory() - runtime.freeMemory()));
        }

        private long residentBytes() throws IOException {
            long bytes = 0;
            boolean ofHeap = false;
            for (String line : Files.readAllLines(Path.of("/proc/self/smaps"))) {
                var mapping = MAPPING.matcher(line);
                if (mapping.matches()) {
                    ofHeap = Long.parseUnsignedLong(mapping.group(1), 16) >= from
                            && Long.parseUnsignedLong(mapping.group(2), 16) - to <= 0;
                }
                var resident = RESIDENT.matcher(line);
                if (ofHeap && resident.matches()) {
                    bytes += Long.parseLong(resident.group(1)) * 1024;
                }
            }
            return bytes;
        }
    }
}
