package dev.latencylens.load;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// What the kernel says of one thread's time on a CPU, by `schedstat` and `status` of proc(5), and Java of its
/// garbage.
///
/// @param ranNs how long it ran
/// @param runQueueNs how long it was ready to run and had no CPU
/// @param involuntarySwitches how often it was made to leave its CPU
/// @param allocatedBytes what it took from Java's heap, the tens of kB for one look at all this included
public record ThreadUse(String thread, long ranNs, long runQueueNs, long involuntarySwitches, long allocatedBytes) {
    private static final Path OWN = Path.of("/proc/thread-self");
    private static final String SWITCHES = "nonvoluntary_ctxt_switches:";

    /// The calling thread so far; empty where the system does not tell.
    static Optional<ThreadUse> soFar() {
        return read(OWN, Thread.currentThread().getName(), allocatedSoFar());
    }

    static Optional<ThreadUse> read(Path folder, String thread, long allocatedBytes) {
        try {
            String[] times =
                    Files.readString(folder.resolve("schedstat")).strip().split(" ", -1);
            long switches = Files.readAllLines(folder.resolve("status")).stream()
                    .filter(line -> line.startsWith(SWITCHES))
                    .mapToLong(line ->
                            Long.parseLong(line.substring(SWITCHES.length()).strip()))
                    .findFirst()
                    .orElse(0);
            return Optional.of(new ThreadUse(
                    thread, Long.parseLong(times[0]), Long.parseLong(times[1]), switches, allocatedBytes));
        } catch (IOException | NumberFormatException | ArrayIndexOutOfBoundsException e) {
            return Optional.empty();
        }
    }

    ThreadUse since(ThreadUse earlier) {
        return new ThreadUse(
                thread,
                ranNs - earlier.ranNs,
                runQueueNs - earlier.runQueueNs,
                involuntarySwitches - earlier.involuntarySwitches,
                allocatedBytes - earlier.allocatedBytes);
    }

    private static long allocatedSoFar() {
        return ManagementFactory.getThreadMXBean() instanceof ThreadMXBean threads
                ? threads.getCurrentThreadAllocatedBytes()
                : 0;
    }
}
